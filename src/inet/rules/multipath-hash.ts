// What a choice among the next hops of a multipath route depends on, beside the seed of the namespace: by default the addresses
// of a packet, so that a flow keeps its way; by a policy its ports too, or whatever is asked for.
//
// Mirrors net/ipv4/route.c (fib_multipath_hash), net/ipv6/route.c (rt6_multipath_hash) and include/net/ip_fib.h. *Omitted:* what
// is inside tunnels: policy 2 and the inner fields see the outer packet.

import type { PacketKey } from "./match.ts";

/** FIB_MULTIPATH_HASH_FIELD_* */
export const HASH_SRC_IP = 1;
export const HASH_DST_IP = 1 << 1;
const HASH_IP_PROTO = 1 << 2;
export const HASH_FLOWLABEL = 1 << 3;
const HASH_SRC_PORT = 1 << 4;
const HASH_DST_PORT = 1 << 5;
const HASH_ADDRESSES = HASH_SRC_IP | HASH_DST_IP;
const HASH_TRANSPORT = HASH_IP_PROTO | HASH_SRC_PORT | HASH_DST_PORT;
/** Any of them may be asked for, those of an inner packet too. */
export const HASH_FIELDS_ALL = (1 << 12) - 1;
/** net.ipv{4,6}.fib_multipath_hash_fields of a new namespace. */
export const HASH_FIELDS_DEFAULT = HASH_ADDRESSES | HASH_IP_PROTO;

/** The fields that a policy looks at: 0 addresses, 1 ports too, 2 addresses of an inner packet, 3 those that `fields` names. */
export function hashFieldsOf(policy: number, fields: number): number {
  if (policy === 3) return fields;
  return policy === 1 ? HASH_ADDRESSES | HASH_TRANSPORT : HASH_ADDRESSES;
}

/** Whether packets have to be looked into for them. */
export function looksAtTransport(fields: number): boolean {
  return (fields & HASH_TRANSPORT) !== 0;
}

/** Mixes what `fields` names of the transport header into a hash. */
export function mixTransport(hash: number, fields: number, { dport, protocol, sport }: PacketKey): number {
  let mixed = hash;
  if ((fields & HASH_IP_PROTO) !== 0) mixed = mix(mixed, protocol);
  if ((fields & HASH_SRC_PORT) !== 0) mixed = mix(mixed, sport);
  if ((fields & HASH_DST_PORT) !== 0) mixed = mix(mixed, dport);
  return mixed;
}

/** Mixes 32 bits into a hash. */
export function mix(hash: number, bits: number): number {
  const mixed = Math.imul(hash ^ bits, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** The 31 bits that next hops share among them. */
export function finishHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x9e3779b1);
  return (mixed ^ (mixed >>> 16)) >>> 1;
}
