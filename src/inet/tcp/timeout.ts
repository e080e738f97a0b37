// Time is up: what was not acknowledged is sent again, a tail is probed, a shut window too, what is late counts as lost; a
// delayed acknowledgement goes; a silent peer is asked whether it is still there.
//
// Mirrors net/ipv4/tcp_timer.c (tcp_write_timer_handler, tcp_retransmit_timer, tcp_probe_timer, tcp_delack_timer_handler,
// tcp_keepalive_timer) and net/ipv4/tcp_output.c (tcp_send_loss_probe).

import type { ErrnoName } from "../../uapi/errno.ts";
import { ipNetns } from "../slots.ts";
import { clearTimer, keepAliveIdle, secondsFrom, setTimer } from "./arm.ts";
import { abortConnection, endConnection } from "./end.ts";
import { splitFlight } from "./flight.ts";
import {
  pushPending,
  resend,
  resendLost,
  sendAck,
  sendNew,
  sendProbe,
  sendSyn,
  watchFlight,
} from "./output.ts";
import { detectLoss } from "./rack.ts";
import { enterLoss, manageCongestion } from "./recovery.ts";
import { backedOffRto, patienceOf } from "./rtt.ts";
import type { TcpSocket } from "./socket.ts";
import * as tcp from "./state.ts";
import { tcpTable } from "./table.ts";

const MS = 1_000_000;
/** The time between repetitions that the length of a try is worked out with, whatever it really is (TCP_RTO_MIN). */
const modelRtoNs = 200 * MS;
/** How often a connection that nobody holds is tried when nothing else is said. */
const orphanRetries = 8;

/** The connection's timer has gone off; too early if what it was set for has moved since. */
export function expireTimer(socket: TcpSocket): void {
  const { machine } = socket.netns;
  const nowNs = machine.clock.now();
  const { timerEvent } = socket;
  if (timerEvent === "none" || socket.state === tcp.TCP_CLOSE) return;
  if (socket.timerDueNs > nowNs) return socket.timer.start(socket.timerDueNs - nowNs);
  clearTimer(socket);
  machine.loop.enter();
  if (timerEvent === "retransmit") retransmitTimeout(socket, nowNs);
  else if (timerEvent === "loss-probe") sendLossProbe(socket, nowNs);
  else if (timerEvent === "reorder") reorderTimeout(socket, nowNs);
  else probeTimeout(socket, nowNs);
  machine.loop.leave();
}

/** Nothing was acknowledged for so long that something is lost (RFC 6298 5.4 to 5.7). */
function retransmitTimeout(socket: TcpSocket, nowNs: number): void {
  if (socket.state === tcp.TCP_SYN_SENT || socket.state === tcp.TCP_SYN_RECV) return repeatSyn(socket, nowNs);
  if (socket.flightHead === null) return;
  if (socket.retransmits === 0) socket.retransmitStartNs = nowNs;
  const elapsedNs = nowNs - socket.retransmitStartNs;
  const isHopeless =
    elapsedNs >= giveUpAfter(socket) ||
    (socket.isOrphan && socket.retransmits >= orphanRetriesOf(socket)) ||
    hasHadEnough(socket, elapsedNs);
  if (isHopeless) return giveUp(socket);
  const pool = tcpTable(ipNetns(socket.netns)).flights;
  enterLoss(socket, nowNs);
  socket.retransmits++;
  socket.backoff++;
  resendLost(socket, pool, nowNs);
  setTimer(socket, "retransmit", patienceOf(socket, backedOffRto(socket), elapsedNs), nowNs);
}

/** Whether the user wants to wait no longer (TCP_USER_TIMEOUT). */
function hasHadEnough({ retransmits, userTimeoutNs }: TcpSocket, elapsedNs: number): boolean {
  return userTimeoutNs !== 0 && retransmits > 0 && elapsedNs >= userTimeoutNs;
}

/** How long a connection is tried to be kept: so many repetitions, doubling up to the longest (tcp_model_timeout). */
function giveUpAfter({ tunables }: TcpSocket): number {
  const { tcpRetries2, tcpRtoMaxMs } = tunables;
  const doublings = 31 - Math.clz32((tcpRtoMaxMs * MS) / modelRtoNs);
  const doubled = Math.min(tcpRetries2, doublings);
  return (2 ** (doubled + 1) - 1) * modelRtoNs + (tcpRetries2 - doubled) * tcpRtoMaxMs * MS;
}

function orphanRetriesOf({ tunables }: TcpSocket): number {
  return tunables.tcpOrphanRetries === 0 ? orphanRetries : tunables.tcpOrphanRetries;
}

/** The first repetitions of a SYN do not wait longer each (net.ipv4.tcp_syn_linear_timeouts). */
function repeatSyn(socket: TcpSocket, nowNs: number): void {
  const { tcpEcnFallback, tcpSynLinearTimeouts, tcpSynRetries, tcpSynackRetries } = socket.tunables;
  const isAsking = socket.state === tcp.TCP_SYN_SENT;
  const linear = isAsking ? tcpSynLinearTimeouts : 0;
  const limit = isAsking ? tcpSynRetries + linear : tcpSynackRetries;
  const elapsedNs = nowNs - socket.createdNs;
  if (socket.retransmits >= limit || hasHadEnough(socket, elapsedNs)) return giveUp(socket);
  socket.retransmits++;
  if (socket.retransmits > linear) socket.backoff++;
  // Somebody on the way may drop what asks for marks (RFC 3168 6.1.1.1).
  if (tcpEcnFallback !== 0) socket.isEcnAsked = false;
  socket.totalRetransmits++;
  sendSyn(socket, nowNs);
  setTimer(socket, "retransmit", patienceOf(socket, backedOffRto(socket), elapsedNs), nowNs);
}

/** The peer is not to be reached any more (tcp_write_err). */
function giveUp(socket: TcpSocket): void {
  endConnection(socket, errorOf(socket));
}

/** Why a connection times out, as far as anybody has said. */
function errorOf({ softError }: TcpSocket): ErrnoName {
  return softError === "" ? "ETIMEDOUT" : softError;
}

/** The last segments may be lost, about which no duplicate could tell: one more makes the peer say (RFC 8985 7.3). */
function sendLossProbe(socket: TcpSocket, nowNs: number): void {
  const pool = tcpTable(ipNetns(socket.netns)).flights;
  const before = socket.sndNxt;
  // A new segment serves as well, and one is let go beyond the congestion window.
  const { cwnd } = socket;
  socket.cwnd = socket.inFlight + socket.mss;
  sendNew(socket, pool, nowNs);
  socket.cwnd = cwnd;
  const isNew = socket.sndNxt !== before;
  const last = socket.flightTail;
  if (!isNew && last !== null) {
    if (last.length > socket.mss) {
      const cut = Math.floor((last.length - 1) / socket.mss) * socket.mss;
      splitFlight(socket, last, (last.sequence + cut) | 0, pool);
    }
    if (socket.flightTail !== null) resend(socket, socket.flightTail, nowNs);
  }
  socket.isProbeOut = true;
  socket.isProbeResend = !isNew;
  socket.probeHighSeq = socket.sndNxt;
  if (socket.flightHead !== null) watchFlight(socket, nowNs);
}

/** What was only late to be seen as lost is so now (tcp_rack_reo_timeout). */
function reorderTimeout(socket: TcpSocket, nowNs: number): void {
  const { progress } = tcpTable(ipNetns(socket.netns));
  progress.reset(socket);
  detectLoss(socket, nowNs);
  const lateNs = manageCongestion(socket, progress, nowNs);
  pushPending(socket, nowNs);
  if (socket.flightHead === null) return;
  if (lateNs > 0) setTimer(socket, "reorder", lateNs, nowNs);
  else if (socket.timerEvent === "none") watchFlight(socket, nowNs);
}

/** The peer's window is shut, or nothing could be sent: is it open again (RFC 9293 3.8.6.1)? */
function probeTimeout(socket: TcpSocket, nowNs: number): void {
  const { tunables, userTimeoutNs } = socket;
  const limit = socket.isOrphan ? orphanRetriesOf(socket) : tunables.tcpRetries2;
  if (Number.isNaN(socket.probeStartNs)) socket.probeStartNs = nowNs;
  const elapsedNs = nowNs - socket.probeStartNs;
  if (socket.probesOut >= limit || (userTimeoutNs !== 0 && elapsedNs >= userTimeoutNs && elapsedNs > 0))
    return giveUp(socket);
  pushPending(socket, nowNs);
  if (socket.flightHead !== null) {
    socket.probesOut = 0;
    socket.backoff = 0;
    socket.probeStartNs = Number.NaN;
    return;
  }
  socket.probesOut++;
  sendProbe(socket, nowNs);
  if (socket.backoff < tunables.tcpRetries2) socket.backoff++;
  setTimer(socket, "window-probe", patienceOf(socket, backedOffRto(socket), elapsedNs), nowNs);
}

/** An acknowledgement has waited long enough. */
export function expireDelayedAck(socket: TcpSocket): void {
  if (!socket.isAckPending || socket.state === tcp.TCP_CLOSE) return;
  const { machine } = socket.netns;
  machine.loop.enter();
  sendAck(socket, machine.clock.now());
  machine.loop.leave();
}

/** The peer has been silent for so long that it is asked for a sign of life (RFC 1122 4.2.3.6). */
export function expireKeepAlive(socket: TcpSocket): void {
  if (socket.state === tcp.TCP_CLOSE || !socket.isKeepAlive) return;
  const { machine } = socket.netns;
  const nowNs = machine.clock.now();
  const silentNs = nowNs - socket.lastReceivedNs;
  const isBusy = socket.flightHead !== null || ((socket.writeSeq - socket.sndNxt) | 0) > 0;
  const idleNs = keepAliveIdle(socket);
  if (isBusy || silentNs < idleNs) {
    // A fraction of a nanosecond may be too little to move a clock that counts so many.
    return socket.keepAliveTimer.start(isBusy ? idleNs : Math.ceil(idleNs - silentNs));
  }
  machine.loop.enter();
  const { keepAliveIntervalNs, keepAliveProbes, probesOut, tunables, userTimeoutNs } = socket;
  const most = keepAliveProbes === 0 ? tunables.tcpKeepaliveProbes : keepAliveProbes;
  const isGone = userTimeoutNs === 0 ? probesOut >= most : probesOut > 0 && silentNs >= userTimeoutNs;
  if (isGone) {
    abortConnection(socket, errorOf(socket), nowNs);
  } else {
    socket.probesOut++;
    sendProbe(socket, nowNs);
    const intervalNs =
      keepAliveIntervalNs === 0 ? secondsFrom(tunables.tcpKeepaliveIntervalS) : keepAliveIntervalNs;
    socket.keepAliveTimer.start(intervalNs);
  }
  machine.loop.leave();
}
