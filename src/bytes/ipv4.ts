// IPv4 addresses. An address is a u32 *number* whose highest byte is the first in the text, so `address >>>
// 24` is the 10 of 10.0.0.1; on the wire it is written with setBe32.
//
// Mirrors inet_pton(3), inet_ntop(3) and the predicates of include/linux/in.h (`ipv4_is_multicast` and its
// family).

/**
 * Parses four decimal numbers between dots as inet_pton(3) does: all four, at most 255, no leading zero,
 * nothing around them. Undefined if the text is anything else.
 */
export function ipv4FromText(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    address = address * 256 + value;
  }
  return address;
}

/** Writes an address as four decimal numbers between dots. */
export function ipv4ToText(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The mask of a prefix of 0 to 32 bits (`inet_make_mask`). */
export function ipv4Mask(prefixLength: number): number {
  // A shift by 32 is a shift by 0 in JavaScript.
  return prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
}

/** The number of leading ones of a mask; undefined if a one follows a zero (`bad_mask`). */
export function ipv4PrefixLength(mask: number): number | undefined {
  const length = Math.clz32(~mask);
  return ipv4Mask(length) === mask >>> 0 ? length : undefined;
}

/** The address with all bits behind the prefix cleared. */
export function ipv4Network(address: number, prefixLength: number): number {
  return (address & ipv4Mask(prefixLength)) >>> 0;
}

/** The address with all bits behind the prefix set: a subnet's directed broadcast. */
export function ipv4Broadcast(address: number, prefixLength: number): number {
  return (address | ~ipv4Mask(prefixLength)) >>> 0;
}

/** Tells whether two addresses agree in their first `prefixLength` bits (`inet_ifa_match`). */
export function ipv4SamePrefix(a: number, b: number, prefixLength: number): boolean {
  return ((a ^ b) & ipv4Mask(prefixLength)) === 0;
}

/** Tells whether an address is in 127.0.0.0/8 (`ipv4_is_loopback`). */
export function isIpv4Loopback(address: number): boolean {
  return address >>> 24 === 127;
}

/** Tells whether an address is in 224.0.0.0/4 (`ipv4_is_multicast`). */
export function isIpv4Multicast(address: number): boolean {
  return address >>> 28 === 0xe;
}

/** Tells whether an address is in 224.0.0.0/24, which no router forwards (`ipv4_is_local_multicast`). */
export function isIpv4LocalMulticast(address: number): boolean {
  return address >>> 8 === 0xe0_00_00;
}

/** Tells whether an address is in 169.254.0.0/16 (`ipv4_is_linklocal_169`). */
export function isIpv4LinkLocal(address: number): boolean {
  return address >>> 16 === 0xa9fe;
}

/** Tells whether an address is 255.255.255.255, signed or not (`ipv4_is_lbcast`). */
export function isIpv4LimitedBroadcast(address: number): boolean {
  return (address | 0) === -1;
}

/** Tells whether an address is 0.0.0.0; the rest of 0.0.0.0/8 is like any other network (`ipv4_is_zeronet`). */
export function isIpv4ZeroNet(address: number): boolean {
  return address === 0;
}

/**
 * The Ethernet group of a multicast address, 01:00:5e and its lower 23 bits, as a number (`ip_eth_mc_map`,
 * RFC 1112 6.4).
 */
export function ipv4MulticastMac(address: number): number {
  return 0x01005e000000 + (address & 0x7fffff);
}
