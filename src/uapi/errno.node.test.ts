// What: errno names, numbers and texts are this platform's own.
//
// Source: the table of libuv's host (os.constants.errno), and strerror(3) of glibc 2.36 for the texts.

import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import type { ErrnoName } from "./errno.ts";
import { errnoName, errnoNumber, errnoText } from "./errno.ts";

describe("errnoName()", () => {
  test.runIf(process.platform === "linux")("names every errno as the host does", () => {
    const secondNames = new Set(["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"]);
    for (const [name, number] of Object.entries(constants.errno)) {
      if (!secondNames.has(name)) expect(errnoName(number)).toBe(name);
    }
  });

  test("knows no number outside the table", () => {
    expect(errnoName(0)).toBeUndefined();
    expect(errnoName(41)).toBeUndefined();
    expect(errnoName(524)).toBeUndefined();
  });
});

test("errnoNumber() inverts errnoName()", () => {
  for (let number = 1; number < 140; number++) {
    const name: ErrnoName | undefined = errnoName(number);
    if (name !== undefined) expect(errnoNumber(name)).toBe(number);
  }
});

test.each([
  [0, "Success"],
  [1, "Operation not permitted"],
  [17, "File exists"],
  [19, "No such device"],
  [95, "Operation not supported"],
  [107, "Transport endpoint is not connected"],
  [524, "Unknown error 524"],
])("errnoText(%i) is %j", (number, text) => {
  expect(errnoText(number)).toBe(text);
});
