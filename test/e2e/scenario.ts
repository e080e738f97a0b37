// A run of `ip` (or `tc`) command lines in two namespaces that are alike: the system's `ip` in one, ours in the other, which is the
// live kernel's too or a machine's.
//
//   namespace a [v0]──[v1]   ip …         stdout, stderr, exit code
//   namespace b [v0]──[v1]   run(["ip"…   must be the same, line by line

import { spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { openKernelSocket } from "../../src/attach/node/kernel-netlink.ts";
import type { Libc } from "../../src/attach/node/libc.ts";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { inNetns } from "../../src/attach/node/netns.ts";
import type { CommandIo } from "../../src/cli/command.ts";
import { run } from "../../src/cli/command.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import type { NetlinkProvider } from "../../src/netlink/transport.ts";
import { createTestMachine } from "../../src/testkit/index.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { newKernelNetns } from "../kernel-netns.ts";

/** Command lines in the order they are run; each is run in both namespaces, whatever became of the ones before. */
export interface Scenario {
  readonly title: string;
  /** Run by the system's `ip` in both namespaces before; must succeed. */
  readonly setup: readonly string[];
  /** What the lines are words of; `ip` by default. */
  readonly program?: "ip" | "bridge" | "tc";
  /** Lines whose answers come in the order of a hash with a random key: compared without their order. */
  readonly unordered?: RegExp;
  /** One a line, without the program's name. Double quotes keep words together; what stands behind ` <<< ` is standard input. */
  readonly lines: string;
}

/** What a command line did. */
interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** A line that did something else with us than with the system's `ip`. */
export interface Difference {
  readonly line: string;
  readonly system: Outcome;
  readonly ours: Outcome;
}

const PAIR =
  "v0 index 10 address 02:00:00:00:00:10 type veth peer name v1 index 11 address 02:00:00:00:00:11";
/** What `ip` and ours are run with. */
export const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const RECEIVE_BUFFER = 1024 * 1024;

/** The version of the system's `ip`; undefined if there is none. */
export function systemVersion(): string | undefined {
  return /iproute2-([^,\s]*)/.exec(spawnSync("ip", ["-V"], { encoding: "utf8" }).stdout ?? "")?.[1];
}

/** A namespace in which one of the two runs its lines. */
interface Place {
  run(words: readonly string[], input: string, program?: string): Promise<Outcome>;
  close(): void;
}

/** How often the kernel is asked before what it says counts as another answer. */
const KERNEL_RUNS = 3;

/**
 * Runs a scenario, ours on the live kernel or on a machine; returns the lines that differ. The kernel does things by itself
 * meanwhile (reports, probes), so it has several runs, each in a new namespace, and one must say all that ours says. A
 * machine does not, and has one.
 */
export async function compare(scenario: Scenario, where: "kernel" | "machine"): Promise<Difference[]> {
  const libc = await loadLibc();
  let ours = where === "machine" ? await outcomes(scenario, machinePlace()) : undefined;
  try {
    for (let run = 1; ; run++) {
      const system = await outcomes(scenario, await systemPlace(libc));
      if (where === "kernel") ours = await outcomes(scenario, await kernelPlace(libc));
      const differences = differing(scenario, system, ours ?? []);
      if (differences.length === 0 || run === KERNEL_RUNS) return differences;
    }
  } finally {
    libc.unshare(CLONE_NEWNET);
  }
}

/** What the lines did in `place`, which is closed. */
async function outcomes({ setup, lines, program }: Scenario, place: Place): Promise<Outcome[]> {
  try {
    for (const line of [`link add ${PAIR}`, ...setup]) await prepare(place, line);
    const all: Outcome[] = [];
    for (const line of linesOf(lines)) all.push(await place.run(...parseLine(line), program));
    return all;
  } finally {
    place.close();
  }
}

function differing(
  { lines, unordered }: Scenario,
  system: readonly Outcome[],
  ours: readonly Outcome[],
): Difference[] {
  return linesOf(lines).flatMap((line, index) => {
    const [one, other] = [system[index], ours[index]];
    if (one === undefined || other === undefined) throw new Error(`${line} was not run`);
    const seen = unordered?.test(line) === true ? inOrder : (same: Outcome) => same;
    return isSame(seen(one), seen(other)) ? [] : [{ line, system: one, ours: other }];
  });
}

function linesOf(lines: string): string[] {
  return lines.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

async function prepare(place: Place, line: string): Promise<void> {
  const { code, stderr } = await place.run(...parseLine(line));
  if (code !== 0) throw new Error(`ip ${line}: ${stderr}`);
}

/** Cuts a line into words, and standard input, in which `\n` and `\\` stand for a line feed and a backslash. */
function parseLine(line: string): readonly [words: string[], input: string] {
  const [command = "", input = ""] = line.split(" <<< ");
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const text = input.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  return [words.length === 1 && words[0] === "" ? [] : words, text];
}

/** The system's `ip` in a namespace of its own. */
async function systemPlace(libc: Libc): Promise<Place> {
  const fd = await newKernelNetns(libc);
  return {
    async run(words, input, program = "ip") {
      const options = { encoding: "utf8", input, env: ENVIRONMENT } as const;
      const { stdout, stderr, status } = inNetns(libc, fd, () => spawnSync(program, words, options));
      return { stdout: masked(stdout), stderr, code: status };
    },
    close: () => closeSync(fd),
  };
}

/** Ours in a namespace of the live kernel. */
async function kernelPlace(libc: Libc): Promise<Place> {
  const fd = await newKernelNetns(libc);
  const provider = kernelProvider(libc, fd);
  return {
    run: (words, input, program) => runOurs(provider, words, input, program),
    close: () => closeSync(fd),
  };
}

/** Sockets in the namespace `fd`; no namespace has a name. */
export function kernelProvider(libc: Libc, fd: number): NetlinkProvider {
  return {
    openSocket: async ({ protocol }) =>
      inNetns(libc, fd, () => openKernelSocket(libc, protocol, RECEIVE_BUFFER)),
    openNetns: () => Promise.reject(new NetlinkError("ENOENT")),
  };
}

/** Ours on a machine with as many processors as this system. */
function machinePlace(): Place {
  const { machine } = createTestMachine({ possibleCpus: availableParallelism() });
  return {
    run: (words, input, program) => runOurs(machine, words, input, program),
    close: () => machine.close(),
  };
}

async function runOurs(
  provider: NetlinkProvider,
  words: readonly string[],
  input: string,
  program = "ip",
): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const io: CommandIo = {
    ...quietIo(provider),
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    readFile: (path) => (path === "-" ? Promise.resolve(input) : Promise.reject(new NetlinkError("ENOENT"))),
  };
  const code = await run([program, ...words], io);
  return { stdout: masked(stdout), stderr, code };
}

/** A world without files, names of namespaces, a terminal, an audience. */
export function quietIo(provider: NetlinkProvider): CommandIo {
  return {
    stdout: () => {},
    stderr: () => {},
    isTTY: false,
    env: ENVIRONMENT,
    provider,
    listNetns: async () => [],
    readFile: () => Promise.reject(new NetlinkError("ENOENT")),
    createFile: () => Promise.reject(new NetlinkError("ENOENT")),
    now: () => new Date(0),
    onInterrupt: () => () => {},
  };
}

/**
 * Masks what no two runs have in common: link-layer addresses that the kernel chose (those that the lines name begin with
 * 02:00:00:00:00), how long ago a neighbour or a bucket was used or until when a route lasts, and handles of disciplines, which are
 * counted for the whole system and begin at 8001.
 */
function masked(text: string): string {
  return text
    .replace(/\b(?!02:00:00:00:00|00:00|ff:ff)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, "<random>")
    .replace(/ used \d+\/\d+\/\d+/g, " used <ages>")
    .replace(/ used \d+\/\d+ /g, " used <ages> ")
    .replace(/(\bidle_time |"idle_time":\s?)[\d.]+/g, "$1<time>")
    .replace(/ +\d+\.\d\d/g, " <time>")
    .replace(/"timer":( ?)" *\d+\.\d\d"/g, '"timer":$1<time>')
    .replace(/\bexpires \d+sec/g, "expires <time>")
    .replace(
      /(\bqdisc \S+ |"handle":\s?"|\bparent )[89a-f][0-9a-f]{3}:(\[[89a-f][0-9a-f]{7}\])?/g,
      "$1<next>:",
    )
    .replace(/"(used|confirmed|updated|expires)":( ?)\d+/g, '"$1":$2<time>');
}

/** An outcome with its lines, or the elements of its JSON, in the order of the alphabet. */
function inOrder(outcome: Outcome): Outcome {
  const { stdout } = outcome;
  const text = stdout.startsWith("[")
    ? JSON.stringify(sorted(JSON.parse(stdout)))
    : stdout.split("\n").toSorted().join("\n");
  return { ...outcome, stdout: text };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => JSON.stringify(sorted(each))).toSorted();
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, sorted(each)]));
}

function isSame(a: Outcome, b: Outcome): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr && a.code === b.code;
}
