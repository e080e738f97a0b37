// Addresses as text: 10.0.0.1, fe80::1, 02:00:00:00:00:01, and prefixes 10.0.0.0/24.

import { getBe32, setBe32 } from "../../../src/bytes/endian.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { ipv4FromText, ipv4ToText } from "../../../src/bytes/ipv4.ts";
import { ipv6FromText, ipv6ToText } from "../../../src/bytes/ipv6.ts";
import { macFromText, macToBytes } from "../../../src/bytes/mac.ts";
import type { Attribute } from "../../../src/netlink/attribute.ts";
import { AF_INET, AF_INET6 } from "../../../src/uapi/socket.ts";

/** The family of an address or prefix. */
export function familyOf(text: string): number {
  return text.includes(":") ? AF_INET6 : AF_INET;
}

/** The 4 or 16 bytes of an IP address. */
export function ipBytes(text: string): Uint8Array {
  if (familyOf(text) === AF_INET6) return known(ipv6FromText(text), text);
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, known(ipv4FromText(text), text));
  return bytes;
}

/** The text of an attribute of 4 or 16 bytes. */
export function ipText(attribute: Attribute | undefined): string | undefined {
  if (attribute === undefined) return undefined;
  const bytes = attribute.copy();
  if (bytes.length === 4) return ipv4ToText(getBe32(bytes, 0));
  return bytes.length === 16 ? ipv6ToText(bytes) : toHex(bytes);
}

/** The six bytes of a hardware address. */
export function macBytes(text: string): Uint8Array {
  return macToBytes(known(macFromText(text), text));
}

/** The text of a hardware address of any length; empty for one of no bytes. */
export function macText(attribute: Attribute | undefined): string | undefined {
  if (attribute === undefined) return undefined;
  return toHex(attribute.copy(), 0, attribute.length, ":");
}

/** Splits "10.0.0.1/24" into address and prefix length; a missing length means the address alone. */
export function splitPrefix(text: string): { readonly address: string; readonly length: number } {
  const [address = "", length] = text.split("/");
  return { address, length: length === undefined ? ipBytes(address).length * 8 : Number(length) };
}

function known<Value>(value: Value | undefined, text: string): Value {
  if (value === undefined) throw new TypeError(`Not an address: ${text}`);
  return value;
}
