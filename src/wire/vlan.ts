// The VLAN tag (IEEE 802.1Q-2018 9.6): it stands between the Ethernet addresses and the EtherType it
// displaces.
//
//   0      12     14     16     18
//   │ MACs │ TPID │ TCI  │ type │ payload …       TCI: priority 3 bits, drop eligible 1, VLAN identifier 12
//
// Mirrors include/linux/if_vlan.h. Here `at` is the offset of the tag's TCI, behind the TPID, as in the
// kernel's vlan_hdr.

import { getBe16, setBe16 } from "../bytes/endian.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../uapi/if_ether.ts";

/** Bytes that a tag adds to a frame: TPID and TCI. */
export const VLAN_TAG_SIZE = 4;

/** The bits of the TCI that are the VLAN identifier. */
export const VLAN_VID_MASK = 0x0fff;

/** Bytes of the two addresses, which stay in front of every tag. */
const ADDRESSES_SIZE = 12;

/** Tells whether an EtherType announces a tag: 802.1Q or 802.1ad (`eth_type_vlan`). */
export function isVlanType(etherType: number): boolean {
  return etherType === ETH_P_8021Q || etherType === ETH_P_8021AD;
}

/** Reads the tag control information. */
export function vlanTci(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at);
}

/** Reads the EtherType behind the tag. */
export function vlanInnerType(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + 2);
}

/** The VLAN identifier of a TCI; 0 marks a frame that carries a priority only. */
export function vlanId(tci: number): number {
  return tci & VLAN_VID_MASK;
}

/** The priority code point of a TCI, 0 to 7. */
export function vlanPriority(tci: number): number {
  return (tci >>> 13) & 7;
}

/** The drop eligible indicator of a TCI. */
export function isVlanDropEligible(tci: number): boolean {
  return (tci & 0x1000) !== 0;
}

/**
 * Inserts a tag into the frame at `start` by moving its addresses VLAN_TAG_SIZE towards the front
 * (`__vlan_insert_tag`); the frame starts at `start - VLAN_TAG_SIZE` from then on, and the caller has seen to
 * that headroom.
 */
export function pushVlanTag(bytes: Uint8Array, start: number, tpid: number, tci: number): void {
  bytes.copyWithin(start - VLAN_TAG_SIZE, start, start + ADDRESSES_SIZE);
  setBe16(bytes, start + ADDRESSES_SIZE - VLAN_TAG_SIZE, tpid);
  setBe16(bytes, start + ADDRESSES_SIZE - 2, tci);
}

/**
 * Takes the outer tag off the frame at `start` (`skb_vlan_pop`); the frame starts at `start + VLAN_TAG_SIZE`
 * from then on.
 */
export function popVlanTag(bytes: Uint8Array, start: number): void {
  bytes.copyWithin(start + VLAN_TAG_SIZE, start, start + ADDRESSES_SIZE);
}

/** Describes a TCI, as `tcpdump -e` does. */
export function describeVlanTci(tci: number): string {
  return `vlan ${vlanId(tci)}, p ${vlanPriority(tci)}${isVlanDropEligible(tci) ? ", DEI" : ""}`;
}
