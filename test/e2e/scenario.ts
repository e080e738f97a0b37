// A run of `ip` command lines against two namespaces that are alike: the system's `ip` in one, ours in the other.
//
//   namespace a [v0]──[v1]   ip …         stdout, stderr, exit code
//   namespace b [v0]──[v1]   run(["ip"…   must be the same, line by line

import { spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { openKernelSocket } from "../../src/attach/node/kernel-netlink.ts";
import type { Libc } from "../../src/attach/node/libc.ts";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { inNetns, openOwnNetns } from "../../src/attach/node/netns.ts";
import type { CommandIo } from "../../src/cli/command.ts";
import { run } from "../../src/cli/command.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";

/** Command lines in the order they are run; each is run in both namespaces, whatever became of the ones before. */
export interface Scenario {
  readonly title: string;
  /** Run by the system's `ip` in both namespaces before; must succeed. */
  readonly setup: readonly string[];
  /** One a line, without `ip`. Double quotes keep words together; what stands behind ` <<< ` is standard input. */
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
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const RECEIVE_BUFFER = 1024 * 1024;

/** The version of the system's `ip`; undefined if there is none. */
export function systemVersion(): string | undefined {
  return /iproute2-([^,\s]*)/.exec(spawnSync("ip", ["-V"], { encoding: "utf8" }).stdout ?? "")?.[1];
}

/** Runs a scenario; returns the lines that differ and how many were run. */
export async function compare({
  setup,
  lines,
}: Scenario): Promise<{ readonly count: number; readonly differences: Difference[] }> {
  const libc = await loadLibc();
  const system = newNetns(libc);
  const ours = newNetns(libc);
  try {
    for (const line of [`link add ${PAIR}`, ...setup]) {
      for (const fd of [system, ours]) prepare(libc, fd, line);
    }
    const differences: Difference[] = [];
    const all = lines.split("\n").filter((line) => line.trim() !== "");
    for (const line of all) {
      const [words, input] = parseLine(line.trim());
      const expected = runSystem(libc, system, words, input);
      const actual = await runOurs(libc, ours, words, input);
      if (!isSame(expected, actual)) differences.push({ line: line.trim(), system: expected, ours: actual });
    }
    return { count: all.length, differences };
  } finally {
    closeSync(system);
    closeSync(ours);
    libc.unshare(CLONE_NEWNET);
  }
}

function newNetns(libc: Libc): number {
  const result = libc.unshare(CLONE_NEWNET);
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot make a network namespace");
  return openOwnNetns();
}

function prepare(libc: Libc, fd: number, line: string): void {
  const { code, stderr } = runSystem(libc, fd, parseLine(line)[0], "");
  if (code !== 0) throw new Error(`ip ${line}: ${stderr}`);
}

/** Cuts a line into words, and standard input, in which `\n` and `\\` stand for a line feed and a backslash. */
function parseLine(line: string): readonly [words: string[], input: string] {
  const [command = "", input = ""] = line.split(" <<< ");
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const text = input.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  return [words.length === 1 && words[0] === "" ? [] : words, text];
}

function runSystem(libc: Libc, fd: number, words: readonly string[], input: string): Outcome {
  const options = { encoding: "utf8", input, env: ENVIRONMENT } as const;
  const { stdout, stderr, status } = inNetns(libc, fd, () => spawnSync("ip", words, options));
  return { stdout: masked(stdout), stderr, code: status };
}

async function runOurs(libc: Libc, fd: number, words: readonly string[], input: string): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const missing = (): NetlinkError => new NetlinkError("ENOENT");
  const io: CommandIo = {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    isTTY: false,
    env: ENVIRONMENT,
    provider: {
      openSocket: async ({ protocol }) =>
        inNetns(libc, fd, () => openKernelSocket(libc, protocol, RECEIVE_BUFFER)),
      openNetns: () => Promise.reject(missing()),
    },
    listNetns: async () => [],
    readFile: (path) => (path === "-" ? Promise.resolve(input) : Promise.reject(missing())),
    createFile: () => Promise.reject(missing()),
    now: () => new Date(0),
    onInterrupt: () => () => {},
  };
  const code = await run(["ip", ...words], io);
  return { stdout: masked(stdout), stderr, code };
}

/** Link-layer addresses that the kernel chose; those that the lines name begin with 02:00:00:00:00. */
function masked(text: string): string {
  return text.replace(/\b(?!02:00:00:00:00|00:00|ff:ff)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, "<random>");
}

function isSame(a: Outcome, b: Outcome): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr && a.code === b.code;
}
