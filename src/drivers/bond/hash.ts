// What frames are spread by: the same conversation has the same number.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_xmit_hash, bond_vlan_srcmac_hash, bond_ip_hash) and the documentation of
// xmit_hash_policy (Documentation/networking/bonding.rst). Differs: encap2+3 and encap3+4 look into IP in IP only, not into
// GRE and the other tunnels that Linux' flow dissector knows.

import { getBe16, getU32 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import type { Bond } from "./state.ts";

const IPPROTO_IPIP = 4;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
/** Offset of a fragment, or that more follow: the ports may be elsewhere. */
const fragmentBits = 0x3fff;
const ipv4Size = 20;
const ipv6Size = 40;
/** Tunnels in tunnels beyond which nobody looks. */
const tunnelLimit = 4;

/** The number of a frame whose `start` is at its MAC header, as a 32-bit number. */
export function hashOf(frame: Frame, { state }: Bond): number {
  const { bytes, start, end } = frame;
  const policy = state.params.hashPolicy;
  if (policy === bonding.BOND_XMIT_POLICY_VLAN_SRCMAC) return vlanSourceHash(frame);
  const protocol = getBe16(bytes, start + 12);
  const ether = (bytes[start + 5] ?? 0) ^ (bytes[start + 11] ?? 0) ^ protocol;
  if (policy === bonding.BOND_XMIT_POLICY_LAYER2) return ether;
  const isEncapsulated =
    policy === bonding.BOND_XMIT_POLICY_ENCAP23 || policy === bonding.BOND_XMIT_POLICY_ENCAP34;
  const usesPorts =
    policy === bonding.BOND_XMIT_POLICY_LAYER34 || policy === bonding.BOND_XMIT_POLICY_ENCAP34;
  let at = start + ETH_HLEN;
  let family = protocol;
  for (let depth = 0; isEncapsulated && depth < tunnelLimit && hasHeader(at, end, family); depth++) {
    const inner = nextProtocol(bytes, at, family);
    if (inner !== IPPROTO_IPIP && inner !== IPPROTO_IPV6) break;
    at += headerSize(bytes, at, family);
    family = inner === IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6;
  }
  if (!hasHeader(at, end, family)) return ether;
  let hash = usesPorts ? portsOf(bytes, at, end, family) : ether;
  const from = family === ETH_P_IP ? at + 12 : at + 8;
  const to = family === ETH_P_IP ? at + ipv4Size : at + ipv6Size;
  for (let word = from; word < to; word += 4) hash ^= getU32(bytes, word);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return (usesPorts ? hash >>> 1 : hash) >>> 0;
}

function vlanSourceHash({ bytes, start, vlanTci }: Frame): number {
  const vendor = ((bytes[start + 6] ?? 0) << 16) | ((bytes[start + 7] ?? 0) << 8) | (bytes[start + 8] ?? 0);
  const device = ((bytes[start + 9] ?? 0) << 16) | ((bytes[start + 10] ?? 0) << 8) | (bytes[start + 11] ?? 0);
  return ((vlanTci & 0xfff) ^ vendor ^ device) >>> 0;
}

/** Whether a whole header of IP stands there. */
function hasHeader(at: number, end: number, family: number): boolean {
  if (family === ETH_P_IP) return end - at >= ipv4Size;
  return family === ETH_P_IPV6 && end - at >= ipv6Size;
}

function nextProtocol(bytes: Uint8Array, at: number, family: number): number {
  return bytes[at + (family === ETH_P_IP ? 9 : 6)] ?? 0;
}

function headerSize(bytes: Uint8Array, at: number, family: number): number {
  return family === ETH_P_IP ? ((bytes[at] ?? 0) & 0xf) * 4 : ipv6Size;
}

/** Both ports as one word; 0 for fragments and protocols without. */
function portsOf(bytes: Uint8Array, at: number, end: number, family: number): number {
  if (family === ETH_P_IP && (getBe16(bytes, at + 6) & fragmentBits) !== 0) return 0;
  const next = nextProtocol(bytes, at, family);
  if (next !== IPPROTO_TCP && next !== IPPROTO_UDP) return 0;
  const ports = at + headerSize(bytes, at, family);
  return end - ports >= 4 ? getU32(bytes, ports) : 0;
}
