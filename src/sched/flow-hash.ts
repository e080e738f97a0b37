// Which flow a frame belongs to: a number made of addresses, protocol and ports, and of a secret.
//
// Mirrors net/core/flow_dissector.c (skb_get_hash_perturb) in what it looks at; the mixing is our own (murmur3's finish).

import { getBe16, getBe32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import {
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  isIpv4Fragment,
  isIpv4Header,
} from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6NextHeader, isIpv6Header } from "../wire/ipv6.ts";
import { networkOffset } from "./network-offset.ts";

const portsSize = 4;
/** Words of the two addresses of an IPv6 header. */
const addressWords = 8;

/** A number of 32 bits, the same for all frames of a flow under one `secret`. */
export function flowHash(frame: Frame, secret: number): number {
  const { protocol, at } = networkOffset(frame);
  const { bytes, end } = frame;
  let hash = secret;
  if (protocol === ETH_P_IP && isIpv4Header(bytes, at, end)) {
    hash = stir(stir(hash, ipv4Source(bytes, at)), ipv4Destination(bytes, at));
    const next = ipv4Protocol(bytes, at);
    hash = stir(hash, next);
    if (isIpv4Fragment(bytes, at)) return finish(hash);
    return finish(withPorts(hash, frame, next, at + ipv4HeaderLength(bytes, at)));
  }
  if (protocol === ETH_P_IPV6 && isIpv6Header(bytes, at, end)) {
    for (let word = 0; word < addressWords; word++)
      hash = stir(hash, getBe32(bytes, at + IPV6_SOURCE + 4 * word));
    const next = ipv6NextHeader(bytes, at);
    return finish(withPorts(stir(hash, next), frame, next, at + IPV6_HEADER_SIZE));
  }
  return finish(stir(hash, protocol));
}

function withPorts(hash: number, { bytes, end }: Frame, protocol: number, at: number): number {
  if ((protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) || at + portsSize > end) return hash;
  return stir(hash, (getBe16(bytes, at) << 16) | getBe16(bytes, at + 2));
}

function stir(hash: number, word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  const turned = hash ^ Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  return Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
