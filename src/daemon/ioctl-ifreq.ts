// struct ifreq and the socket addresses in it: what the requests of ioctl(2) carry.

import { getU16, setU16 } from "../bytes/endian.ts";
import { decodeUtf8, encodeUtf8Into } from "../bytes/utf8.ts";
import type { Link } from "../client/link.ts";
import { getLink } from "../client/link.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import { AF_INET } from "../uapi/socket.ts";
import { IFREQ_IFRU } from "../uapi/sockios.ts";

/** One request of a program. */
export interface IoctlCall {
  /** Over the program's namespace, with the rights of the program. */
  readonly client: NetlinkClient;
  readonly request: number;
  /** The family of the socket that it was made on. */
  readonly family: number;
  /** CAP_NET_ADMIN over the namespace. */
  readonly isAdmin: boolean;
  /** What the program pointed at, ours to change; written back when the request is through. */
  readonly bytes: Uint8Array;
}

/** Where the union of a struct ifreq begins. */
export const DATA = IFREQ_IFRU;

const SOCKADDR_SIZE = 16;
const SIN_ADDR = 4;

/** The name at `at`, cut as the kernel cuts it. */
export function nameOf(bytes: Uint8Array, at = 0): string {
  const end = bytes.subarray(at, at + IFNAMSIZ - 1).indexOf(0);
  return decodeUtf8(bytes, at, at + (end < 0 ? IFNAMSIZ - 1 : end));
}

/** Writes a name and fills its room with zeros. */
export function putName(bytes: Uint8Array, at: number, name: string): void {
  bytes.fill(0, at, at + IFNAMSIZ);
  encodeUtf8Into(name, bytes, at);
}

/** The device that a name or a label of one ("v0:1") stands for; ENODEV. */
export function linkOf({ client, bytes }: IoctlCall): Promise<Link> {
  return getLink(client, nameOf(bytes).split(":")[0] ?? "");
}

/** Writes a struct sockaddr_in without a port. */
export function putAddress(bytes: Uint8Array, at: number, address: Uint8Array): void {
  bytes.fill(0, at, at + SOCKADDR_SIZE);
  setU16(bytes, at, AF_INET);
  bytes.set(address, at + SIN_ADDR);
}

/** The family and the IPv4 address of a struct sockaddr_in. */
export function addressAt(
  bytes: Uint8Array,
  at: number,
): { readonly family: number; readonly address: Uint8Array } {
  return { family: getU16(bytes, at), address: bytes.slice(at + SIN_ADDR, at + SIN_ADDR + 4) };
}

/** An IPv4 address as a number. */
export function numberOf(address: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** The bytes of an address that is a number. */
export function bytesOf(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
}

/** The netmask of a prefix. */
export function netmask(prefixlen: number): number {
  return prefixlen === 0 ? 0 : (0xffff_ffff << (32 - prefixlen)) >>> 0;
}

/** The length of the prefix that a netmask stands for; undefined for one with holes (bad_mask). */
export function prefixOf(mask: number): number | undefined {
  const host = ~mask >>> 0;
  return (host & (host + 1)) === 0 ? Math.clz32(host) : undefined;
}
