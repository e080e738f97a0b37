// A namespace with a TAP whose wire the test holds.
//
//   netns red [tap0] 10.0.0.2 ── the test

import type { LinkStats, Machine, MachineNetns, Tap } from "../src/index.ts";
import { test } from "./fixtures.ts";

export { test };

/** An ARP request for 10.0.0.2, which red answers. */
export const requestFor2 = Uint8Array.of(
  ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6],
  ...[0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2],
);

/** Whether a frame is an answer of ARP's. */
export function isArpReply(frame: Uint8Array): boolean {
  return frame[12] === 8 && frame[13] === 6 && frame[21] === 2;
}

/** The namespace and its wire. */
export interface Red {
  readonly red: MachineNetns;
  readonly tap: Tap;
}

/** Makes the namespace, its device up with its address. */
export async function openRed({ machine }: { readonly machine: Machine }): Promise<Red> {
  const red = await machine.netns("red");
  const tap = red.tap({ name: "tap0", address: "02:00:00:00:00:02" });
  await red.link.set("tap0", { isUp: true });
  await red.addr.add("10.0.0.2/24", { dev: "tap0" });
  return { red, tap };
}

/** What the device has counted. */
export async function countersOf(red: MachineNetns): Promise<LinkStats> {
  const { ifindex } = await red.link.get("tap0");
  const stats = (await red.link.stats()).get(ifindex);
  if (stats === undefined) throw new Error("There is no tap0");
  return stats;
}
