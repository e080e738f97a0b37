// What: numbers for people have three digits and a letter.
//
// Source: `ip -human -s link` of iproute2 6.1.0, of a link with these counters.

import { expect, test } from "vitest";
import { humanNumber } from "./units.ts";

test.each([
  [0, false, "0"],
  [999, false, "999"],
  [5037, false, "5.04k"],
  [345161, false, "345k"],
  [6400714, false, "6.40M"],
  [70400964, false, "70.4M"],
  [187747250, false, "188M"],
  [5037, true, "4.92ki"],
  [187747250, true, "179Mi"],
])("%i with iec %s is %s", (value, isIec, text) => {
  expect(humanNumber(value, isIec)).toBe(text);
});
