// What a socket is sent: a datagram is cut into messages, each is handled in turn and answered. This is the one place
// where a NetlinkError is caught.
//
// Mirrors net/netlink/af_netlink.c (netlink_rcv_skb) and net/core/rtnetlink.c (rtnl_lock around a request, link watch
// behind it). A request that waits for a module is parked with all that comes after it, and replayed.

import type { MachineContext, Netns, Origin } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import { Message, messages } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_ACK, NLM_F_ECHO, NLM_F_REQUEST, NLMSG_MIN_TYPE } from "../uapi/netlink.ts";
import { acknowledge, asNetlinkError } from "./answer.ts";
import type { DumpRequest } from "./dump.ts";
import { RunningDump } from "./dump.ts";
import type { Deferred, Handler } from "./handler.ts";
import { ModuleNeeded } from "./handler.ts";
import type { NetlinkSocket } from "./socket.ts";
import { showNetlinkTaps } from "./socket.ts";

/** Loads what an alias names (request_module): true when it is worth trying again. */
export type LoadModule = (alias: string) => Promise<boolean>;

/** Takes what is sent to one socket. */
export class Receiver {
  readonly #socket: NetlinkSocket;
  readonly #loadModule: LoadModule;
  #isLoading = false;
  /** Messages that came while one waits for a module. */
  readonly #waiting: Message[] = [];

  constructor(socket: NetlinkSocket, loadModule: LoadModule) {
    this.#socket = socket;
    this.#loadModule = loadModule;
  }

  /** Handles the messages of one datagram; the bytes may be reused afterwards. */
  receive(datagram: Uint8Array): void {
    if (this.#socket.netns.netlinkTaps !== null) showNetlinkTaps(this.#socket, datagram, false);
    for (const message of messages(datagram)) {
      if (this.#isLoading) this.#waiting.push(copyOf(message));
      else this.#handle(message, true);
    }
  }

  /** Handles one message and answers it; with `mayLoad` it may be parked for a module. */
  #handle(message: Message, mayLoad: boolean): void {
    const socket = this.#socket;
    if (socket.isClosed) return;
    const { flags, type } = message;
    if ((flags & NLM_F_REQUEST) === 0 || type < NLMSG_MIN_TYPE) {
      if ((flags & NLM_F_ACK) !== 0) acknowledge(socket, message);
      return;
    }
    const request = new HandledRequest(socket, message);
    try {
      socket.protocol.receive(request, (handler) => request.startDump(handler));
      request.acknowledge();
    } catch (error) {
      if (error instanceof ModuleNeeded && mayLoad) this.#park(copyOf(message), error.alias);
      else request.refuse(asNetlinkError(error instanceof ModuleNeeded ? error.refusal : error));
    } finally {
      // Changes of carrier are told of behind the answer, as by the workqueue.
      socket.table.machine.linkWatch.run();
    }
  }

  /** Sets a request and what follows aside until the module has been asked for, then goes on with it. */
  #park(message: Message, alias: string): void {
    this.#isLoading = true;
    void this.#loadModule(alias).then(() => {
      this.#isLoading = false;
      this.#handle(message, false);
      while (!this.#isLoading) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        this.#handle(next, true);
      }
    });
  }
}

function copyOf(message: Message): Message {
  return new Message(message.bytes.slice());
}

/** A request on its way through its handler. */
class HandledRequest implements DumpRequest {
  readonly machine: MachineContext;
  readonly sender: NetlinkSocket;
  readonly message: Message;
  readonly netns: Netns;
  readonly origin: Origin;
  #warning = "";
  /** A dump or a deferred answer ends the request; there is no ACK now. */
  #isAnsweredLater = false;

  constructor(socket: NetlinkSocket, message: Message) {
    this.machine = socket.table.machine;
    this.sender = socket;
    this.message = message;
    this.netns = socket.netns;
    this.origin = { portId: socket.portId, seq: message.seq, isEcho: (message.flags & NLM_F_ECHO) !== 0 };
  }

  warn(text: string): void {
    this.#warning = text;
  }

  /** The text that `warn` was given last. */
  get warning(): string {
    return this.#warning;
  }

  reply(write: (writer: MessageWriter) => void): void {
    queueMessages(this.sender, write);
  }

  defer(onCancel: () => void): Deferred {
    const { sender, message } = this;
    this.#isAnsweredLater = true;
    const kept = copyOf(message);
    const deferred = {
      get hasRoom() {
        return sender.hasRoomForAnswer;
      },
      onRoom: () => {},
      reply: (write: (writer: MessageWriter) => void) => queueMessages(sender, write),
      finish: (error?: Error) => {
        if (!sender.endDeferred(deferred)) return;
        if (error !== undefined || (kept.flags & NLM_F_ACK) !== 0) {
          acknowledge(sender, kept, error === undefined ? undefined : asNetlinkError(error));
        }
      },
      end: () => {
        sender.endDeferred(deferred);
      },
      cancel: onCancel,
    };
    sender.addDeferred(deferred);
    return deferred;
  }

  /** Starts the handler's dump (__netlink_dump_start): EBUSY while another one runs on the socket. */
  startDump(handler: Handler): void {
    const socket = this.sender;
    if (socket.dump !== undefined) throw new NetlinkError("EBUSY");
    this.#isAnsweredLater = true;
    socket.dump = new RunningDump(socket, new HandledRequest(socket, copyOf(this.message)), handler);
    if (socket.hasRoomForDump) socket.dump.step();
  }

  /** Sends the error that the request is refused with; what the handler warned of before is its text if it has none. */
  refuse(error: NetlinkError): void {
    acknowledge(this.sender, this.message, error, this.#warning);
  }

  /** Sends the ACK of a request that went through, if it asked for one. */
  acknowledge(): void {
    if (this.#isAnsweredLater || (this.message.flags & NLM_F_ACK) === 0) return;
    acknowledge(this.sender, this.message, undefined, this.#warning);
  }
}

function queueMessages(socket: NetlinkSocket, write: (writer: MessageWriter) => void): boolean {
  return socket.queue(socket.table.compose(write));
}
