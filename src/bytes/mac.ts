// Ethernet hardware addresses. An address is a *number* of 48 bits, its first byte on the wire the highest: a
// Uint8Array(6) takes some 370 bytes of memory, and a Map finds a number without a text form in between.
//
// Mirrors include/linux/etherdevice.h (is_valid_ether_addr and its family). *Omitted:* addresses that are not
// six bytes.

import { getBe16, getBe32, setBe16, setBe32 } from "./endian.ts";
import { hexByte } from "./hex.ts";

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_40 = 0x100_0000_0000;

/** ff:ff:ff:ff:ff:ff, the address of every station. */
export const BROADCAST_MAC = 0xffff_ffff_ffff;

/** Reads the six bytes at `offset`. */
export function readMac(bytes: Uint8Array, offset: number): number {
  return getBe16(bytes, offset) * TWO_TO_32 + getBe32(bytes, offset + 2);
}

/** Writes six bytes at `offset`. */
export function writeMac(bytes: Uint8Array, offset: number, mac: number): void {
  setBe16(bytes, offset, mac / TWO_TO_32);
  setBe32(bytes, offset + 2, mac % TWO_TO_32);
}

/** Returns the six bytes of an address, newly made. */
export function macToBytes(mac: number): Uint8Array {
  const bytes = new Uint8Array(6);
  writeMac(bytes, 0, mac);
  return bytes;
}

/**
 * Tells whether the six bytes at `offset` are `mac` (`ether_addr_equal`). For the frames' way: it compares two
 * small integers and makes no number of 48 bits, which a call that is not inlined would have to allocate.
 */
export function equalsMac(bytes: Uint8Array, offset: number, mac: number): boolean {
  return (
    getBe16(bytes, offset) === Math.trunc(mac / TWO_TO_32) &&
    ((getBe16(bytes, offset + 2) << 16) | getBe16(bytes, offset + 4)) === (mac | 0)
  );
}

/**
 * Parses six bytes of one or two hexadecimal digits between colons, in either case, as iproute2 does for
 * `address`; undefined if the text is anything else.
 */
export function macFromText(text: string): number | undefined {
  const parts = text.split(":");
  if (parts.length !== 6) return undefined;
  let mac = 0;
  for (const part of parts) {
    if (!/^[0-9a-fA-F]{1,2}$/.test(part)) return undefined;
    mac = mac * 256 + Number.parseInt(part, 16);
  }
  return mac;
}

/** Writes an address as six pairs of lower-case digits between colons. */
export function macToText(mac: number): string {
  let text = hexByte(Math.floor(mac / TWO_TO_40) & 0xff);
  for (let divisor = TWO_TO_40 / 256; divisor >= 1; divisor /= 256) {
    text += `:${hexByte(Math.floor(mac / divisor) % 256)}`;
  }
  return text;
}

/**
 * Tells whether an address can be a station's own: not a group address and not zero (`is_valid_ether_addr`).
 */
export function isValidEtherAddr(mac: number): boolean {
  return mac !== 0 && !isMulticast(mac);
}

/** Tells whether an address names a group, broadcast among them (`is_multicast_ether_addr`). */
export function isMulticast(mac: number): boolean {
  return (Math.floor(mac / TWO_TO_40) & 1) === 1;
}

/** Tells whether an address is not from a vendor's range (`is_local_ether_addr`). */
export function isLocallyAdministered(mac: number): boolean {
  return (Math.floor(mac / TWO_TO_40) & 2) === 2;
}
