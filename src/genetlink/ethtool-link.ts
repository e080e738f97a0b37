// ETHTOOL_MSG_LINKINFO_*, LINKMODES_* and LINKSTATE_GET: connector, speed and the like, and whether there is a link.
//
// Mirrors net/ethtool/linkinfo.c, net/ethtool/linkmodes.c and net/ethtool/linkstate.c, with their texts. Omitted: changes, which
// no virtual device takes; link modes, of which none has any; the extended state of a link that is down.

import { linkSettings } from "../net/ethtool.ts";
import type { Device, EthtoolLinkSettings } from "../net/netdevice.ts";
import { NetlinkError, notSupported, refused } from "../netlink/error.ts";
import { nest, policy, u8, u32 } from "../netlink/policy.ts";
import { XCVR_INTERNAL } from "../uapi/ethtool.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { IFF_UP } from "../uapi/if.ts";
import { writeBitset } from "./ethtool-bitset.ts";
import { change, header, question, statsHeader } from "./ethtool-request.ts";
import { linkModeNames } from "./ethtool-strings.ts";
import type { GenlOp } from "./family.ts";

/** MASTER_SLAVE_CFG_*_PREFERRED and _FORCE: what a master or slave may be asked to be. */
const firstMasterSlave = 2;
const lastMasterSlave = 5;
/** What a device without master and slave, crossed wires or addresses of PHYs says of them. */
const NONE = 0;

const linkinfoPolicy = policy(ethtool.ETHTOOL_A_LINKINFO_HEADER, {
  [ethtool.ETHTOOL_A_LINKINFO_HEADER]: header,
});
const setLinkinfoPolicy = policy(ethtool.ETHTOOL_A_LINKINFO_TP_MDIX_CTRL, {
  [ethtool.ETHTOOL_A_LINKINFO_HEADER]: header,
  [ethtool.ETHTOOL_A_LINKINFO_PORT]: u8("port"),
  [ethtool.ETHTOOL_A_LINKINFO_PHYADDR]: u8("phyaddr"),
  [ethtool.ETHTOOL_A_LINKINFO_TP_MDIX_CTRL]: u8("tpMdixCtrl"),
});
const linkmodesPolicy = policy(ethtool.ETHTOOL_A_LINKMODES_HEADER, {
  [ethtool.ETHTOOL_A_LINKMODES_HEADER]: header,
});
const setLinkmodesPolicy = policy(ethtool.ETHTOOL_A_LINKMODES_LANES, {
  [ethtool.ETHTOOL_A_LINKMODES_HEADER]: header,
  [ethtool.ETHTOOL_A_LINKMODES_AUTONEG]: u8("autoneg"),
  [ethtool.ETHTOOL_A_LINKMODES_OURS]: nest("ours"),
  [ethtool.ETHTOOL_A_LINKMODES_SPEED]: u32("speed"),
  [ethtool.ETHTOOL_A_LINKMODES_DUPLEX]: u8("duplex"),
  [ethtool.ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG]: u8("masterSlaveCfg"),
  [ethtool.ETHTOOL_A_LINKMODES_LANES]: u32("lanes", { range: [1, 8] }),
});
const linkstatePolicy = policy(ethtool.ETHTOOL_A_LINKSTATE_HEADER, {
  [ethtool.ETHTOOL_A_LINKSTATE_HEADER]: statsHeader,
});

/** The commands of this file. */
export const linkOps: readonly GenlOp[] = [
  question({
    cmd: ethtool.ETHTOOL_MSG_LINKINFO_GET,
    replyCmd: ethtool.ETHTOOL_MSG_LINKINFO_GET_REPLY,
    policy: linkinfoPolicy,
    header: ethtool.ETHTOOL_A_LINKINFO_HEADER,
    prepare(dev) {
      const { port } = settingsOf(dev);
      return (writer) => {
        writer.u8(ethtool.ETHTOOL_A_LINKINFO_PORT, port);
        writer.u8(ethtool.ETHTOOL_A_LINKINFO_PHYADDR, NONE);
        writer.u8(ethtool.ETHTOOL_A_LINKINFO_TP_MDIX, NONE);
        writer.u8(ethtool.ETHTOOL_A_LINKINFO_TP_MDIX_CTRL, NONE);
        writer.u8(ethtool.ETHTOOL_A_LINKINFO_TRANSCEIVER, XCVR_INTERNAL);
      };
    },
  }),
  change({
    cmd: ethtool.ETHTOOL_MSG_LINKINFO_SET,
    policy: setLinkinfoPolicy,
    header: ethtool.ETHTOOL_A_LINKINFO_HEADER,
    apply: () => {
      throw notSupported();
    },
  }),
  question({
    cmd: ethtool.ETHTOOL_MSG_LINKMODES_GET,
    replyCmd: ethtool.ETHTOOL_MSG_LINKMODES_GET_REPLY,
    policy: linkmodesPolicy,
    header: ethtool.ETHTOOL_A_LINKMODES_HEADER,
    prepare(dev, { isCompact }) {
      const { autoneg, speed, duplex } = settingsOf(dev);
      return (writer) => {
        const ours = ethtool.ETHTOOL_A_LINKMODES_OURS;
        writer.u8(ethtool.ETHTOOL_A_LINKMODES_AUTONEG, autoneg);
        writeBitset(writer, ours, { value: 0n, mask: 0n }, linkModeNames, isCompact);
        writer.u32(ethtool.ETHTOOL_A_LINKMODES_SPEED, speed >>> 0);
        writer.u8(ethtool.ETHTOOL_A_LINKMODES_DUPLEX, duplex);
        writer.u8(ethtool.ETHTOOL_A_LINKMODES_RATE_MATCHING, NONE);
      };
    },
  }),
  change({
    cmd: ethtool.ETHTOOL_MSG_LINKMODES_SET,
    policy: setLinkmodesPolicy,
    header: ethtool.ETHTOOL_A_LINKMODES_HEADER,
    apply(_dev, { attrs }) {
      const { masterSlaveCfg: cfg = firstMasterSlave } = attrs;
      if (cfg < firstMasterSlave || cfg > lastMasterSlave) {
        throw refused("EOPNOTSUPP", "master/slave value is invalid", attrs, "masterSlaveCfg");
      }
      throw notSupported();
    },
  }),
  question({
    cmd: ethtool.ETHTOOL_MSG_LINKSTATE_GET,
    replyCmd: ethtool.ETHTOOL_MSG_LINKSTATE_GET_REPLY,
    policy: linkstatePolicy,
    header: ethtool.ETHTOOL_A_LINKSTATE_HEADER,
    prepare(dev) {
      const hasLink = dev === undefined ? undefined : linkOf(dev);
      return (writer) => {
        if (hasLink !== undefined) writer.u8(ethtool.ETHTOOL_A_LINKSTATE_LINK, hasLink ? 1 : 0);
      };
    },
  }),
];

/** The settings of a device that has any (__ethtool_get_link_ksettings). */
export function settingsOf(dev: Device | undefined): EthtoolLinkSettings {
  try {
    if (dev === undefined) throw notSupported();
    return linkSettings(dev);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new NetlinkError(error.code, "failed to retrieve link settings");
  }
}

/** Whether a device has a link; undefined where the device does not know (__ethtool_get_link). */
export function linkOf(dev: Device): boolean | undefined {
  const hasLink = dev.ops.ethtool?.hasLink;
  return hasLink === undefined ? undefined : (dev.flags & IFF_UP) !== 0 && hasLink(dev);
}
