// What a flower filter looks for: a record of fields and a mask for it, read from attributes and told as attributes.
//
// Mirrors net/sched/cls_flower.c (fl_set_key, fl_dump_key). What is not in flower-fields.ts is refused.

import { getBe16, getBe32, getU16, getU32, setBe16, setBe32, setU32 } from "../bytes/endian.ts";
import type { Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NetlinkError, notSupported } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { isVlanType, VLAN_VID_MASK } from "../wire/vlan.ts";
import { indevOf } from "./filter-class.ts";
import type { Field } from "./flower-fields.ts";
import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  ethernetFields,
  F_ADDRESS_TYPE,
  F_CVLAN_ETH_TYPE,
  F_CVLAN_TCI,
  F_CVLAN_TPID,
  F_ETH_TYPE,
  F_FLAGS,
  F_IFINDEX,
  F_RANGE_DPORT,
  F_RANGE_SPORT,
  F_VLAN_ETH_TYPE,
  F_VLAN_TCI,
  F_VLAN_TPID,
  F_VLANS,
  FLOW_SIZE,
  fieldsAbove,
  flowerSizes,
  ipFields,
  ipv4Fields,
  ipv6Fields,
  rangeFields,
  sctpFields,
  tcpFields,
  udpFields,
} from "./flower-fields.ts";

const priorityShift = 13;
const priorityMask = 7;

/** What a filter looks for: the value of each field as it was given, and which of its bits count. */
export interface FlowerKey {
  readonly key: Uint8Array;
  readonly mask: Uint8Array;
  /** The upper bounds of ranges of ports; 0 without a range. */
  maxSport: number;
  maxDport: number;
}

/** Attributes by type. */
export type FlowerAttributes = ReadonlyMap<number, Attribute>;

// --- Reading ----------------------------------------------------------------------------------------------------------

/** Reads what a filter looks for; fields of headers that it does not say it is about are not looked at (fl_set_key). */
export function readFlowerKey(netns: Netns, attrs: FlowerAttributes): FlowerKey {
  refuseOthers(attrs);
  const flow: FlowerKey = {
    key: new Uint8Array(FLOW_SIZE),
    mask: new Uint8Array(FLOW_SIZE),
    maxSport: 0,
    maxDport: 0,
  };
  const { key, mask } = flow;
  const indev = attrs.get(cls.TCA_FLOWER_INDEV);
  if (indev !== undefined) {
    setU32(key, F_IFINDEX, indevOf(netns, indev));
    mask.fill(0xff, F_IFINDEX, F_IFINDEX + 4);
  }
  readFields(flow, attrs, ethernetFields);
  readTags(flow, attrs);
  const etherType = getBe16(key, F_ETH_TYPE);
  const isIp = etherType === ETH_P_IP || etherType === ETH_P_IPV6;
  if (isIp) readFields(flow, attrs, ipFields);
  if (hasAny(attrs, ipv4Fields)) readAddresses(flow, attrs, ipv4Fields, ADDRESS_IPV4);
  else if (hasAny(attrs, ipv6Fields)) readAddresses(flow, attrs, ipv6Fields, ADDRESS_IPV6);
  const fields = fieldsAbove(flow.key);
  readFields(flow, attrs, fields);
  if (fields === tcpFields || fields === udpFields || fields === sctpFields) readRanges(flow, attrs);
  readFlags(flow, attrs);
  return flow;
}

/** What is not looked at is refused: a filter that leaves it out would match too much. */
function refuseOthers(attrs: FlowerAttributes): void {
  const isOther = (type: number): boolean =>
    !flowerSizes.has(type) &&
    type !== cls.TCA_FLOWER_CLASSID &&
    type !== cls.TCA_FLOWER_INDEV &&
    type !== cls.TCA_FLOWER_ACT &&
    type !== cls.TCA_FLOWER_FLAGS;
  if ([...attrs.keys()].some(isOther)) throw notSupported("cls_flower: Key is not supported by uveth");
}

function readFields({ key, mask }: FlowerKey, attrs: FlowerAttributes, fields: readonly Field[]): void {
  for (const [type, maskType, at, size] of fields) {
    const value = attrs.get(type);
    if (value === undefined) continue;
    key.set(value.copy().subarray(0, size), at);
    const bits = maskType === 0 ? undefined : attrs.get(maskType);
    if (bits === undefined) mask.fill(0xff, at, at + size);
    else mask.set(bits.copy().subarray(0, size), at);
  }
}

function hasAny(attrs: FlowerAttributes, fields: readonly Field[]): boolean {
  return fields.some(([type]) => attrs.has(type));
}

function readAddresses(
  flow: FlowerKey,
  attrs: FlowerAttributes,
  fields: readonly Field[],
  type: number,
): void {
  flow.key[F_ADDRESS_TYPE] = type;
  flow.mask[F_ADDRESS_TYPE] = 0xff;
  readFields(flow, attrs, fields);
}

/** Tags, outer and inner, and the type behind them (is_vlan_key, fl_set_key_vlan). */
function readTags(flow: FlowerKey, attrs: FlowerAttributes): void {
  readFields(flow, attrs, [[cls.TCA_FLOWER_KEY_NUM_OF_VLANS, 0, F_VLANS, 1]]);
  const tags = flow.key[F_VLANS] ?? 0;
  const outer = attrs.get(cls.TCA_FLOWER_KEY_ETH_TYPE);
  if (!isTag(flow, outer, tags > 0)) return;
  const inner = attrs.get(cls.TCA_FLOWER_KEY_VLAN_ETH_TYPE);
  readTag(flow, F_VLAN_TCI, {
    tpid: outer,
    id: attrs.get(cls.TCA_FLOWER_KEY_VLAN_ID),
    priority: attrs.get(cls.TCA_FLOWER_KEY_VLAN_PRIO),
    next: inner,
  });
  if (!isTag(flow, inner, tags > 1)) return;
  readTag(flow, F_CVLAN_TCI, {
    tpid: inner,
    id: attrs.get(cls.TCA_FLOWER_KEY_CVLAN_ID),
    priority: attrs.get(cls.TCA_FLOWER_KEY_CVLAN_PRIO),
    next: attrs.get(cls.TCA_FLOWER_KEY_CVLAN_ETH_TYPE),
  });
  readFields(flow, attrs, [[cls.TCA_FLOWER_KEY_CVLAN_ETH_TYPE, 0, F_ETH_TYPE, 2]]);
}

/** Whether a tag is looked for; else the type is that of what the frame carries. */
function isTag({ key, mask }: FlowerKey, type: Attribute | undefined, isCounted: boolean): boolean {
  if (type === undefined) return isCounted;
  const etherType = getBe16(type.bytes, type.start);
  if (isCounted || isVlanType(etherType)) return true;
  setBe16(key, F_ETH_TYPE, etherType);
  setBe16(mask, F_ETH_TYPE, 0xffff);
  return false;
}

/** Attributes of one tag. */
interface TagAttributes {
  readonly tpid: Attribute | undefined;
  readonly id: Attribute | undefined;
  readonly priority: Attribute | undefined;
  readonly next: Attribute | undefined;
}

/** Reads a tag to `at`: TCI, TPID, the type behind it. Numbers are in host order in attributes. */
function readTag({ key, mask }: FlowerKey, at: number, { tpid, id, priority, next }: TagAttributes): void {
  const idOf = id === undefined ? 0 : getU16(id.bytes, id.start) & VLAN_VID_MASK;
  const priorityOf = priority === undefined ? 0 : (priority.bytes[priority.start] ?? 0) & priorityMask;
  setBe16(key, at, (priorityOf << priorityShift) | idOf);
  const idBits = id === undefined ? 0 : VLAN_VID_MASK;
  const priorityBits = priority === undefined ? 0 : priorityMask << priorityShift;
  setBe16(mask, at, priorityBits | idBits);
  for (const [offset, attribute] of [
    [F_VLAN_TPID - F_VLAN_TCI, tpid],
    [F_VLAN_ETH_TYPE - F_VLAN_TCI, next],
  ] as const) {
    if (attribute === undefined) continue;
    setBe16(key, at + offset, getBe16(attribute.bytes, attribute.start));
    setBe16(mask, at + offset, 0xffff);
  }
}

/** Ranges of ports: both bounds of each, the lower one below (fl_set_key_port_range). */
function readRanges(flow: FlowerKey, attrs: FlowerAttributes): void {
  const src = boundsOf(attrs, cls.TCA_FLOWER_KEY_PORT_SRC_MIN, cls.TCA_FLOWER_KEY_PORT_SRC_MAX);
  const dst = boundsOf(attrs, cls.TCA_FLOWER_KEY_PORT_DST_MIN, cls.TCA_FLOWER_KEY_PORT_DST_MAX);
  if (dst === "half")
    throw new NetlinkError("EINVAL", "Both min and max destination ports must be specified");
  if (src === "half") throw new NetlinkError("EINVAL", "Both min and max source ports must be specified");
  checkRange(dst, "destination");
  checkRange(src, "source");
  readFields(flow, attrs, rangeFields);
  flow.maxSport = src?.max ?? 0;
  flow.maxDport = dst?.max ?? 0;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly offset: number;
}

function boundsOf(attrs: FlowerAttributes, minType: number, maxType: number): Bounds | "half" | undefined {
  const [low, high] = [attrs.get(minType), attrs.get(maxType)];
  if (low === undefined && high === undefined) return undefined;
  if (low === undefined || high === undefined) return "half";
  return { min: getBe16(low.bytes, low.start), max: getBe16(high.bytes, high.start), offset: low.offset };
}

function checkRange(bounds: Bounds | undefined, what: string): void {
  if (bounds === undefined || bounds.max > bounds.min) return;
  const text = `Invalid ${what} port range (min must be strictly smaller than max)`;
  throw new NetlinkError("EINVAL", text, { offset: bounds.offset });
}

/** Whether it is a fragment, and the first one (fl_set_key_flags). */
function readFlags({ key, mask }: FlowerKey, attrs: FlowerAttributes): void {
  const flags = attrs.get(cls.TCA_FLOWER_KEY_FLAGS);
  if (flags === undefined) return;
  const bits = attrs.get(cls.TCA_FLOWER_KEY_FLAGS_MASK);
  if (bits === undefined) throw new NetlinkError("EINVAL", "Missing flags mask");
  const known = cls.TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT | cls.TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST;
  setBe32(key, F_FLAGS, getBe32(flags.bytes, flags.start) & known);
  setBe32(mask, F_FLAGS, getBe32(bits.bytes, bits.start) & known);
}

// --- Telling ----------------------------------------------------------------------------------------------------------

/** Writes the attributes of a key, in the kernel's order (fl_dump_key). */
export function dumpFlowerKey(netns: Netns, flow: FlowerKey, writer: MessageWriter): void {
  const { key, mask } = flow;
  if (isAsked(mask, F_IFINDEX, 4)) {
    const dev = netns.devices.get(getU32(key, F_IFINDEX));
    if (dev !== undefined) writer.string(cls.TCA_FLOWER_INDEV, dev.name);
  }
  dumpFields(flow, ethernetFields, writer);
  dumpFields(flow, [[cls.TCA_FLOWER_KEY_ETH_TYPE, 0, F_ETH_TYPE, 2]], writer);
  dumpFields(flow, [[cls.TCA_FLOWER_KEY_NUM_OF_VLANS, 0, F_VLANS, 1]], writer);
  dumpTag(flow, F_VLAN_TCI, cls.TCA_FLOWER_KEY_VLAN_ID, cls.TCA_FLOWER_KEY_VLAN_PRIO, writer);
  dumpTag(flow, F_CVLAN_TCI, cls.TCA_FLOWER_KEY_CVLAN_ID, cls.TCA_FLOWER_KEY_CVLAN_PRIO, writer);
  dumpFields(flow, [[cls.TCA_FLOWER_KEY_VLAN_ETH_TYPE, 0, F_CVLAN_TPID, 2]], writer);
  if (isAsked(mask, F_ETH_TYPE, 2)) {
    if (isAsked(mask, F_CVLAN_ETH_TYPE, 2))
      writer.binary(cls.TCA_FLOWER_KEY_CVLAN_ETH_TYPE, key.subarray(F_ETH_TYPE, F_ETH_TYPE + 2));
    else dumpFields(flow, [[cls.TCA_FLOWER_KEY_VLAN_ETH_TYPE, 0, F_VLAN_ETH_TYPE, 2]], writer);
  }
  const etherType = getBe16(key, F_ETH_TYPE);
  if (etherType === ETH_P_IP || etherType === ETH_P_IPV6) dumpFields(flow, ipFields, writer);
  const addresses = key[F_ADDRESS_TYPE];
  if (addresses === ADDRESS_IPV4) dumpFields(flow, ipv4Fields, writer);
  else if (addresses === ADDRESS_IPV6) dumpFields(flow, ipv6Fields, writer);
  const fields = fieldsAbove(flow.key);
  dumpFields(flow, fields, writer);
  if (fields === tcpFields || fields === udpFields || fields === sctpFields) dumpRanges(flow, writer);
  if (!isAsked(mask, F_FLAGS, 4)) return;
  writer.binary(cls.TCA_FLOWER_KEY_FLAGS, key.subarray(F_FLAGS, F_FLAGS + 4));
  writer.binary(cls.TCA_FLOWER_KEY_FLAGS_MASK, mask.subarray(F_FLAGS, F_FLAGS + 4));
}

function isAsked(mask: Uint8Array, at: number, size: number): boolean {
  for (let offset = 0; offset < size; offset++) if (mask[at + offset] !== 0) return true;
  return false;
}

function dumpFields({ key, mask }: FlowerKey, fields: readonly Field[], writer: MessageWriter): void {
  for (const [type, maskType, at, size] of fields) {
    if (!isAsked(mask, at, size)) continue;
    writer.binary(type, key.subarray(at, at + size));
    if (maskType !== 0) writer.binary(maskType, mask.subarray(at, at + size));
  }
}

function dumpTag(
  { key, mask }: FlowerKey,
  at: number,
  id: number,
  priority: number,
  writer: MessageWriter,
): void {
  const bits = getBe16(mask, at);
  const tci = getBe16(key, at);
  if ((bits & VLAN_VID_MASK) !== 0) {
    writer.u16(id, tci & VLAN_VID_MASK);
  }
  if (bits >> priorityShift !== 0) writer.u8(priority, tci >> priorityShift);
}

function dumpRanges(flow: FlowerKey, writer: MessageWriter): void {
  const { key, mask } = flow;
  const dump = (minType: number, maxType: number, at: number, max: number): void => {
    if (!isAsked(mask, at, 2)) return;
    writer.binary(minType, key.subarray(at, at + 2));
    setBe16(writer.bytes, writer.attribute(maxType, 2), max);
  };
  // All lower and upper bounds of one direction behind each other.
  dump(cls.TCA_FLOWER_KEY_PORT_DST_MIN, cls.TCA_FLOWER_KEY_PORT_DST_MAX, F_RANGE_DPORT, flow.maxDport);
  dump(cls.TCA_FLOWER_KEY_PORT_SRC_MIN, cls.TCA_FLOWER_KEY_PORT_SRC_MAX, F_RANGE_SPORT, flow.maxSport);
}
