// What: npm test ends in `N passed, N failed`, says what was wrong, and its exit code agrees.
//
// The runs are real ones, of test files made for the purpose in a folder of their own.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Count } from "./count-reporter.mjs";
import { lastLine, tally } from "./test.mjs";

/** Runs npm test's program on one file of tests, or on none. */
function runTests(text: string | undefined): { lines: string[]; complaints: string; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), "uveth-npm-test-"));
  try {
    if (text !== undefined) writeFileSync(join(folder, "a.test.ts"), text);
    const args = ["tools/test.mjs", "--no-install", "--globals", "--root", folder];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    return { lines: stdout.trimEnd().split("\n"), complaints: stderr, status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm test", () => {
  test("counts what passed", () => {
    const { lines, status } = runTests('test("a", () => {}); test("b", () => {});');
    expect(lines.at(-1)).toBe("2 passed, 0 failed");
    expect(status).toBe(0);
  });

  test("counts what failed and was skipped, and tells the reasons", () => {
    const { lines, status } = runTests(
      'test("a", () => { throw new Error("x"); }); test("b", ({ skip }) => skip("no dummy here"));',
    );
    expect(lines.slice(-2)).toEqual(["1 skipped: no dummy here", "0 passed, 1 failed, 1 skipped"]);
    expect(status).toBe(1);
  });

  test("counts a file that cannot be loaded as a failure", () => {
    const { lines, status } = runTests('throw new Error("x");');
    expect(lines.at(-1)).toBe("0 passed, 1 failed");
    expect(status).toBe(1);
  });

  test("fails when nothing was collected", () => {
    const { lines, complaints, status } = runTests(undefined);
    expect(lines.at(-1)).toBe("0 passed, 0 failed");
    expect(complaints).toContain("No tests were found");
    expect(status).toBe(1);
  });

  test("fails when Vitest dies", () => {
    const { lines, complaints, status } = runTests(
      'test("a", () => { process.kill(process.ppid, "SIGKILL"); });',
    );
    expect(lines.at(-1)).toBe("0 passed, 1 failed");
    expect(complaints).toContain("uncounted");
    expect(status).toBe(1);
  });
});

describe("tally()", () => {
  const fine: Count = { passed: 3, failed: 0, skipped: 1, broken: 0, errors: 0, notes: {} };

  test.each([
    ["a clean run", fine, 0, "3 passed, 0 failed, 1 skipped"],
    ["a run with an error outside its tests", { ...fine, errors: 1 }, 1, "3 passed, 1 failed, 1 skipped"],
    ["a Vitest that fails for reasons of its own", fine, 1, "3 passed, 1 failed, 1 skipped"],
    ["broken files", { ...fine, broken: 2 }, 1, "3 passed, 2 failed, 1 skipped"],
    ["an interrupted run", undefined, 130, "0 passed, 1 failed"],
  ])("counts %s", (_name, count, exitCode, line) => {
    expect(lastLine(tally(count, exitCode))).toBe(line);
  });
});
