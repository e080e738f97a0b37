// What: the frames that every version must understand keep their bytes, and a stray peer is told from ours.

import { describe, expect, test } from "vitest";
import { Frame, helloFrame, ProtocolError, parseHello, wordsFrame } from "./protocol.ts";

describe("helloFrame()", () => {
  test("has the bytes that it has in every version", () => {
    const hello = helloFrame({ protocol: 1, pid: 0x1234, version: "0.1.0" });
    expect([...hello]).toEqual([
      25, 0, 0, 0, // length
      0, 0, // channel 0
      1, // HELLO
      0, // flags
      0x75, 0x76, 0x65, 0x74, // "uvet"
      1, 0, 0, 0, // protocol version
      0x34, 0x12, 0, 0, // process id
      0x30, 0x2e, 0x31, 0x2e, 0x30, // "0.1.0"
    ]); // biome-ignore format: one field a line
  });

  test("is read back by parseHello()", () => {
    const hello = { protocol: 7, pid: 4_194_304, version: "10.20.30-beta" };
    expect(parseHello(new Frame(helloFrame(hello)))).toEqual(hello);
  });
});

describe("parseHello()", () => {
  test.each([
    ["another op", wordsFrame(2, 0, [0x74657675, 1, 1])],
    ["another channel", wordsFrame(1, 3, [0x74657675, 1, 1])],
    ["another magic", wordsFrame(1, 0, [0x12345678, 1, 1])],
    ["no payload", wordsFrame(1, 0, [])],
    ["half a payload", wordsFrame(1, 0, [0x74657675, 1])],
  ])("refuses %s", (_name, bytes) => {
    expect(() => parseHello(new Frame(bytes))).toThrow(ProtocolError);
  });
});
