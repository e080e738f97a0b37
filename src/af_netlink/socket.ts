// A netlink socket, from the side of the kernel: options, groups, a bounded queue of datagrams to its reader. What is
// sent to it is framed in receive.ts, answered by answer.ts and dump.ts.
//
// Mirrors net/netlink/af_netlink.c (netlink_create, netlink_bind, netlink_setsockopt, netlink_attachskb,
// netlink_recvmsg). Omitted: unicast between user sockets, memory-mapped rings.

import type { MachineContext, Netns } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { errnoNumber } from "../uapi/errno.ts";
import * as nl from "../uapi/netlink.ts";
import type { Deferred, Protocol, Sender, Session } from "./handler.ts";

/** A datagram on its way to the reader. */
export interface Received {
  readonly bytes: Uint8Array;
  /** The group it was sent to, 0 for an answer. */
  readonly group: number;
  /** The namespace an event of another namespace comes from, for a socket that listens to all. */
  readonly nsid: number | undefined;
}

/** What takes part in a socket's life beside its owner: the table of sockets (table.ts). */
export interface SocketTable {
  readonly machine: MachineContext;
  leave(socket: NetlinkSocket): void;
  joinGroup(socket: NetlinkSocket, group: number): void;
  leaveGroup(socket: NetlinkSocket, group: number): void;
  /** The bytes that `write` makes: an answer or an event, ready to queue. */
  compose(write: (writer: MessageWriter) => void): Uint8Array;
  /** Answers that go on have become more or fewer by `change`. */
  countAnswers(change: number): void;
}

/** An answer that goes on, and what is to happen when the socket closes first. */
export interface OpenAnswer extends Deferred {
  cancel(): void;
}

const ENOBUFS = errnoNumber("ENOBUFS");
/** net.core.rmem_default, and the share of it that a datagram of any size takes (sizeof(struct sk_buff) and more). */
const defaultReceiveBuffer = 212_992;
const datagramOverhead = 832;
/** Largest datagram a dump makes (SKB_WITH_OVERHEAD(32768)), and the smallest it plans for (NLMSG_GOODSIZE). */
const largestDump = 32_448;
const firstDump = 3_776;

/** One socket. Made by the table, which also binds it. */
export class NetlinkSocket implements Sender {
  readonly table: SocketTable;
  readonly protocolNumber: number;
  readonly protocol: Protocol;
  readonly session: Session;
  readonly netns: Netns;
  portId = 0;
  /** Sends a datagram of requests into the socket; set by whoever opened it (session.ts). */
  send: (datagram: Uint8Array) => void = () => {};
  /** Called when the queue has something for the reader again. */
  onReadable: () => void = () => {};
  /** Called when there is an error for the reader to take (sk_error_report). */
  onError: () => void = () => {};

  /** Called once when the socket has been closed. */
  onClosed: () => void = () => {};

  isStrict = false;
  hasExtendedAck = false;
  hasCappedAck = false;
  listensToAll = false;
  ignoresOverrun = false;
  wantsPacketInfo = false;
  /** Kept for who asks: multicast errors are reported to no sender here, as every sender is the kernel. */
  wantsBroadcastErrors = false;
  receiveBuffer = defaultReceiveBuffer;
  /** The largest datagram its reader has asked for, which dumps are packed to. */
  dumpSize = firstDump;

  /** The dump that is running; one at a time. */
  dump: { step(): void } | undefined;
  readonly groups = new Set<number>();
  readonly #deferred = new Set<OpenAnswer>();
  readonly #queue: Received[] = [];
  #queuedBytes = 0;
  #isOverrun = false;
  /** Something was lost: nothing but dumps is taken until the reader has read all there is (NETLINK_S_CONGESTED). */
  #isCongested = false;
  #isClosed = false;

  constructor(
    table: SocketTable,
    protocolNumber: number,
    protocol: Protocol,
    netns: Netns,
    session: Session,
  ) {
    this.table = table;
    this.protocolNumber = protocolNumber;
    this.protocol = protocol;
    this.netns = netns;
    this.session = session;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes the queue accounts for. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether a further datagram of a dump or a long answer may be made: not before the reader has read half (netlink_recvmsg). */
  get hasRoomForDump(): boolean {
    return this.#queuedBytes <= this.receiveBuffer / 2;
  }

  /** Whether an answer that goes on may say more: what a congested reader is told is lost. */
  get hasRoomForAnswer(): boolean {
    return this.hasRoomForDump && !this.#isCongested;
  }

  /** Whether the queue holds all that it may, so that not even a dump may add to it (netlink_dump). */
  get isFull(): boolean {
    return this.#queuedBytes >= this.receiveBuffer;
  }

  /** Queues a datagram for the reader; false and an overrun when it does not read (netlink_attachskb, netlink_overrun). */
  queue(bytes: Uint8Array, group = 0, nsid?: number): boolean {
    if (this.#isClosed) return false;
    const isTooMuch = this.#queuedBytes + bytes.length + datagramOverhead > this.receiveBuffer;
    if (this.#isCongested || (isTooMuch && this.#queue.length > 0)) {
      if (this.netns.netlinkTaps !== null) showNetlinkTaps(this, bytes, true);
      this.#overrun();
      return false;
    }
    this.append(bytes, group, nsid);
    return true;
  }

  /** Queues a datagram whatever there is: a dump's, which asks `isFull` before it makes one (__netlink_sendskb). */
  append(bytes: Uint8Array, group = 0, nsid?: number): void {
    if (this.#isClosed) return;
    if (this.netns.netlinkTaps !== null) showNetlinkTaps(this, bytes, true);
    this.#queuedBytes += bytes.length + datagramOverhead;
    this.#queue.push({ bytes, group, nsid });
    this.onReadable();
  }

  /** Notes a loss: one error, however much is lost before all has been read (netlink_overrun). */
  #overrun(): void {
    if (this.ignoresOverrun || this.#isCongested) return;
    this.#isCongested = true;
    this.#isOverrun = true;
    this.onError();
    this.onReadable();
  }

  /** Whether there is an error that the reader has not been told (sk_err). */
  get hasError(): boolean {
    return this.#isOverrun;
  }

  /** Takes the error, which is told once: ENOBUFS or 0 (sock_error). */
  takeError(): number {
    if (!this.#isOverrun) return 0;
    this.#isOverrun = false;
    this.#wake();
    return ENOBUFS;
  }

  /**
   * The next datagram, or undefined when there is none; `maxBytes` is the size of the reader's buffer, which only
   * steers dumps. Throws ENOBUFS once after an overrun.
   */
  receive(maxBytes = largestDump): Received | undefined {
    this.dumpSize = Math.min(Math.max(this.dumpSize, maxBytes), largestDump);
    if (this.takeError() !== 0) throw new NetlinkError("ENOBUFS");
    const received = this.#queue.shift();
    if (received !== undefined) this.#queuedBytes -= received.bytes.length + datagramOverhead;
    if (this.hasRoomForDump) this.dump?.step();
    this.#wake();
    if (this.hasRoomForAnswer) for (const deferred of this.#deferred) deferred.onRoom();
    return received;
  }

  /** Takes messages again once all have been read (netlink_rcv_wake). */
  #wake(): void {
    if (this.#queue.length === 0) this.#isCongested = false;
  }

  /** Whether `receive` would return or throw something. */
  get isReadable(): boolean {
    return this.#isOverrun || this.#queue.length > 0;
  }

  /** Sets an option of level SOL_NETLINK (netlink_setsockopt); EINVAL for a bad group, ENOPROTOOPT for what is unknown. */
  setOption(option: number, value: number): void {
    switch (option) {
      case nl.NETLINK_ADD_MEMBERSHIP:
      case nl.NETLINK_DROP_MEMBERSHIP:
        return this.#setMembership(option === nl.NETLINK_ADD_MEMBERSHIP, value);
      case nl.NETLINK_PKTINFO:
        this.wantsPacketInfo = value !== 0;
        return;
      case nl.NETLINK_NO_ENOBUFS:
        this.ignoresOverrun = value !== 0;
        if (this.ignoresOverrun) this.#isCongested = false;
        return;
      case nl.NETLINK_LISTEN_ALL_NSID:
        if (!this.session.isAdmin(this.netns)) throw new NetlinkError("EPERM");
        this.listensToAll = value !== 0;
        return;
      case nl.NETLINK_CAP_ACK:
        this.hasCappedAck = value !== 0;
        return;
      case nl.NETLINK_EXT_ACK:
        this.hasExtendedAck = value !== 0;
        return;
      case nl.NETLINK_GET_STRICT_CHK:
        this.isStrict = value !== 0;
        return;
      case nl.NETLINK_BROADCAST_ERROR:
        this.wantsBroadcastErrors = value !== 0;
        return;
      default:
        throw new NetlinkError("ENOPROTOOPT");
    }
  }

  #setMembership(isMember: boolean, group: number): void {
    if (group < 1 || group > this.protocol.groups) throw new NetlinkError("EINVAL");
    if (isMember) {
      this.protocol.join?.(group, this);
      this.groups.add(group);
      this.table.joinGroup(this, group);
    } else {
      this.groups.delete(group);
      this.table.leaveGroup(this, group);
    }
  }

  /** Notes an answer that goes on, until `endDeferred`, which is false when it has ended before. */
  addDeferred(deferred: OpenAnswer): void {
    this.#deferred.add(deferred);
    this.table.countAnswers(1);
  }

  endDeferred(deferred: OpenAnswer): boolean {
    if (!this.#deferred.delete(deferred)) return false;
    this.table.countAnswers(-1);
    return true;
  }

  /** Ends the socket: memberships, the running dump and answers that go on end with it (netlink_release). */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.dump = undefined;
    for (const deferred of [...this.#deferred]) {
      this.endDeferred(deferred);
      deferred.cancel();
    }
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.table.leave(this);
    this.onClosed();
  }
}

/** Shows a datagram of `socket` to those who watch netlink in its namespace (netlink_deliver_tap). */
export function showNetlinkTaps(
  { netns, protocol, protocolNumber }: NetlinkSocket,
  datagram: Uint8Array,
  isToUser: boolean,
): void {
  if (protocol.isHidden?.(datagram) === true) return;
  for (const tap of netns.netlinkTaps ?? []) tap(datagram, protocolNumber, isToUser);
}
