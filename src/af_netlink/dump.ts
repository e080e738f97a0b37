// A dump while it runs: messages are packed into datagrams as long as they fit, and the next datagram is made when the
// reader has room, so that a slow reader holds nothing up but itself.
//
// Mirrors net/netlink/af_netlink.c (__netlink_dump_start, netlink_dump, netlink_dump_done).

import { getU16, setU16 } from "../bytes/endian.ts";
import type { NetlinkError } from "../netlink/error.ts";
import { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_DUMP_INTR } from "../uapi/netlink.ts";
import { asNetlinkError, writeDone } from "./answer.ts";
import type { Dump, DumpControl, Handler, Request } from "./handler.ts";
import type { NetlinkSocket } from "./socket.ts";

/** Room NLMSG_DONE takes: its header and the errno. */
const doneSize = 20;
const flagsOffset = 6;

/** A request for a dump, with the extended-ack text that its handler has left. */
export interface DumpRequest extends Request {
  readonly warning: string;
}

/** The dump running on a socket. */
export class RunningDump implements DumpControl {
  readonly writer = new MessageWriter(4_096);
  answerFlags = 0;

  readonly #socket: NetlinkSocket;
  readonly #request: DumpRequest;
  readonly #isDoneSplit: boolean;
  readonly #warnsAgain: boolean;
  readonly #steps: Dump;
  #generation: (() => number) | undefined;
  /** What it was when the last datagram was made; undefined before the first, and for what is dumped next. */
  #lastGeneration: number | undefined;
  #hasEnded = false;
  #hasSent = false;
  /** A datagram is being made, and one is wanted. */
  #isStepping = false;
  #isAsked = false;
  #error: NetlinkError | undefined;

  constructor(socket: NetlinkSocket, request: DumpRequest, handler: Handler) {
    this.#socket = socket;
    this.#request = request;
    this.#isDoneSplit = handler.isDoneSplit === true;
    this.#warnsAgain = handler.warnsAgain === true;
    this.#steps = handler.dump?.(request, this) ?? none();
  }

  get room(): number {
    return this.#socket.dumpSize;
  }

  set generation(generation: () => number) {
    this.#generation = generation;
    this.#lastGeneration = undefined;
  }

  /**
   * Makes the next datagram, the one with NLMSG_DONE last, unless the queue is full: then reading comes back here. A reader
   * that takes it as soon as it is queued asks for the one after it from there.
   */
  step(): void {
    this.#isAsked = true;
    if (this.#isStepping) return;
    this.#isStepping = true;
    while (this.#isAsked && this.#socket.dump === this && !this.#socket.isFull) {
      this.#isAsked = false;
      this.#fill(this.#socket.dumpSize);
    }
    this.#isStepping = false;
  }

  /** Fills one datagram and queues it; with the one that carries NLMSG_DONE the dump is over. */
  #fill(limit: number): void {
    const { writer } = this;
    while (!this.#hasEnded) {
      const before = writer.length;
      if (!this.#next()) break;
      if (writer.length > limit && before > 0) {
        this.#send(before);
        return;
      }
    }
    this.#hasEnded = true;
    if (writer.length > 0 && (this.#isDoneSplit || writer.length + doneSize > limit)) {
      this.#send(writer.length);
      return;
    }
    // A warning goes with the call of the handler that gave it, which is not that of a NLMSG_DONE by itself.
    const isSilent = this.#isDoneSplit && !this.#warnsAgain && this.#hasSent;
    const warning = isSilent ? "" : this.#request.warning;
    writeDone(writer, this.#socket, this.#request.message, this.answerFlags, this.#error, warning);
    this.#socket.dump = undefined;
    // Links are counted once more when there is none left, and what that finds is noted nowhere (rtnl_dump_ifinfo).
    if (this.#isDoneSplit) this.#generation = undefined;
    this.#send(writer.length);
  }

  /** Lets the handler write one message; false at its end or its error. */
  #next(): boolean {
    const before = this.writer.length;
    try {
      return this.#steps.next().done !== true;
    } catch (error) {
      this.writer.trim(before);
      this.#error = asNetlinkError(error);
      return false;
    }
  }

  /** Queues the first `length` bytes; what is behind them starts the next datagram. */
  #send(length: number): void {
    const { writer } = this;
    if (this.#isInterrupted()) {
      setU16(writer.bytes, flagsOffset, getU16(writer.bytes, flagsOffset) | NLM_F_DUMP_INTR);
    }
    const bytes = writer.bytes.slice(0, length);
    writer.bytes.copyWithin(0, length, writer.length);
    writer.trim(writer.length - length);
    this.#socket.append(bytes);
    this.#hasSent = true;
  }

  /** Whether what is dumped has changed since the last datagram was made (nl_dump_check_consistent). */
  #isInterrupted(): boolean {
    const last = this.#lastGeneration;
    this.#lastGeneration = this.#generation?.();
    return last !== undefined && this.#lastGeneration !== undefined && last !== this.#lastGeneration;
  }
}

function* none(): Dump {}
