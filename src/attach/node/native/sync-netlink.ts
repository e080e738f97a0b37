// A netlink socket of the kernel whose answers are waited for: rtnetlink answers before send returns, but for the rest of a
// dump, which comes as it is read. So a change to a namespace of the machine is a change to the kernel's when it returns.
//
// Mirrors netlink(7).

import { setU16, setU32 } from "../../../bytes/endian.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Message } from "../../../netlink/message.ts";
import { errorOf, messages, parseAcknowledgement } from "../../../netlink/message.ts";
import { MessageWriter } from "../../../netlink/writer.ts";
import { errnoNumber } from "../../../uapi/errno.ts";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  SOCKADDR_NL_FAMILY,
  SOCKADDR_NL_GROUPS,
  SOCKADDR_NL_SIZE,
} from "../../../uapi/netlink.ts";
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from "../../../uapi/socket.ts";
import type { Libc } from "../libc.ts";
import { ReceiveBuffer } from "../msghdr.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";

const EINTR = errnoNumber("EINTR");
const PID_OFFSET = 12;
const bufferBytes = 4 * 1024 * 1024;
/** Larger than any datagram rtnetlink makes. */
const largestDatagram = 256 * 1024;

/** Memory for one datagram, which sockets of one thread can share. */
export function netlinkBuffer(libc: Libc): ReceiveBuffer {
  return new ReceiveBuffer(libc, largestDatagram);
}

/** What an option is to be. */
export interface SyncNetlinkOptions {
  readonly isStrict?: boolean;
  readonly hasExtendedAck?: boolean;
  readonly hasCappedAck?: boolean;
  /** Groups to listen to, RTNLGRP_* up to 32. */
  readonly groups?: readonly number[];
}

/** How one is made. */
export const netlinkSocket = ask.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);

/** Makes one in the namespace of `holder`: its descriptor; NetlinkError when that cannot be. */
export function openNetlink(holder: Holder): number {
  const fd = holder.do(netlinkSocket);
  if (fd < 0) throw NetlinkError.fromErrno(fd, "Cannot open a netlink socket in the namespace");
  return fd;
}

/** One socket of NETLINK_ROUTE. Whoever opens it closes it. */
export class SyncNetlink {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #buffer: ReceiveBuffer;
  readonly #kernel = new Uint8Array(SOCKADDR_NL_SIZE);
  #seq = 0;

  /** Takes over a socket that does not wait. */
  constructor(libc: Libc, buffer: ReceiveBuffer, fd: number, options: SyncNetlinkOptions = {}) {
    this.#libc = libc;
    this.#buffer = buffer;
    setU16(this.#kernel, SOCKADDR_NL_FAMILY, AF_NETLINK);
    this.fd = fd;
    for (const option of [SO_RCVBUFFORCE, SO_SNDBUFFORCE]) this.#set(SOL_SOCKET, option, bufferBytes);
    this.#set(SOL_NETLINK, NETLINK_EXT_ACK, options.hasExtendedAck === false ? 0 : 1);
    if (options.isStrict !== false) this.#set(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    if (options.hasCappedAck === true) this.#set(SOL_NETLINK, NETLINK_CAP_ACK, 1);
    let mask = 0;
    for (const group of options.groups ?? []) mask |= 1 << (group - 1);
    setU32(this.#kernel, SOCKADDR_NL_GROUPS, mask >>> 0);
    // Who has no port id hears of no group.
    libc.bind(this.fd, this.#kernel);
    setU32(this.#kernel, SOCKADDR_NL_GROUPS, 0);
  }

  /** Sets an option of level SOL_NETLINK. */
  setOption(option: number, value: number): void {
    this.#set(SOL_NETLINK, option, value);
  }

  /** Sends one request and waits for its ACK; throws the NetlinkError it is refused with. */
  request(type: number, flags: number, body: (writer: MessageWriter) => void): void {
    this.send(this.#compose(type, flags | NLM_F_REQUEST | NLM_F_ACK, body));
    this.#drain(() => {});
  }

  /** Asks for a dump, and hands over each message of the answer; throws what it is refused with. */
  dump(type: number, body: (writer: MessageWriter) => void, each: EachMessage): void {
    this.send(this.#compose(type, NLM_F_REQUEST | NLM_F_DUMP, body));
    this.#drain(each);
  }

  /** Sends a datagram as it is. */
  send(datagram: Uint8Array): void {
    const sent = this.#libc.sendto(this.fd, datagram, 0, this.#kernel);
    if (sent < 0) throw NetlinkError.fromErrno(sent, "Cannot send to the kernel");
  }

  /** The next datagram that is there, or undefined: what was lost or cut off counts as none. */
  receive(): Uint8Array | undefined {
    for (;;) {
      const length = this.#buffer.receive(this.fd, MSG_DONTWAIT);
      if (length === -EINTR) continue;
      return length < 0 ? undefined : this.#buffer.data(length);
    }
  }

  close(): void {
    this.#libc.close(this.fd);
  }

  #compose(type: number, flags: number, body: (writer: MessageWriter) => void): Uint8Array {
    const writer = new MessageWriter().begin(type, flags, ++this.#seq, 0);
    body(writer);
    return writer.end().finish();
  }

  /** Reads until the request is answered. */
  #drain(each: EachMessage): void {
    for (let datagram = this.receive(); datagram !== undefined; datagram = this.receive()) {
      for (const message of messages(datagram)) {
        if (message.seq !== this.#seq) continue;
        if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) {
          each(message);
          continue;
        }
        const error = errorOf(parseAcknowledgement(message, message.type === NLMSG_DONE));
        if (error !== undefined) throw error;
        return;
      }
    }
    throw new NetlinkError("EIO", "The kernel did not answer");
  }

  #set(level: number, option: number, value: number): void {
    const bytes = new Uint8Array(4);
    setU32(bytes, 0, value);
    this.#libc.setsockopt(this.fd, level, option, bytes);
  }
}

type EachMessage = (message: Message) => void;

/** Writes `portId` as the receiver into every message of an answer. */
export function readdress(datagram: Uint8Array, portId: number): void {
  for (const { bytes } of messages(datagram)) setU32(bytes, PID_OFFSET, portId);
}
