// What: a writer grows under whatever is being written, and what is written lands in the memory it has grown to.

import { expect, test } from "vitest";
import { Message } from "./message.ts";
import { MessageWriter } from "./writer.ts";

/** Writes the same value with each method into writers of every small size, so that each has to grow somewhere. */
test.each<[string, (writer: MessageWriter) => void, number[]]>([
  ["u8", (writer) => writer.u8(1, 0x11), [0x11]],
  ["u16", (writer) => writer.u16(1, 0x2211), [0x11, 0x22]],
  ["u32", (writer) => writer.u32(1, 0x44332211), [0x11, 0x22, 0x33, 0x44]],
  ["s32", (writer) => writer.s32(1, -2), [0xfe, 0xff, 0xff, 0xff]],
  ["u64", (writer) => writer.u64(1, 0x44332211), [0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0]],
  ["string", (writer) => writer.string(1, "ab"), [0x61, 0x62, 0]],
  ["bareString", (writer) => writer.bareString(1, "ab"), [0x61, 0x62]],
  ["binary", (writer) => writer.binary(1, Uint8Array.of(5, 6, 7)), [5, 6, 7]],
])("%s() writes its value whatever the room that is left", (_name, write, payload) => {
  for (let size = 1; size < 40; size++) {
    const writer = new MessageWriter(size).begin(16, 0, 1, 0);
    write(writer);
    const message = new Message(writer.end().finish());
    expect(message.attribute(1, 0)?.copy()).toEqual(Uint8Array.from(payload));
  }
});
