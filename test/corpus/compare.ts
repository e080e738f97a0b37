// Runs sequences on both sides and tells what differs. Golden ones run on uveth alone: the other side is what their file says.

import type { Sequence } from "./sequence.ts";
import type { Checkout } from "./sides.ts";
import { Side } from "./sides.ts";
import type { Outcome, Transcript } from "./transcript.ts";
import { goldenTranscript } from "./transcript.ts";

/** A line that did something else on uveth than on the kernel, or than its file says. */
export interface Difference {
  readonly line: string;
  readonly kernel: Outcome | undefined;
  readonly uveth: Outcome | undefined;
}

/** What came of a sequence. */
export interface Result {
  readonly sequence: Sequence;
  /** Lines compared, those with other options (variants.ts) and monitors among them. */
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/**
 * Runs the sequences, and hands over what came of each in their order. Either side goes on as fast as it can, until
 * `onResult` returns false.
 */
export async function compareSequences(
  sequences: readonly Sequence[],
  checkout: Checkout,
  onResult: (result: Result) => boolean,
): Promise<void> {
  const sides = [Side.kernel(checkout), await Side.uveth(checkout)] as const;
  let isStopped = false;
  const transcripts = sides.map(() => new Map<Sequence, Transcript>());
  let next = 0;
  const report = (): void => {
    for (let sequence = sequences[next]; sequence !== undefined && !isStopped; sequence = sequences[next]) {
      const [kernel, uveth] = transcripts.map((of) =>
        sequence === undefined ? undefined : of.get(sequence),
      );
      if (kernel === undefined || uveth === undefined) return;
      for (const each of transcripts) each.delete(sequence);
      next++;
      if (!onResult(compare(sequence, kernel, uveth))) isStopped = true;
    }
  };
  const runAll = async (side: Side, to: Map<Sequence, Transcript>): Promise<void> => {
    for (const sequence of sequences) {
      if (isStopped) return;
      const isWritten = side.name === "kernel" && sequence.isGolden;
      to.set(sequence, isWritten ? goldenTranscript(sequence) : await side.run(sequence));
      report();
    }
  };
  try {
    await Promise.all(sides.map((side, index) => runAll(side, transcripts[index] ?? new Map())));
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

function compare(sequence: Sequence, kernel: Transcript, uveth: Transcript): Result {
  const differences: Difference[] = [];
  let compared = 0;
  for (const [number, step] of sequence.steps.entries()) {
    if (step.kind !== "run" && step.kind !== "monitor") continue;
    compared++;
    const [theirs, ours] = [kernel.get(number), uveth.get(number)];
    if (theirs !== undefined && ours !== undefined && isSame(theirs, ours)) continue;
    const line = step.kind === "monitor" ? `@monitor ${step.line}` : step.line;
    differences.push({ line, kernel: theirs, uveth: ours });
  }
  return { sequence, compared, differences };
}

function isSame(a: Outcome, b: Outcome): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr && a.status === b.status;
}
