// A TCP connection for an `await`ing user: bytes in, bytes out, with the pressure of both ends felt.

import { checkTos, checkTtl } from "../inet/ip-options.ts";
import type { KeepAlive } from "../inet/tcp/options.ts";
import {
  checkKeepAlive,
  checkUserTimeout,
  setKeepAlive,
  setNoDelay,
  setTos,
  setUserTimeout,
} from "../inet/tcp/options.ts";
import type { TcpSocket } from "../inet/tcp/socket.ts";
import { TCP_CLOSE, TCP_SYN_RECV, TCP_SYN_SENT } from "../inet/tcp/state.ts";
import { readableAround, takeUrgent } from "../inet/tcp/urgent.ts";
import {
  isAtEnd,
  takeError,
  tcpClose,
  tcpPeek,
  tcpRead,
  tcpReadInto,
  tcpReset,
  tcpShutdown,
  tcpWrite,
} from "../inet/tcp/user.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, socketError } from "./endpoint.ts";
import type { CallOff, WaitOptions } from "./patience.ts";
import { checkWait, limitWait } from "./patience.ts";
import { Waiting } from "./waiting.ts";

/** What a connection may be told to do otherwise. */
export interface ConnectionOptions {
  /** Small segments go at once; they wait for one another by default (Nagle's rule). */
  readonly noDelay?: boolean;
  /** Asks a silent peer for a sign of life after so many milliseconds; never by default. */
  readonly keepAliveMs?: number;
  /** How long each answer is waited for, and after how many in vain the connection ends with ETIMEDOUT; 75 s and 9 by default. */
  readonly keepAliveIntervalMs?: number;
  readonly keepAliveProbes?: number;
  /** How long bytes may go unacknowledged before the connection ends with ETIMEDOUT; some 15 minutes by default (TCP_USER_TIMEOUT). */
  readonly userTimeoutMs?: number;
  /** Hops its packets may take, 1 to 255; by default as many as the namespace lets them. */
  readonly ttl?: number;
  /** The type of service or traffic class of its packets, whose last two bits are not the user's. */
  readonly tos?: number;
  /** This end stays open when the peer has ended its own, as it does by default; false: it ends when the peer's end has been read. */
  readonly allowHalfOpen?: boolean;
  /**
   * How `close()` ends it (SO_LINGER): 0 breaks it off with a reset; another number is how many milliseconds leaving the scope of
   * an `await using` waits for the peer to acknowledge all, by default as long as the connection lasts.
   */
  readonly lingerMs?: number;
  /** Fixed limits, in bytes, for what waits to be read and for what is not acknowledged; by default they grow as needed. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
}

interface Reader {
  /** Where the bytes go; undefined: to memory of their own. */
  readonly target: Uint8Array | undefined;
  /** The most bytes to look at, which stay; undefined: they are taken. */
  readonly peeked: number | undefined;
  readonly resolve: (result: Uint8Array | number | null) => void;
  readonly reject: (reason: unknown) => void;
  callOff: CallOff;
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
  readonly #allowHalfOpen: boolean;
  readonly #lingerMs: number | undefined;
  #onClosed: () => void = () => {};
  #onOpen: ((error: Error | null) => void) | undefined;
  #failure: ErrnoName | "" = "";
  #isEnding = false;
  #isClosed = false;
  #isReset = false;
  #isServing = false;
  #isDue = false;

  /** Takes a socket over, with options that checkConnectionOptions has passed; `opened` is told once when the handshake is over. */
  constructor(socket: TcpSocket, options: ConnectionOptions, opened?: (error: Error | null) => void) {
    this.#socket = socket;
    this.#waiting = new Waiting(socket.netns);
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#allowHalfOpen = options.allowHalfOpen ?? true;
    this.#lingerMs = options.lingerMs;
    this.#setUp(options);
    this.#onOpen = opened;
    if (opened !== undefined) this.#waiting.begin();
    socket.wake = () => this.#serve();
    this.#serve();
  }

  /** Sets what was asked for, which has been checked. */
  #setUp({
    keepAliveIntervalMs,
    keepAliveMs,
    keepAliveProbes,
    noDelay,
    userTimeoutMs,
  }: ConnectionOptions): void {
    if (noDelay !== undefined) this.setNoDelay(noDelay);
    const more = { intervalMs: keepAliveIntervalMs, probes: keepAliveProbes };
    this.setKeepAlive(keepAliveMs !== undefined, keepAliveMs, more);
    if (userTimeoutMs !== undefined) this.setUserTimeout(userTimeoutMs);
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
    return readableAround(this.#socket);
  }

  /** Resolves when the connection is over in both directions, whether well or not; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * The next bytes, as many as came together; null at the end. Rejects with why the connection broke (ECONNRESET, …), with EAGAIN
   * or the signal's reason when that is waited for no longer.
   */
  async read(options: WaitOptions = {}): Promise<Uint8Array | null> {
    const result = await this.#take(undefined, undefined, options);
    return typeof result === "number" ? null : result;
  }

  /** Reads into `target`, as much as there is and fits; resolves with how many bytes, 0 at the end. Rejects as `read` does. */
  async readInto(target: Uint8Array, options: WaitOptions = {}): Promise<number> {
    const result = await this.#take(target, undefined, options);
    return typeof result === "number" ? result : 0;
  }

  /** The next bytes, at most `most`, which are still there to be read (MSG_PEEK); null at the end. Rejects as `read` does. */
  async peek(most: number, options: WaitOptions = {}): Promise<Uint8Array | null> {
    const result = await this.#take(undefined, most, options);
    return typeof result === "number" ? null : result;
  }

  /** Takes the urgent byte that the peer has pointed at, around which `read` goes (MSG_OOB). EINVAL without one, EAGAIN when it is to come. */
  readUrgent(): number {
    const byte = takeUrgent(this.#socket);
    if (typeof byte === "string") throw socketError(byte, "read");
    return byte;
  }

  #take(
    target: Uint8Array | undefined,
    peeked: number | undefined,
    options: WaitOptions,
  ): Promise<Uint8Array | number | null> {
    return new Promise((resolve, reject) => {
      checkWait(options);
      const reader: Reader = { target, peeked, resolve, reject, callOff: () => {} };
      this.#readers.push(reader);
      this.#waiting.begin();
      this.#serve();
      if (!this.#readers.includes(reader)) return;
      const late = (): Error => socketError("EAGAIN", "read");
      reader.callOff = limitWait(this.#socket.netns, options, late, (reason) => {
        this.#readers.splice(this.#readers.indexOf(reader), 1);
        this.#waiting.end();
        reject(reason);
      });
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

  /** Lets go of the connection: what was written still goes out. Bytes that were not read make it a reset, as `lingerMs` of 0 does. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#lingerMs === 0) return this.reset();
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

  /** Sends small segments at once, those that wait too, or lets them wait for one another. */
  setNoDelay(isOn: boolean): void {
    setNoDelay(this.#socket, isOn);
  }

  /**
   * Asks a silent peer for a sign of life after `idleMs` milliseconds, two hours if not said; and again, as `more` says. EINVAL for
   * more than 32,767 seconds or 127 probes.
   */
  setKeepAlive(isOn: boolean, idleMs?: number, more: Omit<KeepAlive, "idleMs"> = {}): void {
    check(setKeepAlive(this.#socket, isOn, { ...more, ...(idleMs !== 0 && { idleMs }) }));
  }

  /** How long bytes may go unacknowledged, in milliseconds; 0: as long as the namespace lets them. */
  setUserTimeout(ms: number): void {
    check(setUserTimeout(this.#socket, ms));
  }

  /** Hops its packets may take; -1: as many as the namespace lets them. EINVAL for 0 over IPv4 and for more than 255. */
  setTtl(ttl: number): void {
    check(checkTtl(this.#socket.isFour, ttl));
    this.#socket.ttl = ttl;
  }

  /** The type of service or traffic class of its packets, 0 to 255; EINVAL for others. */
  setTos(tos: number): void {
    check(setTos(this.#socket, tos));
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

  /** Closes it, and waits until the peer has acknowledged all or the connection is given up; `lingerMs` at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    this.close();
    if (socket.state === TCP_CLOSE) return;
    this.#waiting.begin();
    await new Promise<void>((resolve) => {
      const late = (): Error => socketError("EAGAIN", "close");
      const callOff = limitWait(socket.netns, { timeoutMs: this.#lingerMs }, late, () => resolve());
      socket.wake = () => {
        if (socket.state !== TCP_CLOSE) return;
        callOff();
        resolve();
      };
    });
    socket.wake = () => {};
    this.#waiting.end();
  }

  /** Nobody holds it any more: those who wait are told. */
  #abandon(): void {
    this.#serveOpening();
    for (const reader of this.#readers.splice(0)) {
      this.#waiting.end();
      reader.callOff();
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
      const isReadable = readableAround(socket) > 0;
      // Behind the peer's end there is nothing to go wrong: who writes hears of it.
      const failure = isReadable || socket.isFinReceived ? "" : this.#failure;
      if (!isReadable && failure === "" && !isAtEnd(socket)) return;
      const reader = this.#readers.shift();
      this.#waiting.end();
      if (reader === undefined) return;
      reader.callOff();
      if (failure !== "") {
        this.#failure = "";
        reader.reject(socketError(failure, "read"));
      } else if (!isReadable) {
        reader.resolve(null);
        if (!this.#allowHalfOpen && !this.#isEnding) this.end();
      } else if (reader.peeked !== undefined) reader.resolve(tcpPeek(socket, reader.peeked));
      else if (reader.target === undefined) reader.resolve(tcpRead(socket));
      else reader.resolve(tcpReadInto(socket, reader.target, 0, reader.target.length));
    }
  }
}

/** Throws NetlinkError EINVAL for options that no connection over the family can have. */
export function checkConnectionOptions(isFour: boolean, options: ConnectionOptions): void {
  const { keepAliveIntervalMs, keepAliveMs, keepAliveProbes, tos = 0, ttl = -1, userTimeoutMs = 0 } = options;
  const idleMs = keepAliveMs === 0 ? undefined : keepAliveMs;
  check(checkKeepAlive({ idleMs, intervalMs: keepAliveIntervalMs, probes: keepAliveProbes }));
  check(checkTtl(isFour, ttl));
  check(checkTos(tos));
  check(checkUserTimeout(userTimeoutMs));
}

/** Throws why an option was refused. */
function check(errno: ErrnoName | ""): void {
  if (errno !== "") throw socketError(errno, "setsockopt");
}
