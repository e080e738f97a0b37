// The family `ethtool`: what devices tell of their features, link, queues and names, and what of it may be changed. Its
// commands are in the files of their subjects.
//
// Mirrors net/ethtool/netlink.c (ethtool_genl_family, ethnl_netdev_event, ethnl_default_notify).

import type { Device, MachineContext } from "../net/netdevice.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import type { Genetlink } from "./dispatch.ts";
import { absentOps } from "./ethtool-absent.ts";
import { channelOps, channelsBody } from "./ethtool-channels.ts";
import { featureOps, writeFeatures } from "./ethtool-features.ts";
import { infoOps } from "./ethtool-info.ts";
import { linkOps } from "./ethtool-link.ts";
import type { WriteBody } from "./ethtool-request.ts";
import { writeHeader } from "./ethtool-request.ts";
import { strsetOps } from "./ethtool-strset.ts";
import type { GenlOp, RegisteredFamily } from "./family.ts";

/** Registers the family and lets it tell of changes, those of features too that others make. */
export function joinEthtool(machine: MachineContext, genetlink: Genetlink): void {
  // Numbers events, which carry it as their sequence number (ethnl_bcast_seq).
  let sequence = 0;
  const tell = (cmd: number, header: number, dev: Device, body: WriteBody): void => {
    sequence++;
    family.notify(ethtool.ETHTOOL_MCGRP_MONITOR_NAME, dev.netns, cmd, sequence, (writer) => {
      writeHeader(writer, header, dev);
      body(writer);
    });
  };
  const onChannels = (dev: Device): void =>
    tell(ethtool.ETHTOOL_MSG_CHANNELS_NTF, ethtool.ETHTOOL_A_CHANNELS_HEADER, dev, channelsBody(dev));
  const family: RegisteredFamily = genetlink.register({
    name: ethtool.ETHTOOL_GENL_NAME,
    version: ethtool.ETHTOOL_GENL_VERSION,
    reservedStart: ethtool.ETHTOOL_MSG_MODULE_GET + 1,
    ops: inOrder([
      ...strsetOps,
      ...linkOps,
      ...featureOps,
      ...channelOps(onChannels),
      ...infoOps,
      ...absentOps,
    ]),
    groups: [{ name: ethtool.ETHTOOL_MCGRP_MONITOR_NAME }],
  });
  machine.notifiers.push((event, dev) => {
    if (event !== "feat-change") return;
    const body: WriteBody = (writer) => writeFeatures(writer, dev, true);
    tell(ethtool.ETHTOOL_MSG_FEATURES_NTF, ethtool.ETHTOOL_A_FEATURES_HEADER, dev, body);
  });
}

/** Commands as they are listed: by their numbers. */
function inOrder(ops: readonly GenlOp[]): readonly GenlOp[] {
  return [...ops].sort((one, other) => one.cmd - other.cmd);
}
