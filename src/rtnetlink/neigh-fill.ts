// A neighbour as netlink tells it, and the header and attributes of requests about one.
//
// Mirrors net/core/neighbour.c (nda_policy, neigh_fill_info, pneigh_fill_info).

import { getU16, getU32, setS32, setU16, setU32 } from "../bytes/endian.ts";
import { writeMac } from "../bytes/mac.ts";
import type { Neighbour, ProxyNeighbour } from "../inet/neigh/neighbour.ts";
import { NUD_VALID } from "../inet/neigh/neighbour.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, min, nest, policy, u8, u16, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as nd from "../uapi/neighbour.ts";
import { RTN_UNICAST } from "../uapi/rtnetlink.ts";
import type { NeighFamily } from "./neigh-family.ts";

const maxAddressLength = 32;

/** nda_policy */
export const neighPolicy = policy(
  nd.NDA_MAX,
  {
    [nd.NDA_DST]: binary("dst", maxAddressLength),
    [nd.NDA_LLADDR]: binary("lladdr", maxAddressLength),
    [nd.NDA_CACHEINFO]: min("cacheinfo", nd.NDA_CACHEINFO_SIZE),
    [nd.NDA_PROBES]: u32("probes"),
    [nd.NDA_VLAN]: u16("vlan"),
    [nd.NDA_PORT]: u16("port"),
    [nd.NDA_VNI]: u32("vni"),
    [nd.NDA_IFINDEX]: u32("ifindex"),
    [nd.NDA_MASTER]: u32("master"),
    [nd.NDA_PROTOCOL]: u8("protocol"),
    [nd.NDA_NH_ID]: u32("nhId"),
    [nd.NDA_FLAGS_EXT]: u32("flagsExt", {
      mask: nd.NTF_EXT_MANAGED | nd.NTF_EXT_LOCKED | nd.NTF_EXT_EXT_VALIDATED,
    }),
    [nd.NDA_FDB_EXT_ATTRS]: nest("fdbExtAttrs"),
  },
  nd.NDA_NH_ID,
);

export type NeighAttributes = Parsed<typeof neighPolicy>;

/** A request's header (`struct ndmsg`). */
export interface Ndmsg {
  readonly family: number;
  /** Whether the padding is as it must be. */
  readonly isPadded: boolean;
  readonly ifindex: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
}

/** Reads the header behind the message header; the message is long enough. */
export function readNdmsg({ bytes }: Message): Ndmsg {
  const at = (offset: number) => bytes[NLMSG_HDRLEN + offset] ?? 0;
  return {
    family: at(nd.NDMSG_FAMILY),
    isPadded: at(nd.NDMSG_PAD1) === 0 && getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_PAD2) === 0,
    ifindex: getU32(bytes, NLMSG_HDRLEN + nd.NDMSG_IFINDEX) | 0,
    state: getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_STATE),
    flags: at(nd.NDMSG_FLAGS),
    type: at(nd.NDMSG_TYPE),
  };
}

function putNdmsg(writer: MessageWriter, header: Omit<Ndmsg, "isPadded">): void {
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = header.family;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, header.ifindex);
  setU16(writer.bytes, at + nd.NDMSG_STATE, header.state);
  writer.bytes[at + nd.NDMSG_FLAGS] = header.flags;
  writer.bytes[at + nd.NDMSG_TYPE] = header.type;
}

/** Writes an entry's header and attributes (neigh_fill_info); `holders`: who holds it to have it told. */
export function fillNeigh(
  writer: MessageWriter,
  family: NeighFamily,
  neigh: Neighbour,
  holders: number,
): void {
  const { dev, flags, state, type } = neigh;
  putNdmsg(writer, { family: family.family, ifindex: dev.ifindex, state, flags, type });
  writer.binary(nd.NDA_DST, family.keyOf(neigh));
  if ((state & NUD_VALID) !== 0) {
    const at = writer.attribute(nd.NDA_LLADDR, dev.addressLength);
    if (dev.addressLength === 6) writeMac(writer.bytes, at, neigh.lladdr);
  }
  writer.u32(nd.NDA_PROBES, neigh.probes);
  putCacheinfo(writer, neigh, holders);
  if (neigh.protocol !== 0) writer.u8(nd.NDA_PROTOCOL, neigh.protocol);
  if (neigh.flagsExt !== 0) writer.u32(nd.NDA_FLAGS_EXT, neigh.flagsExt);
}

const nsPerCentisecond = 10_000_000;

/** Ages in hundredths of a second, and how many hold the entry beside its table: a timer does. */
function putCacheinfo(writer: MessageWriter, neigh: Neighbour, holders: number): void {
  const { dev, confirmedNs, usedNs, updatedNs, timer } = neigh;
  const now = dev.machine.clock.now();
  const age = (sinceNs: number) => Math.max(0, Math.floor((now - sinceNs) / nsPerCentisecond)) >>> 0;
  const at = writer.attribute(nd.NDA_CACHEINFO, nd.NDA_CACHEINFO_SIZE);
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_CONFIRMED, age(confirmedNs));
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_USED, age(usedNs));
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_UPDATED, age(updatedNs));
  setU32(writer.bytes, at + nd.NDA_CACHEINFO_REFCNT, holders + (timer.isPending ? 1 : 0));
}

/** Writes a proxy's header and attributes (pneigh_fill_info). */
export function fillProxy(writer: MessageWriter, family: NeighFamily, proxy: ProxyNeighbour): void {
  putNdmsg(writer, {
    family: family.family,
    ifindex: proxy.dev?.ifindex ?? 0,
    state: nd.NUD_NONE,
    flags: proxy.flags | nd.NTF_PROXY,
    type: RTN_UNICAST,
  });
  writer.binary(nd.NDA_DST, family.keyOf(proxy));
  if (proxy.protocol !== 0) writer.u8(nd.NDA_PROTOCOL, proxy.protocol);
}
