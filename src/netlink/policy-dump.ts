// A policy's rule as netlink tells it: what would have been accepted, in an extended acknowledgement.
//
// Mirrors net/netlink/policy.c (__netlink_policy_dump_write_attr).

import {
  NL_ATTR_TYPE_BINARY,
  NL_ATTR_TYPE_BITFIELD32,
  NL_ATTR_TYPE_FLAG,
  NL_ATTR_TYPE_NESTED,
  NL_ATTR_TYPE_NUL_STRING,
  NL_ATTR_TYPE_S32,
  NL_ATTR_TYPE_STRING,
  NL_ATTR_TYPE_U8,
  NL_ATTR_TYPE_U16,
  NL_ATTR_TYPE_U32,
  NL_ATTR_TYPE_U64,
  NL_POLICY_TYPE_ATTR_BITFIELD32_MASK,
  NL_POLICY_TYPE_ATTR_MASK,
  NL_POLICY_TYPE_ATTR_MAX_LENGTH,
  NL_POLICY_TYPE_ATTR_MAX_VALUE_S,
  NL_POLICY_TYPE_ATTR_MAX_VALUE_U,
  NL_POLICY_TYPE_ATTR_MIN_LENGTH,
  NL_POLICY_TYPE_ATTR_MIN_VALUE_S,
  NL_POLICY_TYPE_ATTR_MIN_VALUE_U,
  NL_POLICY_TYPE_ATTR_POLICY_IDX,
  NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE,
  NL_POLICY_TYPE_ATTR_TYPE,
} from "../uapi/netlink.ts";
import type { AttrPolicy } from "./policy.ts";
import type { MessageWriter } from "./writer.ts";

/** Largest value of the unsigned types. */
const largest = { u8: 0xffn, u16: 0xffffn, u32: 0xffffffffn, u64: 0xffffffffffffffffn } as const;

/**
 * Writes the rule as a nest of type `attribute`; nothing for rules that the kernel does not tell (NLA_REJECT, NLA_UNSPEC).
 * `inside` is the number of the policy of what is inside the attribute, where policies have numbers.
 */
export function writePolicy(
  writer: MessageWriter,
  attribute: number,
  rule: AttrPolicy,
  inside?: number,
): void {
  if (rule.type === "reject" || rule.type === "unspec") return;
  const nest = writer.nestFlagged(attribute);
  switch (rule.type) {
    case "nested":
      if (inside === undefined || rule.nested === undefined) break;
      writer.u32(NL_POLICY_TYPE_ATTR_POLICY_IDX, inside);
      writer.u32(NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE, rule.nested.maxType);
      break;
    case "u8":
    case "u16":
    case "u32":
    case "u64":
      if (rule.mask !== undefined) {
        writer.u64(NL_POLICY_TYPE_ATTR_MASK, rule.mask);
        break;
      }
      writer.u64(NL_POLICY_TYPE_ATTR_MIN_VALUE_U, BigInt(rule.range?.[0] ?? 0));
      writer.u64(NL_POLICY_TYPE_ATTR_MAX_VALUE_U, BigInt(rule.range?.[1] ?? largest[rule.type]));
      break;
    case "s32":
      writer.u64(NL_POLICY_TYPE_ATTR_MIN_VALUE_S, BigInt(rule.range?.[0] ?? -0x80000000));
      writer.u64(NL_POLICY_TYPE_ATTR_MAX_VALUE_S, BigInt(rule.range?.[1] ?? 0x7fffffff));
      break;
    case "bitfield32":
      writer.u32(NL_POLICY_TYPE_ATTR_BITFIELD32_MASK, rule.mask ?? 0);
      break;
    case "exact":
      writer.u32(NL_POLICY_TYPE_ATTR_MIN_LENGTH, rule.length);
      writer.u32(NL_POLICY_TYPE_ATTR_MAX_LENGTH, rule.length);
      break;
    case "min":
      if (rule.length > 0) writer.u32(NL_POLICY_TYPE_ATTR_MIN_LENGTH, rule.length);
      break;
    case "string":
    case "nul-string":
    case "binary":
      if (rule.length > 0) writer.u32(NL_POLICY_TYPE_ATTR_MAX_LENGTH, rule.length);
      break;
    default:
      break;
  }
  writer.u32(NL_POLICY_TYPE_ATTR_TYPE, attributeType(rule));
  writer.endNest(nest);
}

function attributeType(rule: AttrPolicy): number {
  switch (rule.type) {
    case "u8":
      return NL_ATTR_TYPE_U8;
    case "u16":
      return NL_ATTR_TYPE_U16;
    case "u32":
      return NL_ATTR_TYPE_U32;
    case "u64":
      return NL_ATTR_TYPE_U64;
    case "s32":
      return NL_ATTR_TYPE_S32;
    case "string":
      return NL_ATTR_TYPE_STRING;
    case "nul-string":
      return NL_ATTR_TYPE_NUL_STRING;
    case "flag":
      return NL_ATTR_TYPE_FLAG;
    case "bitfield32":
      return NL_ATTR_TYPE_BITFIELD32;
    case "nested":
      return NL_ATTR_TYPE_NESTED;
    default:
      return NL_ATTR_TYPE_BINARY;
  }
}
