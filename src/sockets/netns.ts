// A namespace of a machine in this process, as its user holds it: what NetnsClient has, and sockets in it. Sockets are data, so
// they pass netlink by; a daemon's or a kernel's namespace has none of these.

import { NetnsClient } from "../client/netns.ts";
import { tcpConnect } from "../inet/tcp/connect.ts";
import { getNet, putNet } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";
import type { ListenOptions } from "./listener.ts";
import { Listener } from "./listener.ts";
import type { UdpOptions } from "./udp.ts";
import { Udp } from "./udp.ts";

/** Where to connect to, from where, and how the connection is to be. */
export interface ConnectOptions extends Endpoint, ConnectionOptions {
  /** The address and the port to speak from; by default those that routing finds and one that is free. */
  readonly localHost?: string;
  readonly localPort?: number;
  /** The only device to use. */
  readonly dev?: string;
}

/** A namespace, by name; `close()` it, or let `await using` do so: what was made in it stays, its sockets too. */
export class MachineNetns extends NetnsClient {
  readonly #netns: Netns;
  #isClosed = false;

  private constructor(
    provider: NetlinkProvider,
    name: string | undefined,
    rtnl: NetlinkClient,
    netns: Netns,
  ) {
    super(provider, name, rtnl);
    this.#netns = getNet(netns);
  }

  /** Opens `netns`, which `provider` knows as `name`. */
  static async openIn(
    netns: Netns,
    provider: NetlinkProvider,
    name: string | undefined,
  ): Promise<MachineNetns> {
    const rtnl = new NetlinkClient(await provider.openSocket({ protocol: NETLINK_ROUTE, netns: name }));
    return new MachineNetns(provider, name, rtnl, netns);
  }

  /**
   * Opens a UDP socket; NetlinkError EADDRINUSE, EADDRNOTAVAIL, ENODEV when it cannot be.
   *
   * @example
   * ```js
   * import { createTestMachine } from "uveth/testkit";
   *
   * const { machine } = createTestMachine();
   * const netns = await machine.netns("red");
   * await netns.link.set("lo", { isUp: true });
   * const [one, other] = [netns.udp({ host: "127.0.0.1", port: 53 }), netns.udp({ host: "127.0.0.1" })];
   * other.send(Uint8Array.of(1, 2, 3), one.address);
   * console.log((await one.receive()).payload.join(" "));
   * machine.close();
   * ```
   *
   * ```text
   * 1 2 3
   * ```
   */
  udp(options: UdpOptions = {}): Udp {
    return new Udp(this.#netns, options);
  }

  /**
   * Listens for TCP connections; NetlinkError EADDRINUSE, EADDRNOTAVAIL when that cannot be.
   *
   * @example
   * ```js
   * import { createTestMachine } from "uveth/testkit";
   *
   * const { machine } = createTestMachine();
   * const netns = await machine.netns("red");
   * await netns.link.set("lo", { isUp: true });
   * const listener = netns.listen({ port: 80 });
   * const client = await netns.connect({ host: "127.0.0.1", port: 80 });
   * const server = await listener.accept();
   * await client.write(new TextEncoder().encode("hello"));
   * console.log(new TextDecoder().decode(await server.read()));
   * machine.close();
   * ```
   *
   * ```text
   * hello
   * ```
   */
  listen(options: ListenOptions = {}): Listener {
    return new Listener(this.#netns, options);
  }

  /**
   * Opens a TCP connection; rejects with why there is none: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL.
   * Names are the caller's to resolve.
   */
  connect(options: ConnectOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const netns = this.#netns;
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

  override async close(): Promise<void> {
    if (!this.#isClosed) putNet(this.#netns);
    this.#isClosed = true;
    await super.close();
  }
}
