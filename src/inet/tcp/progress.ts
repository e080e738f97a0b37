// What one acknowledgement brings, gathered while it is looked at. One object serves all of a namespace.
//
// Mirrors the flags and counts that net/ipv4/tcp_input.c hands on (FLAG_*, struct rate_sample).

import { TCP_ECE, TCP_SYN } from "../../wire/tcp.ts";
import type { Segment } from "./segment.ts";
import type { TcpSocket } from "./socket.ts";

/** What an acknowledgement brought. */
export class Progress {
  /** Bytes acknowledged in order, and all that are known to have arrived for the first time. */
  ackedBytes = 0;
  deliveredBytes = 0;
  /** Bytes that were in flight before. */
  flightBefore = 0;
  /** It repeats the last one while something is out. */
  isDuplicate = false;
  /** Something arrived out of order; something arrived of what was out before the timer went off, and was sent only once. */
  isSackNews = false;
  isOriginal = false;
  /** The peer has seen a mark (RFC 3168 6.1.2). */
  isEcho = false;
  /** Segments taken for lost before it. */
  lostBefore = 0;

  /** Starts anew for `segment`. */
  begin(socket: TcpSocket, { ack, end, flags, payloadLength, sequence }: Segment): void {
    this.reset(socket);
    this.isEcho = socket.isEcnOk && (flags & (TCP_ECE | TCP_SYN)) === TCP_ECE;
    this.ackedBytes = (ack - socket.sndUna) | 0;
    this.isDuplicate =
      this.ackedBytes === 0 && payloadLength === 0 && end === sequence && socket.flightHead !== null;
  }

  /** Starts anew for no segment: time has passed. */
  reset(socket: TcpSocket): void {
    this.ackedBytes = 0;
    this.deliveredBytes = 0;
    this.flightBefore = (socket.sndNxt - socket.sndUna) | 0;
    this.isDuplicate = false;
    this.isSackNews = false;
    this.isOriginal = false;
    this.isEcho = false;
    this.lostBefore = socket.lostSegments;
  }
}
