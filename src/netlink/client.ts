// A netlink client: requests out, answers matched by sequence number, notifications apart. It knows only a transport,
// so the machine in this process, the daemon and a live kernel look the same to it.
//
// Facts: Documentation/userspace-api/netlink/intro.rst (ACK, DONE, DUMP_INTR, extended acknowledgements).

import {
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_ECHO,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
} from "../uapi/netlink.ts";
import { NetlinkError } from "./error.ts";
import type { Message } from "./message.ts";
import { errorOf, messages, parseAcknowledgement } from "./message.ts";
import type { DatagramInfo, NetlinkTransport } from "./transport.ts";
import { MessageWriter } from "./writer.ts";

/** Writes what comes behind the message header: the family's header and its attributes. */
export type WriteBody = (writer: MessageWriter) => void;

/** What came back for one request. */
export interface Answer {
  /** Every message of the answer but its ACK or DONE. */
  readonly messages: readonly Message[];
  /** Extended-ack text of a request that succeeded: a warning, else empty. */
  readonly warning: string;
  /** True when a dump says that what it lists changed while it ran (NLM_F_DUMP_INTR). */
  readonly isInterrupted: boolean;
}

interface Pending {
  readonly received: Message[];
  readonly onMessage: ((message: Message) => void) | undefined;
  resolve(answer: Answer): void;
  reject(error: Error): void;
  isInterrupted: boolean;
  /** NLM_F_ECHO: the event that the request causes is its answer, whichever group it comes with. */
  readonly isEcho: boolean;
}

/** Requests and answers over one netlink socket. Requests may be sent without waiting for earlier ones. */
export class NetlinkClient {
  /** Called with every message that answers no request of this client: the notifications of its groups. */
  onNotification: (message: Message, info: DatagramInfo) => void = () => {};
  /** Called when notifications were lost because they were not read in time (ENOBUFS). */
  onOverrun: () => void = () => {};
  /** Called when the other side ends the connection; `close()` does not call it. */
  onClose: (reason?: Error) => void = () => {};

  readonly #transport: NetlinkTransport;
  readonly #pending = new Map<number, Pending>();
  #nextSeq = 1;
  /** The dump that was asked for last, as long as it runs; never rejects. */
  #dumping: Promise<void> | undefined;
  #closed: Error | undefined;

  /** Takes the transport over: `close()` closes it. Extended acknowledgements and strict checking are switched on. */
  constructor(transport: NetlinkTransport, { strict = true }: { readonly strict?: boolean } = {}) {
    this.#transport = transport;
    transport.onDatagram = (datagram, info) => this.#receive(datagram, info);
    transport.onOverrun = () => this.onOverrun();
    transport.onClose = (reason) => {
      this.#end(reason);
      this.onClose(reason);
    };
    transport.setOption(NETLINK_EXT_ACK, 1);
    if (strict) transport.setOption(NETLINK_GET_STRICT_CHK, 1);
  }

  get portId(): number {
    return this.#transport.portId;
  }

  /**
   * Sends one request with NLM_F_ACK and resolves with its answer, or rejects with the NetlinkError it was refused with.
   * `flags` are added to NLM_F_REQUEST | NLM_F_ACK (NLM_F_CREATE, NLM_F_EXCL, …).
   */
  request(type: number, flags: number, body: WriteBody): Promise<Answer> {
    return this.#send(type, flags | NLM_F_REQUEST | NLM_F_ACK, body, undefined);
  }

  /**
   * Asks for a dump. With `onMessage` each message is handed over as it comes and the answer's list stays empty. A socket has
   * one at a time (EBUSY, __netlink_dump_start): a second one waits for the first.
   */
  dump(type: number, body: WriteBody, onMessage?: (message: Message) => void): Promise<Answer> {
    const send = (): Promise<Answer> => this.#send(type, NLM_F_REQUEST | NLM_F_DUMP, body, onMessage);
    const answer = this.#dumping === undefined ? send() : this.#dumping.then(send);
    const dumping = answer.then(ignore, ignore).then(() => {
      if (this.#dumping === dumping) this.#dumping = undefined;
    });
    this.#dumping = dumping;
    return answer;
  }

  /**
   * Sends one request and hands over every message that answers it, as `request` does but for answers that go on: a
   * ping, a capture. Resolves at its ACK or DONE.
   */
  stream(
    type: number,
    flags: number,
    body: WriteBody,
    onMessage: (message: Message) => void,
  ): Promise<Answer> {
    return this.#send(type, flags | NLM_F_REQUEST, body, onMessage);
  }

  /** Sends several requests in one datagram; each resolves on its own. */
  pipeline(requests: readonly { type: number; flags: number; body: WriteBody }[]): Promise<Answer>[] {
    const writer = new MessageWriter();
    const answers = requests.map(({ type, flags, body }) =>
      this.#write(writer, type, flags | NLM_F_REQUEST | NLM_F_ACK, body, undefined),
    );
    if (this.#closed === undefined) this.#transport.send(writer.finish());
    return answers;
  }

  /** Joins a multicast group by number (RTNLGRP_LINK, …). */
  join(group: number): void {
    this.#transport.setOption(NETLINK_ADD_MEMBERSHIP, group);
  }

  leave(group: number): void {
    this.#transport.setOption(NETLINK_DROP_MEMBERSHIP, group);
  }

  setOption(option: number, value: number): void {
    this.#transport.setOption(option, value);
  }

  /** Closes the socket; requests still waiting are rejected. */
  close(): void {
    this.#transport.close();
    this.#end();
  }

  #send(type: number, flags: number, body: WriteBody, onMessage: Pending["onMessage"]): Promise<Answer> {
    const writer = new MessageWriter();
    const answer = this.#write(writer, type, flags, body, onMessage);
    if (this.#closed === undefined) this.#transport.send(writer.finish());
    return answer;
  }

  #write(
    writer: MessageWriter,
    type: number,
    flags: number,
    body: WriteBody,
    onMessage: Pending["onMessage"],
  ): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const seq = this.#nextSeq;
    this.#nextSeq = (this.#nextSeq % 0xffffffff) + 1;
    writer.begin(type, flags, seq, 0);
    body(writer);
    writer.end();
    return new Promise((resolve, reject) => {
      const isEcho = (flags & NLM_F_ECHO) !== 0;
      this.#pending.set(seq, { received: [], onMessage, resolve, reject, isInterrupted: false, isEcho });
    });
  }

  #receive(datagram: Uint8Array, info: DatagramInfo): void {
    for (const message of messages(datagram)) {
      const pending = message.pid === this.portId ? this.#pending.get(message.seq) : undefined;
      const isAnswer = pending !== undefined && ((info.group ?? 0) === 0 || pending.isEcho);
      if (isAnswer) this.#answer(pending, message);
      else this.onNotification(message, info);
    }
  }

  #answer(pending: Pending, message: Message): void {
    const { type, flags } = message;
    if ((flags & NLM_F_DUMP_INTR) !== 0) pending.isInterrupted = true;
    if (type === NLMSG_ERROR || type === NLMSG_DONE) this.#finish(pending, message, type === NLMSG_DONE);
    else if (type === NLMSG_NOOP) return;
    else if (pending.onMessage !== undefined) pending.onMessage(message);
    else pending.received.push(message);
  }

  #finish(pending: Pending, message: Message, isDone: boolean): void {
    this.#pending.delete(message.seq);
    const ack = parseAcknowledgement(message, isDone);
    const error = errorOf(ack);
    if (error !== undefined) pending.reject(error);
    else
      pending.resolve({
        messages: pending.received,
        warning: ack.message,
        isInterrupted: pending.isInterrupted,
      });
  }

  #end(reason?: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason ?? new NetlinkError("ENOTCONN", "The netlink socket is closed");
    for (const pending of this.#pending.values()) pending.reject(this.#closed);
    this.#pending.clear();
  }
}

function ignore(): void {}
