// A TCP listener for an `await`ing user.

import { closeListener, tcpAccept, tcpListen } from "../inet/tcp/connect.ts";
import type { TcpListener } from "../inet/tcp/listener.ts";
import type { Netns } from "../net/netdevice.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Connection, checkConnectionOptions } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";
import type { AbortSignalLike, CallOff, WaitOptions } from "./patience.ts";
import { checkWait, limitWait } from "./patience.ts";

/** Where to listen, and what connections begin with. */
export interface ListenOptions extends ConnectionOptions {
  /** The port; one that is free by default. */
  readonly port?: number;
  /** The address; every one of both families by default. */
  readonly host?: string;
  /** The only device to listen on. */
  readonly dev?: string;
  /** Connections that may wait to be accepted; 511 by default. */
  readonly backlog?: number;
  /** IPv6 alone, where `host` is `::`. */
  readonly ipv6Only?: boolean;
  /** Others that say so too may listen at the same address and port: each connection is one's by the hash of its ends. */
  readonly reusePort?: boolean;
  /** Closes the listener when it is aborted. */
  readonly signal?: AbortSignalLike;
}

interface Reader {
  readonly resolve: (connection: Connection | null) => void;
  readonly reject: (reason: unknown) => void;
  callOff: CallOff;
}

const defaultBacklog = 511;

/** A listener; `accept()` from it or use `for await`, and `close()` it. */
export class Listener implements AsyncIterable<Connection> {
  readonly #listener: TcpListener;
  readonly #options: ListenOptions;
  readonly #readers: Reader[] = [];
  #callOff: CallOff = () => {};

  /** Listens where `options` say, or takes over a listener that is there. */
  constructor(netns: Netns, options: ListenOptions, taken?: TcpListener) {
    const listener = taken ?? listenIn(netns, options);
    this.#listener = listener;
    this.#options = options;
    listener.receiveLimit = options.receiveBufferBytes;
    listener.sendLimit = options.sendBufferBytes;
    listener.isNoDelay = options.noDelay ?? false;
    listener.ttl = options.ttl ?? -1;
    listener.tos = options.tos ?? 0;
    listener.wake = () => this.#serve();
    const { signal } = options;
    this.#callOff = limitWait(
      netns,
      { signal },
      () => socketError("EAGAIN", "listen"),
      () => this.close(),
    );
  }

  /** Where it listens. */
  get address(): Endpoint {
    const { family, local, localPort } = this.#listener;
    return endpointOf(local, localPort, family === AF_INET);
  }

  /** Connections that were turned away as nobody accepted them in time. */
  get overflows(): number {
    return this.#listener.overflows;
  }

  /** The next connection; null once the listener is closed. Rejects with EAGAIN or the signal's reason when it is waited for no longer. */
  accept(options: WaitOptions = {}): Promise<Connection | null> {
    return new Promise((resolve, reject) => {
      checkWait(options);
      const reader: Reader = { resolve, reject, callOff: () => {} };
      this.#readers.push(reader);
      this.#serve();
      if (!this.#readers.includes(reader)) return;
      const late = (): Error => socketError("EAGAIN", "accept");
      reader.callOff = limitWait(this.#listener.netns, options, late, (reason) => {
        this.#readers.splice(this.#readers.indexOf(reader), 1);
        reject(reason);
      });
    });
  }

  /** Listens no more; connections nobody accepted are reset, the others stay. */
  close(): void {
    this.#callOff();
    closeListener(this.#listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, void> {
    try {
      for (let next = await this.accept(); next !== null; next = await this.accept()) yield next;
    } finally {
      this.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #serve(): void {
    while (this.#readers.length > 0) {
      const socket = this.#listener.isClosed ? undefined : tcpAccept(this.#listener);
      if (socket === undefined && !this.#listener.isClosed) return;
      const reader = this.#readers.shift();
      reader?.callOff();
      reader?.resolve(socket === undefined ? null : new Connection(socket, this.#options));
    }
  }
}

function listenIn(netns: Netns, options: ListenOptions): TcpListener {
  const { backlog = defaultBacklog, host = "::", port = 0 } = options;
  const at = parseEndpoint(netns, { host, port });
  const isFour = at.address.length === 4;
  checkConnectionOptions(isFour, options);
  const listener = tcpListen(netns, {
    family: isFour ? AF_INET : AF_INET6,
    isV6Only: options.ipv6Only,
    local: at.address,
    port,
    ifindex: options.dev === undefined ? at.ifindex : ifindexOf(netns, options.dev),
    backlog,
    reusesPort: options.reusePort ?? false,
  });
  if (typeof listener === "string") throw socketError(listener, "listen", { host, port });
  return listener;
}
