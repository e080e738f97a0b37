// What: the real clock wakes a machine when it is due and not before, however setTimeout behaves.
//
// Time is Vitest's: setTimeout and performance.now move together when told to.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { realTime } from "./index.ts";

const ms = 1_000_000;

describe("clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "performance", "Date"],
      now: 1_700_000_000_000,
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("starts at nanosecond 0 and knows the wall clock there", () => {
    const { clock } = realTime();
    expect(clock.now()).toBe(0);
    expect(clock.epochNs).toBe(1_700_000_000_000_000_000n);
    vi.advanceTimersByTime(5);
    expect(clock.now()).toBe(5 * ms);
  });

  test("wakes at the alarm", () => {
    const { clock } = realTime();
    const wake = vi.fn();
    clock.setAlarm(1_000 * ms, wake);
    vi.advanceTimersByTime(999);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  test("replaces an alarm, and clears it", () => {
    const { clock } = realTime();
    const first = vi.fn();
    const second = vi.fn();
    clock.setAlarm(10 * ms, first);
    clock.setAlarm(20 * ms, second);
    vi.advanceTimersByTime(15);
    expect(first).not.toHaveBeenCalled();
    clock.clearAlarm();
    vi.advanceTimersByTime(100);
    expect(second).not.toHaveBeenCalled();
  });

  test("wakes later when the timeout fires early", () => {
    const { clock } = realTime();
    const wake = vi.fn();
    clock.setAlarm(1_000 * ms, wake);
    const now = performance.now();
    const early = vi.spyOn(performance, "now").mockImplementation(() => now + 999.2);
    vi.advanceTimersByTime(1_000);
    expect(wake).not.toHaveBeenCalled();
    early.mockRestore();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  test("asks again and again in the last moments before an alarm that is near, and wakes when it is due", () => {
    let ask = (): void => {};
    // An immediate that holds nothing lets an idle loop sleep until something else happens.
    const unref = vi.fn();
    vi.stubGlobal("setImmediate", (callback: () => void) => {
      ask = callback;
      return { unref, ref: () => {} };
    });
    vi.stubGlobal("clearImmediate", () => {});
    const { clock } = realTime();
    const wake = vi.fn();
    clock.setAlarm(10 * ms, wake);
    vi.advanceTimersByTime(9);
    ask();
    ask();
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    ask();
    expect(wake).toHaveBeenCalledTimes(1);
    expect(unref).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
  });

  test("reaches an alarm that is further away than setTimeout can tell", () => {
    const { clock } = realTime();
    const wake = vi.fn();
    const dayMs = 86_400_000;
    clock.setAlarm(30 * dayMs * ms, wake);
    vi.advanceTimersByTime(29 * dayMs);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(dayMs);
    expect(wake).toHaveBeenCalledTimes(1);
  });
});

describe("scheduler", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test.each(["setImmediate", "MessageChannel"])(
    "runs tasks in order behind the caller, by %s",
    async (means) => {
      if (means === "MessageChannel") vi.stubGlobal("setImmediate", undefined);
      const { scheduler } = realTime();
      const order: string[] = [];
      await new Promise<void>((resolve) => {
        scheduler.schedule(() => order.push("first"));
        scheduler.schedule(() => {
          order.push("second");
          resolve();
        });
        order.push("caller");
      });
      expect(order).toEqual(["caller", "first", "second"]);
    },
  );
});

describe("random", () => {
  test("gives 32-bit numbers that do not repeat from batch to batch", () => {
    const { random } = realTime();
    const numbers = Array.from({ length: 200 }, () => random.u32());
    expect(new Set(numbers).size).toBeGreaterThan(190);
    expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number <= 0xffffffff)).toBe(
      true,
    );
  });
});
