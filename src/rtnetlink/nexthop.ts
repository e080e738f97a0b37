// Nexthop objects: RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP, and what RTNLGRP_NEXTHOP hears.
//
// Mirrors net/ipv4/nexthop.c (rtm_new_nexthop, rtm_del_nexthop, rtm_get_nexthop, rtm_dump_nexthop, nh_fill_node,
// nexthop_notify) with their errno and texts. *Omitted:* counters.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setBe32, setU32 } from "../bytes/endian.ts";
import { addNexthop, removeNexthop } from "../inet/nexthop/change.ts";
import type { GroupMember, NexthopObject } from "../inet/nexthop/object.ts";
import type { ResilientTable } from "../inet/nexthop/resilient.ts";
import { ipNetns } from "../inet/slots.ts";
import { clockFromNs } from "../net/jiffies.ts";
import type { Netns, Origin } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { flag, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import * as nh from "../uapi/nexthop.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { isBare, nexthopOf, readNhmsg } from "./nexthop-config.ts";

const maxInt = 0x7fff_ffff;

/** Answers RTM_NEWNEXTHOP. */
export function newNexthop(request: Request): void {
  const ip = ipNetns(request.netns);
  const { id, create } = nexthopOf(request, ip);
  addNexthop(ip, { id, create, nlFlags: request.message.flags, origin: request.origin });
}

/** rtm_nh_policy_del */
const delPolicy = policy(nh.NHA_ID, { [nh.NHA_ID]: u32("id") });
/** rtm_nh_policy_get */
const getPolicy = policy(nh.NHA_OP_FLAGS, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_OP_FLAGS]: u32("opFlags", { mask: 3 }),
});

/** Answers RTM_DELNEXTHOP. */
export function delNexthop(request: Request): void {
  const { message, origin } = request;
  const object = objectOf(request, parseMessage(message, nh.NHMSG_SIZE, delPolicy, "strict").id);
  removeNexthop(ipNetns(request.netns), object, { flags: message.flags, origin });
}

/** Answers RTM_GETNEXTHOP for one object. */
export function getNexthop(request: Request): void {
  const { message, origin } = request;
  const object = objectOf(request, parseMessage(message, nh.NHMSG_SIZE, getPolicy, "strict").id);
  request.reply((writer) => {
    writer.begin(rt.RTM_NEWNEXTHOP, 0, origin.seq, origin.portId);
    fillNexthop(writer, object);
    writer.end();
  });
}

/** The object a request to get or delete names (nh_valid_get_del_req). */
function objectOf({ message, netns }: Request, id: number | undefined): NexthopObject {
  if (!isBare(message)) throw invalid("Invalid values in header");
  if (id === undefined) throw invalid("Nexthop id is missing");
  if (id === 0) throw invalid("Invalid nexthop id");
  const object = ipNetns(netns).nexthops.get(id);
  if (object === undefined) throw new NetlinkError("ENOENT");
  return object;
}

/** rtm_nh_policy_dump */
const dumpPolicy = policy(nh.NHA_OP_FLAGS, {
  [nh.NHA_OIF]: u32("oif"),
  [nh.NHA_GROUPS]: flag("groups"),
  [nh.NHA_MASTER]: u32("master"),
  [nh.NHA_FDB]: flag("fdb"),
  [nh.NHA_OP_FLAGS]: u32("opFlags", { mask: 3 }),
});

type Filter = Parsed<typeof dumpPolicy>;

/** Dumps objects, in the order of their ids. */
export function* dumpNexthops(request: Request, control: DumpControl): Dump {
  const { message, netns, origin } = request;
  const filter = parseMessage(message, nh.NHMSG_SIZE, dumpPolicy, "strict");
  if ((filter.oif ?? 0) > maxInt) throw invalid("Invalid device index");
  if ((filter.master ?? 0) > maxInt) throw invalid("Invalid master device index");
  if (!isBare(message)) throw invalid("Invalid values in header for nexthop dump request");
  const { family } = readNhmsg(message);
  const objects = [...ipNetns(netns).nexthops.values()].sort((one, other) => one.id - other.id);
  for (const object of objects) {
    if (!passes(object, filter, family)) continue;
    control.writer.begin(rt.RTM_NEWNEXTHOP, NLM_F_MULTI, origin.seq, origin.portId);
    fillNexthop(control.writer, object);
    control.writer.end();
    yield;
  }
}

function passes({ isGroup, value }: NexthopObject, filter: Filter, family: number): boolean {
  const { groups, master = 0, oif = 0 } = filter;
  if (groups === true && !isGroup) return false;
  if (oif === 0 && master === 0 && family === 0) return true;
  if (isGroup || (family !== 0 && value.family !== family)) return false;
  const dev = value.hop?.dev ?? null;
  if (oif !== 0 && dev?.ifindex !== oif) return false;
  return master === 0 || dev?.master?.ifindex === master;
}

/** Tells of an object that came, changed or went; `flags` are those of the request (nexthop_notify). */
export function announceNexthop(
  rtnetlink: Rtnetlink,
  netns: Netns,
  type: "new" | "del",
  object: NexthopObject,
  flags: number,
  origin: Origin | undefined,
): void {
  rtnetlink.notify(rt.RTNLGRP_NEXTHOP, netns, origin, (writer) => {
    const message = type === "new" ? rt.RTM_NEWNEXTHOP : rt.RTM_DELNEXTHOP;
    writer.begin(message, flags, origin?.seq ?? 0, origin?.portId ?? 0);
    fillNexthop(writer, object);
    writer.end();
  });
}

/** Writes an object's header and attributes (nh_fill_node). */
function fillNexthop(writer: MessageWriter, { id, table, value }: NexthopObject): void {
  const { hop, members } = value;
  const at = writer.reserve(nh.NHMSG_SIZE);
  const isWay = members === null && !value.isBlackhole;
  writer.bytes[at + nh.NHMSG_FAMILY] = value.family;
  writer.bytes[at + nh.NHMSG_PROTOCOL] = value.protocol;
  if (isWay) writer.bytes[at + nh.NHMSG_SCOPE] = hop?.scope ?? 0;
  setU32(writer.bytes, at + nh.NHMSG_FLAGS, value.flags >>> 0);
  writer.u32(nh.NHA_ID, id);
  if (members !== null) return putGroup(writer, members, value.isFdb, table);
  if (value.isBlackhole) {
    writer.flag(nh.NHA_BLACKHOLE);
    return;
  }
  if (value.isFdb) writer.flag(nh.NHA_FDB);
  else if (hop?.dev) writer.u32(nh.NHA_OIF, hop.dev.ifindex);
  if (hop === null || hop.gatewayFamily === 0) return;
  if (hop.gateway6 !== null) writer.binary(nh.NHA_GATEWAY, hop.gateway6);
  else {
    const gateway = writer.attribute(nh.NHA_GATEWAY, 4);
    setBe32(writer.bytes, gateway, hop.gateway);
  }
}

function putGroup(
  writer: MessageWriter,
  members: readonly GroupMember[],
  isFdb: boolean,
  table: ResilientTable<NexthopObject> | null,
): void {
  if (isFdb) writer.flag(nh.NHA_FDB);
  writer.u16(nh.NHA_GROUP_TYPE, table === null ? nh.NEXTHOP_GRP_TYPE_MPATH : nh.NEXTHOP_GRP_TYPE_RES);
  let at = writer.attribute(nh.NHA_GROUP, members.length * nh.NEXTHOP_GRP_SIZE);
  for (const { object, weight } of members) {
    setU32(writer.bytes, at + nh.NEXTHOP_GRP_ID, object.id);
    writer.bytes[at + nh.NEXTHOP_GRP_WEIGHT] = (weight - 1) & 0xff;
    writer.bytes[at + nh.NEXTHOP_GRP_WEIGHT_HIGH] = (weight - 1) >>> 8;
    at += nh.NEXTHOP_GRP_SIZE;
  }
  if (table !== null) putTable(writer, table);
  writer.u32(nh.NHA_OP_FLAGS, nh.NHA_OP_FLAG_RESP_GRP_RESVD_0);
}

/** Writes what a resilient group has beside its members (nh_nla_put_group_res). */
function putTable(writer: MessageWriter, table: ResilientTable<NexthopObject>): void {
  const nest = writer.nestFlagged(nh.NHA_RES_GROUP);
  writer.u16(nh.NHA_RES_GROUP_BUCKETS, table.size);
  writer.u32(nh.NHA_RES_GROUP_IDLE_TIMER, clockFromNs(table.idleTimerNs));
  writer.u32(nh.NHA_RES_GROUP_UNBALANCED_TIMER, clockFromNs(table.unbalancedTimerNs));
  writer.u64(nh.NHA_RES_GROUP_UNBALANCED_TIME, clockFromNs(table.unbalancedNs));
  writer.endNest(nest);
}
