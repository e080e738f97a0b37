// The client's end of a connection to the daemon: the handshake, then frames to and from numbered channels.

import type { Socket } from "node:net";
import { connect } from "node:net";
import { NetlinkError } from "../netlink/error.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";
import { DaemonError } from "./daemon-error.ts";
import { FrameReader } from "./frame-reader.ts";
import { codeOf, textOf } from "./node-error.ts";
import type { Frame, Hello } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { ProtocolError } from "./protocol.ts";

/** Where the frames of one channel go. */
export interface ClientChannel {
  receive(frame: Frame): void;
  /** The connection has ended; nothing is received after. */
  end(error: NetlinkError): void;
}

const HELLO_TIMEOUT_MS = 5_000;
const MOST_CHANNELS = 0xffff;

/** One connection, its handshake done. */
export class ClientConnection {
  /** What the daemon said of itself. */
  readonly peer: Hello;
  /** Resolves when the daemon has closed the connection, or this side has. */
  readonly ended: Promise<void>;
  readonly #stream: Socket;
  readonly #reader = new FrameReader(protocol.LARGEST_FRAME);
  readonly #channels = new Map<number, ClientChannel>();
  #lastChannel = 0;
  #error: NetlinkError | undefined;

  private constructor(stream: Socket, peer: Hello) {
    this.#stream = stream;
    this.peer = peer;
    stream.on("data", (piece) => this.#push(piece));
    // "close" follows, and says all there is to say.
    stream.on("error", () => {});
    this.ended = new Promise((resolve) => {
      stream.once("close", () => {
        this.#end(new NetlinkError("ECONNRESET", "The uveth daemon has ended"));
        resolve();
      });
    });
  }

  /**
   * Connects to the socket at `path`; undefined when nobody listens there, or who did has just ended. DaemonError when
   * it cannot be reached or is no daemon.
   */
  static async open(path: string): Promise<ClientConnection | undefined> {
    const stream = await dial(path);
    if (stream === undefined) return undefined;
    const peer = await greet(stream);
    return peer === undefined ? undefined : new ClientConnection(stream, peer);
  }

  /** Sends a frame; NetlinkError (ENOTCONN) when the connection has ended. */
  send(frame: Uint8Array): void {
    if (this.#error !== undefined) throw new NetlinkError("ENOTCONN", this.#error.message);
    this.#stream.write(frame);
  }

  /** A channel number that is not in use. */
  newChannel(): number {
    if (this.#channels.size >= MOST_CHANNELS)
      throw new NetlinkError("EMFILE", "Cannot open more channels to the daemon");
    do {
      this.#lastChannel = (this.#lastChannel % MOST_CHANNELS) + 1;
    } while (this.#channels.has(this.#lastChannel));
    return this.#lastChannel;
  }

  /** Lets frames of the channel `id` go to `channel` from now on. */
  setChannel(id: number, channel: ClientChannel): void {
    this.#channels.set(id, channel);
  }

  /** Makes the number `id` free again. */
  freeChannel(id: number): void {
    this.#channels.delete(id);
  }

  /** Sends `frame` on its channel and resolves with the next frame that comes back on it. */
  ask(id: number, frame: Uint8Array): Promise<Frame> {
    return new Promise((resolve, reject) => {
      this.setChannel(id, { receive: resolve, end: reject });
      this.send(frame);
    });
  }

  /** Closes the channel `id` in the daemon; its number is free when that has been confirmed. */
  closeChannel(id: number): void {
    if (this.#error !== undefined) return;
    const receive = (frame: Frame): void => {
      // A CLOSE with an errno crossed ours: the daemon had closed the channel by itself. What else comes was under way.
      if (frame.op === protocol.OP_CLOSE && frame.payload.length === 0) this.freeChannel(id);
    };
    this.setChannel(id, { receive, end: () => {} });
    this.send(protocol.newFrame(protocol.OP_CLOSE, id, 0));
  }

  /** Ends the connection; what was sent before still reaches the daemon. */
  close(): void {
    this.#end(new NetlinkError("ENOTCONN", "The connection to the uveth daemon is closed"));
    this.#stream.destroySoon();
  }

  #push(piece: Uint8Array): void {
    this.#reader.feed(piece);
    try {
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.#channels.get(frame.channel)?.receive(frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(new NetlinkError("EPROTO", `Cannot understand the uveth daemon: ${error.message}`));
      this.#stream.destroy();
    }
  }

  #end(error: NetlinkError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const channel of this.#channels.values()) channel.end(error);
    this.#channels.clear();
  }
}

/** A stream to the socket at `path`; undefined when nobody listens there. */
function dial(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const stream = connect(path);
    const fail = (error: Error): void => {
      const code = codeOf(error);
      if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
      else reject(new DaemonError("EACCES", `Cannot connect to the uveth daemon: ${error.message}`));
    };
    stream.once("error", fail);
    stream.once("connect", () => {
      stream.off("error", fail);
      resolve(stream);
    });
  });
}

/** Exchanges HELLOs; undefined when the other side ends the connection instead, as a daemon does that is just stopping. */
function greet(stream: Socket): Promise<Hello | undefined> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader(protocol.LARGEST_HELLO);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      stream.off("data", push).off("error", gone).off("close", gone);
      how();
    };
    const refuse = (error: DaemonError): void => {
      settle(() => reject(error));
      stream.on("error", () => {});
      stream.destroy();
    };
    const gone = (): void => settle(() => resolve(undefined));
    const push = (piece: Uint8Array): void => {
      reader.feed(piece);
      try {
        const frame = reader.next();
        if (frame === undefined) return;
        const peer = protocol.parseHello(frame);
        settle(() => resolve(peer));
      } catch (error) {
        refuse(new DaemonError("EPROTO", `Cannot speak to the uveth daemon: ${textOf(error)}`));
      }
    };
    const timer = setTimeout(() => {
      const text = `The uveth daemon does not answer; "uveth daemon restart" replaces it`;
      refuse(new DaemonError("ETIMEDOUT", text));
    }, HELLO_TIMEOUT_MS);
    stream.on("data", push).on("error", gone).on("close", gone);
    const { pid } = process;
    stream.write(protocol.helloFrame({ protocol: protocol.PROTOCOL_VERSION, pid, version: UVETH_VERSION }));
  });
}
