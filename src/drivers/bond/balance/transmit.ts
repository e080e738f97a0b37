// By which slave a frame of a bond that balances goes.
//
// Mirrors drivers/net/bonding/bond_alb.c (bond_xmit_tlb_slave_get, bond_xmit_alb_slave_get, bond_do_alb_xmit). Differs: IPX,
// which Linux has no more, is not looked into.

import { getBe32 } from "../../../bytes/endian.ts";
import { readMac } from "../../../bytes/mac.ts";
import type { Frame } from "../../../net/netdevice.ts";
import { BOND_MODE_TLB } from "../../../uapi/if_bonding.ts";
import { ETH_HLEN, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../../../uapi/if_ether.ts";
import { hashOf } from "../hash.ts";
import { isNeighbourDiscovery } from "../neighbour.ts";
import type { Balance, Bond, Slave } from "../state.ts";
import { sendArp } from "./rlb.ts";
import { chooseSender, clearSender } from "./tlb.ts";

const IPPROTO_IGMP = 2;
const ipv4Size = 20;
const ipv6Size = 40;
/** 33:33:00:00:00:01, all hosts of a link. */
const allNodesMac = 0x3333_0000_0001;
const broadcastMac = 0xffff_ffff_ffff;
/** The frame belongs to no conversation: it goes by the active slave. */
const NONE = -1;

/** The slave that a frame, whose `start` is at its MAC header, goes by; null when there is none that can send. */
export function chooseBalanced(frame: Frame, dev: Bond): Slave | null {
  const { state } = dev;
  const { balance } = state;
  if (balance === null) return null;
  const found =
    state.params.mode === BOND_MODE_TLB ? chooseTlb(frame, dev, balance) : chooseAlb(frame, dev, balance);
  const slave = found ?? state.active;
  const isDynamic = state.params.tlbDynamic !== 0;
  if (found === null && isDynamic) balance.unbalancedBytes += frame.length;
  if (slave?.canSend) return slave;
  if (slave !== null && isDynamic) clearSender(balance, slave, false);
  return null;
}

function chooseTlb(frame: Frame, dev: Bond, balance: Balance): Slave | null {
  const { state } = dev;
  const { bytes, start, protocol } = frame;
  if (((bytes[start] ?? 0) & 1) !== 0) return null;
  if (protocol !== ETH_P_IP && (protocol !== ETH_P_IPV6 || isNeighbourDiscovery(frame))) return null;
  const hash = hashOf(frame, dev);
  if (state.params.tlbDynamic !== 0) return chooseSender(state, balance, hash & 0xff, frame.length);
  const { senders } = state;
  return senders.length === 0 ? null : (senders[hash % senders.length] ?? null);
}

function chooseAlb(frame: Frame, dev: Bond, balance: Balance): Slave | null {
  if (frame.protocol === ETH_P_ARP) return sendArp(frame, dev, balance);
  const number = clientOf(frame);
  return number === NONE ? null : chooseSender(dev.state, balance, number, frame.length);
}

/** The number of the host that a frame is for. */
function clientOf(frame: Frame): number {
  const { bytes, start, end, protocol } = frame;
  const at = start + ETH_HLEN;
  if (protocol === ETH_P_IP) {
    if (end - at < ipv4Size || isFor(frame, broadcastMac)) return NONE;
    const destination = getBe32(bytes, at + 16);
    if (destination === 0xffff_ffff || bytes[at + 9] === IPPROTO_IGMP) return NONE;
    return folded(bytes, at + 16, 4);
  }
  if (protocol !== ETH_P_IPV6 || end - at < ipv6Size) return NONE;
  if (isFor(frame, broadcastMac) || isFor(frame, allNodesMac)) return NONE;
  // Whoever looks for duplicates of an address must not hear itself by another slave.
  if (isUnspecified(bytes, at + 8) || isNeighbourDiscovery(frame)) return NONE;
  return folded(bytes, at + 24, 16);
}

function isFor({ bytes, start }: Frame, address: number): boolean {
  return ((bytes[start] ?? 0) & 1) !== 0 && readMac(bytes, start) === address;
}

function isUnspecified(bytes: Uint8Array, at: number): boolean {
  for (let index = at; index < at + 16; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** Bytes folded into one (_simple_hash). */
function folded(bytes: Uint8Array, at: number, size: number): number {
  let hash = 0;
  for (let index = at; index < at + size; index++) hash ^= bytes[index] ?? 0;
  return hash;
}
