// A segment for a connection: is it acceptable, what does it acknowledge, what does it bring, does it end something; then what
// it has made room for is sent. The order is that of RFC 9293 3.10.7.
//
// Mirrors net/ipv4/tcp_input.c (tcp_rcv_established, tcp_rcv_state_process, tcp_validate_incoming). Omitted: header prediction
// as a path of its own.

import type { Frame } from "../../net/netdevice.ts";
import { randomBelow } from "../../net/random.ts";
import { TCP_ACK, TCP_RST, TCP_SYN, TCP_URG } from "../../wire/tcp.ts";
import { ipNetns } from "../slots.ts";
import { processAck } from "./ack.ts";
import { acknowledge, reportDuplicate, takeData, takeFin } from "./data.ts";
import { abortConnection, endConnection } from "./end.ts";
import { becomeEstablished, synSentInput } from "./established.ts";
import { pushPending, sendAck } from "./output.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import * as tcp from "./state.ts";
import { tcpTable } from "./table.ts";
import { enterTimeWait } from "./time-wait.ts";
import { noteUrgentByte, noteUrgentPointer, URGENT_NONE } from "./urgent.ts";

const MS = 1_000_000;
const S = 1_000 * MS;
/** A timestamp is not compared with one that is older than this (TCP_PAWS_24DAYS). */
const pawsNs = 24 * 86_400 * S;
/** The challenge limit that is none (INT_MAX). */
const unlimitedChallenges = 0x7fff_ffff;

/** What is to be done when the connection cannot take a segment. */
export type InputVerdict = "done" | "reset";

/**
 * Takes a segment for a connection. Takes ownership of the frame, unless it is to be answered by a reset: then it is the
 * caller's.
 */
export function tcpInput(socket: TcpSocket, segment: Segment, frame: Frame, nowNs: number): InputVerdict {
  if (socket.state === tcp.TCP_CLOSE) return "reset";
  socket.lastReceivedNs = nowNs;
  if (socket.state === tcp.TCP_SYN_SENT) {
    const verdict = synSentInput(socket, segment, nowNs);
    if (verdict !== "reset") frame.pool.free(frame);
    return verdict;
  }
  if (!isAcceptable(socket, segment, nowNs)) return drop(frame);
  if ((segment.flags & TCP_ACK) === 0) return drop(frame);
  if (socket.state === tcp.TCP_SYN_RECV) {
    const isFor = after(segment.ack, socket.sndUna) && !after(segment.ack, socket.sndNxt);
    if (!isFor) return "reset";
    becomeEstablished(socket, segment, nowNs);
    // Its user hears of it when the segment has been dealt with.
    socket.isWakeDue = true;
  }
  const verdict = processAck(socket, segment, nowNs);
  if (verdict === "challenge") {
    challenge(socket, nowNs);
    return drop(frame);
  }
  noteTimestamp(socket, segment, nowNs);
  if (isFinAcknowledged(socket) && !afterFin(socket)) return drop(frame);
  return takeRest(socket, segment, frame, nowNs);
}

function drop(frame: Frame): InputVerdict {
  frame.pool.free(frame);
  return "done";
}

/** What a segment brings beside its acknowledgement, and what follows. */
function takeRest(socket: TcpSocket, segment: Segment, frame: Frame, nowNs: number): InputVerdict {
  if (socket.isOrphan && after((segment.sequence + segment.payloadLength) | 0, socket.rcvNxt)) {
    // Nobody is left to read it: the peer must not believe it arrived (RFC 9293 3.6.1).
    frame.pool.free(frame);
    abortConnection(socket, "", nowNs);
    return "done";
  }
  const before = socket.receiveQueue.readableBytes;
  if ((segment.flags & TCP_URG) !== 0) noteUrgentPointer(socket, segment);
  if (socket.urgentState !== URGENT_NONE) noteUrgentByte(socket, segment, frame.bytes);
  takeData(socket, segment, frame, nowNs);
  const isFinNew = takeFin(socket);
  pushPending(socket, nowNs);
  acknowledge(socket, nowNs);
  if (isFinNew && socket.state === tcp.TCP_FIN_WAIT2) enterTimeWait(socket, tcp.TCP_TIME_WAIT);
  // Nobody waits for the peer's FIN but the rest of the connection.
  else if (socket.isOrphan && socket.state === tcp.TCP_FIN_WAIT2) enterTimeWait(socket, tcp.TCP_FIN_WAIT2);
  else if (isFinNew || socket.receiveQueue.readableBytes > before || mayWrite(socket)) socket.wake();
  else if (socket.isWakeDue) socket.wake();
  socket.isWakeDue = false;
  return "done";
}

/** Whether a user that waits to write may go on: a third of the room is free (sk_stream_is_writeable). */
function mayWrite(socket: TcpSocket): boolean {
  if (!socket.isWriteBlocked) return false;
  const queued = (socket.writeSeq - socket.sndUna) | 0;
  return 3 * queued <= 2 * socket.sendLimit;
}

/** Whether the segment may be looked at any further; what must be answered is (RFC 9293 3.10.7.4, RFC 5961, RFC 7323 5). */
function isAcceptable(socket: TcpSocket, segment: Segment, nowNs: number): boolean {
  const { end, flags, sequence } = segment;
  const isReset = (flags & TCP_RST) !== 0;
  if (isTooOld(socket, segment, nowNs) && !isReset) {
    repeatAck(socket, segment, nowNs);
    return false;
  }
  const edge = (socket.rcvWup + Math.max(socket.rcvWnd, (socket.rcvNxt - socket.rcvWup) | 0)) | 0;
  const isInWindow = !before(end, socket.rcvWup) && !after(sequence, edge);
  if (!isInWindow) {
    if ((flags & TCP_SYN) !== 0) challenge(socket, nowNs);
    else if (!isReset) repeatAck(socket, segment, nowNs);
    return false;
  }
  if (isReset) {
    if (sequence === socket.rcvNxt) endConnection(socket, resetError(socket));
    else challenge(socket, nowNs);
    return false;
  }
  if ((flags & TCP_SYN) === 0) return true;
  // The answer to our SYN once more, after both ends had opened at once.
  if (socket.state === tcp.TCP_SYN_RECV && (flags & TCP_ACK) !== 0 && sequence === socket.irs) return true;
  challenge(socket, nowNs);
  return false;
}

/** What a reset means in the state the connection is in (tcp_reset). */
function resetError({ state }: TcpSocket): "ECONNREFUSED" | "EPIPE" | "ECONNRESET" {
  if (state === tcp.TCP_SYN_SENT) return "ECONNREFUSED";
  return state === tcp.TCP_CLOSE_WAIT ? "EPIPE" : "ECONNRESET";
}

/** Whether the timestamp says that the segment is from the past, and it is no mere acknowledgement out of order. */
function isTooOld(socket: TcpSocket, segment: Segment, nowNs: number): boolean {
  if (!segment.hasTimestamp || !socket.isTimestampOk) return false;
  if (!before(segment.timestamp, socket.recentTimestamp)) return false;
  if (nowNs - socket.recentStampNs > pawsNs) return false;
  const isMereAck =
    segment.sequence === segment.end &&
    segment.sequence === socket.rcvNxt &&
    segment.ack === socket.sndUna &&
    ((socket.recentTimestamp - segment.timestamp) | 0) * MS <= socket.rtoNs;
  return !isMereAck;
}

function noteTimestamp(socket: TcpSocket, segment: Segment, nowNs: number): void {
  if (!segment.hasTimestamp || after(segment.sequence, socket.rcvWup)) return;
  if (before(segment.timestamp, socket.recentTimestamp) && nowNs - socket.recentStampNs <= pawsNs) return;
  socket.recentTimestamp = segment.timestamp;
  socket.recentStampNs = nowNs;
}

/** Says where we are to one that sent what we know or do not want; not to one that only acknowledges too often. */
function repeatAck(socket: TcpSocket, segment: Segment, nowNs: number): void {
  const { end, payloadLength, sequence } = segment;
  if (end !== sequence && before(sequence, socket.rcvNxt)) {
    const known = after(end, socket.rcvNxt) ? socket.rcvNxt : (sequence + payloadLength) | 0;
    reportDuplicate(socket, sequence, known);
  } else if (end === sequence && !isDue(socket, nowNs)) return;
  sendAck(socket, nowNs);
}

function isDue(socket: TcpSocket, nowNs: number): boolean {
  if (nowNs - socket.lastChallengeNs < socket.tunables.tcpInvalidRatelimitMs * MS) return false;
  socket.lastChallengeNs = nowNs;
  return true;
}

/** Asks the peer by an acknowledgement whether it meant what it sent; so often and no more (tcp_send_challenge_ack). */
function challenge(socket: TcpSocket, nowNs: number): void {
  if (isDue(socket, nowNs) && takeChallenge(socket, nowNs)) sendAck(socket, nowNs);
}

/**
 * Whether the host may send another challenge in this second. How many it may is not to be told by counting them, which would
 * tell a stranger of connections between others: it is anywhere from half to one and a half of what the setting says.
 */
function takeChallenge({ netns, tunables }: TcpSocket, nowNs: number): boolean {
  const limit = tunables.tcpChallengeAckLimit >>> 0;
  if (limit === unlimitedChallenges) return true;
  const ip = ipNetns(netns);
  const table = tcpTable(ip);
  const second = Math.floor(nowNs / S);
  if (second !== table.challengeS) {
    table.challengeS = second;
    const { random } = ip.inet.machine;
    // To the kernel a random number below 0 is any.
    const share = limit === 0 ? random.u32() : randomBelow(random, limit);
    table.challenges = (((limit + 1) >>> 1) + share) >>> 0;
  }
  if (table.challenges === 0) return false;
  table.challenges--;
  return true;
}

/** Whether our FIN has just been acknowledged. */
function isFinAcknowledged(socket: TcpSocket): boolean {
  return socket.isFinQueued && socket.sndUna === ((socket.writeSeq + 1) | 0);
}

/** Moves on from a FIN that was acknowledged; false when the connection is over. */
function afterFin(socket: TcpSocket): boolean {
  switch (socket.state) {
    case tcp.TCP_FIN_WAIT1:
      socket.state = tcp.TCP_FIN_WAIT2;
      return true;
    case tcp.TCP_CLOSING:
      enterTimeWait(socket, tcp.TCP_TIME_WAIT);
      return false;
    case tcp.TCP_LAST_ACK:
      endConnection(socket, "");
      return false;
    default:
      return true;
  }
}
