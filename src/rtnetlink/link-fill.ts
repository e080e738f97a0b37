// A link as rtnetlink tells of it: the content of RTM_NEWLINK and RTM_DELLINK behind the message header, attribute by
// attribute in the kernel's order.
//
// Mirrors net/core/rtnetlink.c (rtnl_fill_ifinfo of 6.18). Omitted: what only hardware has (physical port and switch
// ids, virtual functions, the parent device); padding for 64-bit values, which the kernel leaves out where unaligned
// access is cheap. As on 6.18, RTEXT_FILTER_SKIP_STATS concerns IFLA_AF_SPEC alone, and RTEXT_FILTER_NAME_ONLY nothing.

import { setS32, setU16, setU32 } from "../bytes/endian.ts";
import { writeMac } from "../bytes/mac.ts";
import { getIflink } from "../net/device.ts";
import { devGetFlags } from "../net/flags.ts";
import { allocateNsid } from "../net/namespace.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_OPER_DOWN, IFF_UP } from "../uapi/if.ts";
import * as link from "../uapi/if_link.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  IFINFOMSG_TYPE,
} from "../uapi/rtnetlink.ts";
import { fillAfSpec } from "./fill-af-spec.ts";
import { fillLinkInfo } from "./fill-linkinfo.ts";
import { fillStats, fillStats64 } from "./fill-stats.ts";
import { fillXdp } from "./xdp.ts";

/** What a message about a link says beside the link itself. */
export interface LinkReport {
  /** The namespace of whoever reads it, in which ids of other namespaces are given. */
  readonly reader: Netns;
  /** ifi_change */
  readonly change: number;
  /** IFLA_EXT_MASK (RTEXT_FILTER_*) */
  readonly extMask: number;
  /** IFLA_TARGET_NETNSID: the id by which the reader asked for the link's namespace. */
  readonly targetNsid?: number | undefined;
  /** IFLA_EVENT_*; 0 or absent for none. */
  readonly event?: number;
  /** Where a moved device went: the id of the namespace, and the ifindex it has there. */
  readonly moved?: { readonly nsid: number; readonly ifindex: number } | undefined;
}

/** Size of `struct rtnl_link_ifmap`. */
const ifmapSize = 32;
const etherAddressSize = 6;

/** Writes the ifinfomsg of `dev` and its attributes; the caller begins and ends the message. */
export function fillLink(writer: MessageWriter, dev: Device, report: LinkReport): void {
  fillHeader(writer, dev, report.change);
  if (report.targetNsid !== undefined) writer.s32(link.IFLA_TARGET_NETNSID, report.targetNsid);
  fillNumbers(writer, dev);
  fillCarrier(writer, dev);
  fillProtoDown(writer, dev);
  if (report.event !== undefined && report.event !== link.IFLA_EVENT_NONE)
    writer.u32(link.IFLA_EVENT, report.event);
  if (dev.addressLength > 0) {
    fillAddress(writer, link.IFLA_ADDRESS, dev.address);
    fillAddress(writer, link.IFLA_BROADCAST, dev.broadcast);
  }
  fillStats64(writer, link.IFLA_STATS64, dev);
  fillStats(writer, dev);
  fillXdp(writer);
  fillLinkInfo(writer, dev);
  if (report.moved !== undefined) {
    writer.s32(link.IFLA_NEW_NETNSID, report.moved.nsid);
    writer.s32(link.IFLA_NEW_IFINDEX, report.moved.ifindex);
  }
  if (dev.permanentAddress !== 0) fillAddress(writer, link.IFLA_PERM_ADDRESS, dev.permanentAddress);
  fillLinkNetnsid(writer, dev, report.reader);
  writer.string(link.IFLA_QDISC, qdiscName(dev));
  fillAfSpec(writer, dev, report.extMask);
  writer.attribute(link.IFLA_MAP, ifmapSize);
  fillPropList(writer, dev);
  writer.endNest(writer.nestFlagged(link.IFLA_DEVLINK_PORT));
  writer.endNest(writer.nestFlagged(link.IFLA_DPLL_PIN));
}

function fillHeader(writer: MessageWriter, dev: Device, change: number): void {
  const at = writer.reserve(IFINFOMSG_SIZE);
  const { bytes } = writer;
  setU16(bytes, at + IFINFOMSG_TYPE, dev.type);
  setS32(bytes, at + IFINFOMSG_INDEX, dev.ifindex);
  setU32(bytes, at + IFINFOMSG_FLAGS, devGetFlags(dev));
  setU32(bytes, at + IFINFOMSG_CHANGE, change);
}

function fillNumbers(writer: MessageWriter, dev: Device): void {
  writer.string(link.IFLA_IFNAME, dev.name);
  writer.u32(link.IFLA_TXQLEN, dev.txQueueLength);
  writer.u8(link.IFLA_OPERSTATE, (dev.flags & IFF_UP) !== 0 ? dev.operstate : IF_OPER_DOWN);
  writer.u8(link.IFLA_LINKMODE, dev.linkMode);
  writer.u8(link.IFLA_NETNS_IMMUTABLE, dev.isNetnsImmutable ? 1 : 0);
  writer.u32(link.IFLA_MTU, dev.mtu);
  writer.u32(link.IFLA_MIN_MTU, dev.minMtu);
  writer.u32(link.IFLA_MAX_MTU, dev.maxMtu);
  writer.u32(link.IFLA_GROUP, dev.group);
  writer.u32(link.IFLA_PROMISCUITY, dev.promiscuity);
  writer.u32(link.IFLA_ALLMULTI, dev.allmulti);
  writer.u32(link.IFLA_NUM_TX_QUEUES, dev.txQueues);
  writer.u32(link.IFLA_GSO_MAX_SEGS, dev.gsoMaxSegments);
  writer.u32(link.IFLA_GSO_MAX_SIZE, dev.gsoMaxSize);
  writer.u32(link.IFLA_GRO_MAX_SIZE, dev.groMaxSize);
  writer.u32(link.IFLA_GSO_IPV4_MAX_SIZE, dev.gsoIpv4MaxSize);
  writer.u32(link.IFLA_GRO_IPV4_MAX_SIZE, dev.groIpv4MaxSize);
  writer.u32(link.IFLA_TSO_MAX_SIZE, dev.tsoMaxSize);
  writer.u32(link.IFLA_TSO_MAX_SEGS, dev.tsoMaxSegments);
  writer.u32(link.IFLA_MAX_PACING_OFFLOAD_HORIZON, 0);
  writer.u32(link.IFLA_NUM_RX_QUEUES, dev.rxQueues);
}

function fillCarrier(writer: MessageWriter, dev: Device): void {
  if (dev.master !== null) writer.u32(link.IFLA_MASTER, dev.master.ifindex);
  writer.u8(link.IFLA_CARRIER, dev.hasCarrier ? 1 : 0);
  if (dev.alias !== "") writer.string(link.IFLA_IFALIAS, dev.alias);
  writer.u32(link.IFLA_CARRIER_CHANGES, dev.carrierUpCount + dev.carrierDownCount);
  writer.u32(link.IFLA_CARRIER_UP_COUNT, dev.carrierUpCount);
  writer.u32(link.IFLA_CARRIER_DOWN_COUNT, dev.carrierDownCount);
  writer.u16(link.IFLA_HEADROOM, dev.neededHeadroom);
  writer.u16(link.IFLA_TAILROOM, dev.neededTailroom);
}

function fillProtoDown(writer: MessageWriter, dev: Device): void {
  writer.u8(link.IFLA_PROTO_DOWN, dev.protoDown ? 1 : 0);
  if (dev.protoDownReason === 0) return;
  const nest = writer.nestFlagged(link.IFLA_PROTO_DOWN_REASON);
  writer.u32(link.IFLA_PROTO_DOWN_REASON_VALUE, dev.protoDownReason);
  writer.endNest(nest);
}

function fillAddress(writer: MessageWriter, type: number, address: number): void {
  const at = writer.attribute(type, etherAddressSize);
  writeMac(writer.bytes, at, address);
}

/** The device at the other end or below, and the id of its namespace when that is another one (rtnl_fill_link_netnsid). */
function fillLinkNetnsid(writer: MessageWriter, dev: Device, reader: Netns): void {
  const iflink = getIflink(dev);
  const netns = dev.linkOps?.linkNetns?.(dev);
  const isElsewhere = netns !== undefined && netns !== dev.netns;
  if (isElsewhere) writer.s32(link.IFLA_LINK_NETNSID, allocateNsid(reader, netns));
  if (isElsewhere || iflink !== dev.ifindex) writer.u32(link.IFLA_LINK, iflink);
}

/** Frames are dropped before the first time up, and need no queue afterwards unless there is one. */
function qdiscName(dev: Device): string {
  if (dev.qdisc !== null) return dev.qdisc.ops.id;
  return dev.isActivated ? "noqueue" : "noop";
}

/** The alternative names. */
function fillPropList(writer: MessageWriter, dev: Device): void {
  if (dev.altnames === null) return;
  const nest = writer.nestFlagged(link.IFLA_PROP_LIST);
  for (const name of dev.altnames) writer.string(link.IFLA_ALT_IFNAME, name);
  writer.endNest(nest);
}
