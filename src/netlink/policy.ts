// Attribute policies: one table per attribute space says which types are known, what their payload must look like and
// what they are called once decoded. Drivers see the decoded names and values, never bytes.
//
// Mirrors include/net/netlink.h (struct nla_policy). The checks themselves are in parse.ts. Names are those of the
// kernel's own netlink specs (Documentation/netlink/specs), in camelCase.

import { getU32 } from "../bytes/endian.ts";
import type { Attribute } from "./attribute.ts";

/** The payload types of a policy, named after the kernel's NLA_* constants. */
export type NlaType =
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "s32"
  | "string"
  | "nul-string"
  | "flag"
  | "binary"
  | "exact"
  | "min"
  | "unspec"
  | "bitfield32"
  | "nested"
  | "reject";

/** The rule for one attribute type, and how its payload becomes a value. */
export interface AttrPolicy<Name extends string = string, Value = unknown> {
  readonly name: Name;
  readonly type: NlaType;
  /** Strings and binaries: the largest payload; exact: the only one; min and unspec: the smallest. In bytes; 0 means no bound. */
  readonly length: number;
  /** Inclusive range of a number (NLA_POLICY_RANGE, _MIN, _MAX). */
  readonly range?: readonly [min: number, max: number];
  /** Bits that may be set (NLA_POLICY_MASK). */
  readonly mask?: number;
  /** Why it is refused, for one that always is (NLA_POLICY's reject_message). */
  readonly message?: string;
  /** The policy of what is inside, checked together with the outer one (NLA_POLICY_NESTED). */
  readonly nested?: Policy;
  decode(attribute: Attribute): Value;
}

/** The rules of one attribute space. */
export interface Policy<Rules extends PolicyRules = PolicyRules> {
  readonly rules: Rules;
  /** The largest type that is known; types above it are unknown, types below without a rule are accepted unread. */
  readonly maxType: number;
  /** From this type on attributes are validated strictly, whatever the request asked (strict_start_type). */
  readonly strictStart: number;
}

/** Attribute type → rule. */
export interface PolicyRules {
  readonly [type: number]: AttrPolicy;
}

/** The decoded form of a set of attributes: each rule's name, present when the attribute was. */
export type Parsed<P extends Policy> = {
  readonly [Type in keyof P["rules"] as P["rules"][Type] extends AttrPolicy<infer Name, unknown>
    ? Name
    : never]?: P["rules"][Type] extends AttrPolicy<string, infer Value> ? Value : never;
};

/** Declares an attribute space of types 1 to `maxType`. */
export function policy<const Rules extends PolicyRules>(
  maxType: number,
  rules: Rules,
  strictStart = Number.MAX_SAFE_INTEGER,
): Policy<Rules> {
  return { rules, maxType, strictStart };
}

/** Limits a number can be given: an inclusive range, or the bits that may be set. */
export interface NumberLimits {
  readonly range?: readonly [min: number, max: number];
  readonly mask?: number;
}

/** An 8-bit number (NLA_U8). */
export function u8<const Name extends string>(
  name: Name,
  limits: NumberLimits = {},
): AttrPolicy<Name, number> {
  return { name, type: "u8", length: 0, ...limits, decode: (attribute) => attribute.u8() };
}

/** A 16-bit number in host order (NLA_U16). */
export function u16<const Name extends string>(
  name: Name,
  limits: NumberLimits = {},
): AttrPolicy<Name, number> {
  return { name, type: "u16", length: 0, ...limits, decode: (attribute) => attribute.u16() };
}

/** A 16-bit number in network byte order (NLA_U16 read with nla_get_be16: ports, protocols). */
export function be16<const Name extends string>(
  name: Name,
  limits: NumberLimits = {},
): AttrPolicy<Name, number> {
  const swapped = (attribute: Attribute) => ((attribute.u16() & 0xff) << 8) | (attribute.u16() >>> 8);
  return { name, type: "u16", length: 0, ...limits, decode: swapped };
}

/** A 32-bit number (NLA_U32). */
export function u32<const Name extends string>(
  name: Name,
  limits: NumberLimits = {},
): AttrPolicy<Name, number> {
  return { name, type: "u32", length: 0, ...limits, decode: (attribute) => attribute.u32() };
}

/** A signed 32-bit number (NLA_S32). */
export function s32<const Name extends string>(
  name: Name,
  limits: NumberLimits = {},
): AttrPolicy<Name, number> {
  return { name, type: "s32", length: 0, ...limits, decode: (attribute) => attribute.s32() };
}

/** A 64-bit number, as a bigint (NLA_U64). */
export function u64<const Name extends string>(name: Name): AttrPolicy<Name, bigint> {
  return { name, type: "u64", length: 0, decode: (attribute) => attribute.u64() };
}

/** Bits of which those in `selector` are meant; no others than `mask` (NLA_POLICY_BITFIELD32). */
export function bitfield32<const Name extends string>(
  name: Name,
  mask: number,
): AttrPolicy<Name, { readonly value: number; readonly selector: number }> {
  const decode = ({ bytes, start }: Attribute) => ({
    value: getU32(bytes, start),
    selector: getU32(bytes, start + 4),
  });
  return { name, type: "bitfield32", length: 8, mask, decode };
}

/** An attribute that is there or not (NLA_FLAG); true when it is. */
export function flag<const Name extends string>(name: Name): AttrPolicy<Name, true> {
  return { name, type: "flag", length: 0, decode: () => true };
}

/** Text of at most `length` bytes, the terminating NUL not counted and not required (NLA_STRING). */
export function string<const Name extends string>(name: Name, length = 0): AttrPolicy<Name, string> {
  return { name, type: "string", length, decode: (attribute) => attribute.text() };
}

/** Text that must end in a NUL within `length` + 1 bytes (NLA_NUL_STRING). */
export function nulString<const Name extends string>(name: Name, length = 0): AttrPolicy<Name, string> {
  return { name, type: "nul-string", length, decode: (attribute) => attribute.text() };
}

/** Bytes, at most `length` of them (NLA_BINARY). */
export function binary<const Name extends string>(name: Name, length = 0): AttrPolicy<Name, Uint8Array> {
  return { name, type: "binary", length, decode: (attribute) => attribute.copy() };
}

/** Exactly `length` bytes (NLA_POLICY_EXACT_LEN). */
export function exact<const Name extends string>(name: Name, length: number): AttrPolicy<Name, Uint8Array> {
  return { name, type: "exact", length, decode: (attribute) => attribute.copy() };
}

/** At least `length` bytes, handed on as they lie (NLA_POLICY_MIN_LEN). */
export function min<const Name extends string>(name: Name, length: number): AttrPolicy<Name, Attribute> {
  return { name, type: "min", length, decode: (attribute) => attribute };
}

/**
 * At least `length` bytes, handed on as they lie, of an attribute whose type the policy does not know (NLA_UNSPEC): strict
 * parsing refuses it.
 */
export function unspec<const Name extends string>(name: Name, length = 0): AttrPolicy<Name, Attribute> {
  return { name, type: "unspec", length, decode: (attribute) => attribute };
}

/** A nest whose inside is parsed later, by whoever knows its policy (NLA_NESTED). */
export function nest<const Name extends string>(name: Name): AttrPolicy<Name, Attribute> {
  return { name, type: "nested", length: 0, decode: (attribute) => attribute };
}

/** A nest whose inside is validated along with the outside (NLA_POLICY_NESTED); parse it with `parseNested`. */
export function nested<const Name extends string>(name: Name, inside: Policy): AttrPolicy<Name, Attribute> {
  return { name, type: "nested", length: 0, nested: inside, decode: (attribute) => attribute };
}

/** An attribute that only the kernel sends (NLA_REJECT), refused with a text of its own if there is one. */
export function reject<const Name extends string>(name: Name, message?: string): AttrPolicy<Name, never> {
  const rule = { name, type: "reject", length: 0, decode: unreachable } as const;
  return message === undefined ? rule : { ...rule, message };
}

function unreachable(): never {
  throw new TypeError("A rejected attribute has no value");
}
