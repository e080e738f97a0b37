// Nexthop objects over rtnetlink: list, get, add, replace, delete.
//
// Mirrors <linux/nexthop.h> (struct nhmsg, struct nexthop_grp) and net/ipv4/nexthop.c.

import { getU16, getU32, setU16, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { flag, policy, u16, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import * as nh from "../uapi/nexthop.ts";
import { RTM_DELNEXTHOP, RTM_GETNEXTHOP, RTM_NEWNEXTHOP } from "../uapi/rtnetlink.ts";
import { onlyMessage, reads } from "./answer.ts";

/** A member of a group. */
export interface NexthopMember {
  readonly id: number;
  readonly weight: number;
}

const resilientAttributes = policy(nh.NHA_RES_GROUP_MAX, {
  [nh.NHA_RES_GROUP_BUCKETS]: u16("buckets"),
  [nh.NHA_RES_GROUP_IDLE_TIMER]: u32("idleTimer"),
  [nh.NHA_RES_GROUP_UNBALANCED_TIMER]: u32("unbalancedTimer"),
  [nh.NHA_RES_GROUP_UNBALANCED_TIME]: u64("unbalancedTime"),
});

const nexthopAttributes = policy(nh.NHA_MAX, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_GROUP]: reads("group", members),
  [nh.NHA_GROUP_TYPE]: u16("groupType"),
  [nh.NHA_BLACKHOLE]: flag("blackhole"),
  [nh.NHA_OIF]: u32("oif"),
  [nh.NHA_GATEWAY]: reads("gateway", (attribute) => attribute.copy()),
  [nh.NHA_FDB]: flag("fdb"),
  [nh.NHA_RES_GROUP]: reads("resilient", (attribute) => parseNested(attribute, resilientAttributes)),
});

/** What a resilient group has beside its members; times in hundredths of a second. */
export type ResilientGroup = Parsed<typeof resilientAttributes>;

/** An object as the kernel reports it; `gateway` is 4 or 16 bytes. */
export type NexthopEntry = Parsed<typeof nexthopAttributes> & {
  readonly family: number;
  readonly scope: number;
  readonly protocol: number;
  readonly flags: number;
};

function members({ bytes, end, start }: Attribute): readonly NexthopMember[] {
  const list: NexthopMember[] = [];
  for (let at = start; at + nh.NEXTHOP_GRP_SIZE <= end; at += nh.NEXTHOP_GRP_SIZE) {
    list.push({
      id: getU32(bytes, at + nh.NEXTHOP_GRP_ID),
      weight: getU16(bytes, at + nh.NEXTHOP_GRP_WEIGHT) + 1,
    });
  }
  return list;
}

/** Reads an RTM_NEWNEXTHOP or RTM_DELNEXTHOP. */
export function parseNexthopEntry(message: Message): NexthopEntry {
  const at = (offset: number) => message.bytes[NLMSG_HDRLEN + offset] ?? 0;
  return {
    ...parseMessage(message, nh.NHMSG_SIZE, nexthopAttributes),
    family: at(nh.NHMSG_FAMILY),
    scope: at(nh.NHMSG_SCOPE),
    protocol: at(nh.NHMSG_PROTOCOL),
    flags: getU32(message.bytes, NLMSG_HDRLEN + nh.NHMSG_FLAGS),
  };
}

/** What a resilient group is asked to be. */
export interface ResilientRequest {
  buckets?: number | undefined;
  idleTimer?: number | undefined;
  unbalancedTimer?: number | undefined;
}

/** An object as it is asked for. What is undefined is zero in the header, or left out. */
export interface NexthopEntryRequest {
  family: number;
  protocol?: number | undefined;
  flags?: number | undefined;
  id?: number | undefined;
  group?: readonly NexthopMember[] | undefined;
  groupType?: number | undefined;
  /** Of a resilient group; times in hundredths of a second. */
  resilient?: ResilientRequest | undefined;
  blackhole?: boolean | undefined;
  oif?: number | undefined;
  gateway?: Uint8Array | undefined;
  fdb?: boolean | undefined;
}

/** Adds or replaces an object; NetlinkError EEXIST for one that is there. */
export function putNexthopEntry(
  client: NetlinkClient,
  verb: "add" | "replace",
  request: NexthopEntryRequest,
  isEcho = false,
): Promise<Answer> {
  const flags = NLM_F_CREATE | (verb === "add" ? NLM_F_EXCL : NLM_F_REPLACE) | (isEcho ? NLM_F_ECHO : 0);
  return client.request(RTM_NEWNEXTHOP, flags, (writer) => writeNexthopEntry(writer, request));
}

/** Deletes the object `id`; NetlinkError ENOENT if there is none, EINVAL without an id. */
export function deleteNexthopEntry(
  client: NetlinkClient,
  id: number | undefined,
  isEcho = false,
): Promise<Answer> {
  return client.request(RTM_DELNEXTHOP, isEcho ? NLM_F_ECHO : 0, (writer) =>
    writeNexthopEntry(writer, { family: 0, id }),
  );
}

/** Gets the object `id`; NetlinkError ENOENT if there is none. */
export async function getNexthopEntry(client: NetlinkClient, id: number): Promise<NexthopEntry> {
  const answer = await client.request(RTM_GETNEXTHOP, 0, (writer) =>
    writeNexthopEntry(writer, { family: 0, id }),
  );
  return parseNexthopEntry(onlyMessage(answer));
}

/** Which objects a dump is to list. */
export interface NexthopEntryFilter {
  readonly family?: number | undefined;
  readonly oif?: number | undefined;
  readonly master?: number | undefined;
  readonly groups?: boolean | undefined;
  readonly fdb?: boolean | undefined;
}

/** Lists objects. */
export async function dumpNexthopEntries(
  client: NetlinkClient,
  { family = 0, oif, master, groups, fdb }: NexthopEntryFilter = {},
): Promise<NexthopEntry[]> {
  const answer = await client.dump(RTM_GETNEXTHOP, (writer) => {
    writer.bytes[writer.reserve(nh.NHMSG_SIZE)] = family;
    if (oif !== undefined) writer.u32(nh.NHA_OIF, oif);
    if (groups === true) writer.flag(nh.NHA_GROUPS);
    if (master !== undefined) writer.u32(nh.NHA_MASTER, master);
    if (fdb === true) writer.flag(nh.NHA_FDB);
  });
  return answer.messages.map(parseNexthopEntry);
}

function writeNexthopEntry(writer: MessageWriter, request: NexthopEntryRequest): void {
  const at = writer.reserve(nh.NHMSG_SIZE);
  writer.bytes[at + nh.NHMSG_FAMILY] = request.family;
  writer.bytes[at + nh.NHMSG_PROTOCOL] = request.protocol ?? 0;
  setU32(writer.bytes, at + nh.NHMSG_FLAGS, request.flags ?? 0);
  if (request.id !== undefined) writer.u32(nh.NHA_ID, request.id);
  if (request.gateway !== undefined) writer.binary(nh.NHA_GATEWAY, request.gateway);
  if (request.oif !== undefined) writer.u32(nh.NHA_OIF, request.oif);
  if (request.blackhole === true) writer.flag(nh.NHA_BLACKHOLE);
  if (request.fdb === true) writer.flag(nh.NHA_FDB);
  if (request.group !== undefined) writeGroup(writer, request.group);
  if (request.groupType !== undefined) writer.u16(nh.NHA_GROUP_TYPE, request.groupType);
  if (request.resilient !== undefined) writeResilient(writer, request.resilient);
}

function writeResilient(writer: MessageWriter, request: ResilientRequest): void {
  const { buckets, idleTimer, unbalancedTimer } = request;
  const nest = writer.nestFlagged(nh.NHA_RES_GROUP);
  if (buckets !== undefined) writer.u16(nh.NHA_RES_GROUP_BUCKETS, buckets);
  if (idleTimer !== undefined) writer.u32(nh.NHA_RES_GROUP_IDLE_TIMER, idleTimer);
  if (unbalancedTimer !== undefined) writer.u32(nh.NHA_RES_GROUP_UNBALANCED_TIMER, unbalancedTimer);
  writer.endNest(nest);
}

function writeGroup(writer: MessageWriter, group: readonly NexthopMember[]): void {
  let at = writer.attribute(nh.NHA_GROUP, group.length * nh.NEXTHOP_GRP_SIZE);
  for (const { id, weight } of group) {
    setU32(writer.bytes, at + nh.NEXTHOP_GRP_ID, id);
    setU16(writer.bytes, at + nh.NEXTHOP_GRP_WEIGHT, weight - 1);
    at += nh.NEXTHOP_GRP_SIZE;
  }
}
