// What: a rehearsal is a frame's whole way: what is sent at one end of it arrives at the other, and nothing of it stays.

import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Rehearsal } from "./rehearsal.ts";
import { loadTapCalls } from "./tap-calls.ts";

const EMFILE = 24;
const calls = await loadTapCalls();

test("every frame that is played arrives", async () => {
  const rehearsal = await Rehearsal.open(calls);
  try {
    expect(rehearsal.play()).toBe(false);
    for (let times = 0; times < 3; times++) await expect.poll(() => rehearsal.play()).toBe(true);
  } finally {
    rehearsal.close();
  }
});

test("a closed one has left no descriptor", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const rehearsal = await Rehearsal.open(calls);
  expect(readdirSync("/proc/self/fd").length).toBeGreaterThan(before);
  rehearsal.close();
  // A handle of the event loop is closed by its next turn.
  await turn();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test.for([0, 1] as const)("without a descriptor left after %i sockets none is taken", async (count) => {
  const before = readdirSync("/proc/self/fd").length;
  let made = 0;
  const socketpair: typeof calls.libc.socketpair = (...given) =>
    made++ < count ? calls.libc.socketpair(...given) : -EMFILE;
  const short = { ...calls, libc: { ...calls.libc, socketpair } };
  await expect(Rehearsal.open(short)).rejects.toMatchObject({ code: "EMFILE" });
  await turn();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("without one for the loop none is taken either", async () => {
  const before = readdirSync("/proc/self/fd").length;
  await expect(Rehearsal.open({ ...calls, epollCreate: () => -EMFILE })).rejects.toMatchObject({
    code: "EMFILE",
  });
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});
