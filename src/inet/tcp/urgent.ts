// Urgent data: one byte that the peer points at stands beside the others. Reading stops in front of it, and goes on behind it.
//
// Mirrors net/ipv4/tcp_input.c (tcp_check_urg, tcp_urg) and net/ipv4/tcp.c (tcp_recvmsg_locked, tcp_recv_urg): the pointer leads
// behind the byte (net.ipv4.tcp_stdurg is 0), and SO_OOBINLINE is off (RFC 6093 3). Omitted: sending it.

import type { ErrnoName } from "../../uapi/errno.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { TCP_CLOSE } from "./state.ts";

/** What is known of the byte at `urgentSeq`. */
export const URGENT_NONE = 0;
const notYet = 1;
const valid = 2;
const taken = 3;

/** The sequence number of the first byte that can be read (tcp_sock.copied_seq). */
function copiedSeq({ isFinReceived, rcvNxt, receiveQueue }: TcpSocket): number {
  return (rcvNxt - (isFinReceived ? 1 : 0) - receiveQueue.readableBytes) | 0;
}

/** Takes a segment's urgent pointer, before its bytes are taken. */
export function noteUrgentPointer(socket: TcpSocket, segment: Segment): void {
  const { sequence, urgentPointer } = segment;
  const at = (sequence + Math.max(urgentPointer - 1, 0)) | 0;
  const copied = copiedSeq(socket);
  if (after(copied, at) || before(at, socket.rcvNxt)) return;
  if (socket.urgentState !== URGENT_NONE && !after(at, socket.urgentSeq)) return;
  // The one before was next to be read: it is passed over.
  const isPassed =
    socket.urgentState !== URGENT_NONE && socket.urgentSeq === copied && copied !== socket.rcvNxt;
  if (isPassed) socket.receiveQueue.skip(1);
  socket.urgentState = notYet;
  socket.urgentSeq = at;
}

/** Keeps the byte itself, if the segment, whose payload is in `bytes`, brings it. */
export function noteUrgentByte(socket: TcpSocket, segment: Segment, bytes: Uint8Array): void {
  if (socket.urgentState !== notYet) return;
  const place = (socket.urgentSeq - segment.sequence) | 0;
  if (place < 0 || place >= segment.payloadLength) return;
  socket.urgentByte = bytes[segment.payloadAt + place] ?? 0;
  socket.urgentState = valid;
}

/** How many bytes can be read at once: those in front of the urgent one; that is passed over when it is next. */
export function readableAround(socket: TcpSocket): number {
  const { receiveQueue } = socket;
  if (socket.urgentState === URGENT_NONE) return receiveQueue.readableBytes;
  const left = (socket.urgentSeq - copiedSeq(socket)) | 0;
  if (left > 0) return Math.min(left, receiveQueue.readableBytes);
  if (left === 0 && receiveQueue.readableBytes === 0) return 0;
  if (left === 0) receiveQueue.skip(1);
  socket.urgentState = URGENT_NONE;
  return receiveQueue.readableBytes;
}

/** Takes the urgent byte (MSG_OOB). EINVAL when there is none or it has been taken, EAGAIN when it is still to come. */
export function takeUrgent(socket: TcpSocket): number | ErrnoName {
  const { urgentState } = socket;
  if (urgentState === URGENT_NONE || urgentState === taken) return "EINVAL";
  if (urgentState === notYet) return socket.state === TCP_CLOSE || socket.isFinReceived ? "EINVAL" : "EAGAIN";
  socket.urgentState = taken;
  return socket.urgentByte;
}
