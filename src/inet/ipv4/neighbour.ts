// The entry of a next hop in the ARP table: found, or made as what kind of address it is asks for.
//
// Mirrors net/ipv4/arp.c (arp_constructor, arp_invalidate) and include/net/arp.h (__ipv4_neigh_lookup).

import { ipv4MulticastMac } from "../../bytes/ipv4.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_NOARP, IFF_POINTOPOINT } from "../../uapi/if.ts";
import { NUD_FAILED, NUD_NOARP } from "../../uapi/neighbour.ts";
import { RTN_BROADCAST, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import { createNeighbour, removeNeighbour } from "../neigh/table.ts";
import { neighUpdate } from "../neigh/update.ts";
import type { IpNetns } from "../netns.ts";
import { inDevice } from "../slots.ts";
import { addressTypeBy } from "./address-type.ts";
import { InDevice } from "./device.ts";

/** Devices on which there is only one next hop, whatever the address. */
const singleHop = IFF_LOOPBACK | IFF_POINTOPOINT;

/** The entry for `address` on `dev`, undefined when there is none. */
export function findNeighbour(dev: Device, address: number): Neighbour | undefined {
  if (!(dev.ip instanceof InDevice)) return undefined;
  return dev.ip.neighbours.get((dev.flags & singleHop) !== 0 ? 0 : address | 0);
}

/** The entry whose key is `address`, which is 0.0.0.0 on a device with one next hop (neigh_lookup). */
export function lookupNeighbour(dev: Device, address: number): Neighbour | undefined {
  return dev.ip instanceof InDevice ? dev.ip.neighbours.get(address | 0) : undefined;
}

/** The entry for `address` on `dev`, made if need be; null when the table is full or the device has no IPv4. */
export function neighbourFor(ip: IpNetns, dev: Device, address: number): Neighbour | null {
  return findNeighbour(dev, address) ?? makeNeighbour(ip, dev, address, false);
}

/** Drops the entry whose key is `address`, unless it says where that is: the address is about to become a broadcast (arp_invalidate). */
export function invalidateNeighbour(dev: Device, address: number): void {
  const neigh = lookupNeighbour(dev, address);
  if (neigh === undefined || (neigh.state & NUD_VALID) !== 0) return;
  neighUpdate(neigh, { state: NUD_FAILED, overrides: true, isAdmin: true });
  removeNeighbour(neigh);
}

/** Makes the entry for `address` on `dev`, where there is none, or finds the one for all addresses of a device with one next hop; `isGcExempt` for those that stay. */
export function makeNeighbour(
  ip: IpNetns,
  dev: Device,
  address: number,
  isGcExempt: boolean,
): Neighbour | null {
  const inDev = inDevice(dev);
  if (inDev === null) return null;
  const key = (dev.flags & singleHop) !== 0 ? 0 : address | 0;
  const known = inDev.neighbours.get(key);
  if (known !== undefined) return known;
  const neigh = createNeighbour(ip.inet.arp, dev, inDev.parms, key, null, isGcExempt);
  if (neigh === null) return null;
  inDev.neighbours.set(key, neigh);
  neigh.type = addressTypeBy(ip, key, dev);
  if (neigh.type === RTN_MULTICAST) {
    neigh.lladdr = ipv4MulticastMac(key);
  } else if ((dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) {
    neigh.lladdr = dev.address;
  } else if (neigh.type === RTN_BROADCAST || (dev.flags & IFF_POINTOPOINT) !== 0) {
    neigh.lladdr = dev.broadcast;
  } else {
    return neigh;
  }
  neigh.state = NUD_NOARP;
  return neigh;
}
