// RTM_NEWMDB, RTM_DELMDB and RTM_GETMDB: multicast databases, which are the devices' business once a request is found to be
// one about a group there can be.
//
// Mirrors net/core/rtnetlink.c (rtnl_mdb_add, rtnl_mdb_del, rtnl_mdb_get, rtnl_mdb_dump, rtnl_validate_mdb_entry) with their
// order, errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getBe16, getU8, getU16, getU32 } from "../bytes/endian.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import type { Device, MdbOps } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, missing, noDevice, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import * as mdb from "../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { NLM_F_BULK, NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_GETMDB, RTM_NEWMDB } from "../uapi/rtnetlink.ts";

/** The last VLAN identifier, which is reserved. */
const reservedVid = 0xfff;

/** Answers RTM_NEWMDB. */
export function newMdb(request: Request): void {
  const { message } = request;
  const dev = deviceOf(request);
  validateEntry(message.attribute(mdb.MDBA_SET_ENTRY, mdb.BR_PORT_MSG_SIZE));
  const { add } = tableOf(dev);
  if (add === undefined) throw unsupported();
  add(dev, message);
}

/** Answers RTM_DELMDB. */
export function delMdb(request: Request): void {
  const { message } = request;
  const dev = deviceOf(request);
  if ((message.flags & NLM_F_BULK) !== 0) {
    const { delBulk } = tableOf(dev);
    if (delBulk === undefined) throw notSupported("Device does not support MDB bulk deletion");
    return delBulk(dev, message);
  }
  validateEntry(message.attribute(mdb.MDBA_SET_ENTRY, mdb.BR_PORT_MSG_SIZE));
  const { del } = tableOf(dev);
  if (del === undefined) throw unsupported();
  del(dev, message);
}

/** Answers RTM_GETMDB for one group. */
export function getMdb(request: Request): void {
  const { message, origin } = request;
  const dev = deviceOf(request);
  const { get } = tableOf(dev);
  if (get === undefined) throw unsupported();
  get(dev, message, (write) =>
    request.reply((writer) => {
      writer.begin(RTM_NEWMDB, 0, origin.seq, origin.portId);
      write(writer);
      writer.end();
    }),
  );
}

/** Dumps the databases of all devices that have one. */
export function* dumpMdb(request: Request, { writer }: DumpControl): Dump {
  const { message, netns, origin } = request;
  if (request.sender.isStrict) {
    if (message.payloadLength < mdb.BR_PORT_MSG_SIZE) throw invalid("Invalid header for mdb dump request");
    if (getU32(message.bytes, NLMSG_HDRLEN + mdb.BR_PORT_MSG_IFINDEX) !== 0) {
      throw invalid("Filtering by device index is not supported for mdb dump request");
    }
    if (message.payloadLength > mdb.BR_PORT_MSG_SIZE) {
      throw invalid("Invalid data after header in mdb dump request");
    }
  }
  const begin = () => writer.begin(RTM_GETMDB, NLM_F_MULTI, origin.seq, origin.portId);
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns === netns && dev.ops.mdb?.dump !== undefined)
      yield* dev.ops.mdb.dump(dev, { writer, begin });
  }
}

function deviceOf({ message, netns }: Request): Device {
  if (message.payloadLength < mdb.BR_PORT_MSG_SIZE) throw invalid("Invalid header length");
  const ifindex = getU32(message.bytes, NLMSG_HDRLEN + mdb.BR_PORT_MSG_IFINDEX);
  if (ifindex === 0) throw invalid("Invalid ifindex");
  const dev = deviceByIndex(netns, ifindex);
  if (dev === undefined) throw noDevice("Device doesn't exist");
  return dev;
}

function tableOf(dev: Device): MdbOps {
  return dev.ops.mdb ?? {};
}

function unsupported(): Error {
  return notSupported("Device does not support MDB operations");
}

/** Refuses an entry that no group can have (rtnl_validate_mdb_entry). */
function validateEntry(entry: Attribute | undefined): void {
  if (entry === undefined) throw missing(mdb.MDBA_SET_ENTRY);
  const refused = (text: string) => invalid(text);
  if (entry.length !== mdb.BR_MDB_ENTRY_SIZE) throw refused("Invalid attribute length");
  const { bytes, start } = entry;
  if (getU32(bytes, start) === 0) throw refused("Zero entry ifindex is not allowed");
  validateGroup(entry, refused);
  const state = getU8(bytes, start + mdb.BR_MDB_ENTRY_STATE);
  if (state !== mdb.MDB_PERMANENT && state !== mdb.MDB_TEMPORARY) throw refused("Unknown entry state");
  if (getU16(bytes, start + mdb.BR_MDB_ENTRY_VID) >= reservedVid) throw refused("Invalid entry VLAN id");
}

function validateGroup({ bytes, start }: Attribute, refused: (text: string) => Error): void {
  const at = start + mdb.BR_MDB_ENTRY_ADDR;
  const first = getU8(bytes, at);
  const rest = (from: number, to: number): boolean =>
    bytes.subarray(at + from, at + to).every((byte) => byte === 0);
  switch (getBe16(bytes, at + 16)) {
    case ETH_P_IP:
      if (first >>> 4 !== 0xe && !rest(0, 1))
        throw refused("IPv4 entry group address is not multicast or 0.0.0.0");
      if (first === 224 && rest(1, 3)) throw refused("IPv4 entry group address is local multicast");
      return;
    case ETH_P_IPV6:
      if (first === 0xff && bytes[at + 1] === 2 && rest(2, 15) && bytes[at + 15] === 1) {
        throw refused("IPv6 entry group address is link-local all nodes");
      }
      return;
    case 0:
      if ((first & 1) === 0) throw refused("L2 entry group is not multicast");
      return;
    default:
      throw refused("Unknown entry protocol");
  }
}
