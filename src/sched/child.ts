// A discipline with one child each for classes that are nothing but a place: their numbers, counts and what they tell.
//
// Mirrors what tbf_dump_class, netem_dump_class and prio_dump_class have in common.

import type { ClassStats, Qdisc, QdiscClass } from "../net/netdevice.ts";

/** The class number `minor` of `sch`. */
export function childClass(sch: Qdisc, minor: number): QdiscClass {
  return { classid: (sch.handle | minor) >>> 0 };
}

/** The counts of a class that are those of its discipline; none for null. */
export function classStatsOf(child: Qdisc | null): ClassStats {
  return {
    bytes: child?.bytes ?? 0,
    packets: child?.packets ?? 0,
    drops: child?.drops ?? 0,
    requeues: child?.requeues ?? 0,
    overlimits: child?.overlimits ?? 0,
    length: child?.length ?? 0,
    backlog: child?.backlog ?? 0,
  };
}
