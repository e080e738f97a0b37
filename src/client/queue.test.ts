// What: events wait for their reader, and leaving the loop ends it all.

import { expect, test } from "vitest";
import { EventQueue } from "./queue.ts";

test("push() keeps what comes before it is asked for, in order", async () => {
  const queue = new EventQueue<number>(() => {});
  queue.push(1);
  queue.push(2);
  expect(await queue.next()).toEqual({ value: 1, done: false });
  expect(await queue.next()).toEqual({ value: 2, done: false });
});

test("next() waits for what has not come, also several times at once", async () => {
  const queue = new EventQueue<string>(() => {});
  const both = Promise.all([queue.next(), queue.next()]);
  queue.push("a");
  queue.push("b");
  expect((await both).map(({ value }) => value)).toEqual(["a", "b"]);
});

test("close() lets what waits be read, ends readers that wait, and tells once", async () => {
  let closed = 0;
  const queue = new EventQueue<number>(() => closed++);
  queue.push(1);
  queue.close();
  queue.close();
  queue.push(2);
  expect(await queue.next()).toEqual({ value: 1, done: false });
  expect(await queue.next()).toEqual({ value: undefined, done: true });
  expect(closed).toBe(1);
});

test("leaving the loop closes the queue", async () => {
  let closed = 0;
  const queue = new EventQueue<number>(() => closed++);
  queue.push(1);
  queue.push(2);
  for await (const event of queue) {
    expect(event).toBe(1);
    break;
  }
  expect(closed).toBe(1);
  expect(await queue.next()).toEqual({ value: undefined, done: true });
});
