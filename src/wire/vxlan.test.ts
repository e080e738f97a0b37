// What: VXLAN headers are read and written.
//
// Source: RFC 7348 5.

import { expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { emitVxlan, VXLAN_HAS_VNI, VXLAN_SIZE, vxlanFlags, vxlanVni } from "./vxlan.ts";

test("emitVxlan() writes the flag and the identifier and clears what is reserved", () => {
  const bytes = new Uint8Array(VXLAN_SIZE).fill(0xff);
  emitVxlan(bytes, 0, 0xabcdef);
  expect(bytes).toEqual(fromHex("08 000000 abcdef 00"));
  expect(vxlanFlags(bytes, 0)).toBe(VXLAN_HAS_VNI);
  expect(vxlanVni(bytes, 0)).toBe(0xabcdef);
});
