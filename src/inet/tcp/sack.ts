// What the peer says it has got out of order, or twice (RFC 2018, RFC 2883).
//
// Mirrors net/ipv4/tcp_input.c (tcp_sacktag_write_queue, tcp_check_dsack, tcp_is_sackblock_valid).

import { markSacked, splitFlight } from "./flight.ts";
import type { Flight, FlightPool } from "./flight-record.ts";
import type { Progress } from "./progress.ts";
import { noteDelivered, waitLonger } from "./rack.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { noteDuplicateArrival } from "./undo.ts";

/** Notes all blocks of a segment, and what of them is news. */
export function processSack(
  socket: TcpSocket,
  segment: Segment,
  progress: Progress,
  pool: FlightPool,
  nowNs: number,
): void {
  const first = noteDuplicate(socket, segment) ? 1 : 0;
  for (let index = first; index < segment.sackCount; index++) {
    const start = segment.sackEdges[2 * index] ?? 0;
    const end = segment.sackEdges[2 * index + 1] ?? 0;
    const isValid = after(end, start) && after(start, socket.sndUna) && !after(end, socket.sndNxt);
    if (isValid) markBlock(socket, start, end, progress, pool, nowNs);
  }
}

/** Whether the first block reports a duplicate: it is acknowledged already, or inside the second block. */
function noteDuplicate(socket: TcpSocket, segment: Segment): boolean {
  const edges = segment.sackEdges;
  const start = edges[0] ?? 0;
  const end = edges[1] ?? 0;
  const isOld = before(start, segment.ack);
  const isInside = segment.sackCount > 1 && !before(start, edges[2] ?? 0) && !after(end, edges[3] ?? 0);
  if (!isOld && !isInside) return false;
  // What was sent again had not been lost: wait longer for what is out of order (RFC 8985 6.2).
  if (!after(end, socket.sndNxt)) {
    noteDuplicateArrival(socket, start, end);
    waitLonger(socket, segment.ack);
    if (socket.isProbeOut && socket.isProbeResend && end === socket.probeHighSeq) socket.isProbeOut = false;
  }
  return true;
}

function markBlock(
  socket: TcpSocket,
  start: number,
  end: number,
  progress: Progress,
  pool: FlightPool,
  nowNs: number,
): void {
  for (let flight = firstBehind(socket, start); flight !== null; flight = flight.next) {
    if (!before(flight.sequence, end)) break;
    if (flight.isSacked) continue;
    if (before(flight.sequence, start)) {
      // The part behind the cut is next.
      splitFlight(socket, flight, start, pool);
      continue;
    }
    if (after(flight.end, end)) splitFlight(socket, flight, end, pool);
    const wasResent = flight.wasResent;
    progress.deliveredBytes += flight.length;
    progress.isSackNews = true;
    if (!wasResent && !after(flight.end, socket.highSeq)) progress.isOriginal = true;
    markSacked(socket, flight);
    noteDelivered(socket, flight, nowNs);
    if (!wasResent && isBehindSacked(flight)) socket.hasReordering = true;
  }
}

/** The first record that reaches beyond `start`: found from the nearer end. */
function firstBehind(socket: TcpSocket, start: number): Flight | null {
  const total = (socket.sndNxt - socket.sndUna) | 0;
  if (((start - socket.sndUna) | 0) * 2 < total) {
    let flight = socket.flightHead;
    while (flight !== null && !after(flight.end, start)) flight = flight.next;
    return flight;
  }
  let flight = socket.flightTail;
  while (flight !== null && flight.previous !== null && after(flight.previous.end, start)) {
    flight = flight.previous;
  }
  return flight;
}

/** Whether the next record had arrived before this one did. */
function isBehindSacked({ next }: Flight): boolean {
  return next?.isSacked === true;
}
