// What a dump of routes asks for, checked for both families alike.
//
// Mirrors net/ipv4/fib_frontend.c (ip_valid_fib_dump_req), which net/ipv6/ip6_fib.c uses too, with its errno and texts.

import type { DumpControl, Request } from "../af_netlink/handler.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Policy } from "../netlink/policy.ts";
import { NLM_F_DUMP_FILTERED, NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { readRtmsg } from "./route-msg.ts";

/** What a dump is to hold; 0 and undefined mean any. */
export interface RouteFilter {
  readonly table: number;
  readonly protocol: number;
  readonly type: number;
  readonly dev: Device | undefined;
  /** RTM_F_CLONED, RTM_F_PREFIX */
  readonly flags: number;
  /** Flags of the messages: a request that is checked strictly gets routes or exceptions of them, which is a filter. */
  readonly messageFlags: number;
}

const noFilter: RouteFilter = {
  table: 0,
  protocol: 0,
  type: 0,
  dev: undefined,
  flags: 0,
  messageFlags: NLM_F_MULTI,
};

/** What a request filters by; one that is not checked strictly only by flags, and without saying so in the answer. */
export function routeFilterOf(
  { message, netns, sender }: Request,
  control: DumpControl,
  policy: Policy,
): RouteFilter {
  const isLong = message.bytes.length >= NLMSG_HDRLEN + rt.RTMSG_SIZE;
  if (!sender.isStrict) {
    return isLong
      ? { ...noFilter, flags: readRtmsg(message).flags & (rt.RTM_F_PREFIX | rt.RTM_F_CLONED) }
      : noFilter;
  }
  if (!isLong) throw invalid("Invalid header for FIB dump request");
  const header = readRtmsg(message);
  if (header.destinationLength !== 0 || header.sourceLength !== 0 || header.tos !== 0 || header.scope !== 0) {
    throw invalid("Invalid values in header for FIB dump request");
  }
  if ((header.flags & ~(rt.RTM_F_CLONED | rt.RTM_F_PREFIX)) !== 0) {
    throw invalid("Invalid flags for FIB dump request");
  }
  parseMessage(message, rt.RTMSG_SIZE, policy, "no-unknown");
  let { table } = header;
  let dev: Device | undefined;
  for (const attribute of message.attributes(rt.RTMSG_SIZE)) {
    if (attribute.type === rt.RTA_TABLE) table = attribute.u32();
    else if (attribute.type === rt.RTA_OIF) dev = deviceOf(netns, attribute.u32());
    else throw invalid("Unsupported attribute in dump request");
  }
  const { protocol, type, flags } = header;
  if (table !== 0 || protocol !== 0 || type !== 0 || dev !== undefined || flags !== 0) {
    control.answerFlags |= NLM_F_DUMP_FILTERED;
  }
  return { table, protocol, type, dev, flags, messageFlags: NLM_F_MULTI | NLM_F_DUMP_FILTERED };
}

function deviceOf(netns: Netns, ifindex: number): Device {
  const dev = netns.devices.get(ifindex);
  if (dev === undefined) throw noDevice();
  return dev;
}

/**
 * The tables that are to be dumped, in the order of the 256 lists they stand in. ENOENT for one that is not there, unless
 * all families were asked for.
 */
export function tablesOf<Table extends { readonly id: number }>(
  tables: ReadonlyMap<number, Table>,
  filter: RouteFilter,
  isOwnFamily: boolean,
  text: string,
): readonly Table[] {
  if (filter.table === 0)
    return [...tables.values()].sort((one, other) => (one.id & 0xff) - (other.id & 0xff));
  const table = tables.get(filter.table);
  if (table !== undefined) return [table];
  if (isOwnFamily) throw new NetlinkError("ENOENT", text);
  return [];
}
