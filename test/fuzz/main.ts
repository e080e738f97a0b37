// npm run fuzz: random and mutated netlink bytes into machines, a million cases by default, then the planted bugs, which
// must be found. Ends with 1 when something breaks, and prints the steps that lead there.
//
//   npm run fuzz -- [--cases N] [--seed N] [--target netlink|canary] [FILE]
//
// With FILE the steps in it are run, as `corpus/` has them. A case that takes longer than 20 seconds hangs.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { halfDone, leaking, throwing } from "./canary.ts";
import { describeFailure, fuzzNetlink, replay } from "./netlink.fuzz.ts";
import { readSteps, writeSteps } from "./step.ts";
import type { FuzzOrder, FuzzResult } from "./worker.ts";

const hangMs = 20_000;

const usage = `Usage: npm run fuzz -- [ --cases N ] [ --seed N ] [ --target netlink|canary ] [ FILE ]
Sends random and mutated netlink requests to machines, 1000000 by default, then finds the bugs that were planted.
With FILE the steps in it are run, as test/fuzz/corpus/ has them.
`;

const { values, positionals } = readArguments();
if (values.help === true) {
  process.stdout.write(usage);
  process.exit();
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 0x7fffffff));
const cases = Number(values.cases ?? 1_000_000);

/** The words of the command line; says how they go when they do not, and ends. */
function readArguments() {
  try {
    return parseArgs({
      options: {
        cases: { type: "string" },
        seed: { type: "string" },
        target: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(1);
  }
}

if (positionals[0] !== undefined) await runFile(positionals[0]);
else {
  if (values.target !== "canary") await runNetlink();
  if (values.target !== "netlink") await runCanaries();
}

async function runFile(path: string): Promise<void> {
  const error = await replay(readSteps(readFileSync(path, "utf8")), seed);
  console.log(error === undefined ? "Nothing breaks" : describeFailure(error));
  if (error !== undefined) process.exitCode = 1;
}

/** The run proper, in a thread that can be ended when it hangs. */
async function runNetlink(): Promise<void> {
  console.log(`netlink: ${cases} cases from seed ${seed}`);
  const started = performance.now();
  const { answers, failure } = await inWorker({ seed, cases });
  const counts = [...answers]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count}`);
  console.log(`answers: ${counts.join(", ")}`);
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  if (failure === undefined) return console.log(`netlink: nothing broke in ${cases} cases, ${seconds} s`);
  console.log(`netlink: broken with --seed ${failure.seed}: ${failure.text}\n${failure.steps}`);
  process.exitCode = 1;
}

function inWorker(order: Omit<FuzzOrder, "progress">): Promise<FuzzResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: { ...order, progress } });
  return new Promise((resolve) => {
    let seen = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now === seen) end(`Case ${now} of the run hangs`);
      seen = now;
    }, hangMs);
    const end = (text: string): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve({ answers: new Map(), failure: { seed: order.seed, text, steps: "" } });
    };
    worker.on("message", (result: FuzzResult) => {
      clearInterval(watch);
      resolve(result);
    });
    worker.on("error", (error) => end(`Escaped behind a promise: ${error.stack ?? error.message}`));
  });
}

async function runCanaries(): Promise<void> {
  for (const kind of [throwing, halfDone, leaking]) {
    const { failure, cases: needed } = await fuzzNetlink({ seed, cases: 100_000, kinds: [kind] });
    if (failure === undefined) {
      console.log(`${kind.kind}: not found in ${needed} cases`);
      process.exitCode = 1;
    } else console.log(`${kind.kind}: found after ${needed} cases\n${writeSteps(failure.steps)}`);
  }
}
