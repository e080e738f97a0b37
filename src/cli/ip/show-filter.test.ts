// What: labels are matched as fnmatch(3) matches them.

import { expect, test } from "vitest";
import { matchesPattern } from "./show-filter.ts";

test.each([
  ["v0", "v0", true],
  ["v0", "v01", false],
  ["v*", "v0:x", true],
  ["*", "", true],
  ["v?", "v0", true],
  ["v?", "v", false],
  ["[vl]*", "lo", true],
  ["[!v]*", "v0", false],
  ["[0-9]", "7", true],
  ["a.b", "axb", false],
  ["(a+)", "(a+)", true],
])("the pattern %j fits %j: %s", (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});
