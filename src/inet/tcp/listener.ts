// A listener: where it listens, the connections that are being made, and those that wait to be accepted.
//
// Mirrors include/net/inet_connection_sock.h and include/net/request_sock.h (struct request_sock_queue).

import type { Netns } from "../../net/netdevice.ts";
import type { Accepting, TcpSocket } from "./socket.ts";
import { TCP_LISTEN } from "./state.ts";

/** A listener. Made by `tcpListen`, ended by `closeListener`. */
export class TcpListener implements Accepting {
  readonly netns: Netns;
  readonly state = TCP_LISTEN;
  /** AF_INET: IPv4 alone; AF_INET6: IPv6, and IPv4 too unless `isV6Only`. */
  readonly family: number;
  readonly isV6Only: boolean;
  /** The address, of 4 or 16 bytes; null for every one. */
  readonly local: Uint8Array | null;
  localPort = 0;
  readonly ifindex: number;
  /** Others that say so too may have its address and port. */
  reusesPort = false;
  /** The most connections that may wait for either: their handshake, or to be accepted. */
  backlog: number;
  /** Handshakes under way. */
  requests = 0;
  readonly acceptQueue: TcpSocket[] = [];
  /** Connections that were turned away as the queue was full (LINUX_MIB_LISTENOVERFLOWS). */
  overflows = 0;
  /** When a SYN was last answered by a cookie. */
  lastCookieNs = Number.NEGATIVE_INFINITY;
  /** What connections begin with; undefined: the default. */
  receiveLimit: number | undefined;
  sendLimit: number | undefined;
  isNoDelay = false;
  ttl = -1;
  tos = 0;
  isClosed = false;
  /** Called when there is a connection to be accepted, and when it is closed. */
  wake: () => void = () => {};

  constructor(options: {
    readonly netns: Netns;
    readonly family: number;
    readonly isV6Only: boolean;
    readonly local: Uint8Array | null;
    readonly ifindex: number;
    readonly backlog: number;
  }) {
    this.netns = options.netns;
    this.family = options.family;
    this.isV6Only = options.isV6Only;
    this.local = options.local;
    this.ifindex = options.ifindex;
    this.backlog = options.backlog;
  }
}
