// A connection that a listener is being asked for: the SYN has been answered, the answer's acknowledgement is waited for. It
// costs little, as anybody can ask for one.
//
//   LISTEN ──SYN──▶ request ──ACK──▶ socket in the listener's queue
//
// Mirrors net/ipv4/tcp_input.c (tcp_conn_request), net/ipv4/tcp_minisocks.c (tcp_check_req, tcp_create_openreq_child) and
// net/ipv4/inet_connection_sock.c (reqsk_timer_handler). Omitted: fast open, SYN cookies (a flood keeps others out meanwhile).

import { getNet } from "../../net/namespace.ts";
import type { Timer } from "../../net/timers.ts";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import type { Route4 } from "../ipv4/route.ts";
import type { Route6 } from "../ipv6/route.ts";
import { ipNetns } from "../slots.ts";
import type { BareSender } from "./bare.ts";
import { sendBare, sendSynAck } from "./bare.ts";
import { createSocket } from "./create.ts";
import { TcpEndpoint } from "./endpoint.ts";
import { establish } from "./established.ts";
import type { TcpListener } from "./listener.ts";
import { DEFAULT_MSS } from "./mtu.ts";
import { RTO_INITIAL_NS } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { TCP_SYN_RECV } from "./state.ts";
import { tcpTable } from "./table.ts";
import { timestampAt } from "./timestamp.ts";
import { findWay } from "./transmit.ts";
import { RECEIVE_LIMIT_MAX, windowScaleFor } from "./window.ts";

/** Answers to a SYN sent again before it is given up (net.ipv4.tcp_synack_retries). */
const synAckRetries = 5;
const firstWindow = 65_535;

/** A handshake under way (struct tcp_request_sock). */
export class TcpRequest extends TcpEndpoint {
  override state = TCP_SYN_RECV;
  readonly listener: TcpListener;
  readonly ifindex: number;
  readonly irs: number;
  readonly iss: number;
  readonly peerMss: number;
  readonly sndScale: number;
  readonly isSackOk: boolean;
  readonly isTimestampOk: boolean;
  readonly isWindowScaleOk: boolean;
  readonly rcvScale: number;
  readonly timestampOffset: number;
  recentTimestamp: number;
  readonly createdNs: number;
  retries = 0;
  readonly timer: Timer;
  route4: Route4 | null = null;
  route6: Route6 | null = null;

  constructor(listener: TcpListener, pair: BareSender, segment: Segment, nowNs: number) {
    super(pair);
    const table = tcpTable(ipNetns(pair.netns));
    this.listener = listener;
    this.ifindex = pair.ifindex;
    this.irs = segment.sequence;
    this.iss = initialSequence(pair, nowNs);
    this.peerMss = segment.mss === 0 ? DEFAULT_MSS : segment.mss;
    this.isSackOk = segment.isSackPermitted;
    this.isTimestampOk = segment.hasTimestamp;
    this.isWindowScaleOk = segment.windowShift >= 0;
    this.sndScale = Math.max(segment.windowShift, 0);
    this.rcvScale = this.isWindowScaleOk ? windowScaleFor(listener.receiveLimit ?? RECEIVE_LIMIT_MAX) : 0;
    this.timestampOffset = table.secret(pair, 1);
    this.recentTimestamp = segment.timestamp;
    this.createdNs = nowNs;
    this.timer = pair.netns.machine.timers.timer(() => expireRequest(this));
  }
}

/** The first sequence number: a clock that runs ahead of any connection, and what nobody can guess (RFC 6528 3). */
export function initialSequence(pair: BareSender | TcpEndpoint, nowNs: number): number {
  return (tcpTable(ipNetns(pair.netns)).secret(pair, 0) + Math.floor(nowNs / 64)) | 0;
}

/** Takes a SYN for a listener (tcp_conn_request); without room for it nothing happens, and the peer tries again. */
export function openRequest(listener: TcpListener, pair: BareSender, segment: Segment, nowNs: number): void {
  const table = tcpTable(ipNetns(listener.netns));
  if (listener.acceptQueue.length > listener.backlog || listener.requests > listener.backlog) {
    listener.overflows++;
    return;
  }
  const request = new TcpRequest(listener, pair, segment, nowNs);
  listener.requests++;
  table.add(request);
  answer(request, nowNs);
  request.timer.start(RTO_INITIAL_NS);
}

function answer(request: TcpRequest, nowNs: number): void {
  const window = Math.min(request.listener.receiveLimit ?? firstWindow, firstWindow);
  const timestamp = timestampAt(request, nowNs);
  sendSynAck(ipNetns(request.netns), request, request.iss, request.irs, window, timestamp);
}

/** Forgets the handshake. */
export function dropRequest(request: TcpRequest): void {
  if (!request.isHashed) return;
  tcpTable(ipNetns(request.netns)).remove(request);
  request.timer.stop();
  request.listener.requests--;
}

function expireRequest(request: TcpRequest): void {
  if (request.retries >= synAckRetries) return dropRequest(request);
  request.retries++;
  const { machine } = request.netns;
  machine.loop.enter();
  answer(request, machine.clock.now());
  machine.loop.leave();
  request.timer.start(RTO_INITIAL_NS * 2 ** request.retries);
}

/** What came of a segment for a handshake: nothing yet, it is to be answered by a reset, or the socket it is for now. */
export type RequestVerdict = "done" | "reset" | TcpSocket;

/** Takes a segment for a handshake (tcp_check_req). */
export function requestInput(request: TcpRequest, segment: Segment, nowNs: number): RequestVerdict {
  const { ack, end, flags, sequence } = segment;
  const hasTimestamp = segment.hasTimestamp && request.isTimestampOk;
  const isOld = hasTimestamp && before(segment.timestamp, request.recentTimestamp);
  // The SYN once more: its answer was lost.
  if (sequence === request.irs && (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN && !isOld) {
    answer(request, nowNs);
    return "done";
  }
  const next = (request.irs + 1) | 0;
  if ((flags & TCP_ACK) !== 0 && ack !== ((request.iss + 1) | 0)) return "reset";
  const isInWindow = !before(end, next) && before(sequence, (next + firstWindow) | 0);
  if (isOld || !isInWindow) {
    if ((flags & TCP_RST) === 0) repeatAck(request, nowNs);
    return "done";
  }
  if ((flags & TCP_RST) !== 0) {
    if (sequence === next) dropRequest(request);
    return "done";
  }
  if ((flags & TCP_SYN) !== 0) {
    dropRequest(request);
    return "reset";
  }
  if ((flags & TCP_ACK) === 0) return "done";
  return accept(request, segment, nowNs);
}

function repeatAck(request: TcpRequest, nowNs: number): void {
  sendBare(ipNetns(request.netns), request, {
    sequence: (request.iss + 1) | 0,
    ack: (request.irs + 1) | 0,
    flags: TCP_ACK,
    window: firstWindow >>> request.rcvScale,
    timestamp: request.isTimestampOk ? timestampAt(request, nowNs) : undefined,
    echo: request.recentTimestamp,
  });
}

/** The handshake is done: a socket takes its place, and waits to be accepted (tcp_v4_syn_recv_sock). */
function accept(request: TcpRequest, segment: Segment, nowNs: number): RequestVerdict {
  const { listener } = request;
  if (listener.acceptQueue.length > listener.backlog) {
    // The peer believes it is connected; its first bytes will be acknowledged once there is room.
    listener.overflows++;
    return "done";
  }
  dropRequest(request);
  if (segment.hasTimestamp && !after(segment.sequence, (request.irs + 1) | 0)) {
    request.recentTimestamp = segment.timestamp;
  }
  const socket = socketOf(request, segment, nowNs);
  listener.acceptQueue.push(socket);
  listener.wake();
  return socket;
}

function socketOf(request: TcpRequest, segment: Segment, nowNs: number): TcpSocket {
  const { listener } = request;
  const ip = ipNetns(request.netns);
  const socket = createSocket(request);
  getNet(request.netns);
  socket.listener = listener;
  socket.ifindex = request.ifindex;
  socket.iss = request.iss;
  socket.sndUna = (request.iss + 1) | 0;
  socket.sndNxt = socket.sndUna;
  socket.writeSeq = socket.sndUna;
  socket.smallEnd = socket.sndUna;
  socket.highSeq = socket.sndUna;
  socket.irs = request.irs;
  socket.rcvNxt = (request.irs + 1) | 0;
  socket.rcvWup = socket.rcvNxt;
  socket.rcvWnd = Math.min(listener.receiveLimit ?? firstWindow, firstWindow);
  socket.isSackOk = request.isSackOk;
  socket.isTimestampOk = request.isTimestampOk;
  socket.isWindowScaleOk = request.isWindowScaleOk;
  socket.sndScale = request.sndScale;
  socket.rcvScale = request.rcvScale;
  socket.timestampOffset = request.timestampOffset;
  socket.recentTimestamp = request.recentTimestamp;
  socket.recentStampNs = nowNs;
  socket.peerMss = request.peerMss;
  socket.createdNs = request.createdNs;
  socket.retransmits = request.retries;
  socket.isNoDelay = listener.isNoDelay;
  if (listener.receiveLimit !== undefined) {
    socket.receiveLimit = listener.receiveLimit;
    socket.isReceiveLimitFixed = true;
  }
  if (listener.sendLimit !== undefined) {
    socket.sendLimit = listener.sendLimit;
    socket.isSendLimitFixed = true;
  }
  socket.sndWnd = segment.window * 2 ** socket.sndScale;
  socket.maxWindow = socket.sndWnd;
  socket.sndWl1 = segment.sequence;
  findWay(ip, socket);
  establish(socket, socket.sndUna, nowNs);
  tcpTable(ip).add(socket);
  return socket;
}
