// By which slave a frame goes.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_xmit_roundrobin, bond_xmit_activebackup, bond_3ad_xor_xmit,
// bond_xmit_broadcast, bond_xmit_hash). Differs: the policies encap2+3 and encap3+4 do not look into tunnels.

import { getBe16, getU32 } from "../../bytes/endian.ts";
import { TX_BYTES, TX_DROPPED, TX_PACKETS } from "../../net/counters.ts";
import { count } from "../../net/device.ts";
import { sendBelow } from "../../net/lower.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import type { Bond, Slave } from "./state.ts";

/** IPPROTO_TCP and IPPROTO_UDP, which have ports. */
const withPorts = [6, 17];

/** Sends a frame by the slave that the mode chooses, by all of them in the mode "broadcast". */
export function startXmit(frame: Frame, dev: Bond): void {
  const { length } = frame;
  if (!send(frame, dev)) return count(dev, TX_DROPPED, 1);
  count(dev, TX_PACKETS, 1);
  count(dev, TX_BYTES, length);
}

function send(frame: Frame, dev: Bond): boolean {
  const { state } = dev;
  if (state.params.mode === bonding.BOND_MODE_BROADCAST) return sendToAll(frame, dev);
  const slave = state.hasActive ? state.active : choose(frame, dev);
  if (slave !== null) return sendBelow(frame, slave.dev);
  frame.pool.free(frame);
  return false;
}

function sendToAll(frame: Frame, dev: Bond): boolean {
  const slaves = dev.state.slaves.filter(({ isUp, link }) => isUp && link === bonding.BOND_LINK_UP);
  const last = slaves.pop();
  let isSent = false;
  for (const { dev: port } of slaves) {
    const copy = frame.pool.clone(frame);
    if (copy !== null && sendBelow(copy, port)) isSent = true;
  }
  if (last !== undefined) return sendBelow(frame, last.dev) || isSent;
  frame.pool.free(frame);
  return isSent;
}

function choose(frame: Frame, dev: Bond): Slave | null {
  const { state } = dev;
  const able = state.slaves.filter((slave) => slave.canSend);
  if (able.length === 0) return null;
  if (state.params.mode === bonding.BOND_MODE_XOR) return able[hashOf(frame, dev) % able.length] ?? null;
  const number = turnOf(dev) % state.slaves.length;
  // Its turn, or that of the next one that can.
  const order = [...state.slaves.slice(number), ...state.slaves.slice(0, number)];
  return order.find((slave) => slave.canSend) ?? null;
}

/** Counts frames of a bond that takes turns; 0 packets per slave is by chance (bond_rr_gen_slave_id). */
function turnOf(dev: Bond): number {
  const { packetsPerSlave } = dev.state.params;
  if (packetsPerSlave === 0) return dev.machine.random.u32();
  return Math.floor(dev.state.roundRobin++ / packetsPerSlave);
}

function hashOf(frame: Frame, dev: Bond): number {
  const { bytes, start } = frame;
  const policy = dev.state.params.hashPolicy;
  if (policy === bonding.BOND_XMIT_POLICY_VLAN_SRCMAC) {
    const word = (at: number): number =>
      ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    return ((frame.vlanTci & 0xfff) ^ word(start + 6) ^ word(start + 9)) >>> 0;
  }
  const protocol = getBe16(bytes, start + 12);
  const ether = (bytes[start + 5] ?? 0) ^ (bytes[start + 11] ?? 0) ^ protocol;
  const at = start + ETH_HLEN;
  if (policy === bonding.BOND_XMIT_POLICY_LAYER2 || (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6)) {
    return ether;
  }
  const usesPorts =
    policy === bonding.BOND_XMIT_POLICY_LAYER34 || policy === bonding.BOND_XMIT_POLICY_ENCAP34;
  let hash = usesPorts ? portsOf(bytes, at, protocol) : ether;
  const [from, to] = protocol === ETH_P_IP ? [at + 12, at + 20] : [at + 8, at + 40];
  for (let word = from; word < to; word += 4) hash ^= getU32(bytes, word);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return (usesPorts ? hash >>> 1 : hash) >>> 0;
}

/** Both ports as one word; 0 for fragments and protocols without. */
function portsOf(bytes: Uint8Array, at: number, protocol: number): number {
  const isIpv4 = protocol === ETH_P_IP;
  if (isIpv4 && (getBe16(bytes, at + 6) & 0x3fff) !== 0) return 0;
  const next = bytes[at + (isIpv4 ? 9 : 6)] ?? 0;
  if (!withPorts.includes(next)) return 0;
  return getU32(bytes, at + (isIpv4 ? ((bytes[at] ?? 0) & 0xf) * 4 : 40));
}
