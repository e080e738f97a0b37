// What: time stamps look as `ip -timestamp` and `ip -tshort` write them.
//
// Source: the output of iproute2 6.1.0.

import { expect, test } from "vitest";
import { timestampText } from "./timestamp.ts";

const now = new Date(2026, 10, 4, 3, 9, 39, 76);

test.each([
  ["none", ""],
  ["long", "Timestamp: Wed Nov  4 03:09:39 2026 76000 usec\n"],
  ["short", "[2026-11-04T03:09:39.076000] "],
] as const)("%s", (style, text) => {
  expect(timestampText(now, style)).toBe(text);
});
