// The thread a long run is in: it counts its cases where the main thread sees them, and reports once.

import { parentPort, workerData } from "node:worker_threads";
import { describeFailure, fuzzNetlink } from "./netlink.fuzz.ts";
import { writeSteps } from "./step.ts";

/** What the thread is started with. */
export interface FuzzOrder {
  readonly seed: number;
  readonly cases: number;
  /** Counts steps. */
  readonly progress: Int32Array;
}

/** What it reports. */
export interface FuzzResult {
  readonly answers: ReadonlyMap<string, number>;
  readonly failure: { readonly seed: number; readonly text: string; readonly steps: string } | undefined;
}

if (parentPort !== null) {
  const order: FuzzOrder = workerData;
  const { answers, failure } = await fuzzNetlink({
    seed: order.seed,
    cases: order.cases,
    onCase: () => Atomics.add(order.progress, 0, 1),
  });
  const result: FuzzResult = {
    answers,
    failure: failure && {
      seed: failure.seed,
      text: describeFailure(failure.error),
      steps: writeSteps(failure.steps),
    },
  };
  parentPort.postMessage(result);
}
