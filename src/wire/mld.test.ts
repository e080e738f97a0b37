// What: MLDv2 and IGMPv3 reports are written as the kernel's, and queries say how long an answer may take.
//
// Source: RFC 3810 5, RFC 3376 4; the reports were sent by Linux 6.18.

import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { writeIcmpv6 } from "./icmpv6.ts";
import * as igmp from "./igmp.ts";
import * as mld from "./mld.ts";

describe("MLDv2", () => {
  test("a report is written as the kernel writes it", () => {
    const wanted = fromHex(`
      60000000 0024 00 01 fe80000000000000000000fffe000001 ff020000000000000000000000000016
      3a 00 05 02 0000 01 00                          // hop-by-hop: router alert, padding
      8f 00 7207 0000 0001                            // one record
      04 00 0000 ff0200000000000000000001ff000001     // changes to exclude nothing
    `);
    const bytes = Uint8Array.from(wanted).fill(0, 40);
    const at = mld.emitRouterAlertHeader(bytes, 40);
    const group = ipv6FromText("ff02::1:ff00:1")!;
    const records = [{ type: mld.MLD2_CHANGE_TO_EXCLUDE, group }];
    const end = mld.emitMld2Records(bytes, at, records);
    writeIcmpv6(bytes, at, end, 0, mld.MLD2_REPORT, 0, records.length);
    expect(end).toBe(bytes.length);
    expect(bytes).toEqual(wanted);
  });

  test.each([
    ["a version 1 query in milliseconds", "8200 0000 9000 0000", 24, 0x9000],
    ["a version 2 query below 32768 in milliseconds", "8200 0000 2710 0000", 28, 10_000],
    ["a version 2 query from 32768 on in floating form", "8200 0000 9234 0000", 28, 0x1234 << 4],
  ])("%s", (_name, hex, length, milliseconds) => {
    expect(mld.mldMaxResponseMs(fromHex(hex), 0, length)).toBe(milliseconds);
  });
});

describe("IGMPv3", () => {
  test("a report is written as the kernel writes it", () => {
    const wanted = fromHex("22 00 f8fb 0000 0001  04 00 0000 e0010101");
    const bytes = new Uint8Array(16);
    const records = [{ type: igmp.IGMP3_CHANGE_TO_EXCLUDE, group: 0xe0010101 }];
    expect(igmp.emitIgmp3Report(bytes, 0, records)).toBe(16);
    expect(bytes).toEqual(wanted);
    expect(igmp.isIgmpChecksumCorrect(bytes, 0, 16)).toBe(true);
    expect(igmp.igmpType(bytes, 0)).toBe(igmp.IGMP3_REPORT);
  });

  test.each([
    ["a version 2 query in tenths", "11 8a 0000 e0010101", 8, 0x8a],
    ["a version 3 query below 128 in tenths", "11 64 0000 00000000 027d0000", 12, 100],
    ["a version 3 query from 128 on in floating form", "11 8a 0000 00000000 027d0000", 12, 26 << 3],
  ])("%s", (_name, hex, length, tenths) => {
    expect(igmp.igmpMaxResponseTenths(fromHex(hex), 0, length)).toBe(tenths);
  });

  test("a query names its group", () => {
    expect(igmp.igmpGroup(fromHex("11 64 0000 e0010101"), 0)).toBe(0xe0010101);
  });
});
