// What stands in the table of connections: a socket, a connection that is not yet one, and one that was.
//
// Mirrors include/net/inet_sock.h (struct inet_sock), include/net/request_sock.h and include/net/inet_timewait_sock.h.

import { getBe32 } from "../../bytes/endian.ts";
import type { Netns } from "../../net/netdevice.ts";
import { hash4, hash6 } from "../hash-ends.ts";

/** Both ends of a connection. Addresses are of 4 or 16 bytes. */
export interface EndpointPair {
  readonly netns: Netns;
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
}

/** Something with both ends known. */
export abstract class TcpEndpoint {
  readonly netns: Netns;
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
  readonly isFour: boolean;
  /** The addresses as signed numbers, 0 over IPv6, and both ports in one. */
  readonly local4: number;
  readonly remote4: number;
  readonly ports: number;
  readonly hash: number;
  /** The device it is bound to, 0 for any. */
  ifindex = 0;
  /** The next of its bucket, and whether it stands in the table; owned by table.ts. */
  hashNext: TcpEndpoint | null = null;
  isHashed = false;
  /** TCP_*, state.ts. */
  state = 0;

  constructor({ local, localPort, netns, remote, remotePort }: EndpointPair) {
    this.netns = netns;
    this.local = local;
    this.localPort = localPort;
    this.remote = remote;
    this.remotePort = remotePort;
    this.isFour = local.length === 4;
    this.local4 = this.isFour ? getBe32(local, 0) | 0 : 0;
    this.remote4 = this.isFour ? getBe32(remote, 0) | 0 : 0;
    this.ports = (localPort << 16) | remotePort;
    this.hash = this.isFour
      ? hash4(this.local4, this.remote4, this.ports)
      : hash6(local, 0, remote, 0, this.ports);
  }
}
