// An acknowledgement comes in: the window it tells, what it lets go of, the round trip it took, and what follows for what may be
// sent.
//
// Mirrors net/ipv4/tcp_input.c (tcp_ack, tcp_clean_rtx_queue, tcp_ack_update_window, tcp_ack_update_rtt).

import { ipNetns } from "../slots.ts";
import { clearTimer, setTimer } from "./arm.ts";
import { cubicMeasure } from "./cubic.ts";
import { removeFlight } from "./flight.ts";
import type { FlightPool } from "./flight-record.ts";
import { watchFlight } from "./output.ts";
import type { Progress } from "./progress.ts";
import { noteDelivered } from "./rack.ts";
import { judgeProbe, manageCongestion } from "./recovery.ts";
import { backedOffRto, measureRtt, patienceOf } from "./rtt.ts";
import { processSack } from "./sack.ts";
import type { Segment } from "./segment.ts";
import { after, before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import { tcpTable } from "./table.ts";
import { timestampAt } from "./timestamp.ts";
import { undoIfDelayed } from "./undo.ts";

const MS = 1_000_000;

/** How long a peer that seems to have taken back what it reported is given to say otherwise, at least. */
const leastRenegeNs = 10 * MS;

/** What an acknowledgement was found to be. */
export type AckVerdict = "good" | "old" | "challenge";

/**
 * Takes a segment's acknowledgement into account. "old": it says nothing new; "challenge": it cannot be, and the peer is to be
 * asked what it means (RFC 5961 5).
 */
export function processAck(socket: TcpSocket, segment: Segment, nowNs: number): AckVerdict {
  const { ack } = segment;
  const oldUna = socket.sndUna;
  if (before(ack, oldUna)) return before(ack, (oldUna - socket.maxWindow) | 0) ? "challenge" : "old";
  if (after(ack, socket.sndNxt)) return "challenge";
  const { flights: pool, progress } = tcpTable(ipNetns(socket.netns));
  progress.begin(socket, segment);
  const oldWindow = socket.sndWnd;
  updateWindow(socket, segment);
  if (oldWindow !== socket.sndWnd) progress.isDuplicate = false;
  socket.probesOut = 0;
  if (segment.sackCount > 0 && socket.isSackOk) processSack(socket, segment, progress, pool, nowNs);
  if (progress.ackedBytes > 0) letGo(socket, segment, progress, pool, nowNs);
  socket.delivered += progress.deliveredBytes;
  if (socket.flightHead === null && progress.ackedBytes === 0) {
    watchWindow(socket, nowNs);
    return "good";
  }
  judgeProbe(socket, ack);
  if (progress.ackedBytes > 0 && socket.flightHead?.isSacked === true) {
    // What is next has been reported, so it would have been acknowledged: the peer has taken it back (tcp_check_sack_reneging).
    setTimer(socket, "retransmit", Math.max((socket.srttNs || 0) / 2, leastRenegeNs), nowNs);
    return "good";
  }
  const lateNs = manageCongestion(socket, progress, nowNs);
  if (socket.flightHead === null) {
    clearTimer(socket);
  } else if (lateNs > 0) setTimer(socket, "reorder", lateNs, nowNs);
  else if (progress.ackedBytes > 0 || socket.timerEvent === "reorder") watchFlight(socket, nowNs);
  return "good";
}

/** The window has opened for the next segment, or has not: whoever probes it waits anew then (tcp_ack_probe). */
function watchWindow(socket: TcpSocket, nowNs: number): void {
  if (socket.timerEvent !== "window-probe") return;
  const { mss, probeStartNs, sndNxt, sndUna, sndWnd, writeSeq } = socket;
  const next = Math.min((writeSeq - sndNxt) | 0, mss);
  if (((sndUna + sndWnd - sndNxt) | 0) < next) {
    const elapsedNs = Number.isNaN(probeStartNs) ? 0 : nowNs - probeStartNs;
    return setTimer(socket, "window-probe", patienceOf(socket, backedOffRto(socket), elapsedNs), nowNs);
  }
  socket.backoff = 0;
  socket.probeStartNs = Number.NaN;
  clearTimer(socket);
}

/** Takes the window from a segment that is newer than the one that told it last (RFC 9293 3.10.7.4). */
function updateWindow(socket: TcpSocket, segment: Segment): void {
  const { ack, sequence } = segment;
  const window = segment.window * 2 ** socket.sndScale;
  const isNewer =
    after(ack, socket.sndUna) ||
    after(sequence, socket.sndWl1) ||
    (sequence === socket.sndWl1 && (window > socket.sndWnd || window === 0));
  if (!isNewer) return;
  socket.sndWl1 = sequence;
  socket.sndWnd = window;
  if (window > socket.maxWindow) socket.maxWindow = window;
}

/** Lets go of what has been acknowledged, and measures how long that took. */
function letGo(
  socket: TcpSocket,
  segment: Segment,
  progress: Progress,
  pool: FlightPool,
  nowNs: number,
): void {
  const { ack } = segment;
  let firstSentNs = Number.NaN;
  let lastSentNs = Number.NaN;
  let isAmbiguous = false;
  for (let flight = socket.flightHead; flight !== null; flight = socket.flightHead) {
    if (after(flight.end, ack)) {
      if (after(ack, flight.sequence)) cutFlight(socket, flight, ack, progress);
      break;
    }
    if (!flight.isSacked) {
      progress.deliveredBytes += flight.length;
      noteDelivered(socket, flight, nowNs);
      if (flight.next?.isSacked === true && !flight.wasResent) socket.hasReordering = true;
    }
    if (flight.wasResent) isAmbiguous = true;
    else if (!flight.isSacked) {
      if (Number.isNaN(firstSentNs)) firstSentNs = flight.sentNs;
      lastSentNs = flight.sentNs;
      if (!after(flight.end, socket.highSeq)) progress.isOriginal = true;
    }
    removeFlight(socket, flight, pool);
  }
  socket.sndUna = ack;
  socket.sendQueue.release(ack);
  if (socket.canUndo) undoIfDelayed(socket, segment);
  socket.retransmits = 0;
  socket.backoff = 0;
  socket.softError = "";
  if (!isAmbiguous && !Number.isNaN(firstSentNs)) {
    measureRtt(socket, nowNs - firstSentNs, nowNs);
    cubicMeasure(socket, nowNs - lastSentNs, nowNs);
  } else if (segment.hasTimestamp && socket.isTimestampOk && segment.timestampEcho !== 0) {
    const elapsedMs = (timestampAt(socket, nowNs) - segment.timestampEcho) | 0;
    if (elapsedMs >= 0 && elapsedMs < 300_000) measureRtt(socket, Math.max(elapsedMs, 1) * MS, nowNs);
  }
}

/** Part of a record has been acknowledged: the rest stays (tcp_tso_acked). */
function cutFlight(
  socket: TcpSocket,
  flight: {
    sequence: number;
    readonly isSacked: boolean;
    readonly isLost: boolean;
    readonly isResent: boolean;
  },
  ack: number,
  progress: Progress,
): void {
  const count = (ack - flight.sequence) | 0;
  if (flight.isSacked) socket.sackedBytes -= count;
  else progress.deliveredBytes += count;
  if (flight.isLost) {
    socket.lostBytes -= count;
    if (!flight.isResent) socket.toResendBytes -= count;
  }
  if (flight.isResent) socket.resentBytes -= count;
  flight.sequence = ack;
}
