// `npm run parity:frames -- [--cases N] [--seed N] [--jobs N]`: puts the same frames into the same topologies on the live kernel
// and on uveth, and compares what comes out. A case that differs is cut down and shown, and makes the exit code 1; it is 2 when
// the kernel's side cannot be had.
//
// Most of the time goes into waiting for the kernel's grace periods, so several processes share the cases.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeCase } from "./case.ts";
import { differenceOf, report, shrink } from "./compare.ts";
import { openKernelSide, openUvethSide } from "./sides.ts";

const USAGE = `Usage: npm run parity:frames -- [--cases N] [--seed N] [--jobs N]
  --cases N  how many cases, 5000 by default
  --seed N   the first case's seed, 1 by default; the next case has the next
  --jobs N   how many processes share them, 4 by default`;

const insideVariable = "UVETH_FRAMES_INSIDE";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "5000" },
      seed: { type: "string", default: "1" },
      jobs: { type: "string", default: "4" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [first, count, jobs] = [Number(values.seed), Number(values.cases), Number(values.jobs)];
  if (process.env[insideVariable] !== undefined) return compareAll(first, count);
  const share = Math.ceil(count / jobs);
  const shares = Array.from({ length: jobs }, (_, job) =>
    inside(first + job * share, Math.min(share, count - job * share)),
  );
  const codes = await Promise.all(shares);
  const code = Math.max(...codes);
  if (code === 0) console.log(`${count} cases, none differing`);
  return code;
}

async function compareAll(first: number, count: number): Promise<number> {
  const sides = { kernel: await openKernelSide(), uveth: await openUvethSide() };
  for (let seed = first; seed < first + count; seed++) {
    const each = makeCase(seed);
    if ((await differenceOf(sides, each)) === undefined) continue;
    const smallest = await shrink(sides, each);
    const difference = await differenceOf(sides, smallest);
    if (difference === undefined) continue;
    console.log(report(smallest, difference));
    return 1;
  }
  return 0;
}

/** Runs this program on some of the cases in namespaces of its own, where an ordinary user may make links. */
function inside(first: number, count: number): Promise<number> {
  const self = fileURLToPath(import.meta.url);
  const command = [process.execPath, self, "--seed", String(first), "--cases", String(count)];
  const env = { ...process.env, [insideVariable]: "1" };
  const child = spawn("unshare", ["-Urnm", ...command], { stdio: "inherit", env });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`Namespaces cannot be made: ${error.message}`);
      resolve(2);
    });
    child.on("close", (code) => resolve(code ?? 2));
  });
}

process.exitCode = await main();
process.exit();
