// Connections, datagrams and echo requests on their way to other hosts, taken on that way by a namespace that stands in for them
// all: what an uplink, or a proxy nobody knows of, is made of. As TPROXY and IP_TRANSPARENT do it on Linux.

import { addressBytes, addressText } from "../client/address-text.ts";
import type { PassingEcho } from "../inet/passing-echo.ts";
import { answerPassingEcho, refusePassingEcho } from "../inet/passing-echo-send.ts";
import { ipNetns } from "../inet/slots.ts";
import { interceptTcp } from "../inet/tcp/connect.ts";
import type { Netns } from "../net/netdevice.ts";
import type { Endpoint } from "./endpoint.ts";
import { socketError } from "./endpoint.ts";
import { Listener } from "./listener.ts";
import { Udp } from "./udp.ts";

const backlog = 4_096;

/** An echo request on its way to another host. */
export interface InterceptedEcho {
  readonly source: string;
  readonly destination: string;
  readonly id: number;
  readonly sequence: number;
  /** Hops the packet had left when it came in. */
  readonly ttl: number;
  readonly payload: Uint8Array;
  /** Answers in the destination's name, with `ttl` hops left. */
  answer(payload: Uint8Array, ttl: number): void;
  /** Tells the sender in the name of `from` what is wrong: an error of ICMP, or of ICMPv6 for a request of IPv6. */
  refuse(error: EchoRefusal): void;
}

/** An error about an echo request: who says so, type, code, and the second word, which is the next hop's MTU or a pointer. */
export interface EchoRefusal {
  readonly from: string;
  readonly type: number;
  readonly code: number;
  readonly info?: number;
}

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

  /** Has `take` see echo requests to any address, the namespace's own too; it says whether it has taken one. */
  echoes(take: (echo: InterceptedEcho) => boolean): void {
    ipNetns(this.#netns).takePassingEcho = (echo) => take(this.#intercepted(echo));
  }

  #intercepted(echo: PassingEcho): InterceptedEcho {
    const ip = ipNetns(this.#netns);
    const { id, payload, sequence, ttl } = echo;
    return {
      source: addressText(echo.source),
      destination: addressText(echo.destination),
      id,
      sequence,
      ttl,
      payload,
      answer: (bytes, hops) => void answerPassingEcho(ip, echo, bytes, hops),
      refuse: ({ from, info = 0, ...error }) =>
        void refusePassingEcho(ip, echo, { ...error, info, from: addressBytes(from) }),
    };
  }

  close(): void {
    ipNetns(this.#netns).isIntercepting = false;
    ipNetns(this.#netns).takePassingEcho = null;
    this.connections.close();
    this.datagrams.close();
  }
}
