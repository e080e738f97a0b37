// The handshake of who opens: a SYN is out, and what comes back decides.
//
//   SYN-SENT ──SYN, ACK──▶ ESTABLISHED        SYN-SENT ──SYN alone──▶ SYN-RECEIVED ──ACK──▶ ESTABLISHED
//
// Mirrors net/ipv4/tcp_input.c (tcp_rcv_synsent_state_process, tcp_finish_connect, tcp_init_transfer).

import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import { clearTimer, keepAliveIdle, SOON_NS, setTimer } from "./arm.ts";
import { cubicReset } from "./cubic.ts";
import { agreesOnEcn } from "./ecn.ts";
import { endConnection } from "./end.ts";
import { DEFAULT_MSS, syncMss } from "./mtu.ts";
import { pushPending, sendAck, sendSyn } from "./output.ts";
import { measureRtt, RTO_INITIAL_NS } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { after } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { INITIAL_WINDOW } from "./socket.ts";
import { TCP_ESTABLISHED, TCP_SYN_RECV } from "./state.ts";
import { timestampAt } from "./timestamp.ts";

/** Takes what comes back for a SYN (RFC 9293 3.10.7.3). "reset": it is to be answered by one. */
export function synSentInput(socket: TcpSocket, segment: Segment, nowNs: number): "done" | "reset" {
  const { ack, flags } = segment;
  const hasAck = (flags & TCP_ACK) !== 0;
  if (hasAck && (!after(ack, socket.sndUna) || after(ack, socket.sndNxt))) {
    // An earlier answer may have been lost on the peer: the SYN goes again soon.
    if (socket.retransmits === 0) setTimer(socket, "retransmit", SOON_NS, nowNs);
    return "reset";
  }
  if (hasAck && segment.hasTimestamp && segment.timestampEcho !== 0 && !isOurEcho(socket, segment, nowNs)) {
    return "reset";
  }
  if ((flags & TCP_RST) !== 0) {
    if (hasAck) endConnection(socket, "ECONNREFUSED");
    return "done";
  }
  if ((flags & TCP_SYN) === 0) return "done";
  takeOptions(socket, segment, nowNs);
  socket.isEcnOk = hasAck
    ? socket.isEcnAsked && (flags & (TCP_ECE | TCP_CWR)) === TCP_ECE
    : agreesOnEcn(socket.tunables, segment);
  socket.irs = segment.sequence;
  socket.rcvNxt = (segment.sequence + 1) | 0;
  socket.rcvWup = socket.rcvNxt;
  // The window of a SYN is never scaled.
  socket.sndWl1 = segment.sequence;
  socket.sndWnd = segment.window;
  socket.maxWindow = segment.window;
  if (!hasAck) {
    socket.state = TCP_SYN_RECV;
    sendSyn(socket, nowNs);
    setTimer(socket, "retransmit", RTO_INITIAL_NS, nowNs);
    return "done";
  }
  establish(socket, ack, nowNs);
  socket.isAckPending = true;
  pushPending(socket, nowNs);
  // The first bytes may have carried the acknowledgement.
  if (socket.isAckPending) sendAck(socket, nowNs);
  socket.wake();
  return "done";
}

/** Whether the timestamp that came back is one this SYN had. */
function isOurEcho(socket: TcpSocket, segment: Segment, nowNs: number): boolean {
  const first = timestampAt(socket, socket.createdNs);
  return !after(first, segment.timestampEcho) && !after(segment.timestampEcho, timestampAt(socket, nowNs));
}

/** The last step of the handshake after both ends had opened at once. */
export function becomeEstablished(socket: TcpSocket, segment: Segment, nowNs: number): void {
  socket.sndWnd = segment.window * 2 ** socket.sndScale;
  socket.maxWindow = Math.max(socket.maxWindow, socket.sndWnd);
  socket.sndWl1 = segment.sequence;
  establish(socket, (socket.iss + 1) | 0, nowNs);
}

/** What the peer's SYN agrees to; what it does not name is off. */
function takeOptions(socket: TcpSocket, segment: Segment, nowNs: number): void {
  socket.isSackOk = socket.isSackOk && segment.isSackPermitted;
  socket.isTimestampOk = socket.isTimestampOk && segment.hasTimestamp;
  socket.isWindowScaleOk = socket.isWindowScaleOk && segment.windowShift >= 0;
  socket.sndScale = socket.isWindowScaleOk ? segment.windowShift : 0;
  if (!socket.isWindowScaleOk) socket.rcvScale = 0;
  if (socket.isTimestampOk) {
    socket.recentTimestamp = segment.timestamp;
    socket.recentStampNs = nowNs;
  }
  socket.peerMss = segment.mss === 0 ? DEFAULT_MSS : segment.mss;
}

/** Everything is agreed: bytes may flow (tcp_init_transfer). */
export function establish(socket: TcpSocket, ack: number, nowNs: number): void {
  socket.state = TCP_ESTABLISHED;
  socket.sndUna = ack;
  clearTimer(socket);
  if (socket.retransmits === 0 && !Number.isNaN(socket.createdNs))
    measureRtt(socket, nowNs - socket.createdNs, nowNs);
  syncMss(socket, nowNs);
  // After a SYN was lost the path is in doubt (RFC 5681 3.1).
  socket.cwnd = (socket.retransmits > 0 ? 1 : INITIAL_WINDOW) * socket.mss;
  cubicReset(socket, nowNs);
  socket.rcvMss = Math.min(socket.mss, 536);
  socket.retransmits = 0;
  socket.backoff = 0;
  socket.lastReceivedNs = nowNs;
  socket.lastSentNs = nowNs;
  socket.spaceStampNs = nowNs;
  if (socket.isKeepAlive) socket.keepAliveTimer.start(keepAliveIdle(socket));
}
