// Addresses as people write them ⇄ bytes, with a clear error for what is none.

import { getBe32, setBe32 } from "../bytes/endian.ts";
import { ipv4FromText, ipv4ToText } from "../bytes/ipv4.ts";
import { ipv6FromText, ipv6ToText } from "../bytes/ipv6.ts";
import { macFromText, macToBytes } from "../bytes/mac.ts";
import { invalid } from "../netlink/error.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

/** An address of 4 or 16 bytes as text. */
export function addressText(address: Uint8Array): string {
  return address.length === 16 ? ipv6ToText(address) : ipv4ToText(getBe32(address, 0));
}

/** The family of an address of 4 or 16 bytes. */
export function familyOf(address: Uint8Array): number {
  return address.length === 16 ? AF_INET6 : AF_INET;
}

/** An address as 4 or 16 bytes; NetlinkError EINVAL when it is none. */
export function addressBytes(text: string): Uint8Array {
  const ipv4 = ipv4FromText(text);
  if (ipv4 !== undefined) {
    const bytes = new Uint8Array(4);
    setBe32(bytes, 0, ipv4);
    return bytes;
  }
  const ipv6 = ipv6FromText(text);
  if (ipv6 === undefined) throw invalid(`"${text}" is not an IPv4 or IPv6 address`);
  return ipv6;
}

/** `10.0.0.1/24` as bytes and prefix length; without a slash the whole address is the prefix. */
export function prefixBytes(text: string): { readonly address: Uint8Array; readonly prefixlen: number } {
  const [address = "", length, ...rest] = text.split("/");
  const bytes = addressBytes(address);
  const bits = bytes.length * 8;
  const prefixlen = length === undefined ? bits : Number(length);
  if (rest.length > 0 || length === "" || !Number.isInteger(prefixlen) || prefixlen < 0 || prefixlen > bits) {
    throw invalid(`"${text}" is not a prefix: its length is 0 to ${bits}`);
  }
  return { address: bytes, prefixlen };
}

/** A hardware address of six bytes; NetlinkError EINVAL when it is none. */
export function macBytes(text: string): Uint8Array {
  const mac = macFromText(text);
  if (mac === undefined) throw invalid(`"${text}" is not an Ethernet address`);
  return macToBytes(mac);
}
