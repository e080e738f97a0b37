// Links: RTM_NEWLINK, SETLINK, DELLINK, GETLINK and LINKPROP requests, and RTM_NEWLINK and DELLINK messages.

import { getU32, setS32, setU16, setU32 } from "../../../src/bytes/endian.ts";
import type { Attribute } from "../../../src/netlink/attribute.ts";
import type { Message } from "../../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as il from "../../../src/uapi/if_link.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FAMILY,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  IFINFOMSG_TYPE,
} from "../../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../../src/uapi/socket.ts";
import { VETH_INFO_PEER } from "../../../src/uapi/veth.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";
import { macBytes, macText } from "./text.ts";

/** The fields of struct ifinfomsg. */
export interface LinkHeader {
  readonly family?: number;
  readonly type?: number;
  readonly index?: number;
  readonly flags?: number;
  readonly change?: number;
}

/** The attributes of a link request. */
export interface LinkAttributes {
  readonly name?: string;
  readonly altname?: string;
  /** Text, or bytes of any number. */
  readonly address?: string | Uint8Array;
  readonly broadcast?: string | Uint8Array;
  readonly mtu?: number;
  readonly txqlen?: number;
  readonly group?: number;
  /** IFLA_IFALIAS without a NUL, as iproute2 writes it. */
  readonly alias?: string;
  readonly master?: number;
  readonly operstate?: number;
  readonly linkmode?: number;
  readonly carrier?: number;
  readonly protoDown?: number;
  readonly numTxQueues?: number;
  readonly numRxQueues?: number;
  readonly gsoMaxSize?: number;
  readonly gsoMaxSegs?: number;
  readonly groMaxSize?: number;
  readonly netnsPid?: number;
  readonly netnsFd?: number;
  readonly targetNetnsid?: number;
  readonly linkNetnsid?: number;
  readonly newIfindex?: number;
  readonly extMask?: number;
  /** IFLA_LINKINFO with IFLA_INFO_KIND without a NUL, as iproute2 writes it. */
  readonly kind?: string;
  /** IFLA_LINKINFO of a kind, with IFLA_INFO_DATA unless `data` is absent. */
  readonly info?: { readonly kind: string; readonly data?: (writer: MessageWriter) => void };
  /** IFLA_LINKINFO with IFLA_INFO_SLAVE_KIND and IFLA_INFO_SLAVE_DATA. */
  readonly slaveInfo?: { readonly kind: string; readonly data: (writer: MessageWriter) => void };
  /** IFLA_LINK: the ifindex of the device below. */
  readonly link?: number;
  /** IFLA_LINKINFO of kind "veth" with VETH_INFO_PEER: the peer's header and attributes. */
  readonly vethPeer?: LinkRequest;
  /** IFLA_LINKINFO of kind "veth" with a VETH_INFO_PEER of these bytes. */
  readonly vethPeerBytes?: Uint8Array;
  /** IFLA_AF_SPEC > AF_INET6 > IFLA_INET6_ADDR_GEN_MODE. */
  readonly addrgenmode?: number;
  /** IFLA_PROP_LIST, flagged as nested, of IFLA_ALT_IFNAME. */
  readonly altnames?: readonly string[];
  /** Whatever else: written here. */
  readonly more?: (writer: MessageWriter) => void;
}

export interface LinkRequest extends LinkHeader, LinkAttributes {}

const linkWriters: AttributeWriters<LinkAttributes> = {
  name: (writer, name) => writer.string(il.IFLA_IFNAME, name),
  altname: (writer, name) => writer.string(il.IFLA_ALT_IFNAME, name),
  address: (writer, address) => writer.binary(il.IFLA_ADDRESS, hardwareAddress(address)),
  broadcast: (writer, address) => writer.binary(il.IFLA_BROADCAST, hardwareAddress(address)),
  mtu: (writer, mtu) => writer.u32(il.IFLA_MTU, mtu),
  txqlen: (writer, length) => writer.u32(il.IFLA_TXQLEN, length),
  group: (writer, group) => writer.u32(il.IFLA_GROUP, group),
  alias: (writer, alias) => writer.bareString(il.IFLA_IFALIAS, alias),
  master: (writer, ifindex) => writer.u32(il.IFLA_MASTER, ifindex),
  operstate: (writer, operstate) => writer.u8(il.IFLA_OPERSTATE, operstate),
  linkmode: (writer, linkmode) => writer.u8(il.IFLA_LINKMODE, linkmode),
  carrier: (writer, carrier) => writer.u8(il.IFLA_CARRIER, carrier),
  protoDown: (writer, protoDown) => writer.u8(il.IFLA_PROTO_DOWN, protoDown),
  numTxQueues: (writer, count) => writer.u32(il.IFLA_NUM_TX_QUEUES, count),
  numRxQueues: (writer, count) => writer.u32(il.IFLA_NUM_RX_QUEUES, count),
  gsoMaxSize: (writer, size) => writer.u32(il.IFLA_GSO_MAX_SIZE, size),
  gsoMaxSegs: (writer, count) => writer.u32(il.IFLA_GSO_MAX_SEGS, count),
  groMaxSize: (writer, size) => writer.u32(il.IFLA_GRO_MAX_SIZE, size),
  netnsPid: (writer, pid) => writer.u32(il.IFLA_NET_NS_PID, pid),
  netnsFd: (writer, fd) => writer.u32(il.IFLA_NET_NS_FD, fd),
  targetNetnsid: (writer, nsid) => writer.s32(il.IFLA_TARGET_NETNSID, nsid),
  linkNetnsid: (writer, nsid) => writer.s32(il.IFLA_LINK_NETNSID, nsid),
  newIfindex: (writer, ifindex) => writer.s32(il.IFLA_NEW_IFINDEX, ifindex),
  extMask: (writer, mask) => writer.u32(il.IFLA_EXT_MASK, mask),
  kind: (writer, kind) => {
    const info = writer.nest(il.IFLA_LINKINFO);
    writer.bareString(il.IFLA_INFO_KIND, kind).endNest(info);
  },
  info: (writer, { kind, data }) => {
    const info = writer.nest(il.IFLA_LINKINFO);
    writer.bareString(il.IFLA_INFO_KIND, kind);
    if (data !== undefined) {
      const nest = writer.nest(il.IFLA_INFO_DATA);
      data(writer);
      writer.endNest(nest);
    }
    writer.endNest(info);
  },
  slaveInfo: (writer, { kind, data }) => {
    const info = writer.nest(il.IFLA_LINKINFO);
    writer.bareString(il.IFLA_INFO_SLAVE_KIND, kind);
    const nest = writer.nest(il.IFLA_INFO_SLAVE_DATA);
    data(writer);
    writer.endNest(nest).endNest(info);
  },
  link: (writer, ifindex) => writer.u32(il.IFLA_LINK, ifindex),
  vethPeer: (writer, peer) => {
    writeVeth(writer, () => {
      const blob = writer.nest(VETH_INFO_PEER);
      writeLink(writer, peer);
      writer.endNest(blob);
    });
  },
  vethPeerBytes: (writer, bytes) => writeVeth(writer, () => writer.binary(VETH_INFO_PEER, bytes)),
  addrgenmode: (writer, mode) => {
    const spec = writer.nest(il.IFLA_AF_SPEC);
    const inet6 = writer.nest(AF_INET6);
    writer.u8(il.IFLA_INET6_ADDR_GEN_MODE, mode).endNest(inet6).endNest(spec);
  },
  altnames: (writer, names) => {
    const list = writer.nestFlagged(il.IFLA_PROP_LIST);
    for (const name of names) writer.string(il.IFLA_ALT_IFNAME, name);
    writer.endNest(list);
  },
  more: (writer, write) => write(writer),
};

/** Writes a link request behind the message header, or a peer blob: struct ifinfomsg and the attributes. */
export function writeLink(writer: MessageWriter, request: LinkRequest): void {
  const at = writer.reserve(IFINFOMSG_SIZE);
  writer.bytes[at + IFINFOMSG_FAMILY] = request.family ?? 0;
  setU16(writer.bytes, at + IFINFOMSG_TYPE, request.type ?? 0);
  setS32(writer.bytes, at + IFINFOMSG_INDEX, request.index ?? 0);
  setU32(writer.bytes, at + IFINFOMSG_FLAGS, request.flags ?? 0);
  setU32(writer.bytes, at + IFINFOMSG_CHANGE, request.change ?? 0);
  writeAttributes<LinkAttributes>(writer, linkWriters, request);
}

function writeVeth(writer: MessageWriter, writePeer: () => void): void {
  const info = writer.nest(il.IFLA_LINKINFO);
  writer.bareString(il.IFLA_INFO_KIND, "veth");
  const data = writer.nest(il.IFLA_INFO_DATA);
  writePeer();
  writer.endNest(data).endNest(info);
}

function hardwareAddress(address: string | Uint8Array): Uint8Array {
  return typeof address === "string" ? macBytes(address) : address;
}

/** A link as RTM_NEWLINK and RTM_DELLINK show it. */
export interface Link extends LinkState {
  readonly family: number;
  /** ARPHRD_*. */
  readonly type: number;
  readonly index: number;
  readonly flags: number;
  readonly change: number;
  /** The attributes' types in the order they came in. */
  readonly attributes: readonly number[];
}

interface LinkState {
  readonly name?: string | undefined;
  readonly altnames?: readonly string[] | undefined;
  readonly address?: string | undefined;
  readonly broadcast?: string | undefined;
  readonly permAddress?: string | undefined;
  readonly mtu?: number | undefined;
  readonly minMtu?: number | undefined;
  readonly maxMtu?: number | undefined;
  readonly txqlen?: number | undefined;
  readonly qdisc?: string | undefined;
  readonly group?: number | undefined;
  readonly alias?: string | undefined;
  readonly operstate?: number | undefined;
  readonly linkmode?: number | undefined;
  readonly carrier?: number | undefined;
  readonly carrierChanges?: number | undefined;
  readonly carrierUpCount?: number | undefined;
  readonly carrierDownCount?: number | undefined;
  readonly protoDown?: number | undefined;
  readonly promiscuity?: number | undefined;
  readonly numTxQueues?: number | undefined;
  readonly numRxQueues?: number | undefined;
  readonly gsoMaxSize?: number | undefined;
  readonly gsoMaxSegs?: number | undefined;
  readonly groMaxSize?: number | undefined;
  readonly netnsImmutable?: number | undefined;
  /** IFLA_LINK: the peer's ifindex. */
  readonly link?: number | undefined;
  readonly linkNetnsid?: number | undefined;
  readonly targetNetnsid?: number | undefined;
  readonly newNetnsid?: number | undefined;
  readonly newIfindex?: number | undefined;
  readonly master?: number | undefined;
  readonly event?: number | undefined;
  readonly kind?: string | undefined;
  /** What is in IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA, in the order it came in. */
  readonly infoData?: readonly Attribute[] | undefined;
  readonly slaveKind?: string | undefined;
  readonly slaveData?: readonly Attribute[] | undefined;
  readonly addrgenmode?: number | undefined;
}

/** Reads an RTM_NEWLINK or RTM_DELLINK. */
export function readLink(message: Message): Link {
  const { bytes } = message;
  const at = (type: number): Attribute | undefined => message.attribute(type, IFINFOMSG_SIZE);
  return {
    family: bytes[NLMSG_HDRLEN + IFINFOMSG_FAMILY] ?? 0,
    type: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_TYPE) & 0xffff,
    index: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_INDEX),
    flags: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_FLAGS),
    change: getU32(bytes, NLMSG_HDRLEN + IFINFOMSG_CHANGE),
    name: at(il.IFLA_IFNAME)?.text(),
    altnames: at(il.IFLA_PROP_LIST)
      ?.children()
      .map((name) => name.text()),
    address: macText(at(il.IFLA_ADDRESS)),
    broadcast: macText(at(il.IFLA_BROADCAST)),
    permAddress: macText(at(il.IFLA_PERM_ADDRESS)),
    mtu: at(il.IFLA_MTU)?.u32(),
    minMtu: at(il.IFLA_MIN_MTU)?.u32(),
    maxMtu: at(il.IFLA_MAX_MTU)?.u32(),
    txqlen: at(il.IFLA_TXQLEN)?.u32(),
    qdisc: at(il.IFLA_QDISC)?.text(),
    group: at(il.IFLA_GROUP)?.u32(),
    alias: at(il.IFLA_IFALIAS)?.text(),
    operstate: at(il.IFLA_OPERSTATE)?.u8(),
    linkmode: at(il.IFLA_LINKMODE)?.u8(),
    carrier: at(il.IFLA_CARRIER)?.u8(),
    carrierChanges: at(il.IFLA_CARRIER_CHANGES)?.u32(),
    carrierUpCount: at(il.IFLA_CARRIER_UP_COUNT)?.u32(),
    carrierDownCount: at(il.IFLA_CARRIER_DOWN_COUNT)?.u32(),
    protoDown: at(il.IFLA_PROTO_DOWN)?.u8(),
    promiscuity: at(il.IFLA_PROMISCUITY)?.u32(),
    numTxQueues: at(il.IFLA_NUM_TX_QUEUES)?.u32(),
    numRxQueues: at(il.IFLA_NUM_RX_QUEUES)?.u32(),
    gsoMaxSize: at(il.IFLA_GSO_MAX_SIZE)?.u32(),
    gsoMaxSegs: at(il.IFLA_GSO_MAX_SEGS)?.u32(),
    groMaxSize: at(il.IFLA_GRO_MAX_SIZE)?.u32(),
    netnsImmutable: at(il.IFLA_NETNS_IMMUTABLE)?.u8(),
    link: at(il.IFLA_LINK)?.u32(),
    linkNetnsid: at(il.IFLA_LINK_NETNSID)?.s32(),
    targetNetnsid: at(il.IFLA_TARGET_NETNSID)?.s32(),
    newNetnsid: at(il.IFLA_NEW_NETNSID)?.s32(),
    newIfindex: at(il.IFLA_NEW_IFINDEX)?.s32(),
    master: at(il.IFLA_MASTER)?.u32(),
    event: at(il.IFLA_EVENT)?.u32(),
    kind: at(il.IFLA_LINKINFO)?.child(il.IFLA_INFO_KIND)?.text(),
    infoData: at(il.IFLA_LINKINFO)?.child(il.IFLA_INFO_DATA)?.children(),
    slaveKind: at(il.IFLA_LINKINFO)?.child(il.IFLA_INFO_SLAVE_KIND)?.text(),
    slaveData: at(il.IFLA_LINKINFO)?.child(il.IFLA_INFO_SLAVE_DATA)?.children(),
    addrgenmode: at(il.IFLA_AF_SPEC)?.child(AF_INET6)?.child(il.IFLA_INET6_ADDR_GEN_MODE)?.u8(),
    attributes: message.attributes(IFINFOMSG_SIZE).map(({ type }) => type),
  };
}
