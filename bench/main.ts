// `npm run bench -- [NAME…] [--json] [--rounds N]`: runs the benchmarks named, all by default, and prints a table or, with
// --json, one object a line. Those that have the live kernel for a peer run in namespaces of their own, made without
// root by unshare(1); without it our own side is measured alone, and that is said.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Row } from "./rounds.ts";

/** What a benchmark is handed. */
export interface BenchContext {
  readonly rounds: number | undefined;
  /** False when no namespace of our own could be made: kernel peers are left out. */
  readonly hasKernel: boolean;
  report(row: Row): void;
  /** Progress, on a terminal only. */
  say(text: string): void;
}

/** A module of this folder: runs its measurements and reports them. */
interface Benchmark {
  run(context: BenchContext): Promise<void>;
}

const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  "veth-xmit": () => import("./veth-xmit.ts"),
  bridge: () => import("./bridge.ts"),
  "link-churn": () => import("./link-churn.ts"),
  tcp: () => import("./tcp.ts"),
  "tcp-tap": () => import("./tcp-tap.ts"),
  "tcp-loss": () => import("./tcp-loss.ts"),
  netem: () => import("./netem.ts"),
  lab: () => import("./lab.ts"),
  programs: () => import("./programs.ts"),
  "run-ip": () => import("./run-ip.ts"),
};

const usage = `Usage: npm run bench -- [NAME…] [--json] [--rounds N]
Benchmarks: ${Object.keys(benchmarks).join(", ")}`;

const insideVariable = "UVETH_BENCH_INSIDE";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, rounds: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const unknown = positionals.find((name) => !(name in benchmarks));
  if (unknown !== undefined) {
    console.error(`Unknown benchmark "${unknown}"\n${usage}`);
    return 2;
  }
  if (process.env[insideVariable] === undefined) return inside();

  const hasKernel = process.env[insideVariable] === "namespace";
  if (!hasKernel) console.error("No namespace could be made with unshare -Urn: kernel peers are left out");
  const isTerminal = process.stderr.isTTY;
  for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
    const benchmark = await benchmarks[name]?.();
    await benchmark?.run({
      rounds: values.rounds === undefined ? undefined : Number(values.rounds),
      hasKernel,
      report: (row) => console.log(values.json === true ? JSON.stringify(row) : format(row)),
      say: (text) => {
        if (isTerminal) console.error(text);
      },
    });
  }
  return 0;
}

/** Runs this program again in user, network and mount namespaces of its own, where the kernel's links can be made. */
function inside(): number {
  const self = fileURLToPath(import.meta.url);
  const canUnshare = spawnSync("unshare", ["-Urn", "true"]).status === 0;
  const command = [process.execPath, "--expose-gc", self, ...process.argv.slice(2)];
  const [file = "", ...args] = canUnshare ? ["unshare", "-Urnm", ...command] : command;
  const env = { ...process.env, [insideVariable]: canUnshare ? "namespace" : "alone" };
  return spawnSync(file, args, { stdio: "inherit", env }).status ?? 1;
}

function format({ name, unit, uveth, peers = {}, ratio = {}, rounds }: Row): string {
  const against = Object.entries(peers).map(
    ([peer, figure]) => `  ${peer} ${readable(figure)}  ratio ${(ratio[peer] ?? Number.NaN).toFixed(2)}`,
  );
  return `${name.padEnd(36)} uveth ${readable(uveth)} ${unit}${against.join("")}  (${rounds} rounds)`;
}

function readable(figure: number): string {
  if (figure >= 1e6) return `${(figure / 1e6).toFixed(2)} M`;
  if (figure >= 1e4) return `${(figure / 1e3).toFixed(1)} k`;
  return figure.toFixed(figure < 10 ? 3 : 1);
}

process.exitCode = await main();
