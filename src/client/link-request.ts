// A link as it is asked for: typed values → the attributes of RTM_NEWLINK, RTM_SETLINK and the blob of a peer.
//
// Mirrors <linux/if_link.h> and what ip-link(8) can set. *Omitted:* IFLA_MAP, port profiles.

import { setS32, setU16, setU32 } from "../bytes/endian.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as uapi from "../uapi/if_link.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FAMILY,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
} from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";

/** The kind of a link, with its own attributes (IFLA_LINKINFO). */
export interface LinkInfoRequest {
  readonly kind: string;
  /** Writes what goes into IFLA_INFO_DATA; absent means no IFLA_INFO_DATA at all. */
  readonly data?: ((writer: MessageWriter) => void) | undefined;
  /** True when the attributes are those of a port of a master of this kind (`type bridge_slave`). */
  readonly isSlave?: boolean | undefined;
}

/** One setting of a virtual function: a struct of IFLA_VF_*, in an attribute that lists such where Linux takes several. */
export interface VirtualFunctionSetting {
  readonly type: number;
  readonly value: Uint8Array;
  readonly list?: number | undefined;
}

/** What can be asked of a link. What is undefined is left as it is, or to the kernel's choice. */
export interface LinkRequest {
  family?: number | undefined;
  ifindex?: number | undefined;
  /** IFF_* to be set where `change` has a bit. */
  flags?: number | undefined;
  change?: number | undefined;
  ifname?: string | undefined;
  address?: Uint8Array | undefined;
  broadcast?: Uint8Array | undefined;
  mtu?: number | undefined;
  txqlen?: number | undefined;
  /** The ifindex of the device below, or 0. */
  link?: number | undefined;
  /** The namespace `link` is in, by the id it has here. */
  linkNetnsid?: number | undefined;
  /** The ifindex of the master; 0 releases. */
  master?: number | undefined;
  group?: number | undefined;
  ifalias?: string | undefined;
  carrier?: boolean | undefined;
  linkmode?: number | undefined;
  operstate?: number | undefined;
  numTxQueues?: number | undefined;
  numRxQueues?: number | undefined;
  gsoMaxSize?: number | undefined;
  gsoMaxSegs?: number | undefined;
  groMaxSize?: number | undefined;
  gsoIpv4MaxSize?: number | undefined;
  groIpv4MaxSize?: number | undefined;
  protoDown?: boolean | undefined;
  protoDownReason?: { mask: number; value: number } | undefined;
  /** IN6_ADDR_GEN_MODE_* */
  addrGenMode?: number | undefined;
  parentDevName?: string | undefined;
  /** The namespace to live in, in one of three ways. */
  netNsPid?: number | undefined;
  netNsFd?: number | undefined;
  targetNetnsid?: number | undefined;
  /** The ifindex in the namespace it moves to. */
  newIfindex?: number | undefined;
  linkinfo?: LinkInfoRequest | undefined;
  /** What is asked of virtual functions, one list for each. */
  virtualFunctions?: readonly (readonly VirtualFunctionSetting[])[] | undefined;
  /** The program for every frame, by a file descriptor; -1 takes it off. Flags are XDP_FLAGS_*. */
  xdp?: { readonly fd: number; readonly flags: number } | undefined;
}

/** Writes the ifinfomsg and the attributes of `request`. */
export function writeLink(writer: MessageWriter, request: LinkRequest): void {
  const header = writer.reserve(IFINFOMSG_SIZE);
  setU16(writer.bytes, header + IFINFOMSG_FAMILY, request.family ?? 0);
  setS32(writer.bytes, header + IFINFOMSG_INDEX, request.ifindex ?? 0);
  setU32(writer.bytes, header + IFINFOMSG_FLAGS, request.flags ?? 0);
  setU32(writer.bytes, header + IFINFOMSG_CHANGE, request.change ?? 0);
  writeTexts(writer, request);
  for (const [type, value] of numbersOf(request)) if (value !== undefined) writer.u32(type, value);
  if (request.carrier !== undefined) writer.u8(uapi.IFLA_CARRIER, request.carrier ? 1 : 0);
  if (request.linkmode !== undefined) writer.u8(uapi.IFLA_LINKMODE, request.linkmode);
  if (request.operstate !== undefined) writer.u8(uapi.IFLA_OPERSTATE, request.operstate);
  if (request.linkNetnsid !== undefined) writer.s32(uapi.IFLA_LINK_NETNSID, request.linkNetnsid);
  if (request.targetNetnsid !== undefined) writer.s32(uapi.IFLA_TARGET_NETNSID, request.targetNetnsid);
  if (request.newIfindex !== undefined) writer.s32(uapi.IFLA_NEW_IFINDEX, request.newIfindex);
  if (request.protoDown !== undefined) writer.u8(uapi.IFLA_PROTO_DOWN, request.protoDown ? 1 : 0);
  if (request.protoDownReason !== undefined) writeProtoDownReason(writer, request.protoDownReason);
  if (request.addrGenMode !== undefined) writeAddrGenMode(writer, request.addrGenMode);
  for (const settings of request.virtualFunctions ?? []) writeVirtualFunction(writer, settings);
  if (request.xdp !== undefined) writeXdp(writer, request.xdp);
  if (request.linkinfo !== undefined) writeLinkInfo(writer, request.linkinfo);
}

function writeTexts(writer: MessageWriter, request: LinkRequest): void {
  if (request.ifname !== undefined) writer.string(uapi.IFLA_IFNAME, request.ifname);
  if (request.address !== undefined) writer.binary(uapi.IFLA_ADDRESS, request.address);
  if (request.broadcast !== undefined) writer.binary(uapi.IFLA_BROADCAST, request.broadcast);
  if (request.ifalias !== undefined) writer.bareString(uapi.IFLA_IFALIAS, request.ifalias);
  if (request.parentDevName !== undefined) writer.string(uapi.IFLA_PARENT_DEV_NAME, request.parentDevName);
}

function numbersOf(request: LinkRequest): readonly (readonly [type: number, value: number | undefined])[] {
  return [
    [uapi.IFLA_MTU, request.mtu],
    [uapi.IFLA_TXQLEN, request.txqlen],
    [uapi.IFLA_LINK, request.link],
    [uapi.IFLA_MASTER, request.master],
    [uapi.IFLA_GROUP, request.group],
    [uapi.IFLA_NUM_TX_QUEUES, request.numTxQueues],
    [uapi.IFLA_NUM_RX_QUEUES, request.numRxQueues],
    [uapi.IFLA_GSO_MAX_SIZE, request.gsoMaxSize],
    [uapi.IFLA_GSO_MAX_SEGS, request.gsoMaxSegs],
    [uapi.IFLA_GRO_MAX_SIZE, request.groMaxSize],
    [uapi.IFLA_GSO_IPV4_MAX_SIZE, request.gsoIpv4MaxSize],
    [uapi.IFLA_GRO_IPV4_MAX_SIZE, request.groIpv4MaxSize],
    [uapi.IFLA_NET_NS_PID, request.netNsPid],
    [uapi.IFLA_NET_NS_FD, request.netNsFd],
  ];
}

function writeProtoDownReason(writer: MessageWriter, { mask, value }: { mask: number; value: number }): void {
  const nest = writer.nestFlagged(uapi.IFLA_PROTO_DOWN_REASON);
  if (mask !== 0) writer.u32(uapi.IFLA_PROTO_DOWN_REASON_MASK, mask);
  writer.u32(uapi.IFLA_PROTO_DOWN_REASON_VALUE, value);
  writer.endNest(nest);
}

function writeAddrGenMode(writer: MessageWriter, mode: number): void {
  const afSpec = writer.nest(uapi.IFLA_AF_SPEC);
  const inet6 = writer.nest(AF_INET6);
  writer.u8(uapi.IFLA_INET6_ADDR_GEN_MODE, mode);
  writer.endNest(inet6).endNest(afSpec);
}

function writeVirtualFunction(writer: MessageWriter, settings: readonly VirtualFunctionSetting[]): void {
  const all = writer.nest(uapi.IFLA_VFINFO_LIST);
  const one = writer.nest(uapi.IFLA_VF_INFO);
  for (const { type, value, list } of settings) {
    const nest = list === undefined ? undefined : writer.nest(list);
    writer.binary(type, value);
    if (nest !== undefined) writer.endNest(nest);
  }
  writer.endNest(one).endNest(all);
}

function writeXdp(writer: MessageWriter, { fd, flags }: { fd: number; flags: number }): void {
  const nest = writer.nest(uapi.IFLA_XDP);
  writer.s32(uapi.IFLA_XDP_FD, fd).u32(uapi.IFLA_XDP_FLAGS, flags).endNest(nest);
}

function writeLinkInfo(writer: MessageWriter, { kind, data, isSlave = false }: LinkInfoRequest): void {
  const linkinfo = writer.nest(uapi.IFLA_LINKINFO);
  writer.bareString(isSlave ? uapi.IFLA_INFO_SLAVE_KIND : uapi.IFLA_INFO_KIND, kind);
  if (data !== undefined) {
    const nest = writer.nest(isSlave ? uapi.IFLA_INFO_SLAVE_DATA : uapi.IFLA_INFO_DATA);
    data(writer);
    writer.endNest(nest);
  }
  writer.endNest(linkinfo);
}
