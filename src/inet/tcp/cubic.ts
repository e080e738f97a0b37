// CUBIC congestion control (RFC 9438), and what it falls back on while the window is small: what Reno would do.
//
// Mirrors net/ipv4/tcp_cubic.c (bictcp_update, bictcp_recalc_ssthresh) and net/ipv4/tcp_cong.c (tcp_slow_start). Sums and
// products of doubles alone, which are the same on every machine; the cube root is Newton's. Omitted: HyStart.

import type { Cubic } from "./curve.ts";
import type { TcpSocket } from "./socket.ts";
import { INFINITE } from "./socket.ts";

const S = 1_000_000_000;
/** The window after a loss, and the aggressiveness of the curve (RFC 9438 4.6, 5.1). */
const beta = 0.7;
const scale = 0.4;
/** How fast Reno would have to grow to reach the same average (RFC 9438 4.3). */
const renoAlpha = (3 * (1 - beta)) / (1 + beta);
const leastWindow = 2;

/** The window slow start may grow to after a loss, in bytes (ssthresh). */
export function cubicThreshold(socket: TcpSocket): number {
  const { congestion, mss } = socket;
  const window = socket.cwnd / mss;
  congestion.epochNs = Number.NaN;
  // Fast convergence: a flow that gets less than before leaves room for others.
  congestion.maxWindow = window < congestion.maxWindow ? (window * (1 + beta)) / 2 : window;
  return Math.max(Math.floor(window * beta), leastWindow) * mss;
}

/** Lets the window grow by what was acknowledged: doubling each round trip, then by the curve (cong_avoid). */
export function cubicGrow(socket: TcpSocket, ackedBytes: number, nowNs: number): void {
  if (!socket.isCwndLimited) return;
  let acked = ackedBytes;
  if (socket.cwnd < socket.ssthresh) {
    const grown = Math.min(socket.cwnd + acked, socket.ssthresh);
    acked -= grown - socket.cwnd;
    socket.cwnd = grown;
    if (acked <= 0) return;
  }
  const { congestion, mss } = socket;
  const window = socket.cwnd / mss;
  const segments = acked / mss;
  if (Number.isNaN(congestion.epochNs)) begin(congestion, window, nowNs);
  const rttNs = Number.isFinite(socket.minRttNs) ? socket.minRttNs : 0;
  const target = targetOf(congestion, window, (nowNs - congestion.epochNs + rttNs) / S);
  congestion.renoWindow += (renoAlpha * segments) / window;
  const wanted = Math.max(target, congestion.renoWindow);
  // A hundredth a window while on the plateau, so that it never stands still.
  const step = wanted > window ? (wanted - window) / window : 1 / (100 * window);
  socket.cwnd = Math.min(socket.cwnd + step * segments * mss, INFINITE >> 1);
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
