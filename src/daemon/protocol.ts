// What our clients and the daemon say to each other over the Unix socket: frames, each for one channel. A connection is a
// process, a channel a netlink socket or an open namespace of it; the client chooses the numbers, and a number is free
// again when its CLOSE has come back. Channel 0 is the connection itself.
//
//   u32 length   header and payload
//   u16 channel
//   u8  op
//   u8  flags
//   …   payload
//
// All integers are in host order. The header, and HELLO, STATUS and STOP, are the same in every version, so that any
// `uveth daemon` can see and stop any daemon; the rest belongs to the version that HELLO names.

import { getU16, getU32, setU16, setU32 } from "../bytes/endian.ts";
import { decodeUtf8, encodeUtf8Into, utf8Length } from "../bytes/utf8.ts";

/** The version of what follows HELLO. */
export const PROTOCOL_VERSION = 1;

export const FRAME_HEADER_SIZE = 8;
const LENGTH_OFFSET = 0;
const CHANNEL_OFFSET = 4;
const OP_OFFSET = 6;
const FLAGS_OFFSET = 7;

/** The largest datagram of requests; a larger one is refused with EMSGSIZE, as by a full send buffer on Linux. */
export const LARGEST_DATAGRAM = 1024 * 1024;
/** The largest frame: an error echoes the request behind a few headers and its extended acknowledgement. */
export const LARGEST_FRAME = LARGEST_DATAGRAM + 8 * 1024;
/** The largest frame before a HELLO, so that a stray client does not make the daemon wait for much. */
export const LARGEST_HELLO = 256;

// Ops
/** Both ways, first: magic, protocol version, process id, package version. */
export const OP_HELLO = 1;
/** Client: netlink protocol, receive buffer, namespace (empty: the initial one). Daemon: errno, port id. */
export const OP_OPEN = 2;
/** Both ways: one datagram. */
export const OP_DATA = 3;
/** Daemon: datagrams were lost (ENOBUFS). */
export const OP_OVERRUN = 4;
/** Client: option of level SOL_NETLINK, value. Refused: the daemon closes the channel with the errno. */
export const OP_SETOPTION = 5;
/** Client: end of a channel, which the daemon confirms. Daemon, unasked: the channel failed; an errno. */
export const OP_CLOSE = 6;
/** Client: a namespace's name. Daemon: errno, descriptor. */
export const OP_OPEN_NETNS = 7;
/** Client: empty. Daemon: a JSON object (status.ts). */
export const OP_STATUS = 8;
/** Client: end the daemon. The answer is the end of the connection. */
export const OP_STOP = 9;

/** Of OP_DATA from the daemon: u32 group and s32 namespace id (-1: the socket's own) come before the datagram. */
export const FLAG_EVENT = 1;
export const EVENT_HEADER_SIZE = 8;

/** Somebody does not speak this protocol; the connection ends. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Makes a frame with room for `payloadSize` bytes, which the caller fills from FRAME_HEADER_SIZE on. */
export function newFrame(op: number, channel: number, payloadSize: number, flags = 0): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_SIZE + payloadSize);
  setU32(frame, LENGTH_OFFSET, frame.length);
  setU16(frame, CHANNEL_OFFSET, channel);
  frame[OP_OFFSET] = op;
  frame[FLAGS_OFFSET] = flags;
  return frame;
}

/** Makes a frame whose payload is a number of u32 (or s32), then a text. */
export function wordsFrame(op: number, channel: number, words: readonly number[], text = ""): Uint8Array {
  const frame = newFrame(op, channel, 4 * words.length + utf8Length(text));
  let at = FRAME_HEADER_SIZE;
  for (const word of words) {
    setU32(frame, at, word);
    at += 4;
  }
  encodeUtf8Into(text, frame, at);
  return frame;
}

/** Makes a frame that carries a copy of `datagram`. */
export function dataFrame(channel: number, datagram: Uint8Array): Uint8Array {
  const frame = newFrame(OP_DATA, channel, datagram.length);
  frame.set(datagram, FRAME_HEADER_SIZE);
  return frame;
}

/** Makes a frame that carries a copy of an event's datagram. */
export function eventFrame(channel: number, datagram: Uint8Array, group: number, nsid: number): Uint8Array {
  const frame = newFrame(OP_DATA, channel, EVENT_HEADER_SIZE + datagram.length, FLAG_EVENT);
  setU32(frame, FRAME_HEADER_SIZE, group);
  setU32(frame, FRAME_HEADER_SIZE + 4, nsid);
  frame.set(datagram, FRAME_HEADER_SIZE + EVENT_HEADER_SIZE);
  return frame;
}

/** The length that a frame's header at `offset` claims. */
export function frameLength(bytes: Uint8Array, offset: number): number {
  return getU32(bytes, offset + LENGTH_OFFSET);
}

/** One frame as it was received: a window of the received bytes. */
export class Frame {
  readonly channel: number;
  readonly op: number;
  readonly flags: number;
  /** The bytes behind the header. */
  readonly payload: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.channel = getU16(bytes, CHANNEL_OFFSET);
    this.op = bytes[OP_OFFSET] ?? 0;
    this.flags = bytes[FLAGS_OFFSET] ?? 0;
    this.payload = bytes.subarray(FRAME_HEADER_SIZE);
  }

  /** The u32 at `index` of the payload; ProtocolError when the frame is too short for it. */
  word(index: number): number {
    if (this.payload.length < 4 * (index + 1)) {
      throw new ProtocolError(
        `A frame of op ${this.op} has ${this.payload.length} bytes of payload, too few`,
      );
    }
    return getU32(this.payload, 4 * index);
  }

  /** The text behind `words` u32. */
  text(words: number): string {
    return decodeUtf8(this.payload, 4 * words);
  }
}

const MAGIC = 0x74657675;

/** What each side says of itself. */
export interface Hello {
  readonly protocol: number;
  readonly pid: number;
  /** The version of the package. */
  readonly version: string;
}

/** Makes the frame that introduces this side. */
export function helloFrame({ protocol, pid, version }: Hello): Uint8Array {
  return wordsFrame(OP_HELLO, 0, [MAGIC, protocol, pid], version);
}

/** Reads the first frame of the other side; ProtocolError when it is anything else than a HELLO. */
export function parseHello(frame: Frame): Hello {
  if (frame.op !== OP_HELLO || frame.channel !== 0 || frame.word(0) !== MAGIC) {
    throw new ProtocolError("The connection does not begin with a HELLO");
  }
  return { protocol: frame.word(1), pid: frame.word(2), version: frame.text(3) };
}
