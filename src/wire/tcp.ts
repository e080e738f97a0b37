// The TCP header (RFC 9293 3.1). Options are in tcp-option.ts.
//
//   0           2                4   8   12     13    14     16       18     20
//   │source port│destination port│seq│ack│offset│flags│window│checksum│urgent│ options … payload …
//
// Mirrors include/uapi/linux/tcp.h.

import { checksum } from "../bytes/checksum.ts";
import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { describeTcpOptions } from "./tcp-option.ts";

/** Bytes in a header without options. */
export const TCP_SIZE = 20;

/** Flags. */
export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;
export const TCP_ECE = 0x40;
export const TCP_CWR = 0x80;

const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT = 18;

/** What a header says beside its options and checksum. */
export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  readonly urgent?: number;
}

/** Reads the source port. */
export function tcpSourcePort(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at);
}

/** Reads the destination port. */
export function tcpDestinationPort(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + DESTINATION_PORT);
}

/** Reads the sequence number of the first byte of payload, or of the SYN. */
export function tcpSequence(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + SEQUENCE);
}

/** Reads the next sequence number that the sender expects; valid with TCP_ACK. */
export function tcpAcknowledgement(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + ACKNOWLEDGEMENT);
}

/** Reads the header's length in bytes, options included. */
export function tcpHeaderLength(bytes: Uint8Array, at: number): number {
  return (getU8(bytes, at + DATA_OFFSET) >>> 4) * 4;
}

/** Reads the flags, TCP_*. */
export function tcpFlags(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + FLAGS);
}

/** Reads the window, not yet scaled. */
export function tcpWindow(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + WINDOW);
}

/** Reads the urgent pointer; valid with TCP_URG. */
export function tcpUrgent(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + URGENT);
}

/**
 * Tells whether the checksum over the segment from `at` to `end` is right; `pseudo` is the pseudo header's
 * sum.
 */
export function isTcpChecksumCorrect(bytes: Uint8Array, at: number, end: number, pseudo: number): boolean {
  return checksum(bytes, at, end, pseudo) === 0;
}

/**
 * Writes a header whose options, `headerLength - TCP_SIZE` bytes, and payload up to `end` are there, with its
 * checksum.
 */
export function writeTcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: TcpHeader,
  headerLength: number,
  pseudo: number,
): void {
  setBe16(bytes, at, header.sourcePort);
  setBe16(bytes, at + DESTINATION_PORT, header.destinationPort);
  setBe32(bytes, at + SEQUENCE, header.sequence);
  setBe32(bytes, at + ACKNOWLEDGEMENT, header.acknowledgement);
  setU8(bytes, at + DATA_OFFSET, headerLength << 2);
  setU8(bytes, at + FLAGS, header.flags);
  setBe16(bytes, at + WINDOW, header.window);
  setBe16(bytes, at + CHECKSUM, 0);
  setBe16(bytes, at + URGENT, header.urgent ?? 0);
  setBe16(bytes, at + CHECKSUM, checksum(bytes, at, end, pseudo));
}

/**
 * Describes the segment between `at` and `end` that was `length` bytes long on the wire, with absolute
 * sequence numbers.
 */
export function describeTcp(bytes: Uint8Array, at: number, end: number, length: number): string {
  if (end - at < TCP_SIZE) return " [|tcp]";
  const headerLength = tcpHeaderLength(bytes, at);
  if (headerLength < TCP_SIZE) {
    return ` tcp ${length - headerLength} [bad hdr length ${headerLength} - too short, < ${TCP_SIZE}]`;
  }
  const flags = tcpFlags(bytes, at);
  const text = `Flags [${describeFlags(flags)}]`;
  if (headerLength > length) return `${text} [bad hdr length ${headerLength} - too long, > ${length}]`;
  const payload = length - headerLength;
  const parts = [text];
  if (payload > 0 || (flags & (TCP_SYN | TCP_FIN | TCP_RST)) !== 0) {
    const first = tcpSequence(bytes, at);
    parts.push(`seq ${first}${payload > 0 ? `:${(first + payload) >>> 0}` : ""}`);
  }
  if ((flags & TCP_ACK) !== 0) parts.push(`ack ${tcpAcknowledgement(bytes, at)}`);
  parts.push(`win ${tcpWindow(bytes, at)}`);
  if ((flags & TCP_URG) !== 0) parts.push(`urg ${tcpUrgent(bytes, at)}`);
  if (headerLength > TCP_SIZE) {
    const options = describeTcpOptions(bytes, at + TCP_SIZE, at + headerLength, end);
    parts.push(`options ${options.text}`);
    if (!options.isWellFormed) return parts.join(", ");
  }
  parts.push(`length ${payload}`);
  return parts.join(", ");
}

function describeFlags(flags: number): string {
  const names = ["F", "S", "R", "P", ".", "U", "E", "W"];
  return names.filter((_name, bit) => ((flags >>> bit) & 1) === 1).join("") || "none";
}
