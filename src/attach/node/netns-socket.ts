// A connection of a namespace as Node's `Duplex`, with what programs expect of a `net.Socket` beside it: so that http, undici, ws
// and whatever else speaks over a socket runs unchanged over uveth's wires.

import { addAbortSignal, Duplex } from "node:stream";
import type { Connection, ConnectOptions, Endpoint, MachineNetns } from "../../index.ts";

const noAddress: Endpoint = { host: "", port: 0 };

/** A socket in a namespace. Emits `connect` and `ready`, `timeout`, and all that a Duplex does. */
export class NetnsSocket extends Duplex {
  readonly #opening: Promise<Connection>;
  #connection: Connection | undefined;
  #timeoutMs = 0;
  #timeout: NodeJS.Timeout | undefined;
  #isNoDelay: boolean | undefined;
  #keepAlive: { readonly isOn: boolean; readonly idleMs: number | undefined } | undefined;
  /** The handshake is under way. */
  connecting = true;
  bytesRead = 0;
  bytesWritten = 0;

  /** Takes over a connection, or one that is being made. */
  constructor(connection: Connection | Promise<Connection>, { allowHalfOpen = false } = {}) {
    super({ allowHalfOpen, autoDestroy: true });
    this.#opening = Promise.resolve(connection);
    this.#opening.catch(() => {});
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#opening.then(
      (connection) => {
        this.#connection = connection;
        this.connecting = false;
        if (this.destroyed) return callback();
        if (this.#isNoDelay !== undefined) connection.setNoDelay(this.#isNoDelay);
        if (this.#keepAlive !== undefined)
          connection.setKeepAlive(this.#keepAlive.isOn, this.#keepAlive.idleMs);
        callback();
        this.emit("connect");
        this.emit("ready");
      },
      (error: unknown) => {
        this.connecting = false;
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  override _read(): void {
    this.#connection?.read().then(
      (bytes) => {
        if (bytes !== null) {
          this.bytesRead += bytes.length;
          this.#refresh();
        }
        this.push(bytes);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#connection?.write(chunk).then(
      () => {
        this.bytesWritten += chunk.length;
        this.#refresh();
        callback();
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _final(callback: () => void): void {
    this.#connection?.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timeout);
    const connection = this.#connection;
    // One that is still being made goes as soon as it is there.
    if (connection === undefined)
      this.#opening.then(
        (late) => late.reset(),
        () => {},
      );
    else if (error === null) connection.close();
    else connection.reset();
    callback(error);
  }

  #fail(error: unknown): void {
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  }

  get localAddress(): string {
    return (this.#connection?.localAddress ?? noAddress).host;
  }

  get localPort(): number {
    return (this.#connection?.localAddress ?? noAddress).port;
  }

  get remoteAddress(): string {
    return (this.#connection?.remoteAddress ?? noAddress).host;
  }

  get remotePort(): number {
    return (this.#connection?.remoteAddress ?? noAddress).port;
  }

  get remoteFamily(): string {
    return this.remoteAddress.includes(":") ? "IPv6" : "IPv4";
  }

  get pending(): boolean {
    return this.connecting;
  }

  get readyState(): string {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  /** Where the socket itself is (net.Socket.address). */
  address(): { address: string; port: number; family: string } {
    const { host, port } = this.#connection?.localAddress ?? noAddress;
    return { address: host, port, family: host.includes(":") ? "IPv6" : "IPv4" };
  }

  setNoDelay(isOn = true): this {
    this.#isNoDelay = isOn;
    this.#connection?.setNoDelay(isOn);
    return this;
  }

  setKeepAlive(isOn = false, idleMs?: number): this {
    this.#keepAlive = { isOn, idleMs };
    this.#connection?.setKeepAlive(isOn, idleMs);
    return this;
  }

  /** Emits `timeout` after so many milliseconds of silence; 0: never. */
  setTimeout(ms: number, callback?: () => void): this {
    this.#timeoutMs = ms;
    if (callback !== undefined) {
      if (ms === 0) this.off("timeout", callback);
      else this.once("timeout", callback);
    }
    this.#refresh();
    return this;
  }

  #refresh(): void {
    clearTimeout(this.#timeout);
    if (this.#timeoutMs <= 0 || this.destroyed) return;
    this.#timeout = setTimeout(() => this.emit("timeout"), this.#timeoutMs);
    this.#timeout.unref();
  }

  /** Ends the socket once all that was written has gone. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Breaks the connection off by a reset. */
  resetAndDestroy(): this {
    this.#connection?.reset();
    return this.destroy();
  }

  /** The machine's clock holds the process while something is waited for; a socket by itself does not. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** As a namespace's `connect` takes it; an abort signal destroys the socket, be it connected or not. */
export interface SocketOptions extends Omit<ConnectOptions, "signal"> {
  readonly signal?: AbortSignal;
}

/** A socket in `netns` that connects as `net.connect` does: at once it is there, then it emits `connect` or `error`. */
export function connect(netns: MachineNetns, { signal, ...options }: SocketOptions): NetnsSocket {
  const { allowHalfOpen = false } = options;
  // The Duplex ends its own half.
  const socket = new NetnsSocket(netns.connect({ ...options, allowHalfOpen: true }), { allowHalfOpen });
  if (signal !== undefined) addAbortSignal(signal, socket);
  return socket;
}
