// The other side of a ping: what it wants to hear of ICMP messages that answer its requests.
//
// Mirrors net/ipv4/ping.c (ping_rcv, ping_err) as far as delivery goes.

import type { EchoListener } from "../net/outer-echo.ts";

/** One ping under way. */
export interface PingSocket extends EchoListener {
  /** AF_INET, AF_INET6 */
  readonly family: number;
  /** Its requests' identifier. */
  readonly id: number;
  /** Ends it: its namespace goes. */
  close(): void;
}
