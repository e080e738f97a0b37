// The end of slow start before anything is lost: the path is full when acknowledgements of one round come in a row for half a
// round trip, or when round trips grow (Ha and Rhee, "Taming the elephants: new TCP slow start").
//
// Mirrors net/ipv4/tcp_cubic.c (hystart_update, bictcp_hystart_reset) with its defaults.

import { after } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";

const MS = 1_000_000;
/** Windows smaller than this, in segments, grow in any case. */
const leastWindow = 16;
/** Acknowledgements that are no further apart come in a row. */
const rowGapNs = 2 * MS;
/** Measurements of a round before it is judged, and the bounds of the delay that means a queue. */
const leastSamples = 8;
const leastDelayNs = 4 * MS;
const mostDelayNs = 16 * MS;

/** Takes a round trip of slow start into account: ends it when the path is full. */
export function hystart(socket: TcpSocket, rttNs: number, nowNs: number): void {
  const { congestion } = socket;
  if (congestion.isFound || socket.cwnd < leastWindow * socket.mss) return;
  if (after(socket.sndUna, congestion.roundEnd)) beginRound(socket, nowNs);
  if (isRowLong(socket, nowNs) || isQueued(socket, rttNs)) {
    congestion.isFound = true;
    socket.ssthresh = Math.floor(socket.cwnd);
  }
}

/** A round lasts until all is acknowledged that was out when it began. */
export function beginRound(socket: TcpSocket, nowNs: number): void {
  const { congestion } = socket;
  congestion.roundEnd = socket.sndNxt;
  congestion.roundStartNs = nowNs;
  congestion.rowNs = nowNs;
  congestion.roundDelayNs = Number.POSITIVE_INFINITY;
  congestion.roundSamples = 0;
}

function isRowLong({ congestion }: TcpSocket, nowNs: number): boolean {
  if (nowNs - congestion.rowNs > rowGapNs) return false;
  congestion.rowNs = nowNs;
  return nowNs - congestion.roundStartNs > congestion.minDelayNs / 2;
}

function isQueued({ congestion }: TcpSocket, rttNs: number): boolean {
  congestion.roundDelayNs = Math.min(congestion.roundDelayNs, rttNs);
  if (congestion.roundSamples < leastSamples) {
    congestion.roundSamples++;
    return false;
  }
  const threshold = Math.min(Math.max(congestion.minDelayNs / 8, leastDelayNs), mostDelayNs);
  return congestion.roundDelayNs > congestion.minDelayNs + threshold;
}
