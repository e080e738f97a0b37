// By which slave a frame goes.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_start_xmit, bond_slave_override, bond_xmit_roundrobin,
// bond_xmit_activebackup, bond_3ad_xor_xmit, bond_xmit_broadcast); loads are balanced in balance/.

import { writeMac } from "../../bytes/mac.ts";
import { TX_DROPPED } from "../../net/counters.ts";
import { count, countTx } from "../../net/device.ts";
import { dropTx } from "../../net/frame.ts";
import { sendBelow } from "../../net/lower.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import { ETH_ALEN, ETH_HLEN, ETH_P_IP } from "../../uapi/if_ether.ts";
import { chooseBalanced } from "./balance/transmit.ts";
import { hashOf } from "./hash.ts";
import { isOfNeighbours } from "./neighbour.ts";
import type { Bond, Slave } from "./state.ts";

const IPPROTO_IGMP = 2;

/** Sends a frame by the slave that the mode chooses, by all of them in the mode "broadcast". */
export function startXmit(frame: Frame, dev: Bond): void {
  const { length } = frame;
  const { state } = dev;
  const wanted = overridden(frame, dev);
  const slaves = wanted === null ? audienceOf(frame, dev) : null;
  if (slaves !== null) {
    if (!sendToAll(frame, slaves)) return count(dev, TX_DROPPED, 1);
  } else {
    const slave = wanted ?? choose(frame, dev);
    if (slave === null) return dropTx(frame, dev, "no-egress-port");
    if (state.isBalanced && wanted === null && slave !== state.active) {
      // Switches learn the slave's own address there, and the bond's by the active one alone.
      if (!frame.pool.writable(frame)) return dropTx(frame, dev, "no-memory");
      writeMac(frame.bytes, frame.start + ETH_ALEN, slave.dev.address);
    }
    if (!sendBelow(frame, slave.dev)) return count(dev, TX_DROPPED, 1);
  }
  countTx(dev, length);
}

/** The slave whose queue the frame is on, if it can send; frames on the first queue are on nobody's. */
function overridden(frame: Frame, { state }: Bond): Slave | null {
  if (frame.queue === 0) return null;
  for (const slave of state.slaves) {
    if (slave.queueId === frame.queue)
      return slave.isUp && slave.link === bonding.BOND_LINK_UP ? slave : null;
  }
  return null;
}

/** All that a frame goes by; null when it goes by one. */
function audienceOf(frame: Frame, { state }: Bond): readonly Slave[] | null {
  const { mode, broadcastNeigh } = state.params;
  if (mode === bonding.BOND_MODE_BROADCAST) return state.slaves;
  // Switches that are one partner without telling each other of stations learn by each of them.
  return broadcastNeigh !== 0 && state.isLacp && isOfNeighbours(frame) ? state.senders : null;
}

/** Sends a copy by each slave but the last that can, which gets the frame itself. */
function sendToAll(frame: Frame, slaves: readonly Slave[]): boolean {
  let last: Slave | null = null;
  let isSent = false;
  for (const slave of slaves) {
    if (!slave.isUp || slave.link !== bonding.BOND_LINK_UP) continue;
    if (last !== null && sendCopy(frame, last)) isSent = true;
    last = slave;
  }
  if (last !== null) return sendBelow(frame, last.dev) || isSent;
  frame.pool.free(frame);
  return false;
}

function sendCopy(frame: Frame, slave: Slave): boolean {
  const copy = frame.pool.clone(frame);
  return copy !== null && sendBelow(copy, slave.dev);
}

function choose(frame: Frame, dev: Bond): Slave | null {
  const { state } = dev;
  if (state.isActiveBackup) return state.active;
  if (state.isBalanced) return chooseBalanced(frame, dev);
  if (state.params.mode === bonding.BOND_MODE_ROUNDROBIN) return roundRobin(frame, dev);
  const { senders } = state;
  return senders.length === 0 ? null : (senders[hashOf(frame, dev) % senders.length] ?? null);
}

/** The slave whose turn it is, or the next one that can. What joins a group goes by one and the same, for the switch's sake. */
function roundRobin(frame: Frame, dev: Bond): Slave | null {
  const { slaves, active } = dev.state;
  const count = slaves.length;
  if (count === 0) return null;
  const first = isIgmp(frame)
    ? Math.max(0, active === null ? 0 : slaves.indexOf(active))
    : turnOf(dev) % count;
  for (let step = 0; step < count; step++) {
    const slave = slaves[(first + step) % count];
    if (slave?.canSend) return slave;
  }
  return null;
}

function isIgmp(frame: Frame): boolean {
  const { bytes, start } = frame;
  return (
    frame.protocol === ETH_P_IP &&
    frame.length >= ETH_HLEN + 20 &&
    bytes[start + ETH_HLEN + 9] === IPPROTO_IGMP
  );
}

/** Counts frames of a bond that takes turns; 0 packets per slave is by chance (bond_rr_gen_slave_id). */
function turnOf(dev: Bond): number {
  const { packetsPerSlave } = dev.state.params;
  if (packetsPerSlave === 0) return dev.machine.random.u32();
  return Math.floor(dev.state.roundRobin++ / packetsPerSlave);
}
