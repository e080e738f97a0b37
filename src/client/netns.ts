// One namespace of a machine, as its user holds it: links, addresses, routes, neighbours, pings and captures behind typed
// calls. Each call is a netlink request like anybody else's, so the library, the command and unmodified clients cannot
// disagree; the same object works on a machine in this process, on the daemon and, but for the family uveth, on a kernel.

import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE } from "../uapi/netlink.ts";
import { AddressApi } from "./addr-api.ts";
import type { CaptureOptions } from "./capture.ts";
import { Captured } from "./capture.ts";
import { LinkApi } from "./link-api.ts";
import type { MonitorEvent, MonitorSubject } from "./monitor.ts";
import { monitorNetns } from "./monitor.ts";
import { NeighbourApi } from "./neigh-api.ts";
import type { NetnsSockets } from "./netns-sockets.ts";
import type { PingOptions, PingResult } from "./ping.ts";
import { ping } from "./ping.ts";
import type { EventQueue } from "./queue.ts";
import { RouteApi } from "./route-api.ts";
import { UvethClient } from "./uveth.ts";

/** A namespace, by name; `close()` it, or let `await using` do so: what was made in it stays. */
export class NetnsClient implements NetnsSockets {
  /** The name `ip netns` knows it by; undefined for the initial namespace. */
  readonly name: string | undefined;
  readonly provider: NetlinkProvider;
  readonly rtnl: NetlinkClient;
  readonly link: LinkApi;
  readonly addr: AddressApi;
  readonly route: RouteApi;
  readonly neigh: NeighbourApi;
  /** Called when it has been closed. */
  onClosed: () => void = () => {};
  #uveth: Promise<UvethClient> | undefined;

  protected constructor(provider: NetlinkProvider, name: string | undefined, rtnl: NetlinkClient) {
    this.provider = provider;
    this.name = name;
    this.rtnl = rtnl;
    this.link = new LinkApi(this);
    this.addr = new AddressApi(this);
    this.route = new RouteApi(this);
    this.neigh = new NeighbourApi(this);
  }

  /** Opens the namespace `name`, the initial one without; ENOENT when there is none. */
  static async open(provider: NetlinkProvider, name?: string): Promise<NetnsClient> {
    const rtnl = new NetlinkClient(await provider.openSocket({ protocol: NETLINK_ROUTE, netns: name }));
    return new NetnsClient(provider, name, rtnl);
  }

  async openUveth(): Promise<UvethClient> {
    const socket = await this.provider.openSocket({ protocol: NETLINK_GENERIC, netns: this.name });
    return UvethClient.open(new NetlinkClient(socket));
  }

  /** The family uveth in this namespace, opened when first asked for; rejects with ENOENT on a live kernel. */
  uveth(): Promise<UvethClient> {
    this.#uveth ??= this.openUveth();
    return this.#uveth;
  }

  /** Pings `destination` (IPv4 or IPv6, with `%dev` behind a link-local one) and resolves when all is answered or given up. */
  async ping(destination: string, options: PingOptions = {}): Promise<PingResult> {
    return ping(await this.uveth(), destination, options);
  }

  /** Starts a capture of one device, or of all of the namespace; resolves when the tap is in place. */
  capture(options: CaptureOptions = {}): Promise<Captured> {
    return Captured.start(this, options);
  }

  /** Reads a sysctl by its dotted name (`net.ipv4.ip_forward`). */
  async getSysctl(name: string): Promise<string> {
    return (await this.uveth()).getSysctl(name);
  }

  /** Sets a sysctl; EINVAL for a value it cannot have, ENOENT for a name there is not. */
  async setSysctl(name: string, value: string | number): Promise<void> {
    await (await this.uveth()).setSysctl(name, String(value));
  }

  /**
   * Watches what changes: `for await (const event of await netns.monitor(["link"]))`. Events count from when the promise
   * resolves and come in the order they happened; leaving the loop ends it.
   */
  async monitor(subjects: readonly MonitorSubject[]): Promise<EventQueue<MonitorEvent>> {
    return monitorNetns(
      await this.provider.openSocket({ protocol: NETLINK_ROUTE, netns: this.name }),
      subjects,
    );
  }

  /** Closes the sockets; the namespace and all that is in it stay. */
  async close(): Promise<void> {
    this.rtnl.close();
    this.onClosed();
    if (this.#uveth !== undefined) (await this.#uveth.catch(() => undefined))?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
