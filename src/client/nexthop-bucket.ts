// Buckets of resilient nexthop groups over rtnetlink: list, get.
//
// Mirrors <linux/nexthop.h> (NHA_RES_BUCKET) and net/ipv4/nexthop.c.

import { getU32 } from "../bytes/endian.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import { policy, u16, u32, u64 } from "../netlink/policy.ts";
import * as nh from "../uapi/nexthop.ts";
import { RTM_GETNEXTHOPBUCKET } from "../uapi/rtnetlink.ts";
import { onlyMessage, reads } from "./answer.ts";

const bucketAttributes = policy(nh.NHA_RES_BUCKET_MAX, {
  [nh.NHA_RES_BUCKET_INDEX]: u16("index"),
  [nh.NHA_RES_BUCKET_IDLE_TIME]: u64("idleTime"),
  [nh.NHA_RES_BUCKET_NH_ID]: u32("nhId"),
});

const messageAttributes = policy(nh.NHA_MAX, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_RES_BUCKET]: reads("bucket", (attribute) => parseNested(attribute, bucketAttributes)),
});

/** A bucket as the kernel reports it: of the group `id`, leading to the object `nhId`; idle for hundredths of a second. */
export interface NexthopBucket {
  readonly id: number | undefined;
  readonly index: number | undefined;
  readonly idleTime: bigint | undefined;
  readonly nhId: number | undefined;
  /** RTNH_F_* */
  readonly flags: number;
}

/** Reads an RTM_NEWNEXTHOPBUCKET. */
export function parseNexthopBucket(message: Message): NexthopBucket {
  const { bucket, id } = parseMessage(message, nh.NHMSG_SIZE, messageAttributes);
  return {
    id,
    index: bucket?.index,
    idleTime: bucket?.idleTime,
    nhId: bucket?.nhId,
    flags: getU32(message.bytes, NLMSG_HDRLEN + nh.NHMSG_FLAGS),
  };
}

/** Gets a bucket; NetlinkError ENOENT if there is none, EINVAL when the object has no buckets. */
export async function getNexthopBucket(
  client: NetlinkClient,
  id: number,
  index: number,
): Promise<NexthopBucket> {
  const answer = await client.request(RTM_GETNEXTHOPBUCKET, 0, (writer) => {
    writer.reserve(nh.NHMSG_SIZE);
    writer.u32(nh.NHA_ID, id);
    const nest = writer.nestFlagged(nh.NHA_RES_BUCKET);
    writer.u16(nh.NHA_RES_BUCKET_INDEX, index);
    writer.endNest(nest);
  });
  return parseNexthopBucket(onlyMessage(answer));
}

/** Which buckets a dump is to list. */
export interface NexthopBucketFilter {
  readonly id?: number | undefined;
  readonly oif?: number | undefined;
  readonly master?: number | undefined;
  /** Those that lead to this object. */
  readonly nhId?: number | undefined;
}

/** Lists buckets. */
export async function dumpNexthopBuckets(
  client: NetlinkClient,
  { id, master, nhId, oif }: NexthopBucketFilter = {},
): Promise<NexthopBucket[]> {
  const answer = await client.dump(RTM_GETNEXTHOPBUCKET, (writer) => {
    writer.reserve(nh.NHMSG_SIZE);
    if (id !== undefined) writer.u32(nh.NHA_ID, id);
    if (oif !== undefined) writer.u32(nh.NHA_OIF, oif);
    if (master !== undefined) writer.u32(nh.NHA_MASTER, master);
    if (nhId === undefined) return;
    const nest = writer.nestFlagged(nh.NHA_RES_BUCKET);
    writer.u32(nh.NHA_RES_BUCKET_NH_ID, nhId);
    writer.endNest(nest);
  });
  return answer.messages.map(parseNexthopBucket);
}
