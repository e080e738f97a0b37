// What end-to-end tests of the command are given: a private place for a daemon, the command as a shell would run it, and
// a check that nothing is left of either: no process, no socket, no lock.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect, vi } from "vitest";

/** The built command, which `npm test` makes before the tests run. */
export const COMMAND = fileURLToPath(new URL("../../dist/uveth.js", import.meta.url));

/** What a command left behind it. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A private place. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "uveth-e2e-"));
  readonly socket = join(this.folder, "daemon.sock");
  readonly log = join(this.folder, "daemon.log");
  /** The environment of every command of this place. */
  env: Record<string, string | undefined> = { ...process.env, UVETH_SOCKET: this.socket };

  /** Runs `uveth` with these words, and waits for its end. */
  uveth(...words: readonly string[]): Promise<Run> {
    return this.start(COMMAND, words);
  }

  /** Runs a script of Node's. */
  async start(script: string, words: readonly string[] = []): Promise<Run> {
    const child = spawn(process.execPath, [script, ...words], {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    await once(child, "close");
    return { code: child.exitCode, stdout, stderr };
  }

  /** Runs `uveth`, which must succeed and say nothing on standard error; returns what it said. */
  async ok(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.uveth(...words);
    expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: "" });
    return stdout;
  }

  async status(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.uveth("daemon", "status", "--json")).stdout);
  }

  /** Processes that were started for this place and have not ended. */
  processes(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => isAlive(pid) && read(`/proc/${pid}/environ`).includes(`UVETH_SOCKET=${this.socket}\0`))
      .map(Number);
  }

  /** Resolves when no process of this place is left. */
  async ended(): Promise<void> {
    // Not expect.poll, which does not know its test where several run at a time.
    await vi.waitFor(() => expect(this.processes()).toEqual([]), 10_000);
  }

  /** Ends the daemon if there is one, and checks that nothing but its log is left. */
  async close(): Promise<void> {
    await this.uveth("daemon", "stop");
    await this.ended();
    expect(readdirSync(this.folder).filter((name) => name !== "daemon.log")).toEqual([]);
    rmSync(this.folder, { recursive: true });
  }
}

/** Vitest's `test` with a place. */
export const test = base.extend<{ readonly place: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  place: async ({}, use) => {
    if (!existsSync(COMMAND)) throw new Error("There is no dist/uveth.js: type npm run build");
    const place = new Place();
    await use(place);
    await place.close();
  },
});

/** False for a process that has ended and that nobody has asked about (a zombie). */
function isAlive(pid: string): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== "" && !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
