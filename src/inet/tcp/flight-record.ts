// A record of each segment sent, large or small, until it is acknowledged. Records go round: none is made at steady state.
//
// Mirrors include/net/tcp.h (struct tcp_skb_cb) as far as the queue of what was sent needs it.

/** A stretch of sequence numbers that was sent together. */
export class Flight {
  sequence = 0;
  end = 0;
  /** When it was sent last. */
  sentNs = 0;
  /** Its last byte was the last that there was: it is to be handed on at once (PSH). */
  isPushed = false;
  isSacked = false;
  isLost = false;
  /** It was sent again and that is in flight. */
  isResent = false;
  /** It was sent more than once: its round trip says nothing (Karn). */
  wasResent = false;
  next: Flight | null = null;
  previous: Flight | null = null;

  get length(): number {
    return (this.end - this.sequence) | 0;
  }
}

/** Records nobody uses. */
export class FlightPool {
  #free: Flight | null = null;

  take(sequence: number, end: number, sentNs: number): Flight {
    const flight = this.#free ?? new Flight();
    this.#free = flight.next;
    flight.sequence = sequence;
    flight.end = end;
    flight.sentNs = sentNs;
    flight.isPushed = false;
    flight.isSacked = false;
    flight.isLost = false;
    flight.isResent = false;
    flight.wasResent = false;
    flight.next = null;
    flight.previous = null;
    return flight;
  }

  give(flight: Flight): void {
    flight.previous = null;
    flight.next = this.#free;
    this.#free = flight;
  }
}
