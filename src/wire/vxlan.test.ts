// What: VXLAN headers are read and written.
//
// Source: RFC 7348 5.

import { expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import {
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
