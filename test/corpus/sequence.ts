// Sequences of command lines and the files that hold them, `*.txt` in this folder and in golden/; README.md has the format.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Outcome } from "./transcript.ts";
import { showVariants } from "./variants.ts";

/** What IPv6 does by itself in a sequence's namespace: nothing that takes time, all that Linux does, nothing at all. */
export type Ipv6 = "quiet" | "on" | "off";

/** One step: a line that is run and compared, or something that is waited for. */
export type Step =
  | {
      readonly kind: "run";
      readonly line: string;
      readonly of: "preamble" | "line" | "variant";
      /** What a golden sequence says that comes of it. */
      readonly golden?: Golden;
    }
  | { readonly kind: "monitor"; readonly line: string; readonly golden?: Golden }
  | { readonly kind: "settle" }
  | { readonly kind: "gone"; readonly device: string };

/** An outcome while it is read. */
type Golden = { -readonly [Name in keyof Outcome]: Outcome[Name] };

/** Lines in the order they are run; what one makes the next ones see. */
export interface Sequence {
  /** The file's name without its ending, from this folder on. */
  readonly file: string;
  readonly title: string;
  readonly ipv6: Ipv6;
  /** Programs, and kinds of links ("link vxlan") or queueing disciplines ("qdisc tbf"), that it cannot do without. */
  readonly needs: readonly string[];
  /** The file says what comes of each line; the kernel is not asked. */
  readonly isGolden: boolean;
  readonly steps: readonly Step[];
}

/** What a file or a sequence has said so far. */
interface Draft {
  ipv6: Ipv6;
  needs: string[];
  steps: Step[];
}

/** The tools that golden sequences were written for: what others print differs in words and order. */
const GOLDEN_TOOLS = "iproute2 6.1";

/** How many lines a sequence has of its own. */
export function lineCount({ steps }: Sequence): number {
  return steps.filter((step) => step.kind === "run" && step.of === "line").length;
}

/** Reads every sequence of a folder, in the order of files and lines, then the golden ones. */
export function readSequences(folder: string): Sequence[] {
  return ["", "golden/"].flatMap((prefix) =>
    readdirSync(join(folder, prefix))
      .filter((name) => name.endsWith(".txt"))
      .sort()
      .flatMap((name) => {
        const text = readFileSync(join(folder, prefix, name), "utf8");
        return parseFile(`${prefix}${basename(name, ".txt")}`, text, prefix !== "");
      }),
  );
}

/** Reads the sequences of one file's text; throws an Error that names file and line. */
export function parseFile(file: string, text: string, isGolden: boolean): Sequence[] {
  const preamble: Draft = { ipv6: "quiet", needs: isGolden ? [GOLDEN_TOOLS] : [], steps: [] };
  const drafts: (Draft & { readonly title: string })[] = [];
  const titles = new Set<string>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const draft = drafts.at(-1);
    if (line === "" || line.startsWith("#")) continue;
    if (isGolden && /^[>!?]/.test(raw)) {
      if (!expect((draft ?? preamble).steps, raw)) throw new Error(`${file}.txt:${index + 1}: of no line`);
    } else if (line.startsWith("===")) {
      const title = line.slice(3).trim();
      if (title === "" || titles.has(title)) throw new Error(`${file}.txt:${index + 1}: no title of its own`);
      titles.add(title);
      drafts.push({ title, ipv6: preamble.ipv6, needs: [...preamble.needs], steps: [...preamble.steps] });
    } else if (line.startsWith("@")) {
      if (!direct(draft ?? preamble, line)) throw new Error(`${file}.txt:${index + 1}: unknown "${line}"`);
    } else addLine(draft ?? preamble, line, draft === undefined ? "preamble" : "line");
  }
  return drafts.map((draft) => {
    const { steps, ipv6 } = draft;
    if (isGolden) return { file, isGolden, ...draft, steps: steps.map(withGolden) };
    return { file, isGolden, ...draft, steps: steps.flatMap((step) => withVariants(step, steps, ipv6)) };
  });
}

/** Adds to what is expected of the last line: "> " of stdout, "! " of stderr, "? " its status. False when there is no line. */
function expect(steps: Step[], raw: string): boolean {
  const at = steps.findLastIndex(({ kind }) => kind === "run" || kind === "monitor");
  const step = steps[at];
  if (step?.kind !== "run" && step?.kind !== "monitor") return false;
  const golden = { ...(step.golden ?? nothingOf(step)) };
  // A "$" at the end shows blanks before it.
  const text = `${raw.slice(2).replace(/ \$$/, " ")}\n`;
  if (raw.startsWith(">")) golden.stdout += text;
  else if (raw.startsWith("!")) golden.stderr += text;
  else golden.status = Number(text);
  steps[at] = { ...step, golden };
  return true;
}

function withGolden(step: Step): Step {
  return step.kind === "run" || step.kind === "monitor"
    ? { ...step, golden: step.golden ?? nothingOf(step) }
    : step;
}

/** A line that says nothing, and succeeds. */
function nothingOf({ kind }: Step): Golden {
  return { stdout: "", stderr: "", status: kind === "run" ? 0 : undefined };
}

/** A step, and behind it the same line with other options if it is one that shows something. */
function withVariants(step: Step, all: readonly Step[], ipv6: Ipv6): Step[] {
  if (step.kind !== "run" || step.of !== "line") return [step];
  const isCounting = ipv6 !== "on" && !all.some((each) => each.kind === "run" && joinsGroups(each.line));
  const variants = showVariants(step.line, isCounting);
  return [step, ...variants.map((line) => ({ kind: "run", line, of: "variant" }) as const)];
}

/** Whether a line makes a host report groups, some time soon and more than once: who counts frames must not. */
function joinsGroups(line: string): boolean {
  return /\b(a|addr|address)\b.*(::|\bautojoin\b)/.test(line);
}

/** Does what a line that begins with "@" says; false when that is nothing known. */
function direct(draft: Draft, line: string): boolean {
  const [word = "", ...rest] = line.slice(1).split(/\s+/);
  const words = rest.join(" ");
  if (word === "settle" && words === "") draft.steps.push({ kind: "settle" });
  else if (word === "gone" && rest.length === 1) draft.steps.push({ kind: "gone", device: words });
  else if (word === "monitor" && words !== "") draft.steps.push({ kind: "monitor", line: words });
  else if (word === "needs" && words !== "") draft.needs.push(words);
  else if (word === "ipv6" && (words === "on" || words === "off" || words === "quiet")) draft.ipv6 = words;
  else return false;
  return true;
}

function addLine(draft: Draft, line: string, of: "preamble" | "line"): void {
  draft.steps.push({ kind: "run", line, of });
  if (changesCarrier(line)) draft.steps.push({ kind: "settle" });
}

/** Whether the kernel goes on with what a line asks for from a work queue: carriers, IPv6 addresses, a namespace that goes. */
function changesCarrier(line: string): boolean {
  if (!/^(ip|ifconfig|busybox)\b/.test(line) || /\bhelp\b/.test(line)) return false;
  if (/\b(l|link)\b.*\b(set|add)\b/.test(line))
    return /\b(up|down|netns|carrier|master|nomaster)\b/.test(line);
  if (/\bnetns (del|delete)\b|^ifconfig\b.* (up|down)\b/.test(line)) return true;
  return /\b(a|addr|address)\b.*\b(a|add|change|replace|chg|del|delete|d)\b.*:/.test(line);
}
