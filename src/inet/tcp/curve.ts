// What CUBIC remembers of a connection. How it is used is in cubic.ts and hystart.ts.
//
// Mirrors net/ipv4/tcp_cubic.c (struct bictcp).

/** What the curve is made of; windows in segments. */
export class Cubic {
  /** The window before the last cut, the time it will be reached again, and when this epoch began; NaN: not begun. */
  maxWindow = 0;
  kSeconds = 0;
  epochNs = Number.NaN;
  originWindow = 0;
  renoWindow = 0;
  /** The shortest round trip since the last time-out. */
  minDelayNs = Number.POSITIVE_INFINITY;
  /** A round of slow start: behind what was out when it began, its beginning, and its last acknowledgement in a row. */
  roundEnd = 0;
  roundStartNs = 0;
  rowNs = 0;
  /** The shortest round trip in it, and how many were measured. */
  roundDelayNs = Number.POSITIVE_INFINITY;
  roundSamples = 0;
  /** Slow start has been ended by what was measured. */
  isFound = false;
}
