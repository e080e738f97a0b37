// What: words of a command line are taken one by one, and abbreviations mean the first keyword they fit.
//
// Source: iproute2 6.1 (`ip l s` is link set, `ip link l` is link list).

import { describe, expect, test } from "vitest";
import { firstMatch, matches, Words } from "./words.ts";

describe("matches()", () => {
  test.each([
    ["a", "address", true],
    ["address", "address", true],
    ["addresses", "address", false],
    ["d", "address", false],
    ["", "address", false],
  ])("%j for %j is %s", (typed, keyword, expected) => {
    expect(matches(typed, keyword)).toBe(expected);
  });

  test("firstMatch() takes the first in the order given", () => {
    expect(firstMatch("s", ["add", "set", "show"])).toBe("set");
    expect(firstMatch("sh", ["add", "set", "show"])).toBe("show");
    expect(firstMatch("x", ["add", "set", "show"])).toBeUndefined();
  });
});

describe("Words", () => {
  test("value() ends the command where a word must follow", () => {
    const words = new Words(["mtu"]);
    expect(words.value()).toBe("mtu");
    expect(() => words.value()).toThrow(
      expect.objectContaining({ code: 255, text: 'Command line is not complete. Try option "help"\n' }),
    );
  });

  test("peek, takeIf() and take() leave and take words", () => {
    const words = new Words(["peer", "name", "v1"]);
    expect(words.takeIf("name")).toBe(false);
    expect(words.takeIf("peer")).toBe(true);
    expect(words.peek).toBe("name");
    expect([words.take(), words.count, words.take(), words.take()]).toEqual(["name", 1, "v1", undefined]);
  });
});
