// Addresses and prefixes as text, for both families: the text's form says which one it is.

import { getBe32, setBe32 } from "../bytes/endian.ts";
import { ipv4FromText, ipv4ToText } from "../bytes/ipv4.ts";
import { ipv6FromText, ipv6ToText } from "../bytes/ipv6.ts";
import { macFromText, macToBytes } from "../bytes/mac.ts";
import { NetlinkError } from "../netlink/error.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

/** An address of 4 or 16 bytes as text. */
export function addressText(address: Uint8Array): string {
  return address.length === 16 ? ipv6ToText(address) : ipv4ToText(getBe32(address, 0));
}

/** Reads "10.0.0.1" or "2001:db8::1"; NetlinkError EINVAL if it is neither. */
export function addressBytes(text: string): Uint8Array {
  const ipv6 = ipv6FromText(text);
  if (ipv6 !== undefined) return ipv6;
  const ipv4 = ipv4FromText(text);
  if (ipv4 === undefined)
    throw new NetlinkError("EINVAL", `Cannot read "${text}" as an IPv4 or IPv6 address`);
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, ipv4);
  return bytes;
}

/** The family of an address of 4 or 16 bytes. */
export function familyOf(address: Uint8Array): number {
  return address.length === 16 ? AF_INET6 : AF_INET;
}

/** Reads "10.0.0.0/24", or an address alone, all of which then counts; NetlinkError EINVAL if it is neither. */
export function prefixBytes(text: string): { readonly address: Uint8Array; readonly length: number } {
  const [head = "", tail, ...rest] = text.split("/");
  const address = addressBytes(head);
  const bits = address.length * 8;
  if (tail === undefined) return { address, length: bits };
  const length = /^[0-9]{1,3}$/.test(tail) ? Number(tail) : Number.NaN;
  if (rest.length > 0 || !(length <= bits)) {
    throw new NetlinkError("EINVAL", `Cannot read "${text}" as a prefix: the length must be 0 to ${bits}`);
  }
  return { address, length };
}

/** Reads "02:00:00:00:00:01"; NetlinkError EINVAL if it is no Ethernet address. */
export function macBytes(text: string): Uint8Array {
  const mac = macFromText(text);
  if (mac === undefined) throw new NetlinkError("EINVAL", `Cannot read "${text}" as an Ethernet address`);
  return macToBytes(mac);
}
