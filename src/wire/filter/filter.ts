// Filters for frames in the words of pcap-filter(7): `tcp port 80 and not host 10.0.0.1`, `icmp[icmptype] = icmp-echo`.
//
// Mirrors what libpcap makes of an expression for Ethernet; a test asks tcpdump the same. See parse.ts for what is refused.

import { FilterInput, type Match } from "./input.ts";
import { parseFilter } from "./parse.ts";
import type { ResolveName } from "./reading.ts";

export { FilterError } from "./error.ts";

/** How a filter is made. */
export interface FilterOptions {
  /** Finds the addresses of hosts that the expression names; names are refused without. */
  readonly resolve?: ResolveName;
}

/** A filter, ready to look at frames. */
export class Filter {
  /** As it was written. */
  readonly expression: string;
  readonly #match: Match;
  readonly #input = new FilterInput();

  /** Reads `expression`; an empty one matches everything. FilterError with libpcap's text when it cannot be understood. */
  constructor(expression: string, { resolve = () => [] }: FilterOptions = {}) {
    this.expression = expression;
    this.#match = parseFilter(expression, resolve);
  }

  /**
   * Whether the frame in `[start, end)` of `bytes`, from its Ethernet header on, matches; `length` is what it had on the
   * wire when only a part is here.
   */
  matches(
    bytes: Uint8Array,
    start = 0,
    end = bytes.length,
    length = end - start,
    isOutgoing = false,
  ): boolean {
    const input = this.#input;
    input.bytes = bytes;
    input.start = start;
    input.end = end;
    input.length = length;
    input.isOutgoing = isOutgoing;
    input.isOverrun = false;
    return this.#match(input) && !input.isOverrun;
  }
}
