// A connection ends: it leaves the table, nothing of it is waited for any more, and its user is told. What came in stays
// readable until the user has closed it too.
//
// Mirrors net/ipv4/tcp.c (tcp_done, tcp_reset, inet_csk_destroy_sock, tcp_abort) and net/ipv4/tcp_input.c (tcp_reset).

import { putNet } from "../../net/namespace.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { ipNetns } from "../slots.ts";
import { clearFlight } from "./flight.ts";
import { sendActiveReset } from "./output.ts";
import type { TcpSocket } from "./socket.ts";
import * as tcp from "./state.ts";
import { tcpTable } from "./table.ts";

/** Ends the connection for `error`, "" if all is well; once. */
export function endConnection(socket: TcpSocket, error: ErrnoName | ""): void {
  if (socket.state === tcp.TCP_CLOSE) return;
  const table = tcpTable(ipNetns(socket.netns));
  socket.state = tcp.TCP_CLOSE;
  if (error !== "" && socket.error === "") socket.error = error;
  table.remove(socket);
  socket.timerEvent = "none";
  socket.timer.stop();
  socket.delayedAckTimer.stop();
  socket.keepAliveTimer.stop();
  clearFlight(socket, table.flights);
  socket.sendQueue.clear();
  socket.writeSeq = socket.sndNxt;
  socket.isSendShutdown = true;
  socket.isReceiveShutdown = true;
  if (socket.isOrphan) {
    table.orphans--;
    release(socket);
    socket.wake();
  } else if (socket.listener !== null && error !== "") {
    // Nobody has accepted it: it goes without having been seen.
    const { acceptQueue } = socket.listener;
    const place = acceptQueue.indexOf(socket);
    if (place >= 0) acceptQueue.splice(place, 1);
    release(socket);
  } else socket.wake();
}

/** Lets go of the last that a connection has: its user is done with it. */
export function release(socket: TcpSocket): void {
  if (socket.isDestroyed) return;
  socket.isDestroyed = true;
  socket.receiveQueue.clear();
  putNet(socket.netns);
}

/** Ends a connection and tells the peer so by a reset. */
export function abortConnection(socket: TcpSocket, error: ErrnoName | "", nowNs: number): void {
  const { state } = socket;
  const isKnown = state !== tcp.TCP_CLOSE && state !== tcp.TCP_SYN_SENT && state !== tcp.TCP_TIME_WAIT;
  if (isKnown) sendActiveReset(socket, nowNs);
  endConnection(socket, error);
}
