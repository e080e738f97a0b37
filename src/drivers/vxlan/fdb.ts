// The forwarding table of a VXLAN device: hardware addresses and the hosts they are behind. 00:00:00:00:00:00 stands for
// all that no entry is for, and every group.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fdb_create, vxlan_snoop, vxlan_cleanup, vxlan_flush, vxlan_fdb_notify).

import { setS32, setU16, setU32 } from "../../bytes/endian.ts";
import { isValidEtherAddr, writeMac } from "../../bytes/mac.ts";
import { clockFromNs } from "../../net/jiffies.ts";
import { allocateNsid } from "../../net/namespace.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as nd from "../../uapi/neighbour.ts";
import { RTM_DELNEIGH, RTM_NEWNEIGH, RTN_UNICAST, RTNLGRP_NEIGH } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { detachNexthop } from "./fdb-nexthop.ts";
import type { FdbEntry, Remote } from "./fdb-table.ts";
import type { Vxlan } from "./state.ts";
import { tableVni } from "./state.ts";

const S = 1_000_000_000;
/** How often old entries are looked for (FDB_AGE_INTERVAL). */
const ageingIntervalNs = 10 * S;
/** Entries nobody ages. */
const staticStates = nd.NUD_PERMANENT | nd.NUD_NOARP;

/** Whether two remotes are the same place. */
export function isSameRemote(one: Remote, other: Remote): boolean {
  return (
    one.port === other.port &&
    one.vni === other.vni &&
    one.ifindex === other.ifindex &&
    `${one.address}` === `${other.address}`
  );
}

/** Makes an entry for frames of an identifier of `tableVni`; the caller has seen to the limit, and tells of it. */
export function createEntry(
  dev: Vxlan,
  address: number,
  vni: number,
  what: { readonly state: number; readonly flags: number; readonly remote: Remote | null },
): FdbEntry {
  const now = dev.machine.clock.now();
  const { state, flags, remote } = what;
  const entry: FdbEntry = {
    address,
    vni,
    remotes: remote === null ? [] : [remote],
    nexthop: null,
    forget: null,
    state,
    flags,
    updatedNs: now,
    usedNs: now,
  };
  dev.state.fdb.add(entry);
  return entry;
}

/** Whether the table has as many entries as it may. */
export function isFull({ state }: Vxlan): boolean {
  return state.config.limit !== 0 && state.fdb.size >= state.config.limit;
}

/** Takes an entry out and tells of each of its remotes. */
export function destroyEntry(dev: Vxlan, entry: FdbEntry): void {
  dev.state.fdb.remove(entry);
  if (entry.nexthop !== null) notifyFdb(dev, entry, null, RTM_DELNEIGH);
  else for (const remote of entry.remotes) notifyFdb(dev, entry, remote, RTM_DELNEIGH);
  detachNexthop(entry);
}

/** The entry for all the rest of an identifier's frames, towards `address`. */
export function setDefault(dev: Vxlan, address: Uint8Array | null, vni: number): void {
  const { port, ifindex } = dev.state.config;
  if (address === null) return;
  const remote = { address, port, vni, ifindex };
  const known = dev.state.fdb.find(0, tableVni(dev, vni));
  if (known === undefined) {
    const state = nd.NUD_REACHABLE | nd.NUD_PERMANENT;
    const what = { state, flags: nd.NTF_SELF, remote };
    notifyFdb(dev, createEntry(dev, 0, tableVni(dev, vni), what), remote, RTM_NEWNEIGH);
  } else if (!known.remotes.some((each) => isSameRemote(each, remote))) {
    known.remotes.push(remote);
    notifyFdb(dev, known, remote, RTM_NEWNEIGH);
  }
}

/** Takes one remote out of an entry, and the entry with its last; false when it is not there. */
export function deleteRemote(dev: Vxlan, entry: FdbEntry, remote: Remote): boolean {
  const place = entry.remotes.findIndex((each) => isSameRemote(each, remote));
  const found = entry.remotes[place];
  if (found === undefined) return false;
  if (entry.remotes.length === 1) destroyEntry(dev, entry);
  else {
    entry.remotes.splice(place, 1);
    notifyFdb(dev, entry, found, RTM_DELNEIGH);
  }
  return true;
}

/** Takes back what `setDefault` has entered. */
export function clearDefault(dev: Vxlan, address: Uint8Array | null, vni: number): void {
  const { port, ifindex } = dev.state.config;
  const entry = dev.state.fdb.find(0, tableVni(dev, vni));
  if (entry !== undefined && address !== null) deleteRemote(dev, entry, { address, port, vni, ifindex });
}

/** Learns where the sender of a frame of `vni` is; true when the frame is to be dropped, as its sender cannot be there (vxlan_snoop). */
export function snoop(
  dev: Vxlan,
  source: number,
  address: Uint8Array,
  ifindex: number,
  vni: number,
): boolean {
  if (!isValidEtherAddr(source)) return true;
  const { config, fdb } = dev.state;
  const entry = fdb.find(source, tableVni(dev, vni));
  if (entry === undefined) {
    if (isFull(dev)) return false;
    const remote = { address, port: config.port, vni: config.vni, ifindex };
    const what = { state: nd.NUD_REACHABLE, flags: nd.NTF_SELF, remote };
    notifyFdb(dev, createEntry(dev, source, tableVni(dev, vni), what), remote, RTM_NEWNEIGH);
    return false;
  }
  const [remote] = entry.remotes;
  // What goes by a nexthop object is not learned.
  if (entry.nexthop !== null || remote === undefined) return true;
  if (remote.ifindex === ifindex && isSame(remote.address, address)) {
    entry.updatedNs = dev.machine.clock.now();
    return false;
  }
  if ((entry.state & staticStates) !== 0) return true;
  remote.address = address;
  entry.updatedNs = dev.machine.clock.now();
  notifyFdb(dev, entry, remote, RTM_NEWNEIGH);
  return false;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** Takes out what was learned and not seen for long, and looks again later (vxlan_cleanup). */
export function age(dev: Vxlan): void {
  const { config, fdb, ageingTimer } = dev.state;
  const now = dev.machine.clock.now();
  let next = now + ageingIntervalNs;
  for (const entry of fdb.all()) {
    if ((entry.state & staticStates) !== 0 || (entry.flags & nd.NTF_EXT_LEARNED) !== 0) continue;
    const end = entry.updatedNs + config.ageingS * S;
    if (end <= now) {
      entry.state = nd.NUD_STALE;
      destroyEntry(dev, entry);
    } else next = Math.min(next, end);
  }
  ageingTimer?.start(next - now);
}

/** Forgets what was learned, as a device does that goes down. */
export function flushFdb(dev: Vxlan): void {
  for (const entry of dev.state.fdb.all()) {
    if ((entry.state & staticStates) === 0) destroyEntry(dev, entry);
  }
}

/** Writes the ndmsg of an entry and its attributes for one remote (vxlan_fdb_info). */
export function fillFdb(writer: MessageWriter, dev: Vxlan, entry: FdbEntry, remote: Remote | null): void {
  const { netns } = dev.state;
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, dev.ifindex);
  setU16(writer.bytes, at + nd.NDMSG_STATE, entry.state);
  writer.bytes[at + nd.NDMSG_FLAGS] = entry.flags;
  writer.bytes[at + nd.NDMSG_TYPE] = RTN_UNICAST;
  if (netns !== null && netns !== dev.netns) {
    writer.s32(nd.NDA_LINK_NETNSID, allocateNsid(dev.netns, netns));
  }
  writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, 6), entry.address);
  if (entry.nexthop !== null) writer.u32(nd.NDA_NH_ID, entry.nexthop.id);
  else if (remote !== null) putRemote(writer, dev, remote);
  if (entry.vni !== 0) writer.u32(nd.NDA_SRC_VNI, entry.vni);
  const now = dev.machine.clock.now();
  const info = writer.attribute(nd.NDA_CACHEINFO, nd.NDA_CACHEINFO_SIZE);
  setU32(writer.bytes, info + nd.NDA_CACHEINFO_USED, clockFromNs(now - entry.usedNs));
  setU32(writer.bytes, info + nd.NDA_CACHEINFO_UPDATED, clockFromNs(now - entry.updatedNs));
}

function putRemote(writer: MessageWriter, { state: { config } }: Vxlan, remote: Remote): void {
  writer.binary(nd.NDA_DST, remote.address);
  if (remote.port !== 0 && remote.port !== config.port) {
    const port = writer.attribute(nd.NDA_PORT, 2);
    writer.bytes[port] = remote.port >>> 8;
    writer.bytes[port + 1] = remote.port & 0xff;
  }
  if (remote.vni !== config.vni) writer.u32(nd.NDA_VNI, remote.vni);
  if (remote.ifindex !== 0) writer.u32(nd.NDA_IFINDEX, remote.ifindex);
}

/** Tells of an entry (vxlan_fdb_notify); `remote` is null for one by a nexthop object. */
export function notifyFdb(dev: Vxlan, entry: FdbEntry, remote: Remote | null, type: number): void {
  dev.machine.announce(RTNLGRP_NEIGH, dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillFdb(writer, dev, entry, remote);
    writer.end();
  });
}
