// The entry of a next hop in the neighbour discovery table: found, or made as what kind of address it is asks for.
//
// Mirrors net/ipv6/ndisc.c (ndisc_constructor).

import { ipv6MulticastMac, isIpv6Multicast } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_NOARP, IFF_POINTOPOINT } from "../../uapi/if.ts";
import { NUD_NOARP } from "../../uapi/neighbour.ts";
import { RTN_LOCAL, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import { createNeighbour } from "../neigh/table.ts";
import type { IpNetns } from "../netns.ts";
import { in6Device } from "../slots.ts";
import { In6Device } from "./device.ts";

/** The entry for the address at `bytes[offset]` on `dev`, undefined when there is none. */
export function findNeighbour6(dev: Device, bytes: Uint8Array, offset: number): Neighbour | undefined {
  return dev.ip6 instanceof In6Device ? dev.ip6.neighbours.get(bytes, offset) : undefined;
}

/** The entry for the address at `bytes[offset]` on `dev`, made if need be; null when there is no room or no IPv6. */
export function neighbour6For(ip: IpNetns, dev: Device, bytes: Uint8Array, offset: number): Neighbour | null {
  return (
    findNeighbour6(dev, bytes, offset) ?? makeNeighbour6(ip, dev, bytes.slice(offset, offset + 16), false)
  );
}

/** Makes the entry for `address`, which must not change, where there is none; `isGcExempt` for those that stay. */
export function makeNeighbour6(
  ip: IpNetns,
  dev: Device,
  address: Uint8Array,
  isGcExempt: boolean,
): Neighbour | null {
  const in6Dev = in6Device(dev);
  if (in6Dev === null) return null;
  const neigh = createNeighbour(ip.inet.nd, dev, in6Dev.parms, 0, address, isGcExempt);
  if (neigh === null) return null;
  in6Dev.neighbours.set(address, neigh);
  if (isIpv6Multicast(address)) {
    neigh.type = RTN_MULTICAST;
    neigh.lladdr = ipv6MulticastMac(address);
  } else if ((dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) {
    if ((dev.flags & IFF_LOOPBACK) !== 0) neigh.type = RTN_LOCAL;
    neigh.lladdr = dev.address;
  } else if ((dev.flags & IFF_POINTOPOINT) !== 0) {
    neigh.lladdr = dev.broadcast;
  } else {
    return neigh;
  }
  neigh.state = NUD_NOARP;
  return neigh;
}
