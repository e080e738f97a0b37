// `tc monitor`: disciplines, classes, filters and chains as they change.
//
// Facts: the behaviour of iproute2 6.1.

import { parseTc } from "../../client/tc.ts";
import type { Message } from "../../netlink/message.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_USAGE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { printClass } from "./class.ts";
import type { TcContext } from "./context.ts";
import { printFilter } from "./filter.ts";
import { MONITOR_USAGE } from "./help.ts";
import { printQdisc } from "./qdisc.ts";

const FILTER_TYPES: ReadonlySet<number> = new Set([
  rt.RTM_NEWTFILTER,
  rt.RTM_DELTFILTER,
  rt.RTM_NEWCHAIN,
  rt.RTM_DELCHAIN,
]);

/** Prints what changes until it is interrupted. */
export async function monitor(tc: TcContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === "help") throw usage(MONITOR_USAGE);
  if (word !== undefined) {
    throw new CommandExit(EXIT_USAGE, `Argument "${word}" is unknown, try "tc monitor help".\n`);
  }
  const client = await tc.rtnl();
  await tc.links.loadAll();
  let shown = Promise.resolve();
  client.onNotification = (message) => {
    shown = shown.then(() => show(tc, message));
  };
  client.join(rt.RTNLGRP_TC);
  await new Promise<void>((resolve) => {
    const stopListening = tc.io.onInterrupt(() => {
      stopListening();
      resolve();
    });
    client.onClose = () => resolve();
  });
  await shown;
  return 0;
}

async function show(tc: TcContext, message: Message): Promise<void> {
  const parsed = parseTc(message);
  await tc.links.load([parsed.ifindex]);
  const out = tc.output();
  if (message.type === rt.RTM_NEWQDISC || message.type === rt.RTM_DELQDISC) printQdisc(tc, out, parsed);
  else if (message.type === rt.RTM_NEWTCLASS || message.type === rt.RTM_DELTCLASS)
    printClass(tc, out, parsed);
  else if (FILTER_TYPES.has(message.type)) await printFilter(tc, out, parsed);
  out.flush();
}
