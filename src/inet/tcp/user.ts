// What the user of a connection does with it: write, read, say that no more will come, close, reset.
//
// Mirrors net/ipv4/tcp.c (tcp_sendmsg_locked, tcp_recvmsg_locked, tcp_cleanup_rbuf, tcp_shutdown, __tcp_close,
// tcp_disconnect).

import type { ErrnoName } from "../../uapi/errno.ts";
import { ipNetns } from "../slots.ts";
import { abortConnection, endConnection, release } from "./end.ts";
import { pushPending, restartAfterIdle, sendAck } from "./output.ts";
import type { TcpSocket } from "./socket.ts";
import { INITIAL_WINDOW } from "./socket.ts";
import * as tcp from "./state.ts";
import { tcpTable } from "./table.ts";
import { enterTimeWait } from "./time-wait.ts";
import { readableAround } from "./urgent.ts";
import { adjustReceiveSpace, isWindowNews } from "./window.ts";

/**
 * Takes bytes of `source` from `from` on to be sent; returns how many: fewer than there are when the buffer is full or memory
 * short, and `wake` tells when to go on. A copy is made. -1: none will ever be taken, `errorOf` says why.
 */
export function tcpWrite(socket: TcpSocket, source: Uint8Array, from: number): number {
  if (socket.isSendShutdown || socket.error !== "") return -1;
  const { machine } = socket.netns;
  const nowNs = machine.clock.now();
  growSendLimit(socket);
  const queued = (socket.writeSeq - socket.sndUna) | 0;
  const room = socket.sendLimit - queued;
  const end = Math.min(source.length, from + Math.max(room, 0));
  const taken = end > from ? socket.sendQueue.append(source, from, end, socket.writeSeq) : 0;
  socket.isWriteBlocked = from + taken < source.length;
  if (taken === 0) return 0;
  restartAfterIdle(socket, nowNs);
  socket.writeSeq = (socket.writeSeq + taken) | 0;
  machine.loop.enter();
  pushPending(socket, nowNs);
  machine.loop.leave();
  return taken;
}

/** Lets the buffer grow to twice what the windows let be out, the initial one at least (tcp_sndbuf_expand). */
function growSendLimit(socket: TcpSocket): void {
  if (socket.isSendLimitFixed) return;
  // The congestion window grows by fractions of a byte; a buffer does not.
  const out = Math.max(Math.min(socket.cwnd, socket.maxWindow), INITIAL_WINDOW * socket.mss);
  const wanted = Math.min(2 * Math.floor(out), socket.tunables.tcpWmemMax);
  if (wanted > socket.sendLimit) socket.sendLimit = wanted;
}

/** Why a connection takes or gives nothing more, "" when it ended well; it is said once. */
export function takeError(socket: TcpSocket): ErrnoName | "" {
  const { error } = socket;
  socket.error = "";
  return error;
}

/** Copies what can be read to `target`, from `offset` up to `end`; returns how many bytes, 0 when there is nothing now. */
export function tcpReadInto(socket: TcpSocket, target: Uint8Array, offset: number, end: number): number {
  const count = socket.receiveQueue.read(target, offset, Math.min(end - offset, readableAround(socket)));
  if (count > 0) afterRead(socket, count);
  return count;
}

/** Takes out the next bytes that can be read, in memory of their own; empty when there are none now. */
export function tcpRead(socket: TcpSocket): Uint8Array {
  const bytes = socket.receiveQueue.readFirst(readableAround(socket));
  if (bytes.length > 0) afterRead(socket, bytes.length);
  return bytes;
}

/** Copies the next bytes that can be read without taking them out, at most `most` of them (MSG_PEEK). */
export function tcpPeek(socket: TcpSocket, most: number): Uint8Array {
  return socket.receiveQueue.peek(Math.min(most, readableAround(socket)));
}

/** Whether all has been read that will ever come. */
export function isAtEnd(socket: TcpSocket): boolean {
  return readableAround(socket) === 0 && (socket.isFinReceived || socket.state === tcp.TCP_CLOSE);
}

/** Room has been made: the window grows if need be, and the peer hears of it if it matters (tcp_cleanup_rbuf). */
function afterRead(socket: TcpSocket, count: number): void {
  socket.bytesRead += count;
  if (socket.state === tcp.TCP_CLOSE) return;
  const { machine } = socket.netns;
  const nowNs = machine.clock.now();
  adjustReceiveSpace(socket, nowNs);
  if (socket.isFinReceived || !isWindowNews(socket)) return;
  machine.loop.enter();
  sendAck(socket, nowNs);
  machine.loop.leave();
}

/** No more will be written: a FIN goes behind what is queued (tcp_shutdown). */
export function tcpShutdown(socket: TcpSocket): void {
  if (socket.isSendShutdown) return;
  socket.isSendShutdown = true;
  if (socket.state === tcp.TCP_SYN_SENT) return endConnection(socket, "");
  if (socket.state === tcp.TCP_ESTABLISHED || socket.state === tcp.TCP_SYN_RECV) {
    socket.state = tcp.TCP_FIN_WAIT1;
  } else if (socket.state === tcp.TCP_CLOSE_WAIT) socket.state = tcp.TCP_LAST_ACK;
  else return;
  const { machine } = socket.netns;
  socket.isFinQueued = true;
  machine.loop.enter();
  pushPending(socket, machine.clock.now());
  machine.loop.leave();
}

/**
 * The user lets go of the connection: what is queued is still sent, in the background. Bytes that came and were not read are an
 * error of the user's, of which the peer hears by a reset (RFC 2525 2.17).
 */
export function tcpClose(socket: TcpSocket): void {
  if (socket.isOrphan || socket.isDestroyed) return;
  socket.wake = () => {};
  if (socket.state === tcp.TCP_CLOSE) return release(socket);
  const table = tcpTable(ipNetns(socket.netns));
  const { machine } = socket.netns;
  const hasUnread = socket.receiveQueue.readableBytes > 0;
  socket.isReceiveShutdown = true;
  socket.receiveQueue.clear();
  socket.isOrphan = true;
  table.orphans++;
  machine.loop.enter();
  if (hasUnread || table.orphans > table.orphanLimit) abortConnection(socket, "", machine.clock.now());
  else {
    tcpShutdown(socket);
    if (socket.state === tcp.TCP_FIN_WAIT2) enterTimeWait(socket, tcp.TCP_FIN_WAIT2);
    socket.keepAliveTimer.stop();
  }
  machine.loop.leave();
}

/** The user gives the connection up: what is queued is lost, the peer hears of it by a reset (SO_LINGER with no time). */
export function tcpReset(socket: TcpSocket): void {
  if (socket.isDestroyed) return;
  const { machine } = socket.netns;
  machine.loop.enter();
  abortConnection(socket, "", machine.clock.now());
  machine.loop.leave();
  if (!socket.isOrphan) release(socket);
}
