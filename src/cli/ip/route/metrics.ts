// Words of metrics → RTA_METRICS: `mtu lock 1400`, `rtt 20ms`, `features ecn`.
//
// Facts: ip-route(8), the behaviour of iproute2 6.1. *Omitted:* times that are negative or beyond 32 bits, which iproute2 makes
// something else of.

import * as rt from "../../../uapi/rtnetlink.ts";
import { wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import type { Keywords, Take } from "../keywords.ts";
import { needed } from "../keywords.ts";
import type { RouteWords } from "./words.ts";

/** Metrics that are numbers. */
type NumberField = Exclude<keyof RouteWords["metrics"], "lock" | "ccAlgo">;

/** In iproute2's order: `r` is reordering, `c` is cwnd, `rt` is rttvar. */
export const METRIC_KEYWORDS: Keywords<RouteWords> = [
  [["!mtu"], numbered("mtu", rt.RTAX_MTU)],
  [["!hoplimit"], numbered("hoplimit", rt.RTAX_HOPLIMIT, { bits: 8 })],
  [["!advmss"], numbered("advmss", rt.RTAX_ADVMSS, { word: "mss" })],
  [["reordering"], numbered("reordering", rt.RTAX_REORDERING)],
  [["!rtt"], timed("rtt", rt.RTAX_RTT, 8)],
  [["window"], numbered("window", rt.RTAX_WINDOW)],
  [["cwnd"], numbered("cwnd", rt.RTAX_CWND)],
  [["initcwnd"], numbered("initcwnd", rt.RTAX_INITCWND)],
  [["initrwnd"], numbered("initrwnd", rt.RTAX_INITRWND)],
  [
    ["features"],
    ({ metrics }, words) =>
      void (metrics.features = needed(words, featuresOf, '"features" value not valid\n')),
  ],
  [["quickack"], ({ metrics }, words) => void (metrics.quickack = zeroOrOne("quickack", words))],
  [["congctl"], takeAlgorithm],
  [["rttvar"], timed("rttvar", rt.RTAX_RTTVAR, 4)],
  [["ssthresh"], numbered("ssthresh", rt.RTAX_SSTHRESH)],
  [["!rto_min"], takeRtoMin],
  [
    ["fastopen_no_cookie"],
    ({ metrics }, words) => void (metrics.fastopenNoCookie = zeroOrOne("fastopen_no_cookie", words)),
  ],
];

/** A metric that is a number, with or without `lock` before it. */
function numbered(
  field: NumberField,
  type: number,
  { bits = 32, word = field }: { readonly bits?: number; readonly word?: string } = {},
): Take<RouteWords> {
  return (said, words) => {
    takeLock(said, type, words);
    said.metrics[field] = needed(words, (text) => unsigned(text, bits), `"${word}" value is invalid\n`);
  };
}

/** A metric that is a time; a number without a unit is the kernel's own, else it is milliseconds in `perMillisecond` parts. */
function timed(field: NumberField, type: number, perMillisecond: number): Take<RouteWords> {
  return (said, words) => {
    takeLock(said, type, words);
    const { value, isRaw } = needed(words, timeOf, `"${field}" value is invalid\n`);
    said.metrics[field] = isRaw ? value : value * perMillisecond;
  };
}

/** The least retransmission time, which the kernel may not change. */
function takeRtoMin(said: RouteWords, words: Words): void {
  lock(said, rt.RTAX_RTO_MIN);
  said.metrics.rtoMin = needed(words, timeOf, '"rto_min" value is invalid\n').value;
}

function takeAlgorithm(said: RouteWords, words: Words): void {
  takeLock(said, rt.RTAX_CC_ALGO, words);
  said.metrics.ccAlgo = words.value();
}

function takeLock(said: RouteWords, type: number, words: Words): void {
  if (words.takeIf("lock")) lock(said, type);
}

function lock({ metrics }: RouteWords, type: number): void {
  metrics.lock = (metrics.lock ?? 0) | (1 << type);
}

/** Reads "20ms", "1.5s" or a bare number; fractions of a millisecond are rounded up. */
function timeOf(text: string): { readonly value: number; readonly isRaw: boolean } | undefined {
  const form = /^(0[xX][0-9a-fA-F]+|\d+\.?\d*|\.\d+)(s|secs?|ms|msecs?)?$/i.exec(text);
  if (form === null) return undefined;
  const [, number = "", unit] = form;
  const scale = unit?.toLowerCase().startsWith("s") === true ? 1000 : 1;
  const value = Math.ceil((number.includes(".") ? Number(number) : (unsigned(number) ?? Number.NaN)) * scale);
  return value <= 0xffff_ffff ? { value, isRaw: unit === undefined } : undefined;
}

function featuresOf(word: string): number | undefined {
  return word === "ecn" ? rt.RTAX_FEATURE_ECN : undefined;
}

function zeroOrOne(name: string, words: Words): number {
  const text = words.peek ?? "";
  const value = needed(words, unsigned, `"${name}" value is invalid\n`);
  if (value > 1) throw wrongArgument(text, `"${name}" value should be 0 or 1\n`);
  return value;
}
