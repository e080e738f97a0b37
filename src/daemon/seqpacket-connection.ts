// The daemon's side of one netlink socket of a program under `uveth run`: requests in, answers and events out.
//
// A request is answered through the pipe that came with it, after what it brought about has been queued; so a program finds
// the reply when its send returns, as rtnetlink's. What does not fit into the connection waits in the netlink socket, bounded
// by its receive buffer as on Linux, and is sent on when the program has read. A program that never reads loses messages
// (ENOBUFS) and holds nobody up.

import { setS32, setU32 } from "../bytes/endian.ts";
import type { NetlinkSession } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import { errnoNumber } from "../uapi/errno.ts";
import { SOL_SOCKET } from "../uapi/socket.ts";
import type { Rights } from "./rights.ts";
import { getOption, setOption } from "./seqpacket-options.ts";
import type { SeqpacketAnswer, SeqpacketRequest } from "./seqpacket-protocol.ts";
import * as protocol from "./seqpacket-protocol.ts";

type RawSocket = ReturnType<NetlinkSession["openRaw"]>;
type Netns = RawSocket["netns"];

/** What a connection needs of the server. */
export interface SeqpacketHost {
  /** Opens a session for process `pid`, with the rights that `isAdmin` says and descriptors resolved by `netnsByFd`. */
  openSession(
    pid: number,
    isAdmin: (netns: Netns) => boolean,
    netnsByFd: (fd: number) => Netns | undefined,
  ): NetlinkSession;
  readonly rights: Rights;
  /** Binds to another port id (EADDRINUSE). */
  bind(socket: RawSocket, portId: number): void;
  netnsOfFd(pid: number, fd: number): Netns | undefined;
  /** Does what concerns no socket: namespaces, interface requests. `atEnd` runs when the connection ends. */
  control(
    sender: SeqpacketSender,
    request: SeqpacketRequest,
    atEnd: (run: () => void) => void,
  ): SeqpacketAnswer | Promise<SeqpacketAnswer>;
  /** net.core.rmem_max. */
  readonly largestBuffer: number;
  /** Room for the event that is being sent, which all connections use in turn. */
  readonly scratch: EventScratch;
  /** Sends one datagram of `length` bytes; -EAGAIN when the connection is full. */
  send(bytes: Uint8Array, length: number): number;
  /** Lets readers know that some socket has an error to tell. */
  noteError(): void;
  /** Bounds what is sent and not yet received. */
  limit(bytes: number): void;
  /** Asks for `onWritable`, or no longer. */
  wantWritable(isWanted: boolean): void;
}

/** Whom a request is asked for, and the namespace whose file came with it: always for OP_OPEN and what is asked for others. */
export interface SeqpacketSender {
  readonly pid: number;
  readonly netns: Netns | undefined;
}

const EAGAIN = errnoNumber("EAGAIN");
const ENOBUFS = errnoNumber("ENOBUFS");
/** Largest datagram to a program, event header included: dumps come in up to 32 KiB, an error echoes its request. */
const LARGEST_EVENT = protocol.LARGEST_REQUEST + 8 * 1024;
const FIRST_EVENT = 64 * 1024;
/** What dumps are packed for before the program has said more (NLMSG_GOODSIZE). */
const FIRST_READ = 3_776;

/** A buffer that grows to the largest event. */
export class EventScratch {
  #bytes = new Uint8Array(FIRST_EVENT);

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Writes an event and returns its length. */
  fill(flags: number, errno: number, group: number, nsid: number, datagram?: Uint8Array): number {
    const length = protocol.EVENT_HEADER_SIZE + (datagram?.length ?? 0);
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(Math.min(2 * length, LARGEST_EVENT));
    setU32(this.#bytes, 0, flags);
    setS32(this.#bytes, 4, errno);
    setU32(this.#bytes, 8, group);
    setS32(this.#bytes, 12, nsid);
    if (datagram !== undefined) this.#bytes.set(datagram, protocol.EVENT_HEADER_SIZE);
    return length;
  }
}

/** One connection. */
export class SeqpacketConnection {
  readonly #host: SeqpacketHost;
  #session: NetlinkSession | undefined;
  #socket: RawSocket | undefined;
  #type = 0;
  #isBound = false;
  /** It was to be a netlink socket, and could not. */
  #isRefused = false;
  #readSize = FIRST_READ;
  /** The process that sent the request at hand. */
  #sender = 0;
  /** The user namespace it lives in, once that was asked for (Rights.foreignUserns). */
  #userns: number | undefined;
  #isUsernsKnown = false;
  /** The event that the connection did not take. */
  #waiting: Uint8Array | undefined;
  #isBlocked = false;
  #isFlushing = false;
  readonly #atEnd: (() => void)[] = [];

  constructor(host: SeqpacketHost) {
    this.#host = host;
  }

  /** Does a request: at once, but for those about interfaces. */
  async receive(sender: SeqpacketSender, request: SeqpacketRequest): Promise<SeqpacketAnswer> {
    this.#sender = sender.pid;
    this.#isUsernsKnown = false;
    try {
      return await this.#do(request, sender);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      return { result: error.errno };
    }
  }

  #do(request: SeqpacketRequest, sender: SeqpacketSender): SeqpacketAnswer | Promise<SeqpacketAnswer> {
    const { op, words } = request;
    if (op === protocol.OP_OPEN) return this.#open(sender.netns, words[0], words[1], words[2] === 1);
    const socket = this.#socket;
    if (socket === undefined && this.#isRefused) throw new NetlinkError("ENETDOWN");
    if (socket === undefined) {
      return this.#host.control(sender, request, (run) => this.#atEnd.push(run));
    }
    switch (op) {
      case protocol.OP_SEND:
        this.#isBound = true;
        this.#readSize = Math.max(this.#readSize, words[0]);
        socket.send(request.payload);
        return { result: 0 };
      case protocol.OP_BIND:
        this.#bind(socket, words[0], words[1], words[2] === 1);
        return { result: 0, payload: this.#name(socket) };
      case protocol.OP_NAME:
        return { result: 0, payload: this.#name(socket) };
      case protocol.OP_SETOPTION:
        setOption(socket, words[0], words[1], words[2] | 0, this.#host.largestBuffer);
        if (words[0] === SOL_SOCKET) this.#host.limit(socket.receiveBuffer);
        return { result: 0 };
      case protocol.OP_GETOPTION: {
        const payload = getOption(socket, this.#type, words[0], words[1]);
        return { result: payload.length, payload };
      }
      case protocol.OP_READSIZE:
        this.#readSize = Math.max(this.#readSize, words[0]);
        return { result: 0 };
      case protocol.OP_ERROR:
        if (words[0] === 1) return { result: socket.hasError ? ENOBUFS : 0 };
        return { result: socket.takeError() };
      case protocol.OP_FLUSH:
        this.onWritable();
        return { result: 0 };
      default:
        throw new NetlinkError("EINVAL");
    }
  }

  #open(netns: Netns | undefined, netlinkProtocol: number, type: number, isAdmin: boolean): SeqpacketAnswer {
    if (this.#socket !== undefined) throw new NetlinkError("EINVAL");
    // A program that did something of its own to the descriptor of its namespace has no network any more. It need not have
    // waited for this answer, so what it asks next is refused too.
    this.#isRefused = true;
    if (netns === undefined) throw new NetlinkError("ENETDOWN");
    const host = this.#host;
    // Rights and descriptors are those of whoever sends a request.
    const session = host.openSession(
      this.#sender,
      (other) => host.rights.isAdminFrom(this.#usernsOfSender(), isAdmin, other),
      (fd) => host.netnsOfFd(this.#sender, fd),
    );
    this.#session = session;
    this.#socket = session.openRaw(netns, netlinkProtocol);
    this.#isRefused = false;
    this.#socket.onReadable = () => this.#flush();
    this.#socket.onError = host.noteError;
    this.#type = type;
    return { result: 0 };
  }

  #usernsOfSender(): number | undefined {
    if (!this.#isUsernsKnown) this.#userns = this.#host.rights.foreignUserns(this.#sender);
    this.#isUsernsKnown = true;
    return this.#userns;
  }

  /** Binds (netlink_bind): a socket has one port id for good, which a program that knows it has chosen as we would; the
   * mask sets groups 1 to 32. */
  #bind(socket: RawSocket, portId: number, mask: number, isKnown: boolean): void {
    if (this.#isBound && portId !== socket.portId) throw new NetlinkError("EINVAL");
    if (isKnown) socket.portId = portId;
    else if (portId !== 0) this.#host.bind(socket, portId);
    this.#isBound = true;
    if (mask === 0 && socket.groups.size === 0) return;
    for (let group = 1; group <= Math.min(32, socket.protocol.groups); group++) {
      const isWanted = ((mask >>> (group - 1)) & 1) === 1;
      if (isWanted !== socket.groups.has(group)) socket.setOption(isWanted ? 1 : 2, group);
    }
  }

  #name(socket: RawSocket): Uint8Array {
    let mask = 0;
    for (const group of socket.groups) if (group <= 32) mask |= 1 << (group - 1);
    return protocol.wordBytes(this.#isBound ? socket.portId : 0, mask >>> 0);
  }

  /** The connection takes datagrams again. */
  onWritable(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#host.wantWritable(false);
    this.#flush();
  }

  /** Sends until nothing is left or the connection is full. */
  #flush(): void {
    // Receiving lets a dump go on, which queues and comes back here.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      this.#sendWaiting();
      while (!this.#isBlocked && this.#sendNext());
    } finally {
      this.#isFlushing = false;
    }
  }

  #sendWaiting(): void {
    const event = this.#waiting;
    if (event !== undefined && this.#send(event, event.length)) this.#waiting = undefined;
  }

  /** Sends the next event of the netlink socket, or keeps it; false when there is none. */
  #sendNext(): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    const { scratch } = this.#host;
    let length: number;
    try {
      const received = socket.receive(this.#readSize);
      if (received === undefined) return false;
      const { bytes, group, nsid } = received;
      const hasNsid = nsid === undefined ? 0 : protocol.EVENT_HAS_NSID;
      const flags = hasNsid | (socket.wantsPacketInfo ? protocol.EVENT_HAS_PKTINFO : 0);
      length = scratch.fill(flags, 0, group, nsid ?? 0, bytes);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      length = scratch.fill(0, error.errno, 0, 0);
    }
    if (!this.#send(scratch.bytes, length)) this.#waiting = scratch.bytes.slice(0, length);
    return true;
  }

  /** False when the connection is full, and will say when it is not. */
  #send(event: Uint8Array, length: number): boolean {
    if (this.#host.send(event, length) !== -EAGAIN) return true;
    this.#isBlocked = true;
    this.#host.wantWritable(true);
    return false;
  }

  /** Ends it with its socket. */
  close(): void {
    const session = this.#session;
    this.#socket = undefined;
    this.#session = undefined;
    session?.close();
    for (const run of this.#atEnd) run();
  }
}
