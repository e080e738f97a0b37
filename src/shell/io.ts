// What a command gets of the process: its standard streams, files, environment, Ctrl-C, and a way to a machine, which is
// taken only when the command asks for it, so that `ip link help` starts no daemon.

import { closeSync, openSync, readFileSync, realpathSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { CommandIo, OutputFile } from "../cli/command.ts";
import { writeStderr, writeStdout, writeStdoutBytes } from "./streams.ts";
import type { Target } from "./target.ts";

const STDIN = 0;
const STDOUT = 1;

/** The world of a command that works on `target`, with the programs of the system if they can run there. */
export function processIo(target: Target, runProgram?: CommandIo["runProgram"]): CommandIo {
  return {
    runProgram,
    isOwnProgram,
    stdout: writeStdout,
    stderr: writeStderr,
    get isTTY() {
      return isatty(STDOUT);
    },
    env: process.env,
    cwd: process.cwd(),
    provider: target,
    listNetns: () => target.listNetns(),
    readFile: async (path) => readFileSync(path === "-" ? STDIN : path, "utf8"),
    createFile: openOutput,
    now: () => new Date(),
    onInterrupt(listener) {
      const signals = ["SIGINT", "SIGTERM"] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}

/** Whether a path leads to the file that was started as this process; links are followed. */
function isOwnProgram(program: string): boolean {
  const own = process.argv[1];
  if (own === undefined || !program.includes("/")) return false;
  try {
    return realpathSync(program) === realpathSync(own);
  } catch {
    return false;
  }
}

async function openOutput(path: string): Promise<OutputFile> {
  if (path === "-") return standardOutput();
  if (path.startsWith("tcp://")) return (await import("./pcap-over-ip.ts")).servePcap(path);
  return createFile(path);
}

function standardOutput(): OutputFile {
  return { write: writeStdoutBytes, close: async () => {} };
}

function createFile(path: string): OutputFile {
  const fd = openSync(path, "w");
  let failure: unknown;
  return {
    write(bytes) {
      if (failure !== undefined) return;
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      } catch (error) {
        failure = error;
      }
    },
    async close() {
      closeSync(fd);
      if (failure !== undefined) throw failure;
    },
  };
}
