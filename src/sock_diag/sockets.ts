// Every socket of UDP and TCP in a namespace as inet_diag tells of it.
//
// Mirrors net/ipv4/inet_diag.c (inet_sk_diag_fill, inet_csk_diag_fill, inet_twsk_diag_fill, inet_req_diag_fill),
// net/ipv4/udp_diag.c and net/ipv4/tcp_diag.c. A connection over IPv4 is one of AF_INET whatever its listener is.

import type { IpNetns } from "../inet/netns.ts";
import { TcpRequest } from "../inet/tcp/request.ts";
import { TcpSocket } from "../inet/tcp/socket.ts";
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN, TCP_SYN_RECV } from "../inet/tcp/state.ts";
import { tcpTable } from "../inet/tcp/table.ts";
import { TcpTimeWait } from "../inet/tcp/time-wait.ts";
import { udpTable } from "../inet/udp/table.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

/** What a timer of a connection is for: idiag_timer. */
const timerRetransmit = 1;
const timerKeepAlive = 2;
const timerTimeWait = 3;
const timerProbe = 4;

/** A socket as it is told of. */
export interface DiagSocket {
  readonly family: number;
  readonly state: number;
  /** Of the family's length; zeros for every address. */
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
  readonly ifindex: number;
  readonly timer: number;
  readonly retransmits: number;
  readonly expiresMs: number;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** Of a socket of IPv6 without a correspondent: it takes IPv6 alone. */
  readonly isV6Only: boolean | undefined;
  /** The object itself, for its cookie and for what TCP tells of its connections. */
  readonly source: object;
}

const MS = 1_000_000;

/** The listeners and connections of TCP. */
export function* tcpSockets(ip: IpNetns): Generator<DiagSocket, void, void> {
  const table = tcpTable(ip);
  for (const listener of table.listeners()) {
    const family = listener.local === null ? listener.family : familyOf(listener.local);
    yield {
      ...nothing(family),
      state: TCP_LISTEN,
      local: listener.local ?? anyOf(family),
      localPort: listener.localPort,
      ifindex: listener.ifindex,
      receiveQueue: listener.acceptQueue.length,
      sendQueue: listener.backlog,
      isV6Only: family === AF_INET6 ? listener.isV6Only : undefined,
      source: listener,
    };
  }
  const now = ip.inet.machine.clock.now();
  for (const endpoint of [...table.endpoints()]) {
    const ends = {
      ...nothing(endpoint.isFour ? AF_INET : AF_INET6),
      state: endpoint.state,
      local: endpoint.local,
      localPort: endpoint.localPort,
      remote: endpoint.remote,
      remotePort: endpoint.remotePort,
      source: endpoint,
    };
    if (endpoint instanceof TcpSocket) yield { ...ends, ...connection(endpoint, now) };
    else if (endpoint instanceof TcpTimeWait) {
      const { ifindex, timer } = endpoint;
      yield { ...ends, ifindex, timer: timerTimeWait, expiresMs: leftMs(timer.due, now) };
    } else if (endpoint instanceof TcpRequest) {
      const { ifindex, retries, timer } = endpoint;
      const expiresMs = leftMs(timer.due, now);
      yield {
        ...ends,
        state: TCP_SYN_RECV,
        ifindex,
        retransmits: retries,
        timer: timerRetransmit,
        expiresMs,
      };
    }
  }
}

function connection(socket: TcpSocket, now: number): Partial<DiagSocket> {
  const { ifindex, keepAliveTimer, retransmits, timerEvent } = socket;
  const isTimed = timerEvent !== "none";
  const isAlive = !isTimed && keepAliveTimer.isPending;
  return {
    ifindex,
    retransmits,
    timer: isTimed
      ? timerEvent === "window-probe"
        ? timerProbe
        : timerRetransmit
      : isAlive
        ? timerKeepAlive
        : 0,
    expiresMs: isTimed ? leftMs(socket.timerDueNs, now) : isAlive ? leftMs(keepAliveTimer.due, now) : 0,
    receiveQueue: Math.max(((socket.rcvNxt - socket.irs - 1) | 0) - socket.bytesRead, 0),
    sendQueue: Math.max((socket.writeSeq - socket.sndUna) | 0, 0),
  };
}

function leftMs(dueNs: number, now: number): number {
  return Math.max(Math.ceil((dueNs - now) / MS), 0);
}

/** The sockets of UDP that are bound. */
export function* udpSockets(ip: IpNetns): Generator<DiagSocket, void, void> {
  for (const socket of udpTable(ip).sockets) {
    if (socket.localPort === 0) continue;
    const family = socket.local === null ? socket.family : familyOf(socket.local);
    const isConnected = socket.remote !== null;
    yield {
      ...nothing(family),
      state: isConnected ? TCP_ESTABLISHED : TCP_CLOSE,
      local: socket.local ?? anyOf(family),
      localPort: socket.localPort,
      remote: socket.remote ?? anyOf(family),
      remotePort: socket.remotePort,
      ifindex: socket.ifindex,
      receiveQueue: socket.queuedBytes,
      isV6Only: family === AF_INET6 && !isConnected ? socket.isV6Only : undefined,
      source: socket,
    };
  }
}

function nothing(family: number): DiagSocket {
  return {
    family,
    state: 0,
    local: anyOf(family),
    localPort: 0,
    remote: anyOf(family),
    remotePort: 0,
    ifindex: 0,
    timer: 0,
    retransmits: 0,
    expiresMs: 0,
    receiveQueue: 0,
    sendQueue: 0,
    isV6Only: undefined,
    source: {},
  };
}

function familyOf({ length }: Uint8Array): number {
  return length === 4 ? AF_INET : AF_INET6;
}

function anyOf(family: number): Uint8Array {
  return new Uint8Array(family === AF_INET6 ? 16 : 4);
}
