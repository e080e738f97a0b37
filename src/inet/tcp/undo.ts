// What was taken for loss turns out to have been none: the peer reports that all that was sent again came twice (RFC 3708), or its
// timestamp says that it answers what was sent first (Eifel, RFC 3522). The window is then as it was before.
//
// Mirrors net/ipv4/tcp_input.c (tcp_init_undo, tcp_undo_cwnd_reduction, tcp_try_undo_dsack, tcp_packet_delayed).

import type { Segment } from "./segment.ts";
import { before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import * as ca from "./state.ts";
import { timestampAt } from "./timestamp.ts";

/** Remembers how things are before the window is cut. */
export function rememberForUndo(socket: TcpSocket): void {
  socket.canUndo = true;
  socket.undoMarker = socket.sndUna;
  socket.undoBytes = 0;
  socket.undoStamp = 0;
  socket.priorCwnd = socket.cwnd;
  socket.priorSsthresh = socket.ssthresh;
}

/** Notes that bytes are sent again. */
export function noteResent(socket: TcpSocket, length: number, nowNs: number): void {
  if (!socket.canUndo) return;
  if (socket.undoStamp === 0) socket.undoStamp = timestampAt(socket, nowNs) || 1;
  socket.undoBytes += length;
}

/** The peer got these bytes twice. */
export function noteDuplicateArrival(socket: TcpSocket, start: number, end: number): void {
  if (!socket.canUndo || before(start, socket.undoMarker) || socket.undoStamp === 0) return;
  socket.hasReordering = true;
  socket.undoBytes -= (end - start) | 0;
  if (socket.undoBytes <= 0) undo(socket);
}

/** Something was acknowledged: was that the first sending, whose answer had only been slow? */
export function undoIfDelayed(socket: TcpSocket, segment: Segment): void {
  if (!socket.canUndo || socket.undoStamp === 0 || !socket.isTimestampOk || !segment.hasTimestamp) return;
  if (segment.timestampEcho === 0 || !before(segment.timestampEcho, socket.undoStamp)) return;
  undo(socket);
}

/** Nothing was lost: the window is as it was before it was cut (tcp_undo_cwnd_reduction). */
export function undo(socket: TcpSocket): void {
  socket.canUndo = false;
  socket.isDoubted = false;
  socket.cwnd = Math.max(socket.cwnd, socket.priorCwnd);
  socket.ssthresh = Math.max(socket.ssthresh, socket.priorSsthresh);
  for (let flight = socket.flightHead; flight !== null; flight = flight.next) {
    if (!flight.isLost) continue;
    flight.isLost = false;
    socket.lostBytes -= flight.length;
    if (!flight.isResent) socket.toResendBytes -= flight.length;
  }
  socket.backoff = 0;
  if (socket.caState >= ca.CA_CWR) socket.caState = socket.sackedBytes > 0 ? ca.CA_DISORDER : ca.CA_OPEN;
}
