// The numbers that the parameters of most actions begin with: index, capabilities, what becomes of the frame, who holds it.
//
// Mirrors include/uapi/linux/pkt_cls.h (tc_gen), which every action but police has.

import { getS32, getU32, setS32, setU32 } from "../bytes/endian.ts";
import type { Action } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_GACT_ACTION, TC_GACT_BINDCNT, TC_GACT_INDEX, TC_GACT_REFCNT } from "../uapi/tc_gact.ts";

/** The number that is asked for. */
export function indexOf({ bytes, start }: Attribute): number {
  return getU32(bytes, start + TC_GACT_INDEX);
}

/** What becomes of a frame behind the action. */
export function verdictOf({ bytes, start }: Attribute): number {
  return getS32(bytes, start + TC_GACT_ACTION);
}

/** Writes the attribute `type` of `size` bytes with these numbers in front; returns where it is. */
export function dumpParms(writer: MessageWriter, type: number, size: number, action: Action): number {
  const at = writer.attribute(type, size);
  setU32(writer.bytes, at + TC_GACT_INDEX, action.index);
  setS32(writer.bytes, at + TC_GACT_ACTION, action.verdict);
  setU32(writer.bytes, at + TC_GACT_REFCNT, action.references);
  setU32(writer.bytes, at + TC_GACT_BINDCNT, action.bindings);
  return at;
}
