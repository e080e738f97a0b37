// A segment that came in, read once into numbers that every step looks at. One object serves all segments of a machine.
//
// Mirrors net/ipv4/tcp_input.c (tcp_parse_options) and net/ipv4/tcp_ipv4.c (tcp_v4_fill_cb). Omitted: options of fast open,
// MD5, authentication and MPTCP, which are read over.

import { getBe16, getBe32 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as wire from "../../wire/tcp.ts";
import {
  TCPOPT_EOL,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_WINDOW,
} from "../../wire/tcp-option.ts";

/** Blocks an option of 40 bytes has room for. */
const maxBlocks = 4;
const maxWindowShift = 14;

/** What a segment says. Sequence numbers are signed. */
export class Segment {
  sequence = 0;
  /** Behind its last byte; SYN and FIN count as one each. */
  end = 0;
  ack = 0;
  flags = 0;
  /** Not yet scaled. */
  window = 0;
  /** Behind the urgent byte, counted from `sequence`; of no meaning without URG. */
  urgentPointer = 0;
  /** Where its payload is in the arena, and how long it is. */
  payloadAt = 0;
  payloadLength = 0;
  /** The two bits of explicit congestion notification in its IP header. */
  ecn = 0;

  hasTimestamp = false;
  timestamp = 0;
  timestampEcho = 0;
  /** 0: not said. */
  mss = 0;
  /** -1: not said. */
  windowShift = -1;
  isSackPermitted = false;
  sackCount = 0;
  /** Left and right edges by turns. */
  readonly sackEdges = new Int32Array(2 * maxBlocks);
}

/** Reads the header at `frame.start`; false when it is malformed. */
export function readSegment(segment: Segment, frame: Frame): boolean {
  const { bytes, end, start } = frame;
  if (end - start < wire.TCP_SIZE) return false;
  const headerLength = ((bytes[start + 12] ?? 0) >>> 4) * 4;
  if (headerLength < wire.TCP_SIZE || start + headerLength > end) return false;
  const flags = bytes[start + 13] ?? 0;
  segment.sequence = getBe32(bytes, start + 4) | 0;
  segment.ack = getBe32(bytes, start + 8) | 0;
  segment.flags = flags;
  segment.window = getBe16(bytes, start + 14);
  segment.urgentPointer = getBe16(bytes, start + 18);
  segment.payloadAt = start + headerLength;
  segment.payloadLength = end - start - headerLength;
  const second = bytes[frame.networkHeader + 1] ?? 0;
  segment.ecn = ((bytes[frame.networkHeader] ?? 0) >>> 4 === 4 ? second : second >>> 4) & 3;
  // SYN and FIN are bits 1 and 0.
  segment.end = (segment.sequence + segment.payloadLength + ((flags >>> 1) & 1) + (flags & 1)) | 0;
  segment.hasTimestamp = false;
  segment.mss = 0;
  segment.windowShift = -1;
  segment.isSackPermitted = false;
  segment.sackCount = 0;
  if (headerLength === 32 && getBe32(bytes, start + 20) === 0x0101080a) {
    readTimestamp(segment, bytes, start + 24);
  } else if (headerLength > wire.TCP_SIZE) {
    readOptions(segment, bytes, start + wire.TCP_SIZE, start + headerLength);
  }
  return true;
}

function readTimestamp(segment: Segment, bytes: Uint8Array, at: number): void {
  segment.hasTimestamp = true;
  segment.timestamp = getBe32(bytes, at) | 0;
  segment.timestampEcho = getBe32(bytes, at + 4) | 0;
}

function readOptions(segment: Segment, bytes: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end; ) {
    const kind = bytes[at] ?? TCPOPT_EOL;
    if (kind === TCPOPT_EOL) return;
    if (kind === TCPOPT_NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end) return;
    readOption(segment, bytes, at, kind, length);
    at += length;
  }
}

function readOption(segment: Segment, bytes: Uint8Array, at: number, kind: number, length: number): void {
  const isSyn = (segment.flags & wire.TCP_SYN) !== 0;
  switch (kind) {
    case TCPOPT_MSS:
      if (isSyn && length === 4) segment.mss = getBe16(bytes, at + 2);
      break;
    case TCPOPT_WINDOW:
      if (isSyn && length === 3) segment.windowShift = Math.min(bytes[at + 2] ?? 0, maxWindowShift);
      break;
    case TCPOPT_SACK_PERM:
      if (isSyn && length === 2) segment.isSackPermitted = true;
      break;
    case TCPOPT_TIMESTAMP:
      if (length === 10) readTimestamp(segment, bytes, at + 2);
      break;
    case TCPOPT_SACK:
      if (length >= 10 && length % 8 === 2) readBlocks(segment, bytes, at + 2, (length - 2) >> 3);
      break;
    default:
      break;
  }
}

function readBlocks(segment: Segment, bytes: Uint8Array, at: number, count: number): void {
  segment.sackCount = Math.min(count, maxBlocks);
  for (let edge = 0; edge < 2 * segment.sackCount; edge++) {
    segment.sackEdges[edge] = getBe32(bytes, at + 4 * edge) | 0;
  }
}
