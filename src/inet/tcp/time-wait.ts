// What is left of a connection that has ended in order: enough to acknowledge the peer's last words again, and to keep old
// segments from a new connection between the same ends. It also stands in for one whose user has gone and whose peer has not
// said its last word yet (FIN-WAIT-2).
//
// Mirrors net/ipv4/tcp_minisocks.c (tcp_time_wait, tcp_timewait_state_process) and net/ipv4/inet_timewait_sock.c.

import type { Timer } from "../../net/timers.ts";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import type { Route4 } from "../ipv4/route.ts";
import type { Route6 } from "../ipv6/route.ts";
import { ipNetns } from "../slots.ts";
import { secondsFrom } from "./arm.ts";
import { sendBare } from "./bare.ts";
import { endConnection } from "./end.ts";
import { TcpEndpoint } from "./endpoint.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { TCP_FIN_WAIT2, TCP_TIME_WAIT } from "./state.ts";
import { tcpTable } from "./table.ts";
import { timestampAt } from "./timestamp.ts";
import { windowFor } from "./window.ts";

const S = 1_000_000_000;
/** How long it stays (TCP_TIMEWAIT_LEN). */
const timeWaitNs = 60 * S;

/** The rest of a connection (struct tcp_timewait_sock). */
export class TcpTimeWait extends TcpEndpoint {
  override state: number;
  readonly sndNxt: number;
  rcvNxt: number;
  readonly window: number;
  readonly isTimestampOk: boolean;
  readonly timestampOffset: number;
  recentTimestamp: number;
  recentStampNs: number;
  readonly timer: Timer;
  route4: Route4 | null = null;
  route6: Route6 | null = null;

  constructor(socket: TcpSocket, state: number) {
    super(socket);
    this.state = state;
    this.sndNxt = socket.sndNxt;
    this.rcvNxt = socket.rcvNxt;
    this.window = Math.min(windowFor(socket) >>> socket.rcvScale, 0xffff);
    this.isTimestampOk = socket.isTimestampOk;
    this.timestampOffset = socket.timestampOffset;
    this.recentTimestamp = socket.recentTimestamp;
    this.recentStampNs = socket.recentStampNs;
    this.ifindex = socket.ifindex;
    this.timer = socket.netns.machine.timers.timer(() => endTimeWait(this));
  }
}

/** Puts the rest of a connection in its place, and ends it (tcp_time_wait). */
export function enterTimeWait(socket: TcpSocket, state: number): void {
  const table = tcpTable(ipNetns(socket.netns));
  const { tcpFinTimeoutS, tcpMaxTwBuckets } = socket.tunables;
  const isRoom = table.timeWaits < tcpMaxTwBuckets;
  const rest = isRoom ? new TcpTimeWait(socket, state) : null;
  endConnection(socket, "");
  if (rest === null) return;
  table.timeWaits++;
  table.add(rest);
  rest.timer.start(state === TCP_FIN_WAIT2 ? secondsFrom(tcpFinTimeoutS) : timeWaitNs);
}

/** Takes it off the table. */
export function endTimeWait(rest: TcpTimeWait): void {
  if (!rest.isHashed) return;
  const table = tcpTable(ipNetns(rest.netns));
  rest.timer.stop();
  table.remove(rest);
  table.timeWaits--;
}

/** Where the next connection between the same ends begins: out of the reach of the last one's segments (tcp_timewait_state_process). */
export function nextSequence({ sndNxt }: TcpTimeWait): number {
  return (sndNxt + 65_537) | 0 || 1;
}

/** What is to be done about a segment that came for it. */
export type TimeWaitVerdict = "done" | "reset" | "new";

/**
 * Takes a segment (RFC 9293 3.10.7.4, RFC 6191). "reset": it is to be answered by one; "new": it opens a new connection between
 * the same ends, for which this one has made way.
 */
export function timeWaitInput(rest: TcpTimeWait, segment: Segment, nowNs: number): TimeWaitVerdict {
  const { flags, sequence } = segment;
  const isOld = segment.hasTimestamp && rest.isTimestampOk && before(segment.timestamp, rest.recentTimestamp);
  if (rest.state === TCP_FIN_WAIT2) return finWait2Input(rest, segment, isOld, nowNs);
  const isEmpty = segment.end === sequence;
  if (!isOld && sequence === rest.rcvNxt && (isEmpty || (flags & TCP_RST) !== 0)) {
    if ((flags & TCP_RST) !== 0) {
      // An old duplicate could end it too early (RFC 1337).
      if (ipNetns(rest.netns).tunables.tcpRfc1337 === 0) endTimeWait(rest);
      return "done";
    }
    noteTimestamp(rest, segment, nowNs);
    rest.timer.start(timeWaitNs);
    return "done";
  }
  const isFresh =
    after(sequence, rest.rcvNxt) || (segment.hasTimestamp && after(segment.timestamp, rest.recentTimestamp));
  if ((flags & (TCP_SYN | TCP_RST | TCP_ACK)) === TCP_SYN && !isOld && isFresh) {
    endTimeWait(rest);
    return "new";
  }
  if ((flags & TCP_RST) !== 0) return "done";
  if (isOld || (flags & TCP_ACK) !== 0) rest.timer.start(timeWaitNs);
  acknowledge(rest, nowNs);
  return "done";
}

/** The peer has not said its last word: that it is waited for (tcp_timewait_state_process, its first half). */
function finWait2Input(rest: TcpTimeWait, segment: Segment, isOld: boolean, nowNs: number): TimeWaitVerdict {
  const { end, flags, sequence } = segment;
  const isInWindow = !isOld && !before(end, rest.rcvNxt) && !after(sequence, (rest.rcvNxt + 0xffff) | 0);
  if (!isInWindow) {
    if ((flags & TCP_RST) === 0) acknowledge(rest, nowNs);
    return "done";
  }
  if ((flags & TCP_RST) !== 0) {
    endTimeWait(rest);
    return "done";
  }
  if ((flags & TCP_SYN) !== 0 && !before(sequence, rest.rcvNxt)) return "reset";
  // Nothing new, or not the next.
  if ((flags & TCP_ACK) === 0 || !after(end, rest.rcvNxt) || end === sequence) return "done";
  // There is nobody left to read more than a FIN.
  if ((flags & TCP_FIN) === 0 || end !== ((rest.rcvNxt + 1) | 0)) {
    endTimeWait(rest);
    return "reset";
  }
  rest.state = TCP_TIME_WAIT;
  rest.rcvNxt = end;
  noteTimestamp(rest, segment, nowNs);
  rest.timer.start(timeWaitNs);
  acknowledge(rest, nowNs);
  return "done";
}

function noteTimestamp(rest: TcpTimeWait, segment: Segment, nowNs: number): void {
  if (!segment.hasTimestamp) return;
  rest.recentTimestamp = segment.timestamp;
  rest.recentStampNs = nowNs;
}

function acknowledge(rest: TcpTimeWait, nowNs: number): void {
  sendBare(ipNetns(rest.netns), rest, {
    sequence: rest.sndNxt,
    ack: rest.rcvNxt,
    flags: TCP_ACK,
    window: rest.window,
    timestamp: rest.isTimestampOk ? timestampAt(rest, nowNs) : undefined,
    echo: rest.recentTimestamp,
  });
}
