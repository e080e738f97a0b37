// What: timers run when due, in the order of their times and, among equals, in the order they were set; virtual time
// stops at each of them and lets promises run before the next.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "./clock.ts";
import { Timers } from "./timers.ts";

const MS = 1_000_000;

function setup() {
  const clock = new VirtualClock();
  return { clock, timers: new Timers(clock) };
}

describe("Timer", () => {
  test("runs once when its time has come", async () => {
    const { clock, timers } = setup();
    const ran: number[] = [];
    timers.after(5 * MS, () => ran.push(clock.now()));
    await clock.advance(4 * MS);
    expect(ran).toEqual([]);
    await clock.advance(10 * MS);
    expect(ran).toEqual([5 * MS]);
    expect(timers.size).toBe(0);
  });

  test("waits for a whole nanosecond when its delay is a fraction of one", async () => {
    const { clock, timers } = setup();
    const ran: number[] = [];
    timers.after(0.25, () => ran.push(clock.now()));
    await clock.advance(1);
    expect(ran).toEqual([1]);
  });

  test("is moved by a second start()", async () => {
    const { clock, timers } = setup();
    const ran: number[] = [];
    const timer = timers.timer(() => ran.push(clock.now()));
    timer.start(5 * MS);
    timer.start(50 * MS);
    await clock.advance(100 * MS);
    expect(ran).toEqual([50 * MS]);
  });

  test("does not run after stop()", async () => {
    const { clock, timers } = setup();
    const timer = timers.timer(() => expect.unreachable());
    timer.start(MS);
    timer.stop();
    timer.stop();
    await clock.advance(MS);
    expect(timer.isPending).toBe(false);
  });

  test("may set itself again while it runs", async () => {
    const { clock, timers } = setup();
    let runs = 0;
    const timer = timers.timer(() => {
      if (++runs < 5) timer.start(MS);
    });
    timer.start(MS);
    await clock.advance(10 * MS);
    expect(runs).toBe(5);
  });

  test("that throws leaves the others to run", async () => {
    const { clock, timers } = setup();
    let ran = false;
    timers.after(MS, () => {
      throw new RangeError("a bug");
    });
    timers.after(2 * MS, () => {
      ran = true;
    });
    await expect(clock.advance(10 * MS)).rejects.toThrow("a bug");
    await clock.advance(10 * MS);
    expect(ran).toBe(true);
  });
});

describe("VirtualClock.advance()", () => {
  test("lets promises run between one timer and the next", async () => {
    const { clock, timers } = setup();
    const order: string[] = [];
    timers.after(MS, () => {
      order.push("first");
      void Promise.resolve().then(() => order.push(`promise at ${clock.now() / MS}`));
    });
    timers.after(2 * MS, () => order.push("second"));
    await clock.advance(5 * MS);
    expect(order).toEqual(["first", "promise at 1", "second"]);
  });

  test("ends when left-over work makes more of itself for ever", async () => {
    const { clock } = setup();
    let runs = 0;
    const again = () => {
      runs++;
      clock.schedule(again);
    };
    clock.schedule(again);
    await clock.advance(MS);
    expect(runs).toBe(1_000);
  });
});

test("timers run in order of time, then of being set, whatever is set and stopped", async () => {
  const set = fc.record({ delay: fc.nat(20), isStopped: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(set, { maxLength: 60 }), async (sets) => {
      const { clock, timers } = setup();
      const ran: number[] = [];
      const all = sets.map(({ delay }, index) => timers.after(delay, () => ran.push(index)));
      sets.forEach(({ isStopped }, index) => {
        if (isStopped) all[index]?.stop();
      });
      await clock.advance(100);
      const expected = sets
        .map(({ delay, isStopped }, index) => ({ delay, isStopped, index }))
        .filter(({ isStopped }) => !isStopped)
        .sort((one, other) => one.delay - other.delay || one.index - other.index);
      expect(ran).toEqual(expected.map(({ index }) => index));
    }),
    { numRuns: 50 },
  );
});
