// `uveth up`, `down`, `apply`, `events`, `inspect` and `graph`: labs from files and from the shapes that --topo names.
//
// A lab lives in the process that brings it up: Ctrl-C, the end of its input, `exit` or `uveth down` takes it down, and nothing is
// left. Exit codes: 0, 1 for what went wrong (a pingall without all answers too), 255 for wrong words.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { askLab, isAnswering } from "./control.ts";
import { toDot, toMermaid } from "./graph.ts";
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

const USAGE = `Usage: uveth up [ FILE | FOLDER | --topo TOPOLOGY ] [ --detach ] [ --name NAME ] [ --seed N ] [ --no-ipv6 ]
                [ --test pingall ] [ --dry-run ] [ --json ]
       uveth down [ NAME | FILE | --all ]
       uveth apply FILE [ --name NAME ] [ --dry-run ] [ --json ]
       uveth events [ NAME | FILE ] [ --json ]
       uveth inspect { FILE | FOLDER } [ --json ]
       uveth graph { FILE | FOLDER } [ --mermaid | --dot ]

up brings a lab up and takes lines from standard input: "h1 ping h2", "pingall", "netem h1-s1 delay=50ms", "help". The lab ends with
the command, or by "uveth down". FILE is a lab's YAML file or one of containerlab's, FOLDER one of Kathará's; what of it cannot be
followed is said.
  --topo      minimal, single,K, linear,K,N, tree,DEPTH,FANOUT, torus,X,Y or mesh,K; single,2 without a file
  --detach    leaves the lab in a process of its own and says its name; what programs write is in a log beside its socket
  --name      what the lab is called, in place of the name in its file
  --test      does this and ends: pingall
  --dry-run   says what would be made
  --json      events, one object a line
apply makes what differs between the lab that runs and its file as the file says: nodes, links, faults, programs; "-" goes, "+"
comes, "~" changes. Nothing else is disturbed. When a step is refused, those before it are taken back. Partitions stay.
events tells of links, faults, programs and dropped frames as they happen; schemas/events.schema.json says what --json prints.
Without a name, down and events mean the one lab that runs.
`;

/** Runs `uveth up`, `down`, `apply`, `events`, `inspect` or `graph`. */
export async function runLabCommand(command: string, argv: readonly string[], io: LabIo): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h" || word === "help")) {
    io.stdout(USAGE);
    return 0;
  }
  const words = parseLabWords(command, argv);
  if (typeof words === "string") {
    io.stderr(`${words}\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (["apply", "inspect", "graph"].includes(command) && words.target === undefined) {
    io.stderr(USAGE);
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
