// RTM_GETLINK with NLM_F_DUMP: every link of a namespace in the order of the ifindexes, or those of one kind or master.
//
// Mirrors net/core/rtnetlink.c (rtnl_valid_dump_ifinfo_req, rtnl_dump_ifinfo, link_dump_filtered) with their texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getS32 } from "../bytes/endian.ts";
import { devicesByIndex } from "../net/device.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import { linkInfoPolicy, linkPolicy } from "../net/link-policy.ts";
import type { Device, LinkOps, MachineContext, Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import * as link from "../uapi/if_link.ts";
import { NLM_F_DUMP_FILTERED, NLM_F_MULTI } from "../uapi/netlink.ts";
import { IFINFOMSG_INDEX, IFINFOMSG_SIZE, RTGENMSG_SIZE, RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import { fillLink } from "./link-fill.ts";
import { isPlainHeader } from "./link-request.ts";
import { capableNetnsById } from "./netns-attributes.ts";

/** IFLA_MASTER that asks for links without a master. */
const noMaster = 0xffffffff;

/** What a dump is to hold. */
interface Wanted {
  readonly netns: Netns;
  readonly targetNsid: number | undefined;
  readonly extMask: number;
  /** IFLA_MASTER; 0: whatever the master. */
  readonly master: number;
  readonly kind: LinkOps | undefined;
}

/** Dumps links. */
export function* dumpLinks(request: Request, control: DumpControl): Dump {
  const wanted = read(request);
  const { netns, targetNsid, extMask } = wanted;
  control.generation = () => netns.generation;
  // Said by the messages alone: NLMSG_DONE does not know of it.
  const isFiltered = wanted.master !== 0 || wanted.kind !== undefined;
  const flags = NLM_F_MULTI | (isFiltered ? NLM_F_DUMP_FILTERED : 0);
  const { portId, seq } = request.origin;
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || dev.registration !== "registered" || !isWanted(dev, wanted)) continue;
    control.writer.begin(RTM_NEWLINK, flags, seq, portId);
    fillLink(control.writer, dev, { reader: request.netns, change: 0, extMask, targetNsid });
    control.writer.end();
    yield;
  }
}

function isWanted(dev: Device, { master, kind }: Wanted): boolean {
  if (kind !== undefined && dev.linkOps !== kind) return false;
  if (master === 0) return true;
  return master === noMaster ? dev.master === null : dev.master?.ifindex === master;
}

/** Reads the request: what is wrong with it counts only under strict checking. */
function read(request: Request): Wanted {
  const attrs = request.sender.isStrict ? parseStrictly(request) : parseLiberally(request);
  const { targetNetnsid: targetNsid, extMask = 0, master = 0 } = attrs;
  const netns = targetNsid === undefined ? request.netns : targetNetns(request, targetNsid);
  return { netns, targetNsid, extMask, master, kind: kindOf(request.machine, attrs.linkinfo) };
}

function parseStrictly(request: Request): LinkAttributes {
  const { message } = request;
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid("Invalid header for link dump");
  if (!isPlainHeader(message)) throw invalid("Invalid values in header for link dump request");
  if (getS32(message.bytes, NLMSG_HDRLEN + IFINFOMSG_INDEX) !== 0) {
    throw invalid("Filter by device index not supported for link dumps");
  }
  const attrs = parseMessage(message, IFINFOMSG_SIZE, linkPolicy, "no-unknown");
  // In the order of the types, as a bad namespace id may come before an attribute that is not supported, or after.
  for (const type of message
    .attributes(IFINFOMSG_SIZE)
    .map((attribute) => attribute.type)
    .sort((a, b) => a - b)) {
    if (type === link.IFLA_TARGET_NETNSID) targetNetns(request, attrs.targetNetnsid ?? -1);
    else if (!isFilter(type)) throw invalid("Unsupported attribute in link dump request");
  }
  return attrs;
}

function isFilter(type: number): boolean {
  return type === link.IFLA_EXT_MASK || type === link.IFLA_MASTER || type === link.IFLA_LINKINFO;
}

/** iproute2 before 3.9 sent a header of one byte, which is told from an ifinfomsg by the length of the whole. */
function parseLiberally(request: Request): LinkAttributes {
  const { message } = request;
  const headerSize = message.payloadLength < IFINFOMSG_SIZE ? RTGENMSG_SIZE : IFINFOMSG_SIZE;
  try {
    const attrs = parseMessage(message, headerSize, linkPolicy);
    warnOfLeftover(attrs, (text) => request.warn(text));
    return attrs;
  } catch (error) {
    if (error instanceof NetlinkError) return {};
    throw error;
  }
}

function targetNetns(request: Request, nsid: number): Netns {
  try {
    return capableNetnsById(request, nsid);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new NetlinkError(error.code, "Invalid target network namespace id");
  }
}

/** The kind that IFLA_LINKINFO names; what cannot be read or is not there filters nothing. */
function kindOf(machine: MachineContext, linkinfo: Attribute | undefined): LinkOps | undefined {
  if (linkinfo === undefined) return undefined;
  try {
    const { kind } = parseNested(linkinfo, linkInfoPolicy);
    return kind === undefined ? undefined : machine.kinds.get(kind);
  } catch (error) {
    if (error instanceof NetlinkError) return undefined;
    throw error;
  }
}
