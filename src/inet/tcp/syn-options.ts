// The options of a SYN: the largest segment, selective acknowledgement, timestamps, the scale of windows. Who answers a SYN says
// what it said.
//
// Mirrors net/ipv4/tcp_output.c (tcp_syn_options, tcp_synack_options, tcp_options_write).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import {
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_WINDOW,
} from "../../wire/tcp-option.ts";

/** What is offered, or agreed to. */
export interface SynOffer {
  readonly isSackOk: boolean;
  readonly isTimestampOk: boolean;
  readonly isWindowScaleOk: boolean;
  readonly rcvScale: number;
  readonly recentTimestamp: number;
}

/** What a SYN, and the settings, agree on. */
export interface Agreement extends SynOffer {
  readonly irs: number;
  readonly iss: number;
  readonly peerMss: number;
  readonly sndScale: number;
  readonly isEcnOk: boolean;
  readonly timestampOffset: number;
  /** When the SYN came; NaN when that is not known any more. */
  readonly createdNs: number;
}

/** Writes the options in front of `frame.start`, which moves; returns how many bytes that took. */
export function pushSynOptions(frame: Frame, offer: SynOffer, mss: number, timestamp: number): number {
  const { bytes } = frame;
  const hasWords = offer.isTimestampOk || offer.isSackOk;
  const size = 4 + (offer.isTimestampOk ? 12 : hasWords ? 4 : 0) + (offer.isWindowScaleOk ? 4 : 0);
  let at = frame.start - size;
  frame.start = at;
  bytes[at] = TCPOPT_MSS;
  bytes[at + 1] = 4;
  setBe16(bytes, at + 2, mss);
  at += 4;
  if (hasWords) {
    bytes[at] = offer.isSackOk ? TCPOPT_SACK_PERM : TCPOPT_NOP;
    bytes[at + 1] = offer.isSackOk ? 2 : TCPOPT_NOP;
    bytes[at + 2] = offer.isTimestampOk ? TCPOPT_TIMESTAMP : TCPOPT_NOP;
    bytes[at + 3] = offer.isTimestampOk ? 10 : TCPOPT_NOP;
    at += 4;
  }
  if (offer.isTimestampOk) {
    setBe32(bytes, at, timestamp);
    setBe32(bytes, at + 4, offer.recentTimestamp);
    at += 8;
  }
  if (offer.isWindowScaleOk) {
    bytes[at] = TCPOPT_NOP;
    bytes[at + 1] = TCPOPT_WINDOW;
    bytes[at + 2] = 3;
    bytes[at + 3] = offer.rcvScale;
  }
  return size;
}
