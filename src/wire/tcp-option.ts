// The options of the TCP header (RFC 9293 3.2; RFC 7323 window scale and timestamps; RFC 2018 selective
// acknowledgement). Mirrors net/ipv4/tcp_input.c (tcp_parse_options). *Omitted:* fast open, MD5,
// authentication, MPTCP: named by number when described.

import { getBe16, getBe32, getU8 } from "../bytes/endian.ts";
import { toHex } from "../bytes/hex.ts";

/** Kinds. */
export const TCPOPT_EOL = 0;
export const TCPOPT_NOP = 1;
export const TCPOPT_MSS = 2;
export const TCPOPT_WINDOW = 3;
export const TCPOPT_SACK_PERM = 4;
export const TCPOPT_SACK = 5;
export const TCPOPT_TIMESTAMP = 8;

/** What a segment's options say, as far as they are there. */
export interface TcpOptions {
  readonly mss?: number;
  readonly windowShift?: number;
  readonly isSackPermitted?: boolean;
  readonly timestamp?: number;
  readonly timestampEcho?: number;
  /** Pairs of left edge and right edge. */
  readonly sackEdges?: readonly number[];
}

interface Option {
  readonly kind: number;
  readonly start: number;
  /** Length as stated, or that there is none for an end and a padding. */
  readonly length: number;
}

/**
 * Reads the options from `start` to `end`; what follows one that is cut off or of the wrong length is left
 * out.
 */
export function parseTcpOptions(bytes: Uint8Array, start: number, end: number): TcpOptions {
  let options: TcpOptions = {};
  for (let at = start; ; ) {
    const option = nextOption(bytes, at, end);
    if (option === undefined || option.kind === TCPOPT_EOL) return options;
    options = { ...options, ...readOption(bytes, option) };
    at += option.length;
  }
}

function readOption(bytes: Uint8Array, { kind, start, length }: Option): TcpOptions {
  if (kind === TCPOPT_MSS && length === 4) return { mss: getBe16(bytes, start + 2) };
  if (kind === TCPOPT_WINDOW && length === 3) return { windowShift: getU8(bytes, start + 2) };
  if (kind === TCPOPT_SACK_PERM && length === 2) return { isSackPermitted: true };
  if (kind === TCPOPT_TIMESTAMP && length === 10) {
    return { timestamp: getBe32(bytes, start + 2), timestampEcho: getBe32(bytes, start + 6) };
  }
  if (kind === TCPOPT_SACK && length > 2 && length % 8 === 2)
    return { sackEdges: words(bytes, start + 2, start + length) };
  return {};
}

/** The option at `at`; undefined at the end and when its length cannot be. */
function nextOption(bytes: Uint8Array, at: number, end: number): Option | undefined {
  if (at >= end) return undefined;
  const kind = getU8(bytes, at);
  if (kind === TCPOPT_EOL || kind === TCPOPT_NOP) return { kind, start: at, length: 1 };
  const length = at + 1 < end ? getU8(bytes, at + 1) : 0;
  return length < 2 || at + length > end ? undefined : { kind, start: at, length };
}

/**
 * Describes the options from `start` to `end` with the brackets around them; `captured` is where the bytes
 * end. What follows an option that cannot be is left out, and so is, as tcpdump has it, the closing bracket
 * if nothing stood before.
 */
export function describeTcpOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  captured: number,
): { text: string; isWellFormed: boolean } {
  let text = "[";
  for (let at = start; at < end; ) {
    const separator = at === start ? "" : ",";
    const kind = getU8(bytes, at);
    const hasLength = kind !== TCPOPT_EOL && kind !== TCPOPT_NOP;
    if (at + (hasLength ? 1 : 0) >= captured)
      return { text: `${text}${separator} [|tcp]`, isWellFormed: false };
    const option = nextOption(bytes, at, Math.min(end, captured));
    const described = option === undefined ? undefined : describeOption(bytes, option);
    if (option === undefined || described === undefined) {
      const name = option === undefined ? "" : optionName(kind);
      return { text: `${text}${separator}${name}[bad opt]${at === start ? "" : "]"}`, isWellFormed: false };
    }
    text += separator + described;
    if (kind === TCPOPT_EOL) break;
    at += option.length;
  }
  return { text: `${text}]`, isWellFormed: true };
}

function optionName(kind: number): string {
  const names = ["eol", "nop", "mss", "wscale", "sackOK", "sack"];
  return kind === TCPOPT_TIMESTAMP ? "TS" : (names[kind] ?? `unknown-${kind}`);
}

function describeOption(bytes: Uint8Array, option: Option): string | undefined {
  const { kind, start, length } = option;
  const name = optionName(kind);
  const surplus = (wanted: number): string => (length === wanted ? "" : `[len ${length}]`);
  switch (kind) {
    case TCPOPT_EOL:
    case TCPOPT_NOP:
      return name;
    case TCPOPT_MSS:
      return length < 4 ? undefined : `${name} ${getBe16(bytes, start + 2)}${surplus(4)}`;
    case TCPOPT_WINDOW:
      return length < 3 ? undefined : `${name} ${getU8(bytes, start + 2)}${surplus(3)}`;
    case TCPOPT_SACK_PERM:
      return `${name}${surplus(2)}`;
    case TCPOPT_TIMESTAMP:
      if (length < 10) return undefined;
      return `${name} val ${getBe32(bytes, start + 2)} ecr ${getBe32(bytes, start + 6)}${surplus(10)}`;
    case TCPOPT_SACK:
      return length % 8 !== 2 ? `${name} invalid sack` : `${name} ${describeSack(bytes, option)}`;
    default:
      return length === 2 ? name : `${name} 0x${toHex(bytes, start + 2, start + length)}`;
  }
}

function describeSack(bytes: Uint8Array, option: Option): string {
  const edges = words(bytes, option.start + 2, option.start + option.length);
  const blocks = edges
    .filter((_edge, index) => index % 2 === 0)
    .map((left, index) => `{${left}:${edges[2 * index + 1]}}`);
  return `${blocks.length} ${blocks.join("")}`;
}

function words(bytes: Uint8Array, start: number, end: number): number[] {
  const values: number[] = [];
  for (let at = start; at < end; at += 4) values.push(getBe32(bytes, at));
  return values;
}
