// Bytes → values, by policy: the one place where requests are checked against their tables. Old request types are read
// liberally (unknown types are skipped, long payloads are accepted), new ones strictly; a client can ask for strict
// checking of old dumps with NETLINK_GET_STRICT_CHK.
//
// Mirrors lib/nlattr.c (__nla_validate_parse, validate_nla), with its errno and texts.

import { align4, getU16, getU32 } from "../bytes/endian.ts";
import { Attribute, NLA_HDRLEN } from "./attribute.ts";
import { NetlinkError } from "./error.ts";
import type { Message } from "./message.ts";
import { NLMSG_HDRLEN } from "./message.ts";
import { AttributeSet, leftoverText } from "./parsed.ts";
import type { AttrPolicy, Parsed, Policy } from "./policy.ts";

/**
 * How much is demanded: `liberal` (nlmsg_parse_deprecated), `no-unknown` (nlmsg_parse_deprecated_strict: no unknown
 * types, no bytes left over) or `strict` (nlmsg_parse: exact lengths and NLA_F_NESTED too).
 */
export type Strictness = "liberal" | "no-unknown" | "strict";

/** Parses the attributes behind a family header of `headerSize` bytes; NetlinkError as the kernel would refuse them. */
export function parseMessage<P extends Policy>(
  message: Message,
  headerSize: number,
  policy: P,
  strictness?: Strictness,
): Parsed<P>;
export function parseMessage(
  message: Message,
  headerSize: number,
  policy: Policy,
  strictness: Strictness = "liberal",
): object {
  if (message.payloadLength < headerSize) throw new NetlinkError("EINVAL", "Invalid header length");
  return parseRange(
    message.bytes,
    NLMSG_HDRLEN + align4(headerSize),
    message.bytes.length,
    policy,
    strictness,
  );
}

/** Parses what is inside a nest, `headerSize` bytes into its payload (nla_parse_nested, nla_parse). */
export function parseNested<P extends Policy>(
  nest: Attribute,
  policy: P,
  strictness?: Strictness,
  headerSize?: number,
): Parsed<P>;
export function parseNested(
  nest: Attribute,
  policy: Policy,
  strictness: Strictness = "liberal",
  headerSize = 0,
): object {
  if (strictness === "strict" && !nest.isNested && headerSize === 0) {
    throw new NetlinkError("EINVAL", "NLA_F_NESTED is missing", { offset: nest.offset });
  }
  return parseRange(nest.bytes, nest.start + align4(headerSize), nest.end, policy, strictness);
}

/** Parses `attribute` itself, as if it stood alone in a message. */
export function parseAlone<P extends Policy>(
  attribute: Attribute,
  policy: P,
  strictness: Strictness,
): Parsed<P>;
export function parseAlone(attribute: Attribute, policy: Policy, strictness: Strictness): object {
  return parseRange(attribute.bytes, attribute.offset, attribute.end, policy, strictness);
}

function parseRange(
  bytes: Uint8Array,
  start: number,
  end: number,
  policy: Policy,
  strictness: Strictness,
): object {
  const set = new AttributeSet();
  walk(bytes, start, end, policy, strictness, set);
  return set;
}

/** Validates every attribute in the range and hands those that have a rule to `set`, if there is one. */
function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  policy: Policy,
  strictness: Strictness,
  set: AttributeSet | undefined,
): void {
  let offset = start;
  while (offset + NLA_HDRLEN <= end) {
    const length = getU16(bytes, offset);
    if (length < NLA_HDRLEN || offset + length > end) break;
    const attribute = new Attribute(bytes, offset, length);
    if (attribute.type > 0 && attribute.type <= policy.maxType) {
      const rule = policy.rules[attribute.type];
      validate(attribute, rule, strictness === "strict" || attribute.type >= policy.strictStart, strictness);
      if (rule !== undefined) set?.take(rule.name, rule.decode(attribute), attribute);
    } else if (strictness !== "liberal") {
      throw new NetlinkError("EINVAL", "Unknown attribute type", { offset });
    }
    offset += align4(length);
  }
  if (offset >= end) return;
  if (strictness !== "liberal") throw new NetlinkError("EINVAL", leftoverText);
  set?.noteLeftover();
}

function validate(
  attribute: Attribute,
  rule: AttrPolicy | undefined,
  isStrict: boolean,
  strictness: Strictness,
): void {
  const { offset, length } = attribute;
  if (rule === undefined || rule.type === "unspec") {
    if (isStrict) throw new NetlinkError("EINVAL", "Unsupported attribute", { offset });
    if (rule === undefined) return;
  }
  if (isStrict) {
    const size = numberSize(rule);
    if (size > 0 && length !== size)
      throw new NetlinkError("EINVAL", "invalid attribute length", { offset, policy: rule });
    if (rule.type === "nested" && !attribute.isNested) {
      throw new NetlinkError("EINVAL", "NLA_F_NESTED is missing", { offset, policy: rule });
    }
    if (rule.type !== "nested" && rule.type !== "min" && attribute.isNested) {
      throw new NetlinkError("EINVAL", "NLA_F_NESTED not expected", { offset, policy: rule });
    }
  }
  if (rule.message !== undefined) throw new NetlinkError("EINVAL", rule.message, { offset });
  const errno = lengthError(attribute, rule);
  if (errno !== undefined) {
    // A length that is exact is a range of one (nla_validate_range_unsigned).
    const text =
      rule.type === "exact" ? "binary attribute size out of range" : "Attribute failed policy validation";
    throw new NetlinkError(errno, text, { offset, policy: rule });
  }
  if (rule.range !== undefined || (rule.mask !== undefined && rule.type !== "bitfield32"))
    validateNumber(attribute, rule);
  if (rule.nested !== undefined && length > 0) {
    walk(attribute.bytes, attribute.start, attribute.end, rule.nested, strictness, undefined);
  }
}

/** The payload's size when the rule is a number's. */
function numberSize(rule: AttrPolicy): number {
  switch (rule.type) {
    case "u8":
      return 1;
    case "u16":
      return 2;
    case "u32":
    case "s32":
      return 4;
    case "u64":
      return 8;
    default:
      return 0;
  }
}

/** The errno of a payload whose length the rule does not allow; longer numbers than needed are accepted, as ever. */
function lengthError(attribute: Attribute, rule: AttrPolicy): "ERANGE" | "EINVAL" | undefined {
  const { length } = attribute;
  switch (rule.type) {
    case "bitfield32":
      return length !== rule.length ? "ERANGE" : isBitfield(attribute, rule) ? undefined : "EINVAL";
    case "reject":
      return "EINVAL";
    case "flag":
      return length > 0 ? "ERANGE" : undefined;
    case "string": {
      if (length < 1) return "ERANGE";
      const text = attribute.bytes[attribute.end - 1] === 0 ? length - 1 : length;
      return rule.length > 0 && text > rule.length ? "ERANGE" : undefined;
    }
    case "nul-string": {
      const readable = rule.length > 0 ? Math.min(length, rule.length + 1) : length;
      const nul = attribute.bytes.subarray(attribute.start, attribute.start + readable).indexOf(0);
      if (nul < 0) return "EINVAL";
      return rule.length > 0 && length > rule.length + 1 ? "ERANGE" : undefined;
    }
    case "binary":
      return rule.length > 0 && length > rule.length ? "ERANGE" : undefined;
    case "exact":
      return length !== rule.length ? "ERANGE" : undefined;
    case "min":
    case "unspec":
      return length < rule.length ? "ERANGE" : undefined;
    case "nested":
      return length !== 0 && length < 4 ? "ERANGE" : undefined;
    default:
      return length < numberSize(rule) ? "ERANGE" : undefined;
  }
}

/** Whether no bit is set but those that are known and selected (validate_nla_bitfield32). */
function isBitfield({ bytes, start }: Attribute, { mask = 0 }: AttrPolicy): boolean {
  const value = getU32(bytes, start);
  const selector = getU32(bytes, start + 4);
  return (selector & ~mask) === 0 && (value & ~mask) === 0 && (value & ~selector) === 0;
}

/** NLA_VALIDATE_RANGE and NLA_VALIDATE_MASK. */
function validateNumber(attribute: Attribute, rule: AttrPolicy): void {
  const value = numberValue(attribute, rule);
  const detail = { offset: attribute.offset, policy: rule };
  if (rule.range !== undefined && (value < rule.range[0] || value > rule.range[1])) {
    throw new NetlinkError("ERANGE", "integer out of range", detail);
  }
  if (rule.mask !== undefined && (value & ~rule.mask) !== 0) {
    throw new NetlinkError("EINVAL", "reserved bit set", { offset: attribute.offset });
  }
}

function numberValue(attribute: Attribute, rule: AttrPolicy): number {
  switch (rule.type) {
    case "u8":
      return attribute.u8();
    case "u16":
      return attribute.u16();
    case "s32":
      return attribute.s32();
    case "u64":
      return attribute.u64Number();
    default:
      return attribute.u32();
  }
}
