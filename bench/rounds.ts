// Interleaved rounds and honest medians: every side of a comparison is measured once in each round, so that what the
// rest of the machine does in the meantime hits all sides alike.

/** One claim: what was measured on our side and on the peers', in the same run. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly uveth: number;
  readonly peers?: Readonly<Record<string, number>>;
  /** Above 1 is in uveth's favour, also where less is better. */
  readonly ratio?: Readonly<Record<string, number>>;
  readonly rounds: number;
}

/** Measures something once and gives its figure. */
export type Measure = () => number | Promise<number>;

/** What is compared, and which way is better. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly isMoreBetter: boolean;
  readonly uveth: Measure;
  readonly peers?: Readonly<Record<string, Measure>>;
}

/**
 * Runs `rounds` rounds, all sides in turn, after one that is not counted. What that one left behind is old when the others
 * begin, as in a process that has run for a while. Ratios are medians of the rounds' ratios.
 */
export async function compare(comparison: Comparison, rounds: number): Promise<Row> {
  const ours: number[] = [];
  const theirs = new Map<string, number[]>(Object.keys(comparison.peers ?? {}).map((peer) => [peer, []]));
  for (let round = 0; round <= rounds; round++) {
    const figure = await comparison.uveth();
    if (round > 0) ours.push(figure);
    for (const [peer, measure] of Object.entries(comparison.peers ?? {})) {
      const figure = await measure();
      if (round > 0) theirs.get(peer)?.push(figure);
    }
    // Twice: what is young then moves twice before it is old.
    if (round === 0) for (const _ of [1, 2]) globalThis.gc?.();
  }
  const row = { name: comparison.name, unit: comparison.unit, uveth: median(ours), rounds };
  if (theirs.size === 0) return row;
  const peers: Record<string, number> = {};
  const ratio: Record<string, number> = {};
  for (const [peer, figures] of theirs) {
    peers[peer] = median(figures);
    ratio[peer] = median(
      figures.map((figure, round) => {
        const own = ours[round] ?? Number.NaN;
        return comparison.isMoreBetter ? own / figure : figure / own;
      }),
    );
  }
  return { ...row, peers, ratio };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Seconds since some moment. */
export function seconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
