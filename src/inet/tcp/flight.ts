// What is in flight, and what has become of it: arrived out of order, lost, sent again. The sums kept with the connection always
// agree with the records.
//
// Mirrors the use of struct sk_buff in tcp_rtx_queue: net/ipv4/tcp_input.c (tcp_clean_rtx_queue, tcp_fragment) and
// include/net/tcp.h (struct tcp_skb_cb).

import type { Flight, FlightPool } from "./flight-record.ts";
import type { TcpSocket } from "./socket.ts";

/** Notes a segment that was sent for the first time. */
export function appendFlight(socket: TcpSocket, flight: Flight): void {
  const tail = socket.flightTail;
  flight.previous = tail;
  if (tail === null) socket.flightHead = flight;
  else tail.next = flight;
  socket.flightTail = flight;
}

/** Takes a record out and gives it back; its bytes no longer count. */
export function removeFlight(socket: TcpSocket, flight: Flight, pool: FlightPool): void {
  const { length, next, previous } = flight;
  if (flight.isSacked) socket.sackedBytes -= length;
  if (flight.isLost) {
    socket.lostBytes -= length;
    if (!flight.isResent) socket.toResendBytes -= length;
  }
  if (flight.isResent) socket.resentBytes -= length;
  if (previous === null) socket.flightHead = next;
  else previous.next = next;
  if (next === null) socket.flightTail = previous;
  else next.previous = previous;
  pool.give(flight);
}

/** Cuts a record in two at `sequence`, which is inside it; the later part is a record of its own behind it (tcp_fragment). */
export function splitFlight(socket: TcpSocket, flight: Flight, sequence: number, pool: FlightPool): void {
  const rest = pool.take(sequence, flight.end, flight.sentNs);
  rest.isPushed = flight.isPushed;
  flight.isPushed = false;
  rest.isSacked = flight.isSacked;
  rest.isLost = flight.isLost;
  rest.isResent = flight.isResent;
  rest.wasResent = flight.wasResent;
  flight.end = sequence;
  rest.previous = flight;
  rest.next = flight.next;
  if (flight.next === null) socket.flightTail = rest;
  else flight.next.previous = rest;
  flight.next = rest;
}

/** Takes a record for lost; it is to be sent again. */
export function markLost(socket: TcpSocket, flight: Flight): void {
  if (flight.isSacked || (flight.isLost && !flight.isResent)) return;
  const { length } = flight;
  if (flight.isResent) {
    flight.isResent = false;
    socket.resentBytes -= length;
  }
  if (!flight.isLost) {
    flight.isLost = true;
    socket.lostBytes += length;
  }
  socket.toResendBytes += length;
  socket.lostSegments += Math.ceil(length / socket.mss);
}

/** Notes that a record has arrived at the peer though not in order (tcp_sacktag_one). */
export function markSacked(socket: TcpSocket, flight: Flight): void {
  const { length } = flight;
  if (flight.isLost) {
    socket.lostBytes -= length;
    if (!flight.isResent) socket.toResendBytes -= length;
    flight.isLost = false;
  }
  if (flight.isResent) {
    socket.resentBytes -= length;
    flight.isResent = false;
  }
  flight.isSacked = true;
  socket.sackedBytes += length;
}

/** Notes that a record was sent again. */
export function markResent(socket: TcpSocket, flight: Flight, nowNs: number): void {
  const { length } = flight;
  if (flight.isLost && !flight.isResent) socket.toResendBytes -= length;
  if (!flight.isResent) socket.resentBytes += length;
  flight.isResent = true;
  flight.wasResent = true;
  flight.sentNs = nowNs;
}

/** Forgets that anything has arrived out of order: the peer may have dropped it (tcp_enter_loss). */
export function forgetSacked(socket: TcpSocket, flight: Flight): void {
  if (!flight.isSacked) return;
  flight.isSacked = false;
  socket.sackedBytes -= flight.length;
}

/** Forgets everything in flight. */
export function clearFlight(socket: TcpSocket, pool: FlightPool): void {
  for (let flight = socket.flightHead; flight !== null; flight = socket.flightHead) {
    removeFlight(socket, flight, pool);
  }
}
