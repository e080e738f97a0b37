// What: extended matches look at numbers, bytes and words of a frame and at what stands beside it, and are tied together by "and", "or",
// "not" and containers.
//
// Source: net/sched/ematch.c, em_cmp.c, em_nbyte.c, em_u32.c, em_meta.c. What tc says of them is in test/corpus/golden/tc-basic.txt.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { setBe16, setBe32, setU16, setU32 } from "../bytes/endian.ts";
import { frameFrom } from "../net/frame.ts";
import type { Frame } from "../net/netdevice.ts";
import { Attribute } from "../netlink/attribute.ts";
import { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import * as emCmp from "../uapi/tc_em_cmp.ts";
import * as emMeta from "../uapi/tc_em_meta.ts";
import { readMatches } from "./ematch.ts";

const { TCF_EM_REL_AND: AND, TCF_EM_REL_END: END, TCF_EM_REL_OR: OR, TCF_EM_INVERT: NOT } = cls;

let pair: QueuePair;
let frame: Frame;

beforeEach(async () => {
  pair = await new QueuePair().start();
  const bytes = new Uint8Array(60);
  setBe16(bytes, 12, 0x0800);
  bytes[14] = 0x45;
  bytes[23] = 17;
  setBe32(bytes, 26, 0x0a00_0001);
  bytes.set([0x41, 0x42, 0x43], 40);
  const made = frameFrom(pair.machine.core.frames, bytes);
  if (made === null) throw new Error("No memory for a frame");
  frame = made;
  frame.protocol = 0x0800;
  frame.priority = 3;
  frame.mark = 0x107;
});

afterEach(() => {
  frame.pool.free(frame);
  expect(pair.close()).toEqual([]);
});

interface Spec {
  readonly kind: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

const match = (kind: number, flags: number, size: number, fill: (data: Uint8Array) => void): Spec => {
  const data = new Uint8Array(size);
  fill(data);
  return { kind, flags, data };
};

/** An 8-bit number at an offset of the network header. */
const cmp = (flags: number, offset: number, value: number, operand = cls.TCF_EM_OPND_EQ) =>
  match(cls.TCF_EM_CMP, flags, 12, (data) => {
    setU32(data, 0, value);
    setU16(data, 8, offset);
    data[10] = emCmp.TCF_EM_ALIGN_U8;
    data[11] = (operand << 4) | cls.TCF_LAYER_NETWORK;
  });

const container = (flags: number, target: number) =>
  match(cls.TCF_EM_CONTAINER, flags, 4, (data) => setU32(data, 0, target));

function treeOf(specs: readonly Spec[], count = specs.length) {
  const writer = new MessageWriter();
  writer.begin(0, 0, 0, 0);
  const tree = writer.nest(1);
  setU16(writer.bytes, writer.attribute(cls.TCA_EMATCH_TREE_HDR, 4), count);
  const list = writer.nest(cls.TCA_EMATCH_TREE_LIST);
  for (const [index, { kind, flags, data }] of specs.entries()) {
    const at = writer.attribute(index + 1, 8 + data.length);
    setU16(writer.bytes, at + 2, kind);
    setU16(writer.bytes, at + 4, flags);
    writer.bytes.set(data, at + 8);
  }
  writer.endNest(list);
  writer.endNest(tree);
  writer.end();
  const bytes = writer.finish();
  return readMatches(new Attribute(bytes, 16, bytes.length - 16));
}

const isMatch = (...specs: Spec[]): boolean => treeOf(specs).isMatch(frame, pair.red);

describe("relations", () => {
  test.each([
    ["yes", [cmp(END, 9, 17)], true],
    ["not yes", [cmp(NOT, 9, 17)], false],
    ["no and yes", [cmp(AND, 9, 6), cmp(END, 9, 17)], false],
    ["yes and yes", [cmp(AND, 9, 17), cmp(END, 0, 0x45)], true],
    ["no or yes", [cmp(OR, 9, 6), cmp(END, 9, 17)], true],
    ["yes or no", [cmp(OR, 9, 17), cmp(END, 9, 6)], true],
    ["no and (yes or yes)", [cmp(AND, 9, 6), container(END, 2), cmp(OR, 9, 17), cmp(END, 0, 0x45)], false],
    ["(no or yes) and yes", [container(AND, 2), cmp(END, 0, 0x45), cmp(OR, 9, 6), cmp(END, 9, 17)], true],
    ["not (no or yes)", [container(NOT, 1), cmp(OR, 9, 6), cmp(END, 9, 17)], false],
  ] as const)("%s", (_, specs, expected) => {
    expect(isMatch(...specs)).toBe(expected);
  });

  test("containers that lead to each other's end are given up in bounded time", () => {
    const specs = Array.from({ length: 60 }, (_, index) => container(AND, index + 1));
    expect(isMatch(...specs, cmp(END, 9, 17))).toBe(true);
  });
});

describe("kinds", () => {
  test("cmp compares, and what is outside of the frame does not match", () => {
    expect(isMatch(cmp(END, 9, 16, cls.TCF_EM_OPND_GT))).toBe(true);
    expect(isMatch(cmp(END, 9, 17, cls.TCF_EM_OPND_GT))).toBe(false);
    expect(isMatch(cmp(END, 9, 18, cls.TCF_EM_OPND_LT))).toBe(true);
    expect(isMatch(cmp(END, 1_000, 0))).toBe(false);
  });

  test("nbyte compares bytes of a layer", () => {
    const at = (offset: number) =>
      match(cls.TCF_EM_NBYTE, END, 7, (data) => {
        setU16(data, 0, offset);
        setU16(data, 2, (cls.TCF_LAYER_LINK << 12) | 3);
        data.set([0x41, 0x42, 0x43], 4);
      });
    expect(isMatch(at(40))).toBe(true);
    expect(isMatch(at(41))).toBe(false);
  });

  test("u32 compares a masked word", () => {
    const word = (value: number) =>
      match(cls.TCF_EM_U32, END, 16, (data) => {
        setBe32(data, 0, 0xffff_ff00);
        setBe32(data, 4, value);
        setU32(data, 8, 12);
      });
    expect(isMatch(word(0x0a00_0000))).toBe(true);
    expect(isMatch(word(0x0a00_0100))).toBe(false);
  });

  test("meta compares what stands beside the bytes, shifted and masked", () => {
    const meta = (id: number, shift: number, mask: number, value: number) =>
      match(cls.TCF_EM_META, END, 28, (data) => {
        setU16(data, 0, 12);
        setU16(data, 2, emMeta.TCA_EM_META_HDR);
        setU16(data, 4, (emMeta.TCF_META_TYPE_INT << 12) | id);
        data[6] = shift;
        setU16(data, 8, emMeta.TCF_META_TYPE_INT << 12);
        for (const [at, type, number] of [
          [12, emMeta.TCA_EM_META_LVALUE, mask],
          [20, emMeta.TCA_EM_META_RVALUE, value],
        ] as const) {
          setU16(data, at, 8);
          setU16(data, at + 2, type);
          setU32(data, at + 4, number);
        }
      });
    expect(isMatch(meta(emMeta.TCF_META_ID_PRIORITY, 0, 0, 3))).toBe(true);
    expect(isMatch(meta(emMeta.TCF_META_ID_NFMARK, 0, 0xff, 7))).toBe(true);
    expect(isMatch(meta(emMeta.TCF_META_ID_NFMARK, 8, 0, 1))).toBe(true);
    expect(isMatch(meta(emMeta.TCF_META_ID_PKTLEN, 0, 0, 61))).toBe(false);
    expect(isMatch(meta(emMeta.TCF_META_ID_PROTOCOL, 0, 0, 0x0008))).toBe(true);
  });
});

test("lists that are not whole are refused", () => {
  expect(() => treeOf([cmp(END, 9, 17)], 2)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => treeOf([container(END, 0)])).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => treeOf([cmp(AND, 9, 17), container(END, 0)])).toThrow(
    expect.objectContaining({ code: "EINVAL" }),
  );
  expect(() => treeOf([cmp(3, 9, 17)])).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => treeOf([match(cls.TCF_EM_CMP, END, 11, () => {})])).toThrow(
    expect.objectContaining({ code: "EINVAL" }),
  );
  expect(() => treeOf([match(7, END, 4, () => {})])).toThrow(expect.objectContaining({ code: "ENOENT" }));
});
