// Attributes as a tree that can be mutated before it becomes bytes, and may lie about its lengths.

import { setU16, setU32, setU64 } from "../../src/bytes/endian.ts";
import { encodeUtf8 } from "../../src/bytes/utf8.ts";
import { MessageWriter } from "../../src/netlink/writer.ts";
import { NLA_F_NESTED } from "../../src/uapi/netlink.ts";

/** One attribute. */
export interface Attribute {
  /** With NLA_F_NESTED where it is set. */
  type: number;
  /** What comes before the children: the whole payload of a leaf, the ifinfomsg of VETH_INFO_PEER. */
  payload: Uint8Array;
  children: Attribute[];
  /** What nla_len says instead of the truth. */
  statedLength?: number;
}

/** A request before it becomes bytes. */
export interface RequestTree {
  /** What it is, for people. */
  readonly name: string;
  type: number;
  flags: number;
  header: Uint8Array;
  attributes: Attribute[];
  /** What nlmsg_len says instead of the truth. */
  statedLength?: number;
}

export function leaf(type: number, payload: Uint8Array): Attribute {
  return { type, payload, children: [] };
}

/** A nest; `head` comes before the children. */
export function nest(type: number, children: Attribute[], head: Uint8Array = new Uint8Array(0)): Attribute {
  return { type, payload: head, children };
}

export function flaggedNest(type: number, children: Attribute[]): Attribute {
  return nest(type | NLA_F_NESTED, children);
}

export const u8 = (type: number, value: number): Attribute => leaf(type, Uint8Array.of(value));

export function u16(type: number, value: number): Attribute {
  const payload = new Uint8Array(2);
  setU16(payload, 0, value);
  return leaf(type, payload);
}

export function u32(type: number, value: number): Attribute {
  const payload = new Uint8Array(4);
  setU32(payload, 0, value);
  return leaf(type, payload);
}

export function u64(type: number, value: number): Attribute {
  const payload = new Uint8Array(8);
  setU64(payload, 0, BigInt(value));
  return leaf(type, payload);
}

/** Text with its NUL. */
export const text = (type: number, value: string): Attribute => leaf(type, encodeUtf8(`${value}\0`));

/** Text without a NUL. */
export const bare = (type: number, value: string): Attribute => leaf(type, encodeUtf8(value));

/** A copy that shares nothing with the original. */
export function cloneOf(attribute: Attribute): Attribute {
  return { ...attribute, payload: attribute.payload.slice(), children: attribute.children.map(cloneOf) };
}

/** All attributes of a tree, outermost first. */
export function everyAttribute(attributes: readonly Attribute[], found: Attribute[] = []): Attribute[] {
  for (const each of attributes) {
    found.push(each);
    everyAttribute(each.children, found);
  }
  return found;
}

/** The bytes of a request. */
export function requestBytes(tree: RequestTree, seq: number): Uint8Array {
  const writer = new MessageWriter().begin(tree.type, tree.flags, seq, 0);
  writer.raw(tree.header);
  for (const attribute of tree.attributes) write(writer, attribute);
  const bytes = writer.end().finish();
  if (tree.statedLength !== undefined) setU32(bytes, 0, tree.statedLength);
  return bytes;
}

function write(writer: MessageWriter, { type, payload, children, statedLength }: Attribute): void {
  const offset = writer.nest(type & 0xffff);
  writer.raw(payload);
  const leafLength = 4 + payload.length;
  for (const child of children) write(writer, child);
  const length = children.length === 0 ? leafLength : writer.length - offset;
  setU16(writer.bytes, offset, (statedLength ?? length) & 0xffff);
}
