// What a bridge tells by ethtool: it is as fast as its fastest port.
//
// Mirrors net/bridge/br_device.c (br_ethtool_ops, br_get_link_ksettings).

import { linkSettings, unknownLinkSettings } from "../../net/ethtool.ts";
import type { Device, EthtoolLinkSettings, EthtoolOps } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import type { Bridge } from "./state.ts";

/** ethtool's side of a bridge. */
export const bridgeEthtool: EthtoolOps<Bridge> = {
  driverInfo: () => ({ driver: "bridge", version: "2.3", firmware: "N/A", bus: "N/A" }),
  hasLink: (dev) => dev.hasCarrier,
  linkSettings(dev): EthtoolLinkSettings {
    let speed = SPEED_UNKNOWN;
    for (const port of dev.state.ports) speed = Math.max(speed, speedOf(port.dev));
    return { ...unknownLinkSettings, speed };
  },
};

function speedOf(dev: Device): number {
  try {
    return linkSettings(dev).speed;
  } catch (error) {
    if (error instanceof NetlinkError) return SPEED_UNKNOWN;
    throw error;
  }
}
