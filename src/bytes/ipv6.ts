// IPv6 addresses. An address is 16 bytes, a Uint8Array of its own or a place (bytes, offset) in a packet, so
// that the hot path needs no copies: what takes an address takes an offset too, 0 unless told.
//
// Mirrors inet_pton(3), inet_ntop(3) (glibc's forms, RFC 5952 but for the IPv4-compatible ::1.2.3.4) and the
// predicates of include/net/ipv6.h (`ipv6_addr_type` and its family).

import { getBe16, setBe16, setBe32 } from "./endian.ts";
import { ipv4FromText, ipv4ToText } from "./ipv4.ts";
import { writeMac } from "./mac.ts";

/** Bytes in an address. */
export const IPV6_SIZE = 16;

/**
 * Parses an address as inet_pton(3) does: groups of one to four hexadecimal digits, `::` once for one group
 * of zeros or more, the last two groups as an IPv4 address if wanted, no scope. Undefined if the text is
 * anything else.
 */
export function ipv6FromText(text: string): Uint8Array | undefined {
  const gap = text.indexOf("::");
  if (gap < 0) {
    const groups = groupsFromText(text, true);
    return groups?.length === 8 ? fromGroups(groups, []) : undefined;
  }
  const head = groupsFromText(text.slice(0, gap), false);
  const tail = groupsFromText(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return fromGroups(head, tail);
}

/**
 * Writes an address in inet_ntop(3)'s form: the first of the longest runs of two zero groups or more becomes
 * `::`.
 */
export function ipv6ToText(bytes: Uint8Array, offset = 0): string {
  const run = longestZeroRun(bytes, offset);
  const isMapped = run.start === 0 && run.length === 5 && getBe16(bytes, offset + 10) === 0xffff;
  const isCompatible = run.start === 0 && run.length === 6;
  const groupCount = isMapped || isCompatible ? 6 : 8;
  let text = "";
  for (let i = 0; i < groupCount; i++) {
    if (i === run.start) {
      text += "::";
      i += run.length - 1;
    } else {
      text += (text === "" || text.endsWith(":") ? "" : ":") + getBe16(bytes, offset + 2 * i).toString(16);
    }
  }
  if (groupCount === 8) return text;
  const v4 = getBe16(bytes, offset + 12) * 0x10000 + getBe16(bytes, offset + 14);
  return `${text}${text.endsWith(":") ? "" : ":"}${ipv4ToText(v4)}`;
}

/** Tells whether two addresses are the same (`ipv6_addr_equal`). */
export function equalsIpv6(a: Uint8Array, b: Uint8Array, aOffset = 0, bOffset = 0): boolean {
  for (let i = 0; i < IPV6_SIZE; i++) {
    if (a[aOffset + i] !== b[bOffset + i]) return false;
  }
  return true;
}

/** Tells whether two addresses agree in their first `prefixLength` bits (`ipv6_prefix_equal`). */
export function ipv6SamePrefix(
  a: Uint8Array,
  b: Uint8Array,
  prefixLength: number,
  aOffset = 0,
  bOffset = 0,
): boolean {
  const whole = prefixLength >>> 3;
  for (let i = 0; i < whole; i++) {
    if (a[aOffset + i] !== b[bOffset + i]) return false;
  }
  const rest = prefixLength & 7;
  if (rest === 0) return true;
  const difference = (a[aOffset + whole] ?? 0) ^ (b[bOffset + whole] ?? 0);
  return difference >>> (8 - rest) === 0;
}

/** A new address: `address` with all bits behind the prefix cleared (`ipv6_addr_prefix`). */
export function ipv6Network(address: Uint8Array, prefixLength: number): Uint8Array {
  const network = new Uint8Array(IPV6_SIZE);
  const whole = prefixLength >>> 3;
  for (let i = 0; i < whole; i++) network[i] = address[i] ?? 0;
  const rest = prefixLength & 7;
  if (rest !== 0) network[whole] = (address[whole] ?? 0) & (0xff00 >>> rest);
  return network;
}

/** Tells whether an address is :: (`ipv6_addr_any`). */
export function isIpv6Unspecified(bytes: Uint8Array, offset = 0): boolean {
  return isZero(bytes, offset, offset + IPV6_SIZE);
}

/** Tells whether an address is ::1 (`ipv6_addr_loopback`). */
export function isIpv6Loopback(bytes: Uint8Array, offset = 0): boolean {
  return bytes[offset + 15] === 1 && isZero(bytes, offset, offset + 15);
}

/** Tells whether an address is in ff00::/8 (`ipv6_addr_is_multicast`). */
export function isIpv6Multicast(bytes: Uint8Array, offset = 0): boolean {
  return bytes[offset] === 0xff;
}

/**
 * The scope of a multicast address: 1 interface, 2 link, 5 site, 8 organisation, 14 global
 * (`IPV6_ADDR_MC_SCOPE`).
 */
export function ipv6MulticastScope(bytes: Uint8Array, offset = 0): number {
  return (bytes[offset + 1] ?? 0) & 0xf;
}

/** Tells whether an address is in fe80::/10 (`IPV6_ADDR_LINKLOCAL`). */
export function isIpv6LinkLocal(bytes: Uint8Array, offset = 0): boolean {
  return bytes[offset] === 0xfe && ((bytes[offset + 1] ?? 0) & 0xc0) === 0x80;
}

/** Tells whether an address is in fec0::/10, the site-local addresses of old (`IPV6_ADDR_SITELOCAL`). */
export function isIpv6SiteLocal(bytes: Uint8Array, offset = 0): boolean {
  return bytes[offset] === 0xfe && ((bytes[offset + 1] ?? 0) & 0xc0) === 0xc0;
}

/** Tells whether an address is in ::ffff:0:0/96 (`ipv6_addr_v4mapped`). */
export function isIpv4Mapped(bytes: Uint8Array, offset = 0): boolean {
  return getBe16(bytes, offset + 10) === 0xffff && isZero(bytes, offset, offset + 10);
}

/** Tells whether an address is in ff02::1:ff00:0/104 (`ipv6_addr_is_solict_mult`). */
export function isSolicitedNode(bytes: Uint8Array, offset = 0): boolean {
  return (
    getBe16(bytes, offset) === 0xff02 &&
    isZero(bytes, offset + 2, offset + 11) &&
    endsSolicited(bytes, offset)
  );
}

/**
 * A new address: the solicited-node group of `address`, ff02::1:ff and its last 24 bits
 * (`addrconf_addr_solict_mult`).
 */
export function solicitedNode(address: Uint8Array, offset = 0): Uint8Array {
  const group = new Uint8Array(IPV6_SIZE);
  setBe16(group, 0, 0xff02);
  setBe32(group, 10, 0x0001_ff00);
  for (let i = 13; i < IPV6_SIZE; i++) group[i] = address[offset + i] ?? 0;
  return group;
}

/**
 * A new link-local address whose interface identifier is the modified EUI-64 of `mac` (RFC 4291, appendix A).
 */
export function linkLocalFromMac(mac: number): Uint8Array {
  const address = new Uint8Array(IPV6_SIZE);
  setBe16(address, 0, 0xfe80);
  writeEui64(address, 8, mac);
  return address;
}

/**
 * Writes the modified EUI-64 of `mac`: ff:fe in its middle, its universal/local bit inverted
 * (`addrconf_ifid_eui48`).
 */
function writeEui64(bytes: Uint8Array, offset: number, mac: number): void {
  writeMac(bytes, offset + 2, mac);
  bytes[offset] = (bytes[offset + 2] ?? 0) ^ 2;
  bytes[offset + 1] = bytes[offset + 3] ?? 0;
  bytes[offset + 2] = bytes[offset + 4] ?? 0;
  bytes[offset + 3] = 0xff;
  bytes[offset + 4] = 0xfe;
}

/**
 * The Ethernet group of a multicast address, 33:33 and its last 32 bits, as a number (`ipv6_eth_mc_map`, RFC
 * 2464 7).
 */
export function ipv6MulticastMac(bytes: Uint8Array, offset = 0): number {
  return 0x333300000000 + getBe16(bytes, offset + 12) * 0x10000 + getBe16(bytes, offset + 14);
}

function groupsFromText(text: string, isTail: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (isTail && index === parts.length - 1 && part.includes(".")) {
      const v4 = ipv4FromText(part);
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function fromGroups(head: number[], tail: number[]): Uint8Array {
  const address = new Uint8Array(IPV6_SIZE);
  for (const [index, group] of head.entries()) setBe16(address, 2 * index, group);
  for (const [index, group] of tail.entries()) setBe16(address, 2 * (8 - tail.length + index), group);
  return address;
}

function longestZeroRun(bytes: Uint8Array, offset: number): { start: number; length: number } {
  let start = -1;
  let length = 1;
  let current = 0;
  for (let i = 0; i < 8; i++) {
    current = getBe16(bytes, offset + 2 * i) === 0 ? current + 1 : 0;
    if (current > length) {
      length = current;
      start = i + 1 - current;
    }
  }
  return { start, length };
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

function endsSolicited(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset + 11] === 1 && bytes[offset + 12] === 0xff;
}
