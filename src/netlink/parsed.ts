// Where the attributes of a parsed set stood in the request, so that an error can point at one of them by its name, and
// what else there was to note. Kept beside the decoded values under symbols: the values themselves stay plain.

import type { Attribute } from "./attribute.ts";

const positions = Symbol("positions");
const leftover = Symbol("leftover");

/** What the kernel says of bytes behind the last attribute. */
export const leftoverText = "bytes leftover after parsing attributes";

/** A decoded attribute's name, and where it came from. */
interface Position {
  readonly name: string;
  readonly attribute: Attribute;
}

/** Decoded values by name, with the attributes they came from. */
export class AttributeSet {
  [name: string]: unknown;
  readonly [positions]: Position[] = [];
  /** Whether bytes that are no attribute stood behind the last one. */
  [leftover] = false;

  /** Takes the value of one attribute; a later one of the same name replaces an earlier. */
  take(name: string, value: unknown, attribute: Attribute): void {
    this[name] = value;
    this[positions].push({ name, attribute });
  }

  /** Notes that bytes are left over. */
  noteLeftover(): void {
    this[leftover] = true;
  }
}

/** The attribute that became `name` in the parsed set `attrs`; undefined when it was not there or `attrs` was not parsed. */
export function attributeOf(attrs: object, name: string): Attribute | undefined {
  if (!(attrs instanceof AttributeSet)) return undefined;
  return attrs[positions].findLast((position) => position.name === name)?.attribute;
}

/**
 * Says of a parsed set, as `warn`, that bytes were left over behind its attributes, which liberal parsing lets pass with an
 * extended-ack text (__nla_validate_parse).
 */
export function warnOfLeftover(attrs: object, warn: (text: string) => void): void {
  if (attrs instanceof AttributeSet && attrs[leftover]) warn(leftoverText);
}
