// What: netem delays to the nanosecond, and loses, doubles, damages and reorders as often as it is told to.
//
//   red [v0 ⇒ netem]──────[v1] blue
//
// Source: net/sched/sch_netem.c; tc-netem(8). Chances are held to three standard errors over the frames that are sent;
// `npm run bench -- netem` does it over 1,000,000.

import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { distributionTable } from "../client/distribution.ts";
import { setNetem } from "../client/netem.ts";
import type { NetemOptions } from "../client/netem-options.ts";

const MS = 1_000_000;
const SECOND = 1_000 * MS;
const FRAMES = 20_000;

let pair: QueuePair | undefined;

afterEach(() => {
  expect(pair?.close() ?? []).toEqual([]);
  pair = undefined;
});

async function withNetem(options: NetemOptions): Promise<QueuePair> {
  pair = await new QueuePair().start();
  await setNetem((await pair.machine.netns("red")).rtnl, pair.red.ifindex, {
    limit: 100_000,
    seed: 7,
    ...options,
  });
  return pair;
}

/** Sends so many frames, one every 10 µs, and lets all arrive. */
async function sendMany(on: QueuePair, frames = FRAMES, size = 100): Promise<number[]> {
  const sentAt: number[] = [];
  for (let sent = 0; sent < frames; sent++) {
    sentAt.push(on.clock.now());
    on.send(size);
    await on.clock.advance(10_000);
  }
  await on.clock.advance(10 * SECOND);
  return sentAt;
}

/** How far a share may be from `chance` by three standard errors. */
const threeErrors = (chance: number, frames: number): number =>
  3 * Math.sqrt((chance * (1 - chance)) / frames);

describe("delay", () => {
  test("is exact to the nanosecond", async () => {
    const on = await withNetem({ delay: "12345us" });
    const start = on.clock.now();
    on.send();
    await on.clock.advance(5 * MS);
    on.send();
    await on.clock.advance(SECOND);
    expect(on.arrivals.map(({ atNs }) => atNs - start)).toEqual([12_345_000, 17_345_000]);
  });

  test("is that of each frame when the options change", async () => {
    const on = await withNetem({ delay: "20ms" });
    const start = on.clock.now();
    on.send();
    await setNetem((await on.machine.netns("red")).rtnl, on.red.ifindex, { delay: "1ns" });
    on.send();
    await on.clock.advance(SECOND);
    expect(on.arrivals.map(({ atNs, number }) => [number, atNs - start])).toEqual([
      [1, 1],
      [0, 20 * MS],
    ]);
  });

  test("keeps frames apart as they came, however many are due at once", async () => {
    const on = await withNetem({ delay: "5ms" });
    for (let sent = 0; sent < 250; sent++) on.send();
    await on.clock.advance(SECOND);
    expect(on.arrivals.map(({ number }) => number)).toEqual(Array.from({ length: 250 }, (_, index) => index));
    expect(new Set(on.arrivals.map(({ atNs }) => atNs)).size).toBe(1);
  });

  test.each(["uniform", "normal", "pareto", "paretonormal"] as const)(
    "lies around its middle as the %s table says (Kolmogorov and Smirnov)",
    async (distribution) => {
      const on = await withNetem({ delay: "100ms", jitter: "10ms", distribution });
      const sentAt = await sendMany(on, 5_000);
      const delays = on.arrivals
        .map(({ atNs, number }) => atNs - (sentAt[number] ?? 0))
        .sort((one, other) => one - other);
      const table = [...distributionTable(distribution)].map((value) => 100 * MS + (value * 10 * MS) / 8_192);
      expect(delays).toHaveLength(5_000);
      expect(distance(delays, table)).toBeLessThan(1.63 * Math.sqrt(1 / 5_000 + 1 / table.length));
    },
  );
});

/** The largest difference of two samples' distributions; both ascending. */
function distance(one: readonly number[], other: readonly number[]): number {
  let largest = 0;
  let at = 0;
  for (const [index, value] of one.entries()) {
    while (at < other.length && (other[at] ?? 0) <= value) at++;
    largest = Math.max(largest, Math.abs((index + 1) / one.length - at / other.length));
  }
  return largest;
}

describe("chance", () => {
  test.each([
    ["1%", 0.01],
    ["30%", 0.3],
  ])("loses %s", async (loss, share) => {
    const on = await withNetem({ loss });
    await sendMany(on);
    expect(Math.abs(1 - on.arrivals.length / FRAMES - share)).toBeLessThan(threeErrors(share, FRAMES));
  });

  test("doubles 10%", async () => {
    const on = await withNetem({ duplicate: "10%" });
    await sendMany(on);
    expect(Math.abs(on.arrivals.length / FRAMES - 1.1)).toBeLessThan(threeErrors(0.1, FRAMES));
    expect(new Set(on.arrivals.map(({ number }) => number)).size).toBe(FRAMES);
  });

  test("turns one bit of 5%", async () => {
    const on = await withNetem({ corrupt: "5%" });
    const damaged = new Set<number>();
    let seen = 0;
    on.onFrame = (frame) => {
      const bytes = frame.bytes.subarray(frame.macHeader, frame.end);
      let bits = 0;
      for (const [index, byte] of bytes.entries()) {
        const expected = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5][index] ?? 0;
        if (index < 14 || index >= 18) bits += ones(byte ^ expected);
      }
      // A bit of the number itself shows as a number that comes out of turn.
      if (bits > 0) damaged.add(seen);
      expect(bits).toBeLessThanOrEqual(1);
      seen++;
    };
    await sendMany(on);
    // 96 of 100 bytes are looked at.
    const share = 0.05 * 0.96;
    expect(Math.abs(damaged.size / FRAMES - share)).toBeLessThan(threeErrors(share, FRAMES));
  });

  test("puts 25% in front", async () => {
    const on = await withNetem({ delay: "10ms", reorder: "25%" });
    const sentAt = await sendMany(on);
    const early = on.arrivals.filter(({ atNs, number }) => atNs === sentAt[number]).length;
    expect(Math.abs(early / FRAMES - 0.25)).toBeLessThan(threeErrors(0.25, FRAMES));
  });

  test("puts every fifth in front with a gap", async () => {
    const on = await withNetem({ delay: "10ms", gap: 5 });
    const sentAt = await sendMany(on, 100);
    const early = on.arrivals
      .filter(({ atNs, number }) => atNs === sentAt[number])
      .map(({ number }) => number);
    expect(early).toEqual(Array.from({ length: 20 }, (_, index) => 4 + 5 * index));
  });

  test("loses by Gilbert and Elliott as often as their chain is in its bad state", async () => {
    const on = await withNetem({ loss: { p: "1%", r: "9%", h: 0, k: 1 } });
    await sendMany(on);
    // p / (p + r); losses come in bursts of 1 / r, so the error is that of fewer frames.
    expect(Math.abs(1 - on.arrivals.length / FRAMES - 0.1)).toBeLessThan(
      3 * Math.sqrt((0.1 * 0.9 * 20) / FRAMES),
    );
  });

  test("loses by the model of four states", async () => {
    const on = await withNetem({ loss: { p13: "1%", p31: "9%" } });
    await sendMany(on);
    expect(Math.abs(1 - on.arrivals.length / FRAMES - 0.1)).toBeLessThan(
      3 * Math.sqrt((0.1 * 0.9 * 20) / FRAMES),
    );
  });
});

describe("rate", () => {
  test("spaces frames by the time they take", async () => {
    const on = await withNetem({ rate: "8mbit" });
    const start = on.clock.now();
    for (let sent = 0; sent < 3; sent++) on.send(1_000);
    await on.clock.advance(SECOND);
    expect(on.arrivals.map(({ atNs }) => atNs - start)).toEqual([MS, 2 * MS, 3 * MS]);
  });

  test("counts what is added to each frame and to each cell", async () => {
    const on = await withNetem({ rate: "8mbit", packetOverhead: 10, cellSize: 48, cellOverhead: 5 });
    const start = on.clock.now();
    on.send(1_000);
    await on.clock.advance(SECOND);
    // 1,010 bytes are 22 cells of 53 bytes, at a byte a microsecond.
    expect(on.arrivals.map(({ atNs }) => atNs - start)).toEqual([22 * 53 * 1_000]);
  });

  test("lets 100 Mbit a second through over ten seconds, within 2 %", async () => {
    const on = await withNetem({ rate: "100mbit", limit: 100 });
    for (let turn = 0; turn < 2_000; turn++) {
      for (let sent = 0; sent < 75; sent++) on.send(1_250);
      await on.clock.advance(5 * MS);
    }
    const bytes = on.arrivals.reduce((sum, { length }) => sum + length, 0);
    const wanted = 10 * 12_500_000;
    expect(bytes).toBeGreaterThanOrEqual(0.98 * wanted);
    expect(bytes).toBeLessThanOrEqual(1.02 * wanted);
  });
});

test("limit bounds what waits", async () => {
  const on = await withNetem({ delay: "10ms", limit: 5 });
  for (let sent = 0; sent < 12; sent++) on.send();
  await on.clock.advance(SECOND);
  expect(on.arrivals.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4]);
  expect(on.red.drops?.get("qdisc")).toBe(7);
});

test("slot lets frames out in bunches", async () => {
  const on = await withNetem({ slot: { min: "10ms", max: "10ms", packets: 3 } });
  const start = on.clock.now();
  for (let sent = 0; sent < 7; sent++) on.send();
  await on.clock.advance(SECOND);
  expect(on.arrivals.map(({ atNs }) => Math.floor((atNs - start) / (10 * MS)))).toEqual([
    0, 0, 0, 1, 1, 1, 2,
  ]);
});

test("the same seed loses the same frames, another seed others", async () => {
  const runs: number[][] = [];
  for (const seed of [1, 1, 2]) {
    const on = await withNetem({ loss: "20%", jitter: "3ms", delay: "5ms", seed });
    await sendMany(on, 200);
    runs.push(on.arrivals.map(({ number }) => number));
    expect(on.close()).toEqual([]);
    pair = undefined;
  }
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[2]).not.toEqual(runs[0]);
});

test("a device that goes down lets go of what waits", async () => {
  const on = await withNetem({ delay: "10ms" });
  on.send();
  await (await on.machine.netns("red")).link.set("v0", { isUp: false });
  expect(on.machine.core.frames.inUse).toBe(0);
  await on.clock.advance(SECOND);
  expect(on.arrivals).toEqual([]);
});

const DISTRIBUTIONS = "/usr/lib/x86_64-linux-gnu/tc";

test.for(["normal", "pareto", "paretonormal"] as const)(
  "our %s table is tc's, within what it rounds",
  (name, { skip }) => {
    const path = `${DISTRIBUTIONS}/${name}.dist`;
    if (!existsSync(path)) return skip("iproute2 has no tables here");
    const lines = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("#"));
    const theirs = lines.join(" ").trim().split(/\s+/).map(Number);
    const ours = [...distributionTable(name)];
    expect(ours).toHaveLength(theirs.length);
    const worst = Math.max(...ours.map((value, index) => Math.abs(value - (theirs[index] ?? 0))));
    expect(worst).toBeLessThanOrEqual(30);
  },
);

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
