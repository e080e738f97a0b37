// What a client has open in the daemon under a channel number: a netlink socket, or a namespace.

import type { Machine, NetlinkSession } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Frame } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { ProtocolError } from "./protocol.ts";

/** One channel. */
export interface Channel {
  /** What the client is told when it opens: the port id of a socket, the descriptor of a namespace. */
  readonly number: number;
  readonly queuedBytes: number;
  receive(frame: Frame): void;
  close(): void;
}

/** Who hands a channel's messages on. */
export interface ChannelOwner {
  notice(channel: SocketChannel): void;
  fail(channel: SocketChannel, error: NetlinkError): void;
}

type MachineCore = Machine["core"];
type Netns = MachineCore["initialNetns"];
type RawSocket = ReturnType<NetlinkSession["openRaw"]>;

/** The largest receive buffer a client can ask for; net.core.rmem_max of a well-fed server. */
const LARGEST_RECEIVE_BUFFER = 16 * 1024 * 1024;

/** A netlink socket. */
export class SocketChannel implements Channel {
  readonly id: number;
  readonly #socket: RawSocket;
  readonly #owner: ChannelOwner;

  private constructor(id: number, socket: RawSocket, owner: ChannelOwner) {
    this.id = id;
    this.#socket = socket;
    this.#owner = owner;
    socket.onReadable = () => owner.notice(this);
  }

  /** Opens the socket that the frame (OP_OPEN) asks for; NetlinkError when it cannot be had. */
  static open(core: MachineCore, session: NetlinkSession, frame: Frame, owner: ChannelOwner): SocketChannel {
    const netlinkProtocol = frame.word(0);
    const receiveBuffer = frame.word(1);
    const name = frame.text(2);
    const netns = name === "" ? core.initialNetns : netnsNamed(core, name);
    const socket = session.openRaw(netns, netlinkProtocol);
    if (receiveBuffer > 0) socket.receiveBuffer = Math.min(receiveBuffer, LARGEST_RECEIVE_BUFFER);
    return new SocketChannel(frame.channel, socket, owner);
  }

  get number(): number {
    return this.#socket.portId;
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  get isReadable(): boolean {
    return this.#socket.isReadable;
  }

  receive(frame: Frame): void {
    if (frame.op === protocol.OP_DATA) this.#socket.send(frame.payload);
    else if (frame.op === protocol.OP_SETOPTION) this.#setOption(frame.word(0), frame.word(1) | 0);
    else throw new ProtocolError(`Op ${frame.op} is not for a socket`);
  }

  /** The next frame for the client; undefined when there is none. */
  next(): Uint8Array | undefined {
    try {
      const received = this.#socket.receive();
      if (received === undefined) return undefined;
      const { bytes, group, nsid } = received;
      if (group === 0 && nsid === undefined) return protocol.dataFrame(this.id, bytes);
      return protocol.eventFrame(this.id, bytes, group, nsid ?? -1);
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOBUFS") throw error;
      return protocol.newFrame(protocol.OP_OVERRUN, this.id, 0);
    }
  }

  #setOption(option: number, value: number): void {
    try {
      this.#socket.setOption(option, value);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#owner.fail(this, error);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** A namespace held open, as by a file descriptor. */
export class NetnsChannel implements Channel {
  /** The descriptor, as IFLA_NET_NS_FD takes it on every socket of this client. */
  readonly number: number;
  readonly queuedBytes = 0;
  readonly #session: NetlinkSession;

  private constructor(session: NetlinkSession, fd: number) {
    this.#session = session;
    this.number = fd;
  }

  /** Opens the namespace that the frame (OP_OPEN_NETNS) names; NetlinkError (ENOENT) when it is not there. */
  static open(core: MachineCore, session: NetlinkSession, frame: Frame): NetnsChannel {
    return new NetnsChannel(session, session.openNetns(netnsNamed(core, frame.text(0))));
  }

  receive(frame: Frame): void {
    throw new ProtocolError(`Op ${frame.op} is not for a namespace`);
  }

  close(): void {
    this.#session.closeNetns(this.number);
  }
}

function netnsNamed(core: MachineCore, name: string): Netns {
  const netns = core.netnsNames.get(name);
  if (netns === undefined) throw new NetlinkError("ENOENT");
  return netns;
}
