// `ip -brief link`: name, state, address and flags on one line.

import type { Link } from "../../../client/link.ts";
import type { Output } from "../../output.ts";
import type { IpContext } from "../context.ts";
import { OPERSTATES } from "./names.ts";
import { operstateColor, printFlags, printName } from "./print.ts";

/** Prints what both brief lists start with: name and state. */
export function printBriefStart(ip: IpContext, out: Output, link: Link): void {
  printName(ip, out, link, (name) => `${name.padEnd(16)} `);
  if (link.operstate === undefined) return;
  const name = OPERSTATES[link.operstate];
  if (name === undefined) {
    out.field("operstate_index", link.operstate, `${String(link.operstate).padEnd(14)} `);
  } else {
    out.field("operstate", name, `${name.padEnd(14)} `, operstateColor(name));
  }
}

/** Prints a line of `ip -brief link`. */
export function printLinkBrief(ip: IpContext, out: Output, link: Link): void {
  printBriefStart(ip, out, link);
  if (link.address !== undefined) out.field("address", link.address, `${link.address} `, "mac");
  printFlags(ip, out, link);
  out.text("\n");
}
