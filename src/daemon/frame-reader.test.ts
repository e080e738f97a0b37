// What: a stream of frames comes out as it went in, wherever its pieces end, and lengths that cannot be are refused
// before anything is set aside for them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import type { Frame } from "./protocol.ts";
import { FRAME_HEADER_SIZE, newFrame, OP_DATA, ProtocolError } from "./protocol.ts";

/** Reads `stream` in pieces that end at `cuts`. */
function read(stream: Uint8Array, cuts: readonly number[], limit = 1_000): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(limit);
  const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    reader.feed(stream.slice(start, end));
    start = end;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  }
  return frames;
}

function frameOf(channel: number, payload: readonly number[]): Uint8Array {
  const frame = newFrame(OP_DATA, channel, payload.length);
  frame.set(payload, FRAME_HEADER_SIZE);
  return frame;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe("next()", () => {
  test("hands over a frame that comes byte by byte", () => {
    const stream = frameOf(7, [1, 2, 3]);
    const [frame, ...more] = read(stream, [...stream.keys()]);
    expect(more).toEqual([]);
    expect(frame).toMatchObject({ op: OP_DATA, channel: 7, flags: 0, payload: Uint8Array.of(1, 2, 3) });
  });

  test("hands over a frame without payload", () => {
    expect(read(frameOf(1, []), [3]).map(({ channel, payload }) => [channel, payload.length])).toEqual([
      [1, 0],
    ]);
  });

  test("keeps what is cut out of one piece as a window, without copying", () => {
    const stream = frameOf(1, [9]);
    const reader = new FrameReader(100);
    reader.feed(stream);
    expect(reader.next()?.payload.buffer).toBe(stream.buffer);
  });

  test("leaves the rest where it is until it is asked again", () => {
    const stream = concat([frameOf(1, [9]), frameOf(2, [8]), frameOf(3, [7])]);
    const reader = new FrameReader(100);
    reader.feed(stream.slice(0, 20));
    expect(reader.next()?.channel).toBe(1);
    reader.feed(stream.slice(20));
    expect(reader.next()?.channel).toBe(2);
    expect(reader.next()?.channel).toBe(3);
    expect(reader.next()).toBeUndefined();
  });

  test.each([0, 1, 7, 101, 0x7fffffff, 0xffffffff])("refuses a length of %i bytes", (length) => {
    const header = Uint8Array.from([
      length & 0xff,
      (length >>> 8) & 0xff,
      (length >>> 16) & 0xff,
      length >>> 24,
    ]);
    const stream = concat([header, new Uint8Array(4)]);
    expect(() => read(stream, [], 100)).toThrow(ProtocolError);
    expect(() => read(stream, [3], 100)).toThrow(ProtocolError);
  });

  test("takes a frame as long as the limit", () => {
    expect(read(frameOf(1, new Array(92).fill(0)), [5], 100)).toHaveLength(1);
  });

  test("gives back any frames, cut at any places", () => {
    const payloads = fc.array(fc.array(fc.nat(255), { maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        const stream = concat(sent.map((payload, index) => frameOf(index + 1, payload)));
        const received = read(stream, cuts);
        expect(received.map(({ channel }) => channel)).toEqual(sent.map((_, index) => index + 1));
        expect(received.map(({ payload }) => [...payload])).toEqual(sent);
      }),
    );
  });
});
