// Attributes by a policy: whatever a kind declares that it reads, in the form it asks for, so that a new kind is fuzzed
// from its first day.

import type { AttrPolicy, Policy } from "../../../src/netlink/policy.ts";
import type { Attribute } from "../attribute.ts";
import { flaggedNest, leaf, nest, text, u8, u16, u32, u64 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import { address, deviceName, ifindex, mac } from "./values.ts";

/** A few attributes of the space that `policy` describes. */
export function attributesBy(dice: Dice, { rules }: Policy): Attribute[] {
  const types = Object.keys(rules).map(Number);
  const attributes: Attribute[] = [];
  if (types.length === 0) return attributes;
  for (let more = dice.of([0, 1, 1, 2, 3, 6]); more > 0; more--) {
    const type = dice.of(types);
    const rule = rules[type];
    if (rule !== undefined) attributes.push(attributeBy(dice, type, rule));
  }
  return attributes;
}

function attributeBy(dice: Dice, type: number, rule: AttrPolicy): Attribute {
  switch (rule.type) {
    case "u8":
      return u8(type, numberBy(dice, rule) & 0xff);
    case "u16":
      return u16(type, numberBy(dice, rule) & 0xffff);
    case "u32":
    case "s32":
      return u32(type, numberBy(dice, rule));
    case "u64":
      return u64(type, dice.number());
    case "string":
    case "nul-string":
      return text(type, deviceName(dice));
    case "flag":
      return leaf(type, dice.bytes(dice.of([0, 0, 0, 4])));
    case "nested":
      return (dice.once(2) ? nest : flaggedNest)(
        type,
        rule.nested === undefined ? [] : attributesBy(dice, rule.nested),
      );
    case "bitfield32":
    case "binary":
    case "exact":
    case "min":
    case "unspec":
    case "reject":
      return leaf(type, bytesBy(dice, rule));
  }
}

/** A number that the rule lets pass, mostly. */
function numberBy(dice: Dice, { range, mask }: AttrPolicy): number {
  if (dice.once(6)) return dice.number();
  if (range !== undefined)
    return dice.of([range[0], range[1], range[0] + dice.below(range[1] - range[0] + 1)]) >>> 0;
  return mask === undefined ? dice.of([ifindex(dice), dice.number()]) >>> 0 : (dice.number() & mask) >>> 0;
}

/** Bytes of the length that the rule asks for, mostly: addresses where they fit. */
function bytesBy(dice: Dice, { length }: AttrPolicy): Uint8Array {
  if (dice.once(6)) return dice.bytes(dice.below(40));
  if (length === 4) return address(dice, 2);
  if (length === 6) return mac(dice);
  if (length === 16) return address(dice, 10);
  return dice.bytes(length > 0 && length < 2_000 ? length : dice.of([0, 1, 4, 6, 8, 16, 24]));
}
