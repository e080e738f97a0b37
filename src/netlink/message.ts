// A netlink message as it lies in a datagram: the 16-byte header and the bytes behind it.
//
// Mirrors include/uapi/linux/netlink.h (struct nlmsghdr, NLMSG_OK, NLMSG_NEXT).

import { align4, getS32, getU16, getU32 } from "../bytes/endian.ts";
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSGERR_ATTR_MISS_NEST,
  NLMSGERR_ATTR_MISS_TYPE,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from "../uapi/netlink.ts";
import { type Attribute, attributes } from "./attribute.ts";
import { NetlinkError } from "./error.ts";

/** Size of a message header: u32 length, u16 type, u16 flags, u32 sequence number, u32 port id. */
export const NLMSG_HDRLEN = 16;

/** One message. `bytes` starts at its header and ends at its length; a window on the datagram, not a copy. */
export class Message {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get type(): number {
    return getU16(this.bytes, 4);
  }

  get flags(): number {
    return getU16(this.bytes, 6);
  }

  get seq(): number {
    return getU32(this.bytes, 8);
  }

  get pid(): number {
    return getU32(this.bytes, 12);
  }

  /** Bytes behind the header. */
  get payloadLength(): number {
    return this.bytes.length - NLMSG_HDRLEN;
  }

  /** The attributes behind a family header of `headerSize` bytes, which is padded to four. */
  attributes(headerSize: number): Attribute[] {
    return [...attributes(this.bytes, NLMSG_HDRLEN + align4(headerSize), this.bytes.length)];
  }

  /** The first attribute of `type` behind a family header of `headerSize` bytes. */
  attribute(type: number, headerSize: number): Attribute | undefined {
    for (const attribute of attributes(this.bytes, NLMSG_HDRLEN + align4(headerSize), this.bytes.length)) {
      if (attribute.type === type) return attribute;
    }
    return undefined;
  }
}

/** Walks the messages of a datagram; stops silently at a length under 16 or beyond the datagram, as netlink_rcv_skb does. */
export function* messages(datagram: Uint8Array): Generator<Message, void, void> {
  let offset = 0;
  while (offset + NLMSG_HDRLEN <= datagram.length) {
    const length = getU32(datagram, offset);
    if (length < NLMSG_HDRLEN || length > datagram.length - offset) return;
    yield new Message(datagram.subarray(offset, offset + length));
    offset += align4(length);
  }
}

/** What an NLMSG_ERROR or NLMSG_DONE says: errno (0 or negative) and the extended acknowledgement beside it. */
export interface Acknowledgement {
  readonly errno: number;
  /** The extended-ack text; with errno 0 a warning. */
  readonly message: string;
  readonly offset: number | undefined;
  readonly missing: { readonly type: number; readonly nest?: number | undefined } | undefined;
}

/** Reads an NLMSG_ERROR (`isDone` false) or NLMSG_DONE, which carries only the errno before its attributes. */
export function parseAcknowledgement(message: Message, isDone = false): Acknowledgement {
  const { bytes, flags } = message;
  const errno = bytes.length >= NLMSG_HDRLEN + 4 ? getS32(bytes, NLMSG_HDRLEN) : 0;
  let text = "";
  let offset: number | undefined;
  let type: number | undefined;
  let nest: number | undefined;
  if ((flags & NLM_F_ACK_TLVS) !== 0) {
    for (const attribute of attributes(bytes, extendedAckStart(bytes, flags, isDone), bytes.length)) {
      if (attribute.type === NLMSGERR_ATTR_MSG) text = attribute.text();
      else if (attribute.type === NLMSGERR_ATTR_OFFS) offset = attribute.u32();
      else if (attribute.type === NLMSGERR_ATTR_MISS_TYPE) type = attribute.u32();
      else if (attribute.type === NLMSGERR_ATTR_MISS_NEST) nest = attribute.u32();
    }
  }
  return { errno, message: text, offset, missing: type === undefined ? undefined : { type, nest } };
}

/** Where the extended-ack attributes start: behind the errno, the request's header, and its payload unless capped. */
function extendedAckStart(bytes: Uint8Array, flags: number, isDone: boolean): number {
  const behindErrno = NLMSG_HDRLEN + 4;
  if (isDone) return behindErrno;
  if ((flags & NLM_F_CAPPED) !== 0 || bytes.length < behindErrno + 4) return behindErrno + NLMSG_HDRLEN;
  return behindErrno + align4(getU32(bytes, behindErrno));
}

/** The acknowledgement as an error, or undefined when it says success. */
export function errorOf(ack: Acknowledgement): NetlinkError | undefined {
  return ack.errno === 0 ? undefined : NetlinkError.fromErrno(ack.errno, ack.message, ack);
}
