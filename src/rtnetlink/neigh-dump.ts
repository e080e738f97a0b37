// RTM_GETNEIGH with NLM_F_DUMP: the neighbours, or the proxies, of one family or of all.
//
// Mirrors net/core/neighbour.c (neigh_valid_dump_req, neigh_dump_info, neigh_dump_table, pneigh_dump_table) with their
// texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as nd from "../uapi/neighbour.ts";
import { NLM_F_DUMP_FILTERED, NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWNEIGH } from "../uapi/rtnetlink.ts";
import { AF_UNSPEC } from "../uapi/socket.ts";
import type { NeighFamily } from "./neigh-family.ts";
import { fillNeigh, fillProxy, neighPolicy, readNdmsg } from "./neigh-fill.ts";

/** NDA_MASTER of a request for entries on devices that have none. */
const noMaster = 0xffff_ffff;

/** Which entries are wanted; 0: of any device, of any master. */
interface NeighFilter {
  readonly ifindex: number;
  readonly master: number;
}

/** Dumps what the request asks for. */
export function* dumpNeighs(families: readonly NeighFamily[], request: Request, control: DumpControl): Dump {
  const filter = filterOf(request);
  const { bytes } = request.message;
  const wanted = bytes[NLMSG_HDRLEN] ?? AF_UNSPEC;
  const isLong = bytes.length >= NLMSG_HDRLEN + nd.NDMSG_SIZE;
  const isProxy = isLong && readNdmsg(request.message).flags === nd.NTF_PROXY;
  for (const family of families) {
    if (wanted !== AF_UNSPEC && wanted !== family.family) continue;
    yield* isProxy
      ? dumpProxies(family, request, control, filter)
      : dumpTable(family, request, control, filter);
  }
}

function* dumpTable(family: NeighFamily, request: Request, control: DumpControl, filter: NeighFilter): Dump {
  for (const neigh of family.table(ipNetns(request.netns)).entries) {
    if (neigh.dev.netns !== request.netns || !passes(neigh.dev, filter)) continue;
    begin(request, control, filter);
    fillNeigh(control.writer, family, neigh, 0);
    control.writer.end();
    yield;
  }
}

function* dumpProxies(
  family: NeighFamily,
  request: Request,
  control: DumpControl,
  filter: NeighFilter,
): Dump {
  for (const proxy of [...family.proxies(ipNetns(request.netns))]) {
    if (!passes(proxy.dev, filter)) continue;
    begin(request, control, filter);
    fillProxy(control.writer, family, proxy);
    control.writer.end();
    yield;
  }
}

function begin(
  { origin }: Request,
  { writer }: DumpControl,
  { ifindex, master }: NeighFilter,
): MessageWriter {
  const filtered = ifindex !== 0 || master !== 0 ? NLM_F_DUMP_FILTERED : 0;
  return writer.begin(RTM_NEWNEIGH, NLM_F_MULTI | filtered, origin.seq, origin.portId);
}

function passes(dev: Device | null, { ifindex, master }: NeighFilter): boolean {
  if (ifindex !== 0 && dev?.ifindex !== ifindex) return false;
  if (master === 0) return true;
  return master === noMaster ? dev?.master === null : dev?.master?.ifindex === master;
}

/** What the request filters by; strictly checked ones may say nothing else. */
function filterOf(request: Request): NeighFilter {
  const { message, sender } = request;
  const refused = (what: string) => invalid(`${what} neighbor dump request`);
  if (sender.isStrict) {
    if (message.bytes.length < NLMSG_HDRLEN + nd.NDMSG_SIZE) throw refused("Invalid header for");
    const { flags, ifindex, isPadded, state, type } = readNdmsg(message);
    if (!isPadded || ifindex !== 0 || state !== 0 || type !== 0)
      throw refused("Invalid values in header for");
    if ((flags & ~nd.NTF_PROXY) !== 0) throw refused("Invalid flags in header for");
  } else if (message.bytes.length < NLMSG_HDRLEN + nd.NDMSG_SIZE) {
    request.warn("Invalid header length");
    return { ifindex: 0, master: 0 };
  }
  const attrs = parseMessage(message, nd.NDMSG_SIZE, neighPolicy, sender.isStrict ? "no-unknown" : "liberal");
  if (!sender.isStrict) warnOfLeftover(attrs, (text) => request.warn(text));
  if (sender.isStrict) {
    for (const { type } of message.attributes(nd.NDMSG_SIZE)) {
      if (type !== nd.NDA_IFINDEX && type !== nd.NDA_MASTER) throw refused("Unsupported attribute in");
    }
  }
  return { ifindex: attrs.ifindex ?? 0, master: attrs.master ?? 0 };
}
