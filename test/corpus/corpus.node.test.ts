// What: the system's own `ip`, `bridge` and `tc` print on uveth what they print on Linux, line by line.
//
//   uveth run ── ip, bridge, tc ── daemon        stdout, stderr, exit code
//   unshare   ── ip, bridge, tc ── live kernel   must be the same
//
// Source: the live kernel, run beside us; the sequences (*.txt) hold no expectation, but those of golden/ for what it lacks. `npm run parity` shows each one, and with
// more of iproute2's options for every line that shows something; this runs a part of them.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { compareSequences } from "./compare.ts";
import { missingNeeds } from "./needs.ts";
import { differenceText } from "./report.ts";
import type { Sequence } from "./sequence.ts";
import { readSequences } from "./sequence.ts";
import { missingKernel, newFolder } from "./sides.ts";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
const missing = !existsSync(join(root, "dist/preload.so")) ? "there is no C compiler" : missingKernel();
const all = readSequences(join(root, "test/corpus"));
/** How many of them are run here, from all files alike; `npm run parity` runs them all, and takes its time. */
const SHARE = 72;
const GOLDEN_SHARE = 24;
const sequences = [
  ...share(all.filter(({ isGolden }) => !isGolden).map(plain), SHARE),
  ...share(
    all.filter(({ isGolden }) => isGolden),
    GOLDEN_SHARE,
  ),
];
const files = [...new Set(sequences.map(({ file }) => file))];
/** What differed, by file; a file is there when it is through. */
const differences = new Map<string, string[]>();

function share(of: readonly Sequence[], count: number): readonly Sequence[] {
  const step = Math.ceil(of.length / count);
  return of.filter((_, index) => index % step === 0);
}

/** The sequence less the lines that only show the same in another form. */
function plain(sequence: Sequence): Sequence {
  const steps = sequence.steps.filter((step) => step.kind !== "run" || step.of !== "variant");
  return { ...sequence, steps };
}

describe.skipIf(missing !== undefined)("the corpus is equal on Linux and on uveth", () => {
  const { folder, remove } = newFolder();
  const unmet = missing === undefined ? missingNeeds(sequences) : new Set<string>();
  const able = sequences.filter(({ needs }) => !needs.some((need) => unmet.has(need)));
  let run: Promise<void> | undefined;
  afterAll(remove);

  for (const file of files) {
    const count = able.filter((each) => each.file === file).length;
    test(`${file}, ${count} of ${all.filter((each) => each.file === file).length} sequences`, {
      timeout: 180_000,
    }, async (context) => {
      if (count === 0) return context.skip(`this system lacks ${[...unmet].join(", ")}`);
      run ??= compareSequences(able, { root, folder }, ({ sequence, differences: found }) => {
        const texts = found.map((each) => `${sequence.title}\n${differenceText(each)}`);
        differences.set(sequence.file, [...(differences.get(sequence.file) ?? []), ...texts]);
        return true;
      });
      await run;
      expect(differences.get(file)?.join("\n")).toBe("");
    });
  }
});
