// Neighbours over rtnetlink: list, get, add, change, delete.
//
// Mirrors <linux/neighbour.h> (struct ndmsg) and neigh_add, neigh_delete, neigh_get, neigh_dump_info (net/core/neighbour.c).
// Names are those of Documentation/netlink/specs/rt-neigh.yaml in camelCase.

import { getS32, getU16, getU32, setS32, setU16 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { be16, policy, s32, u8, u16, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as nd from "../uapi/neighbour.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../uapi/rtnetlink.ts";
import { linkAddressText, onlyMessage, reads } from "./answer.ts";

/** NDA_CACHEINFO: ages in hundredths of a second. */
interface NeighbourCacheInfo {
  readonly confirmed: number;
  readonly used: number;
  readonly updated: number;
  readonly refcnt: number;
}

const neighbourAttributes = policy(nd.NDA_MAX, {
  [nd.NDA_DST]: reads("dst", (attribute) => attribute.copy()),
  [nd.NDA_LLADDR]: reads("lladdr", linkAddressText),
  [nd.NDA_CACHEINFO]: reads("cacheinfo", cacheInfo),
  [nd.NDA_PROBES]: u32("probes"),
  [nd.NDA_VLAN]: u16("vlan"),
  [nd.NDA_PORT]: be16("port"),
  [nd.NDA_VNI]: u32("vni"),
  [nd.NDA_IFINDEX]: u32("viaIfindex"),
  [nd.NDA_MASTER]: u32("master"),
  [nd.NDA_LINK_NETNSID]: s32("linkNetnsid"),
  [nd.NDA_PROTOCOL]: u8("protocol"),
  [nd.NDA_NH_ID]: u32("nhId"),
  [nd.NDA_FLAGS_EXT]: u32("flagsExt"),
});

/** A neighbour as the kernel reports it. `dst` is 4 or 16 bytes; `state` is NUD_*, `flags` are NTF_*. */
export type Neighbour = Parsed<typeof neighbourAttributes> & {
  readonly family: number;
  readonly ifindex: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
};

/** Reads an RTM_NEWNEIGH or RTM_DELNEIGH. */
export function parseNeighbour(message: Message): Neighbour {
  const { bytes } = message;
  return {
    ...parseMessage(message, nd.NDMSG_SIZE, neighbourAttributes),
    family: bytes[NLMSG_HDRLEN + nd.NDMSG_FAMILY] ?? 0,
    ifindex: getS32(bytes, NLMSG_HDRLEN + nd.NDMSG_IFINDEX),
    state: getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_STATE),
    flags: bytes[NLMSG_HDRLEN + nd.NDMSG_FLAGS] ?? 0,
    type: bytes[NLMSG_HDRLEN + nd.NDMSG_TYPE] ?? 0,
  };
}

function cacheInfo({ bytes, start }: Attribute): NeighbourCacheInfo {
  const field = (offset: number): number => getU32(bytes, start + offset);
  return {
    confirmed: field(nd.NDA_CACHEINFO_CONFIRMED),
    used: field(nd.NDA_CACHEINFO_USED),
    updated: field(nd.NDA_CACHEINFO_UPDATED),
    refcnt: field(nd.NDA_CACHEINFO_REFCNT),
  };
}

/** A neighbour as it is asked for. What is undefined is zero in the header, or left out. */
export interface NeighbourRequest {
  family: number;
  ifindex?: number | undefined;
  /** NUD_* */
  state?: number | undefined;
  /** NTF_* */
  flags?: number | undefined;
  /** NTF_EXT_* */
  flagsExt?: number | undefined;
  dst?: Uint8Array | undefined;
  lladdr?: Uint8Array | undefined;
  protocol?: number | undefined;
  vlan?: number | undefined;
}

/** The ways to put a neighbour in, as `ip neigh` calls them, with the flags of each. */
export const NEIGHBOUR_FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: NLM_F_REPLACE,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
} as const;

/** Puts a neighbour in; NetlinkError EEXIST for `add` when it is there, ENOENT for `change` when it is not. */
export function putNeighbour(
  client: NetlinkClient,
  verb: keyof typeof NEIGHBOUR_FLAGS,
  request: NeighbourRequest,
): Promise<Answer> {
  return client.request(RTM_NEWNEIGH, NEIGHBOUR_FLAGS[verb], (writer) => writeNeighbour(writer, request));
}

/** Deletes a neighbour; NetlinkError ENOENT if it is not there. */
export function deleteNeighbour(client: NetlinkClient, request: NeighbourRequest): Promise<Answer> {
  return client.request(RTM_DELNEIGH, 0, (writer) => writeNeighbour(writer, request));
}

/** Gets one neighbour; NetlinkError ENOENT if it is not there. */
export async function getNeighbour(client: NetlinkClient, request: NeighbourRequest): Promise<Neighbour> {
  const answer = await client.request(RTM_GETNEIGH, 0, (writer) => writeNeighbour(writer, request));
  return parseNeighbour(onlyMessage(answer));
}

/** Which neighbours a dump is to list; the kernel filters where checking is strict. NTF_PROXY lists the proxied ones. */
export interface NeighbourFilter {
  readonly family?: number | undefined;
  readonly ifindex?: number | undefined;
  /** The ifindex of the master of the device. */
  readonly master?: number | undefined;
  readonly flags?: number | undefined;
}

/** Lists neighbours. */
export async function dumpNeighbours(
  client: NetlinkClient,
  filter: NeighbourFilter = {},
): Promise<Neighbour[]> {
  const { family = 0, flags, ifindex, master } = filter;
  const answer = await client.dump(RTM_GETNEIGH, (writer) => {
    writeHeader(writer, { family, flags });
    if (ifindex !== undefined) writer.u32(nd.NDA_IFINDEX, ifindex);
    if (master !== undefined) writer.u32(nd.NDA_MASTER, master);
  });
  return answer.messages.map(parseNeighbour);
}

/** Writes the ndmsg and the attributes of `request`. */
export function writeNeighbour(writer: MessageWriter, request: NeighbourRequest): void {
  writeHeader(writer, request);
  if (request.dst !== undefined) writer.binary(nd.NDA_DST, request.dst);
  if (request.lladdr !== undefined) writer.binary(nd.NDA_LLADDR, request.lladdr);
  if (request.protocol !== undefined) writer.u8(nd.NDA_PROTOCOL, request.protocol);
  if (request.vlan !== undefined) writer.u16(nd.NDA_VLAN, request.vlan);
  if (request.flagsExt !== undefined) writer.u32(nd.NDA_FLAGS_EXT, request.flagsExt);
}

function writeHeader(writer: MessageWriter, request: NeighbourRequest): void {
  const header = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[header + nd.NDMSG_FAMILY] = request.family;
  setS32(writer.bytes, header + nd.NDMSG_IFINDEX, request.ifindex ?? 0);
  setU16(writer.bytes, header + nd.NDMSG_STATE, request.state ?? 0);
  writer.bytes[header + nd.NDMSG_FLAGS] = request.flags ?? 0;
}
