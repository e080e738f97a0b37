// Where the attributes of a parsed set stood in the request, so that an error can point at one of them by its name.
// Kept beside the decoded values under a symbol: the values themselves stay plain.

import type { Attribute } from "./attribute.ts";

const positions = Symbol("positions");

/** A decoded attribute's name, and where it came from. */
interface Position {
  readonly name: string;
  readonly attribute: Attribute;
}

/** Decoded values by name, with the attributes they came from. */
export class AttributeSet {
  [name: string]: unknown;
  readonly [positions]: Position[] = [];

  /** Takes the value of one attribute; a later one of the same name replaces an earlier. */
  take(name: string, value: unknown, attribute: Attribute): void {
    this[name] = value;
    this[positions].push({ name, attribute });
  }
}

/** The attribute that became `name` in the parsed set `attrs`; undefined when it was not there or `attrs` was not parsed. */
export function attributeOf(attrs: object, name: string): Attribute | undefined {
  if (!(attrs instanceof AttributeSet)) return undefined;
  return attrs[positions].findLast((position) => position.name === name)?.attribute;
}
