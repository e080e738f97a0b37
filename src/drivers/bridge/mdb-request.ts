// The multicast database as users ask for and change it.
//
// Mirrors net/bridge/br_mdb.c (br_mdb_add, br_mdb_del, br_mdb_dump, br_mdb_get) with their order, errno and texts. Omitted:
// entries for single sources (EOPNOTSUPP), deleting in bulk.

import { getBe16, getU8, getU16, getU32 } from "../../bytes/endian.ts";
import { deviceByIndex } from "../../net/device.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import type { Device, DumpWriter, MdbOps } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { exists, formatted, invalid, NetlinkError, noDevice, notSupported } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as mdb from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTM_NEWMDB, RTPROT_STATIC } from "../../uapi/rtnetlink.ts";
import { addMember, deleteMember, dropIfEmpty, findEntry, joinHost, leaveHost, obtainEntry } from "./mdb.ts";
import { fillMdb, fillMdbEntry, fillMdbHeader, fillRouters, notifyMdb } from "./mdb-message.ts";
import type { GroupAddress } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_DISABLED, portOf } from "./state.ts";

export const mdbOps: MdbOps<Bridge> = { add, del, dump, get };

/** What a request says (struct br_mdb_config). */
interface Config {
  readonly port: BridgePort | null;
  readonly group: GroupAddress;
  readonly isPermanent: boolean;
  readonly protocol: number;
}

/** Reads MDBA_SET_ENTRY, which has been validated (br_mdb_config_init). */
function configOf({ dev, multicast }: Bridge, message: Message): Config {
  if ((dev.flags & IFF_UP) === 0) throw invalid("bridge: Bridge device is not running");
  if (!multicast.isSnooping) throw invalid("bridge: Bridge's multicast processing is disabled");
  const entry = message.attribute(mdb.MDBA_SET_ENTRY, mdb.BR_PORT_MSG_SIZE);
  if (entry === undefined) throw new NetlinkError("EINVAL");
  const { bytes, start } = entry;
  const ifindex = getU32(bytes, start + mdb.BR_MDB_ENTRY_IFINDEX);
  const isPermanent = getU8(bytes, start + mdb.BR_MDB_ENTRY_STATE) === mdb.MDB_PERMANENT;
  let port: BridgePort | null = null;
  if (ifindex !== dev.ifindex) {
    const named = deviceByIndex(dev.netns, ifindex);
    if (named === undefined) throw noDevice("bridge: Port net device doesn't exist");
    port = portOf(named);
    if (port === null) throw invalid("bridge: Net device is not a bridge port");
    if (port.br !== dev.state) throw invalid("bridge: Port belongs to a different bridge device");
  }
  const group = groupOf(entry);
  const attrs = message.attribute(mdb.MDBA_SET_ENTRY_ATTRS, mdb.BR_PORT_MSG_SIZE);
  if (attrs?.child(mdb.MDBE_ATTR_SOURCE) !== undefined) throw notSupported();
  return { port, group, isPermanent, protocol: attrs?.child(mdb.MDBE_ATTR_RTPROT)?.u8() ?? RTPROT_STATIC };
}

function groupOf({ bytes, start }: Attribute): GroupAddress {
  const protocol = getBe16(bytes, start + mdb.BR_MDB_ENTRY_ADDR + 16);
  const size = protocol === ETH_P_IP ? 4 : protocol === ETH_P_IPV6 ? 16 : 6;
  const at = start + mdb.BR_MDB_ENTRY_ADDR;
  return { protocol, bytes: bytes.slice(at, at + size), vid: getU16(bytes, start + mdb.BR_MDB_ENTRY_VID) };
}

/** Enters a group, in every VLAN of the port when the request names none and VLANs are told apart (br_mdb_add). */
function add(dev: Device<Bridge>, message: Message): void {
  const br = dev.state;
  const config = configOf(br, message);
  const { port, isPermanent, group } = config;
  if (port === null && isPermanent) throw invalid("bridge: Flags are not allowed for host groups");
  if (port !== null && port.state === BR_STATE_DISABLED && !isPermanent) {
    throw invalid("bridge: Port is in disabled state and entry is not permanent");
  }
  if (group.protocol === 0 && !isPermanent) throw invalid("bridge: Only permanent L2 entries allowed");
  for (const vid of vlansOf(br, config)) addOne(br, { ...config, group: { ...group, vid } }, message.flags);
}

/** The VLANs a request is for. */
function vlansOf(br: Bridge, { port, group }: Config): number[] {
  const vlans = port?.vlans ?? br.vlans;
  if (group.vid !== 0 || !br.isVlanFiltering || vlans.members.length === 0) return [group.vid];
  return vlans.members.map(({ vid }) => vid);
}

/** One entry (__br_mdb_add, br_mdb_add_group). */
function addOne(br: Bridge, { port, group, isPermanent, protocol }: Config, nlFlags: number): void {
  const entry = obtainEntry(br, group);
  if (entry === undefined) throw new NetlinkError("E2BIG");
  if (port === null) {
    if (entry.isHostJoined) throw exists("bridge: Group is already joined by host");
    return joinHost(br, entry);
  }
  let member = entry.ports.find((each) => each.port === port);
  if (member !== undefined) {
    if ((nlFlags & NLM_F_REPLACE) === 0) throw exists("bridge: (*, G) group is already joined by port");
    member.isPermanent = isPermanent;
    member.protocol = protocol;
  } else {
    const { groups, maxGroups } = port.multicast;
    member = addMember(br, entry, port, { host: 0, isPermanent, protocol });
    if (member === undefined) {
      dropIfEmpty(br, entry);
      const text = `Port is already in ${groups} groups, and mcast_max_groups=${maxGroups}`;
      throw formatted("ENOMEM", `bridge: ${text}`);
    }
  }
  if (isPermanent) member.timer.stop();
  else member.timer.start(br.multicast.membershipInterval * JIFFY_NS);
  notifyMdb(br, entry, member, RTM_NEWMDB);
}

/** Takes a group away: EINVAL when it is not there (br_mdb_del). */
function del(dev: Device<Bridge>, message: Message): void {
  const br = dev.state;
  const config = configOf(br, message);
  for (const vid of vlansOf(br, config)) {
    const entry = findEntry(br, { ...config.group, vid });
    if (entry === undefined) throw new NetlinkError("EINVAL");
    if (config.port === null) {
      if (!entry.isHostJoined) throw new NetlinkError("EINVAL");
      leaveHost(br, entry);
      continue;
    }
    const member = entry.ports.find((each) => each.port === config.port);
    if (member === undefined) throw new NetlinkError("EINVAL");
    deleteMember(br, entry, member);
  }
}

/** Dumps all groups, and the ports with routers, in one message (br_mdb_dump). */
function* dump(dev: Device<Bridge>, out: DumpWriter): Generator<void, void, void> {
  out.begin();
  fillMdbHeader(out.writer, dev.state);
  fillMdb(out.writer, dev.state);
  fillRouters(out.writer, dev.state);
  out.writer.end();
  yield;
}

/** Answers a get for one group: ENOENT with the kernel's text when nobody listens (br_mdb_get). */
function get(
  dev: Device<Bridge>,
  message: Message,
  reply: (write: (writer: MessageWriter) => void) => void,
): void {
  const br = dev.state;
  const wanted = message.attribute(mdb.MDBA_GET_ENTRY, mdb.BR_PORT_MSG_SIZE);
  const entry = wanted === undefined ? undefined : findEntry(br, groupOf(wanted));
  if (entry === undefined) throw new NetlinkError("ENOENT", "bridge: MDB entry not found");
  reply((writer) => {
    fillMdbHeader(writer, br);
    const groups = writer.nest(mdb.MDBA_MDB);
    const nest = writer.nest(mdb.MDBA_MDB_ENTRY);
    if (entry.isHostJoined) fillMdbEntry(writer, br, entry, null);
    for (const member of entry.ports) fillMdbEntry(writer, br, entry, member);
    writer.endNest(nest).endNest(groups);
  });
}
