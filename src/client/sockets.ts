// The sockets of one namespace, opened when they are first asked for and shared by all that speaks to it.

import { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE } from "../uapi/netlink.ts";
import { getLink } from "./link.ts";
import { UvethClient } from "./uveth.ts";

/** A device: its name, an alternative name, or its ifindex. */
export type Device = string | number;

/** The sockets of a namespace. */
export class NetnsSockets {
  readonly provider: NetlinkProvider;
  /** The namespace's name; undefined for the provider's initial one. */
  readonly name: string | undefined;
  #rtnl: Promise<NetlinkClient> | undefined;
  #uveth: Promise<UvethClient> | undefined;
  #isClosed = false;

  constructor(provider: NetlinkProvider, name: string | undefined) {
    this.provider = provider;
    this.name = name;
  }

  /** The shared rtnetlink socket. */
  rtnl(): Promise<NetlinkClient> {
    this.#rtnl ??= this.open(NETLINK_ROUTE);
    return this.#rtnl;
  }

  /** The shared socket of the family uveth; rejects with ENOENT on a live kernel. */
  uveth(): Promise<UvethClient> {
    this.#uveth ??= this.openUveth();
    return this.#uveth;
  }

  /** Opens a socket that its user closes. */
  async open(protocol: number): Promise<NetlinkClient> {
    if (this.#isClosed) throw new NetlinkError("ENOTCONN", "The client of this namespace is closed");
    return new NetlinkClient(await this.provider.openSocket({ protocol, netns: this.name }));
  }

  /** Opens a socket of the family uveth that its user closes: closing it is how a ping or a capture ends early. */
  async openUveth(): Promise<UvethClient> {
    return UvethClient.open(await this.open(NETLINK_GENERIC));
  }

  /** The ifindex of a device; NetlinkError ENODEV if it is not there. */
  async ifindexOf(device: Device): Promise<number> {
    return typeof device === "number" ? device : (await getLink(await this.rtnl(), device)).ifindex;
  }

  /** Runs `use` with a descriptor of the namespace `name`, as IFLA_NET_NS_FD takes it. */
  async withNetnsFd<Result>(name: string, use: (fd: number) => Promise<Result>): Promise<Result> {
    const handle = await this.provider.openNetns(name);
    try {
      return await use(handle.fd);
    } finally {
      handle.close();
    }
  }

  /** Closes the shared sockets. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const [rtnl, uveth] = await Promise.allSettled([this.#rtnl, this.#uveth]);
    if (rtnl.status === "fulfilled") rtnl.value?.close();
    if (uveth.status === "fulfilled") uveth.value?.close();
  }
}
