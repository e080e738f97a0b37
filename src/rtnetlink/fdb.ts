// RTM_NEWNEIGH, RTM_DELNEIGH and RTM_GETNEIGH of the family AF_BRIDGE: forwarding tables. A request goes to the master of
// the device it names, to the device itself, or to both; a device without a table has its lists of hardware addresses.
//
// Mirrors net/core/rtnetlink.c (rtnl_fdb_add, rtnl_fdb_del, rtnl_fdb_get, rtnl_fdb_dump, ndo_dflt_fdb_add,
// ndo_dflt_fdb_del, ndo_dflt_fdb_dump) with their order, errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setS32, setU16 } from "../bytes/endian.ts";
import { isMulticast, readMac, writeMac } from "../bytes/mac.ts";
import { hardwareGroups } from "../inet/ipv6/multicast.ts";
import { devMcAddExclusive, devMcDel, devUcAddExclusive, devUcDel } from "../net/address-list.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import type { Device, DumpWriter, FdbOps, FdbRequest } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, noDevice, notSupported } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ARPHRD_ETHER } from "../uapi/if_arp.ts";
import { ETH_ALEN } from "../uapi/if_ether.ts";
import * as nd from "../uapi/neighbour.ts";
import { NLM_F_BULK, NLM_F_EXCL, NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_DELNEIGH, RTM_NEWNEIGH, RTNLGRP_NEIGH } from "../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../uapi/socket.ts";
import { dumpFilter } from "./fdb-filter.ts";
import type { Ndmsg } from "./neigh-fill.ts";
import { neighPolicy, readNdmsg } from "./neigh-fill.ts";

/** The last VLAN identifier, which is reserved. */
const reservedVid = 0xfff;

// --- Changing ----------------------------------------------------------------------------------------------------------

/** Answers RTM_NEWNEIGH. */
export function newFdb(request: Request): void {
  const { message } = request;
  const { header, dev } = deviceOf(request);
  const address = addressOf(message);
  if (dev.type !== ARPHRD_ETHER) throw invalid("FDB add only supported for Ethernet devices");
  const entry = requestOf(request, header, address);
  const toSelf = eachTable(header, dev, (owner, fdb) => {
    if (fdb?.add === undefined) return unsupported();
    return fdb.add(owner, dev, entry);
  });
  if (!toSelf) return;
  const isTold = dev.ops.fdb?.add === undefined ? addDefault(dev, entry) : dev.ops.fdb.add(dev, dev, entry);
  if (!isTold) announceAddress(dev, entry, RTM_NEWNEIGH);
}

/** Answers RTM_DELNEIGH: one entry, or with NLM_F_BULK all that match. */
export function delFdb(request: Request): void {
  const { message } = request;
  const isBulk = (message.flags & NLM_F_BULK) !== 0;
  const { header, dev } = deviceOf(request);
  const address = isBulk ? 0 : addressOf(message);
  const entry = isBulk ? undefined : requestOf(request, header, address);
  if (dev.type !== ARPHRD_ETHER) throw invalid("FDB delete only supported for Ethernet devices");
  const toSelf = eachTable(header, dev, (owner, fdb) => {
    if (entry === undefined) {
      if (fdb?.delBulk === undefined) return unsupported();
      fdb.delBulk(owner, dev, message);
      return true;
    }
    if (fdb?.del === undefined) return unsupported();
    return fdb.del(owner, dev, entry);
  });
  if (!toSelf) return;
  if (entry === undefined) {
    if (dev.ops.fdb?.delBulk === undefined) throw notSupported();
    return dev.ops.fdb.delBulk(dev, dev, message);
  }
  const isTold = dev.ops.fdb?.del === undefined ? delDefault(dev, entry) : dev.ops.fdb.del(dev, dev, entry);
  if (!isTold) announceAddress(dev, entry, RTM_DELNEIGH);
}

function unsupported(): never {
  throw notSupported();
}

/**
 * Does `change` at the master of a bridge's port, if the request is for it; true when the device itself is to follow.
 * EOPNOTSUPP when it is for neither.
 */
function eachTable(
  { flags }: Ndmsg,
  dev: Device,
  change: (owner: Device, fdb: FdbOps | undefined) => boolean,
): boolean {
  let isDone = false;
  if ((flags === 0 || (flags & nd.NTF_MASTER) !== 0) && isBridgePort(dev) && dev.master !== null) {
    change(dev.master, dev.master.ops.fdb);
    isDone = true;
  }
  if ((flags & nd.NTF_SELF) !== 0) return true;
  if (!isDone) throw notSupported();
  return false;
}

/** Whether the device is a port of a bridge (netif_is_bridge_port): of a device that has links of the family. */
function isBridgePort(dev: Device): boolean {
  return dev.master?.ops.setBridgeLink !== undefined;
}

/** The header of a change and the device it names. */
function deviceOf({ message, netns }: Request): { header: Ndmsg; dev: Device } {
  if (message.payloadLength < nd.NDMSG_SIZE) throw invalid("Invalid header length");
  const header = readNdmsg(message);
  if (header.ifindex === 0) throw invalid("invalid ifindex");
  const dev = deviceByIndex(netns, header.ifindex);
  if (dev === undefined) throw noDevice("unknown ifindex");
  return { header, dev };
}

function addressOf(message: Message): number {
  const attribute = message.attribute(nd.NDA_LLADDR, nd.NDMSG_SIZE);
  if (attribute === undefined || attribute.length !== ETH_ALEN) throw invalid("invalid address");
  return readMac(attribute.bytes, attribute.start);
}

function requestOf(request: Request, header: Ndmsg, address: number): FdbRequest {
  const { message } = request;
  return {
    state: header.state,
    flags: header.flags,
    nlFlags: message.flags,
    address,
    vid: vidOf(message.attribute(nd.NDA_VLAN, nd.NDMSG_SIZE)),
    message,
    warn: (text) => request.warn(text),
  };
}

/** NDA_VLAN; 0 without one (fdb_vid_parse). */
function vidOf(attribute: Attribute | undefined): number {
  if (attribute === undefined) return 0;
  if (attribute.length !== 2) throw invalid("invalid vlan attribute size");
  const vid = attribute.u16();
  if (vid === 0 || vid >= reservedVid) throw invalid("invalid vlan id");
  return vid;
}

/** Lets a device without a table listen to one more address (ndo_dflt_fdb_add). */
function addDefault(dev: Device, { state, address, vid, message, nlFlags }: FdbRequest): boolean {
  if (state !== 0 && (state & nd.NUD_PERMANENT) === 0) throw new NetlinkError("EINVAL");
  if (message.attribute(nd.NDA_FLAGS_EXT, nd.NDMSG_SIZE) !== undefined) throw new NetlinkError("EINVAL");
  if (vid !== 0) throw new NetlinkError("EINVAL");
  try {
    if (isMulticast(address)) devMcAddExclusive(dev, address);
    else devUcAddExclusive(dev, address);
  } catch (error) {
    const isKnown = error instanceof NetlinkError && error.code === "EEXIST";
    if (!isKnown || (nlFlags & NLM_F_EXCL) !== 0) throw error;
  }
  return false;
}

/** See addDefault (ndo_dflt_fdb_del). */
function delDefault(dev: Device, { state, address }: FdbRequest): boolean {
  if ((state & nd.NUD_PERMANENT) === 0) throw new NetlinkError("EINVAL");
  const wasThere = isMulticast(address) ? devMcDel(dev, address) : devUcDel(dev, address);
  if (!wasThere) throw new NetlinkError("ENOENT");
  return false;
}

/** Tells of an address a device listens to (rtnl_fdb_notify). */
function announceAddress(dev: Device, { address, vid, state }: FdbRequest, type: number): void {
  dev.machine.announce(RTNLGRP_NEIGH, dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillAddress(writer, dev, address, state);
    if (vid !== 0) writer.u16(nd.NDA_VLAN, vid);
    writer.end();
  });
}

function fillAddress(writer: MessageWriter, dev: Device, address: number, state: number): void {
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, dev.ifindex);
  setU16(writer.bytes, at + nd.NDMSG_STATE, state);
  writer.bytes[at + nd.NDMSG_FLAGS] = nd.NTF_SELF;
  writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, ETH_ALEN), address);
}

// --- Dumping -----------------------------------------------------------------------------------------------------------

/** Dumps the tables of bridges, port by port, and what devices have themselves. */
export function* dumpFdb(request: Request, control: DumpControl): Dump {
  const { netns, origin } = request;
  const filter = dumpFilter(request);
  const { writer } = control;
  const out: DumpWriter = {
    writer,
    begin: () => writer.begin(RTM_NEWNEIGH, NLM_F_MULTI, origin.seq, origin.portId),
  };
  const bridge = filter.master === 0 ? undefined : deviceByIndex(netns, filter.master);
  if (filter.master !== 0 && bridge === undefined) throw noDevice();
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || (filter.ifindex !== 0 && dev.ifindex !== filter.ifindex)) continue;
    const isPort = isBridgePort(dev);
    if (bridge !== undefined) {
      if (dev !== bridge && !isPort) continue;
      if (dev.master !== bridge && dev.ops.setBridgeLink === undefined) continue;
    }
    const owner = bridge ?? dev.master;
    if (isPort && owner !== null && owner.ops.fdb?.dump !== undefined)
      yield* owner.ops.fdb.dump(owner, dev, out);
    if (dev.ops.fdb?.isAlone !== true) yield* dumpLists(dev, out);
    if (dev.ops.fdb?.dump !== undefined) yield* dev.ops.fdb.dump(dev, undefined, out);
  }
}

/** The addresses an Ethernet device listens to, unicast ones first (ndo_dflt_fdb_dump). */
function* dumpLists(dev: Device, out: DumpWriter): Dump {
  if (dev.type !== ARPHRD_ETHER) return;
  for (const list of [dev.unicast?.keys() ?? [], hardwareGroups(dev).map(([address]) => address)]) {
    for (const address of [...list]) {
      out.begin();
      fillAddress(out.writer, dev, address, nd.NUD_PERMANENT);
      out.writer.end();
      yield;
    }
  }
}

// --- Getting one -------------------------------------------------------------------------------------------------------

/** Answers RTM_GETNEIGH for one entry. */
export function getFdb(request: Request): void {
  const { message, netns, origin } = request;
  const question = questionOf(request);
  const { header, master } = question;
  if (question.address === undefined) throw invalid("Missing lookup address for fdb get request");
  const dev = header.ifindex === 0 ? undefined : deviceByIndex(netns, header.ifindex);
  if (header.ifindex !== 0 && dev === undefined) throw noDevice("Unknown device ifindex");
  const owner = ownerOf(request, dev, master, header.flags);
  if (owner === undefined) throw noDevice("No device specified");
  const { fdb } = owner.ops;
  if (fdb?.get === undefined) throw notSupported("Fdb get operation not supported by device");
  const { address, vid } = question;
  const entry: FdbRequest = {
    ...{ state: 0, flags: header.flags, nlFlags: message.flags, address, vid, message },
    warn: (text) => request.warn(text),
  };
  const get = fdb.get;
  request.reply((writer) => {
    writer.begin(RTM_NEWNEIGH, 0, origin.seq, origin.portId);
    get(owner, entry, writer);
    writer.end();
  });
}

/** Whose table is asked: that of the master named, of the device's master, or of the device. */
function ownerOf(
  { netns }: Request,
  dev: Device | undefined,
  masterIndex: number,
  flags: number,
): Device | undefined {
  if (masterIndex !== 0) {
    if (dev !== undefined) throw invalid("Master and device are mutually exclusive");
    const master = deviceByIndex(netns, masterIndex);
    if (master === undefined) throw invalid("Invalid master ifindex");
    return master;
  }
  if (dev === undefined) return undefined;
  if (flags !== 0 && (flags & nd.NTF_MASTER) === 0) return dev;
  if (!isBridgePort(dev) || dev.master === null) throw invalid("Device is not a bridge port");
  return dev.master;
}

interface Question {
  readonly header: Ndmsg;
  readonly master: number;
  readonly address: number | undefined;
  readonly vid: number;
}

/** Checks a get, which is always strict (valid_fdb_get_strict). */
function questionOf({ message }: Request): Question {
  const refused = (what: string) => invalid(`${what} fdb get request`);
  if (message.payloadLength < nd.NDMSG_SIZE) throw refused("Invalid header for");
  const header = readNdmsg(message);
  if (!header.isPadded || header.state !== 0 || header.type !== 0) {
    throw refused("Invalid values in header for");
  }
  if ((header.flags & ~(nd.NTF_MASTER | nd.NTF_SELF)) !== 0) throw refused("Invalid flags in header for");
  parseMessage(message, nd.NDMSG_SIZE, neighPolicy, "no-unknown");
  let master = 0;
  let address: number | undefined;
  let vid = 0;
  const attributes = [...message.attributes(nd.NDMSG_SIZE)].sort((one, other) => one.type - other.type);
  for (const attribute of attributes) {
    switch (attribute.type) {
      case nd.NDA_MASTER:
        master = attribute.u32();
        break;
      case nd.NDA_LLADDR:
        if (attribute.length !== ETH_ALEN) throw refused("Invalid address in");
        address = readMac(attribute.bytes, attribute.start);
        break;
      case nd.NDA_VLAN:
        vid = vidOf(attribute);
        break;
      case nd.NDA_VNI:
        break;
      default:
        throw refused("Unsupported attribute in");
    }
  }
  return { header, master, address, vid };
}
