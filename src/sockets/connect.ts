// Opening a TCP connection for an `await`ing user.

import { tcpConnect } from "../inet/tcp/connect.ts";
import type { Netns } from "../net/netdevice.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Connection, checkConnectionOptions } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";
import type { WaitOptions } from "./patience.ts";
import { checkWait, limitWait } from "./patience.ts";

/** Where to connect to, from where, how the connection is to be, and how long it may take: ETIMEDOUT when `timeoutMs` is over. */
export interface ConnectOptions extends Endpoint, ConnectionOptions, WaitOptions {
  /** The address and the port to speak from; by default those that routing finds and one that is free. */
  readonly localHost?: string;
  readonly localPort?: number;
  /** The only device to use; one that is a VRF, or a port of one, has the connection in there. */
  readonly dev?: string;
}

/** Opens a connection in `netns`; see MachineNetns.connect. */
export function connectIn(netns: Netns, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const { dev, localHost, localPort, receiveBufferBytes, sendBufferBytes, tos, ttl } = options;
    checkWait(options);
    const to = parseEndpoint(netns, options);
    const from = localHost === undefined ? undefined : parseEndpoint(netns, { host: localHost, port: 0 });
    checkConnectionOptions(to.address.length === 4, options);
    const socket = tcpConnect(netns, {
      remote: to.address,
      remotePort: to.port,
      local: from?.address,
      ...(localPort === undefined ? {} : { localPort }),
      ifindex: dev === undefined ? to.ifindex : ifindexOf(netns, dev),
      receiveLimit: receiveBufferBytes,
      sendLimit: sendBufferBytes,
      ttl,
      tos,
    });
    if (typeof socket === "string") return reject(socketError(socket, "connect", options));
    // Over the loopback it may be open already: the promise is settled when the object is there.
    let settle = (_error: unknown): void => {};
    let early: Error | null | undefined;
    const connection = new Connection(socket, options, (error) => {
      early = error;
      settle(error);
    });
    const late = (): Error => socketError("ETIMEDOUT", "connect", options);
    const callOff = limitWait(netns, options, late, (reason) => settle(reason));
    settle = (error) => {
      settle = () => {};
      callOff();
      if (error === null) return resolve(connection);
      connection.close();
      reject(error);
    };
    if (early !== undefined) settle(early);
  });
}
