// What: a daemon's state reads as a person would say it.

import { expect, test } from "vitest";
import { contentsText, durationText } from "./status-text.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, "0 s"],
  [999, "0 s"],
  [59 * SECOND, "59 s"],
  [5 * MINUTE + 2 * SECOND, "5 min 2 s"],
  [2 * HOUR, "2 h"],
  [2 * HOUR + 3 * SECOND, "2 h"],
  [3 * DAY + 4 * HOUR + 5 * MINUTE, "3 d 4 h"],
])("durationText() says %i ms as %s", (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

test("contentsText() minds the number", () => {
  const status = { pid: 1, version: "", protocol: 1, uptimeMs: 0, memoryBytes: 0 };
  expect(contentsText({ ...status, namespaces: 1, devices: 2, clients: 0 })).toBe(
    "1 namespace, 2 devices and 0 clients",
  );
});
