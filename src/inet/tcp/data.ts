// The bytes of a segment: in their turn they can be read, early they wait, twice they are said to be known. Then it is decided
// when to acknowledge.
//
// Mirrors net/ipv4/tcp_input.c (tcp_data_queue, tcp_data_queue_ofo, tcp_fin, __tcp_ack_snd_check). Omitted: SACK for a FIN that came
// early, which is remembered all the same.

import type { Frame } from "../../net/netdevice.ts";
import { TCP_FIN } from "../../wire/tcp.ts";
import { noteMark } from "./ecn.ts";
import { sendAck } from "./output.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import * as tcp from "./state.ts";
import { measureRcvMss, measureReceiveRtt, windowFor } from "./window.ts";

const MS = 1_000_000;
/** How long an acknowledgement may wait for something to carry it (TCP_DELACK_MIN). */
const delayedAckNs = 40 * MS;
/** Acknowledgements that are sent at once when a sender starts (TCP_MAX_QUICKACKS). */
const maxQuickAcks = 16;
/** A sender that was silent for so long starts slowly again. */
const restartNs = 200 * MS;

/** Takes a segment's bytes; takes ownership of the frame, whose payload the segment says. */
export function takeData(socket: TcpSocket, segment: Segment, frame: Frame, nowNs: number): void {
  const { end, flags, payloadLength, sequence } = segment;
  if (end === sequence) return frame.pool.free(frame);
  // Nothing comes behind a FIN: what says so is not looked at (RFC 9293 3.10.7.4, seventh).
  if (socket.isFinReceived && !before(sequence, socket.rcvNxt)) return frame.pool.free(frame);
  const edge = (socket.rcvWup + socket.rcvWnd) | 0;
  measureRcvMss(socket, segment, frame.gsoType === 0 ? 0 : frame.gsoSize);
  if (payloadLength > 0) {
    noteArrival(socket, nowNs);
    noteMark(socket, segment);
  }
  if ((flags & TCP_FIN) !== 0 && !socket.hasFin) {
    socket.hasFin = true;
    socket.finSeq = (end - 1) | 0;
  }
  const dataEnd = (sequence + payloadLength) | 0;
  if (!after(end, socket.rcvNxt)) {
    reportDuplicate(socket, sequence, dataEnd);
    return frame.pool.free(frame);
  }
  if (socket.isFinReceived) {
    socket.isAckNow = true;
    return frame.pool.free(frame);
  }
  if (!before(sequence, edge) && (after(sequence, socket.rcvNxt) || payloadLength > 0)) {
    // Beyond the window, or into a window that is shut: where it is, is told once more.
    socket.isAckNow = true;
    return frame.pool.free(frame);
  }
  frame.start = segment.payloadAt;
  frame.end = segment.payloadAt + payloadLength;
  frame.dev = null;
  if (after(sequence, socket.rcvNxt)) return takeEarly(socket, sequence, dataEnd, frame);
  const known = (socket.rcvNxt - sequence) | 0;
  if (known > 0) {
    reportDuplicate(socket, sequence, socket.rcvNxt);
    frame.start += Math.min(known, payloadLength);
  }
  takeNext(socket, dataEnd, frame, nowNs);
}

/** The peer's segments come: how long the last was ago decides how eagerly they are acknowledged (tcp_event_data_recv). */
function noteArrival(socket: TcpSocket, nowNs: number): void {
  if (nowNs - socket.lastDataNs > Math.max(socket.rtoNs, restartNs)) {
    const windows = Math.floor(socket.rcvWnd / (2 * socket.rcvMss));
    socket.quickAcks = Math.min(Math.max(windows, 2), maxQuickAcks);
  }
  socket.lastDataNs = nowNs;
}

function takeNext(socket: TcpSocket, dataEnd: number, frame: Frame, nowNs: number): void {
  const size = frame.end - frame.start;
  if (size > 0 && !isRoom(socket, frame)) return;
  if (size > 0 && !socket.isReceiveShutdown) socket.receiveQueue.append(frame);
  else frame.pool.free(frame);
  socket.rcvNxt = after(dataEnd, socket.rcvNxt) ? dataEnd : socket.rcvNxt;
  socket.bytesReceived += size;
  if (socket.receiveQueue.early !== null) {
    // A hole is filled: the sender should hear of it at once.
    socket.isAckNow = true;
    const next = socket.receiveQueue.takeEarly(socket.rcvNxt);
    socket.bytesReceived += (next - socket.rcvNxt) | 0;
    socket.rcvNxt = next;
  }
  measureReceiveRtt(socket, nowNs);
  socket.isAckPending = true;
}

/** Whether there is memory for one more frame; early ones make way. When there is none the frame is given back. */
function isRoom(socket: TcpSocket, frame: Frame): boolean {
  const { receiveLimit, receiveQueue } = socket;
  const size = frame.memory.limit - frame.memory.head;
  while (receiveQueue.memoryBytes + size > 3 * receiveLimit && receiveQueue.pruneEarly());
  if (receiveQueue.memoryBytes + size <= 4 * receiveLimit || receiveQueue.readableBytes === 0) return true;
  socket.isAckNow = true;
  frame.pool.free(frame);
  return false;
}

function takeEarly(socket: TcpSocket, sequence: number, dataEnd: number, frame: Frame): void {
  socket.isAckNow = true;
  const { receiveLimit, receiveQueue } = socket;
  const size = frame.memory.limit - frame.memory.head;
  if (frame.start === frame.end || receiveQueue.memoryBytes + size > 3 * receiveLimit) {
    return frame.pool.free(frame);
  }
  if (!receiveQueue.insertEarly(frame, sequence, dataEnd)) reportDuplicate(socket, sequence, dataEnd);
}

/** Has the next acknowledgement, which is due at once, say what came twice (tcp_dsack_set). */
export function reportDuplicate(socket: TcpSocket, start: number, end: number): void {
  socket.isAckNow = true;
  if (!socket.isSackOk || socket.tunables.tcpDsack === 0 || start === end) return;
  socket.hasDuplicate = true;
  socket.duplicateStart = start;
  socket.duplicateEnd = end;
}

/** Whether the peer's FIN is next; it is taken then, and the state moves on (tcp_fin). True: it was taken now. */
export function takeFin(socket: TcpSocket): boolean {
  if (!socket.hasFin || socket.isFinReceived || socket.finSeq !== socket.rcvNxt) return false;
  socket.isFinReceived = true;
  socket.rcvNxt = (socket.rcvNxt + 1) | 0;
  while (socket.receiveQueue.pruneEarly());
  const isFirst = socket.state === tcp.TCP_ESTABLISHED || socket.state === tcp.TCP_SYN_RECV;
  // An end that follows bytes may wait for the answer to them.
  const mayWait = isFirst && socket.lastDataNs !== Number.NEGATIVE_INFINITY;
  socket.isAckPending = true;
  if (mayWait) socket.quickAcks = 0;
  else socket.isAckNow = true;
  if (isFirst) {
    socket.state = tcp.TCP_CLOSE_WAIT;
  } else if (socket.state === tcp.TCP_FIN_WAIT1) socket.state = tcp.TCP_CLOSING;
  return true;
}

/** Sends the acknowledgement that is owed: now, or when enough has come or time is up (__tcp_ack_snd_check). */
export function acknowledge(socket: TcpSocket, nowNs: number): void {
  if (socket.isAckNow) return sendAck(socket, nowNs);
  if (!socket.isAckPending) return;
  const isTwoSegments = ((socket.rcvNxt - socket.rcvWup) | 0) > socket.rcvMss;
  const isWindowOpen = windowFor(socket) >= ((socket.rcvWup + socket.rcvWnd - socket.rcvNxt) | 0);
  if ((isTwoSegments && isWindowOpen) || socket.quickAcks > 0 || socket.receiveQueue.early !== null) {
    return sendAck(socket, nowNs);
  }
  if (socket.delayedAckTimer.isPending) return;
  socket.delayedAckTimer.start(delayedAckNs);
}
