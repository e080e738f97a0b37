// CUBIC congestion control (RFC 9438), and what it falls back on while the window is small: what Reno would do.
//
// Mirrors net/ipv4/tcp_cubic.c (bictcp_update, bictcp_recalc_ssthresh, cubictcp_acked, cubictcp_cwnd_event). Sums and products of doubles alone, which are the same on every machine; the cube root
// is Newton's.

import type { Cubic } from "./curve.ts";
import { beginRound, hystart } from "./hystart.ts";
import type { TcpSocket } from "./socket.ts";

const S = 1_000_000_000;
/** The window after a loss, and the aggressiveness of the curve (RFC 9438 4.6, 5.1). */
const beta = 0.7;
const scale = 0.4;
/** How fast Reno would have to grow to reach the same average (RFC 9438 4.3). */
const renoAlpha = (3 * (1 - beta)) / (1 + beta);
const leastGrowth = 1 / 20;
/** Round trips so soon after a cut say more of the repair than of the path. */
const settlingNs = S;

/** What a loss leaves of a window of so many segments (bictcp_recalc_ssthresh). */
export function cubicThreshold({ congestion }: TcpSocket, window: number): number {
  congestion.epochNs = Number.NaN;
  // Fast convergence: a flow that gets less than before leaves room for others.
  congestion.maxWindow = window < congestion.maxWindow ? (window * (1 + beta)) / 2 : window;
  return Math.floor(window * beta);
}

/** Takes the round trip of the last segment acknowledged into account. */
export function cubicMeasure(socket: TcpSocket, rttNs: number, nowNs: number): void {
  const { congestion } = socket;
  if (nowNs - congestion.epochNs < settlingNs) return;
  congestion.minDelayNs = Math.min(congestion.minDelayNs, rttNs);
  if (socket.cwnd < socket.ssthresh) hystart(socket, rttNs, nowNs);
}

/** Something is sent after nothing was out: the curve has stood still meanwhile. */
export function cubicResume({ congestion, lastSentNs }: TcpSocket, nowNs: number): void {
  if (nowNs > lastSentNs) congestion.epochNs = Math.min(congestion.epochNs + nowNs - lastSentNs, nowNs);
}

/** Forgets all: after a time-out the path may be another one. */
export function cubicReset(socket: TcpSocket, nowNs: number): void {
  const { congestion } = socket;
  congestion.maxWindow = 0;
  congestion.epochNs = Number.NaN;
  congestion.minDelayNs = Number.POSITIVE_INFINITY;
  congestion.isFound = false;
  beginRound(socket, nowNs);
}

/** By what part of a segment a window grows for each acknowledged, of which there are `segments` (bictcp_update). */
export function cubicAvoid(
  { congestion }: TcpSocket,
  window: number,
  segments: number,
  nowNs: number,
): number {
  if (Number.isNaN(congestion.epochNs)) begin(congestion, window, nowNs);
  const rttNs = Number.isFinite(congestion.minDelayNs) ? congestion.minDelayNs : 0;
  const target = targetOf(congestion, window, (nowNs - congestion.epochNs + rttNs) / S);
  congestion.renoWindow += (renoAlpha * segments) / window;
  const wanted = Math.max(target, congestion.renoWindow);
  // A hundredth a window while on the plateau, so that it never stands still; before any loss was seen, a twentieth.
  const step = wanted > window ? (wanted - window) / window : 1 / (100 * window);
  return congestion.maxWindow === 0 ? Math.max(step, leastGrowth) : step;
}

function begin(congestion: Cubic, window: number, nowNs: number): void {
  congestion.epochNs = nowNs;
  congestion.renoWindow = window;
  if (window < congestion.maxWindow) {
    congestion.kSeconds = cubeRoot((congestion.maxWindow - window) / scale);
    congestion.originWindow = congestion.maxWindow;
  } else {
    congestion.kSeconds = 0;
    congestion.originWindow = window;
  }
}

/** Where the curve is `seconds` after its beginning, at most half as much again as the window is now. */
function targetOf(congestion: Cubic, window: number, seconds: number): number {
  const offset = seconds - congestion.kSeconds;
  const target = congestion.originWindow + scale * offset * offset * offset;
  return Math.min(Math.max(target, window), 1.5 * window);
}

/** The cube root of a number that is not negative, by Newton's method: the same bits everywhere, unlike Math.cbrt. */
function cubeRoot(value: number): number {
  if (value <= 0) return 0;
  let root = 1;
  while (root * root * root < value) root *= 2;
  for (let step = 0; step < 8; step++) root -= (root * root * root - value) / (3 * root * root);
  return root;
}
