// How long a round trip takes, and from that how long an acknowledgement is waited for (RFC 6298).
//
// Mirrors net/ipv4/tcp_input.c (tcp_rtt_estimator, tcp_set_rto, tcp_update_rtt_min).

import type { TcpSocket } from "./socket.ts";

const MS = 1_000_000;
/** The time before anything was measured. */
export const RTO_INITIAL_NS = 1_000 * MS;
/** How long the shortest round trip is remembered. */
const minWindowNs = 300_000 * MS;

/** Takes a measured round trip into account. */
export function measureRtt(socket: TcpSocket, rttNs: number, nowNs: number): void {
  if (rttNs < socket.minRttNs || nowNs - socket.minRttStampNs > minWindowNs) {
    socket.minRttNs = rttNs;
    socket.minRttStampNs = nowNs;
  }
  if (Number.isNaN(socket.srttNs)) {
    socket.srttNs = rttNs;
    socket.rttvarNs = rttNs / 2;
  } else {
    const error = rttNs - socket.srttNs;
    socket.rttvarNs += (Math.abs(error) - socket.rttvarNs) / 4;
    socket.srttNs += error / 8;
  }
  socket.rtoNs = baseRto(socket);
}

/** The time to wait without any back-off. */
function baseRto({ rttvarNs, srttNs, tunables }: TcpSocket): number {
  if (Number.isNaN(srttNs)) return RTO_INITIAL_NS;
  return Math.min(srttNs + Math.max(4 * rttvarNs, 1_000 * tunables.tcpRtoMinUs), MS * tunables.tcpRtoMaxMs);
}

/** A wait that goes no further than the user wants to, of whose time so much is over (tcp_clamp_rto_to_user_timeout). */
export function patienceOf({ userTimeoutNs }: TcpSocket, waitNs: number, elapsedNs: number): number {
  return userTimeoutNs === 0 ? waitNs : Math.min(waitNs, Math.max(userTimeoutNs - elapsedNs, MS));
}

/** The time to wait now, after `backoff` times in vain. */
export function backedOffRto({ backoff, rtoNs, tunables }: TcpSocket): number {
  const rtoMaxNs = MS * tunables.tcpRtoMaxMs;
  let timeNs = rtoNs;
  for (let count = 0; count < backoff && timeNs < rtoMaxNs; count++) timeNs *= 2;
  return Math.min(timeNs, rtoMaxNs);
}
