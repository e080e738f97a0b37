// What the two neighbour tables differ in, seen from a request: how an address is written, and where its entry is.
//
// Mirrors net/core/neighbour.c (neigh_find_table, neigh_lookup, ___neigh_create, pneigh_lookup).

import { getBe32, setBe32 } from "../bytes/endian.ts";
import { lookupNeighbour, makeNeighbour } from "../inet/ipv4/neighbour.ts";
import { findNeighbour6, makeNeighbour6 } from "../inet/ipv6/neighbour.ts";
import type { Neighbour, NeighTable, ProxyNeighbour } from "../inet/neigh/neighbour.ts";
import type { IpNetns } from "../inet/netns.ts";
import { in6Device } from "../inet/slots.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import { DEVCONF_DISABLE_IPV6 } from "../uapi/ipv6.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

/** One table as requests see it. Keys are addresses in network order. */
export interface NeighFamily {
  readonly family: number;
  /** Bytes of a key. */
  readonly keyLength: number;
  table(ip: IpNetns): NeighTable;
  /** Throws where the device takes no entry (neigh_table.allow_add). */
  checkDevice(dev: Device): void;
  find(dev: Device, key: Uint8Array): Neighbour | undefined;
  /** Makes an entry that is not there; null when there is no room. */
  make(ip: IpNetns, dev: Device, key: Uint8Array, isGcExempt: boolean): Neighbour | null;
  /** The key of an entry or a proxy. */
  keyOf(entry: Neighbour | ProxyNeighbour): Uint8Array;
  proxies(ip: IpNetns): ProxyNeighbour[];
  makeProxy(ip: IpNetns, dev: Device | null, key: Uint8Array): ProxyNeighbour;
  /** Takes a proxy off its list. */
  dropProxy(ip: IpNetns, proxy: ProxyNeighbour): void;
}

/** ARP's. */
export const arpFamily: NeighFamily = {
  family: AF_INET,
  keyLength: 4,
  table: (ip) => ip.inet.arp,
  checkDevice: () => {},
  find: (dev, key) => lookupNeighbour(dev, getBe32(key, 0)),
  make: (ip, dev, key, isGcExempt) => makeNeighbour(ip, dev, getBe32(key, 0), isGcExempt),
  keyOf: ({ address }) => {
    const key = new Uint8Array(4);
    setBe32(key, 0, address);
    return key;
  },
  proxies: (ip) => ip.proxies4,
  makeProxy(ip, dev, key) {
    const proxy = { dev, address: getBe32(key, 0), key: null, flags: 0, protocol: 0 };
    ip.proxies4.push(proxy);
    return proxy;
  },
  dropProxy(ip, proxy) {
    ip.proxies4.splice(ip.proxies4.indexOf(proxy), 1);
  },
};

/** Neighbour discovery's. */
export const ndFamily: NeighFamily = {
  family: AF_INET6,
  keyLength: 16,
  table: (ip) => ip.inet.nd,
  checkDevice(dev) {
    const isEnabled = in6Device(dev)?.conf.get(DEVCONF_DISABLE_IPV6) === 0;
    if (!isEnabled) throw invalid("IPv6 is disabled on this device");
  },
  find: (dev, key) => findNeighbour6(dev, key, 0),
  make: (ip, dev, key, isGcExempt) => makeNeighbour6(ip, dev, key, isGcExempt),
  keyOf: ({ key }) => key ?? new Uint8Array(16),
  proxies: (ip) => ip.proxies6,
  makeProxy(ip, dev, key) {
    const proxy = { dev, address: 0, key, flags: 0, protocol: 0 };
    ip.proxies6.push(proxy);
    return proxy;
  },
  dropProxy(ip, proxy) {
    ip.proxies6.splice(ip.proxies6.indexOf(proxy), 1);
  },
};

/** The proxy for exactly this address on exactly this device, null for all. */
export function findProxy(
  { keyOf, proxies }: NeighFamily,
  ip: IpNetns,
  dev: Device | null,
  key: Uint8Array,
): ProxyNeighbour | undefined {
  return proxies(ip).find(
    (proxy) => proxy.dev === dev && keyOf(proxy).every((byte, index) => byte === key[index]),
  );
}
