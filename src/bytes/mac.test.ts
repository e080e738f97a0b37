// What: a hardware address survives bytes, number and text, and the predicates look at the right bits.
//
// Source: IEEE 802-2014 8.2 (group and local bits of the first byte); include/linux/etherdevice.h.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "./hex.ts";
import * as mac from "./mac.ts";

const anyMac = fc.integer({ min: 0, max: mac.BROADCAST_MAC });

describe("number and bytes", () => {
  test("the first byte on the wire is the highest", () => {
    expect(mac.readMac(fromHex("00 02 00 00 5e 10 ff"), 1)).toBe(0x0200_005e_10ff);
    expect(toHex(mac.macToBytes(0x0200_005e_10ff))).toBe("0200005e10ff");
  });

  test("writeMac() is read back by readMac() and equalsMac()", () => {
    fc.assert(
      fc.property(anyMac, fc.integer({ min: 0, max: 4 }), (address, offset) => {
        const bytes = new Uint8Array(10);
        mac.writeMac(bytes, offset, address);
        expect(mac.readMac(bytes, offset)).toBe(address);
        expect(mac.equalsMac(bytes, offset, address)).toBe(true);
        expect(mac.equalsMac(bytes, offset, (address + 1) % 2 ** 48)).toBe(false);
        expect(mac.readMac(mac.macToBytes(address), 0)).toBe(address);
      }),
    );
  });
});

describe("text", () => {
  test("is six pairs of lower-case digits", () => {
    expect(mac.macToText(0x0a0b_0c0d_0e0f)).toBe("0a:0b:0c:0d:0e:0f");
    expect(mac.macToText(0)).toBe("00:00:00:00:00:00");
    expect(mac.macToText(mac.BROADCAST_MAC)).toBe("ff:ff:ff:ff:ff:ff");
  });

  test("parses either case and single digits", () => {
    expect(mac.macFromText("A:b:C:0d:E:f")).toBe(0x0a0b_0c0d_0e0f);
  });

  test.each([
    "",
    "00:11:22:33:44",
    "00:11:22:33:44:55:66",
    "00:11:22:33:44:gg",
    "00-11-22-33-44-55",
    "001:1:2:3:4:5",
    " 0:1:2:3:4:5",
  ])("refuses %j", (text) => {
    expect(mac.macFromText(text)).toBeUndefined();
  });

  test("survives a round trip", () => {
    fc.assert(fc.property(anyMac, (address) => mac.macFromText(mac.macToText(address)) === address));
  });
});

describe("predicates", () => {
  test.each([
    ["00:00:00:00:00:00", { valid: false, group: false, local: false }],
    ["00:00:5e:00:53:01", { valid: true, group: false, local: false }],
    ["02:00:00:00:00:01", { valid: true, group: false, local: true }],
    ["01:00:5e:00:00:01", { valid: false, group: true, local: false }],
    ["33:33:00:00:00:01", { valid: false, group: true, local: true }],
    ["ff:ff:ff:ff:ff:ff", { valid: false, group: true, local: true }],
  ])("of %s", (text, wanted) => {
    const address = mac.macFromText(text) ?? -1;
    expect(mac.isValidEtherAddr(address)).toBe(wanted.valid);
    expect(mac.isMulticast(address)).toBe(wanted.group);
    expect(mac.isLocallyAdministered(address)).toBe(wanted.local);
  });
});
