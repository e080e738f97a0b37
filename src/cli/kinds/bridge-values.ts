// Values that bridges and their ports print alike.

import { getBe16 } from "../../bytes/endian.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { FixedNumber } from "../json-writer.ts";

/** An id in spanning tree: the priority in hexadecimal, and the address without leading zeros. */
export function bridgeId(id: Attribute): string {
  const priority = getBe16(id.bytes, id.start).toString(16).padStart(4, "0");
  const address = [...id.copy().subarray(2)].map((byte) => byte.toString(16)).join(":");
  return `${priority}.${address}`;
}

/** A mask as printf's %#x has it. */
export function hex(mask: number): string {
  return mask === 0 ? "0" : `0x${mask.toString(16)}`;
}

/** A time in hundredths of a second, as "   1.05" and as a number of two places. */
export function hundredths(timer: Attribute): { text: string; number: FixedNumber } {
  const value = timer.u64Number();
  const whole = Math.floor(value / 100);
  const rest = String(value % 100).padStart(2, "0");
  return { text: `${String(whole).padStart(4)}.${rest}`, number: new FixedNumber(`${whole}.${rest}`) };
}
