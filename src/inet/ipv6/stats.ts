// Counters of a device's IPv6.
//
// Mirrors include/net/ipv6.h (IP6_INC_STATS, IP6_UPD_PO_STATS) and include/net/addrconf.h's ICMP6 counterparts. Omitted:
// counters of a whole namespace, those of single ICMP types.

import type { Device } from "../../net/netdevice.ts";
import { In6Device } from "./device.ts";

/** Adds to a counter of IFLA_INET6_STATS, IPSTATS_MIB_*. */
export function countIp6(dev: Device, index: number, amount = 1): void {
  const slot = dev.ip6;
  if (!(slot instanceof In6Device)) return;
  slot.stats[index] = (slot.stats[index] ?? 0) + amount;
}

/** Adds one to a counter of IFLA_INET6_ICMP6STATS, ICMP6_MIB_*. */
export function countIcmp6(dev: Device, index: number): void {
  const slot = dev.ip6;
  if (!(slot instanceof In6Device)) return;
  slot.icmpStats[index] = (slot.icmpStats[index] ?? 0) + 1;
}
