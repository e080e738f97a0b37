// Connections and datagrams on their way to other hosts, taken on that way by a namespace that stands in for them all: what an
// uplink, or a proxy nobody knows of, is made of. As TPROXY and IP_TRANSPARENT do it on Linux.

import { ipNetns } from "../inet/slots.ts";
import { interceptTcp } from "../inet/tcp/connect.ts";
import type { Netns } from "../net/netdevice.ts";
import type { Endpoint } from "./endpoint.ts";
import { socketError } from "./endpoint.ts";
import { Listener } from "./listener.ts";
import { Udp } from "./udp.ts";

const backlog = 4_096;

/** Takes what passes a namespace, which must forward (`net.ipv4.ip_forward`, `net.ipv6.conf.all.forwarding`). */
export class Interceptor {
  readonly #netns: Netns;
  /** Connections to any address and port: `localAddress` says which. */
  readonly connections: Listener;
  /** Datagrams to any address and port: `destination` and `destinationPort` say which. */
  readonly datagrams: Udp;

  constructor(netns: Netns) {
    const listener = interceptTcp(netns, backlog);
    if (typeof listener === "string") throw socketError(listener, "intercept");
    this.#netns = netns;
    ipNetns(netns).isIntercepting = true;
    this.connections = new Listener(netns, {}, listener);
    this.datagrams = new Udp(netns, {}, true);
  }

  /** A socket that speaks to `to` in the name of `as`: what `to` sends there comes to it from then on. */
  answer(as: Endpoint, to: Endpoint): Udp {
    const socket = new Udp(this.#netns, { ...as, reuseAddress: true });
    socket.connect(to);
    return socket;
  }

  close(): void {
    ipNetns(this.#netns).isIntercepting = false;
    this.connections.close();
    this.datagrams.close();
  }
}
