// What hosts find each other by: ARP, and solicitations and advertisements of neighbour discovery.
//
// Mirrors include/net/bonding.h (bond_is_icmpv6_nd) and drivers/net/bonding/bond_main.c (bond_should_broadcast_neighbor).

import type { Frame } from "../../net/netdevice.ts";
import { ETH_HLEN, ETH_P_ARP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { ICMPV6_SIZE, icmpv6Type } from "../../wire/icmpv6.ts";
import { IPV6_HEADER_SIZE, ipv6NextHeader } from "../../wire/ipv6.ts";
import { ND_NEIGHBOUR_ADVERTISEMENT, ND_NEIGHBOUR_SOLICITATION } from "../../wire/nd.ts";

/** Whether a frame, whose `start` is at its MAC header, is ARP or neighbour discovery. */
export function isOfNeighbours(frame: Frame): boolean {
  return frame.protocol === ETH_P_ARP || (frame.protocol === ETH_P_IPV6 && isNeighbourDiscovery(frame));
}

/** Whether a frame of IPv6 asks for a neighbour or answers. */
export function isNeighbourDiscovery({ bytes, start, end }: Frame): boolean {
  const header = start + ETH_HLEN;
  const at = header + IPV6_HEADER_SIZE;
  if (end - at < ICMPV6_SIZE || ipv6NextHeader(bytes, header) !== IPPROTO_ICMPV6) return false;
  const type = icmpv6Type(bytes, at);
  return type === ND_NEIGHBOUR_SOLICITATION || type === ND_NEIGHBOUR_ADVERTISEMENT;
}
