// What a run is made of: steps that can be written down, read back and run again.
//
//   send SOCKET HEX    a datagram into one of the sockets
//   advance NS         virtual time moves on
//   reopen             all sockets are closed and opened again

import { fromHex, toHex } from "../../src/bytes/hex.ts";

/** One step. */
export type Step =
  | { readonly what: "send"; readonly socket: number; readonly bytes: Uint8Array }
  | { readonly what: "advance"; readonly durationNs: number }
  | { readonly what: "reopen" };

/** Writes steps, one a line. */
export function writeSteps(steps: readonly Step[]): string {
  return steps.map((step) => `${writeStep(step)}\n`).join("");
}

function writeStep(step: Step): string {
  if (step.what === "send") return `send ${step.socket} ${toHex(step.bytes)}`;
  return step.what === "advance" ? `advance ${step.durationNs}` : "reopen";
}

/** Reads what `writeSteps` wrote; lines that begin with # are remarks. */
export function readSteps(text: string): Step[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(readStep);
}

function readStep(line: string): Step {
  const [what, first = "", second = ""] = line.split(" ");
  if (what === "send") return { what, socket: Number(first), bytes: fromHex(second) };
  if (what === "advance") return { what, durationNs: Number(first) };
  if (what === "reopen") return { what };
  throw new TypeError(`Not a step: ${line}`);
}
