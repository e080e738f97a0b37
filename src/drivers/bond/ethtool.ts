// What a bond tells by ethtool: it is as fast as the slaves that send, together, or as the slowest when all send the same.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_ethtool_ops, bond_ethtool_get_link_ksettings, bond_mode_bcast_speed).

import { unknownLinkSettings } from "../../net/ethtool.ts";
import type { EthtoolLinkSettings, EthtoolOps } from "../../net/netdevice.ts";
import { DUPLEX_UNKNOWN, SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import { BOND_MODE_BROADCAST } from "../../uapi/if_bonding.ts";
import { updateSpeed } from "./miimon.ts";
import type { Bond, BondState } from "./state.ts";

/** ethtool's side of a bond; the firmware is the version of its ABI. */
export const bondEthtool: EthtoolOps<BondState> = {
  driverInfo: () => ({ driver: "bonding", version: "1.0", firmware: "2" }),
  hasLink: (dev) => dev.hasCarrier,
  linkSettings,
};

function linkSettings({ state }: Bond): EthtoolLinkSettings {
  let speed = 0;
  let duplex = DUPLEX_UNKNOWN;
  for (const slave of state.slaves) {
    if (!slave.canSend) continue;
    updateSpeed(slave);
    if (slave.speed !== SPEED_UNKNOWN) {
      if (state.params.mode !== BOND_MODE_BROADCAST) speed += slave.speed;
      else speed = speed === 0 ? slave.speed : Math.min(speed, slave.speed);
    }
    if (duplex === DUPLEX_UNKNOWN) duplex = slave.duplex;
  }
  return { ...unknownLinkSettings, speed: speed === 0 ? SPEED_UNKNOWN : speed, duplex };
}
