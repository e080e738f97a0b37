// Mutations that know what a request is made of: attributes are doubled, dropped, swapped, renamed, nested deeper than
// anybody looks, and lie about their lengths; what is left becomes bytes, and bytes flip, vanish and come.

import { NLA_F_NESTED } from "../../src/uapi/netlink.ts";
import type { Attribute, RequestTree } from "./attribute.ts";
import { cloneOf, everyAttribute, leaf, nest } from "./attribute.ts";
import type { Dice } from "./dice.ts";

/** How deep a nest is nested when it is nested deeply. */
const depths = [2, 10, 100, 700] as const;

type MutateTree = (dice: Dice, tree: RequestTree) => void;
type MutateAttribute = (dice: Dice, attribute: Attribute) => void;

const attributeMutations: readonly MutateAttribute[] = [
  (dice, attribute) => {
    attribute.type = dice.once(3) ? dice.number() & 0xffff : dice.below(72);
  },
  (_dice, attribute) => {
    attribute.type ^= NLA_F_NESTED;
  },
  (dice, attribute) => {
    attribute.statedLength = dice.of([0, 1, 3, 4, 5, 8, 0xffff, dice.number()]);
  },
  (dice, attribute) => {
    attribute.payload = attribute.payload.slice(0, dice.below(attribute.payload.length + 1));
  },
  (dice, attribute) => {
    attribute.payload = Uint8Array.of(...attribute.payload, ...dice.bytes(dice.of([1, 2, 4, 13, 300])));
  },
  (dice, attribute) => {
    if (attribute.payload.length > 0)
      attribute.payload[dice.below(attribute.payload.length)] = dice.below(256);
  },
  (dice, attribute) => {
    attribute.payload = dice.bytes(attribute.payload.length);
  },
  (dice, attribute) => {
    for (let depth = dice.of(depths); depth > 0; depth--) {
      const inner: Attribute = { ...attribute };
      attribute.payload = new Uint8Array(0);
      attribute.children = [inner];
      delete attribute.statedLength;
    }
  },
];

const treeMutations: readonly MutateTree[] = [
  (dice, { attributes }) => {
    if (attributes.length > 0) attributes.splice(dice.below(attributes.length), 1);
  },
  (dice, { attributes }) => {
    if (attributes.length === 0) return;
    const doubled = dice.of(attributes);
    for (let times = dice.of([1, 1, 1, 20]); times > 0; times--) attributes.push(cloneOf(doubled));
  },
  (dice, { attributes }) => {
    if (attributes.length < 2) return;
    const one = dice.of(attributes);
    const other = dice.of(attributes);
    [one.type, other.type] = [other.type, one.type];
  },
  (dice, { attributes }) => {
    attributes.unshift(leaf(dice.below(72), dice.bytes(dice.of([0, 1, 4, 8]))));
  },
  (dice, { attributes }) => {
    attributes.push(nest(dice.below(72), attributes.slice(0, 4).map(cloneOf)));
  },
  (dice, tree) => {
    tree.header = dice.once(2)
      ? tree.header.slice(0, dice.below(tree.header.length + 1))
      : dice.bytes(tree.header.length);
  },
  (dice, tree) => {
    tree.flags = dice.below(0x10000);
  },
  (dice, tree) => {
    tree.type = dice.once(2) ? 16 + dice.below(120) : dice.below(0x10000);
  },
  (dice, tree) => {
    tree.statedLength = dice.of([0, 15, 16, 17, 20, 0xffffffff, dice.number()]);
  },
];

/** Mutates a request in place, once or a few times. */
export function mutateTree(dice: Dice, tree: RequestTree): void {
  for (let times = dice.of([1, 1, 1, 2, 4]); times > 0; times--) {
    const attributes = everyAttribute(tree.attributes);
    if (attributes.length > 0 && !dice.once(3)) dice.of(attributeMutations)(dice, dice.of(attributes));
    else dice.of(treeMutations)(dice, tree);
  }
}

/** Returns bytes that are not quite those that were given. */
export function mutateBytes(dice: Dice, bytes: Uint8Array): Uint8Array {
  switch (dice.below(4)) {
    case 0:
      return bytes.slice(0, dice.below(bytes.length + 1));
    case 1:
      return Uint8Array.of(...bytes, ...dice.bytes(dice.below(64)));
    case 2: {
      const at = dice.below(bytes.length);
      return Uint8Array.of(...bytes.subarray(0, at), ...dice.bytes(dice.below(9)), ...bytes.subarray(at));
    }
    default: {
      const flipped = bytes.slice();
      for (let flips = 1 + dice.below(8); flips > 0 && flipped.length > 0; flips--) {
        flipped[dice.below(flipped.length)] =
          (flipped[dice.below(flipped.length)] ?? 0) ^ (1 << dice.below(8));
      }
      return flipped;
    }
  }
}
