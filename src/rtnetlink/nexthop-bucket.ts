// Buckets of resilient groups: RTM_GETNEXTHOPBUCKET, and what RTNLGRP_NEXTHOP hears when one moves.
//
// Mirrors net/ipv4/nexthop.c (rtm_get_nexthop_bucket, rtm_dump_nexthop_bucket, nh_fill_res_bucket, nexthop_bucket_notify) with
// their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { NexthopObject } from "../inet/nexthop/object.ts";
import type { ResilientTable } from "../inet/nexthop/resilient.ts";
import { ipNetns } from "../inet/slots.ts";
import { clockFromNs } from "../net/jiffies.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { nest, policy, u16, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_MULTI, NLM_F_REPLACE } from "../uapi/netlink.ts";
import * as nh from "../uapi/nexthop.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { isBare } from "./nexthop-config.ts";

const maxInt = 0x7fff_ffff;

/** rtm_nh_policy_get_bucket, rtm_nh_res_bucket_policy_get */
const getPolicy = policy(nh.NHA_RES_BUCKET, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_RES_BUCKET]: nest("bucket"),
});
const getBucketPolicy = policy(nh.NHA_RES_BUCKET_INDEX, { [nh.NHA_RES_BUCKET_INDEX]: u16("index") });

/** Answers RTM_GETNEXTHOPBUCKET for one bucket. */
export function getNexthopBucket(request: Request): void {
  const { message, origin } = request;
  const { id, bucket } = parseMessage(message, nh.NHMSG_SIZE, getPolicy, "strict");
  if (!isBare(message)) throw invalid("Invalid values in header");
  if (id === undefined) throw invalid("Nexthop id is missing");
  if (id === 0) throw invalid("Invalid nexthop id");
  if (bucket === undefined) throw invalid("Bucket information is missing");
  const { index } = parseNested(bucket, getBucketPolicy, "strict");
  if (index === undefined) throw invalid("Bucket index is missing");
  const group = groupOf(request, id);
  if (index >= group.table.size) throw new NetlinkError("ENOENT", "Bucket index out of bounds");
  request.reply((writer) => {
    writer.begin(rt.RTM_NEWNEXTHOPBUCKET, 0, origin.seq, origin.portId);
    fillBucket(writer, group, index);
    writer.end();
  });
}

/** A resilient group. */
interface ResilientGroup {
  readonly id: number;
  readonly table: ResilientTable<NexthopObject>;
}

/** The group of an id; what is none of buckets is refused (nexthop_find_group_resilient). */
function groupOf({ netns }: Request, id: number): ResilientGroup {
  const object = ipNetns(netns).nexthops.get(id);
  if (object === undefined) throw new NetlinkError("ENOENT");
  if (!object.isGroup) throw invalid("Not a nexthop group");
  if (object.table === null) throw invalid("Nexthop group not of type resilient");
  return { id, table: object.table };
}

/** rtm_nh_policy_dump_bucket, rtm_nh_res_bucket_policy_dump */
const dumpPolicy = policy(nh.NHA_RES_BUCKET, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_OIF]: u32("oif"),
  [nh.NHA_MASTER]: u32("master"),
  [nh.NHA_RES_BUCKET]: nest("bucket"),
});
const dumpBucketPolicy = policy(nh.NHA_RES_BUCKET_NH_ID, { [nh.NHA_RES_BUCKET_NH_ID]: u32("nhId") });

/** Which buckets are asked for; 0: it does not matter. */
interface Filter {
  readonly oif: number;
  readonly master: number;
  readonly nhId: number;
}

/** Dumps buckets, in the order of the ids of their groups; of one group when its id is given. */
export function* dumpNexthopBuckets(request: Request, control: DumpControl): Dump {
  const { message, netns, origin } = request;
  const { bucket, id, master = 0, oif = 0 } = parseDump(message);
  if (id === 0) throw invalid("Invalid nexthop id");
  const nhId = bucket === undefined ? undefined : parseNested(bucket, dumpBucketPolicy, "strict").nhId;
  if (nhId === 0) throw invalid("Invalid nexthop id");
  if (oif > maxInt) throw invalid("Invalid device index");
  if (master > maxInt) throw invalid("Invalid master device index");
  if (!isBare(message)) throw invalid("Invalid values in header for nexthop dump request");
  const filter = { oif, master, nhId: nhId ?? 0 };
  const groups = id === undefined ? allGroups(ipNetns(netns).nexthops) : [groupOf(request, id)];
  for (const group of groups) {
    for (let index = 0; index < group.table.size; index++) {
      if (!passes(group.table.ownerOf(index), filter)) continue;
      control.writer.begin(rt.RTM_NEWNEXTHOPBUCKET, NLM_F_MULTI, origin.seq, origin.portId);
      fillBucket(control.writer, group, index);
      control.writer.end();
      yield;
    }
  }
}

/** What the parser has to say of a dump's attributes is kept from who asks, as on Linux. */
function parseDump(message: Message): Parsed<typeof dumpPolicy> {
  try {
    return parseMessage(message, nh.NHMSG_SIZE, dumpPolicy, "strict");
  } catch (error) {
    throw error instanceof NetlinkError ? new NetlinkError(error.code) : error;
  }
}

function allGroups(nexthops: ReadonlyMap<number, NexthopObject>): ResilientGroup[] {
  const groups: ResilientGroup[] = [];
  for (const { id, table } of nexthops.values()) if (table !== null) groups.push({ id, table });
  return groups.sort((one, other) => one.id - other.id);
}

function passes(owner: NexthopObject | null, { master, nhId, oif }: Filter): boolean {
  if (owner === null) return false;
  if (nhId !== 0 && owner.id !== nhId) return false;
  const dev = owner.value.hop?.dev ?? null;
  if (oif !== 0 && dev?.ifindex !== oif) return false;
  return master === 0 || dev?.master?.ifindex === master;
}

/** Tells of a bucket that moved (nexthop_bucket_notify). */
export function announceNexthopBucket(
  rtnetlink: Rtnetlink,
  netns: Netns,
  { id, table }: NexthopObject,
  index: number,
): void {
  if (table === null) return;
  rtnetlink.notify(rt.RTNLGRP_NEXTHOP, netns, undefined, (writer) => {
    writer.begin(rt.RTM_NEWNEXTHOPBUCKET, NLM_F_REPLACE, 0, 0);
    fillBucket(writer, { id, table }, index);
    writer.end();
  });
}

/** Writes a bucket's header and attributes (nh_fill_res_bucket). */
function fillBucket(writer: MessageWriter, { id, table }: ResilientGroup, index: number): void {
  writer.reserve(nh.NHMSG_SIZE);
  writer.u32(nh.NHA_ID, id);
  const inner = writer.nestFlagged(nh.NHA_RES_BUCKET);
  writer.u16(nh.NHA_RES_BUCKET_INDEX, index);
  writer.u32(nh.NHA_RES_BUCKET_NH_ID, table.ownerOf(index)?.id ?? 0);
  writer.u64(nh.NHA_RES_BUCKET_IDLE_TIME, clockFromNs(table.idleNs(index)));
  writer.endNest(inner);
}
