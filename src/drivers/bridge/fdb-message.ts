// An entry of the forwarding table as netlink tells it, and the word to RTNLGRP_NEIGH when one comes, changes or goes.
//
// Mirrors net/bridge/br_fdb.c (fdb_fill_info, fdb_to_nud, fdb_notify).

import { setS32, setU16, setU32 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import { clockFromNs } from "../../net/jiffies.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as nd from "../../uapi/neighbour.ts";
import { RTNLGRP_NEIGH } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import * as fdbFlags from "./fdb-table.ts";
import type { Bridge } from "./state.ts";
import { holdTimeNs } from "./state.ts";

/** The entry's state in the words of neighbours (fdb_to_nud). */
export function nudOf(br: Bridge, entry: number): number {
  const flags = br.fdb.flags[entry] ?? 0;
  if ((flags & fdbFlags.FDB_LOCAL) !== 0) return nd.NUD_PERMANENT;
  if ((flags & fdbFlags.FDB_STATIC) !== 0) return nd.NUD_NOARP;
  return hasExpired(br, entry, flags) ? nd.NUD_STALE : nd.NUD_REACHABLE;
}

function hasExpired(br: Bridge, entry: number, flags: number): boolean {
  if ((flags & fdbFlags.FDB_ADDED_BY_EXT_LEARN) !== 0) return false;
  return (br.fdb.updatedNs[entry] ?? 0) + holdTimeNs(br) <= br.dev.machine.clock.now();
}

/** Writes the ndmsg of an entry and its attributes (fdb_fill_info). */
export function fillFdb(writer: MessageWriter, br: Bridge, entry: number): void {
  const { fdb } = br;
  const flags = fdb.flags[entry] ?? 0;
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, (fdb.ports[entry]?.dev ?? br.dev).ifindex);
  setU16(writer.bytes, at + nd.NDMSG_STATE, nudOf(br, entry));
  writer.bytes[at + nd.NDMSG_FLAGS] =
    ((flags & fdbFlags.FDB_ADDED_BY_EXT_LEARN) !== 0 ? nd.NTF_EXT_LEARNED : 0) |
    ((flags & fdbFlags.FDB_STICKY) !== 0 ? nd.NTF_STICKY : 0);
  writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, 6), fdb.addressOf(entry));
  writer.u32(nd.NDA_MASTER, br.dev.ifindex);
  writer.u32(nd.NDA_FLAGS_EXT, (flags & fdbFlags.FDB_LOCKED) !== 0 ? nd.NTF_EXT_LOCKED : 0);
  fillCacheinfo(writer, br, entry);
  if (fdb.vlanOf(entry) !== 0) writer.u16(nd.NDA_VLAN, fdb.vlanOf(entry));
  if ((flags & fdbFlags.FDB_NOTIFY) === 0) return;
  const nest = writer.nestFlagged(nd.NDA_FDB_EXT_ATTRS);
  const inactive = (flags & fdbFlags.FDB_NOTIFY_INACTIVE) !== 0 ? nd.FDB_NOTIFY_INACTIVE_BIT : 0;
  writer.u8(nd.NFEA_ACTIVITY_NOTIFY, nd.FDB_NOTIFY_BIT | inactive).endNest(nest);
}

function fillCacheinfo(writer: MessageWriter, br: Bridge, entry: number): void {
  const now = br.dev.machine.clock.now();
  const at = writer.attribute(nd.NDA_CACHEINFO, nd.NDA_CACHEINFO_SIZE);
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_USED, clockFromNs(now - (br.fdb.usedNs[entry] ?? 0)));
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_UPDATED, clockFromNs(now - (br.fdb.updatedNs[entry] ?? 0)));
}

/** Tells of an entry: RTM_NEWNEIGH or RTM_DELNEIGH (fdb_notify). */
export function notifyFdb(br: Bridge, entry: number, type: number): void {
  br.dev.machine.announce(RTNLGRP_NEIGH, br.dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillFdb(writer, br, entry);
    writer.end();
  });
}
