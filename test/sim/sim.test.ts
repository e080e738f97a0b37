// What: whatever the wires lose, double, delay, reorder, spoil or cut, streams come whole, in order and once, or their users are
// told; nobody is stuck, nothing is left over, no window is overrun.
//
// Source: RFC 9293 3.8; design.md, "simulation". A seed that fails: npm run sim -- --seed N

import { describe, expect, test } from "vitest";
import { flood } from "./flood.ts";
import type { SimResult } from "./scenario.ts";
import { simulate } from "./scenario.ts";

const seeds = 200;

describe("simulation", () => {
  test(`of ${seeds} seeds breaks no rule`, { timeout: 300_000 }, async () => {
    const results: SimResult[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      results.push(
        await simulate(seed).catch((error: unknown) => {
          throw new Error(`Seed ${seed} breaks a rule: npm run sim -- --seed ${seed}`, { cause: error });
        }),
      );
    }
    const sum = (of: (result: SimResult) => number): number =>
      results.reduce((total, each) => total + of(each), 0);
    // The runs were no idle ones: most connections end well, some are broken, megabytes pass.
    expect(sum(({ completed }) => completed)).toBeGreaterThan(seeds);
    expect(sum(({ broken }) => broken)).toBeGreaterThan(0);
    expect(sum(({ bytes }) => bytes)).toBeGreaterThan(10_000_000);
  });

  test("of the same seed is the same run", async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
  });
});

describe("hostile packets", () => {
  test("never throw, never leak, and fill nothing beyond its limit", { timeout: 120_000 }, async () => {
    const result = await flood(1, 20_000);
    // They did fill what can be filled.
    expect(result.requests).toBeGreaterThan(60);
    expect(result.neighbours).toBeGreaterThan(500);
  });
});
