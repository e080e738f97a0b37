// Where the attributes of a parsed set stood in the request, so that an error can point at one of them by its name.
// Kept beside the decoded values under a symbol: the values themselves stay plain.

import type { Attribute } from "./attribute.ts";

const positions = Symbol("positions");

/** Decoded values by name, with the attributes they came from. */
export class AttributeSet {
  readonly [name: string]: unknown;
  readonly [positions]: Map<string, Attribute>;

  constructor(found: Map<string, Attribute>) {
    this[positions] = found;
  }
}

/** The attribute that became `name` in the parsed set `attrs`; undefined when it was not there or `attrs` was not parsed. */
export function attributeOf(attrs: object, name: string): Attribute | undefined {
  return attrs instanceof AttributeSet ? attrs[positions].get(name) : undefined;
}
