// How a lab is made: where its chance and its time come from, and what it keeps of what happens.

import type { Attach } from "./attach.ts";
import type { ProgramRunner } from "./programs.ts";

/** How a lab is made. */
export interface LabOptions {
  /** What all chance in the lab comes from; UVETH_SEED of the caller's choice, else one that `lab.seed` tells. */
  readonly seed?: number;
  /** "real" by default. Real programs take real time. */
  readonly time?: "real" | "virtual";
  /** IPv6 beside IPv4; on by default. */
  readonly ipv6?: boolean;
  /** The wall clock at the start of virtual time, in nanoseconds since 1970. */
  readonly epochNs?: bigint;
  /** Frames that each link remembers, for `carries` and `toCarry`; none by default. */
  readonly history?: number;
  /** Captures everything from the first start on; see `recording`. */
  readonly record?: boolean;
  /** Runs real programs (programs.ts); by default loaded when the first is started. */
  readonly programs?: ProgramRunner;
  /** Joins the TAP of an outside node to what the node names; by default attachEndpoint or attachChannel does. */
  readonly attach?: Attach;
}
