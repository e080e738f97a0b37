// What: a rehearsal is a frame's whole way: what is sent at one end of it arrives at the other, and nothing of it stays.

import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Rehearsal } from "./rehearsal.ts";
import { loadTapCalls } from "./tap-calls.ts";

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
