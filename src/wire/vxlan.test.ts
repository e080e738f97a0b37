// What: VXLAN headers are read and written.
//
// Source: RFC 7348 5; for what is said of them, tcpdump 4.99.3.

import { expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import {
  describeVxlan,
  emitVxlan,
  setVxlanGroupPolicy,
  VXLAN_HAS_VNI,
  VXLAN_SIZE,
  vxlanFlags,
  vxlanGroupPolicy,
  vxlanVni,
} from "./vxlan.ts";

test("emitVxlan() writes the flag and the identifier and clears what is reserved", () => {
  const bytes = new Uint8Array(VXLAN_SIZE).fill(0xff);
  emitVxlan(bytes, 0, 0xabcdef);
  expect(bytes).toEqual(fromHex("08 000000 abcdef 00"));
  expect(vxlanFlags(bytes, 0)).toBe(VXLAN_HAS_VNI);
  expect(vxlanVni(bytes, 0)).toBe(0xabcdef);
});

test("a group policy has two flags and a group; other bits of it are none, and none is not written", () => {
  const bytes = new Uint8Array(VXLAN_SIZE);
  emitVxlan(bytes, 0, 42);
  setVxlanGroupPolicy(bytes, 0, 0);
  expect(bytes).toEqual(fromHex("08 000000 00002a 00"));
  setVxlanGroupPolicy(bytes, 0, 0xffff_1234);
  expect(bytes).toEqual(fromHex("88 48 1234 00002a 00"));
  bytes[1] = 0xff;
  expect(vxlanGroupPolicy(bytes, 0)).toBe(0x48_1234);
});

test.for([
  ["08000000", "VXLAN, flags [I] (0x08), vni 42"],
  ["88481234", "VXLAN, flags [I] (0x88), vni 42"],
  ["80000000", "VXLAN, flags [invalid] (0x80), vni 42"],
] as const)("flags %s are described as tcpdump does", ([flags, text]) => {
  expect(describeVxlan(fromHex(`${flags} 00002a 00`), 0)).toBe(text);
});
