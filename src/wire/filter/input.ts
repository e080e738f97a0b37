// What a filter looks at: one frame, and the loads that BPF would do. A load beyond the end of a frame ends the whole
// filter, which does not match then, as on BPF; here it is noted, and seen when the filter has been worked out.
//
// Mirrors net/core/filter.c (bpf_prog_run) as far as libpcap's filters see it.

/** The frame under a filter. One object serves many frames. */
export class FilterInput {
  bytes: Uint8Array = new Uint8Array(0);
  /** The Ethernet header and the byte behind the last that is there. */
  start = 0;
  end = 0;
  /** Bytes the frame had on the wire. */
  length = 0;
  isOutgoing = false;
  /** A load went beyond the end: the filter does not match. */
  isOverrun = false;
}

/** Whether a frame has a property. */
export type Match = (input: FilterInput) => boolean;

/** An unsigned 32-bit number worked out of a frame. */
export type Value = (input: FilterInput) => number;

/** Loads `size` bytes (1, 2 or 4) at `offset` from the Ethernet header as a big-endian number. */
export function load(input: FilterInput, offset: number, size: number): number {
  const at = input.start + offset;
  if (offset < 0 || at + size > input.end) {
    input.isOverrun = true;
    return 0;
  }
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + (input.bytes[at + index] ?? 0);
  return value;
}
