// A slave's port of 802.3ad: how it begins, and the number its speed makes of it.
//
// Mirrors drivers/net/bonding/bond_3ad.c (ad_initialize_port, ad_update_actor_keys).

import { DUPLEX_FULL } from "../../../uapi/ethtool.ts";
import * as lacp from "../../../uapi/if_bonding.ts";
import type { LacpSide } from "../../../wire/lacp.ts";
import type { Bond, Slave } from "../state.ts";
import { LacpPort } from "../state.ts";

const DUPLEX_KEY_BIT = 0x1;
const USER_KEY_SHIFT = 6;
/** Speeds in Mb/s; a speed's place here is its number in a key, from 1 on (enum ad_link_speed_type). */
const SPEEDS = [
  1, 10, 100, 1_000, 2_500, 5_000, 10_000, 14_000, 20_000, 25_000, 40_000, 50_000, 56_000, 80_000, 100_000,
  200_000, 400_000, 800_000,
];

/** Makes the port number `id` of a bond, for a slave. */
export function makePort(bond: Bond, slave: Slave, id: number): LacpPort {
  const { params } = bond.state;
  let state = lacp.LACP_STATE_AGGREGATION;
  if (params.lacpActive !== 0) state |= lacp.LACP_STATE_LACP_ACTIVITY;
  if (params.lacpRate !== 0) state |= lacp.LACP_STATE_LACP_TIMEOUT;
  const actor = {
    systemPriority: params.actorPriority,
    system: params.actorSystem || bond.address,
    key: 0,
    portPriority: slave.actorPortPriority,
    port: id,
    state,
  };
  const port = new LacpPort(bond, slave, actor, unheardPartner());
  updateKey(port, false);
  return port;
}

/** What is believed of a partner that has said nothing. */
export function unheardPartner(): LacpSide {
  const state = lacp.LACP_STATE_LACP_ACTIVITY;
  return { systemPriority: 0xffff, system: 0, key: 1, portPriority: 0xff, port: 1, state };
}

/** What a port says that may join others with it: of speed, duplex and what the user said; `isReset` without a link. */
export function updateKey(port: LacpPort, isReset: boolean): void {
  const { speed, duplex } = port.slave;
  const isFull = !isReset && duplex === DUPLEX_FULL;
  const speedKey = isReset ? 0 : (SPEEDS.indexOf(speed) + 1) << 1;
  const key =
    (port.bond.state.params.userPortKey << USER_KEY_SHIFT) | speedKey | (isFull ? DUPLEX_KEY_BIT : 0);
  if (!isReset) port.isLacpEnabled = isFull;
  if (key === port.actor.key) return;
  port.actor.key = key;
  port.begins = true;
}

/** Whether a port's key says that it is full duplex. */
export function isFullDuplex(port: LacpPort): boolean {
  return (port.actor.key & DUPLEX_KEY_BIT) !== 0;
}
