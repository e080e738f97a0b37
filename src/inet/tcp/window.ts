// The window told to the peer: how much it may send. It never shrinks, does not open by crumbs, and grows with what the user
// reads in a round trip.
//
// Mirrors net/ipv4/tcp_output.c (tcp_select_window, __tcp_select_window) and net/ipv4/tcp_input.c (tcp_rcv_space_adjust,
// tcp_rcv_rtt_measure, tcp_measure_rcv_mss).

import type { Segment } from "./segment.ts";
import { before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";

const MS = 1_000_000;
const largestUnscaled = 65_535;
/** The least that segments are taken to carry. */
const leastMss = 88;

/** The scale that windows up to the largest need (tcp_select_initial_window). */
export function windowScaleFor(limit: number): number {
  let scale = 0;
  while (scale < 14 && largestUnscaled * 2 ** scale < limit) scale++;
  return scale;
}

/** The window as it is told now, in bytes; noted as told. */
export function receiveWindow(socket: TcpSocket): number {
  const { rcvScale } = socket;
  const current = Math.max((socket.rcvWup + socket.rcvWnd - socket.rcvNxt) | 0, 0);
  let window = Math.min(windowFor(socket), largestUnscaled * 2 ** rcvScale);
  const unit = 2 ** rcvScale;
  if (window < current) window = Math.ceil(current / unit) * unit;
  else window = Math.floor(window / unit) * unit;
  socket.rcvWnd = window;
  socket.rcvWup = socket.rcvNxt;
  return window;
}

/** The room there is, 0 when it is too little to speak of. */
export function windowFor(socket: TcpSocket): number {
  const { receiveLimit, receiveQueue } = socket;
  let free = Math.max(receiveLimit - receiveQueue.readableBytes, 0);
  // Small frames take more memory than they carry.
  if (receiveQueue.memoryBytes > 2 * receiveLimit) free = 0;
  const isLow = free < receiveLimit >> 1;
  return isLow && (free < receiveLimit >> 4 || free < Math.min(socket.rcvMss, receiveLimit)) ? 0 : free;
}

/** Whether the window has opened so far that the peer should hear of it (tcp_cleanup_rbuf). */
export function isWindowNews(socket: TcpSocket): boolean {
  const current = Math.max((socket.rcvWup + socket.rcvWnd - socket.rcvNxt) | 0, 0);
  if (2 * current > Math.min(socket.receiveLimit, largestUnscaled * 2 ** socket.rcvScale)) return false;
  const window = windowFor(socket);
  return window > 0 && window >= 2 * current;
}

/** Learns how large the peer's segments are (tcp_measure_rcv_mss). */
export function measureRcvMss(socket: TcpSocket, segment: Segment, gsoSize: number): void {
  const length = gsoSize !== 0 ? gsoSize : segment.payloadLength;
  if (length >= socket.rcvMss) socket.rcvMss = Math.min(length, 65_535);
  else if (length >= leastMss && socket.rcvMss > 536 && length > socket.rcvMss >> 1) socket.rcvMss = length;
}

/** Measures the peer's round trip by a window of data, where timestamps do not tell it (tcp_rcv_rtt_measure). */
export function measureReceiveRtt(socket: TcpSocket, nowNs: number): void {
  if (socket.rcvRttStampNs !== 0) {
    if (before(socket.rcvNxt, socket.rcvRttSeq)) return;
    const sampleNs = Math.max(nowNs - socket.rcvRttStampNs, 1_000);
    const isLess = socket.rcvRttNs === 0 || sampleNs < socket.rcvRttNs;
    socket.rcvRttNs = isLess ? sampleNs : socket.rcvRttNs + (sampleNs - socket.rcvRttNs) / 8;
  }
  socket.rcvRttSeq = (socket.rcvNxt + socket.rcvWnd) | 0;
  socket.rcvRttStampNs = nowNs;
}

/** Lets the window grow to twice what the user read in the last round trip (tcp_rcv_space_adjust). */
export function adjustReceiveSpace(socket: TcpSocket, nowNs: number): void {
  const roundNs = socket.rcvRttNs === 0 ? 100 * MS : socket.rcvRttNs;
  if (nowNs - socket.spaceStampNs < roundNs) return;
  const copied = socket.bytesRead - socket.spaceRead;
  const { tcpModerateRcvbuf, tcpRmemMax } = socket.tunables;
  if (copied > socket.spaceBytes && !socket.isReceiveLimitFixed && tcpModerateRcvbuf !== 0) {
    const grown = copied + Math.max(copied - socket.spaceBytes, 0);
    const wanted = Math.min(2 * grown + 16 * socket.rcvMss, tcpRmemMax);
    if (wanted > socket.receiveLimit) socket.receiveLimit = wanted;
    socket.spaceBytes = copied;
  }
  socket.spaceRead = socket.bytesRead;
  socket.spaceStampNs = nowNs;
}
