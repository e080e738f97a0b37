// What is lost, told by time: whatever was sent well before something that has arrived (RFC 8985). The duplicates of RFC 6675
// are the case of no reordering seen: three segments beyond a hole, and it is not waited any longer.
//
// Mirrors net/ipv4/tcp_recovery.c (tcp_rack_advance, tcp_rack_reo_wnd, tcp_rack_detect_loss, tcp_rack_update_reo_wnd).

import { markLost } from "./flight.ts";
import type { Flight } from "./flight-record.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { CA_RECOVERY } from "./state.ts";

/** The longest wait, in quarters of the shortest round trip, and recoveries without a duplicate after which it is one again. */
const maxReorderSteps = 0xff;
const persistence = 16;

/** A record has arrived: it may be the latest sent of all that have. */
export function noteDelivered(socket: TcpSocket, flight: Flight, nowNs: number): void {
  const rttNs = nowNs - flight.sentNs;
  // So soon after it was sent again, it is the first one that arrived.
  if (flight.wasResent && rttNs < socket.minRttNs) return;
  if (!isSentAfter(flight.sentNs, flight.end, socket.rackSentNs, socket.rackEnd)) return;
  socket.rackSentNs = flight.sentNs;
  socket.rackEnd = flight.end;
  socket.rackRttNs = rttNs;
}

function isSentAfter(oneNs: number, one: number, otherNs: number, other: number): boolean {
  return oneNs > otherNs || (oneNs === otherNs && after(one, other));
}

/**
 * Takes for lost what was sent too long before the latest arrival. Returns after how long another look is due, 0 when none is.
 */
export function detectLoss(socket: TcpSocket, nowNs: number): number {
  const limitNs = socket.rackRttNs + reorderWindow(socket);
  let soonestNs = 0;
  for (let flight = socket.flightHead; flight !== null; flight = flight.next) {
    if (flight.isSacked || (flight.isLost && !flight.isResent)) continue;
    if (!isSentAfter(socket.rackSentNs, socket.rackEnd, flight.sentNs, flight.end)) {
      // Records sent once stand in the order of their sending: all behind are later.
      if (!flight.wasResent) break;
      continue;
    }
    const remainingNs = flight.sentNs + limitNs - nowNs;
    if (remainingNs <= 0) markLost(socket, flight);
    else if (remainingNs > soonestNs) soonestNs = remainingNs;
  }
  return soonestNs;
}

/** Whether a record was sent so long ago that its acknowledgement would have come (tcp_rack_skb_timeout). */
export function isOverdue(socket: TcpSocket, flight: Flight, nowNs: number): boolean {
  return flight.sentNs + socket.rackRttNs <= nowNs;
}

/** Something sent again had not been lost: waits longer for what is late, one step in a round trip (RFC 8985 6.2 step 4). */
export function waitLonger(socket: TcpSocket, ack: number): void {
  if (socket.hasReorderRound && before(ack, socket.reorderRoundSeq)) return;
  socket.hasReorderRound = true;
  socket.reorderRoundSeq = socket.sndNxt;
  socket.reorderSteps = Math.min(socket.reorderSteps + 1, maxReorderSteps);
  socket.reorderPersist = persistence;
}

/** A recovery is over; after so many in which nothing came twice, what is late is no longer waited for so long. */
export function noteRecovered(socket: TcpSocket): void {
  if (socket.reorderPersist > 0 && --socket.reorderPersist === 0) socket.reorderSteps = 1;
}

/** How long an arrival may be late before it counts as lost (RFC 8985 6.2 step 4). */
function reorderWindow(socket: TcpSocket): number {
  const isInRecovery = socket.caState >= CA_RECOVERY;
  const isMany = socket.sackedBytes >= socket.tunables.tcpReordering * socket.mss;
  if (!socket.hasReordering && (isInRecovery || isMany)) return 0;
  const minNs = Number.isFinite(socket.minRttNs) ? socket.minRttNs : 0;
  const srttNs = Number.isNaN(socket.srttNs) ? minNs : socket.srttNs;
  return Math.min((minNs / 4) * socket.reorderSteps, srttNs);
}
