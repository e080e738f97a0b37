// What is sent when: lost segments again, then new ones, as far as the congestion window, the peer's window and Nagle's rule
// let them; acknowledgements by themselves when nothing carries them.
//
// Mirrors net/ipv4/tcp_output.c (tcp_write_xmit, tcp_xmit_retransmit_queue, tcp_nagle_test, tcp_snd_wnd_test, tcp_send_ack,
// tcp_schedule_loss_probe, tcp_write_wakeup). Omitted: pacing, TSO deferral, corking, urgent data.

import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import { ipNetns } from "../slots.ts";
import { clearTimer, setTimer } from "./arm.ts";
import { cubicResume } from "./cubic.ts";
import { appendFlight, markResent, splitFlight } from "./flight.ts";
import type { Flight, FlightPool } from "./flight-record.ts";
import { syncMss } from "./mtu.ts";
import { backedOffRto } from "./rtt.ts";
import { after } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { INITIAL_WINDOW } from "./socket.ts";
import * as tcp from "./state.ts";
import { tcpTable } from "./table.ts";
import { findWay, largestPayload, transmit } from "./transmit.ts";
import { noteResent } from "./undo.ts";

const MS = 1_000_000;
/** A tail loss probe waits so much longer than two round trips, and for a delayed acknowledgement when one segment is out. */
const leastProbeNs = 2 * MS;

/** Whether the state is one in which bytes and a FIN may go out. */
function maySend(state: number): boolean {
  return (
    state === tcp.TCP_ESTABLISHED ||
    state === tcp.TCP_CLOSE_WAIT ||
    state === tcp.TCP_FIN_WAIT1 ||
    state === tcp.TCP_CLOSING ||
    state === tcp.TCP_LAST_ACK
  );
}

/** Sends what may be sent now, and sets the timer for what is waited for (tcp_push_pending_frames). */
export function pushPending(socket: TcpSocket, nowNs: number): void {
  if (!maySend(socket.state)) return;
  const ip = ipNetns(socket.netns);
  const generation = socket.routeGeneration;
  if (findWay(ip, socket) === "" && (generation !== socket.routeGeneration || socket.pathMtu !== 0)) {
    syncMss(socket, nowNs);
  }
  const pool = tcpTable(ip).flights;
  if (socket.isNewFirst) probeByNew(socket, pool, nowNs);
  if (socket.toResendBytes > 0 && !socket.isNewFirst) resendLost(socket, pool, nowNs);
  const before = socket.sndNxt;
  if (socket.toResendBytes === 0) sendNew(socket, pool, nowNs);
  socket.isNewFirst = false;
  watch(socket, nowNs, socket.sndNxt !== before);
}

/** Sends new bytes though some seem lost, to learn whether they are (RFC 5682 2.1 step 2b); without any it is not learned. */
function probeByNew(socket: TcpSocket, pool: FlightPool, nowNs: number): void {
  sendNew(socket, pool, nowNs);
  if (after(socket.sndNxt, socket.highSeq)) return;
  socket.isNewFirst = false;
  socket.isDoubted = false;
}

/** Sends again what is taken for lost, as far as the window lets it go (tcp_xmit_retransmit_queue). */
export function resendLost(socket: TcpSocket, pool: FlightPool, nowNs: number): void {
  const largest = largestPayload(socket);
  for (let flight = socket.flightHead; flight !== null && socket.toResendBytes > 0; flight = flight.next) {
    if (!flight.isLost || flight.isResent) continue;
    const { mss } = socket;
    const room = socket.cwnd - socket.inFlight;
    if (room < Math.min(mss, flight.length) && socket.inFlight > 0) {
      socket.isCwndLimited = true;
      return;
    }
    const whole = Math.max(Math.floor(room / mss), 1) * mss;
    const length = Math.min(flight.length, largest, whole);
    if (length < flight.length) splitFlight(socket, flight, (flight.sequence + length) | 0, pool);
    if (!resend(socket, flight, nowNs)) return;
  }
}

/** Sends one record again (tcp_retransmit_skb); false when it could not go. */
export function resend(socket: TcpSocket, flight: Flight, nowNs: number): boolean {
  const hasFin = after(flight.end, socket.writeSeq);
  const length = flight.length - (hasFin ? 1 : 0);
  const flags = TCP_ACK | (hasFin ? TCP_FIN : 0) | (flight.isPushed ? TCP_PSH : 0);
  if (transmit(socket, flight.sequence, length, flags, nowNs) !== "") return false;
  socket.totalRetransmits += Math.max(Math.ceil(length / socket.mss), 1);
  socket.prrOut += flight.length;
  markResent(socket, flight, nowNs);
  noteResent(socket, flight.length, nowNs);
  return true;
}

/** Sends bytes that were not sent before (tcp_write_xmit). */
export function sendNew(socket: TcpSocket, pool: FlightPool, nowNs: number): void {
  const largest = largestPayload(socket);
  let isCwndLimited = false;
  if (socket.flightHead === null) cubicResume(socket, nowNs);
  for (;;) {
    const available = (socket.writeSeq - socket.sndNxt) | 0;
    if (available < 0 || (available === 0 && !socket.isFinQueued)) break;
    const window = (socket.sndUna + socket.sndWnd - socket.sndNxt) | 0;
    if (window <= 0) break;
    let length = 0;
    if (available > 0) {
      const room = socket.cwnd - socket.inFlight;
      const isIdle = socket.flightHead === null;
      if (room < Math.min(socket.mss, available) && !isIdle) {
        isCwndLimited = true;
        break;
      }
      length = sizeOf(socket, available, window, Math.max(room, isIdle ? socket.mss : 0), largest);
      if (length === 0) break;
    }
    if (!sendSegment(socket, length, available, window, pool, nowNs)) break;
  }
  socket.isCwndLimited = isCwndLimited;
}

/** How many bytes the next segment carries; 0: it has to wait. */
function sizeOf(socket: TcpSocket, available: number, window: number, room: number, largest: number): number {
  const { mss } = socket;
  let length = Math.min(available, window, largest);
  if (length > room) length = Math.max(Math.floor(room / mss) * mss, Math.min(length, mss));
  const isTail = length === available;
  const surplus = length % mss;
  if (surplus === 0) return length;
  if (isTail && (socket.isFinQueued || socket.isNoDelay || !after(socket.smallEnd, socket.sndUna)))
    return length;
  // What does not fill a segment waits while another such is out, or while the peer's window lets no more go.
  if (length > mss) return length - surplus;
  if (isTail) return 0;
  const isWindowTiny = length < mss && length < socket.maxWindow >> 1 && socket.flightHead !== null;
  return isWindowTiny ? 0 : length;
}

function sendSegment(
  socket: TcpSocket,
  length: number,
  available: number,
  window: number,
  pool: FlightPool,
  nowNs: number,
): boolean {
  const isTail = length === available;
  const withFin = isTail && socket.isFinQueued && window > length;
  if (length === 0 && !withFin) return false;
  const flags = TCP_ACK | (isTail && length > 0 ? TCP_PSH : 0) | (withFin ? TCP_FIN : 0);
  const sequence = socket.sndNxt;
  if (transmit(socket, sequence, length, flags, nowNs) !== "") return false;
  const end = (sequence + length + (withFin ? 1 : 0)) | 0;
  const flight = pool.take(sequence, end, nowNs);
  flight.isPushed = isTail && length > 0;
  appendFlight(socket, flight);
  socket.sndNxt = end;
  socket.prrOut += length;
  socket.lastSentNs = nowNs;
  if (length % socket.mss !== 0) socket.smallEnd = end;
  return true;
}

/** Sets the timer for what is out, or for a window that does not open; leaves alone one that is set, but a probe's for what is new. */
function watch(socket: TcpSocket, nowNs: number, isNew: boolean): void {
  if (socket.flightHead !== null) {
    const { timerEvent } = socket;
    if (timerEvent === "none" || timerEvent === "window-probe") watchFlight(socket, nowNs);
    else if (isNew && timerEvent === "loss-probe") watchFlight(socket, nowNs);
    return;
  }
  const isWaiting =
    ((socket.writeSeq - socket.sndNxt) | 0) > 0 || (socket.isFinQueued && socket.sndNxt === socket.writeSeq);
  if (!isWaiting) clearTimer(socket);
  else if (socket.timerEvent !== "window-probe") {
    setTimer(socket, "window-probe", backedOffRto(socket), nowNs);
  }
}

/** Waits for an acknowledgement anew: for a probe's time first if nothing is amiss (tcp_schedule_loss_probe, tcp_rearm_rto). */
export function watchFlight(socket: TcpSocket, nowNs: number): void {
  const rtoNs = backedOffRto(socket);
  const mayProbe =
    socket.isSackOk &&
    socket.tunables.tcpEarlyRetrans >= 3 &&
    !socket.isProbeOut &&
    socket.retransmits === 0 &&
    (socket.caState === tcp.CA_OPEN || socket.caState === tcp.CA_CWR) &&
    socket.sackedBytes === 0 &&
    !Number.isNaN(socket.srttNs);
  if (!mayProbe) return setTimer(socket, "retransmit", rtoNs, nowNs);
  const { flightHead, mss, srttNs, tunables } = socket;
  const isAlone = flightHead === socket.flightTail && flightHead !== null && flightHead.length <= mss;
  const probeNs = 2 * srttNs + (isAlone ? 1_000 * tunables.tcpRtoMinUs : leastProbeNs);
  // What would be a time-out is a probe first.
  const leftNs = flightHead === null ? rtoNs : Math.max(flightHead.sentNs + rtoNs - nowNs, MS);
  setTimer(socket, "loss-probe", Math.min(probeNs, leftNs), nowNs);
}

/** Sends an acknowledgement by itself. */
export function sendAck(socket: TcpSocket, nowNs: number): void {
  if (transmit(socket, socket.sndNxt, 0, TCP_ACK, nowNs) === "") return;
  // No memory or no way: it is tried again when a delayed one would be due.
  socket.isAckPending = true;
}

/** Sends a SYN, or the answer to one when both ends have opened at once. */
export function sendSyn(socket: TcpSocket, nowNs: number): void {
  const asks = socket.isEcnAsked ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN;
  const answers = socket.isEcnOk ? TCP_SYN | TCP_ACK | TCP_ECE : TCP_SYN | TCP_ACK;
  const flags = socket.state === tcp.TCP_SYN_RECV ? answers : asks;
  transmit(socket, socket.iss, 0, flags, nowNs);
}

/** Tells the peer that the connection is no more (tcp_send_active_reset). */
export function sendActiveReset(socket: TcpSocket, nowNs: number): void {
  transmit(socket, socket.sndNxt, 0, TCP_ACK | TCP_RST, nowNs);
}

/** Sends what makes the peer say where it stands: a segment it has seen already (tcp_xmit_probe_skb). */
export function sendProbe(socket: TcpSocket, nowNs: number): void {
  transmit(socket, (socket.sndUna - 1) | 0, 0, TCP_ACK, nowNs);
}

/** Begins slowly again after a pause: what is known of the path may be wrong by now (RFC 5681 4.1; tcp_cwnd_restart). */
export function restartAfterIdle(socket: TcpSocket, nowNs: number): void {
  if (socket.flightHead !== null || nowNs - socket.lastSentNs <= socket.rtoNs) return;
  if (socket.tunables.tcpSlowStartAfterIdle === 0) return;
  socket.ssthresh = Math.max(socket.ssthresh, Math.floor(0.75 * socket.cwnd));
  const least = Math.min(socket.cwnd, INITIAL_WINDOW * socket.mss);
  // Half of it is forgotten with each time-out that could have been.
  for (let idleNs = nowNs - socket.lastSentNs; idleNs > socket.rtoNs && socket.cwnd > least; ) {
    idleNs -= socket.rtoNs;
    socket.cwnd /= 2;
  }
  socket.cwnd = Math.max(socket.cwnd, least);
}
