// Bit sets, which ethtool tells and is told features, link modes and the like in: in words of 32 bits ("compact"), or bit by
// bit with their names.
//
// Mirrors net/ethtool/bitset.c (ethnl_put_bitset32, ethnl_parse_bitset), with its texts. Bits are those of a bigint.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { attributeOf } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, flag, nest, nulString, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";

/** The largest size a set may be told to have (ETHNL_MAX_BITSET_SIZE). */
const LARGEST_SIZE = 0x7fff;

const bitsetPolicy = policy(ethtool.ETHTOOL_A_BITSET_MASK, {
  [ethtool.ETHTOOL_A_BITSET_NOMASK]: flag("nomask"),
  [ethtool.ETHTOOL_A_BITSET_SIZE]: u32("size", { range: [0, LARGEST_SIZE] }),
  [ethtool.ETHTOOL_A_BITSET_BITS]: nest("bits"),
  [ethtool.ETHTOOL_A_BITSET_VALUE]: binary("value"),
  [ethtool.ETHTOOL_A_BITSET_MASK]: binary("mask"),
});

const bitPolicy = policy(ethtool.ETHTOOL_A_BITSET_BIT_VALUE, {
  [ethtool.ETHTOOL_A_BITSET_BIT_INDEX]: u32("index"),
  [ethtool.ETHTOOL_A_BITSET_BIT_NAME]: nulString("name"),
  [ethtool.ETHTOOL_A_BITSET_BIT_VALUE]: flag("value"),
});

/** Bits and, without a mask, nothing but those that are set. */
export interface Bitset {
  readonly value: bigint;
  readonly mask?: bigint;
}

/** Writes a set whose bits have `names`, one each. */
export function writeBitset(
  writer: MessageWriter,
  type: number,
  { value, mask }: Bitset,
  names: readonly string[],
  isCompact: boolean,
): void {
  const set = writer.nestFlagged(type);
  if (mask === undefined) writer.flag(ethtool.ETHTOOL_A_BITSET_NOMASK);
  writer.u32(ethtool.ETHTOOL_A_BITSET_SIZE, names.length);
  if (isCompact) {
    writer.binary(ethtool.ETHTOOL_A_BITSET_VALUE, wordsOf(value, names.length));
    if (mask !== undefined) writer.binary(ethtool.ETHTOOL_A_BITSET_MASK, wordsOf(mask, names.length));
  } else {
    const bits = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS);
    for (const [index, name] of names.entries()) {
      if (!hasBit(mask ?? value, index)) continue;
      const bit = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS_BIT);
      writer.u32(ethtool.ETHTOOL_A_BITSET_BIT_INDEX, index);
      writer.string(ethtool.ETHTOOL_A_BITSET_BIT_NAME, name);
      if (mask !== undefined && hasBit(value, index)) writer.flag(ethtool.ETHTOOL_A_BITSET_BIT_VALUE);
      writer.endNest(bit);
    }
    writer.endNest(bits);
  }
  writer.endNest(set);
}

/** Reads a set, which always has a mask then; NetlinkError with the kernel's texts. */
export function parseBitset(attribute: Attribute, names: readonly string[]): Required<Bitset> {
  const set = parseNested(attribute, bitsetPolicy, "strict");
  const { bits, nomask, value, mask } = set;
  const all = (1n << BigInt(names.length)) - 1n;
  if (bits === undefined) {
    checkCompact(attribute, set, names.length);
    return { value: wordsIn(value) & all, mask: nomask === true ? all : wordsIn(mask) & all };
  }
  if (value !== undefined) throw badIn(set, "value", "value only allowed in compact bitset");
  if (mask !== undefined) throw badIn(set, "mask", "mask only allowed in compact bitset");
  let [parsedValue, parsedMask] = [0n, nomask === true ? all : 0n];
  for (const child of bits.children()) {
    const { index, isSet } = parseBit(child, names, nomask === true);
    parsedMask |= 1n << BigInt(index);
    if (isSet) parsedValue |= 1n << BigInt(index);
  }
  return { value: parsedValue, mask: parsedMask };
}

/** Checks sizes, which the sender may have wrong (ethnl_compact_sanity_checks). */
function checkCompact(attribute: Attribute, set: Parsed<typeof bitsetPolicy>, bitCount: number): void {
  const { nomask, size, value, mask } = set;
  if (size === undefined) throw bad(attribute, "missing size in compact bitset");
  if (value === undefined) throw bad(attribute, "missing value in compact bitset");
  const length = Math.ceil(size / 32) * 4;
  if (value.length !== length) throw badIn(set, "value", "bitset value length does not match size");
  if (nomask === true && mask !== undefined) throw badIn(set, "mask", "mask not allowed in list bitset");
  if (nomask !== true && mask === undefined) throw bad(attribute, "missing mask in compact nonlist bitset");
  if (mask !== undefined && mask.length !== length) {
    throw badIn(set, "mask", "bitset mask length does not match size");
  }
  if (size > bitCount && wordsIn(mask ?? value) >> BigInt(bitCount) !== 0n) {
    throw badIn(set, mask === undefined ? "value" : "mask", "cannot modify bits past kernel bitset size");
  }
}

/** Reads a bit, named by its number or its name (ethnl_parse_bit). */
function parseBit(
  attribute: Attribute,
  names: readonly string[],
  isList: boolean,
): { readonly index: number; readonly isSet: boolean } {
  const bit = parseNested(attribute, bitPolicy, "strict");
  const { name } = bit;
  const isSet = isList || bit.value === true;
  if (bit.index !== undefined) {
    if (bit.index >= names.length) throw badIn(bit, "index", "bit index too high", "EOPNOTSUPP");
    if (name !== undefined && name !== names[bit.index]) {
      throw bad(attribute, "bit index and name mismatch");
    }
    return { index: bit.index, isSet };
  }
  if (name === undefined) throw bad(attribute, "neither bit index nor name specified");
  const index = names.indexOf(name);
  if (index < 0) throw badIn(bit, "name", "bit name not found", "EOPNOTSUPP");
  return { index, isSet };
}

function bad(
  attribute: Attribute | undefined,
  text: string,
  code: "EINVAL" | "EOPNOTSUPP" = "EINVAL",
): NetlinkError {
  return new NetlinkError(code, text, { offset: attribute?.offset });
}

function badIn(
  set: object,
  name: string,
  text: string,
  code: "EINVAL" | "EOPNOTSUPP" = "EINVAL",
): NetlinkError {
  return bad(attributeOf(set, name), text, code);
}

function hasBit(bits: bigint, index: number): boolean {
  return ((bits >> BigInt(index)) & 1n) !== 0n;
}

function wordsOf(bits: bigint, bitCount: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bitCount / 32) * 4);
  for (let at = 0; at < bytes.length; at += 4) {
    setU32(bytes, at, Number((bits >> BigInt(at * 8)) & 0xffff_ffffn));
  }
  return bytes;
}

function wordsIn(bytes: Uint8Array | undefined): bigint {
  let bits = 0n;
  for (let at = 0; bytes !== undefined && at + 4 <= bytes.length; at += 4) {
    bits |= BigInt(getU32(bytes, at)) << BigInt(at * 8);
  }
  return bits;
}
