// The forwarding table as users ask for and change it.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fdb_add, vxlan_fdb_update, vxlan_fdb_delete, vxlan_fdb_delete_bulk,
// vxlan_fdb_dump, vxlan_fdb_get, vxlan_fdb_parse) with their order, errno and texts.

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
import { attachNexthop, nexthopOf } from "./fdb-nexthop.ts";
import type { FdbEntry, Remote } from "./fdb-table.ts";
import type { Vxlan, VxlanState } from "./state.ts";
import { tableVni } from "./state.ts";

export const fdbOps: FdbOps<VxlanState> = { isAlone: true, add, del, delBulk, dump, get };

/** Where a request says an address is. */
interface Place {
  readonly remote: Remote;
  /** It does not say. */
  readonly isAny: boolean;
  /** The identifier of the frames it is for. */
  readonly sourceVni: number;
  /** The id of a nexthop object, which stands for all else; 0 for none. */
  readonly nhId: number;
}

/** Reads where the request says an address is (vxlan_fdb_parse). */
function remoteOf(dev: Vxlan, { message }: FdbRequest): Place {
  const { config } = dev.state;
  const at = (type: number) => message.attribute(type, nd.NDMSG_SIZE);
  const nhId = at(nd.NDA_NH_ID)?.u32() ?? 0;
  const sourceVni = at(nd.NDA_SRC_VNI);
  if (sourceVni !== undefined && sourceVni.length !== 4) throw invalid("Invalid src vni");
  const others = [nd.NDA_DST, nd.NDA_VNI, nd.NDA_IFINDEX, nd.NDA_PORT];
  if (at(nd.NDA_NH_ID) !== undefined && others.some((type) => at(type) !== undefined)) {
    throw invalid("DST, VNI, ifindex and port are mutually exclusive with NH_ID");
  }
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
  return {
    remote,
    isAny: address.every((byte) => byte === 0),
    nhId,
    sourceVni: sourceVni?.u32() ?? config.vni,
  };
}

/** Adds an entry, another remote of one, or puts it elsewhere. */
function add(dev: Vxlan, _target: Device, request: FdbRequest): boolean {
  const { state, message } = request;
  if ((state & (nd.NUD_PERMANENT | nd.NUD_REACHABLE)) === 0) throw new NetlinkError("EINVAL");
  const hasPlace = [nd.NDA_DST, nd.NDA_NH_ID].some(
    (type) => message.attribute(type, nd.NDMSG_SIZE) !== undefined,
  );
  if (!hasPlace) throw new NetlinkError("EINVAL");
  const place = remoteOf(dev, request);
  const { remote } = place;
  if (remote.address.length !== familyOf(dev.state.config)) throw new NetlinkError("EAFNOSUPPORT");
  const entry = dev.state.fdb.find(request.address, tableVni(dev, place.sourceVni));
  if (entry === undefined) return addNew(dev, request, place);
  return update(dev, entry, request, place);
}

/** Whether frames for the address go to every remote: only then may it have several. */
function hasMany(address: number): boolean {
  return address === 0 || isMulticast(address);
}

function addNew(dev: Vxlan, request: FdbRequest, { nhId, remote, sourceVni }: Place): boolean {
  const { address, flags, nlFlags, state } = request;
  if ((nlFlags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
  if ((nlFlags & NLM_F_REPLACE) !== 0 && hasMany(address)) {
    throw notSupported();
  }
  if (isFull(dev)) throw new NetlinkError("ENOSPC");
  const nexthop = nhId === 0 ? null : nexthopOf(dev, nhId);
  const entry = createEntry(dev, address, tableVni(dev, sourceVni), {
    state,
    flags,
    remote: nexthop === null ? remote : null,
  });
  if (nexthop !== null) attachNexthop(dev, entry, nexthop);
  notifyFdb(dev, entry, nexthop === null ? remote : null, RTM_NEWNEIGH);
  return true;
}

function update(dev: Vxlan, entry: FdbEntry, request: FdbRequest, { nhId, remote }: Place): boolean {
  const { nlFlags, state, flags } = request;
  if ((nlFlags & NLM_F_EXCL) !== 0) throw exists();
  if (nhId !== 0 && entry.nexthop === null) {
    throw notSupported("Cannot replace an existing non nexthop fdb with a nexthop");
  }
  if (nhId !== 0 && (nlFlags & NLM_F_APPEND) !== 0) throw notSupported("Cannot append to a nexthop fdb");
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
  let told: Remote | null = entry.nexthop === null ? (entry.remotes[0] ?? remote) : null;
  if ((nlFlags & NLM_F_REPLACE) !== 0) {
    if (hasMany(entry.address)) throw notSupported("Cannot replace non-unicast fdb entries");
    if (nhId !== 0) {
      const nexthop = nexthopOf(dev, nhId);
      if (nexthop !== entry.nexthop) {
        attachNexthop(dev, entry, nexthop);
        entry.updatedNs = now;
        isNotable = true;
      }
    } else if (entry.nexthop === null && !entry.remotes.some((each) => isSameRemote(each, remote))) {
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
  const { remote, isAny, sourceVni } = remoteOf(dev, request);
  const entry = dev.state.fdb.find(request.address, tableVni(dev, sourceVni));
  if (entry === undefined) throw new NetlinkError("ENOENT");
  if (isAny) destroyEntry(dev, entry);
  else deleteRemote(dev, entry, remote);
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
  const nhId = at(nd.NDA_NH_ID)?.u32();
  const sourceVni = at(nd.NDA_SRC_VNI)?.u32();
  for (const entry of dev.state.fdb.all()) {
    if (entry.address === 0 && (entry.state & nd.NUD_PERMANENT) !== 0) continue;
    if ((entry.state & stateMask) !== (state & stateMask)) continue;
    if ((entry.flags & flagsMask) !== (flags & flagsMask)) continue;
    if (nhId !== undefined && entry.nexthop?.id !== nhId) continue;
    if (sourceVni !== undefined && entry.vni !== tableVni(dev, sourceVni)) continue;
    if (vni !== undefined && !entry.remotes.some((remote) => remote.vni === vni)) continue;
    destroyEntry(dev, entry);
  }
}

function* dump(dev: Vxlan, port: Device | undefined, out: DumpWriter): Generator<void, void, void> {
  if (port !== undefined && port !== dev) return;
  for (const entry of dev.state.fdb.all()) {
    for (const remote of entry.nexthop === null ? entry.remotes : [null]) {
      fillFdb(out.begin(), dev, entry, remote);
      out.writer.end();
      yield;
    }
  }
}

function get(dev: Vxlan, { address, message }: FdbRequest, writer: MessageWriter): void {
  const vni = message.attribute(nd.NDA_VNI, nd.NDMSG_SIZE)?.u32() ?? dev.state.config.vni;
  const entry = dev.state.fdb.find(address, tableVni(dev, vni));
  const [remote = null] = entry?.remotes ?? [];
  if (entry === undefined) throw new NetlinkError("ENOENT", "Fdb entry not found");
  fillFdb(writer, dev, entry, remote);
}
