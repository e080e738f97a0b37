// Addresses: RTM_NEWADDR, DELADDR and GETADDR requests, and RTM_NEWADDR and DELADDR messages.

import { getU32, setS32, setU32 } from "../../../src/bytes/endian.ts";
import type { Attribute } from "../../../src/netlink/attribute.ts";
import type { Message } from "../../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as ia from "../../../src/uapi/if_addr.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";
import { ipBytes, ipText } from "./text.ts";

/** A lifetime without end. */
export const FOREVER = 0xffff_ffff;

/** The fields of struct ifaddrmsg. */
export interface AddrHeader {
  readonly family?: number;
  readonly prefixlen?: number;
  /** ifa_flags: the lower eight bits; `flags` writes IFA_FLAGS. */
  readonly headerFlags?: number;
  readonly scope?: number;
  readonly index?: number;
}

/** The attributes of an address request. */
export interface AddrAttributes {
  readonly local?: string | Uint8Array;
  readonly address?: string | Uint8Array;
  readonly broadcast?: string;
  readonly label?: string;
  readonly flags?: number;
  /** IFA_CACHEINFO: lifetimes in seconds. */
  readonly lifetime?: { readonly preferred: number; readonly valid: number };
  readonly priority?: number;
  readonly proto?: number;
  readonly targetNetnsid?: number;
  /** Whatever else: written here. */
  readonly more?: (writer: MessageWriter) => void;
}

export interface AddrRequest extends AddrHeader, AddrAttributes {}

const addrWriters: AttributeWriters<AddrAttributes> = {
  local: (writer, address) => writer.binary(ia.IFA_LOCAL, bytesOf(address)),
  address: (writer, address) => writer.binary(ia.IFA_ADDRESS, bytesOf(address)),
  broadcast: (writer, address) => writer.binary(ia.IFA_BROADCAST, ipBytes(address)),
  label: (writer, label) => writer.string(ia.IFA_LABEL, label),
  flags: (writer, flags) => writer.u32(ia.IFA_FLAGS, flags),
  lifetime: (writer, { preferred, valid }) => {
    const at = writer.attribute(ia.IFA_CACHEINFO, ia.IFA_CACHEINFO_SIZE);
    setU32(writer.bytes, at + ia.IFA_CACHEINFO_PREFERED, preferred);
    setU32(writer.bytes, at + ia.IFA_CACHEINFO_VALID, valid);
  },
  priority: (writer, priority) => writer.u32(ia.IFA_RT_PRIORITY, priority),
  proto: (writer, proto) => writer.u8(ia.IFA_PROTO, proto),
  targetNetnsid: (writer, nsid) => writer.s32(ia.IFA_TARGET_NETNSID, nsid),
  more: (writer, write) => write(writer),
};

/** Writes struct ifaddrmsg and the attributes. */
export function writeAddr(writer: MessageWriter, request: AddrRequest): void {
  const at = writer.reserve(ia.IFADDRMSG_SIZE);
  writer.bytes[at + ia.IFADDRMSG_FAMILY] = request.family ?? 0;
  writer.bytes[at + ia.IFADDRMSG_PREFIXLEN] = request.prefixlen ?? 0;
  writer.bytes[at + ia.IFADDRMSG_FLAGS] = request.headerFlags ?? 0;
  writer.bytes[at + ia.IFADDRMSG_SCOPE] = request.scope ?? 0;
  setS32(writer.bytes, at + ia.IFADDRMSG_INDEX, request.index ?? 0);
  writeAttributes<AddrAttributes>(writer, addrWriters, request);
}

function bytesOf(address: string | Uint8Array): Uint8Array {
  return typeof address === "string" ? ipBytes(address) : address;
}

/** An address as RTM_NEWADDR and RTM_DELADDR show it. */
export interface Addr {
  readonly family: number;
  readonly prefixlen: number;
  /** ifa_flags of the header. */
  readonly headerFlags: number;
  readonly scope: number;
  readonly index: number;
  readonly local: string | undefined;
  readonly address: string | undefined;
  readonly broadcast: string | undefined;
  readonly label: string | undefined;
  /** IFA_FLAGS. */
  readonly flags: number | undefined;
  /** IFA_CACHEINFO without its stamps. */
  readonly lifetime: { readonly preferred: number; readonly valid: number } | undefined;
  readonly priority: number | undefined;
  readonly proto: number | undefined;
  readonly targetNetnsid: number | undefined;
  /** The attributes' types in the order they came in. */
  readonly attributes: readonly number[];
}

/** Reads an RTM_NEWADDR or RTM_DELADDR. */
export function readAddr(message: Message): Addr {
  const { bytes } = message;
  const header = (offset: number): number => bytes[NLMSG_HDRLEN + offset] ?? 0;
  const at = (type: number): Attribute | undefined => message.attribute(type, ia.IFADDRMSG_SIZE);
  const cacheinfo = at(ia.IFA_CACHEINFO)?.copy();
  return {
    family: header(ia.IFADDRMSG_FAMILY),
    prefixlen: header(ia.IFADDRMSG_PREFIXLEN),
    headerFlags: header(ia.IFADDRMSG_FLAGS),
    scope: header(ia.IFADDRMSG_SCOPE),
    index: getU32(bytes, NLMSG_HDRLEN + ia.IFADDRMSG_INDEX),
    local: ipText(at(ia.IFA_LOCAL)),
    address: ipText(at(ia.IFA_ADDRESS)),
    broadcast: ipText(at(ia.IFA_BROADCAST)),
    label: at(ia.IFA_LABEL)?.text(),
    flags: at(ia.IFA_FLAGS)?.u32(),
    lifetime:
      cacheinfo === undefined
        ? undefined
        : {
            preferred: getU32(cacheinfo, ia.IFA_CACHEINFO_PREFERED),
            valid: getU32(cacheinfo, ia.IFA_CACHEINFO_VALID),
          },
    priority: at(ia.IFA_RT_PRIORITY)?.u32(),
    proto: at(ia.IFA_PROTO)?.u8(),
    targetNetnsid: at(ia.IFA_TARGET_NETNSID)?.s32(),
    attributes: message.attributes(ia.IFADDRMSG_SIZE).map(({ type }) => type),
  };
}
