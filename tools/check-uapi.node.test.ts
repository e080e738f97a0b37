// What: the numbers of src/uapi are those of the system's headers, and the check would notice if they were not.
//
// Source: /usr/include/linux (linux-libc-dev), read by the system's C compiler.

import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { checkUapi } from "./check-uapi.mjs";
import { missingNeeds } from "./debian.mjs";

const uapi = new URL("../src/uapi/", import.meta.url);
const files = readdirSync(uapi).filter((name) => /^\w+\.ts$/.test(name));

beforeEach(({ skip }) => {
  const [missing] = missingNeeds().filter((need) => need.tests.includes("headers"));
  if (missing !== undefined) skip(`there is no ${missing.path}`);
});

test.each(files)("src/uapi/%s has the headers' numbers", async (name) => {
  const values: Record<string, unknown> = await import(new URL(name, uapi).href);
  expect(checkUapi(readFileSync(new URL(name, uapi), "utf8"), values).differing).toEqual([]);
});

describe("checkUapi()", () => {
  function check(body: string, values: Record<string, number>): string[] {
    const text = `// Mirrors <linux/if_link.h> and <linux/rtnetlink.h>. Data only.\n\n${body}\n`;
    return checkUapi(text, values).differing.map(({ line, message }) => `${line}: ${message}`);
  }

  test.each([
    ["a number", "export const IFLA_MTU = 5;", { IFLA_MTU: 5 }, "3: IFLA_MTU is 5, IFLA_MTU is 4"],
    ["an unknown name", "export const IFLA_NO = 5;", { IFLA_NO: 5 }, "3: IFLA_NO: the header has no IFLA_NO"],
    [
      "a _MAX that shrank",
      "export const IFLA_MAX = 3;",
      { IFLA_MAX: 3 },
      expect.stringMatching("^3: IFLA_MAX is 3, "),
    ],
    [
      "an offset",
      "// struct ifinfomsg: a header\nexport const IFINFOMSG_INDEX = 8;",
      { IFINFOMSG_INDEX: 8 },
      "4: IFINFOMSG_INDEX is 8, offsetof(struct ifinfomsg, ifi_index) is 4",
    ],
    [
      "a size",
      "// struct ifinfomsg: a header\nexport const IFINFOMSG_SIZE = 12;",
      { IFINFOMSG_SIZE: 12 },
      "4: IFINFOMSG_SIZE is 12, sizeof(struct ifinfomsg) is 16",
    ],
  ])("reports %s", (_name, body, values: Record<string, number>, message) => {
    expect(check(body, values)).toEqual([message]);
  });

  test.each([
    ["a number", "export const IFLA_MTU = 4;", { IFLA_MTU: 4 }],
    [
      "a negative number read as unsigned",
      "export const RT_TABLE_MAX = 4294967295;",
      { RT_TABLE_MAX: 4294967295 },
    ],
    ["a _MAX that grew", "export const IFLA_MAX = 999;", { IFLA_MAX: 999 }],
    ["an unknown name marked as newer", "export const IFLA_NO = 5; // newer than all", { IFLA_NO: 5 }],
    ["a section marked as newer", "// These are newer than all\nexport const IFLA_NO = 5;", { IFLA_NO: 5 }],
  ])("accepts %s", (_name, body, values: Record<string, number>) => {
    expect(check(body, values)).toEqual([]);
  });
});
