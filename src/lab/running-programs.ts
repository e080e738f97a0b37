// The programs that a plan starts in a lab that runs: which line of which node each is, so that a changed plan starts what is new
// and ends what is gone. A program that has ended by itself has done what the plan asks.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Change } from "./change.ts";
import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import { Host } from "./node.ts";

/** How long a program has to end when it is asked to. */
const patienceMs = 2_000;

interface RunningProgram {
  readonly line: string;
  readonly child: ChildProcess;
}

/** Those of one lab. */
export class RunningPrograms {
  readonly #lab: Lab;
  readonly #byNode = new Map<string, RunningProgram[]>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Starts a line in a node, by the system's shell. */
  async start(name: string, line: string): Promise<void> {
    if (!(this.#lab.node(name) instanceof Host))
      throw new LabError(`Cannot run programs in "${name}": it is no host`);
    // A process group of its own: what the shell starts ends with it.
    const child = await this.#lab
      .get(name)
      .spawn(["sh", "-c", line], { stdio: ["ignore", "inherit", "inherit"], detached: true });
    const programs = this.#byNode.get(name) ?? [];
    this.#byNode.set(name, programs);
    programs.push({ line, child });
  }

  /** The lines that have been started in a node. */
  linesOf(name: string): string[] {
    return (this.#byNode.get(name) ?? []).map(({ line }) => line);
  }

  /** A node and its programs have gone. */
  forget(name: string): void {
    this.#byNode.delete(name);
  }

  /** The steps to the lines in `wanted`, by node; of the nodes in `gone` all start anew, or have ended already. */
  changes(wanted: ReadonlyMap<string, readonly string[]>, gone: ReadonlySet<string>): Change[] {
    const starts: Change[] = [];
    const ends: Change[] = [];
    for (const name of new Set([...wanted.keys(), ...this.#byNode.keys()])) {
      const missing = [...(wanted.get(name) ?? [])];
      for (const line of gone.has(name) ? [] : this.linesOf(name)) {
        const index = missing.indexOf(line);
        if (index >= 0) missing.splice(index, 1);
        else ends.push(this.#ending(name, line));
      }
      starts.push(...missing.map((line) => this.#starting(name, line)));
    }
    return [...starts, ...ends];
  }

  #starting(name: string, line: string): Change {
    return {
      text: `+ program in ${name}: ${line}`,
      make: async () => {
        await this.start(name, line);
        return () => this.#end(name, line);
      },
    };
  }

  #ending(name: string, line: string): Change {
    return {
      text: `- program in ${name}: ${line}`,
      make: async () => {
        await this.#end(name, line);
        return () => this.start(name, line);
      },
    };
  }

  async #end(name: string, line: string): Promise<void> {
    const programs = this.#byNode.get(name) ?? [];
    const index = programs.findLastIndex((each) => each.line === line);
    const [program] = index < 0 ? [] : programs.splice(index, 1);
    if (program === undefined) return;
    const { child } = program;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    signalGroup(child, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), patienceMs);
    await ended;
    clearTimeout(timer);
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
