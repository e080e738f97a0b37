// The counters of a link, as 64-bit numbers and as the 32-bit ones of old.
//
// Mirrors net/core/rtnetlink.c (rtnl_fill_stats, copy_rtnl_link_stats). The counters are kept in the order of
// rtnl_link_stats64 (net/counters.ts), which is that of rtnl_link_stats as far as that goes.

import { setU32, setU64Number } from "../bytes/endian.ts";
import { COUNTERS } from "../net/counters.ts";
import { readCounter } from "../net/device.ts";
import type { Device } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFLA_STATS, RTNL_LINK_STATS_SIZE, RTNL_LINK_STATS64_SIZE } from "../uapi/if_link.ts";

/** How many counters `struct rtnl_link_stats` has: all but rx_otherhost_dropped. */
const oldCounters = RTNL_LINK_STATS_SIZE / 4;

/** Writes `struct rtnl_link_stats64` as an attribute of type `type`: IFLA_STATS64, IFLA_STATS_LINK_64. */
export function fillStats64(writer: MessageWriter, type: number, dev: Device): void {
  const at = writer.attribute(type, RTNL_LINK_STATS64_SIZE);
  const { bytes } = writer;
  for (let counter = 0; counter < COUNTERS; counter++) {
    const value = readCounter(dev, counter);
    if (value !== 0) setU64Number(bytes, at + 8 * counter, value);
  }
}

/** Writes IFLA_STATS, whose counters wrap at 32 bits. */
export function fillStats(writer: MessageWriter, dev: Device): void {
  const at = writer.attribute(IFLA_STATS, RTNL_LINK_STATS_SIZE);
  const { bytes } = writer;
  for (let counter = 0; counter < oldCounters; counter++) {
    const value = readCounter(dev, counter);
    if (value !== 0) setU32(bytes, at + 4 * counter, value % 0x1_0000_0000);
  }
}
