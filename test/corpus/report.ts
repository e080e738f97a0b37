// How results are written: a row of the table for a sequence, a diff for a line that differs.

import type { Difference, Result } from "./compare.ts";
import { lineCount } from "./sequence.ts";
import type { Outcome } from "./transcript.ts";

/** The head of the table. */
export const HEAD = row("sequence", "lines", "compared", "different");

/** A row of the table. */
export function resultRow({ sequence, compared, differences }: Result): string {
  return row(
    `${sequence.file}: ${sequence.title}`,
    lineCount(sequence),
    compared,
    differences.length === 0 ? "-" : differences.length,
  );
}

/** The last rows of the table. */
export function totalRow(results: readonly Result[]): string {
  const sum = (count: (result: Result) => number): number =>
    results.reduce((total, each) => total + count(each), 0);
  const different = sum(({ differences }) => differences.length);
  return row(
    `${results.length} sequences, ${results.filter(({ differences }) => differences.length === 0).length} equal`,
    sum(({ sequence }) => lineCount(sequence)),
    sum(({ compared }) => compared),
    different,
  );
}

function row(title: string, ...columns: readonly (string | number)[]): string {
  return title.padEnd(72) + columns.map((each) => String(each).padStart(10)).join("");
}

/** A difference, as a diff from the kernel's side to ours. */
export function differenceText({ line, kernel, uveth }: Difference): string {
  const [theirs, ours] = [outcomeLines(kernel), outcomeLines(uveth)];
  const changes = nearChanges(diff(theirs, ours));
  const shown = changes.length > LONGEST ? [...changes.slice(0, LONGEST), "  … and more"] : changes;
  return [`  $ ${line}`, ...shown.map((each) => `  ${each}`), ""].join("\n");
}

/** An outcome as lines; JSON is cut at its commas, so that a diff of it can be read. */
function outcomeLines(outcome: Outcome | undefined): string[] {
  if (outcome === undefined) return ["(not come to)"];
  const { stdout, stderr, status } = outcome;
  const lines = (text: string, mark: string): string[] =>
    (text.startsWith("[") ? text.replaceAll(",", ",\n") : text)
      .replace(/\n$/, "")
      .split("\n")
      .map((each) => mark + each);
  return [
    ...(stdout === "" ? [] : lines(stdout, "  ")),
    ...(stderr === "" ? [] : lines(stderr, "! ")),
    ...(status === undefined ? [] : [`status ${status}`]),
  ];
}

/** Lines that are shown of one difference. */
const LONGEST = 40;
/** What lies around of a change is shown. */
const CONTEXT = 3;

/** Leaves out what is far from any change. */
function nearChanges(lines: readonly string[]): string[] {
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => !line.startsWith(" "));
  return lines.flatMap((line, index) => {
    if (isNear(index)) return [line];
    return index > 0 && isNear(index - 1) ? ["  …"] : [];
  });
}

/** A line diff by the longest common subsequence: " " for both, "-" for the kernel's, "+" for ours. */
function diff(from: readonly string[], to: readonly string[]): string[] {
  const lengths = from.map(() => new Array<number>(to.length + 1).fill(0));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const length = from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      lengths[i]?.splice(j, 1, length);
    }
  }
  const out: string[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      out.push(`  ${from[i++]}`);
      j++;
    } else if (j >= to.length || (i < from.length && at(i + 1, j) >= at(i, j + 1)))
      out.push(`- ${from[i++]}`);
    else out.push(`+ ${to[j++]}`);
  }
  return out;
}
