// What: frames come from the pool and go back to it; clones share bytes until somebody writes; the pool has a limit.
//
// Kernel reference: net/core/skbuff.c (alloc_skb, skb_clone, skb_unclone, consume_skb).

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FramePool, frameFrom } from "./frame.ts";
import type { Frame } from "./netdevice.ts";

const MiB = 1 << 20;
const pool = (limitBytes = 4 * MiB) => new FramePool({ limitBytes, poison: true });

describe("alloc()", () => {
  test("gives an empty frame with headroom before it and room behind it", () => {
    const frame = pool().alloc(1_514, 32);
    expect(frame).not.toBeNull();
    if (frame === null) return;
    expect(frame.length).toBe(0);
    expect(frame.start - frame.memory.head).toBe(32);
    expect(frame.memory.limit - frame.end).toBeGreaterThanOrEqual(1_514);
  });

  test("gives the same memory again after free()", () => {
    const frames = pool();
    const first = frames.alloc(60);
    const head = first?.memory.head;
    if (first !== null) frames.free(first);
    expect(frames.alloc(60)?.memory.head).toBe(head);
  });

  test("gives null at the limit and goes on when a frame comes back", () => {
    const frames = pool(MiB);
    const taken: Frame[] = [];
    for (let frame = frames.alloc(60_000); frame !== null; frame = frames.alloc(60_000)) taken.push(frame);
    expect(taken.length).toBe(Math.floor(MiB / 67_584));
    expect(frames.alloc(60_000)).toBeNull();
    const last = taken.pop();
    if (last !== undefined) frames.free(last);
    expect(frames.alloc(60_000)).not.toBeNull();
  });

  test("takes a larger slab when the arena is used up by them", () => {
    const frames = pool(MiB);
    const large = frames.alloc(60_000);
    if (large !== null) frames.free(large);
    expect(frames.alloc(60)).not.toBeNull();
  });

  test("refuses more than the largest slab holds", () => {
    expect(pool().alloc(70_000)).toBeNull();
  });
});

describe("free()", () => {
  test("refuses a frame that was given back before", () => {
    const frames = pool();
    const frame = frames.alloc(60);
    if (frame === null) throw new Error("no frame");
    frames.free(frame);
    expect(() => frames.free(frame)).toThrow("A frame is given back once");
  });

  test("poisons the bytes when the last frame that looks at them goes", () => {
    const frames = pool();
    const frame = frameFrom(frames, new Uint8Array([1, 2, 3]));
    if (frame === null) throw new Error("no frame");
    const { start } = frame;
    const clone = frames.clone(frame);
    frames.free(frame);
    expect(clone?.bytes[start]).toBe(1);
    if (clone !== null) frames.free(clone);
    expect(frame.bytes[start]).toBe(0xdd);
  });
});

describe("writable()", () => {
  test("gives a clone bytes of its own and leaves the other's alone", () => {
    const frames = pool();
    const frame = frameFrom(frames, new Uint8Array([1, 2, 3]));
    if (frame === null) throw new Error("no frame");
    frame.networkHeader = frame.start + 1;
    const clone = frames.clone(frame);
    if (clone === null) throw new Error("no clone");
    expect(frames.writable(clone)).toBe(true);
    clone.bytes[clone.start] = 9;
    expect(frame.bytes[frame.start]).toBe(1);
    expect([...clone.bytes.slice(clone.start, clone.end)]).toEqual([9, 2, 3]);
    expect(clone.networkHeader - clone.start).toBe(1);
  });

  test("copies nothing when nobody shares the bytes", () => {
    const frames = pool();
    const frame = frameFrom(frames, new Uint8Array(4));
    const head = frame?.memory.head;
    expect(frame !== null && frames.writable(frame)).toBe(true);
    expect(frame?.memory.head).toBe(head);
  });
});

test("any order of alloc, clone, writable, cowHead and free keeps every frame's bytes and loses none", () => {
  const step = fc.record({
    what: fc.constantFrom("alloc", "clone", "write", "head", "free"),
    at: fc.nat(),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const frames = pool();
      const held: { frame: Frame; byte: number }[] = [];
      for (const { what, at, byte } of steps) {
        const chosen = held[at % Math.max(held.length, 1)];
        if (what === "alloc") {
          const frame = frameFrom(frames, new Uint8Array([byte]));
          if (frame !== null) held.push({ frame, byte });
        } else if (chosen === undefined) continue;
        else if (what === "clone") {
          const frame = frames.clone(chosen.frame);
          if (frame !== null) held.push({ frame, byte: chosen.byte });
        } else if (what === "write" && frames.writable(chosen.frame)) {
          chosen.frame.bytes[chosen.frame.start] = byte;
          chosen.byte = byte;
        } else if (what === "head" && frames.cowHead(chosen.frame, byte)) {
          expect(chosen.frame.start - chosen.frame.memory.head).toBeGreaterThanOrEqual(byte);
          chosen.frame.bytes[chosen.frame.start] = byte;
          chosen.byte = byte;
        } else if (what === "free") {
          frames.free(chosen.frame);
          held.splice(held.indexOf(chosen), 1);
        }
      }
      for (const { frame, byte } of held) expect(frame.bytes[frame.start]).toBe(byte);
      expect(frames.inUse).toBe(held.length);
      for (const { frame } of held) frames.free(frame);
      expect(frames.inUse).toBe(0);
    }),
  );
});
