// What an address is to this host: its own, a broadcast, a group, or somebody else's.
//
// Mirrors net/ipv4/fib_frontend.c (__inet_dev_addr_type and what is built on it).

import { isIpv4LimitedBroadcast, isIpv4Multicast, isIpv4ZeroNet } from "../../bytes/ipv4.ts";
import type { Device } from "../../net/netdevice.ts";
import { RTN_BROADCAST, RTN_MULTICAST, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import { l3mdevTable } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { FibResult, FibTable, Flow4 } from "./fib.ts";
import { fibTableLookup } from "./fib-lookup.ts";

/** RTN_* of `address` in `table`, the local one by default; with `dev` only if it is that device's (inet_dev_addr_type). */
export function addressType(
  ip: IpNetns,
  address: number,
  dev: Device | null = null,
  table: FibTable = ip.local,
): number {
  if (isIpv4ZeroNet(address) || isIpv4LimitedBroadcast(address)) return RTN_BROADCAST;
  if (isIpv4Multicast(address)) return RTN_MULTICAST;
  // Until the local table has had its first route, Linux has none and takes every address for a broadcast.
  if (table === ip.local && !ip.hasLocalTable) return RTN_BROADCAST;
  const flow = new Flow4();
  const result = new FibResult();
  flow.destination = address;
  if (!fibTableLookup(ip, table, flow, result)) return RTN_UNICAST;
  return dev === null || result.nexthop?.dev === dev ? result.type : RTN_UNICAST;
}

/** As addressType, by the table of the VRF that `dev` is a port of, or by the local one (inet_addr_type_dev_table). */
export function addressTypeBy(ip: IpNetns, address: number, dev: Device): number {
  const id = l3mdevTable(dev);
  if (id === 0) return addressType(ip, address);
  // A VRF's table is there from the start, without routes.
  const table = ip.tables.get(id) ?? empty;
  return addressType(ip, address, null, table);
}

const empty = new FibTable(0);
