// The shape of a setting that belongs to no device.

/** A setting's sysctl: where its numbers are kept, and what they may be. */
export interface TunableOf<Values> {
  readonly name: string;
  /** One number, or several that one file shows. */
  readonly keys: readonly (keyof Values)[];
  readonly min: number;
  readonly max: number;
  /** What the numbers 0, 1, … are called; they are written and read by these words. */
  readonly words?: readonly string[];
  /** Whether all of them together will do; without it, each counts as soon as it is read. */
  readonly isSound?: (numbers: readonly number[]) => boolean;
}

/** The bounds of a C int, and the most seconds whose ticks one holds, of which there are 250 in a second. */
export const maxInt = 0x7fff_ffff;
export const minInt = -0x8000_0000;
export const maxSeconds = Math.floor(maxInt / 250);
