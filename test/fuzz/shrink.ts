// Makes a list of steps that breaks something shorter: pieces are left out as long as the same thing breaks.

import type { Step } from "./step.ts";

/** Replays that are tried at most. */
const mostTries = 400;

/** The fewest steps found for which `run` gives an error like `found`. */
export async function shrink(
  steps: readonly Step[],
  found: Error,
  run: (steps: readonly Step[]) => Promise<Error | undefined>,
): Promise<readonly Step[]> {
  let shortest = steps;
  let tries = 0;
  for (
    let piece = Math.ceil(steps.length / 2);
    piece >= 1 && tries < mostTries;
    piece = piece === 1 ? 0 : Math.ceil(piece / 2)
  ) {
    for (let start = 0; start < shortest.length && tries < mostTries; tries++) {
      const shorter = [...shortest.slice(0, start), ...shortest.slice(start + piece)];
      const error = await run(shorter);
      if (error !== undefined && isLike(error, found)) shortest = shorter;
      else start += piece;
    }
  }
  return shortest;
}

/** Errors are alike when they say the same but for numbers. */
function isLike(one: Error, other: Error): boolean {
  const words = (error: Error): string => error.message.replaceAll(/\d+/g, "#");
  return one.name === other.name && words(one) === words(other);
}
