// A daemon in a folder of its own, used by commands, and what there is of it in the system.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Use } from "./growth.ts";

const command = fileURLToPath(new URL("../uveth.js", import.meta.url));
/** So long what is about to go may take. */
const patienceMs = 5_000;
const pauseMs = 20;

/** The environment variable by which the processes of a place are told from all others. */
const mark = "UVETH_SOCKET";

/** A daemon's place; the daemon is started by the first command. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "uveth-soak-"));
  readonly #socket = join(this.folder, "daemon.sock");

  /** Runs `uveth` with words; it must end as `expected` says, with 0 or by a signal. Rejects with what it says otherwise. */
  async uveth(words: readonly string[], input = "", expected: 0 | NodeJS.Signals = 0): Promise<void> {
    const env = { ...process.env, [mark]: this.#socket };
    const child = spawn(process.execPath, [command, ...words], { env, stdio: "pipe" });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => {
        text += piece;
      });
    }
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const end = await new Promise((resolve, reject) => {
      child.once("close", (code, signal) => resolve(signal ?? code));
      child.once("error", reject);
    });
    if (end !== expected) throw new Error(`uveth ${words.join(" ")} ended with ${end}: ${text}`);
  }

  /** What the daemon uses now. */
  use(): Use {
    const [pid] = this.#daemons();
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const memoryBytes = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) * 1_024;
    return { memoryBytes, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  }

  /** Ends the daemon, if there is one, as a crash or a user would. */
  async endDaemon(how: "kill" | "stop"): Promise<void> {
    const [pid] = this.#daemons();
    if (pid === undefined) return;
    if (how === "kill") process.kill(pid, "SIGKILL");
    else await this.uveth(["daemon", "stop"]);
    await settle(() => this.#daemons().length === 0);
  }

  /** Waits for what is about to go; says which processes are there beside so many daemons and the maker of holders. */
  async leftovers(daemons: number): Promise<string[]> {
    const left = (): number[] => this.#processes().filter((pid) => !isOfDaemon(pid));
    await settle(() => this.#daemons().length === daemons && (daemons > 0 || this.#processes().length === 0));
    await settle(() => left().length === 0);
    const said = left().map((pid) => `process ${pid} is left over: ${commandLine(pid)}`);
    if (this.#daemons().length !== daemons)
      said.push(`${this.#daemons().length} daemons run in place of ${daemons}`);
    if (daemons === 0)
      said.push(...this.#processes().map((pid) => `process ${pid} is left: ${commandLine(pid)}`));
    return said;
  }

  #daemons(): number[] {
    return this.#processes().filter((pid) => commandLine(pid).startsWith("uveth daemon"));
  }

  /** All processes that were started with this place in their environment, inside of namespaces or not. */
  #processes(): number[] {
    const needle = `${mark}=${this.#socket}\0`;
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && read(`/proc/${pid}/environ`).includes(needle));
  }
}

/** The daemon, and the process that makes its holders; not a holder or a program. */
function isOfDaemon(pid: number): boolean {
  const words = commandLine(pid);
  return words.startsWith("uveth daemon") || (words.includes("uveth-netns serve") && !isFirst(pid));
}

/** Whether a process is the first one of a process id namespace inside of ours. */
function isFirst(pid: number): boolean {
  return (
    (/^NSpid:(.*)$/m
      .exec(read(`/proc/${pid}/status`))?.[1]
      ?.trim()
      .split(/\s+/).length ?? 0) > 1
  );
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

/** The text of a file of a process, which may end meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Waits for a state that comes by itself, or does not. */
async function settle(isSettled: () => boolean): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!isSettled() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
