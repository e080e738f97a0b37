// What CUBIC remembers of a connection. How it is used is in cubic.ts.
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
}
