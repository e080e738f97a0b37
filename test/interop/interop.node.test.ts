// What: uveth's TCP and Linux's carry streams to one another whole, and tshark finds nothing wrong with a frame.
//
// Source: the live kernel, over a TAP; more trials: npm run interop. Without root they are skipped.

import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import type { TapCalls } from "../../src/attach/node/tap-calls.ts";
import { loadTapCalls } from "../../src/attach/node/tap-calls.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { runCase } from "./case.ts";
import { quickCases, settingCases } from "./cases.ts";

const isRoot = process.geteuid?.() === 0;
const hasTshark = spawnSync("tshark", ["--version"]).status === 0;

describe.skipIf(!isRoot)("TCP against the live kernel's over a TAP, which takes root", () => {
  let calls: TapCalls;

  beforeAll(async () => {
    calls = await loadTapCalls();
    expect(calls.libc.unshare(CLONE_NEWNET)).toBe(0);
  });

  for (const trial of quickCases()) {
    test(`comes whole ${trial.name}`, { timeout: 60_000 }, async () => {
      const { complaints, isSame, receivedBytes } = await runCase(calls, {
        ...trial,
        judged: trial.judged === true && hasTshark,
      });
      expect(receivedBytes).toBe(trial.bytes);
      expect(isSame).toBe(true);
      expect(complaints ?? "").toBe("");
    });
  }

  for (const trial of settingCases()) {
    test(`comes whole ${trial.name}`, { timeout: 60_000 }, async (context) => {
      if (trial.judged === true && !hasTshark) return context.skip("tshark is not installed");
      const { answers, complaints, echoes, isSame } = await runCase(calls, trial);
      expect(isSame).toBe(true);
      expect(complaints ?? "").toBe("");
      if (trial.disease?.markPpm === undefined) return;
      expect(echoes).toBeGreaterThan(0);
      expect(answers).toBeGreaterThan(0);
    });
  }
});
