// What: a rehearsal is played every 2 ms while two talk, in their pauses alone; not for what comes once, not for long after the
// last word, and never again once it is closed.

import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { test } from "../../../test/fixtures.ts";
import { KeepWarm } from "./keep-warm.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** A loop and a rehearsal that count what is asked of them. */
class Stage {
  looks = 0;
  plays = 0;
  opened = 0;
  closed = 0;
  readonly loop = { onAnswer: (): void => {}, look: (): void => void this.looks++ };
  readonly rehearsal = Object.assign(Object.create(null), {
    play: () => void this.plays++,
    close: () => void this.closed++,
  }) as Rehearsal;
  readonly open = async (): Promise<Rehearsal> => {
    this.opened++;
    return this.rehearsal;
  };

  /** `count` answers, with a pause behind each. */
  async talk(count: number, pauseMs: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.loop.onAnswer();
      await vi.advanceTimersByTimeAsync(pauseMs);
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("while two talk", () => {
  test("the pauses between their words are rehearsed", async () => {
    const stage = new Stage();
    const warm = new KeepWarm(stage.loop, stage.open);
    // The second answer has it made, the third begins.
    await stage.talk(2, 50);
    expect(stage).toMatchObject({ opened: 1, plays: 0 });
    await stage.talk(4, 50);
    expect(stage.plays).toBeGreaterThan(90);
    expect(stage.plays).toBeLessThanOrEqual(100);
    expect(stage.looks).toBe(stage.plays);
    warm.close();
    expect(stage).toMatchObject({ opened: 1, closed: 1 });
  });

  test("nothing is where they leave no pause", async () => {
    const stage = new Stage();
    const warm = new KeepWarm(stage.loop, stage.open);
    await stage.talk(500, 1);
    expect(stage).toMatchObject({ opened: 1, plays: 0 });
    warm.close();
  });
});

describe("nothing is rehearsed", () => {
  test("for those who say something every second", async () => {
    const stage = new Stage();
    const warm = new KeepWarm(stage.loop, stage.open);
    await stage.talk(10, 1_000);
    expect(stage).toMatchObject({ opened: 0, plays: 0 });
    warm.close();
    expect(stage.closed).toBe(0);
  });

  test("a quarter of a second after the last word", async () => {
    const stage = new Stage();
    const warm = new KeepWarm(stage.loop, stage.open);
    await stage.talk(3, 10);
    await vi.advanceTimersByTimeAsync(300);
    expect(stage.plays).toBeGreaterThan(0);
    const { plays } = stage;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.plays).toBe(plays);
    expect(vi.getTimerCount()).toBe(0);
    warm.close();
  });

  test("where it cannot be made", async () => {
    const stage = new Stage();
    const open = vi.fn(() => Promise.reject(new Error("Too many open files")));
    const warm = new KeepWarm(stage.loop, open);
    await stage.talk(5, 50);
    expect(open).toHaveBeenCalledTimes(1);
    expect(stage.looks).toBe(0);
    warm.close();
  });

  test("when it is closed meanwhile", async () => {
    const stage = new Stage();
    const warm = new KeepWarm(stage.loop, stage.open);
    stage.loop.onAnswer();
    stage.loop.onAnswer();
    warm.close();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stage).toMatchObject({ opened: 1, plays: 0, closed: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
