// `uveth exec` and `uveth shell`: become the program they are asked to start, in a namespace of the daemon's machine that has a
// network stack of the kernel for it.
//
// Exit codes: the program's own, or its signal; 127 when it cannot be found, 126 when it cannot be run, 1 without daemon,
// namespace or the right to make one, 255 for wrong words.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { becomeProgram } from "../attach/node/become-program.ts";
import { netnsProgram } from "../attach/node/native/program.ts";
import type { NativeAnswer } from "../client/uveth.ts";
import { connectDaemon } from "../daemon/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { errnoText } from "../uapi/errno.ts";
import { openUveth } from "./open-uveth.ts";

/** What the commands need of the process. */
export interface ExecIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const EXEC_USAGE = `Usage: uveth exec [ -d ] [ --map-auto ] NETNS [ -- ] COMMAND [ ARGUMENTS ]

Runs any program of the system in a namespace of the daemon's machine, without root. The first one makes the namespace native:
its links appear in a namespace of the kernel, and its addresses, routes, neighbours and rules move there; it stays so until it
is deleted. Links are uveth's from then on and the rest is the kernel's; "uveth ip -n NETNS" and "ip" inside see the same.
  -d, --detach  do not wait for the program; it ends with the namespace, or with the daemon
  --map-auto    as root, with the subordinate ids of /etc/subuid as the other users, for daemons that change their user

Programs run as yourself, may change the network of the namespace, and see its processes alone. /etc/hosts names the hosts of the
machine. Everything that runs in native namespaces ends with the daemon. "uveth doctor" says what the system forbids.
`;

const SHELL_USAGE = `Usage: uveth shell [ --map-auto ] NETNS

Opens your shell ($SHELL) in a namespace of the daemon's machine, as "uveth exec NETNS" does with any program.
`;

const EXIT_FAILURE = 1;
const EXIT_CANNOT_RUN = 126;
const EXIT_NOT_FOUND = 127;
const EXIT_USAGE = 255;
/** What a shell adds to the number of the signal that ended a program. */
const SIGNALLED = 128;

interface Words {
  readonly isDetached: boolean;
  readonly mapsRange: boolean;
  readonly netns: string;
  readonly command: readonly string[];
}

/** Runs `uveth exec` with the words behind it. Returns only when the program could not be started. */
export async function runExec(argv: readonly string[], io: ExecIo): Promise<number> {
  if (isHelp(argv[0])) return help(EXEC_USAGE, io);
  const words = parseWords(argv);
  if (words === undefined || words.command.length === 0) return wrong(EXEC_USAGE, io);
  return enter(words, io.env, io);
}

/** Runs `uveth shell` with the words behind it. */
export async function runShell(argv: readonly string[], io: ExecIo): Promise<number> {
  if (isHelp(argv[0])) return help(SHELL_USAGE, io);
  const words = parseWords(argv);
  if (words === undefined || words.command.length > 0 || words.isDetached) return wrong(SHELL_USAGE, io);
  const { netns } = words;
  const shell = io.env["SHELL"] ?? "";
  // Debian's shells show the last of them before the prompt.
  const env = { ...io.env, UVETH_NETNS: netns, debian_chroot: netns };
  return enter({ ...words, command: [shell === "" ? "/bin/sh" : shell] }, env, io);
}

/** Runs a program in the namespace `netns` beside this process, and resolves with its exit code (`ip netns exec`). */
export async function runIn(netns: string, command: readonly string[], io: ExecIo): Promise<number> {
  const native = await makeNative(netns, false, io);
  if (native === undefined) return EXIT_FAILURE;
  const words = ["exec", String(native.pid), "--", ...command];
  const child = spawn(netnsProgram(), words, { stdio: "inherit" });
  // The terminal tells the program itself.
  const handOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => {};
  process.on("SIGTERM", handOn).on("SIGHUP", handOn).on("SIGINT", ignore).on("SIGQUIT", ignore);
  const [code, signal]: [number | null, NodeJS.Signals | null] = await new Promise((resolve, reject) => {
    child.once("exit", (...end) => resolve(end));
    child.once("error", reject);
  });
  return code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal]);
}

function parseWords(argv: readonly string[]): Words | undefined {
  let isDetached = false;
  let mapsRange = false;
  let at = 0;
  for (; argv[at]?.startsWith("-") === true; at++) {
    const word = argv[at];
    if (word === "-d" || word === "--detach") isDetached = true;
    else if (word === "--map-auto") mapsRange = true;
    else return undefined;
  }
  const [netns = "", ...rest] = argv.slice(at);
  if (netns === "") return undefined;
  return { isDetached, mapsRange, netns, command: rest[0] === "--" ? rest.slice(1) : rest };
}

async function enter(words: Words, env: ExecIo["env"], io: ExecIo): Promise<number> {
  const { isDetached, mapsRange, netns, command } = words;
  const native = await makeNative(netns, mapsRange, io);
  if (native === undefined) return EXIT_FAILURE;
  if (native.warning !== "") io.stderr(`${native.warning}\n`);
  const options = [...(isDetached ? ["-d"] : []), ...(mapsRange ? ["-r"] : [])];
  const program = [netnsProgram(), "exec", String(native.pid), ...options, "--", ...command];
  const failed = await becomeProgram({ command: program, env, descriptors: [] });
  io.stderr(`Cannot run "${program[0]}": ${errnoText(-failed)}\n`);
  return failed === NetlinkError.fromErrno(-2).errno ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/** Asks the daemon for the namespace; undefined when it cannot be had, which has been said then. */
async function makeNative(netns: string, mapsRange: boolean, io: ExecIo): Promise<NativeAnswer | undefined> {
  const client = await connectDaemon({ env: io.env });
  try {
    return await (await openUveth(client)).makeNative(netns, mapsRange);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const isAbsent = error.code === "ENOENT" && error.message === "";
    const why = error.message === "" ? errnoText(-error.errno) : error.message;
    io.stderr(isAbsent ? `Cannot open network namespace "${netns}": ${why}\n` : `${why}\n`);
    return undefined;
  } finally {
    client.close();
  }
}

function isHelp(word: string | undefined): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

function help(usage: string, io: ExecIo): number {
  io.stdout(usage);
  return 0;
}

function wrong(usage: string, io: ExecIo): number {
  io.stderr(usage);
  return EXIT_USAGE;
}
