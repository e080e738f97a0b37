// The other side of a ping: what it wants to hear of ICMP messages that answer its requests.
//
// Mirrors net/ipv4/ping.c (ping_rcv, ping_err) as far as delivery goes.

/** An ICMP message that answers an echo request. */
export interface EchoReply {
  /** The sequence number's 16 bits. */
  readonly sequence: number;
  /** Address of the sender, 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly ttl: number;
  /** Bytes of the ICMP message. */
  readonly size: number;
  /** The payload begins with the bytes of the request's. */
  readonly payload: Uint8Array;
}

/** An error about an echo request. */
export interface EchoError {
  readonly sequence: number;
  readonly source: Uint8Array;
  readonly type: number;
  readonly code: number;
  /** The message's second word: the next hop's MTU, or a pointer. */
  readonly info: number;
}

/** One ping under way. */
export interface PingSocket {
  /** AF_INET, AF_INET6 */
  readonly family: number;
  /** Its requests' identifier. */
  readonly id: number;
  reply(reply: EchoReply): void;
  error(error: EchoError): void;
  /** Ends it: its namespace goes. */
  close(): void;
}
