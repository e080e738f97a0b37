// A connection that a listener is being asked for: the SYN has been answered, the answer's acknowledgement is waited for. It
// costs little, as anybody can ask for one.
//
//   LISTEN ──SYN──▶ request ──ACK──▶ socket in the listener's queue
//
// Mirrors net/ipv4/tcp_input.c (tcp_conn_request), net/ipv4/tcp_minisocks.c (tcp_check_req, tcp_create_openreq_child) and
// net/ipv4/inet_connection_sock.c (reqsk_timer_handler). Omitted: fast open.

import { getNet } from "../../net/namespace.ts";
import type { Timer } from "../../net/timers.ts";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import type { Route4 } from "../ipv4/route.ts";
import type { Route6 } from "../ipv6/route.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import type { BareSender } from "./bare.ts";
import { sendBare, sendSynAck } from "./bare.ts";
import { createSocket } from "./create.ts";
import { agreesOnEcn } from "./ecn.ts";
import type { EndpointPair } from "./endpoint.ts";
import { TcpEndpoint } from "./endpoint.ts";
import { establish } from "./established.ts";
import type { TcpListener } from "./listener.ts";
import { DEFAULT_MSS } from "./mtu.ts";
import { RTO_INITIAL_NS } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { TCP_SYN_RECV } from "./state.ts";
import { COOKIE_VALID_NS, cookieAgreement, cookieOffer, cookieTimestamp } from "./syn-cookie.ts";
import type { Agreement } from "./syn-options.ts";
import { tcpTable } from "./table.ts";
import { timestampAt } from "./timestamp.ts";
import { findWay } from "./transmit.ts";
import { windowScaleFor } from "./window.ts";

const MS = 1_000_000;
const largestUnscaled = 65_535;
/** net.ipv4.tcp_syncookies: whether there is room or not. */
const always = 2;

/** A handshake under way (struct tcp_request_sock). */
export class TcpRequest extends TcpEndpoint {
  override state = TCP_SYN_RECV;
  readonly listener: TcpListener;
  readonly agreement: Agreement;
  recentTimestamp: number;
  retries = 0;
  readonly timer: Timer;
  route4: Route4 | null = null;
  route6: Route6 | null = null;

  constructor(listener: TcpListener, pair: BareSender, agreement: Agreement) {
    super(pair);
    this.listener = listener;
    this.ifindex = pair.ifindex;
    this.agreement = agreement;
    this.recentTimestamp = agreement.recentTimestamp;
    this.timer = pair.netns.machine.timers.timer(() => expireRequest(this));
  }
}

/** What a SYN and the settings of the namespace agree on (tcp_openreq_init). */
function agree(
  listener: TcpListener,
  pair: BareSender,
  segment: Segment,
  nowNs: number,
  iss = initialSequence(pair, nowNs),
): Agreement {
  const ip = ipNetns(pair.netns);
  const { tunables } = ip;
  const isWindowScaleOk = segment.windowShift >= 0 && tunables.tcpWindowScaling !== 0;
  return {
    irs: segment.sequence,
    iss,
    peerMss: segment.mss === 0 ? DEFAULT_MSS : segment.mss,
    isSackOk: segment.isSackPermitted && tunables.tcpSack !== 0,
    isTimestampOk: segment.hasTimestamp && tunables.tcpTimestamps !== 0,
    isWindowScaleOk,
    isEcnOk: agreesOnEcn(tunables, segment),
    sndScale: isWindowScaleOk ? segment.windowShift : 0,
    rcvScale: isWindowScaleOk ? scaleFor(listener) : 0,
    timestampOffset: offsetOf(ip, pair),
    recentTimestamp: segment.timestamp,
    createdNs: nowNs,
  };
}

/** The scale of the windows that a listener's connections tell. */
function scaleFor({ netns, receiveLimit }: TcpListener): number {
  const { tcpRmemDefault, tcpRmemMax } = ipNetns(netns).tunables;
  return windowScaleFor(receiveLimit ?? Math.max(tcpRmemDefault, tcpRmemMax));
}

/** What is added to the clock in the timestamps between two ends. */
function offsetOf(ip: IpNetns, pair: EndpointPair): number {
  return ip.tunables.tcpTimestamps === 1 ? tcpTable(ip).secret(pair, 1) : 0;
}

/** The window that the answer to a SYN tells, which is never scaled. */
function firstWindowOf({ netns, receiveLimit }: TcpListener): number {
  return Math.min(receiveLimit ?? ipNetns(netns).tunables.tcpRmemDefault, largestUnscaled);
}

/** The first sequence number: a clock that runs ahead of any connection, and what nobody can guess (RFC 6528 3). */
export function initialSequence(pair: BareSender | TcpEndpoint, nowNs: number): number {
  return (tcpTable(ipNetns(pair.netns)).secret(pair, 0) + Math.floor(nowNs / 64)) | 0;
}

/**
 * Takes a SYN for a listener (tcp_conn_request); without room for it nothing happens, and the peer tries again. `iss` is the first
 * sequence number where an earlier connection between the same ends says which.
 */
export function openRequest(
  listener: TcpListener,
  pair: BareSender,
  segment: Segment,
  nowNs: number,
  iss?: number,
): void {
  const ip = ipNetns(listener.netns);
  const { tcpMaxSynBacklog, tcpSyncookies } = ip.tunables;
  const isFull = listener.requests > listener.backlog;
  const isAccepting = listener.acceptQueue.length <= listener.backlog;
  if (!isAccepting || (isFull && tcpSyncookies === 0)) {
    listener.overflows++;
    return;
  }
  const agreement = agree(listener, pair, segment, nowNs, iss);
  if (isFull || tcpSyncookies === always) return answerWithCookie(listener, pair, agreement, nowNs);
  // The last quarter is for whom cookies could not help.
  if (tcpSyncookies === 0 && tcpMaxSynBacklog - listener.requests < tcpMaxSynBacklog >> 2) return;
  const request = new TcpRequest(listener, pair, agreement);
  listener.requests++;
  tcpTable(ip).add(request);
  answer(request, nowNs);
  request.timer.start(RTO_INITIAL_NS);
}

function answer(request: TcpRequest, nowNs: number): void {
  const { agreement, listener } = request;
  const timestamp = timestampAt(agreement, nowNs);
  const window = firstWindowOf(listener);
  sendSynAck(ipNetns(request.netns), request, listener, { offer: agreement, window, timestamp });
}

/** Answers a SYN by a cookie; nothing is kept of it (cookie_init_sequence). */
function answerWithCookie(
  listener: TcpListener,
  pair: BareSender,
  agreement: Agreement,
  nowNs: number,
): void {
  const ip = ipNetns(listener.netns);
  listener.lastCookieNs = nowNs;
  const offer = cookieOffer(tcpTable(ip), pair, agreement, nowNs);
  const timestamp = cookieTimestamp(offer, nowNs);
  sendSynAck(ip, pair, listener, { offer, window: firstWindowOf(listener), timestamp });
}

/** Takes an acknowledgement that a listener expects from nobody: of a cookie's answer, perhaps (cookie_v4_check). */
export function cookieInput(
  listener: TcpListener,
  pair: BareSender,
  segment: Segment,
  nowNs: number,
): RequestVerdict {
  const ip = ipNetns(listener.netns);
  if (ip.tunables.tcpSyncookies === 0 || nowNs - listener.lastCookieNs > COOKIE_VALID_NS) return "reset";
  const known = { rcvScale: scaleFor(listener), timestampOffset: offsetOf(ip, pair) };
  const agreement = cookieAgreement(tcpTable(ip), pair, segment, known, nowNs);
  if (agreement === null) return "reset";
  return accept(new TcpRequest(listener, pair, agreement), segment, nowNs);
}

/** Forgets the handshake. */
export function dropRequest(request: TcpRequest): void {
  if (!request.isHashed) return;
  tcpTable(ipNetns(request.netns)).remove(request);
  request.timer.stop();
  request.listener.requests--;
}

function expireRequest(request: TcpRequest): void {
  const { tcpRtoMaxMs, tcpSynackRetries } = ipNetns(request.netns).tunables;
  if (request.retries >= tcpSynackRetries) return dropRequest(request);
  request.retries++;
  const { machine } = request.netns;
  machine.loop.enter();
  answer(request, machine.clock.now());
  machine.loop.leave();
  request.timer.start(Math.min(RTO_INITIAL_NS * 2 ** request.retries, tcpRtoMaxMs * MS));
}

/** What came of a segment for a handshake: nothing yet, it is to be answered by a reset, or the socket it is for now. */
export type RequestVerdict = "done" | "reset" | TcpSocket;

/** Takes a segment for a handshake (tcp_check_req). */
export function requestInput(request: TcpRequest, segment: Segment, nowNs: number): RequestVerdict {
  const { ack, end, flags, sequence } = segment;
  const { irs, isTimestampOk, iss } = request.agreement;
  const hasTimestamp = segment.hasTimestamp && isTimestampOk;
  const isOld = hasTimestamp && before(segment.timestamp, request.recentTimestamp);
  // The SYN once more: its answer was lost.
  if (sequence === irs && (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN && !isOld) {
    answer(request, nowNs);
    return "done";
  }
  const next = (irs + 1) | 0;
  if ((flags & TCP_ACK) !== 0 && ack !== ((iss + 1) | 0)) return "reset";
  const isInWindow = !before(end, next) && before(sequence, (next + firstWindowOf(request.listener)) | 0);
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
  const { agreement, listener } = request;
  sendBare(ipNetns(request.netns), request, {
    sequence: (agreement.iss + 1) | 0,
    ack: (agreement.irs + 1) | 0,
    flags: TCP_ACK,
    window: firstWindowOf(listener) >>> agreement.rcvScale,
    timestamp: agreement.isTimestampOk ? timestampAt(agreement, nowNs) : undefined,
    echo: request.recentTimestamp,
  });
}

/** The handshake is done: a socket takes its place, and waits to be accepted (tcp_v4_syn_recv_sock). */
function accept(request: TcpRequest, segment: Segment, nowNs: number): RequestVerdict {
  const { listener } = request;
  if (listener.acceptQueue.length > listener.backlog) {
    // The peer believes it is connected; its first bytes will be acknowledged once there is room.
    listener.overflows++;
    if (ipNetns(listener.netns).tunables.tcpAbortOnOverflow === 0) return "done";
    dropRequest(request);
    return "reset";
  }
  dropRequest(request);
  if (segment.hasTimestamp && !after(segment.sequence, (request.agreement.irs + 1) | 0)) {
    request.recentTimestamp = segment.timestamp;
  }
  const socket = socketOf(request, segment, nowNs);
  listener.acceptQueue.push(socket);
  listener.wake();
  return socket;
}

function socketOf(request: TcpRequest, segment: Segment, nowNs: number): TcpSocket {
  const { agreement, listener } = request;
  const ip = ipNetns(request.netns);
  const socket = createSocket(request);
  getNet(request.netns);
  socket.listener = listener;
  socket.ifindex = request.ifindex;
  socket.iss = agreement.iss;
  socket.sndUna = (agreement.iss + 1) | 0;
  socket.sndNxt = socket.sndUna;
  socket.writeSeq = socket.sndUna;
  socket.smallEnd = socket.sndUna;
  socket.highSeq = socket.sndUna;
  socket.irs = agreement.irs;
  socket.rcvNxt = (agreement.irs + 1) | 0;
  socket.rcvWup = socket.rcvNxt;
  socket.rcvWnd = firstWindowOf(listener);
  socket.isSackOk = agreement.isSackOk;
  socket.isTimestampOk = agreement.isTimestampOk;
  socket.isWindowScaleOk = agreement.isWindowScaleOk;
  socket.isEcnOk = agreement.isEcnOk;
  socket.sndScale = agreement.sndScale;
  socket.rcvScale = agreement.rcvScale;
  socket.timestampOffset = agreement.timestampOffset;
  socket.recentTimestamp = request.recentTimestamp;
  socket.recentStampNs = nowNs;
  socket.peerMss = agreement.peerMss;
  socket.createdNs = agreement.createdNs;
  socket.retransmits = request.retries;
  socket.isNoDelay = listener.isNoDelay;
  socket.ttl = listener.ttl;
  socket.tos = listener.tos;
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
