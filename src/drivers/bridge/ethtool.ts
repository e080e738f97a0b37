// What a bridge tells by ethtool: it is as fast as its fastest port.
//
// Mirrors net/bridge/br_device.c (br_ethtool_ops, br_get_link_ksettings).

import { linkSpeed, unknownLinkSettings } from "../../net/ethtool.ts";
import type { EthtoolLinkSettings, EthtoolOps } from "../../net/netdevice.ts";
import { SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import type { Bridge } from "./state.ts";

/** ethtool's side of a bridge. */
export const bridgeEthtool: EthtoolOps<Bridge> = {
  driverInfo: () => ({ driver: "bridge", version: "2.3", firmware: "N/A", bus: "N/A" }),
  hasLink: (dev) => dev.hasCarrier,
  linkSettings(dev): EthtoolLinkSettings {
    let speed = SPEED_UNKNOWN;
    for (const port of dev.state.ports) speed = Math.max(speed, linkSpeed(port.dev));
    return { ...unknownLinkSettings, speed };
  },
};
