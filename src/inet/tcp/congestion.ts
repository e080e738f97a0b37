// How the congestion window grows and what a loss leaves of it: slow start is the same for all, what follows is CUBIC's or Reno's.
//
// Mirrors net/ipv4/tcp_cong.c (tcp_slow_start, tcp_reno_cong_avoid, tcp_reno_ssthresh) and struct tcp_congestion_ops.

import { cubicAvoid, cubicThreshold } from "./cubic.ts";
import type { TcpSocket } from "./socket.ts";
import { INFINITE } from "./socket.ts";

const reno = 0;
const leastWindow = 2;

/** The window slow start may grow to after a loss, in bytes (ssthresh). */
export function slowStartThreshold(socket: TcpSocket): number {
  // What does not make a segment was of no use.
  const window = Math.floor(socket.cwnd / socket.mss);
  const left = socket.congestionControl === reno ? Math.floor(window / 2) : cubicThreshold(socket, window);
  return Math.max(left, leastWindow) * socket.mss;
}

/** Lets the window grow by what was acknowledged: doubling each round trip, then by the rule (cong_avoid). */
export function growWindow(socket: TcpSocket, ackedBytes: number, nowNs: number): void {
  if (!socket.isCwndLimited) return;
  let acked = ackedBytes;
  if (socket.cwnd < socket.ssthresh) {
    const grown = Math.min(socket.cwnd + acked, socket.ssthresh);
    acked -= grown - socket.cwnd;
    socket.cwnd = grown;
    if (acked <= 0) return;
  }
  const window = socket.cwnd / socket.mss;
  const share =
    socket.congestionControl === reno ? 1 / window : cubicAvoid(socket, window, acked / socket.mss, nowNs);
  socket.cwnd = Math.min(socket.cwnd + share * acked, INFINITE >> 1);
}
