// A user opens a connection, or listens for some.
//
// Mirrors net/ipv4/tcp_ipv4.c (tcp_v4_connect), net/ipv6/tcp_ipv6.c (tcp_v6_connect), net/ipv4/inet_hashtables.c
// (__inet_hash_connect), net/ipv4/inet_connection_sock.c (inet_csk_listen_start, inet_csk_listen_stop) and
// net/ipv4/tcp_ipv4.c (tcp_twsk_unique).

import { getBe32, setBe32 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { getNet, putNet } from "../../net/namespace.ts";
import type { Netns } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isAnyAddress, isSameAddress } from "../address.ts";
import { isIpv4Broadcast } from "../ipv4/broadcast.ts";
import { Route4, routeOutput } from "../ipv4/route.ts";
import { Route6, routeOutput6 } from "../ipv6/route.ts";
import { checkLocalAddress } from "../local-address.ts";
import type { IpNetns } from "../netns.ts";
import { pickPort } from "../port.ts";
import { ipNetns } from "../slots.ts";
import { setTimer } from "./arm.ts";
import { createSocket } from "./create.ts";
import { abortConnection } from "./end.ts";
import type { EndpointPair } from "./endpoint.ts";
import { TcpListener } from "./listener.ts";
import { advertisedMss } from "./mtu.ts";
import { setTos } from "./options.ts";
import { sendSyn } from "./output.ts";
import { dropRequest, initialSequence, TcpRequest } from "./request.ts";
import { RTO_INITIAL_NS } from "./rtt.ts";
import type { TcpSocket } from "./socket.ts";
import { TCP_SYN_SENT } from "./state.ts";
import type { TcpTable } from "./table.ts";
import { tcpTable } from "./table.ts";
import { endTimeWait, TcpTimeWait } from "./time-wait.ts";
import { findWay, noteFlow } from "./transmit.ts";
import { windowScaleFor } from "./window.ts";

const MS = 1_000_000;
const reuseOverLoopback = 2;
const loopbackNet = 127;
const loopback6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Where to, and from where. Addresses are of 4 or 16 bytes. */
export interface ConnectOptions {
  readonly remote: Uint8Array;
  readonly remotePort: number;
  /** The address to speak from; the one routing finds without. */
  readonly local?: Uint8Array | undefined;
  /** The port to speak from; one that is free by default. */
  readonly localPort?: number;
  /** The only device to use; 0 for any. */
  readonly ifindex?: number;
  /** Fixed limits for what waits to be read and to be acknowledged, in bytes; they grow by themselves without. */
  readonly receiveLimit?: number | undefined;
  readonly sendLimit?: number | undefined;
  /** What IP says of its packets; -1 and 0 by default. */
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
}

/** Opens a connection: a SYN goes out. Returns the socket, or why there is none. */
export function tcpConnect(netns: Netns, options: ConnectOptions): TcpSocket | ErrnoName {
  const ip = ipNetns(netns);
  const { ifindex = 0, remotePort } = options;
  const way = endsOf(ip, options);
  if (typeof way === "string") return way;
  const pair = { netns, ...way, remotePort };
  const localPort = choosePort(ip, { ...pair, ifindex }, options.localPort ?? 0);
  if (localPort === 0) return "EADDRNOTAVAIL";
  const socket = createSocket({ ...pair, localPort });
  getNet(netns);
  const nowNs = netns.machine.clock.now();
  socket.ifindex = ifindex;
  socket.ttl = options.ttl ?? -1;
  setTos(socket, options.tos ?? 0);
  socket.state = TCP_SYN_SENT;
  socket.createdNs = nowNs;
  socket.iss = initialSequence(socket, nowNs);
  socket.sndUna = socket.iss;
  socket.sndNxt = (socket.iss + 1) | 0;
  socket.writeSeq = socket.sndNxt;
  socket.smallEnd = socket.sndNxt;
  socket.highSeq = socket.sndNxt;
  const table = tcpTable(ip);
  const { tunables } = ip;
  socket.timestampOffset = tunables.tcpTimestamps === 1 ? table.secret(socket, 1) : 0;
  socket.isSackOk = tunables.tcpSack !== 0;
  socket.isTimestampOk = tunables.tcpTimestamps !== 0;
  socket.isWindowScaleOk = tunables.tcpWindowScaling !== 0;
  socket.isEcnAsked = tunables.tcpEcn === 1;
  if (options.receiveLimit !== undefined) {
    socket.receiveLimit = options.receiveLimit;
    socket.isReceiveLimitFixed = true;
  }
  if (options.sendLimit !== undefined) {
    socket.sendLimit = options.sendLimit;
    socket.isSendLimitFixed = true;
  }
  const most = options.receiveLimit ?? Math.max(tunables.tcpRmemDefault, tunables.tcpRmemMax);
  socket.rcvScale = socket.isWindowScaleOk ? windowScaleFor(most) : 0;
  findWay(ip, socket);
  socket.mss = Math.min(advertisedMss(socket), 1_460);
  table.add(socket);
  setTimer(socket, "retransmit", RTO_INITIAL_NS, nowNs);
  sendSyn(socket, nowNs);
  return socket;
}

/** Addresses of both ends. */
type Ends = Pick<EndpointPair, "local" | "remote">;

/** The addresses to speak from and to, which is this host for one that is any; or why there is no way. */
function endsOf(ip: IpNetns, options: ConnectOptions): Ends | ErrnoName {
  const { ifindex = 0, local, localPort = 0, remotePort } = options;
  const isThisHost = options.remote.length === 16 && isAnyAddress(options.remote);
  const remote = isThisHost ? loopback6 : options.remote;
  const refused = local === undefined ? "" : checkStreamAddress(ip, local, ifindex);
  if (refused !== "") return refused;
  if (localPort !== 0 && tcpTable(ip).isListening(ip.netns, remote.length, local, localPort, ifindex))
    return "EADDRINUSE";
  if (remote.length === 4) {
    const route = new Route4();
    route.flow.destination = getBe32(remote, 0);
    route.flow.source = local === undefined ? 0 : getBe32(local, 0);
    route.flow.oif = ifindex;
    noteFlow(route.flow, 0, remotePort);
    if (!routeOutput(ip, route)) return route.error === "" ? "ENETUNREACH" : route.error;
    if (isIpv4Broadcast(route)) return "ENETUNREACH";
    return { local: bytesOf4(route.source), remote: bytesOf4(route.flow.destination) };
  }
  if (isIpv6Multicast(remote)) return "ENETUNREACH";
  if (isIpv6LinkLocal(remote) && ifindex === 0) return "EINVAL";
  const route = new Route6();
  route.destination.set(remote);
  if (local !== undefined) route.source.set(local);
  route.oif = ifindex;
  noteFlow(route.lookup, 0, remotePort);
  if (!routeOutput6(ip, route)) return route.error === "" ? "ENETUNREACH" : route.error;
  return { local: route.source.slice(), remote };
}

function bytesOf4(address: number): Uint8Array {
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, address);
  return bytes;
}

/** Both ends of a connection, and the device that it is bound to. */
interface BoundPair extends EndpointPair {
  readonly ifindex: number;
}

/** A port that makes the pair one of its own: the wanted one if it does, one of the range if none is wanted; 0 if there is none. */
function choosePort(ip: IpNetns, pair: Omit<BoundPair, "localPort">, wanted: number): number {
  const table = tcpTable(ip);
  const isFree = (localPort: number): boolean =>
    (wanted !== 0 || !table.hasListener(localPort)) && makeWay(ip, table, { ...pair, localPort });
  if (wanted !== 0) return isFree(wanted) ? wanted : 0;
  return pickPort(ip, isFree);
}

/** Whether there is no connection between these ends; one in TIME-WAIT goes if its segments can be told from new ones. */
function makeWay(ip: IpNetns, table: TcpTable, pair: BoundPair): boolean {
  const found = table.find(pair, pair.ifindex);
  if (found === null) return true;
  if (!(found instanceof TcpTimeWait) || !found.isTimestampOk) return false;
  const { tcpTwReuse, tcpTwReuseDelayMs } = ip.tunables;
  if (tcpTwReuse === 0 || (tcpTwReuse === reuseOverLoopback && !isOverLoopback(pair))) return false;
  if (pair.netns.machine.clock.now() - found.recentStampNs <= tcpTwReuseDelayMs * MS) return false;
  endTimeWait(found);
  return true;
}

/** Whether either end is an address of the loopback device (tcp_twsk_unique). */
function isOverLoopback({ local, remote }: EndpointPair): boolean {
  if (local.length === 4) return local[0] === loopbackNet || remote[0] === loopbackNet;
  return isSameAddress(local, loopback6, 0) || isSameAddress(remote, loopback6, 0);
}

/** Where to listen. */
export interface ListenOptions {
  readonly family: number;
  /** As net.ipv6.bindv6only has it when not said. */
  readonly isV6Only: boolean | undefined;
  /** The address; null or all zero: every one. */
  readonly local: Uint8Array | null;
  /** 0: any that is free. */
  readonly port: number;
  readonly ifindex: number;
  /** The most connections that may wait, for their handshake or to be accepted. */
  readonly backlog: number;
  /** Others that say so too may have the same address and port (SO_REUSEPORT). */
  readonly reusesPort?: boolean;
}

/** Listens for connections. Returns the listener, or why there is none: EADDRNOTAVAIL, EINVAL, EADDRINUSE. */
export function tcpListen(netns: Netns, options: ListenOptions): TcpListener | ErrnoName {
  const { family, ifindex, port } = options;
  const ip = ipNetns(netns);
  const { bindV6Only, somaxconn } = ip.tunables;
  const backlog = Math.min(options.backlog, somaxconn);
  const isV6Only = options.isV6Only ?? (family === AF_INET6 && bindV6Only !== 0);
  const table = tcpTable(ip);
  const local = options.local === null || isAnyAddress(options.local) ? null : options.local;
  const refused = local === null ? "" : checkStreamAddress(ip, local, ifindex);
  if (refused !== "") return refused;
  const listener = new TcpListener({ netns, family, isV6Only, local, ifindex, backlog });
  listener.reusesPort = options.reusesPort ?? false;
  const mayListen = (candidate: number): boolean => {
    listener.localPort = candidate;
    return table.mayListen(listener);
  };
  listener.localPort = port !== 0 ? port : pickPort(ip, mayListen);
  if (listener.localPort === 0 || !table.mayListen(listener)) return "EADDRINUSE";
  getNet(netns);
  table.addListener(listener);
  return listener;
}

/** Takes every connection that comes for other hosts, whose way leads through this one; EADDRINUSE when somebody does. */
export function interceptTcp(netns: Netns, backlog: number): TcpListener | ErrnoName {
  const table = tcpTable(ipNetns(netns));
  if (table.catchAll !== null) return "EADDRINUSE";
  const options = { netns, family: AF_INET6, isV6Only: false, local: null, ifindex: 0, backlog };
  table.catchAll = new TcpListener(options);
  getNet(netns);
  return table.catchAll;
}

/** As checkLocalAddress; a connection has no end that is a group (inet6_bind). */
function checkStreamAddress(ip: IpNetns, address: Uint8Array, ifindex: number): ErrnoName | "" {
  return isIpv6Multicast(address) && address.length === 16
    ? "EINVAL"
    : checkLocalAddress(ip, address, ifindex);
}

/** Takes the next connection from a listener; undefined when none waits (inet_csk_accept). */
export function tcpAccept(listener: TcpListener): TcpSocket | undefined {
  const socket = listener.acceptQueue.shift();
  if (socket !== undefined) socket.listener = null;
  return socket;
}

/** Listens no more: handshakes are forgotten, connections that nobody accepted are reset. */
export function closeListener(listener: TcpListener): void {
  if (listener.isClosed) return;
  listener.isClosed = true;
  const { netns } = listener;
  const table = tcpTable(ipNetns(netns));
  const nowNs = netns.machine.clock.now();
  table.removeListener(listener);
  for (const endpoint of [...table.endpoints()]) {
    if (endpoint instanceof TcpRequest && endpoint.listener === listener) dropRequest(endpoint);
  }
  netns.machine.loop.enter();
  for (let socket = tcpAccept(listener); socket !== undefined; socket = tcpAccept(listener)) {
    socket.isOrphan = true;
    table.orphans++;
    abortConnection(socket, "", nowNs);
  }
  netns.machine.loop.leave();
  listener.wake();
  putNet(netns);
}
