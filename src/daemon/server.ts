// The Unix socket that clients connect to, and the lifetime of what is behind it: the daemon stays while a client is
// connected or an object exists, and says so when neither has been there for a while.

import { chmodSync, rmSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { PeerCredentials, ReadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";
import type { ConnectionHost } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Engine } from "./engine.ts";
import { checkSocketOwner } from "./place.ts";
import type { Hello } from "./protocol.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import type { DaemonStatus } from "./status.ts";

/** What a server serves, and to whom it reports. */
export interface ServerOptions {
  readonly engine: Engine;
  /** The path to listen on; a stale socket there is replaced. */
  readonly socket: string;
  readonly idleMs: number;
  /** The user who may connect, beside root. */
  readonly uid: number;
  /** Tells who connects; undefined where there is no FFI, and the modes of socket and folder alone decide. */
  readonly readPeer: ReadPeerCredentials | undefined;
  /** Whether others than clients use the engine: programs under `uveth run`. */
  isBusy?(): boolean;
  log(text: string): void;
  /** Nothing has been there for `idleMs`. */
  onIdle(): void;
  onStopRequested(): void;
}

/** What a stream may hold back before it counts as blocked. */
const STREAM_BUFFER = 256 * 1024;
/** How long a client may take to introduce itself. */
const HELLO_TIMEOUT_MS = 10_000;
const BACKLOG = 4_096;
/** The least time that whoever started the daemon has to connect, however short the idle time. */
const FIRST_CLIENT_MS = 5_000;

/** A listening engine. */
export class DaemonServer implements ConnectionHost {
  readonly engine: Engine;
  readonly hello: Hello = { protocol: PROTOCOL_VERSION, pid: process.pid, version: UVETH_VERSION };
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #connections = new Map<Connection, Socket>();
  readonly #startedMs = performance.now();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: ServerOptions) {
    this.engine = options.engine;
    this.#options = options;
    this.#server = createServer({ highWaterMark: STREAM_BUFFER }, (stream) => this.#accept(stream));
  }

  /** Listens; rejects with what keeps it from doing so. */
  async listen(): Promise<void> {
    const { socket, uid } = this.#options;
    checkSocketOwner(socket, uid);
    rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path: socket, backlog: BACKLOG }, resolve);
    });
    chmodSync(socket, 0o600);
    this.#restartIdleTime(Math.max(this.#options.idleMs, FIRST_CLIENT_MS));
  }

  log(text: string): void {
    this.#options.log(text);
  }

  onStopRequested(): void {
    this.#options.onStopRequested();
  }

  status(asker: Connection): DaemonStatus {
    const clients = [...this.#connections.keys()].filter((one) => one !== asker && one.isGreeted);
    return {
      pid: process.pid,
      version: UVETH_VERSION,
      protocol: PROTOCOL_VERSION,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      ...this.engine.count(),
      clients: clients.length,
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  /** Whether nobody is connected and nothing exists. */
  get isIdle(): boolean {
    return this.#connections.size === 0 && this.engine.isEmpty && this.#options.isBusy?.() !== true;
  }

  /** Stops listening, which removes the socket, and ends every connection. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const stream of this.#connections.values()) stream.destroy();
    await closed;
  }

  #accept(stream: Socket): void {
    const peer = this.#peerOf(stream);
    if (peer !== undefined && peer.uid !== this.#options.uid && peer.uid !== 0) {
      this.log(
        `Refused process ${peer.pid} of uid ${peer.uid}: this is the daemon of uid ${this.#options.uid}`,
      );
      stream.destroy();
      return;
    }
    const connection = new Connection(this, stream, peer?.pid ?? 0);
    this.#connections.set(connection, stream);
    clearTimeout(this.#idleTimer);
    const helloTimer = setTimeout(() => {
      if (!connection.isGreeted) connection.end("it did not introduce itself");
    }, HELLO_TIMEOUT_MS);
    stream.once("close", () => {
      clearTimeout(helloTimer);
      this.#connections.delete(connection);
      this.#restartIdleTime();
    });
  }

  /** Somebody who is no client of this socket has come or gone (`isBusy`). */
  recheckIdle(): void {
    this.#restartIdleTime();
  }

  #peerOf(stream: Socket): PeerCredentials | undefined {
    const handle: unknown = Reflect.get(stream, "_handle");
    const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
    return typeof fd === "number" ? this.#options.readPeer?.(fd) : undefined;
  }

  /** Starts to wait for `idleMs` without client and object; only clients make objects, so theirs is the time to look. */
  #restartIdleTime(idleMs = this.#options.idleMs): void {
    clearTimeout(this.#idleTimer);
    if (!this.#server.listening || !this.isIdle) return;
    this.#idleTimer = setTimeout(() => {
      if (this.isIdle) this.#options.onIdle();
    }, idleMs);
  }
}
