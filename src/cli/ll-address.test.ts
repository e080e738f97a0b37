// What: link-layer addresses are read as iproute2 reads them, which stops at what is no digit.
//
// Source: iproute2 6.1.0, which was given these words behind `ip link set v0 brd`.

import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { linkAddress } from "./ll-address.ts";

test.each([
  ["02:00:00:00:00:01", "020000000001"],
  ["2:1:2:3:4:5", "020102030405"],
  ["0x2:1", "0201"],
  [" 2:+1", "0201"],
  ["2:5z", "0205"],
  ["02-11-22", "02"],
  ["foo", "0f"],
  ["1.2.3.4", "01020304"],
  ["1.2.3", "01020300"],
])("%j is read as %s", (text, bytes) => {
  expect(toHex(linkAddress(text))).toBe(bytes);
});

test.each([
  ["x", "x"],
  ["", ""],
  ["02::", ""],
  ["2:100", "100"],
  ["-2:1", "-2"],
  ["021122334455", "021122334455"],
  ["0211.2233.4455", "0211.2233.4455"],
])("%j is refused at %j", (text, part) => {
  expect(() => linkAddress(text)).toThrow(
    expect.objectContaining({ code: 1, text: `"${part}" is invalid lladdr.\n` }),
  );
});
