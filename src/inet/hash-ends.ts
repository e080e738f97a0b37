// A hash of both ends of what is sent: where a connection stands in its table, and whose a datagram is of several.
//
// Mirrors net/ipv4/inet_hashtables.c (inet_ehashfn) in what it is for.

import { getBe32 } from "../bytes/endian.ts";
import { hashOf } from "./address-table.ts";

/** The hash of two ends over IPv4: addresses, and both ports in one. */
export function hash4(local: number, remote: number, ports: number): number {
  let hash = Math.imul(local ^ 0x2c1b3c6d, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ remote, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ ports, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/** The hash of two ends whose addresses, of `length` bytes, are where these offsets say. */
export function hashEnds(
  bytes: Uint8Array,
  local: number,
  remote: number,
  length: number,
  ports: number,
): number {
  if (length === 16) return hash6(bytes, local, bytes, remote, ports);
  return hash4(getBe32(bytes, local) | 0, getBe32(bytes, remote) | 0, ports | 0);
}

/** The hash of two ends over IPv6, whose addresses are where these offsets say. */
export function hash6(
  local: Uint8Array,
  localAt: number,
  remote: Uint8Array,
  remoteAt: number,
  ports: number,
): number {
  return hash4(hashOf(local, localAt), hashOf(remote, remoteAt), ports);
}
