// The forwarding table as users ask for and change it.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fdb_add, vxlan_fdb_update, vxlan_fdb_delete, vxlan_fdb_delete_bulk,
// vxlan_fdb_dump, vxlan_fdb_get, vxlan_fdb_parse) with their order, errno and texts. Omitted: nexthop objects.

import { getBe16 } from "../../bytes/endian.ts";
import { isMulticast } from "../../bytes/mac.ts";
import type { Device, DumpWriter, FdbOps, FdbRequest } from "../../net/netdevice.ts";
import { exists, invalid, NetlinkError, notSupported } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as nd from "../../uapi/neighbour.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTM_NEWNEIGH } from "../../uapi/rtnetlink.ts";
import { familyOf } from "./config.ts";
import { createEntry, deleteRemote, destroyEntry, fillFdb, isFull, isSameRemote, notifyFdb } from "./fdb.ts";
import type { FdbEntry, Remote, Vxlan, VxlanState } from "./state.ts";

export const fdbOps: FdbOps<VxlanState> = { isAlone: true, add, del, delBulk, dump, get };

/** Where the request says an address is; `isAny` when it does not say (vxlan_fdb_parse). */
function remoteOf(dev: Vxlan, { message }: FdbRequest): { readonly remote: Remote; readonly isAny: boolean } {
  const { config } = dev.state;
  const at = (type: number) => message.attribute(type, nd.NDMSG_SIZE);
  if (at(nd.NDA_NH_ID) !== undefined) throw notSupported();
  const dst = at(nd.NDA_DST)?.copy();
  if (dst !== undefined && dst.length !== 4 && dst.length !== 16) {
    throw new NetlinkError("EAFNOSUPPORT", "Unsupported address family");
  }
  const port = at(nd.NDA_PORT);
  if (port !== undefined && port.length !== 2) throw invalid("Invalid vxlan port");
  const vni = at(nd.NDA_VNI);
  if (vni !== undefined && vni.length !== 4) throw invalid("Invalid vni");
  const ifindex = at(nd.NDA_IFINDEX);
  if (ifindex !== undefined && ifindex.length !== 4) throw invalid("Invalid ifindex");
  if (ifindex !== undefined && dev.netns.devices.get(ifindex.u32()) === undefined) {
    throw new NetlinkError("EADDRNOTAVAIL", "Device not found");
  }
  const address = dst ?? new Uint8Array(familyOf(config));
  const remote = {
    address,
    port: port === undefined ? config.port : getBe16(port.bytes, port.start),
    vni: vni?.u32() ?? config.vni,
    ifindex: ifindex?.u32() ?? 0,
  };
  return { remote, isAny: address.every((byte) => byte === 0) };
}

/** Adds an entry, another remote of one, or puts it elsewhere. */
function add(dev: Vxlan, _target: Device, request: FdbRequest): boolean {
  const { state, message, flags } = request;
  if ((state & (nd.NUD_PERMANENT | nd.NUD_REACHABLE)) === 0) throw new NetlinkError("EINVAL");
  if (message.attribute(nd.NDA_DST, nd.NDMSG_SIZE) === undefined) throw new NetlinkError("EINVAL");
  const { remote } = remoteOf(dev, request);
  if (remote.address.length !== familyOf(dev.state.config)) throw new NetlinkError("EAFNOSUPPORT");
  const entry = dev.state.fdb.get(request.address);
  if (entry === undefined) return addNew(dev, request, remote, flags);
  return update(dev, entry, request, remote);
}

/** Whether frames for the address go to every remote: only then may it have several. */
function hasMany(address: number): boolean {
  return address === 0 || isMulticast(address);
}

function addNew(dev: Vxlan, { address, nlFlags, state }: FdbRequest, remote: Remote, flags: number): boolean {
  if ((nlFlags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
  if ((nlFlags & NLM_F_REPLACE) !== 0 && hasMany(address)) {
    throw notSupported();
  }
  if (isFull(dev)) throw new NetlinkError("ENOSPC");
  notifyFdb(dev, createEntry(dev, address, { state, flags, remote }), remote, RTM_NEWNEIGH);
  return true;
}

function update(dev: Vxlan, entry: FdbEntry, { nlFlags, state, flags }: FdbRequest, remote: Remote): boolean {
  if ((nlFlags & NLM_F_EXCL) !== 0) throw exists();
  const now = dev.machine.clock.now();
  let isNotable = false;
  // What a user has set is not taken over by someone who has learned it elsewhere.
  const isHeld = (flags & nd.NTF_EXT_LEARNED) !== 0 && (entry.flags & nd.NTF_EXT_LEARNED) === 0;
  if (!isHeld && (entry.state !== state || entry.flags !== flags)) {
    entry.state = state;
    entry.flags = flags;
    entry.updatedNs = now;
    isNotable = true;
  }
  let told = entry.remotes[0] ?? remote;
  if ((nlFlags & NLM_F_REPLACE) !== 0) {
    if (hasMany(entry.address)) throw notSupported("Cannot replace non-unicast fdb entries");
    if (!entry.remotes.some((each) => isSameRemote(each, remote))) {
      entry.remotes.splice(0, 1, remote);
      entry.updatedNs = now;
      told = remote;
      isNotable = true;
    }
  }
  if ((nlFlags & NLM_F_APPEND) !== 0 && hasMany(entry.address)) {
    if (!entry.remotes.some((each) => isSameRemote(each, remote))) {
      entry.remotes.push(remote);
      told = remote;
      isNotable = true;
    }
  }
  if (isNotable) notifyFdb(dev, entry, told, RTM_NEWNEIGH);
  return true;
}

/** Deletes an entry, or one of its remotes; one it does not have is no error. */
function del(dev: Vxlan, _target: Device, request: FdbRequest): boolean {
  const { remote, isAny } = remoteOf(dev, request);
  const entry = dev.state.fdb.get(request.address);
  if (entry === undefined) throw new NetlinkError("ENOENT");
  if (isAny) destroyEntry(dev, entry);
  else deleteRemote(dev, request.address, remote);
  return true;
}

/** Deletes all entries but the default one whose states and flags are as asked for (bridge fdb flush). */
function delBulk(dev: Vxlan, _target: Device, message: Message): void {
  const at = (type: number) => message.attribute(type, nd.NDMSG_SIZE);
  const header = message.bytes;
  const state =
    (header[NLMSG_HDRLEN + nd.NDMSG_STATE] ?? 0) | ((header[NLMSG_HDRLEN + nd.NDMSG_STATE + 1] ?? 0) << 8);
  const flags = header[NLMSG_HDRLEN + nd.NDMSG_FLAGS] ?? 0;
  const stateMask = at(nd.NDA_NDM_STATE_MASK)?.u16() ?? 0;
  const flagsMask = at(nd.NDA_NDM_FLAGS_MASK)?.u8() ?? 0;
  const vni = at(nd.NDA_VNI)?.u32();
  for (const entry of [...dev.state.fdb.values()]) {
    if (entry.address === 0 && (entry.state & nd.NUD_PERMANENT) !== 0) continue;
    if ((entry.state & stateMask) !== (state & stateMask)) continue;
    if ((entry.flags & flagsMask) !== (flags & flagsMask)) continue;
    if (vni !== undefined && !entry.remotes.some((remote) => remote.vni === vni)) continue;
    destroyEntry(dev, entry);
  }
}

function* dump(dev: Vxlan, port: Device | undefined, out: DumpWriter): Generator<void, void, void> {
  if (port !== undefined && port !== dev) return;
  for (const entry of [...dev.state.fdb.values()]) {
    for (const remote of entry.remotes) {
      fillFdb(out.begin(), dev, entry, remote);
      out.writer.end();
      yield;
    }
  }
}

function get(dev: Vxlan, { address }: FdbRequest, writer: MessageWriter): void {
  const entry = dev.state.fdb.get(address);
  const [remote] = entry?.remotes ?? [];
  if (entry === undefined || remote === undefined) throw new NetlinkError("ENOENT", "Fdb entry not found");
  fillFdb(writer, dev, entry, remote);
}
