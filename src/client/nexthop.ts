// The next hops of a route with several (RTA_MULTIPATH): each a struct rtnexthop with attributes behind it, one after
// another; and a gateway of another family than the route's (RTA_VIA).
//
// Mirrors <linux/rtnetlink.h> (struct rtnexthop, struct rtvia).

import { align4, getS32, getU16, setS32, setU16 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { attributes } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** A gateway of a family of its own. */
export interface Via {
  readonly family: number;
  readonly address: Uint8Array;
}

/** Reads RTA_VIA. */
export function parseVia({ bytes, start, end }: Attribute): Via {
  return { family: getU16(bytes, start + rt.RTVIA_FAMILY), address: bytes.slice(start + rt.RTVIA_ADDR, end) };
}

/** Writes RTA_VIA. */
export function writeVia(writer: MessageWriter, { family, address }: Via): void {
  const at = writer.attribute(rt.RTA_VIA, rt.RTVIA_SIZE + address.length);
  setU16(writer.bytes, at + rt.RTVIA_FAMILY, family);
  writer.bytes.set(address, at + rt.RTVIA_ADDR);
}

/** A next hop as it is asked for. */
export interface NexthopRequest {
  /** The device; 0 or undefined lets the gateway decide. */
  readonly oif?: number | undefined;
  /** RTNH_F_* */
  readonly flags?: number | undefined;
  /** The share of packets it takes, from 1. */
  readonly weight?: number | undefined;
  readonly gateway?: Uint8Array | undefined;
  readonly via?: Via | undefined;
  /** A destination to rewrite to. */
  readonly newdst?: Uint8Array | undefined;
  readonly flow?: number | undefined;
}

/** A next hop as the kernel reports it. */
export interface Nexthop {
  readonly oif: number;
  readonly flags: number;
  readonly weight: number;
  readonly gateway: Uint8Array | undefined;
  readonly via: Via | undefined;
  readonly newdst: Uint8Array | undefined;
  readonly flow: number | undefined;
}

/** Reads RTA_MULTIPATH; what does not fit ends the walk. */
export function parseNexthops({ bytes, start, end }: Attribute): Nexthop[] {
  const hops: Nexthop[] = [];
  let offset = start;
  while (offset + rt.RTNEXTHOP_SIZE <= end) {
    const length = getU16(bytes, offset + rt.RTNEXTHOP_LEN);
    if (length < rt.RTNEXTHOP_SIZE || offset + length > end) break;
    hops.push(parseNexthop(bytes, offset, offset + length));
    offset += align4(length);
  }
  return hops;
}

function parseNexthop(bytes: Uint8Array, start: number, end: number): Nexthop {
  const found = new Map<number, Attribute>();
  for (const attribute of attributes(bytes, start + rt.RTNEXTHOP_SIZE, end))
    found.set(attribute.type, attribute);
  const via = found.get(rt.RTA_VIA);
  return {
    oif: getS32(bytes, start + rt.RTNEXTHOP_IFINDEX),
    flags: bytes[start + rt.RTNEXTHOP_FLAGS] ?? 0,
    weight: (bytes[start + rt.RTNEXTHOP_HOPS] ?? 0) + 1,
    gateway: found.get(rt.RTA_GATEWAY)?.copy(),
    via: via && parseVia(via),
    newdst: found.get(rt.RTA_NEWDST)?.copy(),
    flow: found.get(rt.RTA_FLOW)?.u32(),
  };
}

/** Writes RTA_MULTIPATH. */
export function writeNexthops(writer: MessageWriter, hops: readonly NexthopRequest[]): void {
  const nest = writer.nest(rt.RTA_MULTIPATH);
  for (const hop of hops) {
    const start = writer.reserve(rt.RTNEXTHOP_SIZE);
    writer.bytes[start + rt.RTNEXTHOP_FLAGS] = hop.flags ?? 0;
    writer.bytes[start + rt.RTNEXTHOP_HOPS] = (hop.weight ?? 1) - 1;
    setS32(writer.bytes, start + rt.RTNEXTHOP_IFINDEX, hop.oif ?? 0);
    if (hop.gateway !== undefined) writer.binary(rt.RTA_GATEWAY, hop.gateway);
    if (hop.via !== undefined) writeVia(writer, hop.via);
    if (hop.newdst !== undefined) writer.binary(rt.RTA_NEWDST, hop.newdst);
    if (hop.flow !== undefined) writer.u32(rt.RTA_FLOW, hop.flow);
    setU16(writer.bytes, start + rt.RTNEXTHOP_LEN, writer.length - start);
  }
  writer.endNest(nest);
}
