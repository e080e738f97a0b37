// Groups and routers as netlink tells them, and the word to RTNLGRP_MDB when one comes or goes.
//
// Mirrors net/bridge/br_mdb.c (br_mdb_notify, br_rtr_notify, __mdb_fill_info, __mdb_fill_srcs, br_rports_fill_info).

import { setBe16, setS32, setU16 } from "../../bytes/endian.ts";
import { clockFromNs } from "../../net/jiffies.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as mdb from "../../uapi/if_bridge.ts";
import { RTNLGRP_MDB } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { handlesSources } from "./multicast-context.ts";
import type { MdbEntry, PortGroup, PortMulticast } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";

/** Where the address, and the EtherType behind it, lie in `struct br_mdb_entry`. */
const addressOffset = mdb.BR_MDB_ENTRY_ADDR;
const protocolOffset = addressOffset + 16;

/** Tells of a port in a group, or with null of the bridge itself: RTM_NEWMDB or RTM_DELMDB (br_mdb_notify). */
export function notifyMdb(
  br: Bridge,
  entry: MdbEntry<BridgePort>,
  member: PortGroup<BridgePort> | null,
  type: number,
): void {
  announce(br, type, (writer) => {
    const groups = writer.nest(mdb.MDBA_MDB);
    const nest = writer.nest(mdb.MDBA_MDB_ENTRY);
    fillMdbEntry(writer, br, entry, member);
    writer.endNest(nest).endNest(groups);
  });
}

/** Tells of a port behind which a router is, or is no longer; in a VLAN, if not 0 (br_rtr_notify). */
export function notifyRouter(br: Bridge, port: BridgePort, vid: number, type: number): void {
  announce(br, type, (writer) => {
    const routers = writer.nest(mdb.MDBA_ROUTER);
    const nest = writer.nest(mdb.MDBA_ROUTER_PORT);
    setS32(writer.bytes, writer.reserve(4), port.dev.ifindex);
    if (vid !== 0) writer.u16(mdb.MDBA_ROUTER_PATTR_VID, vid);
    writer.endNest(nest).endNest(routers);
  });
}

function announce(br: Bridge, type: number, fill: (writer: MessageWriter) => void): void {
  br.dev.machine.announce(RTNLGRP_MDB, br.dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillMdbHeader(writer, br);
    fill(writer);
    writer.end();
  });
}

/** Writes `struct br_port_msg`. */
export function fillMdbHeader(writer: MessageWriter, br: Bridge): void {
  const at = writer.reserve(mdb.BR_PORT_MSG_SIZE);
  writer.bytes[at + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + mdb.BR_PORT_MSG_IFINDEX, br.dev.ifindex);
}

/** Writes MDBA_MDB_ENTRY_INFO of a port in a group, or of the bridge itself (__mdb_fill_info). */
export function fillMdbEntry(
  writer: MessageWriter,
  br: Bridge,
  { group, timer }: MdbEntry<BridgePort>,
  member: PortGroup<BridgePort> | null,
): void {
  const nest = writer.nest(mdb.MDBA_MDB_ENTRY_INFO);
  const at = writer.reserve(mdb.BR_MDB_ENTRY_SIZE);
  const { bytes } = writer;
  setS32(bytes, at + mdb.BR_MDB_ENTRY_IFINDEX, (member?.port.dev ?? br.dev).ifindex);
  // What has no IP address is there for good, whoever listens.
  const isPermanent = member?.isPermanent === true || group.protocol === 0;
  bytes[at + mdb.BR_MDB_ENTRY_STATE] = isPermanent ? mdb.MDB_PERMANENT : mdb.MDB_TEMPORARY;
  bytes[at + mdb.BR_MDB_ENTRY_FLAGS] = member?.flags ?? 0;
  setU16(bytes, at + mdb.BR_MDB_ENTRY_VID, group.vid);
  bytes.set(group.bytes, at + addressOffset);
  setBe16(bytes, at + protocolOffset, group.protocol);
  writer.u32(mdb.MDBA_MDB_EATTR_TIMER, clockFromNs((member?.timer ?? timer).remainingNs));
  if (group.source !== null) writer.binary(mdb.MDBA_MDB_EATTR_SOURCE, group.source);
  if (member !== null) {
    writer.u8(mdb.MDBA_MDB_EATTR_RTPROT, member.protocol);
    if (handlesSources(br, group.protocol, group.vid)) fillSources(writer, member);
  }
  writer.endNest(nest);
}

/** Writes the sources and the filter mode (__mdb_fill_srcs). */
function fillSources(writer: MessageWriter, { filterMode, sources }: PortGroup<BridgePort>): void {
  if (sources.length > 0) {
    const list = writer.nestFlagged(mdb.MDBA_MDB_EATTR_SRC_LIST);
    for (const { address, timer } of sources) {
      const entry = writer.nestFlagged(mdb.MDBA_MDB_SRCLIST_ENTRY);
      writer.binary(mdb.MDBA_MDB_SRCATTR_ADDRESS, address);
      writer.u32(mdb.MDBA_MDB_SRCATTR_TIMER, clockFromNs(timer.remainingNs));
      writer.endNest(entry);
    }
    writer.endNest(list);
  }
  writer.u8(mdb.MDBA_MDB_EATTR_GROUP_MODE, filterMode);
}

/** Writes MDBA_MDB with every group (br_mdb_fill_info). */
export function fillMdb(writer: MessageWriter, br: Bridge): void {
  const groups = writer.nest(mdb.MDBA_MDB);
  for (const entry of br.multicast.entries) {
    const nest = writer.nest(mdb.MDBA_MDB_ENTRY);
    if (entry.isHostJoined) fillMdbEntry(writer, br, entry, null);
    for (const member of entry.ports) fillMdbEntry(writer, br, entry, member);
    writer.endNest(nest);
  }
  writer.endNest(groups);
}

/** Whether a router is behind any port, in a VLAN if not 0 (br_rports_have_mc_router). */
export function hasRouters(br: Bridge, vid: number): boolean {
  return br.ports.some((port) => hasRouter(routersOf(port, vid)));
}

/** What tells of routers behind a port in a VLAN, whether its multicast is looked after now or not. */
function routersOf({ multicast, vlans }: BridgePort, vid: number): PortMulticast | null {
  return vid === 0 ? multicast : (vlans.find(vid)?.portMulticast ?? null);
}

function hasRouter(multicast: PortMulticast | null): multicast is PortMulticast {
  return multicast !== null && (multicast.ip4.isRouter || multicast.ip6.isRouter);
}

/** Writes MDBA_ROUTER with the ports behind which a router is; nothing without any (br_rports_fill_info). */
export function fillRouters(writer: MessageWriter, br: Bridge, vid: number): void {
  if (!hasRouters(br, vid)) return;
  const nest = writer.nest(mdb.MDBA_ROUTER);
  for (const router of br.ports) {
    const { dev } = router;
    const multicast = routersOf(router, vid);
    if (!hasRouter(multicast)) continue;
    const port = writer.nest(mdb.MDBA_ROUTER_PORT);
    setS32(writer.bytes, writer.reserve(4), dev.ifindex);
    const left = Math.max(multicast.ip4.router.remainingNs, multicast.ip6.router.remainingNs);
    writer.u32(mdb.MDBA_ROUTER_PATTR_TIMER, clockFromNs(left));
    writer.u8(mdb.MDBA_ROUTER_PATTR_TYPE, multicast.router);
    if (multicast.ip4.isRouter) {
      writer.u32(mdb.MDBA_ROUTER_PATTR_INET_TIMER, clockFromNs(multicast.ip4.router.remainingNs));
    }
    if (multicast.ip6.isRouter) {
      writer.u32(mdb.MDBA_ROUTER_PATTR_INET6_TIMER, clockFromNs(multicast.ip6.router.remainingNs));
    }
    if (vid !== 0) writer.u16(mdb.MDBA_ROUTER_PATTR_VID, vid);
    writer.endNest(port);
  }
  writer.endNest(nest);
}
