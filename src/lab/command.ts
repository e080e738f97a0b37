// `uveth up`, `down`, `apply`, `events`, `inspect` and `graph`: labs from files and from the shapes that --topo names.
//
// A lab lives in the process that brings it up: Ctrl-C, the end of its input, `exit` or `uveth down` takes it down, and nothing is
// left. Exit codes: 0, 1 for what went wrong (a pingall without all answers too), 255 for wrong words.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { askLab, isAnswering } from "./control.ts";
import { toDot, toMermaid } from "./graph.ts";
import { helpOf, wrongWords } from "./help.ts";
import type { LabIo } from "./io.ts";
import { LabError } from "./lab-error.ts";
import { loadPlan } from "./load.ts";
import type { LabPlace } from "./place.ts";
import { labNames, labPlace } from "./place.ts";
import { planText } from "./plan-text.ts";
import { up } from "./up.ts";
import type { LabWords } from "./words.ts";
import { parseLabWords } from "./words.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 255;
const nsPerMs = 1_000_000;

/** Runs `uveth up`, `down`, `apply`, `events`, `inspect` or `graph`. */
export async function runLabCommand(command: string, argv: readonly string[], io: LabIo): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h" || word === "help")) {
    io.stdout(helpOf(command));
    return 0;
  }
  const words = parseLabWords(command, argv);
  if (typeof words === "string") {
    io.stderr(wrongWords(command, words));
    return EXIT_USAGE;
  }
  if (["apply", "inspect", "graph"].includes(command) && words.target === undefined) {
    io.stderr(wrongWords(command, "A lab's file is missing"));
    return EXIT_USAGE;
  }
  try {
    return await run(command, words, io);
  } catch (error) {
    if (!(error instanceof LabError) && !(error instanceof RangeError)) throw error;
    io.stderr(`${error.message}\n`);
    return EXIT_FAILURE;
  }
}

async function run(command: string, words: LabWords, io: LabIo): Promise<number> {
  const { target = "", options } = words;
  switch (command) {
    case "up":
      return up(words, io);
    case "down":
      return down(words, io);
    case "apply":
      return apply(target, words, io);
    case "events":
      return events(words, io);
    case "graph":
      io.stdout(options.has("--dot") ? toDot(loadPlan(target, io.env)) : toMermaid(loadPlan(target, io.env)));
      return 0;
    default:
      io.stdout(inspectText(target, options, io));
      return 0;
  }
}

function inspectText(path: string, options: ReadonlySet<string>, io: LabIo): string {
  const plan = loadPlan(path, io.env);
  return options.has("--json") ? `${JSON.stringify(plan)}\n` : planText(plan);
}

async function down(words: LabWords, io: LabIo): Promise<number> {
  const all = words.options.has("--all");
  const places = all ? await runningPlaces(io) : [await placeOf(words.target, io)];
  for (const place of places) await askLab(place, { op: "down" });
  return 0;
}

async function apply(path: string, { name, options }: LabWords, io: LabIo): Promise<number> {
  const plan = loadPlan(path, io.env);
  for (const note of plan.notes) io.stderr(`Note: ${note}\n`);
  const isJson = options.has("--json");
  let count = 0;
  const request = { op: "apply", path: resolve(path), isDryRun: options.has("--dry-run") };
  await askLab(labPlace(name ?? plan.name, io.env), request, (line) => {
    count++;
    io.stdout(isJson ? `${JSON.stringify(line)}\n` : `${String(line["change"])}\n`);
  });
  if (!isJson)
    io.stderr(count === 0 ? "Nothing differs\n" : request.isDryRun ? "" : `${count} changes made\n`);
  return 0;
}

async function events({ target, options }: LabWords, io: LabIo): Promise<number> {
  const place = await placeOf(target, io);
  await askLab(place, { op: "events" }, (line) => {
    io.stdout(options.has("--json") ? `${JSON.stringify(line)}\n` : eventText(line));
  });
  return 0;
}

function eventText({
  event,
  atNs,
  node,
  dev,
  reason,
  text,
  count,
}: Readonly<Record<string, unknown>>): string {
  const time = (Number(atNs) / nsPerMs).toFixed(3).padStart(14);
  const where = event === "drop" ? `${node}/${dev} ${reason}: ` : "";
  return `${time} ms  ${String(event).padEnd(8)} ${where}${text ?? `${count} events were not read in time`}\n`;
}

/** The lab that is meant: by its name, by its file, or the only one there is. */
async function placeOf(target: string | undefined, io: LabIo): Promise<LabPlace> {
  if (target !== undefined)
    return labPlace(existsSync(target) ? loadPlan(target, io.env).name : target, io.env);
  const places = await runningPlaces(io);
  const [only, ...more] = places;
  if (only === undefined) throw new LabError("There is no lab running: uveth up --detach FILE");
  if (more.length === 0) return only;
  throw new LabError(`There are several labs: ${places.map(({ name }) => name).join(", ")}; name one`);
}

async function runningPlaces(io: LabIo): Promise<LabPlace[]> {
  const running: LabPlace[] = [];
  for (const name of labNames(io.env)) {
    const place = labPlace(name, io.env);
    if (await isAnswering(place.socket)) running.push(place);
  }
  return running;
}
