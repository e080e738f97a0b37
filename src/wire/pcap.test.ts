// What: classic capture files are written, and read in both byte orders and both resolutions.
//
// Source: draft-ietf-opsawg-pcap 4 and 5.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { pcapFileHeader, pcapRecord, readPcap } from "./pcap.ts";

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("pcapFileHeader() and pcapRecord()", () => {
  test("write little endian and nanoseconds", () => {
    expect(pcapFileHeader()).toEqual(fromHex("4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000"));
    const record = pcapRecord(1_700_000_000_000_000_005n, fromHex("00 aabb 00"), 1, 3, 60);
    expect(record).toEqual(fromHex("00f15365 05000000 02000000 3c000000 aabb"));
  });

  test("are read back", () => {
    const record = fc.record({
      bytes: fc.uint8Array({ maxLength: 40 }),
      timestampNs: fc.bigInt(0n, 2n ** 60n),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const parts = records.map(({ timestampNs, bytes }) => pcapRecord(timestampNs, bytes));
        const wanted = records.map((entry) => ({ ...entry, originalLength: entry.bytes.length }));
        expect(readPcap(join(pcapFileHeader(), ...parts))).toEqual(wanted);
      }),
    );
  });
});

describe("readPcap()", () => {
  test("reads big endian and microseconds", () => {
    const file = fromHex(`
      a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001
      6553f100 00000005 00000002 0000003c aabb
    `);
    expect(readPcap(file)).toEqual([
      { timestampNs: 1_700_000_000_000_005_000n, bytes: fromHex("aabb"), originalLength: 60 },
    ]);
  });

  test("leaves out a record that is cut off", () => {
    expect(readPcap(join(pcapFileHeader(), pcapRecord(0n, fromHex("aabb")).subarray(0, 17)))).toEqual([]);
  });

  test("refuses what is no capture file", () => {
    expect(readPcap(fromHex("00"))).toBeUndefined();
    expect(readPcap(new Uint8Array(24))).toBeUndefined();
  });
});
