// A TCP connection for an `await`ing user: bytes in, bytes out, with the pressure of both ends felt.

import type { TcpSocket } from "../inet/tcp/socket.ts";
import { TCP_CLOSE, TCP_SYN_RECV, TCP_SYN_SENT } from "../inet/tcp/state.ts";
import {
  isAtEnd,
  setKeepAlive,
  takeError,
  tcpClose,
  tcpRead,
  tcpReadInto,
  tcpReset,
  tcpShutdown,
  tcpWrite,
} from "../inet/tcp/user.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, socketError } from "./endpoint.ts";
import { Waiting } from "./waiting.ts";

/** What a connection may be told to do otherwise. */
export interface ConnectionOptions {
  /** Small segments go at once; they wait for one another by default (Nagle's rule). */
  readonly noDelay?: boolean;
  /** Asks a silent peer for a sign of life after so many milliseconds; never by default. */
  readonly keepAliveMs?: number;
  /** Fixed limits, in bytes, for what waits to be read and for what is not acknowledged; by default they grow as needed. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
}

interface Reader {
  /** Where the bytes go; undefined: to memory of their own. */
  readonly target: Uint8Array | undefined;
  readonly resolve: (result: Uint8Array | number | null) => void;
  readonly reject: (error: Error) => void;
}

interface Writer {
  readonly bytes: Uint8Array;
  at: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection. `read()` it or use `for await`, `write()` to it, `end()` your side of it; `close()` it when done. Nothing is lost
 * silently: bytes come in order and once, or an error says why not.
 */
export class Connection implements AsyncIterable<Uint8Array> {
  readonly #socket: TcpSocket;
  readonly #waiting: Waiting;
  readonly #readers: Reader[] = [];
  readonly #writers: Writer[] = [];
  readonly #closed: Promise<void>;
  #onClosed: () => void = () => {};
  #onOpen: ((error: Error | null) => void) | undefined;
  #failure: ErrnoName | "" = "";
  #isEnding = false;
  #isClosed = false;
  #isReset = false;
  #isServing = false;
  #isDue = false;

  /** Takes a socket over; `opened` is told once when the handshake is over. */
  constructor(socket: TcpSocket, options: ConnectionOptions, opened?: (error: Error | null) => void) {
    this.#socket = socket;
    this.#waiting = new Waiting(socket.netns);
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    socket.isNoDelay = options.noDelay ?? socket.isNoDelay;
    if (options.keepAliveMs !== undefined) this.setKeepAlive(true, options.keepAliveMs);
    this.#onOpen = opened;
    if (opened !== undefined) this.#waiting.begin();
    socket.wake = () => this.#serve();
    this.#serve();
  }

  get localAddress(): Endpoint {
    return endpointOf(this.#socket.local, this.#socket.localPort, this.#socket.isFour);
  }

  get remoteAddress(): Endpoint {
    return endpointOf(this.#socket.remote, this.#socket.remotePort, this.#socket.isFour);
  }

  /** This end has broken the connection off. */
  get isReset(): boolean {
    return this.#isReset;
  }

  /** Bytes that can be read without waiting. */
  get readableBytes(): number {
    return this.#socket.receiveQueue.readableBytes;
  }

  /** Resolves when the connection is over in both directions, whether well or not; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** The next bytes, as many as came together; null at the end. Rejects with why the connection broke (ECONNRESET, …). */
  read(): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      const settle = (result: Uint8Array | number | null): void =>
        resolve(typeof result === "number" ? null : result);
      this.#readers.push({ target: undefined, resolve: settle, reject });
      this.#waiting.begin();
      this.#serve();
    });
  }

  /** Reads into `target`, as much as there is and fits; resolves with how many bytes, 0 at the end. Rejects as `read` does. */
  readInto(target: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      const settle = (result: Uint8Array | number | null): void =>
        resolve(typeof result === "number" ? result : 0);
      this.#readers.push({ target, resolve: settle, reject });
      this.#waiting.begin();
      this.#serve();
    });
  }

  /**
   * Writes bytes; resolves when all are in the connection's buffer, which is when more may be written, and rejects when they will
   * never be (EPIPE, ECONNRESET, …). They must not be changed before.
   */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isEnding) return reject(socketError("EPIPE", "write"));
      this.#writers.push({ bytes, at: 0, resolve, reject });
      this.#waiting.begin();
      this.#serve();
    });
  }

  /** Says that nothing more will be written; what was written still goes out, and reading goes on. */
  end(): void {
    this.#isEnding = true;
    this.#serve();
  }

  /** Lets go of the connection: what was written still goes out. Bytes that were not read make it a reset. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    tcpClose(this.#socket);
    this.#abandon();
  }

  /** Breaks the connection off at once; the peer is told by a reset. */
  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isReset = true;
    this.#socket.wake = () => {};
    tcpReset(this.#socket);
    this.#abandon();
  }

  /** Sends small segments at once, or lets them wait for one another. */
  setNoDelay(isOn: boolean): void {
    this.#socket.isNoDelay = isOn;
  }

  /** Asks a silent peer for a sign of life after `idleMs` milliseconds, two hours if not said. */
  setKeepAlive(isOn: boolean, idleMs?: number): void {
    setKeepAlive(this.#socket, isOn, idleMs);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) yield bytes;
    } finally {
      if (!isAtEnd(this.#socket)) this.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Nobody holds it any more: those who wait are told. */
  #abandon(): void {
    this.#serveOpening();
    for (const reader of this.#readers.splice(0)) {
      this.#waiting.end();
      reader.resolve(null);
    }
    this.#rejectWriters("EPIPE");
    this.#onClosed();
  }

  /** Does what can be done now for those who wait; what that sets going comes back here, and is done next. */
  #serve(): void {
    this.#isDue = true;
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#isDue) {
      this.#isDue = false;
      this.#serveOnce();
    }
    this.#isServing = false;
  }

  #serveOnce(): void {
    if (this.#isClosed) return this.#abandon();
    const socket = this.#socket;
    if (socket.error !== "") this.#failure = takeError(socket);
    this.#serveOpening();
    if (socket.state !== TCP_SYN_SENT && socket.state !== TCP_SYN_RECV) {
      this.#serveWriters();
      this.#serveReaders();
    }
    if (this.#isEnding && this.#writers.length === 0) tcpShutdown(socket);
    if (socket.state === TCP_CLOSE) this.#onClosed();
  }

  #serveOpening(): void {
    const { state } = this.#socket;
    const opened = this.#onOpen;
    const isOpening = (state === TCP_SYN_SENT || state === TCP_SYN_RECV) && !this.#isClosed;
    if (opened === undefined || isOpening) return;
    this.#onOpen = undefined;
    this.#waiting.end();
    const errno = this.#isClosed ? "ECONNABORTED" : this.#failure;
    opened(errno === "" ? null : socketError(errno, "connect", this.remoteAddress));
  }

  #serveWriters(): void {
    for (let writer = this.#writers[0]; writer !== undefined; writer = this.#writers[0]) {
      const taken = tcpWrite(this.#socket, writer.bytes, writer.at);
      if (taken < 0) return this.#rejectWriters(this.#failure === "" ? "EPIPE" : this.#failure);
      writer.at += taken;
      if (writer.at < writer.bytes.length) return;
      this.#writers.shift();
      this.#waiting.end();
      writer.resolve();
    }
  }

  #rejectWriters(errno: ErrnoName): void {
    for (const writer of this.#writers.splice(0)) {
      this.#waiting.end();
      writer.reject(socketError(errno, "write"));
    }
  }

  #serveReaders(): void {
    const socket = this.#socket;
    while (this.#readers.length > 0) {
      const isReadable = socket.receiveQueue.readableBytes > 0;
      const failure = isReadable ? "" : this.#failure;
      if (!isReadable && failure === "" && !isAtEnd(socket)) return;
      const reader = this.#readers.shift();
      this.#waiting.end();
      if (reader === undefined) return;
      if (failure !== "") {
        this.#failure = "";
        reader.reject(socketError(failure, "read"));
      } else if (!isReadable) reader.resolve(null);
      else if (reader.target === undefined) reader.resolve(tcpRead(socket));
      else reader.resolve(tcpReadInto(socket, reader.target, 0, reader.target.length));
    }
  }
}
