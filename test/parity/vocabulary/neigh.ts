// Neighbours: RTM_NEWNEIGH, DELNEIGH and GETNEIGH requests, and RTM_NEWNEIGH and DELNEIGH messages.

import { getU16, getU32, setS32, setU16 } from "../../../src/bytes/endian.ts";
import type { Attribute } from "../../../src/netlink/attribute.ts";
import type { Message } from "../../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as nd from "../../../src/uapi/neighbour.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";
import { ipBytes, ipText, macBytes, macText } from "./text.ts";

/** The fields of struct ndmsg. */
export interface NeighHeader {
  readonly family?: number;
  readonly index?: number;
  readonly state?: number;
  readonly flags?: number;
  readonly type?: number;
}

/** The attributes of a neighbour request. */
export interface NeighAttributes {
  readonly dst?: string | Uint8Array;
  readonly lladdr?: string | Uint8Array;
  readonly ifindex?: number;
  readonly master?: number;
  readonly protocol?: number;
  readonly flagsExt?: number;
  readonly stateMask?: number;
  readonly flagsMask?: number;
  /** Whatever else: written here. */
  readonly more?: (writer: MessageWriter) => void;
}

export interface NeighRequest extends NeighHeader, NeighAttributes {}

const neighWriters: AttributeWriters<NeighAttributes> = {
  dst: (writer, dst) => writer.binary(nd.NDA_DST, typeof dst === "string" ? ipBytes(dst) : dst),
  lladdr: (writer, lladdr) =>
    writer.binary(nd.NDA_LLADDR, typeof lladdr === "string" ? macBytes(lladdr) : lladdr),
  ifindex: (writer, ifindex) => writer.u32(nd.NDA_IFINDEX, ifindex),
  master: (writer, ifindex) => writer.u32(nd.NDA_MASTER, ifindex),
  protocol: (writer, protocol) => writer.u8(nd.NDA_PROTOCOL, protocol),
  flagsExt: (writer, flags) => writer.u32(nd.NDA_FLAGS_EXT, flags),
  stateMask: (writer, mask) => writer.u16(nd.NDA_NDM_STATE_MASK, mask),
  flagsMask: (writer, mask) => writer.u8(nd.NDA_NDM_FLAGS_MASK, mask),
  more: (writer, write) => write(writer),
};

/** Writes struct ndmsg and the attributes. */
export function writeNeigh(writer: MessageWriter, request: NeighRequest): void {
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = request.family ?? 0;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, request.index ?? 0);
  setU16(writer.bytes, at + nd.NDMSG_STATE, request.state ?? 0);
  writer.bytes[at + nd.NDMSG_FLAGS] = request.flags ?? 0;
  writer.bytes[at + nd.NDMSG_TYPE] = request.type ?? 0;
  writeAttributes<NeighAttributes>(writer, neighWriters, request);
}

/** A neighbour as RTM_NEWNEIGH and RTM_DELNEIGH show it. */
export interface Neigh {
  readonly family: number;
  readonly index: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
  readonly dst: string | undefined;
  readonly lladdr: string | undefined;
  readonly probes: number | undefined;
  readonly protocol: number | undefined;
  readonly flagsExt: number | undefined;
  readonly attributes: readonly number[];
}

/** Reads an RTM_NEWNEIGH or RTM_DELNEIGH. */
export function readNeigh(message: Message): Neigh {
  const { bytes } = message;
  const at = (type: number): Attribute | undefined => message.attribute(type, nd.NDMSG_SIZE);
  return {
    family: bytes[NLMSG_HDRLEN + nd.NDMSG_FAMILY] ?? 0,
    index: getU32(bytes, NLMSG_HDRLEN + nd.NDMSG_IFINDEX),
    state: getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_STATE),
    flags: bytes[NLMSG_HDRLEN + nd.NDMSG_FLAGS] ?? 0,
    type: bytes[NLMSG_HDRLEN + nd.NDMSG_TYPE] ?? 0,
    dst: ipText(at(nd.NDA_DST)),
    lladdr: macText(at(nd.NDA_LLADDR)),
    probes: at(nd.NDA_PROBES)?.u32(),
    protocol: at(nd.NDA_PROTOCOL)?.u8(),
    flagsExt: at(nd.NDA_FLAGS_EXT)?.u32(),
    attributes: message.attributes(nd.NDMSG_SIZE).map(({ type }) => type),
  };
}
