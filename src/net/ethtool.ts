// What devices tell by ethtool that is made of what others tell: the settings of a link, and devices that have those of the
// one they stand on.
//
// Mirrors net/ethtool/ioctl.c (__ethtool_get_link_ksettings, ethtool_op_get_link) and the ethtool functions of
// drivers/net/macvlan.c, net/8021q/vlan_dev.c and drivers/net/vxlan.

import { NetlinkError, notSupported } from "../netlink/error.ts";
import { AUTONEG_DISABLE, DUPLEX_UNKNOWN, PORT_OTHER, SPEED_UNKNOWN } from "../uapi/ethtool.ts";
import type { Device, EthtoolDriverInfo, EthtoolLinkSettings, EthtoolOps } from "./netdevice.ts";

/** A link of which nothing is known. */
export const unknownLinkSettings: EthtoolLinkSettings = {
  speed: SPEED_UNKNOWN,
  duplex: DUPLEX_UNKNOWN,
  port: PORT_OTHER,
  autoneg: AUTONEG_DISABLE,
};

/** The settings of a link; EOPNOTSUPP for a device that has none (__ethtool_get_link_ksettings). */
export function linkSettings(dev: Device): EthtoolLinkSettings {
  const settings = dev.ops.ethtool?.linkSettings;
  if (settings === undefined) throw notSupported();
  return settings(dev);
}

/** The speed of a link in Mb/s; SPEED_UNKNOWN for a device that does not tell. */
export function linkSpeed(dev: Device): number {
  try {
    return linkSettings(dev).speed;
  } catch (error) {
    if (error instanceof NetlinkError) return SPEED_UNKNOWN;
    throw error;
  }
}

/** What a device on another tells: the other's settings, and none are known without one. */
export function stackedEthtool<State>(
  driver: EthtoolDriverInfo,
  lowerOf: (dev: Device<State>) => Device | null,
): EthtoolOps<State> {
  return {
    driverInfo: () => driver,
    hasLink: (dev) => dev.hasCarrier,
    linkSettings(dev) {
      const lower = lowerOf(dev);
      return lower === null ? unknownLinkSettings : linkSettings(lower);
    },
    stampsSent(dev) {
      const lower = lowerOf(dev);
      return lower?.ops.ethtool?.stampsSent?.(lower) ?? false;
    },
  };
}
