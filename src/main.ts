// The `uveth` command: sends each word to the command of its room, which is loaded when it is asked for.
//
// Exit codes are the commands' own; 255 for a word that is none, 1 when the daemon cannot be had.

import { COMMAND_NAMES, run as runClient } from "./cli/command.ts";
import { NetlinkError } from "./netlink/error.ts";
import { processIo } from "./shell/io.ts";
import { writeStderr, writeStdout } from "./shell/streams.ts";
import { daemonTarget, kernelTarget } from "./shell/target.ts";
import { errnoText } from "./uapi/errno.ts";
import { UVETH_VERSION } from "./uapi/uveth.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 255;

const USAGE = `Usage: uveth [ --kernel ] COMMAND ...
where  COMMAND is one of
  ip          links, addresses, routes, neighbours and namespaces, with the words of iproute2's ip
  bridge      ports, forwarding tables, groups and VLANs of bridges, with the words of iproute2's bridge
  tc          queueing disciplines, classes and filters, with the words of iproute2's tc
  ping        ICMP and ICMPv6 echo requests, with the words of iputils' ping
  attach      a device whose wire leads to a virtual machine, another program's switch, or another machine
  capture     frames as they pass, as text or into a pcapng file
  extcap      what Wireshark asks of a capture source
  ss          sockets of TCP and UDP, with the words of iproute2's ss
  sysctl      settings of a namespace, with the words of procps' sysctl
  run         an unmodified program (ip, tc, ethtool, …) on uveth's machine instead of the kernel
  exec        any program of the system in a namespace, with a network stack of the kernel, without root
  shell       your shell in a namespace, likewise
  up          a lab from a file, or from the shape that --topo names, with a prompt
  down        ends a lab
  apply       makes a lab that runs what its file says now
  events      what happens to a lab: links, faults, programs, dropped frames
  inspect     what a lab's file says
  graph       a lab's file as a drawing, in the words of Mermaid or Graphviz
  daemon      the process that holds the machine: status, stop, restart, logs, run
  doctor      what this system allows, what is missing, and the cure
  completion  completion for bash, zsh or fish
  help        this text
Options: --help | --version | --kernel (work on the live kernel instead of uveth's machine; UVETH_TARGET=kernel)
`;

const words = process.argv.slice(2);
process.exitCode = await main(words).catch((error: unknown) => fail(error));
process.exit();

async function main(argv: readonly string[]): Promise<number> {
  const isKernel = argv[0] === "--kernel";
  const [word, ...rest] = isKernel ? argv.slice(1) : argv;
  if (word === undefined) {
    writeStderr(USAGE);
    return EXIT_USAGE;
  }
  // Wireshark starts what lies in its extcap folder with nothing but options.
  if (argv.some((each) => each.startsWith("--extcap-")) && word.startsWith("--")) {
    return runOnTarget(["extcap", ...argv], false);
  }
  if (COMMAND_NAMES.includes(word))
    return runOnTarget([word, ...rest], isKernel || process.env["UVETH_TARGET"] === "kernel");
  const io = { stdout: writeStdout, stderr: writeStderr, env: process.env };
  switch (word) {
    case "daemon":
      return (await import("./daemon/command.ts")).runDaemonCommand(rest, io);
    case "run":
      return (await import("./shell/run.ts")).runProgram(rest, io);
    case "exec":
      return (await import("./shell/exec.ts")).runExec(rest, io);
    case "shell":
      return (await import("./shell/exec.ts")).runShell(rest, io);
    case "up":
    case "down":
    case "apply":
    case "events":
    case "inspect":
    case "graph":
      return (await import("./lab/command.ts")).runLabCommand(word, rest, io);
    case "doctor":
      return (await import("./shell/doctor.ts")).runDoctor(rest, io);
    case "completion":
      return (await import("./shell/completion.ts")).runCompletion(rest, io);
    case "help":
    case "--help":
    case "-h":
      writeStdout(USAGE);
      return 0;
    case "version":
    case "--version":
    case "-V":
      writeStdout(`uveth ${UVETH_VERSION}\n`);
      return 0;
    default:
      writeStderr(`Command "${word}" is unknown, try "uveth help".\n`);
      return EXIT_USAGE;
  }
}

/** Runs a command of the room `cli` on the daemon's machine or on the kernel. */
async function runOnTarget(argv: readonly string[], isKernel: boolean): Promise<number> {
  const target = isKernel ? kernelTarget() : daemonTarget(writeStderr);
  try {
    return await runClient(argv, processIo(target, isKernel ? undefined : runProgram));
  } finally {
    target.close();
  }
}

/** Runs a program of the system in a namespace of the daemon's machine. */
async function runProgram(netns: string, command: readonly string[]): Promise<number> {
  const { runIn } = await import("./shell/exec.ts");
  return runIn(netns, command, { stdout: writeStdout, stderr: writeStderr, env: process.env });
}

/** Says what ended the command: a sentence for what can happen, the stack for what cannot. */
function fail(error: unknown): number {
  writeStderr(`uveth: ${sentenceOf(error)}\n`);
  return EXIT_FAILURE;
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NetlinkError && error.message === "") return errnoText(-error.errno);
  return "code" in error ? error.message : (error.stack ?? error.message);
}
