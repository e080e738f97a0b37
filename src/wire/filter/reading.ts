// An expression that is being read, and what is known of it so far.

import type { Direction } from "./match.ts";
import type { Words } from "./words.ts";

/** Finds the addresses of a host by its name; none when it knows no such host. */
export type ResolveName = (name: string) => readonly string[];

/** What stands before an address, a network or a port. */
export interface Qualifiers {
  readonly protocol: string | undefined;
  readonly direction: Direction;
  readonly type: "host" | "net" | "port" | "portrange" | "proto" | undefined;
}

/** The state of reading. */
export interface Reading {
  readonly words: Words;
  readonly resolve: ResolveName;
  /** How far the tags that were asked for so far have moved the rest of the frame. */
  link: number;
  /** The qualifiers a bare address or port takes over. */
  inherited: Qualifiers | undefined;
}
