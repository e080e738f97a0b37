// A netlink socket without a client: whole datagrams in and out, for what a client hides.

import { expect } from "vitest";
import type { Message } from "../../src/netlink/message.ts";
import { messages } from "../../src/netlink/message.ts";
import type { NetlinkTransport } from "../../src/netlink/transport.ts";
import { MessageWriter } from "../../src/netlink/writer.ts";
import { NLM_F_ACK, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP } from "../../src/uapi/netlink.ts";

const FIRST_FENCE = 0xfe_0000;

export class RawSocket {
  readonly transport: NetlinkTransport;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  #datagrams: Uint8Array[] = [];
  #fences = 0;
  #lastFence = 0;
  #overruns = 0;

  constructor(transport: NetlinkTransport, sleep: (milliseconds: number) => Promise<void>) {
    this.transport = transport;
    this.#sleep = sleep;
    transport.onOverrun = () => this.#overruns++;
    transport.onDatagram = (datagram) => this.#receive(datagram);
  }

  /** How often answers were lost (ENOBUFS). */
  get overruns(): number {
    return this.#overruns;
  }

  send(datagram: Uint8Array): void {
    this.transport.send(datagram);
  }

  /**
   * Sends a datagram and returns all that it is answered with. What marks the end is the ACK of an NLMSG_NOOP sent
   * behind it.
   */
  exchange(datagram: Uint8Array): Promise<Uint8Array[]> {
    this.send(datagram);
    return this.rest();
  }

  /** All that has been received and not yet been taken. */
  async rest(): Promise<Uint8Array[]> {
    const fence = FIRST_FENCE + ++this.#fences;
    this.send(makeMessage(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, fence));
    await this.#until(() => this.#lastFence >= fence, "the end of the answer");
    return this.#datagrams.splice(0);
  }

  /** Sends a dump request and returns the datagrams of its answer, up to the one that holds NLMSG_DONE or an error. */
  async dump(datagram: Uint8Array): Promise<Uint8Array[]> {
    const isLast = ({ type }: Message): boolean => type === NLMSG_DONE || type === NLMSG_ERROR;
    const end = (): number => this.#datagrams.findIndex((answer) => [...messages(answer)].some(isLast));
    this.send(datagram);
    await this.#until(() => end() >= 0, "the end of the dump");
    return this.#datagrams.splice(0, end() + 1);
  }

  /** `exchange`, with the answer's messages one by one. */
  async ask(datagram: Uint8Array): Promise<Message[]> {
    return (await this.exchange(datagram)).flatMap((answer) => [...messages(answer)]);
  }

  #receive(datagram: Uint8Array): void {
    for (const message of messages(datagram)) {
      if (message.seq > FIRST_FENCE && message.seq < FIRST_FENCE + 0x1_0000) {
        this.#lastFence = message.seq;
        return;
      }
    }
    this.#datagrams.push(datagram);
  }

  async #until(isReached: () => boolean, what: string): Promise<void> {
    for (let waited = 0; !isReached(); waited += 5) {
      if (waited > 3_000) expect.fail(`Waited three seconds for ${what}`);
      await this.#sleep(5);
    }
  }
}

/** The bytes of one message. */
export function makeMessage(
  type: number,
  flags: number,
  seq: number,
  body: (writer: MessageWriter) => void = () => {},
): Uint8Array {
  const writer = new MessageWriter().begin(type, flags, seq, 0);
  body(writer);
  return writer.end().finish();
}

/** Several messages as one datagram. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
