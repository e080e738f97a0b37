// /proc/net/tcp, udp, sockstat and their kin: the sockets of the machine's own stack. No process stands behind one here, so user and
// inode are 0, and so is the place in memory, as it is for users without rights on Linux.
//
// Mirrors net/ipv4/tcp_ipv4.c (tcp4_seq_show), net/ipv6/tcp_ipv6.c (tcp6_seq_show), net/ipv4/udp.c (udp4_seq_show),
// net/ipv6/datagram.c (__ip6_dgram_sock_seq_show), net/ipv4/proc.c (sockstat_seq_show) and net/ipv6/proc.c (sockstat6_seq_show).

import type { IpNetns } from "../inet/netns.ts";
import { ipNetns } from "../inet/slots.ts";
import { TcpSocket } from "../inet/tcp/socket.ts";
import { TCP_LISTEN, TCP_SYN_RECV, TCP_TIME_WAIT } from "../inet/tcp/state.ts";
import type { Netns } from "../net/netdevice.ts";
import type { DiagSocket } from "../sock_diag/sockets.ts";
import { tcpSockets, udpSockets } from "../sock_diag/sockets.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { addressWords, padded, right, upperHex } from "./text.ts";

const header = "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const header4 = `local_address rem_address   ${header}`;
const header6 = `local_address                         remote_address                        ${header}`;
const tcpWidth = 149;
const datagramWidth = 127;
const pointer = "0000000000000000";
/** Hundredths of a second, as timers are told in (USER_HZ). */
const tickMs = 10;
const tickNs = tickMs * 1_000_000;

/** /proc/net/tcp */
export function tcpText(netns: Netns): string {
  const lines = linesOf(tcpSockets(ipNetns(netns)), AF_INET, tcpLine);
  return [`  sl  ${header4}`, ...lines].map((line) => padded(line, tcpWidth)).join("");
}

/** /proc/net/tcp6 */
export function tcp6Text(netns: Netns): string {
  return plain([`  sl  ${header6}`, ...linesOf(tcpSockets(ipNetns(netns)), AF_INET6, tcpLine)]);
}

/** /proc/net/udp */
export function udpText(netns: Netns): string {
  const lines = linesOf(udpSockets(ipNetns(netns)), AF_INET, datagramLine);
  return [`   sl  ${header4} ref pointer drops`, ...lines]
    .map((line) => padded(line, datagramWidth))
    .join("");
}

/** /proc/net/udp6 */
export function udp6Text(netns: Netns): string {
  return plain([datagramHeader6, ...linesOf(udpSockets(ipNetns(netns)), AF_INET6, datagramLine)]);
}

const datagramHeader6 = `  sl  ${header6} ref pointer drops`;

/** The files of sockets that there are none of: raw, raw6, icmp, icmp6, udplite, udplite6, packet, rt_cache. */
export const emptyTexts: readonly (readonly [name: string, text: string])[] = [
  ["raw", `  sl  ${header4} ref pointer drops\n`],
  ["raw6", `${datagramHeader6}\n`],
  ["icmp", padded(`  sl  ${header4} ref pointer drops`, datagramWidth)],
  ["icmp6", `${datagramHeader6}\n`],
  ["udplite", padded(`   sl  ${header4} ref pointer drops`, datagramWidth)],
  ["udplite6", `${datagramHeader6}\n`],
  ["packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"],
];

function plain(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function linesOf(
  sockets: Iterable<DiagSocket>,
  family: number,
  line: (socket: DiagSocket, place: number) => string,
): string[] {
  return [...sockets].filter((socket) => socket.family === family).map(line);
}

/** The columns that all files share, up to the retransmissions. */
function ends(socket: DiagSocket, receiveQueue: number, sendQueue: number): string {
  const timer = `${upperHex(socket.timer, 2)}:${upperHex(Math.ceil(socket.expiresMs / tickMs), 8)}`;
  return [
    `${addressWords(socket.local)}:${upperHex(socket.localPort, 4)}`,
    `${addressWords(socket.remote)}:${upperHex(socket.remotePort, 4)}`,
    upperHex(socket.state, 2),
    `${upperHex(sendQueue, 8)}:${upperHex(receiveQueue, 8)}`,
    timer,
    upperHex(socket.retransmits, 8),
  ].join(" ");
}

function tcpLine(socket: DiagSocket, place: number): string {
  const { receiveQueue, sendQueue, source, state } = socket;
  const isListening = state === TCP_LISTEN;
  const isSmall = state === TCP_TIME_WAIT || state === TCP_SYN_RECV;
  const line = [
    `${right(place, 4)}:`,
    ends(socket, receiveQueue, isListening ? 0 : sendQueue),
    right(0, 5),
    right(source instanceof TcpSocket ? source.probesOut : 0, 8),
    0,
    isSmall ? 0 : 1,
    pointer,
  ];
  if (!isSmall) line.push(...congestion(source, isListening));
  return line.join(" ");
}

/** Timeout and delay of acknowledgements in ticks, quick acknowledgements, window, and threshold once it is known. */
function congestion(source: object, isListening: boolean): readonly number[] {
  if (!(source instanceof TcpSocket)) return [initialTimeoutTicks, 0, 0, initialWindow, 0];
  const mss = Math.max(source.mss, 1);
  const isInitial = source.ssthresh >= 0x7fff_ffff;
  const threshold = isListening ? 0 : isInitial ? -1 : Math.ceil(source.ssthresh / mss);
  return [Math.floor(source.rtoNs / tickNs), 4, 0, Math.ceil(source.cwnd / mss), threshold];
}

/** Of a listener, which has not measured anything (TCP_TIMEOUT_INIT, TCP_INIT_CWND). */
const initialTimeoutTicks = 100;
const initialWindow = 10;

function datagramLine(socket: DiagSocket, place: number): string {
  return [
    `${right(place, 5)}:`,
    ends(socket, socket.receiveQueue, 0),
    right(0, 5),
    right(0, 8),
    0,
    2,
    pointer,
    0,
  ].join(" ");
}

/** /proc/net/sockstat */
export function sockstatText(netns: Netns): string {
  const ip = ipNetns(netns);
  const { tcp, timeWait, udp } = countOf(ip, AF_INET);
  const six = countOf(ip, AF_INET6);
  return plain([
    `sockets: used ${tcp + udp + six.tcp + six.udp}`,
    `TCP: inuse ${tcp} orphan 0 tw ${timeWait + six.timeWait} alloc ${tcp + six.tcp} mem 0`,
    `UDP: inuse ${udp} mem 0`,
    "UDPLITE: inuse 0",
    "RAW: inuse 0",
    `FRAG: inuse ${ip.fragments4.size} memory ${ip.fragments4.memoryBytes}`,
  ]);
}

/** /proc/net/sockstat6 */
export function sockstat6Text(netns: Netns): string {
  const ip = ipNetns(netns);
  const { tcp, udp } = countOf(ip, AF_INET6);
  return plain([
    `TCP6: inuse ${tcp}`,
    `UDP6: inuse ${udp}`,
    "UDPLITE6: inuse 0",
    "RAW6: inuse 0",
    `FRAG6: inuse ${ip.fragments6.size} memory ${ip.fragments6.memoryBytes}`,
  ]);
}

function countOf(ip: IpNetns, family: number): { tcp: number; timeWait: number; udp: number } {
  const counts = { tcp: 0, timeWait: 0, udp: 0 };
  for (const socket of tcpSockets(ip)) {
    if (socket.state === TCP_TIME_WAIT) counts.timeWait += socket.family === family ? 1 : 0;
    else if (socket.family === family && socket.state !== TCP_SYN_RECV) counts.tcp++;
  }
  for (const socket of udpSockets(ip)) if (socket.family === family) counts.udp++;
  return counts;
}
