// `uveth up`: a lab from a file or a shape, in this process or, with --detach, in one of its own, until it is taken down.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { messageOf } from "./changes.ts";
import { askLab, isAnswering, serveLab } from "./control.ts";
import type { LabIo } from "./io.ts";
import type { Lab } from "./lab.ts";
import { createLab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import { loadPlan } from "./load.ts";
import type { LabPlace } from "./place.ts";
import { clearPlace, labPlace, makeLabPlace } from "./place.ts";
import type { LabPlan } from "./plan.ts";
import { declarePlan } from "./plan.ts";
import { planText } from "./plan-text.ts";
import { linksText, nodesText, pingAllText, runLine } from "./prompt.ts";
import { RunningPrograms } from "./running-programs.ts";
import { buildTopology } from "./topology.ts";
import type { LabWords } from "./words.ts";

const EXIT_FAILURE = 1;
/** How often is looked whether a lab of a process of its own is there. */
const lookMs = 20;

/** Brings a lab up, and stays until it ends; with --detach until it is up. */
export async function up(words: LabWords, io: LabIo): Promise<number> {
  const { target, topology, options, test } = words;
  const plan = target === undefined ? undefined : loadPlan(target, io.env);
  if (options.has("--detach")) return detach(await placeOf(words, plan, io), io);
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
    if (test !== undefined) return await testPingAll(lab, plan, words, io);
    return await serve(lab, plan, words, io);
  } finally {
    await lab.close();
  }
}

function seedOf({ env }: LabIo): number | undefined {
  const said = env["UVETH_SEED"];
  if (said === undefined || said === "") return undefined;
  if (!Number.isSafeInteger(Number(said))) throw new LabError(`UVETH_SEED is a whole number, not "${said}"`);
  return Number(said);
}

function dryText(lab: Lab): string {
  const nodes = [...lab.nodes.values()].map(({ name, kind }) => `  ${kind.padEnd(7)} ${name}\n`);
  const links = lab.links.map(({ a, b }) => `  link    ${a.node.name} ── ${b.node.name}\n`);
  return [...nodes, ...links].join("");
}

/** Where the lab is reached: by the name it is given or has in its file, or by its shape's, with a number when there are several. */
async function placeOf(
  { name, topology }: LabWords,
  plan: LabPlan | undefined,
  io: LabIo,
): Promise<LabPlace> {
  const given = name ?? plan?.name;
  if (given !== undefined) return labPlace(given, io.env);
  const shape = (topology ?? "single,2").replaceAll(",", "-");
  for (let number = 1; ; number++) {
    const place = labPlace(number === 1 ? shape : `${shape}.${number}`, io.env);
    if (!(await isAnswering(place.socket))) return place;
  }
}

async function start(
  lab: Lab,
  plan: LabPlan | undefined,
  programs: RunningPrograms,
  { options }: LabWords,
  io: LabIo,
) {
  const isJson = options.has("--json");
  const say = (event: string, more: object, text: string) =>
    isJson ? io.stdout(`${JSON.stringify({ event, atNs: lab.now(), ...more })}\n`) : io.stderr(text);
  for (const note of plan?.notes ?? []) say("note", { note }, `Note: ${note}\n`);
  const began = performance.now();
  await lab.start();
  const tookMs = Math.round(performance.now() - began);
  const counts = { nodes: lab.nodes.size, links: lab.links.length, seed: lab.seed, tookMs };
  say("up", counts, `${counts.nodes} nodes and ${counts.links} links up in ${tookMs} ms, seed ${lab.seed}\n`);
  for (const { name, run } of plan?.nodes ?? []) for (const line of run) await programs.start(name, line);
}

async function testPingAll(lab: Lab, plan: LabPlan | undefined, words: LabWords, io: LabIo): Promise<number> {
  await start(lab, plan, new RunningPrograms(lab), words, io);
  const text = await pingAllText(lab);
  io.stdout(text);
  return /^(\d+) of \1 /.test(text) ? 0 : EXIT_FAILURE;
}

async function serve(lab: Lab, plan: LabPlan | undefined, words: LabWords, io: LabIo): Promise<number> {
  const place = await placeOf(words, plan, io);
  const programs = new RunningPrograms(lab);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const [closed, ready] = [deferred(), deferred()];
  ready.promise.catch(() => {});
  const down = (): Promise<void> => {
    end();
    return closed.promise;
  };
  makeLabPlace(place);
  const server = await serveLab({ lab, programs, place, env: io.env, ready: ready.promise, down });
  let hasBegun = false;
  process.once("SIGTERM", end).once("SIGHUP", end);
  try {
    await start(lab, plan, programs, words, io);
    ready.resolve();
    hasBegun = true;
    if (words.options.has("--serve")) await aborted(ending.signal);
    else await takeLines(lab, words, io, ending.signal);
    return 0;
  } catch (error) {
    ready.reject(error);
    throw error;
  } finally {
    process.off("SIGTERM", end).off("SIGHUP", end);
    await lab.close();
    closed.resolve();
    await server.close();
    // Whoever waits for a lab that could not be brought up reads why.
    if (hasBegun) clearPlace(place);
  }
}

/** Runs line after line until the input ends, `exit`, Ctrl-C, or somebody takes the lab down. */
async function takeLines(lab: Lab, { options }: LabWords, io: LabIo, signal: AbortSignal): Promise<void> {
  if (options.has("--json")) {
    io.stdout(`${JSON.stringify({ event: "nodes", text: nodesText(lab) })}\n`);
    io.stdout(`${JSON.stringify({ event: "links", text: linksText(lab) })}\n`);
  }
  const isTerminal = process.stdin.isTTY;
  const input = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: "uveth> ",
    terminal: isTerminal,
  });
  const close = (): void => input.close();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  input.on("SIGINT", close);
  if (isTerminal) input.prompt();
  for await (const line of input) {
    if (["exit", "quit"].includes(line.trim())) break;
    try {
      io.stdout(await runLine(lab, line));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      io.stderr(`${messageOf(error)}\n`);
    }
    if (isTerminal && !signal.aborted) input.prompt();
  }
  input.close();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

/** Starts this command anew in a process of its own, and waits until the lab is up. */
async function detach(place: LabPlace, io: LabIo): Promise<number> {
  if (await isAnswering(place.socket))
    throw new LabError(`There is a lab "${place.name}" already: uveth down ${place.name}`);
  makeLabPlace(place);
  const [program = "", ...argv] = process.argv.slice(1);
  const log = openSync(place.log, "w", 0o600);
  const own = argv.map((word) => (word === "--detach" || word === "-d" ? "--serve" : word));
  const child = spawn(process.execPath, [program, ...own, `--name=${place.name}`], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  const ended = once(child, "exit");
  while (child.exitCode === null && child.signalCode === null && !(await isAnswering(place.socket)))
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  const isUp = await askLab(place, { op: "status" }).then(
    () => true,
    () => false,
  );
  closeSync(log);
  if (!isUp) await ended;
  io.stderr(readFileSync(place.log, "utf8"));
  if (!isUp) {
    clearPlace(place);
    return child.exitCode ?? EXIT_FAILURE;
  }
  child.unref();
  io.stdout(`${place.name}\n`);
  return 0;
}

/** A promise and how to settle it. */
function deferred() {
  let resolve = (): void => {};
  let reject = (_: unknown): void => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
