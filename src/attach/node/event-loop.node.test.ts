// What: a callback sleeps as libuv would have slept: what wakes libuv wakes it, and it does not sleep before libuv would.
//
// Source: libuv's uv_backend_fd(3), uv_backend_timeout(3).

import { afterEach, describe, expect, test } from "vitest";
import { EventLoop } from "./event-loop.ts";
import { loadTapCalls } from "./tap-calls.ts";

const calls = await loadTapCalls();
const loop = await EventLoop.open(calls.libc);
/** Longer than a test may take: who sleeps as long has failed. */
const forEver = 3_600_000;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A descriptor that becomes readable when it is written to, and a way to do that. */
function eventfd() {
  const fd = calls.eventfd();
  closers.push(() => calls.libc.close(fd));
  const count = new Uint8Array(new ArrayBuffer(128));
  const address = calls.address(count);
  return {
    fd,
    write(): void {
      count[0] = 1;
      calls.write(fd, address, 8);
    },
    read: () => calls.read(fd, address, 8),
  };
}

/** Sleeps once from a callback, as soon as libuv has nothing to do first; `begin` is called just before. */
async function sleepOnce(begin: () => void): Promise<void> {
  for (let isDone = false; !isDone; ) {
    isDone = await new Promise<boolean>((resolve) =>
      setTimeout(() => {
        begin();
        resolve(loop?.sleep(forEver) ?? true);
      }, 1),
    );
  }
}

/** Lets libuv take turns until something has happened. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

describe("sleep()", () => {
  test("is to be had in this version of Node", () => {
    expect(loop).toBeDefined();
  });

  test("ends when a timer is due", async () => {
    let isDue = false;
    await sleepOnce(() => {
      setTimeout(() => {
        isDue = true;
      }, 30);
    });
    await until(() => isDue);
    expect(isDue).toBe(true);
  });

  test("ends when a descriptor becomes readable that libuv watches", async () => {
    const event = eventfd();
    let reads = 0;
    const watch = calls.libc.watch(event.fd, () => {
      if (event.read() > 0) reads++;
    });
    closers.unshift(() => watch.close());
    // Let libuv put it where it sleeps.
    await new Promise((resolve) => setImmediate(resolve));
    await sleepOnce(event.write);
    await until(() => reads > 0);
    expect(reads).toBe(1);
  });

  test("does not begin while an immediate waits", async () => {
    const slept = await new Promise((resolve) =>
      setTimeout(() => {
        setImmediate(() => {});
        resolve(loop?.sleep(forEver));
      }, 1),
    );
    expect(slept).toBe(false);
  });

  test("does not begin while a descriptor waits to be watched, which would not wake it", async () => {
    const event = eventfd();
    const slept = await new Promise((resolve) =>
      setTimeout(() => {
        const watch = calls.libc.watch(event.fd, () => {});
        closers.unshift(() => watch.close());
        resolve(loop?.sleep(forEver));
      }, 1),
    );
    expect(slept).toBe(false);
  });
});
