// What the user of a connection sets: when a silent peer is asked for a sign of life, how long one that acknowledges nothing is
// kept, whether small segments wait, what headers say.
//
// Mirrors net/ipv4/tcp.c (do_tcp_setsockopt, tcp_sock_set_keepidle_locked, __tcp_sock_set_nodelay), net/ipv4/tcp_timer.c
// (tcp_set_keepalive). Where Linux counts seconds, milliseconds are taken; the bounds are Linux's.

import type { ErrnoName } from "../../uapi/errno.ts";
import { checkTos } from "../ip-options.ts";
import { keepAliveIdle } from "./arm.ts";
import { pushPending } from "./output.ts";
import type { TcpSocket } from "./socket.ts";
import * as tcp from "./state.ts";

const MS = 1_000_000;
/** The longest silence, and the longest pause between probes (MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL), and the most of them. */
const maxKeepAliveMs = 32_767_000;
const maxKeepAliveProbes = 127;
/** Bits of ECN, which are the connection's own. */
const ecnMask = 3;

/** When and how often a silent peer is asked; what is left out stays as it was, at first as the namespace has it. */
export interface KeepAlive {
  /** After how long a silence (TCP_KEEPIDLE). */
  readonly idleMs?: number | undefined;
  /** How long each answer is waited for (TCP_KEEPINTVL). */
  readonly intervalMs?: number | undefined;
  /** After how many probes in vain the connection ends with ETIMEDOUT (TCP_KEEPCNT). */
  readonly probes?: number | undefined;
}

/** EINVAL for times and numbers that Linux has no room for. */
export function checkKeepAlive({ idleMs, intervalMs, probes }: KeepAlive): ErrnoName | "" {
  const isSound =
    isWithin(idleMs, 1, maxKeepAliveMs) &&
    isWithin(intervalMs, 1, maxKeepAliveMs) &&
    isWithin(probes, 1, maxKeepAliveProbes);
  return isSound ? "" : "EINVAL";
}

/** Has a silent peer asked, or not (SO_KEEPALIVE). EINVAL as of checkKeepAlive; nothing is changed then. */
export function setKeepAlive(socket: TcpSocket, isOn: boolean, keepAlive: KeepAlive = {}): ErrnoName | "" {
  if (checkKeepAlive(keepAlive) !== "") return "EINVAL";
  const { idleMs, intervalMs, probes } = keepAlive;
  socket.isKeepAlive = isOn;
  if (idleMs !== undefined) socket.keepAliveIdleNs = idleMs * MS;
  if (intervalMs !== undefined) socket.keepAliveIntervalNs = intervalMs * MS;
  if (probes !== undefined) socket.keepAliveProbes = probes;
  const { state } = socket;
  if (state === tcp.TCP_CLOSE || state === tcp.TCP_SYN_SENT || socket.isOrphan) return "";
  if (isOn) socket.keepAliveTimer.start(keepAliveIdle(socket));
  else socket.keepAliveTimer.stop();
  return "";
}

/** Whether so many milliseconds can be a user's time. */
export function checkUserTimeout(ms: number): ErrnoName | "" {
  return isWithin(ms, 0, 0x7fff_ffff) ? "" : "EINVAL";
}

/** How long bytes may go unacknowledged, or probes unanswered, before the connection ends; 0: as Linux has it (TCP_USER_TIMEOUT). */
export function setUserTimeout(socket: TcpSocket, ms: number): ErrnoName | "" {
  if (checkUserTimeout(ms) !== "") return "EINVAL";
  socket.userTimeoutNs = ms * MS;
  return "";
}

/** Has small segments go at once, those that wait too, or lets them wait for one another (TCP_NODELAY). */
export function setNoDelay(socket: TcpSocket, isOn: boolean): void {
  socket.isNoDelay = isOn;
  if (!isOn || socket.state === tcp.TCP_CLOSE) return;
  const { machine } = socket.netns;
  machine.loop.enter();
  pushPending(socket, machine.clock.now());
  machine.loop.leave();
}

/** The type of service or traffic class of segments, but for the last two bits; their way may be another (IP_TOS, IPV6_TCLASS). EINVAL. */
export function setTos(socket: TcpSocket, tos: number): ErrnoName | "" {
  if (checkTos(tos) !== "") return "EINVAL";
  socket.tos = tos & ~ecnMask;
  socket.routeGeneration = -1;
  return "";
}

function isWithin(value: number | undefined, least: number, most: number): boolean {
  return value === undefined || (value >= least && value <= most);
}
