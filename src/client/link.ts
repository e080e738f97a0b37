// Links over rtnetlink: list, get, make, change, delete; alternative names.
//
// Mirrors rtnl_getlink, rtnl_dump_ifinfo, rtnl_newlink, rtnl_setlink, rtnl_dellink and rtnl_linkprop (net/core/rtnetlink.c).

import { getS32, getU16, getU32, setS32, setU16 } from "../bytes/endian.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import {
  IFLA_ALT_IFNAME,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_PROP_LIST,
} from "../uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FAMILY,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  IFINFOMSG_TYPE,
  RTEXT_FILTER_SKIP_STATS,
  RTEXT_FILTER_VF,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from "../uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { onlyMessage } from "./answer.ts";
import type { AfSpec } from "./link-attributes.ts";
import { linkAttributes, parseAfSpec } from "./link-attributes.ts";
import type { LinkRequest } from "./link-request.ts";
import { writeLink } from "./link-request.ts";

/** A link as the kernel reports it. `flags` are IFF_*, `type` is ARPHRD_*. */
export type Link = Parsed<typeof linkAttributes> & {
  readonly family: number;
  readonly type: number;
  readonly ifindex: number;
  readonly flags: number;
  readonly change: number;
  readonly afSpec?: AfSpec | undefined;
};

/** Reads an RTM_NEWLINK or RTM_DELLINK. */
export function parseLink(message: Message): Link {
  const { bytes } = message;
  const attributes = parseMessage(message, IFINFOMSG_SIZE, linkAttributes);
  const family = bytes[NLMSG_HDRLEN + IFINFOMSG_FAMILY] ?? 0;
  const afSpec = family === AF_BRIDGE ? undefined : attributes.afSpecAttribute;
  return {
    ...attributes,
    family,
    type: getU16(bytes, NLMSG_HDRLEN + IFINFOMSG_TYPE),
    ifindex: linkIndex(message),
    flags: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_FLAGS),
    change: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_CHANGE),
    afSpec: afSpec && parseAfSpec(afSpec),
  };
}

/** Which links a dump is to list; the kernel filters. */
export interface LinkFilter {
  readonly family?: number | undefined;
  readonly extMask?: number | undefined;
  /** Ports of this master; 0 lists the links without one, which the kernel is told as -1. */
  readonly master?: number | undefined;
  readonly kind?: string | undefined;
}

/** Lists links by ifindex (rtnl_dump_ifinfo). */
export async function dumpLinks(client: NetlinkClient, filter: LinkFilter = {}): Promise<Link[]> {
  const answer = await client.dump(RTM_GETLINK, (writer) => writeLinkDump(writer, filter));
  return answer.messages.map(parseLink);
}

/** Writes the body of a dump of links. The dump of AF_INET6 is another one, which takes no attributes. */
function writeLinkDump(writer: MessageWriter, filter: LinkFilter): void {
  writeHeader(writer, filter.family ?? 0, 0);
  if (filter.family === AF_INET || filter.family === AF_INET6) return;
  writer.u32(IFLA_EXT_MASK, filter.extMask ?? RTEXT_FILTER_VF);
  if (filter.master !== undefined) writer.s32(IFLA_MASTER, filter.master === 0 ? -1 : filter.master);
  if (filter.kind === undefined) return;
  const linkinfo = writer.nest(IFLA_LINKINFO);
  writer.bareString(IFLA_INFO_KIND, filter.kind).endNest(linkinfo);
}

/** A link by its ifindex, its name or an alternative name. */
export type LinkSelector = number | string;

/** Gets one link; NetlinkError ENODEV if it is not there (rtnl_getlink). */
export async function getLink(
  client: NetlinkClient,
  selector: LinkSelector,
  options: { readonly family?: number; readonly extMask?: number } = {},
): Promise<Link> {
  const answer = await client.request(RTM_GETLINK, 0, (writer) => {
    writeSelector(writer, selector, options.family ?? 0);
    writer.u32(IFLA_EXT_MASK, options.extMask ?? RTEXT_FILTER_VF);
  });
  return parseLink(onlyMessage(answer));
}

/** The ifindex of one link, and nothing of the rest; NetlinkError ENODEV if it is not there. */
export async function getLinkIndex(client: NetlinkClient, selector: LinkSelector): Promise<number> {
  const answer = await client.request(RTM_GETLINK, 0, (writer) => {
    writeSelector(writer, selector, 0);
    writer.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  });
  return linkIndex(onlyMessage(answer));
}

/** The ifindex in an RTM_NEWLINK or RTM_DELLINK. */
export function linkIndex({ bytes }: Message): number {
  return getS32(bytes, NLMSG_HDRLEN + IFINFOMSG_INDEX);
}

/** Makes a link; NetlinkError EEXIST if the name is taken (rtnl_newlink). */
export function addLink(client: NetlinkClient, request: LinkRequest): Promise<Answer> {
  return client.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeLink(writer, request));
}

/** Changes the link with `request.ifindex`, else the one named `request.ifname`, else those of `request.group`. */
export function setLink(client: NetlinkClient, request: LinkRequest): Promise<Answer> {
  return client.request(RTM_NEWLINK, 0, (writer) => writeLink(writer, request));
}

/** Deletes a link (rtnl_dellink). */
export function deleteLink(client: NetlinkClient, selector: LinkSelector): Promise<Answer> {
  return client.request(RTM_DELLINK, 0, (writer) => writeSelector(writer, selector, 0));
}

/** Deletes every link of a group (rtnl_group_dellink). */
export function deleteLinkGroup(client: NetlinkClient, group: number): Promise<Answer> {
  return client.request(RTM_DELLINK, 0, (writer) => {
    writeHeader(writer, 0, 0);
    writer.u32(IFLA_GROUP, group);
  });
}

/** Adds alternative names to a link, or takes them away (rtnl_linkprop). */
export function changeAltnames(
  client: NetlinkClient,
  verb: "add" | "del",
  ifindex: number,
  altnames: readonly string[],
): Promise<Answer> {
  const isAdd = verb === "add";
  const flags = isAdd ? NLM_F_CREATE | NLM_F_EXCL : 0;
  return client.request(isAdd ? RTM_NEWLINKPROP : RTM_DELLINKPROP, flags, (writer) => {
    writeHeader(writer, 0, ifindex);
    const list = writer.nestFlagged(IFLA_PROP_LIST);
    for (const altname of altnames) writer.string(IFLA_ALT_IFNAME, altname);
    writer.endNest(list);
  });
}

function writeSelector(writer: MessageWriter, selector: LinkSelector, family: number): void {
  writeHeader(writer, family, typeof selector === "number" ? selector : 0);
  if (typeof selector === "string") {
    writer.string(selector.length < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, selector);
  }
}

function writeHeader(writer: MessageWriter, family: number, ifindex: number): void {
  const header = writer.reserve(IFINFOMSG_SIZE);
  setU16(writer.bytes, header + IFINFOMSG_FAMILY, family);
  setS32(writer.bytes, header + IFINFOMSG_INDEX, ifindex);
}
