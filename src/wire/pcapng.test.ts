// What: pcapng blocks are laid out as the draft says, and the reader gives back what was written.
//
// Source: draft-ietf-opsawg-pcapng 4.1 to 4.6 and 3.5; the big endian section is written out from the same pages.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import * as pcapng from "./pcapng.ts";
import { readPcapng } from "./pcapng-reader.ts";

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const section = pcapng.pcapngSectionHeader({ application: "uveth" });

describe("blocks", () => {
  test("a section header has the byte order mark, version 1.0 and an open length", () => {
    expect(section).toEqual(
      fromHex(`
        0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff
        0400 0500 7576657468 000000          // shb_userappl "uveth"
        0000 0000 2c000000
      `),
    );
  });

  test("an interface has its name, its address and nanoseconds", () => {
    const mac = 0x020000000001;
    expect(pcapng.pcapngInterface({ name: "v0", description: "red", mac, filter: "arp" })).toEqual(
      fromHex(`
        01000000 44000000 0100 0000 00000400
        0200 0200 7630 0000                  // if_name "v0"
        0300 0300 726564 00                  // if_description "red"
        0600 0600 020000000001 0000          // if_MACaddr
        0900 0100 09 000000                  // if_tsresol
        0b00 0400 00617270                   // if_filter "arp", libpcap's language
        0000 0000 44000000
      `),
    );
  });

  test("a packet has its stamp upper half first and its options behind the padded data", () => {
    const block = pcapng.pcapngPacket({
      interfaceId: 1,
      timestampNs: 0x1_0000_0002n,
      bytes: fromHex("00 aabbccddee 00"),
      start: 1,
      end: 6,
      originalLength: 60,
      flags: pcapng.EPB_OUTBOUND | pcapng.EPB_BROADCAST | pcapng.EPB_CHECKSUM_NOT_READY,
      dropCount: 3n,
      packetId: 4n,
      queue: 5,
      verdict: { kind: pcapng.VERDICT_TC, value: pcapng.TC_ACT_SHOT },
      comments: ["no-peer"],
    });
    expect(block).toEqual(
      fromHex(`
        06000000 70000000 01000000 01000000 02000000 05000000 3c000000 aabbccddee 000000
        0100 0700 6e6f2d70656572 00          // comment "no-peer"
        0200 0400 0e020000                   // epb_flags
        0400 0800 0300000000000000           // epb_dropcount
        0500 0800 0400000000000000           // epb_packetid
        0600 0400 05000000                   // epb_queue
        0700 0900 01 0200000000000000 000000 // epb_verdict
        0000 0000 70000000
      `),
    );
  });

  test("statistics have their span and counters", () => {
    const counters = { received: 7n, dropped: 2n };
    const span = { startNs: 1n, endNs: 0x2_0000_0001n };
    expect(pcapng.pcapngStatistics({ interfaceId: 0, timestampNs: 9n, ...span, ...counters })).toEqual(
      fromHex(`
        05000000 4c000000 00000000 00000000 09000000
        0200 0800 00000000 01000000          // isb_starttime
        0300 0800 02000000 01000000          // isb_endtime
        0400 0800 0700000000000000           // isb_ifrecv
        0500 0800 0200000000000000           // isb_ifdrop
        0000 0000 4c000000
      `),
    );
  });

  test("a block without options has no end of options", () => {
    const block = pcapng.pcapngPacket({ interfaceId: 0, timestampNs: 0n, bytes: fromHex("aabbccdd") });
    expect(block.length).toBe(36);
  });
});

describe("readPcapng()", () => {
  test("gives back what was written", () => {
    const packet = fc.record({
      interfaceId: fc.nat(1),
      timestampNs: fc.bigInt(0n, 2n ** 62n),
      bytes: fc.uint8Array({ maxLength: 40 }),
      comments: fc.array(fc.string({ unit: "grapheme", maxLength: 9 }), { maxLength: 3 }),
    });
    const interfaces = ["v0", "v1"].map((name) => pcapng.pcapngInterface({ name }));
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 5 }), (packets) => {
        const file = readPcapng(join(section, ...interfaces, ...packets.map(pcapng.pcapngPacket)));
        expect(file?.interfaces.map(({ name, linkType }) => [name, linkType])).toEqual([
          ["v0", 1],
          ["v1", 1],
        ]);
        const read = file?.packets.map(({ options: _options, originalLength: _length, ...rest }) => rest);
        expect(read).toEqual(packets);
      }),
    );
  });

  test("reads big endian and microseconds, the unit of an interface that states none", () => {
    const file = readPcapng(
      fromHex(`
        0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
        00000001 00000014 0001 0000 00000000 00000014
        00000006 00000024 00000000 00000000 00000007 00000001 0000003c aa000000 00000024
      `),
    );
    expect(file?.packets[0]?.timestampNs).toBe(7000n);
    expect(file?.packets[0]?.bytes).toEqual(fromHex("aa"));
    expect(file?.packets[0]?.originalLength).toBe(60);
  });

  test("reads a unit that is a power of two", () => {
    const description = fromHex(
      "01000000 20000000 0100 0000 00000000 0900 0100 8a 000000 0000 0000 20000000",
    );
    const packet = pcapng.pcapngPacket({ interfaceId: 0, timestampNs: 512n, bytes: fromHex("aabb") });
    expect(readPcapng(join(section, description, packet))?.packets[0]?.timestampNs).toBe(500_000_000n);
  });

  test("numbers the interfaces of a second section on", () => {
    const packet = pcapng.pcapngPacket({ interfaceId: 0, timestampNs: 1n, bytes: fromHex("aabb") });
    const part = [section, pcapng.pcapngInterface({ name: "v0" }), packet];
    const file = readPcapng(join(...part, ...part));
    expect(file?.packets.map(({ interfaceId }) => interfaceId)).toEqual([0, 1]);
  });

  test("refuses or reads any bytes, and never throws", () => {
    expect(readPcapng(new Uint8Array(0))).toBeUndefined();
    expect(readPcapng(fromHex("01000000 0c000000 0c000000"))).toBeUndefined();
    const whole = join(section, pcapng.pcapngInterface({ name: "v0" }), section);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        readPcapng(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
