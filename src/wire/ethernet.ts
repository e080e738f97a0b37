// The Ethernet II header (IEEE 802.3-2018 3.2): destination, source, EtherType. A third word below 0x0600 is
// a length, and LLC follows (llc.ts). Mirrors include/linux/etherdevice.h.
//
//   0           6           12     14
//   │destination│  source   │ type │ payload …

import { getBe16, setBe16 } from "../bytes/endian.ts";
import { macToText, readMac, writeMac } from "../bytes/mac.ts";
import {
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  ETH_P_LLDP,
  ETH_P_RARP,
  ETHHDR_DEST,
  ETHHDR_PROTO,
  ETHHDR_SIZE,
  ETHHDR_SOURCE,
} from "../uapi/if_ether.ts";

/** Bytes in the header. */
export const ETHERNET_SIZE = ETHHDR_SIZE;

/** Reads the destination address. */
export function ethernetDestination(bytes: Uint8Array, at: number): number {
  return readMac(bytes, at + ETHHDR_DEST);
}

/** Reads the source address. */
export function ethernetSource(bytes: Uint8Array, at: number): number {
  return readMac(bytes, at + ETHHDR_SOURCE);
}

/** Reads the EtherType, or the length of an LLC frame. */
export function ethernetType(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + ETHHDR_PROTO);
}

/** Tells whether the destination is a group address, broadcast among them, by its first bit on the wire. */
export function isEthernetGroup(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 1) === 1;
}

/** Overwrites the destination address. */
export function setEthernetDestination(bytes: Uint8Array, at: number, mac: number): void {
  writeMac(bytes, at + ETHHDR_DEST, mac);
}

/** Overwrites the source address. */
export function setEthernetSource(bytes: Uint8Array, at: number, mac: number): void {
  writeMac(bytes, at + ETHHDR_SOURCE, mac);
}

/** Writes the whole header (`eth_header`). */
export function writeEthernet(
  bytes: Uint8Array,
  at: number,
  destination: number,
  source: number,
  type: number,
): void {
  writeMac(bytes, at + ETHHDR_DEST, destination);
  writeMac(bytes, at + ETHHDR_SOURCE, source);
  setBe16(bytes, at + ETHHDR_PROTO, type);
}

/** Describes the two addresses, as `tcpdump -e` begins its line. */
export function describeEthernetAddresses(bytes: Uint8Array, at: number): string {
  return `${macToText(ethernetSource(bytes, at))} > ${macToText(ethernetDestination(bytes, at))}`;
}

/** Describes an EtherType by name and number. */
export function describeEtherType(type: number): string {
  return `ethertype ${etherTypeName(type)} (0x${type.toString(16).padStart(4, "0")})`;
}

function etherTypeName(type: number): string {
  switch (type) {
    case ETH_P_IP:
      return "IPv4";
    case ETH_P_ARP:
      return "ARP";
    case ETH_P_RARP:
      return "Reverse ARP";
    case ETH_P_8021Q:
      return "802.1Q";
    case ETH_P_8021AD:
      return "802.1Q-QinQ";
    case ETH_P_IPV6:
      return "IPv6";
    case ETH_P_LLDP:
      return "LLDP";
    default:
      return "Unknown";
  }
}
