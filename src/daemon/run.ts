// What the daemon's process and `uveth daemon run` share.

import { writeSync } from "node:fs";

/** How a daemon's process ends that found another one in its place (EX_TEMPFAIL). */
export const EXIT_LOST = 75;

const DEFAULT_IDLE_MS = 10 * 60 * 1_000;
/** setTimeout's largest. */
const LONGEST_IDLE_MS = 0x7fff_ffff;

/** Writes a line of the log, which is standard error. */
export function daemonLog(text: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${text}\n`);
  } catch {
    // A full disk or a closed terminal is no reason to end what others use.
  }
}

/** How long a daemon without client and object stays: UVETH_IDLE_MS, ten minutes by default. */
export function idleTimeOf(env: Readonly<Record<string, string | undefined>>): number {
  const text = env["UVETH_IDLE_MS"] ?? "";
  return /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_IDLE_MS) : DEFAULT_IDLE_MS;
}
