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
import type { EthtoolAnswer } from "./ethtool-ioctl.ts";
import { ethtoolIoctl } from "./ethtool-ioctl.ts";
import { linkOps } from "./ethtool-link.ts";
import type { WriteBody } from "./ethtool-request.ts";
import { writeHeader } from "./ethtool-request.ts";
import { strsetOps } from "./ethtool-strset.ts";
import type { GenlOp, RegisteredFamily } from "./family.ts";

/** The family on one machine. */
export class Ethtool {
  readonly #family: RegisteredFamily;
  /** Numbers events, which carry it as their sequence number (ethnl_bcast_seq). */
  #sequence = 0;

  /** Registers the family and lets it tell of changes, those of features too that others make. */
  constructor(machine: MachineContext, genetlink: Genetlink) {
    this.#family = genetlink.register({
      name: ethtool.ETHTOOL_GENL_NAME,
      version: ethtool.ETHTOOL_GENL_VERSION,
      reservedStart: ethtool.ETHTOOL_MSG_MODULE_GET + 1,
      ops: inOrder([
        ...strsetOps,
        ...linkOps,
        ...featureOps,
        ...channelOps((dev) => this.#tellChannels(dev)),
        ...infoOps,
        ...absentOps,
      ]),
      groups: [{ name: ethtool.ETHTOOL_MCGRP_MONITOR_NAME }],
    });
    machine.notifiers.push((event, dev) => {
      if (event === "feat-change") this.#tellFeatures(dev);
    });
  }

  /** Does what ioctl(SIOCETHTOOL) asks of a device (ethtool-ioctl.ts). */
  ioctl(dev: Device, argument: Uint8Array, isAdmin: boolean): EthtoolAnswer {
    try {
      return ethtoolIoctl(dev, argument, isAdmin, (changed) => this.#tellChannels(changed));
    } finally {
      dev.machine.linkWatch.run();
    }
  }

  #tellFeatures(dev: Device): void {
    this.#tell(ethtool.ETHTOOL_MSG_FEATURES_NTF, ethtool.ETHTOOL_A_FEATURES_HEADER, dev, (writer) =>
      writeFeatures(writer, dev, true),
    );
  }

  #tellChannels(dev: Device): void {
    this.#tell(ethtool.ETHTOOL_MSG_CHANNELS_NTF, ethtool.ETHTOOL_A_CHANNELS_HEADER, dev, channelsBody(dev));
  }

  #tell(cmd: number, header: number, dev: Device, body: WriteBody): void {
    this.#sequence++;
    this.#family.notify(ethtool.ETHTOOL_MCGRP_MONITOR_NAME, dev.netns, cmd, this.#sequence, (writer) => {
      writeHeader(writer, header, dev);
      body(writer);
    });
  }
}

/** Commands as they are listed: by their numbers. */
function inOrder(ops: readonly GenlOp[]): readonly GenlOp[] {
  return [...ops].sort((one, other) => one.cmd - other.cmd);
}
