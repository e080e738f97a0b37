// Answers to ARP and neighbour discovery in the name of a neighbour that somebody knows: what bridges and VXLAN devices
// give in place of the neighbour itself.
//
// Mirrors net/ipv4/arp.c (arp_create), net/bridge/br_arp_nd_proxy.c (br_nd_send) and drivers/net/vxlan/vxlan_core.c
// (vxlan_na_create); RFC 826, RFC 4861.

import { readMac } from "../bytes/mac.ts";
import type { Neighbour } from "../inet/neigh/neighbour.ts";
import { ethHeader } from "../net/ethernet.ts";
import type { Frame } from "../net/netdevice.ts";
import { ARPOP_REPLY } from "../uapi/if_arp.ts";
import { ETH_HLEN, ETH_P_ARP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import * as arp from "../wire/arp.ts";
import * as icmpv6 from "../wire/icmpv6.ts";
import * as ip6 from "../wire/ipv6.ts";
import * as nd from "../wire/nd.ts";
import * as option from "../wire/nd-option.ts";

/** A message of neighbour discovery that counts is at least as long as an IPv6 header and one without options. */
export const LEAST_ND = ip6.IPV6_HEADER_SIZE + nd.ND_NEIGHBOUR_SIZE;

/**
 * The reply to the ARP request at `at`, from its link header on, of the caller; null without memory. The request must be whole.
 */
export function answerArp(request: Frame, at: number, neigh: Neighbour): Frame | null {
  const { bytes } = request;
  const reply = neigh.dev.machine.frames.alloc(arp.ARP_SIZE);
  if (reply === null) return null;
  const asker = arp.arpSenderMac(bytes, at);
  reply.end = reply.start + arp.ARP_SIZE;
  reply.networkHeader = reply.start;
  arp.emitArp(reply.bytes, reply.start, {
    operation: ARPOP_REPLY,
    senderMac: neigh.lladdr,
    senderIp: arp.arpTargetIp(bytes, at),
    targetMac: asker,
    targetIp: arp.arpSenderIp(bytes, at),
  });
  ethHeader(reply, ETH_P_ARP, neigh.lladdr, asker);
  return reply;
}

/**
 * The advertisement that answers the solicitation whose IPv6 header is at `start`, behind its link header, for the address it
 * says it is from; of the caller, null without memory or where options are broken. The request has LEAST_ND bytes.
 */
export function answerNd(request: Frame, start: number, neigh: Neighbour, isRouter: boolean): Frame | null {
  const { bytes, end } = request;
  const asked = start + ip6.IPV6_HEADER_SIZE;
  let asker = readMac(bytes, start - ETH_HLEN + 6);
  for (let at = asked + nd.ND_NEIGHBOUR_SIZE; at + 1 < end; ) {
    const size = (bytes[at + 1] ?? 0) * 8;
    if (size === 0 || at + size > end) return null;
    if (bytes[at] === option.ND_OPT_SOURCE_LL_ADDR) {
      asker = readMac(bytes, at + 2);
      break;
    }
    at += size;
  }
  const size = nd.ND_NEIGHBOUR_SIZE + option.ND_OPT_LL_ADDR_SIZE;
  const reply = neigh.dev.machine.frames.alloc(ip6.IPV6_HEADER_SIZE + size);
  if (reply === null) return null;
  const { bytes: out, start: header } = reply;
  reply.end = header + ip6.IPV6_HEADER_SIZE + size;
  reply.networkHeader = header;
  ip6.emitIpv6(out, header, {
    trafficClass: ((bytes[start] ?? 0) & 0xf) << 4,
    payloadLength: size,
    nextHeader: IPPROTO_ICMPV6,
    hopLimit: nd.ND_HOP_LIMIT,
    source: nd.ndTarget(bytes, asked),
    destination: ip6.ipv6Source(bytes, start),
  });
  const at = header + ip6.IPV6_HEADER_SIZE;
  const options = nd.emitNeighbourTarget(out, at, nd.ndTarget(bytes, asked));
  option.emitNdLinkLayerAddress(out, options, option.ND_OPT_TARGET_LL_ADDR, neigh.lladdr);
  const flags = nd.NA_SOLICITED + nd.NA_OVERRIDE + (isRouter ? nd.NA_ROUTER : 0);
  icmpv6.writeIcmpv6(out, at, reply.end, header, nd.ND_NEIGHBOUR_ADVERTISEMENT, 0, flags);
  ethHeader(reply, ETH_P_IPV6, neigh.lladdr, asker);
  return reply;
}
