// A connection's one timer for all that waits for the peer. Moving it later, which happens with every acknowledgement, costs no
// more than a note: it finds out when it goes off too early.
//
// Mirrors include/net/inet_connection_sock.h (inet_csk_reset_xmit_timer, inet_csk_clear_xmit_timer).

import type { TcpSocket, TimerEvent } from "./socket.ts";

/** Sets the timer for `event`, in the place of what it was set for. */
export function setTimer(socket: TcpSocket, event: TimerEvent, delayNs: number, nowNs: number): void {
  const { timer } = socket;
  socket.timerEvent = event;
  socket.timerDueNs = nowNs + delayNs;
  if (!timer.isPending || timer.due > socket.timerDueNs) timer.start(delayNs);
}

/** Nothing is waited for any more. */
export function clearTimer(socket: TcpSocket): void {
  socket.timerEvent = "none";
}
