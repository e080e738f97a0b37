// What loss does to the congestion window: it is cut once for each window of data, and during the repair what goes out is kept in
// proportion to what arrives.
//
//   open ──something out of order──▶ disorder ──a loss──▶ recovery ──all acknowledged that was out──▶ open
//     └────────────────────────────── timeout ──▶ loss ──────────────────────────────────────────────┘
//
// Mirrors net/ipv4/tcp_input.c (tcp_fastretrans_alert, tcp_enter_recovery, tcp_enter_loss, tcp_cwnd_reduction,
// tcp_process_loss, tcp_process_tlp_ack).

import { growWindow, slowStartThreshold } from "./congestion.ts";
import { cubicReset } from "./cubic.ts";
import { forgetSacked, markLost } from "./flight.ts";
import type { Progress } from "./progress.ts";
import { detectLoss, isOverdue, noteRecovered } from "./rack.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import * as ca from "./state.ts";
import { rememberForUndo, undo } from "./undo.ts";

/** Judges what is lost and moves the congestion window; returns after how long another look at what is late is due, 0 for none. */
export function manageCongestion(socket: TcpSocket, progress: Progress, nowNs: number): number {
  // What was cut for a mark was not cut for nothing.
  if (progress.isEcho) socket.canUndo = false;
  if (socket.isDoubted) judgeTimeout(socket, progress);
  leaveEpisode(socket);
  let lateNs = 0;
  if (socket.isSackOk) {
    if (socket.sackedBytes > 0 || socket.caState >= ca.CA_RECOVERY) lateNs = detectLoss(socket, nowNs);
  } else judgeDuplicates(socket, progress);
  if (socket.caState < ca.CA_RECOVERY) {
    if (socket.lostBytes > 0) enterRecovery(socket);
    else if (progress.isEcho) enterCwr(socket);
    else if (socket.caState !== ca.CA_CWR) {
      socket.caState = socket.sackedBytes > 0 ? ca.CA_DISORDER : ca.CA_OPEN;
    }
  }
  if (socket.caState === ca.CA_RECOVERY || socket.caState === ca.CA_CWR) reduce(socket, progress);
  else if (progress.ackedBytes > 0) {
    if (socket.cwnd < socket.ssthresh && socket.cwnd < 2 * progress.flightBefore) socket.isCwndLimited = true;
    growWindow(socket, progress.ackedBytes, nowNs);
  }
  return lateNs;
}

/** An episode ends when everything has been acknowledged that was out when it began. */
function leaveEpisode(socket: TcpSocket): void {
  if (socket.caState < ca.CA_CWR || before(socket.sndUna, socket.highSeq)) return;
  // Without SACK, duplicates of what was repaired may still come: another cut would be for the same loss (RFC 6582 3.2).
  if (!socket.isSackOk && socket.sndUna === socket.highSeq && socket.flightHead !== null) return;
  if (socket.caState !== ca.CA_LOSS) socket.cwnd = Math.max(socket.ssthresh, 2 * socket.mss);
  if (socket.caState === ca.CA_RECOVERY) noteRecovered(socket);
  socket.caState = ca.CA_OPEN;
  socket.isDoubted = false;
  socket.dupAcks = 0;
  if (!socket.isSackOk) socket.sackedBytes = 0;
}

/**
 * After a timeout: does something come that was not sent again? Then nothing was lost but time. As long as that is not known, bytes
 * that were never sent find it out (F-RTO, RFC 5682; tcp_process_loss).
 */
function judgeTimeout(socket: TcpSocket, progress: Progress): void {
  const hasProbed = after(socket.sndNxt, socket.highSeq);
  if (progress.isOriginal && socket.canUndo) undo(socket);
  else if (hasProbed) {
    if (progress.isSackNews || progress.isDuplicate) socket.isDoubted = false;
  } else if (progress.ackedBytes > 0 && before(socket.sndUna, socket.highSeq)) {
    socket.highSeq = socket.sndNxt;
    socket.isNewFirst = true;
  }
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
    const isLoss = socket.dupAcks >= socket.tunables.tcpReordering && socket.caState < ca.CA_RECOVERY;
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
    socket.ssthresh = slowStartThreshold(socket);
    socket.isCwrDue = socket.isEcnOk;
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
  socket.canUndo = false;
  socket.caState = ca.CA_CWR;
}

/** Lets out as much as is in proportion to what arrived, and at least what keeps the repair going (RFC 6937 3.1). */
function reduce(socket: TcpSocket, { ackedBytes, deliveredBytes, lostBefore }: Progress): void {
  const { inFlight, lostSegments, mss, ssthresh } = socket;
  socket.prrDelivered += deliveredBytes;
  let room: number;
  if (inFlight > ssthresh) {
    const due = (socket.prrDelivered * ssthresh) / Math.max(socket.prrFlight, 1);
    room = Math.ceil(due) - socket.prrOut;
  } else {
    const keepsPace = Math.max(socket.prrDelivered - socket.prrOut, deliveredBytes);
    // A step more while the repair gets on and nothing new is lost (RFC 9937 6: SafeACK).
    const isSafe = ackedBytes > 0 && lostSegments === lostBefore;
    room = Math.min(ssthresh - inFlight, isSafe ? keepsPace + mss : keepsPace);
  }
  // The first segment of a repair goes in any case.
  if (room < mss && socket.prrOut === 0) room = mss;
  socket.cwnd = Math.max(inFlight + Math.max(room, 0), mss);
}

/** The timer has gone off: what is out is lost as far as is known, and the window is one segment (tcp_enter_loss). */
export function enterLoss(socket: TcpSocket, nowNs: number): void {
  const isFirst = socket.caState < ca.CA_RECOVERY;
  const isCut = socket.caState >= ca.CA_CWR && before(socket.sndUna, socket.highSeq);
  if (!isCut) {
    rememberForUndo(socket);
    socket.ssthresh = slowStartThreshold(socket);
    socket.isCwrDue = socket.isEcnOk;
    cubicReset(socket, nowNs);
  }
  const isReneged = socket.flightHead?.isSacked === true;
  for (let flight = socket.flightHead; flight !== null; flight = flight.next) {
    // What was reported stays reported, but of a peer that seems to have taken it back. What left a moment ago may well arrive.
    if (isReneged) forgetSacked(socket, flight);
    else if (flight !== socket.flightHead && socket.isSackOk && !isOverdue(socket, flight, nowNs)) continue;
    markLost(socket, flight);
  }
  if (!socket.isSackOk) socket.sackedBytes = 0;
  socket.cwnd = socket.inFlight + socket.mss;
  const mayDoubt = socket.tunables.tcpFrto !== 0 && socket.canUndo;
  socket.isDoubted = mayDoubt && (isFirst || socket.retransmits > 0);
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
