// RTM_GETSTATS: the counters of one link or of all, in the groups that a filter mask asks for.
//
// Mirrors net/core/rtnetlink.c (rtnl_valid_stats_req, rtnl_stats_get_parse, rtnl_stats_get, rtnl_stats_dump,
// rtnl_fill_statsinfo) with their texts. Omitted: RTM_SETSTATS; of what hardware counts, only that there is none is
// told; no kind and no address family has counters of its own.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getU8, getU16, getU32, setS32, setU32 } from "../bytes/endian.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import { nested, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as link from "../uapi/if_link.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWSTATS } from "../uapi/rtnetlink.ts";
import { fillStats64 } from "./fill-stats.ts";

/** Every attribute of IFLA_STATS_LINK_OFFLOAD_XSTATS. */
const offloadMask = (1 << (link.IFLA_OFFLOAD_XSTATS_MAX + 1)) - 1;

/** rtnl_stats_get_policy_filters */
const filterPolicy = policy(link.IFLA_STATS_MAX, {
  [link.IFLA_STATS_LINK_OFFLOAD_XSTATS]: u32("linkOffloadXstats", { mask: offloadMask }),
});

/** rtnl_stats_get_policy */
const statsPolicy = policy(link.IFLA_STATS_GETSET_MAX, {
  [link.IFLA_STATS_GET_FILTERS]: nested("filters", filterPolicy),
});

/** What a request wants to know. */
interface Wanted {
  /** A bit for each IFLA_STATS_* (filterBit). */
  readonly mask: number;
  /** The same for what is inside IFLA_STATS_LINK_OFFLOAD_XSTATS. */
  readonly offloadMask: number;
}

/** The bit of `filter_mask` that asks for an attribute (IFLA_STATS_FILTER_BIT). */
function filterBit(type: number): number {
  return 1 << (type - 1);
}

/** Answers RTM_GETSTATS for one link. */
export function getStats(request: Request): void {
  const { message, sender, origin } = request;
  const ifindex = checkHeader(message, sender.isStrict, false);
  if (ifindex === 0) throw new NetlinkError("EINVAL");
  const dev = deviceByIndex(request.netns, ifindex);
  if (dev === undefined) throw noDevice();
  const wanted = parse(message, "Filter mask must be set for stats get");
  request.reply((writer) => fillMessage(writer, dev, wanted, 0, origin.seq, origin.portId));
}

/** Dumps the counters of every link. */
export function* dumpStats(request: Request, control: DumpControl): Dump {
  const { message, sender, origin, netns } = request;
  checkHeader(message, sender.isStrict, true);
  const wanted = parse(message, "Filter mask must be set for stats dump");
  control.generation = () => netns.generation;
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || dev.registration !== "registered") continue;
    fillMessage(control.writer, dev, wanted, NLM_F_MULTI, origin.seq, origin.portId);
    yield;
  }
}

/** Checks `struct if_stats_msg` (rtnl_valid_stats_req); the ifindex in it. */
function checkHeader({ bytes, payloadLength }: Message, isStrict: boolean, isDump: boolean): number {
  if (payloadLength < link.IF_STATS_MSG_SIZE) throw invalid("Invalid header for stats dump");
  const ifindex = getU32(bytes, NLMSG_HDRLEN + link.IF_STATS_MSG_IFINDEX);
  if (!isStrict) return ifindex;
  const padding = getU8(bytes, NLMSG_HDRLEN + 1) | getU16(bytes, NLMSG_HDRLEN + 2);
  if (padding !== 0 || (isDump && ifindex !== 0))
    throw invalid("Invalid values in header for stats dump request");
  const mask = getU32(bytes, NLMSG_HDRLEN + link.IF_STATS_MSG_FILTER_MASK);
  if (mask >= filterBit(link.IFLA_STATS_MAX + 1))
    throw invalid("Invalid stats requested through filter mask");
  return ifindex;
}

/** Reads the filters (rtnl_stats_get_parse); `refusal` is what a request that asks for nothing is told. */
function parse(message: Message, refusal: string): Wanted {
  const mask = getU32(message.bytes, NLMSG_HDRLEN + link.IF_STATS_MSG_FILTER_MASK);
  if (mask === 0) throw invalid(refusal);
  const { filters } = parseMessage(message, link.IF_STATS_MSG_SIZE, statsPolicy, "strict");
  const { linkOffloadXstats } = filters === undefined ? {} : parseNested(filters, filterPolicy, "strict");
  if (linkOffloadXstats !== undefined && (mask & filterBit(link.IFLA_STATS_LINK_OFFLOAD_XSTATS)) === 0) {
    throw invalid("Filtered attribute not enabled in filter_mask");
  }
  return { mask, offloadMask: linkOffloadXstats ?? offloadMask };
}

/** Writes RTM_NEWSTATS (rtnl_fill_statsinfo). */
function fillMessage(
  writer: MessageWriter,
  dev: Device,
  wanted: Wanted,
  flags: number,
  seq: number,
  portId: number,
): void {
  writer.begin(RTM_NEWSTATS, flags, seq, portId);
  const at = writer.reserve(link.IF_STATS_MSG_SIZE);
  setS32(writer.bytes, at + link.IF_STATS_MSG_IFINDEX, dev.ifindex);
  setU32(writer.bytes, at + link.IF_STATS_MSG_FILTER_MASK, wanted.mask);
  if ((wanted.mask & filterBit(link.IFLA_STATS_LINK_64)) !== 0)
    fillStats64(writer, link.IFLA_STATS_LINK_64, dev);
  if ((wanted.mask & filterBit(link.IFLA_STATS_LINK_XSTATS)) !== 0) {
    fillXstats(writer, link.IFLA_STATS_LINK_XSTATS, dev, dev);
  }
  if ((wanted.mask & filterBit(link.IFLA_STATS_LINK_XSTATS_SLAVE)) !== 0 && dev.master !== null) {
    fillXstats(writer, link.IFLA_STATS_LINK_XSTATS_SLAVE, dev.master, dev);
  }
  if ((wanted.mask & filterBit(link.IFLA_STATS_LINK_OFFLOAD_XSTATS)) !== 0)
    fillOffload(writer, wanted.offloadMask);
  if ((wanted.mask & filterBit(link.IFLA_STATS_AF_SPEC)) !== 0) writer.flag(link.IFLA_STATS_AF_SPEC);
  writer.end();
}

/** Writes what the kind of `dev` has counted of `target`, itself or a port of it. */
function fillXstats(writer: MessageWriter, type: number, dev: Device, target: Device): void {
  if (dev.linkOps?.fillXstats === undefined) return;
  const nest = writer.nest(type);
  dev.linkOps.fillXstats(dev, target, writer);
  writer.endNest(nest);
}

/** Says that hardware counts nothing: nobody has asked it to, and it does not (rtnl_offload_xstats_fill). */
function fillOffload(writer: MessageWriter, mask: number): void {
  if ((mask & filterBit(link.IFLA_OFFLOAD_XSTATS_HW_S_INFO)) === 0) return;
  const nest = writer.nest(link.IFLA_STATS_LINK_OFFLOAD_XSTATS);
  const info = writer.nestFlagged(link.IFLA_OFFLOAD_XSTATS_HW_S_INFO);
  const l3 = writer.nestFlagged(link.IFLA_OFFLOAD_XSTATS_L3_STATS);
  writer.u8(link.IFLA_OFFLOAD_XSTATS_HW_S_INFO_REQUEST, 0);
  writer.u8(link.IFLA_OFFLOAD_XSTATS_HW_S_INFO_USED, 0);
  writer.endNest(l3).endNest(info).endNest(nest);
}
