// The daemon's side of one client: frames in, the client's sockets and namespaces behind their channels, frames out.
//
// A client costs what it was given and no more. Answers and events wait in the netlink sockets, whose buffers are bounded
// as on Linux, until the stream takes them (outbox.ts); as long, the client's requests wait too. Whoever sends what is no
// frame, or lets too much pile up, loses the connection and with it what it opened.

import type { Socket } from "node:net";
import { encodeUtf8 } from "../bytes/utf8.ts";
import type { NetlinkSession } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Channel } from "./channel.ts";
import { NetnsChannel, SocketChannel } from "./channel.ts";
import type { Engine } from "./engine.ts";
import { FrameReader } from "./frame-reader.ts";
import { Outbox } from "./outbox.ts";
import type { Frame, Hello } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { ProtocolError } from "./protocol.ts";
import type { DaemonStatus } from "./status.ts";

/** What a connection needs of the server. */
export interface ConnectionHost {
  readonly engine: Engine;
  /** What this side says of itself. */
  readonly hello: Hello;
  status(asker: Connection): DaemonStatus;
  log(text: string): void;
  onStopRequested(): void;
}

/** Descriptors one process may hold, RLIMIT_NOFILE's default on Linux. */
const MOST_CHANNELS = 1_024;
/** Bytes that may wait in all sockets of a client before it is given up. */
const MOST_QUEUED = 64 * 1024 * 1024;
/** Bytes in a socket that are written before the next request is handled, which might overrun its buffer. */
const MUCH_QUEUED = 64 * 1024;

/** One client. Ends when its stream does. */
export class Connection {
  readonly #host: ConnectionHost;
  readonly #stream: Socket;
  readonly #peerPid: number;
  readonly #reader = new FrameReader(protocol.LARGEST_HELLO);
  readonly #channels = new Map<number, Channel>();
  readonly #outbox: Outbox;
  #session: NetlinkSession | undefined;
  #peer: Hello | undefined;

  /** `peerPid` is what the kernel says of the client, 0 when it says nothing. */
  constructor(host: ConnectionHost, stream: Socket, peerPid: number) {
    this.#host = host;
    this.#stream = stream;
    this.#peerPid = peerPid;
    stream.on("data", (piece) => this.#push(piece));
    this.#outbox = new Outbox(stream, () => this.#handleFrames());
    // EPIPE and ECONNRESET: the client has gone, which is its right; "close" follows.
    stream.on("error", () => {});
    stream.once("close", () => this.#close());
  }

  /** Whether the client has introduced itself. */
  get isGreeted(): boolean {
    return this.#peer !== undefined;
  }

  /** Ends the connection, with a line in the log. */
  end(reason: string): void {
    if (this.#stream.destroyed) return;
    this.#host.log(`Ended the connection of process ${this.#pid}: ${reason}`);
    this.#stream.destroy();
  }

  get #pid(): number {
    return this.#peerPid || (this.#peer?.pid ?? 0);
  }

  #push(piece: Uint8Array): void {
    this.#reader.feed(piece);
    this.#handleFrames();
  }

  /** Handles what has been received, as long as the answers can be got rid of. */
  #handleFrames(): void {
    try {
      while (!this.#outbox.isFull && !this.#stream.destroyed) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        this.#receive(frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error.message);
    }
  }

  #receive(frame: Frame): void {
    if (this.#peer === undefined) return this.#greet(protocol.parseHello(frame));
    if (frame.channel === 0) this.#control(frame);
    else if (this.#peer.protocol !== protocol.PROTOCOL_VERSION) {
      throw new ProtocolError(`Version ${this.#peer.protocol} of the protocol is not spoken here`);
    } else this.#onChannel(frame);
  }

  #greet(peer: Hello): void {
    this.#peer = peer;
    this.#reader.limit = protocol.LARGEST_FRAME;
    this.#session = this.#host.engine.openMailbox(this.#pid);
    this.#outbox.write(protocol.helloFrame(this.#host.hello));
  }

  #control(frame: Frame): void {
    if (frame.op === protocol.OP_STATUS) {
      const status = encodeUtf8(JSON.stringify(this.#host.status(this)));
      const answer = protocol.newFrame(protocol.OP_STATUS, 0, status.length);
      answer.set(status, protocol.FRAME_HEADER_SIZE);
      this.#outbox.write(answer);
    } else if (frame.op === protocol.OP_STOP) {
      this.#host.onStopRequested();
    } else throw new ProtocolError(`Op ${frame.op} is not for channel 0`);
  }

  #onChannel(frame: Frame): void {
    const channel = this.#channels.get(frame.channel);
    if (frame.op === protocol.OP_OPEN || frame.op === protocol.OP_OPEN_NETNS) {
      if (channel !== undefined) throw new ProtocolError(`Channel ${frame.channel} is open already`);
      this.#open(frame);
    } else if (frame.op === protocol.OP_CLOSE) {
      this.#closeChannel(frame.channel);
      this.#outbox.write(protocol.newFrame(protocol.OP_CLOSE, frame.channel, 0));
    } else if (channel !== undefined) {
      channel.receive(frame);
      if (channel.queuedBytes >= MUCH_QUEUED) this.#outbox.flush();
    }
  }

  /** Opens what the frame asks for and answers with the errno, 0 for success, and the port id or descriptor. */
  #open(frame: Frame): void {
    const session = this.#session;
    if (session === undefined) return;
    const { engine } = this.#host;
    try {
      if (this.#channels.size >= MOST_CHANNELS) throw new NetlinkError("EMFILE");
      const channel =
        frame.op === protocol.OP_OPEN
          ? SocketChannel.open(engine.machine.core, session, frame, this)
          : NetnsChannel.open(engine.machine.core, session, frame);
      this.#channels.set(frame.channel, channel);
      this.#outbox.write(protocol.wordsFrame(frame.op, frame.channel, [0, channel.number]));
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#outbox.write(protocol.wordsFrame(frame.op, frame.channel, [error.errno, 0]));
    }
  }

  /** Ends a channel of which the client does not know yet that it failed; its messages after this one are ignored. */
  fail(channel: SocketChannel, error: NetlinkError): void {
    this.#closeChannel(channel.id);
    this.#outbox.write(protocol.wordsFrame(protocol.OP_CLOSE, channel.id, [error.errno]));
  }

  /** A channel has something to hand over. */
  notice(channel: SocketChannel): void {
    this.#outbox.add(channel);
    if (this.#outbox.isFull) this.#checkQueues();
  }

  #closeChannel(id: number): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.#channels.delete(id);
    if (channel instanceof SocketChannel) this.#outbox.delete(channel);
    channel.close();
  }

  #checkQueues(): void {
    let queued = 0;
    for (const channel of this.#channels.values()) queued += channel.queuedBytes;
    if (queued > MOST_QUEUED) this.end(`it leaves ${queued} bytes unread`);
  }

  #close(): void {
    this.#channels.clear();
    this.#session?.close();
  }
}
