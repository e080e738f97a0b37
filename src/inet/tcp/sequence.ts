// Sequence numbers: signed 32-bit integers that wrap around, compared by their difference (RFC 9293 3.4).
//
// Mirrors include/net/tcp.h (before, after, between).

/** Whether `one` comes before `other`. */
export function before(one: number, other: number): boolean {
  return ((one - other) | 0) < 0;
}

/** Whether `one` comes after `other`. */
export function after(one: number, other: number): boolean {
  return ((other - one) | 0) < 0;
}
