// A namespace of a machine in this process, as its user holds it: what NetnsClient has, and sockets in it. Sockets are data, so
// they pass netlink by; a daemon's or a kernel's namespace has none of these.

import { NetnsClient } from "../client/netns.ts";
import { getNet, putNet } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import type { ConnectOptions } from "./connect.ts";
import { connectIn } from "./connect.ts";
import type { Connection } from "./connection.ts";
import type { DhcpOffer, DhcpOptions } from "./dhcp-client.ts";
import { DhcpClient } from "./dhcp-client.ts";
import type { DhcpServerOptions } from "./dhcp-server.ts";
import { DhcpServer } from "./dhcp-server.ts";
import type { DnsServerOptions } from "./dns-server.ts";
import { DnsServer } from "./dns-server.ts";
import { Interceptor } from "./intercept.ts";
import type { ListenOptions } from "./listener.ts";
import { Listener } from "./listener.ts";
import type { RouterOptions } from "./router.ts";
import { advertiseRouter } from "./router.ts";
import type { TapOptions } from "./tap.ts";
import { Tap } from "./tap.ts";
import type { UdpOptions } from "./udp.ts";
import { Udp } from "./udp.ts";

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
    return connectIn(this.#netns, options);
  }

  /**
   * Makes a TAP: an Ethernet device whose wire ends in the caller, who is handed every frame that is sent on it and hands in what it
   * is to receive. EEXIST for a taken name; EINVAL for one that cannot be, for an MTU out of bounds, and for no address.
   *
   * @example
   * ```js
   * import { createTestMachine } from "uveth/testkit";
   *
   * const { machine, clock } = createTestMachine();
   * const netns = await machine.netns("red");
   * const tap = netns.tap({ name: "tap0" });
   * await netns.link.set("tap0", { isUp: true });
   * await netns.addr.add("10.0.0.1/24", { dev: "tap0" });
   * tap.onFrame = (frame) => {
   *   if (frame[12] !== 0x08 || frame[13] !== 0x06) return;
   *   console.log(`Who has ${frame.subarray(38, 42).join(".")}?`);
   *   tap.close();
   * };
   * const pinged = netns.ping("10.0.0.2", { count: 1 }).catch(() => {});
   * await clock.advance(10e9);
   * await pinged;
   * machine.close();
   * ```
   *
   * ```text
   * Who has 10.0.0.2?
   * ```
   */
  tap(options: TapOptions): Tap {
    return new Tap(this.#netns, options);
  }

  /** Serves addresses to the hosts of a link by DHCP until it is closed. See DhcpServer for what it refuses. */
  dhcpServer(options: DhcpServerOptions): DhcpServer {
    return new DhcpServer(this.#netns, options);
  }

  /** Answers questions for names until it is closed. See DnsServer for what it refuses. */
  dnsServer(options: DnsServerOptions): DnsServer {
    return new DnsServer(this.#netns, options);
  }

  /**
   * Asks for an address by DHCP, gives it to the device, with a default route by the first router, and keeps it until what it
   * resolves with is closed. ETIMEDOUT when no server answers, ENODEV.
   *
   * @example
   * ```js
   * import { createTestMachine } from "uveth/testkit";
   *
   * const { machine, clock } = createTestMachine();
   * const [server, host] = [await machine.netns("server"), await machine.netns("host")];
   * await server.link.add({ kind: "veth", name: "lan", peer: { name: "eth0", netns: "host" } });
   * await server.addr.add("10.0.0.1/24", { dev: "lan" });
   * await server.link.set("lan", { isUp: true });
   * await host.link.set("eth0", { isUp: true });
   * server.dhcpServer({ dev: "lan", range: ["10.0.0.100", "10.0.0.199"] });
   * const asked = host.dhcp({ dev: "eth0" });
   * await clock.advance(1e9);
   * console.log((await asked).address);
   * machine.close();
   * ```
   *
   * ```text
   * 10.0.0.100
   * ```
   */
  async dhcp(options: DhcpOptions): Promise<DhcpOffer & { close(): void }> {
    const client = new DhcpClient(this.#netns, options);
    const offer = await client.ask();
    const { dev } = options;
    const give = async ({ address, prefixLength, routers }: DhcpOffer): Promise<void> => {
      await this.addr.replace(`${address}/${prefixLength}`, { dev });
      const [via] = routers;
      if (via !== undefined) await this.route.replace({ dst: "default", via, dev });
    };
    let held = offer;
    client.onChange = (changed) => {
      const { address, prefixLength } = held;
      const done =
        changed === undefined ? this.addr.del(`${address}/${prefixLength}`, { dev }) : give(changed);
      held = changed ?? held;
      // The device may be gone meanwhile.
      done.catch(() => {});
    };
    await give(offer);
    return { ...offer, close: () => client.close() };
  }

  /**
   * Tells a link that this namespace is a router, as radvd does, until the object it returns is closed or the device goes; one
   * that told before on the device stops. Forwarding is switched on apart from it (`net.ipv6.conf.all.forwarding`).
   *
   * @example
   * ```js
   * import { createTestMachine } from "uveth/testkit";
   *
   * const { machine, clock } = createTestMachine();
   * const [router, host] = [await machine.netns("router"), await machine.netns("host")];
   * await router.link.add({ kind: "veth", name: "lan", peer: { name: "eth0", netns: "host" } });
   * await router.link.set("lan", { isUp: true });
   * await host.link.set("eth0", { isUp: true });
   * const advertising = router.advertiseRouter({ dev: "lan", prefixes: ["2001:db8:1::/64"] });
   * await clock.advance(20e9);
   * const routes = await host.route.list({ family: 10 });
   * console.log(routes.some(({ dst }) => dst === "2001:db8:1::/64"));
   * advertising.close();
   * machine.close();
   * ```
   *
   * ```text
   * true
   * ```
   */
  advertiseRouter(options: RouterOptions): { close(): void } {
    return advertiseRouter(this.#netns, options);
  }

  /** Takes the connections and datagrams that come here on their way to other hosts; EADDRINUSE when somebody does already. */
  intercept(): Interceptor {
    return new Interceptor(this.#netns);
  }

  override async close(): Promise<void> {
    if (!this.#isClosed) putNet(this.#netns);
    this.#isClosed = true;
    await super.close();
  }
}
