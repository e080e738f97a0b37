// A route's metrics, RTA_METRICS, shared by both families.
//
// Mirrors net/ipv4/metrics.c (ip_metrics_convert) for what the values may be.

import { invalid } from "../netlink/error.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** A route's values by RTAX_*; null when it has none. */
export type Metrics = ReadonlyMap<number, number>;

/** Congestion controls there are to name (RTAX_CC_ALGO). */
const congestionControls: readonly string[] = ["reno", "cubic"];
/** Features a route may ask for (RTAX_FEATURE_*). */
const featureMask =
  rt.RTAX_FEATURE_ECN |
  rt.RTAX_FEATURE_SACK |
  rt.RTAX_FEATURE_TIMESTAMP |
  rt.RTAX_FEATURE_ALLFRAG |
  rt.RTAX_FEATURE_TCP_USEC_TS;

/** The value a metric really gets: some have a largest one. */
export function clampMetric(type: number, value: number): number {
  switch (type) {
    case rt.RTAX_ADVMSS:
      return Math.min(value, 65_535 - 40);
    case rt.RTAX_MTU:
      return Math.min(value, 65_535 - 15);
    case rt.RTAX_HOPLIMIT:
      return Math.min(value, 255);
    case rt.RTAX_FEATURES:
      if ((value & ~featureMask) !== 0)
        throw invalid("Unknown flag set in feature mask in metrics attribute");
      return value;
    default:
      return value;
  }
}

/** Refuses a congestion control that is not there. */
export function checkCongestion(name: string): void {
  if (!congestionControls.includes(name)) throw invalid("Unknown tcp congestion algorithm");
}

/** Whether two sets of metrics hold the same. */
export function isSameMetrics(one: Metrics | null, other: Metrics | null): boolean {
  if ((one?.size ?? 0) !== (other?.size ?? 0)) return false;
  for (const [type, value] of one ?? []) {
    if (other?.get(type) !== value) return false;
  }
  return true;
}
