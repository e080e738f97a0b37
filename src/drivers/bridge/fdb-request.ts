// The forwarding table as users ask for and change it.
//
// Mirrors net/bridge/br_fdb.c (br_fdb_add, br_fdb_delete, br_fdb_delete_bulk, br_fdb_dump, br_fdb_get) with their order,
// errno and texts.

import { getU16 } from "../../bytes/endian.ts";
import { deviceByIndex } from "../../net/device.ts";
import type { Device, DumpWriter, FdbOps, FdbRequest } from "../../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import { parseMessage, parseNested } from "../../netlink/parse.ts";
import { flag, policy, u8, u16, u32 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as nd from "../../uapi/neighbour.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../../uapi/netlink.ts";
import { RTM_NEWNEIGH } from "../../uapi/rtnetlink.ts";
import {
  addHardwareAddress,
  createEntry,
  deleteEntry,
  delHardwareAddress,
  entriesOf,
  flushFdb,
  updateFdb,
} from "./fdb.ts";
import { fillFdb, notifyFdb, nudOf } from "./fdb-message.ts";
import * as fdbFlags from "./fdb-table.ts";
import { highOf, noEntry } from "./fdb-table.ts";
import type { BridgePort } from "./state.ts";
import { BR_STATE_FORWARDING, BR_STATE_LEARNING, Bridge, portOf } from "./state.ts";

/** br_nda_fdb_pol */
const extPolicy = policy(nd.NFEA_MAX, {
  [nd.NFEA_ACTIVITY_NOTIFY]: u8("activityNotify"),
  [nd.NFEA_DONT_REFRESH]: flag("dontRefresh"),
});

/** br_fdb_del_bulk_policy */
const bulkPolicy = policy(nd.NDA_MAX, {
  [nd.NDA_VLAN]: u16("vlan", { range: [1, 4_094] }),
  [nd.NDA_IFINDEX]: u32("ifindex", { range: [1, 0x7fffffff] }),
  [nd.NDA_NDM_STATE_MASK]: u16("stateMask"),
  [nd.NDA_NDM_FLAGS_MASK]: u8("flagsMask"),
});

export const fdbOps: FdbOps<Bridge> = { add, del, delBulk, dump, get };

/** The port a request names, null for the bridge itself; EINVAL for a device that is no part of it. */
function targetOf(dev: Device<Bridge>, target: Device): BridgePort | null {
  if (target === dev) return null;
  const port = portOf(target);
  if (port === null) throw new NetlinkError("EINVAL");
  return port;
}

// --- Adding ------------------------------------------------------------------------------------------------------------

/** Adds or changes an entry, in every VLAN of the port when the request names none (br_fdb_add). */
function add(dev: Device<Bridge>, target: Device, request: FdbRequest): boolean {
  const { state, address, vid, message } = request;
  if ((state & (nd.NUD_PERMANENT | nd.NUD_NOARP | nd.NUD_REACHABLE)) === 0) throw new NetlinkError("EINVAL");
  if (address === 0) throw new NetlinkError("EINVAL");
  const port = targetOf(dev, target);
  const extFlags = message.attribute(nd.NDA_FLAGS_EXT, nd.NDMSG_SIZE)?.u32() ?? 0;
  if ((extFlags & nd.NTF_EXT_LOCKED) !== 0) {
    throw invalid('bridge: Cannot add FDB entry with "locked" flag set');
  }
  const ext = message.attribute(nd.NDA_FDB_EXT_ATTRS, nd.NDMSG_SIZE);
  const { activityNotify = 0, dontRefresh = false } =
    ext === undefined ? {} : parseNested(ext, extPolicy, "strict");
  const wanted: Wanted = { request, notify: activityNotify, isRefresh: !dontRefresh };
  const group = port?.vlans ?? dev.state.vlans;
  if (vid !== 0) {
    if (group.member(vid) === undefined) throw new NetlinkError("EINVAL");
    addOne(dev.state, port, vid, wanted);
    return true;
  }
  addOne(dev.state, port, 0, wanted);
  for (const vlan of group.members) addOne(dev.state, port, vlan.vid, wanted);
  return true;
}

/** An entry as a request wants it. */
interface Wanted {
  readonly request: FdbRequest;
  /** FDB_NOTIFY_* */
  readonly notify: number;
  readonly isRefresh: boolean;
}

/** One entry, in the way its flags ask for (__br_fdb_add). */
function addOne(br: Bridge, port: BridgePort | null, vid: number, wanted: Wanted): void {
  const { address, flags, state } = wanted.request;
  if ((flags & nd.NTF_USE) !== 0) {
    if (port === null) throw new NetlinkError("EINVAL");
    if (!learns(port)) return;
    const now = br.dev.machine.clock.now();
    updateFdb(br, port, highOf(address, vid), address | 0, fdbFlags.FDB_ADDED_BY_USER, now);
  } else if ((flags & nd.NTF_EXT_LEARNED) !== 0) {
    if (port === null && (state & nd.NUD_PERMANENT) === 0) {
      throw invalid("bridge: FDB entry towards bridge must be permanent");
    }
    learnExternally(br, port, address, vid);
  } else {
    addEntry(br, port, vid, wanted);
  }
}

function learns({ state }: BridgePort): boolean {
  return state === BR_STATE_LEARNING || state === BR_STATE_FORWARDING;
}

/** Adds or changes an entry (fdb_add_entry). */
function addEntry(
  br: Bridge,
  port: BridgePort | null,
  vid: number,
  { request, notify, isRefresh }: Wanted,
): void {
  const { fdb } = br;
  const { address, state, nlFlags } = request;
  const isSticky = (request.flags & nd.NTF_STICKY) !== 0;
  const isFixed = (state & (nd.NUD_PERMANENT | nd.NUD_NOARP)) !== 0;
  if (port !== null && !isFixed && !learns(port)) throw new NetlinkError("EPERM");
  if (port === null && (state & nd.NUD_PERMANENT) === 0) throw new NetlinkError("EINVAL");
  if (isSticky && (state & nd.NUD_PERMANENT) !== 0) throw new NetlinkError("EINVAL");
  checkNotify(notify);
  let isModified = false;
  let entry = fdb.findAddress(address, vid);
  if (entry === noEntry) {
    if ((nlFlags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
    entry = createEntry(br, port, highOf(address, vid), address | 0, fdbFlags.FDB_ADDED_BY_USER);
    if (entry === noEntry) throw new NetlinkError("ENOMEM");
    isModified = true;
  } else {
    if ((nlFlags & NLM_F_EXCL) !== 0) throw new NetlinkError("EEXIST");
    if (fdb.ports[entry] !== port) {
      fdb.ports[entry] = port;
      isModified = true;
    }
    const known = fdb.flags[entry] ?? 0;
    if ((known & fdbFlags.FDB_DYNAMIC_LEARNED) !== 0) br.fdbLearned--;
    fdb.flags[entry] = (known & ~fdbFlags.FDB_DYNAMIC_LEARNED) | fdbFlags.FDB_ADDED_BY_USER;
  }
  const now = br.dev.machine.clock.now();
  if (nudOf(br, entry) !== state) {
    setState(br, entry, state);
    isModified = true;
  }
  const before = fdb.flags[entry] ?? 0;
  let flags = isSticky ? before | fdbFlags.FDB_STICKY : before & ~fdbFlags.FDB_STICKY;
  flags &= ~fdbFlags.FDB_LOCKED;
  flags = withNotify(flags, notify);
  fdb.flags[entry] = flags;
  if (flags !== before) isModified = true;
  fdb.usedNs[entry] = now;
  if (!isModified) return;
  if (isRefresh) fdb.updatedNs[entry] = now;
  notifyFdb(br, entry, RTM_NEWNEIGH);
}

/** EINVAL for bits there are not, and for news of silence alone. */
function checkNotify(notify: number): void {
  const settable = nd.FDB_NOTIFY_BIT | nd.FDB_NOTIFY_INACTIVE_BIT;
  if ((notify & ~settable) !== 0 || notify === nd.FDB_NOTIFY_INACTIVE_BIT) throw new NetlinkError("EINVAL");
}

/** Turns telling of activity on, or off, and notes whether the station is silent now (fdb_handle_notify). */
function withNotify(flags: number, notify: number): number {
  const cleared = flags & ~(fdbFlags.FDB_NOTIFY | fdbFlags.FDB_NOTIFY_INACTIVE);
  if ((notify & nd.FDB_NOTIFY_BIT) === 0)
    return notify === 0 && (flags & fdbFlags.FDB_NOTIFY) === 0 ? flags : cleared;
  const inactive = (notify & nd.FDB_NOTIFY_INACTIVE_BIT) !== 0 ? fdbFlags.FDB_NOTIFY_INACTIVE : 0;
  return cleared | fdbFlags.FDB_NOTIFY | inactive;
}

/** Makes an entry local, static or neither. */
function setState(br: Bridge, entry: number, state: number): void {
  const { fdb } = br;
  const known = fdb.flags[entry] ?? 0;
  const isPermanent = (state & nd.NUD_PERMANENT) !== 0;
  const isStatic = isPermanent || (state & nd.NUD_NOARP) !== 0;
  const wasStatic = (known & fdbFlags.FDB_STATIC) !== 0;
  if (isStatic && !wasStatic) addHardwareAddress(br, fdb.addressOf(entry));
  if (!isStatic && wasStatic) delHardwareAddress(br, fdb.addressOf(entry));
  fdb.flags[entry] =
    (known & ~(fdbFlags.FDB_LOCAL | fdbFlags.FDB_STATIC)) |
    (isPermanent ? fdbFlags.FDB_LOCAL : 0) |
    (isStatic ? fdbFlags.FDB_STATIC : 0);
}

/** Enters what a control plane has learned (br_fdb_external_learn_add). */
function learnExternally(br: Bridge, port: BridgePort | null, address: number, vid: number): void {
  const { fdb } = br;
  const now = br.dev.machine.clock.now();
  const local = port === null ? fdbFlags.FDB_LOCAL : 0;
  const learned = fdbFlags.FDB_ADDED_BY_EXT_LEARN | fdbFlags.FDB_ADDED_BY_USER | local;
  let entry = fdb.findAddress(address, vid);
  if (entry === noEntry) {
    entry = createEntry(br, port, highOf(address, vid), address | 0, learned);
    if (entry === noEntry) throw new NetlinkError("ENOMEM");
    notifyFdb(br, entry, RTM_NEWNEIGH);
    return;
  }
  const known = fdb.flags[entry] ?? 0;
  let isModified = false;
  fdb.updatedNs[entry] = now;
  if (fdb.ports[entry] !== port) {
    fdb.ports[entry] = port;
    isModified = true;
  }
  let flags = known;
  if ((known & fdbFlags.FDB_ADDED_BY_EXT_LEARN) !== 0) fdb.usedNs[entry] = now;
  else {
    flags |= fdbFlags.FDB_ADDED_BY_EXT_LEARN;
    isModified = true;
  }
  flags |= fdbFlags.FDB_ADDED_BY_USER | local;
  if ((flags & fdbFlags.FDB_LOCKED) !== 0) isModified = true;
  flags &= ~(fdbFlags.FDB_LOCKED | fdbFlags.FDB_DYNAMIC_LEARNED);
  if ((known & fdbFlags.FDB_DYNAMIC_LEARNED) !== 0) br.fdbLearned--;
  fdb.flags[entry] = flags;
  if (isModified) notifyFdb(br, entry, RTM_NEWNEIGH);
}

// --- Deleting ----------------------------------------------------------------------------------------------------------

/** Deletes an entry, in every VLAN of the port when the request names none (br_fdb_delete). */
function del(dev: Device<Bridge>, target: Device, { address, vid }: FdbRequest): boolean {
  const port = targetOf(dev, target);
  const br = dev.state;
  const group = port?.vlans ?? br.vlans;
  if (vid !== 0) {
    if (!deleteOne(br, port, address, vid)) throw new NetlinkError("ENOENT");
    return true;
  }
  let isDeleted = deleteOne(br, port, address, 0);
  for (const vlan of group.members) if (deleteOne(br, port, address, vlan.vid)) isDeleted = true;
  if (!isDeleted) throw new NetlinkError("ENOENT");
  return true;
}

function deleteOne(br: Bridge, port: BridgePort | null, address: number, vid: number): boolean {
  const entry = br.fdb.findAddress(address, vid);
  if (entry === noEntry || br.fdb.ports[entry] !== port) return false;
  deleteEntry(br, entry);
  return true;
}

/** States and flags a flush may select by, and flags that only say who is to do it. */
const flushStates = nd.NUD_PERMANENT | nd.NUD_NOARP;
const flushFlags = nd.NTF_USE | nd.NTF_EXT_LEARNED | nd.NTF_STICKY | nd.NTF_OFFLOADED;
const flushIgnored = nd.NTF_MASTER | nd.NTF_SELF;

/** Deletes all entries that match (br_fdb_delete_bulk). */
function delBulk(dev: Device<Bridge>, target: Device, message: Message): void {
  const attrs = parseMessage(message, nd.NDMSG_SIZE, bulkPolicy, "strict");
  const state = getU16(message.bytes, NLMSG_HDRLEN + nd.NDMSG_STATE);
  const flags = (message.bytes[NLMSG_HDRLEN + nd.NDMSG_FLAGS] ?? 0) & ~flushIgnored;
  const port = target === dev ? null : portOf(target);
  if (target !== dev && port === null) throw invalid("bridge: Device is not a bridge port");
  if ((flags & ~flushFlags) !== 0) throw invalid("bridge: Unsupported fdb flush ndm flag bits set");
  if ((state & ~flushStates) !== 0) throw invalid("bridge: Unsupported fdb flush ndm state bits set");
  let mask = 0;
  if (attrs.stateMask !== undefined) {
    if ((attrs.stateMask & ~flushStates) !== 0) {
      throw invalid("bridge: Unsupported fdb flush ndm state mask bits");
    }
    mask |= flagsOfState(attrs.stateMask);
  }
  if (attrs.flagsMask !== undefined) {
    if ((attrs.flagsMask & ~flushFlags) !== 0)
      throw invalid("bridge: Unsupported fdb flush ndm flag mask bits");
    mask |= flagsOfNtf(attrs.flagsMask);
  }
  if (attrs.ifindex !== undefined) checkFlushDevice(dev, attrs.ifindex);
  flushFdb(dev.state, {
    flags: flagsOfState(state) | flagsOfNtf(flags),
    mask,
    ifindex: attrs.ifindex ?? port?.dev.ifindex ?? 0,
    vid: attrs.vlan ?? 0,
  });
}

function checkFlushDevice(dev: Device<Bridge>, ifindex: number): void {
  const named = deviceByIndex(dev.netns, ifindex);
  if (named === undefined) throw noDevice("bridge: Unknown flush device ifindex");
  if (named.state instanceof Bridge && named !== dev) {
    throw invalid("bridge: Flush bridge device does not match target bridge device");
  }
  const port = portOf(named);
  if (port === null && !(named.state instanceof Bridge)) {
    throw invalid("bridge: Flush device is not a bridge or bridge port");
  }
  if (port !== null && port.br !== dev.state) {
    throw invalid("bridge: Port belongs to a different bridge device");
  }
}

function flagsOfState(state: number): number {
  return (
    ((state & nd.NUD_PERMANENT) !== 0 ? fdbFlags.FDB_LOCAL : 0) |
    ((state & nd.NUD_NOARP) !== 0 ? fdbFlags.FDB_STATIC : 0)
  );
}

function flagsOfNtf(flags: number): number {
  return (
    ((flags & nd.NTF_USE) !== 0 ? fdbFlags.FDB_ADDED_BY_USER : 0) |
    ((flags & nd.NTF_EXT_LEARNED) !== 0 ? fdbFlags.FDB_ADDED_BY_EXT_LEARN : 0) |
    ((flags & nd.NTF_STICKY) !== 0 ? fdbFlags.FDB_STICKY : 0)
  );
}

// --- Asking ------------------------------------------------------------------------------------------------------------

/** Dumps the entries behind a port, or those that are the bridge's own, newest first (br_fdb_dump). */
function* dump(dev: Device<Bridge>, port: Device | undefined, out: DumpWriter): Generator<void, void, void> {
  const br = dev.state;
  for (const entry of entriesOf(br)) {
    const own = br.fdb.ports[entry]?.dev;
    if (own !== port) continue;
    out.begin();
    fillFdb(out.writer, br, entry);
    out.writer.end();
    yield;
  }
}

/** Writes one entry: ENOENT with the kernel's text when there is none (br_fdb_get). */
function get(dev: Device<Bridge>, { address, vid }: FdbRequest, writer: MessageWriter): void {
  const entry = dev.state.fdb.findAddress(address, vid);
  if (entry === noEntry) throw new NetlinkError("ENOENT", "Fdb entry not found");
  fillFdb(writer, dev.state, entry);
}
