// Columns as the kernel's seq_printf writes them.

import { getU32 } from "../bytes/endian.ts";
import { toHex } from "../bytes/hex.ts";
import { macToText } from "../bytes/mac.ts";

/** `%0*X` of a number of 32 bits. */
export function upperHex(value: number, digits: number): string {
  return (value >>> 0).toString(16).toUpperCase().padStart(digits, "0");
}

/** `%0*x` of a number of 32 bits. */
export function lowerHex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, "0");
}

/** `%*d` and `%*u`. */
export function right(value: number | string, width: number): string {
  return String(value).padStart(width);
}

/** `%-*d` and `%-*s`. */
export function left(value: number | string, width: number): string {
  return String(value).padEnd(width);
}

/** An IPv4 address as `%08X` of its word in network order, which the host's order turns around. */
export function addressWord(address: number): string {
  return upperHex(
    (address << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24),
    8,
  );
}

/** An address of 4 or 16 bytes as `%08X` of its words. */
export function addressWords(address: Uint8Array): string {
  let text = "";
  for (let at = 0; at < address.length; at += 4) text += upperHex(getU32(address, at), 8);
  return text;
}

/** `%pi6`: 32 digits. */
export function plainIpv6(address: Uint8Array): string {
  return toHex(address);
}

/** `%*phN` of a hardware address. */
export function plainMac(address: number): string {
  return macToText(address).replaceAll(":", "");
}

/** A line that is as long as all others of its file (seq_setwidth, seq_pad). */
export function padded(line: string, width: number): string {
  return `${line.padEnd(width)}\n`;
}
