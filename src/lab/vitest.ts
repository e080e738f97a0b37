// The door `uveth/testing`: Vitest's `test` with a lab of its own for each test, closed whatever happens. A test that fails names
// the seed to repeat it with (UVETH_SEED) and leaves its capture and timeline as attachments.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect, recordArtifact } from "vitest";
import type { Lab } from "./lab.ts";
import { LabLink } from "./link.ts";
import type { TestLabOptions } from "./with-lab.ts";
import { createTestLab, failureText, keepCapture } from "./with-lab.ts";

export type { CaptureMode, TestLabOptions } from "./with-lab.ts";
export { withLab } from "./with-lab.ts";

/** What a test can ask for. */
export interface LabFixtures {
  /** How the lab is made; set it with `test.extend({ labOptions: { … } })`. */
  readonly labOptions: TestLabOptions;
  readonly lab: Lab;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: Vitest declares it so, and declarations must agree
  interface Matchers<T = any> {
    toCarry(filter: string, options?: { readonly within?: string | number }): Promise<T>;
  }
}

expect.extend({
  /** A frame that matches `filter` (pcap-filter(7)) has crossed the link, or does so within a time. */
  async toCarry(link: unknown, filter: string, options: { readonly within?: string | number } = {}) {
    if (!(link instanceof LabLink)) throw new TypeError("toCarry() is for links of a lab");
    const found = await link.carries(filter, options);
    const seen = link.history.slice(-5).map(({ from, to, text }) => `  ${from} → ${to}: ${text}`);
    return {
      pass: found !== undefined,
      message: () =>
        found === undefined
          ? `Expected the link "${link.name}" to carry "${filter}"; of ${link.history.length} frames none matched. The last ones:\n${seen.join("\n")}`
          : `Expected the link "${link.name}" not to carry "${filter}", but at ${found.atNs} ns it carried from ${found.from} to ${found.to}: ${found.text}`,
    };
  },
});

/** `test("…", async ({ lab }) => …)`: Vitest's `test` with a lab. */
export const test = base.extend<LabFixtures>({
  labOptions: {},
  lab: async ({ labOptions, task, annotate }, use) => {
    const { capture = "retain-on-failure", captureDir } = labOptions;
    const lab = createTestLab(labOptions);
    await annotate(`UVETH_SEED=${lab.seed}`, "seed");
    await use(lab);
    const isFailed = task.result?.state === "fail";
    const isKept = capture === "on" || (capture === "retain-on-failure" && isFailed);
    let kept: string | undefined;
    if (isKept) {
      kept = captureDir === undefined ? await attach(lab, task) : keepCapture(lab, task.name, captureDir);
    }
    if (isFailed) {
      for (const error of task.result?.errors ?? []) {
        error.message += `\n${failureText(lab, kept)}`;
        if (error.stack !== undefined) error.stack = `${failureText(lab, kept)}\n${error.stack}`;
      }
    }
    await lab.close();
  },
});

/** Gives Vitest the capture and the timeline as attachments, which it keeps where its `attachmentsDir` says. */
async function attach(lab: Lab, task: Parameters<typeof recordArtifact>[0]): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-lab-"));
  try {
    const path = keepCapture(lab, task.name, folder);
    if (path === undefined) return undefined;
    const timeline = join(folder, "timeline.txt");
    writeFileSync(timeline, lab.recording?.timeline() ?? "");
    const artifact = await recordArtifact(task, {
      type: "uveth:lab",
      seed: lab.seed,
      attachments: [
        { path, contentType: "application/x-pcapng" },
        { path: timeline, contentType: "text/plain" },
      ],
    });
    return artifact.attachments?.[0]?.path;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

declare module "vitest" {
  interface TestArtifactRegistry {
    labCapture: LabArtifact;
  }
}

/** What a failed test leaves. */
interface LabArtifact {
  readonly type: "uveth:lab";
  readonly seed: number;
  attachments?: { path?: string; contentType?: string }[];
}
