// What: netlink bytes of any kind end in an answer and leave nothing behind; the fuzzer finds bugs that are there.
//
// `npm run fuzz` is the long run. What it found once stands in corpus/ and is replayed here.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LinkOps } from "../../src/net/netdevice.ts";
import { halfDone, leaking, throwing } from "./canary.ts";
import { fuzzNetlink, replay } from "./netlink.fuzz.ts";
import { readSteps, writeSteps } from "./step.ts";

const corpus = new URL("corpus/", import.meta.url);

test("20,000 cases end in answers", { timeout: 120_000 }, async () => {
  const { failure, answers } = await fuzzNetlink({ seed: 1, cases: 20_000 });
  expect(
    failure && { seed: failure.seed, error: failure.error.message, steps: writeSteps(failure.steps) },
  ).toBe(undefined);
  // A run in which nothing succeeds would prove nothing.
  expect(answers.get("ok") ?? 0).toBeGreaterThan(3_000);
});

describe("the corpus", () => {
  test.each(readdirSync(corpus))("%s breaks nothing", async (name) => {
    expect(await replay(readSteps(readFileSync(new URL(name, corpus), "utf8")))).toBe(undefined);
  });
});

describe("a planted bug is found", () => {
  const canaries: [name: string, kind: LinkOps, found: string][] = [
    ["an exception", throwing, "Escaped: RangeError: Planted"],
    ["a device left by a refused request", halfDone, "Refused, but devices went"],
    ["a frame that is never given back", leaking, "frames in use"],
  ];

  test.each(canaries)("%s", { timeout: 120_000 }, async (_name, kind, found) => {
    const { failure } = await fuzzNetlink({ seed: 1, cases: 20_000, kinds: [kind] });
    expect(failure?.error.message).toContain(found);
    expect(failure?.steps.length).toBeLessThan(5);
    expect((await replay(failure?.steps ?? [], failure?.seed, [kind]))?.message).toContain(found);
  });
});
