// Whether something grows: figures taken at like moments, the later ones held against those after a time of warming up.

/** What a process uses. */
export interface Use {
  readonly memoryBytes: number;
  readonly descriptors: number;
}

/** Figures needed before anything is said of growth. */
const leastFigures = 20;
/** Memory may be so much more in the last quarter than in the second one: the collector's mood, seen in either direction. */
const mostGrowth = 1.1;

/** Takes figures and judges them. */
export class Growth {
  readonly #all: Use[] = [];

  add(use: Use): void {
    this.#all.push(use);
  }

  /** What has grown; nothing when there were too few figures, which is said. */
  complaints(): string[] {
    const count = this.#all.length;
    if (count < leastFigures) return [`only ${count} cycles, too few to see growth: let it run longer`];
    const complaints: string[] = [];
    const quarter = Math.floor(count / 4);
    const early = this.#all.slice(quarter, 2 * quarter);
    const late = this.#all.slice(-quarter);
    const [before, after] = [early, late].map((uses) => middle(uses.map(({ memoryBytes }) => memoryBytes)));
    if ((after ?? 0) > (before ?? 0) * mostGrowth) {
      complaints.push(`the daemon's memory grew from ${mebibytes(before)} to ${mebibytes(after)} MiB`);
    }
    const [least, most] = [early, late].map((uses) => middle(uses.map(({ descriptors }) => descriptors)));
    if ((most ?? 0) > (least ?? 0)) {
      complaints.push(`the daemon's descriptors grew from ${least} to ${most}`);
    }
    return complaints;
  }

  toString(): string {
    const last = this.#all.at(-1);
    return `the daemon has ${mebibytes(last?.memoryBytes)} MiB and ${last?.descriptors} descriptors`;
  }
}

function middle(figures: readonly number[]): number {
  return [...figures].sort((one, other) => one - other)[figures.length >> 1] ?? 0;
}

function mebibytes(bytes = 0): string {
  return (bytes / 2 ** 20).toFixed(1);
}
