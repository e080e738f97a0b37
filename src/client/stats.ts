// Counters of links: struct rtnl_link_stats64 as it comes in IFLA_STATS64, and RTM_GETSTATS, which asks for counters alone.
//
// Mirrors <linux/if_link.h> (struct rtnl_link_stats64, struct if_stats_msg) and rtnl_stats_get, rtnl_stats_dump
// (net/core/rtnetlink.c). *Omitted:* the extended counters of kinds and of offloads.

import { assert } from "../bytes/assert.ts";
import { getU32, getU64Number, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as uapi from "../uapi/if_link.ts";
import { RTM_GETSTATS } from "../uapi/rtnetlink.ts";
import { onlyMessage } from "./answer.ts";

/** The counters of a link; one that the kernel does not send is 0. */
export interface LinkStats {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly rxDropped: number;
  readonly txDropped: number;
  readonly multicast: number;
  readonly collisions: number;
  readonly rxLengthErrors: number;
  readonly rxOverErrors: number;
  readonly rxCrcErrors: number;
  readonly rxFrameErrors: number;
  readonly rxFifoErrors: number;
  readonly rxMissedErrors: number;
  readonly txAbortedErrors: number;
  readonly txCarrierErrors: number;
  readonly txFifoErrors: number;
  readonly txHeartbeatErrors: number;
  readonly txWindowErrors: number;
  readonly rxCompressed: number;
  readonly txCompressed: number;
  readonly rxNohandler: number;
  readonly rxOtherhostDropped: number;
}

/** Reads struct rtnl_link_stats64 as far as it goes. */
export function parseLinkStats(attribute: Attribute): LinkStats {
  const { bytes, start, end } = attribute;
  const counter = (offset: number): number =>
    start + offset + 8 <= end ? getU64Number(bytes, start + offset) : 0;
  return {
    rxPackets: counter(uapi.RTNL_LINK_STATS64_RX_PACKETS),
    txPackets: counter(uapi.RTNL_LINK_STATS64_TX_PACKETS),
    rxBytes: counter(uapi.RTNL_LINK_STATS64_RX_BYTES),
    txBytes: counter(uapi.RTNL_LINK_STATS64_TX_BYTES),
    rxErrors: counter(uapi.RTNL_LINK_STATS64_RX_ERRORS),
    txErrors: counter(uapi.RTNL_LINK_STATS64_TX_ERRORS),
    rxDropped: counter(uapi.RTNL_LINK_STATS64_RX_DROPPED),
    txDropped: counter(uapi.RTNL_LINK_STATS64_TX_DROPPED),
    multicast: counter(uapi.RTNL_LINK_STATS64_MULTICAST),
    collisions: counter(uapi.RTNL_LINK_STATS64_COLLISIONS),
    rxLengthErrors: counter(uapi.RTNL_LINK_STATS64_RX_LENGTH_ERRORS),
    rxOverErrors: counter(uapi.RTNL_LINK_STATS64_RX_OVER_ERRORS),
    rxCrcErrors: counter(uapi.RTNL_LINK_STATS64_RX_CRC_ERRORS),
    rxFrameErrors: counter(uapi.RTNL_LINK_STATS64_RX_FRAME_ERRORS),
    rxFifoErrors: counter(uapi.RTNL_LINK_STATS64_RX_FIFO_ERRORS),
    rxMissedErrors: counter(uapi.RTNL_LINK_STATS64_RX_MISSED_ERRORS),
    txAbortedErrors: counter(uapi.RTNL_LINK_STATS64_TX_ABORTED_ERRORS),
    txCarrierErrors: counter(uapi.RTNL_LINK_STATS64_TX_CARRIER_ERRORS),
    txFifoErrors: counter(uapi.RTNL_LINK_STATS64_TX_FIFO_ERRORS),
    txHeartbeatErrors: counter(uapi.RTNL_LINK_STATS64_TX_HEARTBEAT_ERRORS),
    txWindowErrors: counter(uapi.RTNL_LINK_STATS64_TX_WINDOW_ERRORS),
    rxCompressed: counter(uapi.RTNL_LINK_STATS64_RX_COMPRESSED),
    txCompressed: counter(uapi.RTNL_LINK_STATS64_TX_COMPRESSED),
    rxNohandler: counter(uapi.RTNL_LINK_STATS64_RX_NOHANDLER),
    rxOtherhostDropped: counter(uapi.RTNL_LINK_STATS64_RX_OTHERHOST_DROPPED),
  };
}

/** Asks for the counters of one link (RTM_GETSTATS); NetlinkError ENODEV if it is not there. */
export async function getStats(client: NetlinkClient, ifindex: number): Promise<LinkStats> {
  const answer = await client.request(RTM_GETSTATS, 0, (writer) => writeStatsHeader(writer, ifindex));
  return parseStats(onlyMessage(answer)).stats;
}

/** Asks for the counters of all links, by ifindex. */
export async function dumpStats(client: NetlinkClient): Promise<Map<number, LinkStats>> {
  const answer = await client.dump(RTM_GETSTATS, (writer) => writeStatsHeader(writer, 0));
  return new Map(answer.messages.map(parseStats).map(({ ifindex, stats }) => [ifindex, stats]));
}

function writeStatsHeader(writer: MessageWriter, ifindex: number): void {
  const header = writer.reserve(uapi.IF_STATS_MSG_SIZE);
  setU32(writer.bytes, header + uapi.IF_STATS_MSG_IFINDEX, ifindex);
  setU32(writer.bytes, header + uapi.IF_STATS_MSG_FILTER_MASK, 1 << (uapi.IFLA_STATS_LINK_64 - 1));
}

function parseStats(message: Message): { ifindex: number; stats: LinkStats } {
  const counters = message.attribute(uapi.IFLA_STATS_LINK_64, uapi.IF_STATS_MSG_SIZE);
  assert(counters !== undefined, "an RTM_NEWSTATS has the counters that were asked for");
  return {
    ifindex: getU32(message.bytes, NLMSG_HDRLEN + uapi.IF_STATS_MSG_IFINDEX),
    stats: parseLinkStats(counters),
  };
}
