// `uveth up`, `uveth inspect` and `uveth graph`: labs from files and from the shapes that --topo names.
//
// A lab lives in the process that brings it up: Ctrl-C, the end of its input or `exit` takes it down, and nothing is left.
// Exit codes: 0, 1 for what went wrong (a pingall without all answers too), 255 for wrong words.

import { createInterface } from "node:readline";
import { toDot, toMermaid } from "./graph.ts";
import type { Lab } from "./lab.ts";
import { createLab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import { loadPlan } from "./load.ts";
import type { LabPlan } from "./plan.ts";
import { declarePlan, startPrograms } from "./plan.ts";
import { linksText, nodesText, pingAllText, runLine } from "./prompt.ts";
import { buildTopology } from "./topology.ts";

/** What the command needs of the process. */
export interface LabIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 255;

const USAGE = `Usage: uveth up [ FILE | FOLDER | --topo TOPOLOGY ] [ --seed N ] [ --no-ipv6 ] [ --test pingall ] [ --dry-run ] [ --json ]
       uveth inspect { FILE | FOLDER } [ --json ]
       uveth graph { FILE | FOLDER } [ --mermaid | --dot ]

Brings a lab up and takes lines from standard input: "h1 ping h2", "pingall", "netem h1-s1 delay=50ms", "help". The lab ends with
the command. FILE is a lab's YAML file or one of containerlab's, FOLDER one of Kathará's; what of it cannot be followed is said.
  --topo      minimal, single,K, linear,K,N, tree,DEPTH,FANOUT, torus,X,Y or mesh,K; single,2 without a file
  --test      does this and ends: pingall
  --dry-run   says what would be made
  --json      events, one object a line
Not yet: uveth down and uveth apply, for labs that outlive the command.
`;

interface Words {
  readonly path: string | undefined;
  readonly topology: string | undefined;
  readonly seed: number | undefined;
  readonly options: ReadonlySet<string>;
  readonly test: string | undefined;
}

/** Runs `uveth up`, `inspect` or `graph`. */
export async function runLabCommand(command: string, argv: readonly string[], io: LabIo): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h" || word === "help")) {
    io.stdout(USAGE);
    return 0;
  }
  const words = parseWords(argv);
  if (words === undefined || (command !== "up" && words.path === undefined)) {
    io.stderr(USAGE);
    return EXIT_USAGE;
  }
  try {
    if (command === "graph") return graph(words, io);
    return command === "inspect" ? inspect(words, io) : await up(words, io);
  } catch (error) {
    if (!(error instanceof LabError) && !(error instanceof RangeError)) throw error;
    io.stderr(`${error.message}\n`);
    return EXIT_FAILURE;
  }
}

function parseWords(argv: readonly string[]): Words | undefined {
  const options = new Set<string>();
  let path: string | undefined;
  let topology: string | undefined;
  let seed: number | undefined;
  let test: string | undefined;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--topo") topology = argv[++at] ?? "";
    else if (word === "--seed") seed = Number(argv[++at]);
    else if (word === "--test") test = argv[++at] ?? "";
    else if (["--dry-run", "--json", "--no-ipv6", "--mermaid", "--dot"].includes(word)) options.add(word);
    else if (word.startsWith("-") || path !== undefined) return undefined;
    else path = word;
  }
  if (Number.isNaN(seed) || (test !== undefined && test !== "pingall") || topology === "") return undefined;
  return { path, topology, seed, options, test };
}

function graph({ path = "", options }: Words, io: LabIo): number {
  const plan = loadPlan(path, io.env);
  io.stdout(options.has("--dot") ? toDot(plan) : toMermaid(plan));
  return 0;
}

function inspect({ path = "", options }: Words, io: LabIo): number {
  const plan = loadPlan(path, io.env);
  if (options.has("--json")) io.stdout(`${JSON.stringify(plan)}\n`);
  else io.stdout(planText(plan));
  return 0;
}

function planText({ name, nodes, links, notes }: LabPlan): string {
  const lines = [`lab ${name}: ${nodes.length} nodes, ${links.length} links`];
  for (const node of nodes)
    lines.push(
      `  ${node.kind.padEnd(7)} ${node.name}${node.run.length > 0 ? ` (${node.run.length} to run)` : ""}`,
    );
  for (const { a, b, options } of links) {
    const said = Object.keys(options).length === 0 ? "" : ` ${JSON.stringify(options)}`;
    lines.push(`  link    ${a} ── ${b}${said}`);
  }
  for (const note of notes) lines.push(`  note: ${note}`);
  return `${lines.join("\n")}\n`;
}

async function up(words: Words, io: LabIo): Promise<number> {
  const { path, topology, options, test } = words;
  const plan = path === undefined ? undefined : loadPlan(path, io.env);
  const seed = words.seed ?? seedOf(io) ?? plan?.seed;
  const ipv6 = options.has("--no-ipv6") ? false : plan?.ipv6;
  const lab = createLab({ ...(seed === undefined ? {} : { seed }), ...(ipv6 === undefined ? {} : { ipv6 }) });
  try {
    if (plan !== undefined) declarePlan(lab, plan);
    if (topology !== undefined || plan === undefined) buildTopology(lab, topology ?? "single,2");
    if (options.has("--dry-run")) {
      io.stdout(plan === undefined ? dryText(lab) : planText(plan));
      return 0;
    }
    return await run(lab, plan, words, io, test);
  } finally {
    await lab.close();
  }
}

function seedOf({ env }: LabIo): number | undefined {
  const said = env["UVETH_SEED"];
  return said === undefined || said === "" ? undefined : Number(said);
}

function dryText(lab: Lab): string {
  const nodes = [...lab.nodes.values()].map(({ name, kind }) => `  ${kind.padEnd(7)} ${name}\n`);
  const links = lab.links.map(({ a, b }) => `  link    ${a.node.name} ── ${b.node.name}\n`);
  return [...nodes, ...links].join("");
}

async function run(
  lab: Lab,
  plan: LabPlan | undefined,
  { options }: Words,
  io: LabIo,
  test: string | undefined,
): Promise<number> {
  const isJson = options.has("--json");
  const say = (event: string, more: object, text: string) =>
    isJson ? io.stdout(`${JSON.stringify({ event, atNs: lab.now(), ...more })}\n`) : io.stderr(text);
  for (const note of plan?.notes ?? []) say("note", { note }, `Note: ${note}\n`);
  const began = performance.now();
  await lab.start();
  const tookMs = Math.round(performance.now() - began);
  const counts = { nodes: lab.nodes.size, links: lab.links.length, seed: lab.seed, tookMs };
  say("up", counts, `${counts.nodes} nodes and ${counts.links} links up in ${tookMs} ms, seed ${lab.seed}\n`);
  if (plan !== undefined) await startPrograms(lab, plan);
  if (test === "pingall") {
    const text = await pingAllText(lab);
    io.stdout(text);
    return /^(\d+) of \1 /.test(text) ? 0 : EXIT_FAILURE;
  }
  if (isJson) {
    io.stdout(`${JSON.stringify({ event: "nodes", text: nodesText(lab) })}\n`);
    io.stdout(`${JSON.stringify({ event: "links", text: linksText(lab) })}\n`);
  }
  await takeLines(lab, io);
  return 0;
}

/** Runs line after line until the input ends, `exit`, or Ctrl-C. */
async function takeLines(lab: Lab, io: LabIo): Promise<void> {
  const input = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: "uveth> ",
    terminal: process.stdin.isTTY,
  });
  input.on("SIGINT", () => input.close());
  if (process.stdin.isTTY) input.prompt();
  for await (const line of input) {
    if (["exit", "quit"].includes(line.trim())) break;
    try {
      io.stdout(await runLine(lab, line));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      io.stderr(`${error.message === "" && "code" in error ? String(error.code) : error.message}\n`);
    }
    if (process.stdin.isTTY) input.prompt();
  }
  input.close();
}
