// Echo requests from a network stack outside the machine (OuterStack), and what comes back of them.

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

/** Who sends echo requests and wants to hear of what answers them. */
export interface EchoListener {
  reply(reply: EchoReply): void;
  error(error: EchoError): void;
}

/** Where echo requests go, and how. */
export interface EchoWay {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** The address to send from, of the same size; by default the one routing chooses. */
  readonly source?: Uint8Array | undefined;
  /** The device to leave by; by default the one routing chooses. */
  readonly ifname?: string | undefined;
  /** Type of service or traffic class; 0 by default. */
  readonly tos?: number | undefined;
  /** Hops that requests may make; the stack's default where it is not said. */
  readonly ttl?: number | undefined;
}

/** What sends them. */
export interface OuterEcho {
  /** Sends one with this sequence number, of 16 bits; returns 0, or -errno where it does not go. */
  send(sequence: number, payload: Uint8Array): number;
  close(): void;
}
