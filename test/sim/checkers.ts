// What must hold in every run, whatever the wires do. Checkers look at frames where hosts send and receive them, and at what
// users get; a broken rule is an error that names it.

import { pseudoHeader4 } from "../../src/bytes/checksum.ts";
import type { Device, Frame } from "../../src/net/netdevice.ts";
import { CHECKSUM_NONE } from "../../src/net/netdevice.ts";
import { ETH_HLEN, ETH_P_IP } from "../../src/uapi/if_ether.ts";
import { ipv4Destination, ipv4HeaderLength, ipv4Protocol, ipv4Source } from "../../src/wire/ipv4.ts";
import {
  isTcpChecksumCorrect,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  tcpAcknowledgement,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderLength,
  tcpSequence,
  tcpSourcePort,
  tcpWindow,
} from "../../src/wire/tcp.ts";
import { parseTcpOptions } from "../../src/wire/tcp-option.ts";

/** A rule was broken. */
export class BrokenRule extends Error {}

interface Half {
  /** The scale this end's windows have, once its SYN was seen; -1: its SYN had none. */
  scale: number;
  /** The largest sequence number the other end was allowed to send, as this end has said and the other has heard. */
  edge: number | undefined;
}

/** No host sends beyond the window its peer has told it of. Looks at one host's device. */
export class WindowChecker {
  readonly #halves = new Map<string, Half>();
  segments = 0;

  constructor(dev: Device) {
    dev.taps = [
      ...(dev.taps ?? []),
      { seen: (frame, _dev, isOutgoing) => (isOutgoing ? this.#sent(frame) : this.#heard(frame)) },
    ];
  }

  /** The host hears what its peer allows. */
  #heard(frame: Frame): void {
    const at = tcpOf(frame);
    if (at === 0) return;
    const { bytes } = frame;
    const flags = tcpFlags(bytes, at);
    const half = this.#half(keyOf(frame, at, false));
    if ((flags & TCP_RST) !== 0) return;
    if ((flags & TCP_SYN) !== 0) {
      const options = parseTcpOptions(bytes, at + 20, at + tcpHeaderLength(bytes, at));
      half.scale = options.windowShift ?? -1;
      half.edge = undefined;
    }
    if ((flags & TCP_ACK) === 0) return;
    const isScaled = (flags & TCP_SYN) === 0 && half.scale > 0;
    const window = tcpWindow(bytes, at) * (isScaled ? 2 ** half.scale : 1);
    const edge = (tcpAcknowledgement(bytes, at) + window) | 0;
    if (half.edge === undefined || ((edge - half.edge) | 0) > 0) half.edge = edge;
  }

  /** The host sends no more than that. */
  #sent(frame: Frame): void {
    const at = tcpOf(frame);
    if (at === 0) return;
    const { bytes, end } = frame;
    const flags = tcpFlags(bytes, at);
    if ((flags & (TCP_SYN | TCP_RST)) !== 0) return;
    this.segments++;
    const { edge } = this.#half(keyOf(frame, at, true));
    const payload = end - at - tcpHeaderLength(bytes, at);
    if (edge === undefined || payload === 0) return;
    const last = (tcpSequence(bytes, at) + payload + ((flags & TCP_FIN) !== 0 ? 1 : 0)) | 0;
    if (((last - edge) | 0) > 0)
      throw new BrokenRule(`${(last - edge) | 0} bytes were sent beyond the window`);
  }

  #half(key: string): Half {
    const known = this.#halves.get(key);
    if (known !== undefined) return known;
    const half: Half = { scale: 0, edge: undefined };
    this.#halves.set(key, half);
    return half;
  }
}

/** Where the TCP header of a frame over IPv4 is; 0 when there is none, or it was spoiled on the way. */
function tcpOf({ bytes, checksum, end, macHeader }: Frame): number {
  const type = ((bytes[macHeader + 12] ?? 0) << 8) | (bytes[macHeader + 13] ?? 0);
  const network = macHeader + ETH_HLEN;
  if (type !== ETH_P_IP || ipv4Protocol(bytes, network) !== 6) return 0;
  const at = network + ipv4HeaderLength(bytes, network);
  if (end - at < 20) return 0;
  if (checksum !== CHECKSUM_NONE) return at;
  const pseudo = pseudoHeader4(ipv4Source(bytes, network), ipv4Destination(bytes, network), 6, end - at);
  return isTcpChecksumCorrect(bytes, at, end, pseudo) ? at : 0;
}

/** The connection, named by the host's own end first. */
function keyOf({ bytes, macHeader }: Frame, at: number, isOutgoing: boolean): string {
  const network = macHeader + ETH_HLEN;
  const source = `${ipv4Source(bytes, network)}:${tcpSourcePort(bytes, at)}`;
  const destination = `${ipv4Destination(bytes, network)}:${tcpDestinationPort(bytes, at)}`;
  return isOutgoing ? `${source}>${destination}` : `${destination}>${source}`;
}

/** The bytes of one direction: what place in the stream each has can be told from it. */
function streamByte(salt: number, index: number): number {
  return (Math.imul(index, 0x9e3779b1) ^ salt) >>> 24;
}

/** The stream's bytes from place `from` on. */
export function streamBytes(salt: number, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = streamByte(salt, from + index);
  return bytes;
}

/** What a reader gets is what was written, from its beginning, in order, once. */
export class StreamChecker {
  readonly #salt: number;
  readonly #length: number;
  received = 0;

  constructor(salt: number, length: number) {
    this.#salt = salt;
    this.#length = length;
  }

  take(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) {
      if (bytes[index] !== streamByte(this.#salt, this.received + index))
        throw new BrokenRule(`Byte ${this.received + index} of a stream is wrong`);
    }
    this.received += bytes.length;
    if (this.received > this.#length) throw new BrokenRule("More came than was written");
  }

  /** The stream ended as if it were whole. */
  end(): void {
    if (this.received !== this.#length)
      throw new BrokenRule(`A stream ended well after ${this.received} of ${this.#length} bytes`);
  }
}
