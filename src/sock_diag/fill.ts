// A socket as inet_diag tells it.
//
// Mirrors <linux/inet_diag.h> (struct inet_diag_msg, inet_diag_sockid), <linux/tcp.h> (struct tcp_info) and net/ipv4/tcp.c
// (tcp_get_info). There are no processes and no files behind sockets here: user and inode are 0.

import { setBe16, setU32, setU64Number } from "../bytes/endian.ts";
import { TcpSocket } from "../inet/tcp/socket.ts";
import { congestionControls } from "../inet/tcp/tunables.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as diag from "../uapi/inet_diag.ts";
import type { DiagSocket } from "./sockets.ts";

const messageSize = 72;
/** Where struct inet_diag_sockid stands in the message, and its fields in it. */
const idAt = 4;
const infoSize = 232;
const US = 1_000;

/** Writes a socket; `extensions` are the bits that were asked for, `cookie` is the socket's own number. */
export function fillSocket(
  writer: MessageWriter,
  socket: DiagSocket,
  extensions: number,
  cookie: number,
): void {
  const at = writer.reserve(messageSize);
  const { bytes } = writer;
  bytes[at] = socket.family;
  bytes[at + 1] = socket.state;
  bytes[at + 2] = socket.timer;
  bytes[at + 3] = Math.min(socket.retransmits, 255);
  setBe16(bytes, at + idAt, socket.localPort);
  setBe16(bytes, at + idAt + 2, socket.remotePort);
  bytes.set(socket.local, at + idAt + 4);
  bytes.set(socket.remote, at + idAt + 20);
  setU32(bytes, at + idAt + 36, socket.ifindex);
  setU32(bytes, at + idAt + 40, cookie);
  setU32(bytes, at + 52, socket.expiresMs);
  setU32(bytes, at + 56, socket.receiveQueue);
  setU32(bytes, at + 60, socket.sendQueue);
  const { source } = socket;
  const isAsked = (type: number): boolean => (extensions & (1 << (type - 1))) !== 0;
  if (source instanceof TcpSocket) {
    const isShut = (source.isReceiveShutdown ? 1 : 0) | (source.isSendShutdown ? 2 : 0);
    writer.u8(diag.INET_DIAG_SHUTDOWN, isShut);
    if (isAsked(diag.INET_DIAG_TOS)) writer.u8(diag.INET_DIAG_TOS, source.tos);
  } else writer.u8(diag.INET_DIAG_SHUTDOWN, 0);
  if (socket.isV6Only !== undefined) writer.u8(diag.INET_DIAG_SKV6ONLY, socket.isV6Only ? 1 : 0);
  if (!(source instanceof TcpSocket)) return;
  if (isAsked(diag.INET_DIAG_INFO)) putInfo(writer, source);
  if (isAsked(diag.INET_DIAG_CONG)) {
    writer.string(diag.INET_DIAG_CONG, congestionControls[source.congestionControl] ?? "");
  }
}

const optionTimestamps = 1;
const optionSack = 2;
const optionWindowScale = 4;
const optionEcn = 8;
const optionEcnSeen = 16;

/** Writes struct tcp_info as far as there is something to tell. */
function putInfo(writer: MessageWriter, socket: TcpSocket): void {
  const at = writer.attribute(diag.INET_DIAG_INFO, infoSize);
  const { bytes } = writer;
  const mss = Math.max(socket.mss, 1);
  const segments = (amount: number): number => Math.max(Math.ceil(amount / mss), 0);
  const micro = (ns: number): number => (Number.isFinite(ns) ? Math.floor(ns / US) : 0);
  bytes[at] = socket.state;
  bytes[at + 1] = socket.caState;
  bytes[at + 2] = Math.min(socket.retransmits, 255);
  bytes[at + 3] = Math.min(socket.probesOut, 255);
  bytes[at + 4] = Math.min(socket.backoff, 255);
  bytes[at + 5] =
    (socket.isTimestampOk ? optionTimestamps : 0) |
    (socket.isSackOk ? optionSack : 0) |
    (socket.isWindowScaleOk ? optionWindowScale : 0) |
    (socket.isEcnOk ? optionEcn : 0) |
    (socket.isEcnSeen ? optionEcnSeen : 0);
  bytes[at + 6] = (socket.sndScale & 0xf) | ((socket.rcvScale & 0xf) << 4);
  const words: readonly (readonly [offset: number, value: number])[] = [
    [8, micro(socket.rtoNs)],
    [16, socket.mss],
    [20, socket.rcvMss],
    [24, segments((socket.sndNxt - socket.sndUna) | 0)],
    [28, segments(socket.sackedBytes)],
    [32, segments(socket.lostBytes)],
    [36, segments(socket.resentBytes)],
    [60, socket.pathMtu],
    [68, micro(socket.srttNs)],
    [72, micro(socket.rttvarNs)],
    [76, socket.ssthresh >= 0x7fff_ffff ? socket.ssthresh : segments(socket.ssthresh)],
    [80, segments(socket.cwnd)],
    [84, socket.peerMss],
    [92, micro(socket.rcvRttNs)],
    [96, socket.spaceBytes],
    [100, socket.totalRetransmits],
    [148, micro(socket.minRttNs)],
    [192, segments(socket.delivered)],
    [228, socket.sndWnd],
  ];
  for (const [offset, value] of words) setU32(bytes, at + offset, Math.floor(value) >>> 0);
  setU64Number(bytes, at + 128, socket.bytesReceived);
}
