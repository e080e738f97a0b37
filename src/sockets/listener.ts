// A TCP listener for an `await`ing user.

import { closeListener, tcpAccept, tcpListen } from "../inet/tcp/connect.ts";
import type { TcpListener } from "../inet/tcp/listener.ts";
import type { Netns } from "../net/netdevice.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";

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
}

const defaultBacklog = 511;

/** A listener; `accept()` from it or use `for await`, and `close()` it. */
export class Listener implements AsyncIterable<Connection> {
  readonly #listener: TcpListener;
  readonly #options: ListenOptions;
  readonly #readers: ((connection: Connection | null) => void)[] = [];

  /** Listens where `options` say, or takes over a listener that is there. */
  constructor(netns: Netns, options: ListenOptions, taken?: TcpListener) {
    const listener = taken ?? listenIn(netns, options);
    this.#listener = listener;
    this.#options = options;
    listener.receiveLimit = options.receiveBufferBytes;
    listener.sendLimit = options.sendBufferBytes;
    listener.isNoDelay = options.noDelay ?? false;
    listener.wake = () => this.#serve();
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

  /** The next connection; null once the listener is closed. */
  accept(): Promise<Connection | null> {
    return new Promise((resolve) => {
      this.#readers.push(resolve);
      this.#serve();
    });
  }

  /** Listens no more; connections nobody accepted are reset, the others stay. */
  close(): void {
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

  #serve(): void {
    while (this.#readers.length > 0) {
      const socket = this.#listener.isClosed ? undefined : tcpAccept(this.#listener);
      if (socket === undefined && !this.#listener.isClosed) return;
      const reader = this.#readers.shift();
      reader?.(socket === undefined ? null : new Connection(socket, this.#options));
    }
  }
}

function listenIn(netns: Netns, options: ListenOptions): TcpListener {
  const { backlog = defaultBacklog, host = "::", port = 0 } = options;
  const at = parseEndpoint(netns, { host, port });
  const isFour = at.address.length === 4;
  const listener = tcpListen(netns, {
    family: isFour ? AF_INET : AF_INET6,
    isV6Only: options.ipv6Only,
    local: at.address,
    port,
    ifindex: options.dev === undefined ? at.ifindex : ifindexOf(netns, options.dev),
    backlog,
  });
  if (typeof listener === "string") throw socketError(listener, "listen", { host, port });
  return listener;
}
