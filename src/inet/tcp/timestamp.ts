// The clock of timestamps (RFC 7323 4.1).

/** Milliseconds, and the connection's own offset, so that nobody learns how long the host has been up. */
export function timestampAt(socket: { readonly timestampOffset: number }, nowNs: number): number {
  return (Math.floor(nowNs / 1_000_000) + socket.timestampOffset) | 0;
}
