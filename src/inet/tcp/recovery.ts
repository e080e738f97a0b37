// What loss does to the congestion window: it is cut once for each window of data, and during the repair what goes out is kept in
// proportion to what arrives.
//
//   open ──something out of order──▶ disorder ──a loss──▶ recovery ──all acknowledged that was out──▶ open
//     └────────────────────────────── timeout ──▶ loss ──────────────────────────────────────────────┘
//
// Mirrors net/ipv4/tcp_input.c (tcp_fastretrans_alert, tcp_enter_recovery, tcp_enter_loss, tcp_cwnd_reduction,
// tcp_process_tlp_ack). Omitted: ECN.

import { cubicGrow, cubicThreshold } from "./cubic.ts";
import { forgetSacked, markLost } from "./flight.ts";
import { detectLoss } from "./rack.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import * as ca from "./state.ts";
import { rememberForUndo } from "./undo.ts";

const duplicateThreshold = 3;

/** What an acknowledgement brought. */
export interface Progress {
  /** `sndUna` before it. */
  readonly oldUna: number;
  /** Bytes acknowledged in order, and all that are known to have arrived for the first time. */
  ackedBytes: number;
  deliveredBytes: number;
  /** Bytes that were in flight before. */
  flightBefore: number;
  /** It repeats the last one while something is out. */
  isDuplicate: boolean;
}

/** Judges what is lost and moves the congestion window; returns after how long another look at what is late is due, 0 for none. */
export function manageCongestion(socket: TcpSocket, progress: Progress, nowNs: number): number {
  leaveEpisode(socket);
  let lateNs = 0;
  if (socket.isSackOk) {
    if (socket.sackedBytes > 0 || socket.caState >= ca.CA_RECOVERY) lateNs = detectLoss(socket, nowNs);
  } else judgeDuplicates(socket, progress);
  if (socket.caState < ca.CA_RECOVERY) {
    if (socket.lostBytes > 0) enterRecovery(socket);
    else if (socket.caState !== ca.CA_CWR) {
      socket.caState = socket.sackedBytes > 0 ? ca.CA_DISORDER : ca.CA_OPEN;
    }
  }
  if (socket.caState === ca.CA_RECOVERY || socket.caState === ca.CA_CWR) reduce(socket, progress);
  else if (progress.ackedBytes > 0) {
    if (socket.cwnd < socket.ssthresh && socket.cwnd < 2 * progress.flightBefore) socket.isCwndLimited = true;
    cubicGrow(socket, progress.ackedBytes, nowNs);
  }
  return lateNs;
}

/** An episode ends when everything has been acknowledged that was out when it began. */
function leaveEpisode(socket: TcpSocket): void {
  if (socket.caState < ca.CA_CWR || before(socket.sndUna, socket.highSeq)) return;
  // Without SACK, duplicates of what was repaired may still come: another cut would be for the same loss (RFC 6582 3.2).
  if (!socket.isSackOk && socket.sndUna === socket.highSeq && socket.flightHead !== null) return;
  if (socket.caState !== ca.CA_LOSS) socket.cwnd = Math.max(socket.ssthresh, 2 * socket.mss);
  socket.caState = ca.CA_OPEN;
  socket.dupAcks = 0;
  if (!socket.isSackOk) socket.sackedBytes = 0;
}

/** Without SACK: three duplicates mean a loss at the head, a partial acknowledgement the next one (RFC 6582). */
function judgeDuplicates(socket: TcpSocket, progress: Progress): void {
  const out = (socket.sndNxt - socket.sndUna) | 0;
  if (progress.ackedBytes > 0) {
    // What was acknowledged had come as duplicates, but for the segment that filled the hole.
    socket.sackedBytes = Math.max(socket.sackedBytes - Math.max(progress.ackedBytes - socket.mss, 0), 0);
    if (socket.caState !== ca.CA_RECOVERY) {
      socket.dupAcks = 0;
      socket.sackedBytes = 0;
    } else if (socket.flightHead !== null) markLost(socket, socket.flightHead);
  } else if (progress.isDuplicate) {
    socket.dupAcks++;
    progress.deliveredBytes = socket.mss;
    socket.sackedBytes += socket.mss;
    const isLoss = socket.dupAcks >= duplicateThreshold && socket.caState < ca.CA_RECOVERY;
    if (isLoss && socket.flightHead !== null) markLost(socket, socket.flightHead);
  }
  socket.sackedBytes = Math.min(socket.sackedBytes, Math.max(out - socket.lostBytes, 0));
}

function enterRecovery(socket: TcpSocket): void {
  beginReduction(socket);
  socket.caState = ca.CA_RECOVERY;
}

/** Cuts the window, unless this episode has cut it already. */
function beginReduction(socket: TcpSocket): void {
  if (socket.caState !== ca.CA_CWR) {
    rememberForUndo(socket);
    socket.ssthresh = cubicThreshold(socket);
    socket.prrFlight = (socket.sndNxt - socket.sndUna) | 0;
    socket.prrDelivered = 0;
    socket.prrOut = 0;
  }
  socket.highSeq = socket.sndNxt;
}

/** Cuts the window for a reason that leaves nothing to be sent again (tcp_enter_cwr). */
function enterCwr(socket: TcpSocket): void {
  if (socket.caState >= ca.CA_CWR) return;
  beginReduction(socket);
  socket.caState = ca.CA_CWR;
}

/** Lets out as much as is in proportion to what arrived, and at least what keeps the repair going (RFC 6937 3.1). */
function reduce(socket: TcpSocket, { ackedBytes, deliveredBytes }: Progress): void {
  const { inFlight, mss, ssthresh } = socket;
  socket.prrDelivered += deliveredBytes;
  let room: number;
  if (inFlight > ssthresh) {
    const due = (socket.prrDelivered * ssthresh) / Math.max(socket.prrFlight, 1);
    room = Math.ceil(due) - socket.prrOut;
  } else {
    const keepsPace = Math.max(socket.prrDelivered - socket.prrOut, deliveredBytes);
    room = Math.min(ssthresh - inFlight, ackedBytes > 0 ? keepsPace + mss : keepsPace);
  }
  // The first segment of a repair goes in any case.
  if (room < mss && socket.prrOut === 0) room = mss;
  socket.cwnd = Math.max(inFlight + Math.max(room, 0), mss);
}

/** The timer has gone off: everything out is lost as far as is known, and the window is one segment (tcp_enter_loss). */
export function enterLoss(socket: TcpSocket): void {
  const isNew = socket.caState < ca.CA_LOSS || !before(socket.sndUna, socket.highSeq);
  if (isNew && socket.caState !== ca.CA_RECOVERY) {
    rememberForUndo(socket);
    socket.ssthresh = cubicThreshold(socket);
  }
  for (let flight = socket.flightHead; flight !== null; flight = flight.next) {
    // What was reported stays reported, but for a peer that seems to have taken it back at the head.
    if (flight === socket.flightHead) forgetSacked(socket, flight);
    markLost(socket, flight);
  }
  if (!socket.isSackOk) socket.sackedBytes = 0;
  socket.cwnd = socket.mss;
  socket.caState = ca.CA_LOSS;
  socket.highSeq = socket.sndNxt;
  socket.dupAcks = 0;
  socket.isProbeOut = false;
}

/** An acknowledgement came while a tail loss probe is out: was it needed (RFC 8985 7.4)? */
export function judgeProbe(socket: TcpSocket, ack: number): void {
  if (!socket.isProbeOut || before(ack, socket.probeHighSeq)) return;
  if (!socket.isProbeResend) {
    socket.isProbeOut = false;
    return;
  }
  // No duplicate was reported: the probe mended a loss, for which the window pays. One reported later comes too late.
  if (after(ack, socket.probeHighSeq)) {
    socket.isProbeOut = false;
    enterCwr(socket);
  } else if (socket.flightHead === null) {
    socket.isProbeOut = false;
  }
}
