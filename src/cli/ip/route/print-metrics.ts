// The metrics of a route (RTA_METRICS), in the order of their numbers. What the kernel may not change by itself is locked.
//
// Facts: the output of iproute2 6.1. The units on the wire are those of the kernel's TCP: eighths of a millisecond for rtt,
// quarters for rttvar, milliseconds for rto_min.

import type { RouteMetrics } from "../../../client/route-attributes.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { sixDigits } from "../../numbers.ts";
import type { Output } from "../../output.ts";

/** One metric: its number, its word, and how its value is shown. */
interface Metric {
  readonly type: number;
  readonly field: Exclude<keyof RouteMetrics, "lock">;
  readonly word: string;
  /** Parts of a millisecond, for times. */
  readonly perMillisecond?: number;
}

const METRICS: readonly Metric[] = [
  { type: rt.RTAX_MTU, field: "mtu", word: "mtu" },
  { type: rt.RTAX_WINDOW, field: "window", word: "window" },
  { type: rt.RTAX_RTT, field: "rtt", word: "rtt", perMillisecond: 8 },
  { type: rt.RTAX_RTTVAR, field: "rttvar", word: "rttvar", perMillisecond: 4 },
  { type: rt.RTAX_SSTHRESH, field: "ssthresh", word: "ssthresh" },
  { type: rt.RTAX_CWND, field: "cwnd", word: "cwnd" },
  { type: rt.RTAX_ADVMSS, field: "advmss", word: "advmss" },
  { type: rt.RTAX_REORDERING, field: "reordering", word: "reordering" },
  { type: rt.RTAX_HOPLIMIT, field: "hoplimit", word: "hoplimit" },
  { type: rt.RTAX_INITCWND, field: "initcwnd", word: "initcwnd" },
  { type: rt.RTAX_FEATURES, field: "features", word: "features" },
  { type: rt.RTAX_RTO_MIN, field: "rtoMin", word: "rto_min", perMillisecond: 1 },
  { type: rt.RTAX_INITRWND, field: "initrwnd", word: "initrwnd" },
  { type: rt.RTAX_QUICKACK, field: "quickack", word: "quickack" },
  { type: rt.RTAX_CC_ALGO, field: "ccAlgo", word: "congctl" },
  { type: rt.RTAX_FASTOPEN_NO_COOKIE, field: "fastopenNoCookie", word: "fastopen_no_cookie" },
];

/** A hop limit of -1 means that of the device. */
const HOPLIMIT_UNSET = 0xffff_ffff;

/** Prints the metrics. One that is locked is shown even if it is not set. */
export function printMetrics(out: Output, metrics: RouteMetrics): void {
  const { lock = 0 } = metrics;
  out.openArray("metrics");
  out.openObject();
  for (const { type, field, word, perMillisecond } of METRICS) {
    const isLocked = (lock & (1 << type)) !== 0;
    const value = metrics[field] ?? (isLocked && field !== "ccAlgo" ? 0 : undefined);
    if (value === undefined || (field === "hoplimit" && value === HOPLIMIT_UNSET)) continue;
    out.text(isLocked ? `${word} lock ` : `${word} `);
    if (typeof value === "string") out.field("congestion", value, `${value} `);
    else if (field === "features") printFeatures(out, value);
    else if (perMillisecond !== undefined) printTime(out, word, Math.trunc(value / perMillisecond));
    else out.field(word, value, `${value} `);
  }
  out.closeObject();
  out.closeArray();
}

function printFeatures(out: Output, features: number): void {
  if ((features & rt.RTAX_FEATURE_ECN) !== 0) out.field("ecn", null, "ecn ");
  if ((features & ~rt.RTAX_FEATURE_ECN) === 0) return;
  const digits = `0x${features.toString(16)}`;
  out.field("features", digits, `${digits} `);
}

function printTime(out: Output, word: string, milliseconds: number): void {
  const text = milliseconds >= 1000 ? `${sixDigits(milliseconds / 1000)}s ` : `${milliseconds}ms `;
  out.field(word, milliseconds, text);
}
