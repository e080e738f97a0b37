// The kernel's tick: what is configured in hundredths of a second is kept in whole ticks, and comes back rounded by them.
//
// Mirrors include/linux/jiffies.h and kernel/time/time.c (clock_t_to_jiffies, jiffies_to_clock_t) for CONFIG_HZ=250, which
// is Debian's and most distributions'.

/** Ticks in a second. */
export const HZ = 250;
/** Nanoseconds in a tick. */
export const JIFFY_NS = 1_000_000_000 / HZ;
/** Hundredths in a second, the unit of times in netlink. */
const USER_HZ = 100;

/** Whole ticks in `clock` hundredths of a second (clock_t_to_jiffies). */
export function jiffiesFromClock(clock: number): number {
  return Math.floor((clock * HZ) / USER_HZ);
}

/** A time of `ms` milliseconds in whole ticks, rounded up, in milliseconds again (msecs_to_jiffies, jiffies_to_msecs). */
export function wholeTicksMs(ms: number): number {
  const tickMs = 1_000 / HZ;
  return Math.ceil(ms / tickMs) * tickMs;
}

/** Whole hundredths of a second in `jiffies` ticks (jiffies_to_clock_t). */
export function clockFromJiffies(jiffies: number): number {
  return Math.floor((jiffies * USER_HZ) / HZ);
}

/** Whole hundredths of a second in a time of `ns` nanoseconds. */
export function clockFromNs(ns: number): number {
  return clockFromJiffies(Math.floor(ns / JIFFY_NS));
}
