// A connection's one timer for all that waits for the peer. Moving it later, which happens with every acknowledgement, costs no
// more than a note: it finds out when it goes off too early.
//
// Mirrors include/net/inet_connection_sock.h (inet_csk_reset_xmit_timer, inet_csk_clear_xmit_timer).

import type { TcpSocket, TimerEvent } from "./socket.ts";

/** A tick of a kernel that counts 250 in a second. */
const tickNs = 4_000_000;
/** The shortest time that is waited for (TCP_TIMEOUT_MIN). */
export const SOON_NS = 2 * tickNs;

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

/** How long the peer may be silent before it is asked for a sign of life. */
export function keepAliveIdle({ keepAliveIdleNs, tunables }: TcpSocket): number {
  return keepAliveIdleNs === 0 ? secondsFrom(tunables.tcpKeepaliveTimeS) : keepAliveIdleNs;
}

/** A setting's seconds in nanoseconds: a tick of the kernel's at least, also where a setting is negative. */
export function secondsFrom(setting: number): number {
  return Math.max(setting * 1_000_000_000, tickNs);
}
