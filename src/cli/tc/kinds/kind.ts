// What `tc` knows of a kind of discipline, filter or action: how its words become attributes, and how its attributes are
// printed. One table a kind.

import type { Attribute } from "../../../netlink/attribute.ts";
import type { MessageWriter } from "../../../netlink/writer.ts";
import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { TcContext } from "../context.ts";

/** Writes attributes that words stood for. */
export type WriteOptions = (writer: MessageWriter) => void;

/** A kind of queueing discipline. */
export interface QdiscWords {
  readonly kind: string;
  /** Reads the words behind the kind; the returned function writes TCA_OPTIONS. */
  parse(words: Words, tc: TcContext): WriteOptions;
  /** As `parse`, for a class of a discipline of the kind. */
  parseClass?(words: Words, tc: TcContext): WriteOptions;
  /** Prints TCA_OPTIONS, of a discipline or a class. */
  print(tc: TcContext, out: Output, options: Attribute): void;
  /** Prints what TCA_STATS_APP or TCA_XSTATS say. */
  printStats?(tc: TcContext, out: Output, stats: Attribute): void;
}

/** What is known of a filter when its words are read. */
export interface FilterScope {
  /** EtherType, in host order. */
  readonly protocol: number;
  /** The handle that was typed. */
  readonly handle: string | undefined;
}

/** What a filter's words come to. */
export interface FilterOptions {
  readonly handle: number;
  readonly write: WriteOptions;
}

/** A kind of filter. */
export interface FilterWords {
  readonly kind: string;
  parse(words: Words, tc: TcContext, scope: FilterScope): Promise<FilterOptions>;
  print(tc: TcContext, out: Output, options: Attribute, handle: number): Promise<void>;
}

/** A kind of action. */
export interface ActionWords {
  readonly kind: string;
  /** Reads the words from the kind on; the returned function writes TCA_ACT_OPTIONS. */
  parse(words: Words, tc: TcContext): Promise<WriteOptions>;
  print(tc: TcContext, out: Output, options: Attribute): Promise<void>;
}

/** A word that none is known for: its name, and the kind's help. */
export function unknownWord(word: string, usage: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `What is "${word}"?\n${usage}`);
}

/** A value that cannot be, where tc says only that. */
export function illegal(text: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `${text}\n`);
}

/** Takes the next word as `parse` reads it; `Illegal "what"` when it cannot. */
export function legal<Value>(words: Words, parse: (word: string) => Value | undefined, what: string): Value {
  const value = parse(words.value());
  if (value === undefined) throw illegal(`Illegal "${what}"`);
  return value;
}
