// What every action says last: its number, who refers to it, and when it was made and used.
//
// Facts: the output of iproute2 6.1 (print_tm).

import { getU64Number } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as cls from "../../../uapi/pkt_cls.ts";
import type { Output } from "../../output.ts";
import type { TcContext } from "../context.ts";

/** Ticks a second of struct tcf_t. */
const hertz = 100;

/** Prints the number and the counts behind `lead`, with -statistics the times. */
export function printIndex(
  tc: TcContext,
  out: Output,
  lead: string,
  index: number,
  references: number,
  bindings: number,
  times: Attribute | undefined,
): void {
  out.field("index", index, `${lead}index ${index}`);
  out.field("ref", references, ` ref ${references}`);
  out.field("bind", bindings, ` bind ${bindings}`);
  if (tc.options.stats === 0 || times === undefined) return;
  const seconds = (offset: number) => Math.floor(getU64Number(times.bytes, times.start + offset) / hertz);
  const show = (key: string, text: string, value: number): void =>
    out.field(key, value, ` ${text} ${value} sec`);
  show("installed", "installed", seconds(cls.TCF_T_INSTALL));
  show("last_used", "used", seconds(cls.TCF_T_LASTUSE));
  const first = times.length > cls.TCF_T_FIRSTUSE ? seconds(cls.TCF_T_FIRSTUSE) : 0;
  if (first > 0) show("first_used", "firstused", first);
  const expires = seconds(cls.TCF_T_EXPIRES);
  if (expires > 0) show("expires", "expires", expires);
}
