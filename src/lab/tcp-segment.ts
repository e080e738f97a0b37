// A TCP segment in a frame, to be cut, or answered with a reset.
//
// RFC 9293, sections 3.1 and 3.10.7.4 (which reset is believed).

import { checksum, pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { getBe16, setBe16, setBe32 } from "../bytes/endian.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_TCP } from "../uapi/in.ts";
import {
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  isIpv4Fragment,
  isIpv4Header,
  setIpv4TotalLength,
  updateIpv4Checksum,
} from "../wire/ipv4.ts";
import {
  IPV6_DESTINATION,
  IPV6_HEADER_SIZE,
  IPV6_SOURCE,
  ipv6NextHeader,
  ipv6PayloadLength,
  isIpv6Header,
  setIpv6PayloadLength,
} from "../wire/ipv6.ts";
import * as tcp from "../wire/tcp.ts";

const TYPE_AT = 12;
const TAG_SIZE = 4;
const SEQUENCE_AT = 4;
const ACKNOWLEDGEMENT_AT = 8;
const OFFSET_AT = 12;
const FLAGS_AT = 13;
const WINDOW_AT = 14;
const CHECKSUM_AT = 16;
const URGENT_AT = 18;
const MAC_SIZE = 6;
const tags: ReadonlySet<number> = new Set([0x8100, 0x88a8]);

/** Reads the segment of a frame; undefined where there is none, or only a fragment of one, or one behind extension headers. */
export function segmentOf(bytes: Uint8Array): Segment | undefined {
  let typeAt = TYPE_AT;
  while (bytes.length >= typeAt + 2 + TAG_SIZE && tags.has(getBe16(bytes, typeAt))) typeAt += TAG_SIZE;
  const ipAt = typeAt + 2;
  if (bytes.length < ipAt) return undefined;
  const type = getBe16(bytes, typeAt);
  if (type === ETH_P_IP) {
    if (!isIpv4Header(bytes, ipAt, bytes.length) || isIpv4Fragment(bytes, ipAt)) return undefined;
    if (ipv4Protocol(bytes, ipAt) !== IPPROTO_TCP) return undefined;
    return whole(bytes, ipAt, ipAt + ipv4HeaderLength(bytes, ipAt), ipAt + ipv4TotalLength(bytes, ipAt), 4);
  }
  if (type !== ETH_P_IPV6 || !isIpv6Header(bytes, ipAt, bytes.length)) return undefined;
  if (ipv6NextHeader(bytes, ipAt) !== IPPROTO_TCP) return undefined;
  const at = ipAt + IPV6_HEADER_SIZE;
  return whole(bytes, ipAt, at, at + ipv6PayloadLength(bytes, ipAt), 6);
}

function whole(
  bytes: Uint8Array,
  ipAt: number,
  at: number,
  end: number,
  version: 4 | 6,
): Segment | undefined {
  if (end > bytes.length || end < at + tcp.TCP_SIZE) return undefined;
  const payloadAt = at + tcp.tcpHeaderLength(bytes, at);
  return payloadAt > end || payloadAt < at + tcp.TCP_SIZE
    ? undefined
    : new Segment(bytes, ipAt, at, payloadAt, end, version);
}

/** One. Its bytes are the frame's, from the Ethernet header on, and valid as long as those. */
export class Segment {
  readonly #bytes: Uint8Array;
  readonly #ipAt: number;
  readonly #at: number;
  readonly #payloadAt: number;
  readonly #version: 4 | 6;
  /** Bytes of its payload. */
  readonly length: number;

  constructor(bytes: Uint8Array, ipAt: number, at: number, payloadAt: number, end: number, version: 4 | 6) {
    this.#bytes = bytes;
    this.#ipAt = ipAt;
    this.#at = at;
    this.#payloadAt = payloadAt;
    this.#version = version;
    this.length = end - payloadAt;
  }

  get sequence(): number {
    return tcp.tcpSequence(this.#bytes, this.#at);
  }

  /** The sequence number behind it. */
  get end(): number {
    const marks = (this.has(tcp.TCP_SYN) ? 1 : 0) + (this.has(tcp.TCP_FIN) ? 1 : 0);
    return (this.sequence + this.length + marks) >>> 0;
  }

  get acknowledgement(): number {
    return tcp.tcpAcknowledgement(this.#bytes, this.#at);
  }

  has(flag: number): boolean {
    return (tcp.tcpFlags(this.#bytes, this.#at) & flag) !== 0;
  }

  /** The two ends of its connection, alike for both directions. */
  get connection(): string {
    const [size, from] = this.#version === 4 ? [4, this.#ipAt + 12] : [16, this.#ipAt + IPV6_SOURCE];
    const text = (address: number, port: number) =>
      `${this.#bytes.subarray(address, address + size).join(".")}:${getBe16(this.#bytes, port)}`;
    return [text(from, this.#at), text(from + size, this.#at + 2)].sort().join(" ");
  }

  /** Bytes of IP and TCP header. */
  get headerLength(): number {
    return this.#payloadAt - this.#ipAt;
  }

  /** A frame with the payload from `start` to `end`; what ends the segment (FIN, PSH) is with its end, unless `isOpen`. */
  slice(start: number, end: number, isOpen = end < this.length): Uint8Array {
    const frame = new Uint8Array(this.#payloadAt + end - start);
    frame.set(this.#bytes.subarray(0, this.#payloadAt));
    frame.set(this.#bytes.subarray(this.#payloadAt + start, this.#payloadAt + end), this.#payloadAt);
    setBe32(frame, this.#at + SEQUENCE_AT, (this.sequence + start) >>> 0);
    if (isOpen) frame[this.#at + FLAGS_AT] = tcp.tcpFlags(frame, this.#at) & ~(tcp.TCP_FIN | tcp.TCP_PSH);
    return this.#sealed(frame);
  }

  /** A reset that goes the way of this segment, or with `isBack` the other way. */
  reset(sequence: number, acknowledgement: number, isBack: boolean): Uint8Array {
    const frame = this.#bytes.slice(0, this.#at + tcp.TCP_SIZE);
    if (isBack) this.#turn(frame);
    setBe32(frame, this.#at + SEQUENCE_AT, sequence);
    setBe32(frame, this.#at + ACKNOWLEDGEMENT_AT, acknowledgement);
    frame[this.#at + OFFSET_AT] = (tcp.TCP_SIZE / 4) << 4;
    frame[this.#at + FLAGS_AT] = tcp.TCP_RST | tcp.TCP_ACK;
    setBe16(frame, this.#at + WINDOW_AT, 0);
    setBe16(frame, this.#at + URGENT_AT, 0);
    return this.#sealed(frame);
  }

  /** Swaps source and destination. */
  #turn(frame: Uint8Array): void {
    const swap = (at: number, size: number): void => {
      const first = frame.slice(at, at + size);
      frame.copyWithin(at, at + size, at + 2 * size);
      frame.set(first, at + size);
    };
    swap(0, MAC_SIZE);
    if (this.#version === 4) swap(this.#ipAt + 12, 4);
    else swap(this.#ipAt + IPV6_SOURCE, IPV6_DESTINATION - IPV6_SOURCE);
    swap(this.#at, 2);
  }

  /** Puts lengths and checksums right. */
  #sealed(frame: Uint8Array): Uint8Array {
    const [ipAt, at] = [this.#ipAt, this.#at];
    const length = frame.length - at;
    let pseudo: number;
    if (this.#version === 4) {
      setIpv4TotalLength(frame, ipAt, frame.length - ipAt);
      updateIpv4Checksum(frame, ipAt);
      pseudo = pseudoHeader4(ipv4Source(frame, ipAt), ipv4Destination(frame, ipAt), IPPROTO_TCP, length);
    } else {
      setIpv6PayloadLength(frame, ipAt, length);
      pseudo = pseudoHeader6(frame, ipAt + IPV6_SOURCE, IPPROTO_TCP, length);
    }
    setBe16(frame, at + CHECKSUM_AT, 0);
    setBe16(frame, at + CHECKSUM_AT, checksum(frame, at, frame.length, pseudo));
    return frame;
  }
}
