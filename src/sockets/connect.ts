// Opening a TCP connection for an `await`ing user.

import { tcpConnect } from "../inet/tcp/connect.ts";
import type { Netns } from "../net/netdevice.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";

/** Where to connect to, from where, and how the connection is to be. */
export interface ConnectOptions extends Endpoint, ConnectionOptions {
  /** The address and the port to speak from; by default those that routing finds and one that is free. */
  readonly localHost?: string;
  readonly localPort?: number;
  /** The only device to use. */
  readonly dev?: string;
}

/** Opens a connection in `netns`; see MachineNetns.connect. */
export function connectIn(netns: Netns, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const { dev, localHost, receiveBufferBytes, sendBufferBytes } = options;
    const to = parseEndpoint(netns, options);
    const from = localHost === undefined ? undefined : parseEndpoint(netns, { host: localHost, port: 0 });
    const socket = tcpConnect(netns, {
      remote: to.address,
      remotePort: to.port,
      local: from?.address,
      ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
      ifindex: dev === undefined ? to.ifindex : ifindexOf(netns, dev),
      receiveLimit: receiveBufferBytes,
      sendLimit: sendBufferBytes,
    });
    if (typeof socket === "string") return reject(socketError(socket, "connect", options));
    // Over the loopback it may be open already: the promise is settled when the object is there.
    let settle = (_error: Error | null): void => {};
    let early: Error | null | undefined;
    const connection = new Connection(socket, options, (error) => {
      early = error;
      settle(error);
    });
    settle = (error) => {
      if (error === null) return resolve(connection);
      connection.close();
      reject(error);
    };
    if (early !== undefined) settle(early);
  });
}
