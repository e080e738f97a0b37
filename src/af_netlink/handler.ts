// The contract between the socket and those who answer requests: a protocol (rtnetlink, generic netlink) looks a
// request up, a handler does it or dumps. Types and docs only.
//
// Mirrors include/linux/rtnetlink.h (rtnl_doit_func, rtnl_dumpit_func) and struct netlink_callback.

import type { MachineContext, Netns, Origin } from "../net/netdevice.ts";
import type { NetlinkError } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";

/** Who sent a request, and what its socket asked for. */
export interface Sender {
  readonly portId: number;
  /** The namespace the socket lives in. */
  readonly netns: Netns;
  /** Strict checking of old request types (NETLINK_GET_STRICT_CHK). */
  readonly isStrict: boolean;
  /** NETLINK_EXT_ACK and NETLINK_CAP_ACK. */
  readonly hasExtendedAck: boolean;
  readonly hasCappedAck: boolean;
  readonly session: Session;
}

/** What stands for the process that holds sockets: its rights, and what its descriptors and other processes mean. */
export interface Session {
  /** CAP_NET_ADMIN over `netns`. */
  isAdmin(netns: Netns): boolean;
  /** The namespace that a descriptor of this process is open on (get_net_ns_by_fd); undefined: EBADF. */
  netnsByFd(fd: number): Netns | undefined;
  /** The namespace a process lives in (get_net_ns_by_pid); undefined: ESRCH. */
  netnsByPid(pid: number): Netns | undefined;
  /** Opens `netns` under a new descriptor of this process, and closes one; false: there is no such descriptor. */
  openNetns(netns: Netns): number;
  closeNetns(fd: number): boolean;
  /** Moves the process to `netns`: sockets that it opens from then on live there (setns). */
  enterNetns(netns: Netns): void;
}

/** One request while it is handled. */
export interface Request {
  readonly machine: MachineContext;
  readonly sender: Sender;
  readonly message: Message;
  /** The namespace of the sender's socket. */
  readonly netns: Netns;
  /** The sequence number and port id that events caused by this request carry. */
  readonly origin: Origin;
  /** Adds an extended-ack text to the answer if the request goes through. */
  warn(text: string): void;
  /** Queues messages to the sender, which come before the ACK; `write` begins and ends them itself. */
  reply(write: (writer: MessageWriter) => void): void;
  /**
   * For requests whose answer goes on after the handler has returned (a ping, a capture): the request gets its ACK when
   * `finish` is called, and `onCancel` runs when the socket closes first.
   */
  defer(onCancel: () => void): Deferred;
}

/** The open end of a deferred answer. */
export interface Deferred {
  /** Whether the reader keeps up: its queue is at most half full. Who has much to say waits for `onRoom` otherwise. */
  readonly hasRoom: boolean;
  /** Called whenever the reader has read and there is room; set it to learn of it. */
  onRoom: () => void;
  /** Queues messages to the sender; false when they were lost because nobody reads (ENOBUFS). */
  reply(write: (writer: MessageWriter) => void): boolean;
  /** Ends the request: with an ACK, or the error it failed with. */
  finish(error?: Error): void;
  /** Ends the request, whose ACK or end was among the replies. */
  end(): void;
}

/**
 * Writes a dump: each `yield` ends one message, begun with NLM_F_MULTI and the flags of `dumpFlags`; a message that
 * does not fit goes into the next datagram. The generator rests between datagrams, so what it walks may change.
 */
export type Dump = Generator<void, void, void>;

/** What a handler may tell the socket about its dump before the first message. */
export interface DumpControl {
  readonly writer: MessageWriter;
  /** Bytes that a datagram takes, for a message that holds a list and is to be no larger. */
  readonly room: number;
  /** Added to every message and to NLMSG_DONE: NLM_F_DUMP_FILTERED. */
  answerFlags: number;
  /** A count that changes when what is dumped does; a change sets NLM_F_DUMP_INTR. Set it before the first message. */
  set generation(generation: () => number);
}

/** What is done for one type of request. */
export interface Handler {
  /** Does it; throws NetlinkError to refuse, ModuleNeeded to be called again when a module is there. */
  handle?(request: Request): void;
  /** Dumps; errors go into NLMSG_DONE. */
  dump?(request: Request, control: DumpControl): Dump;
  /** NLMSG_DONE comes in a datagram of its own (RTNL_FLAG_DUMP_SPLIT_NLM_DONE). */
  readonly isDoneSplit?: boolean;
  /** A NLMSG_DONE of its own carries the handler's warning too: the request is looked at again for it. */
  readonly warnsAgain?: boolean;
}

/** A netlink protocol as the socket sees it. */
export interface Protocol {
  /** The largest multicast group. */
  readonly groups: number;
  /** Handles one message (rtnetlink_rcv_msg, genl_rcv_msg): looks it up, checks rights, calls the handler. */
  receive(request: Request, startDump: (handler: Handler) => void): void;
  /** Refuses a membership (a group that needs rights, EPERM); nothing by default. */
  join?(group: number, sender: Sender): void;
  /** Whether a datagram stands for what is no netlink on Linux, and is not shown to those who watch netlink. */
  isHidden?(datagram: Uint8Array): boolean;
}

/** Thrown by a handler that needs `alias` to be loaded first (request_module); the request is parked and replayed. */
export class ModuleNeeded extends Error {
  readonly alias: string;
  /** What the request is answered when the module does not help. */
  readonly refusal: NetlinkError;

  constructor(alias: string, refusal: NetlinkError) {
    super(alias);
    this.alias = alias;
    this.refusal = refusal;
  }
}
