// A TCP connection: everything it knows. Data only; each step of a segment's way is a file of this folder.
//
// Mirrors include/linux/tcp.h (struct tcp_sock) and include/net/inet_connection_sock.h. Amounts are in bytes where Linux
// counts segments, times in nanoseconds.

import type { Timer } from "../../net/timers.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import type { Route4 } from "../ipv4/route.ts";
import type { Route6 } from "../ipv6/route.ts";
import type { Tunables } from "../tunables.ts";
import type { Cubic } from "./curve.ts";
import type { EndpointPair } from "./endpoint.ts";
import { TcpEndpoint } from "./endpoint.ts";
import type { Flight } from "./flight-record.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { SendQueue } from "./send-queue.ts";
import { CA_OPEN, TCP_CLOSE } from "./state.ts";

const MS = 1_000_000;
/** Bytes a new connection may send before the first acknowledgement, in segments (RFC 6928). */
export const INITIAL_WINDOW = 10;
/** No buffers are smaller, whatever is set (SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF). */
const leastReceiveLimit = 2_304;
const leastSendLimit = 4_608;
/** "As large as can be": no loss was seen yet. */
export const INFINITE = 0x7fff_ffff;

/** What a connection's timer is set for. */
export type TimerEvent = "none" | "retransmit" | "loss-probe" | "reorder" | "window-probe";

/** Where a connection waits to be accepted. */
export interface Accepting {
  readonly acceptQueue: TcpSocket[];
}

/** What its timers do. */
export interface TimerHandlers {
  expire(socket: TcpSocket): void;
  delayedAck(socket: TcpSocket): void;
  keepAlive(socket: TcpSocket): void;
}

/** A connection. */
export class TcpSocket extends TcpEndpoint {
  override state = TCP_CLOSE;
  /** The namespace's settings. */
  readonly tunables: Tunables;
  /** The listener that has it until it is accepted. */
  listener: Accepting | null = null;
  /** Its user has let go of it; it ends by itself. */
  isOrphan = false;
  /** Its user will send no more, read no more. */
  isSendShutdown = false;
  isReceiveShutdown = false;
  isDestroyed = false;
  /** Why it ended; what the next call of the user's says. "" for nothing. */
  error: ErrnoName | "" = "";
  /** An error that may pass; it counts if the connection times out. */
  softError: ErrnoName | "" = "";
  /** Called when there is something to read or room to write, and when the state changes; it may call back. */
  wake: () => void = () => {};
  isWakeDue = false;

  // --- What is sent ---

  readonly sendQueue: SendQueue;
  /** Initial sequence number; first not acknowledged; next to be sent; behind the last the user gave. */
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  writeSeq = 0;
  /** A FIN stands behind the last byte. */
  isFinQueued = false;
  /** The peer's window in bytes, the segment that said so, and the largest it ever was. */
  sndWnd = 0;
  sndWl1 = 0;
  maxWindow = 0;
  sndScale = 0;
  /** What the peer takes in a segment by its option; what segments carry now, options taken off. */
  peerMss = 536;
  mss = 536;
  sendLimit: number;
  isNoDelay = false;
  /** Its user found no room and waits for some. */
  isWriteBlocked = false;
  /** Segments sent and not acknowledged, oldest first (tcp_rtx_queue). */
  flightHead: Flight | null = null;
  flightTail: Flight | null = null;
  /** Of the bytes in flight: reported to have arrived, taken for lost, sent again. */
  sackedBytes = 0;
  lostBytes = 0;
  resentBytes = 0;
  /** Of those taken for lost, not sent again yet. */
  toResendBytes = 0;
  /** Behind the last segment that was not full (Minshall's variant of Nagle's rule). */
  smallEnd = 0;
  lastSentNs = 0;

  // --- Round trips ---

  /** NaN until the first was measured. */
  srttNs = Number.NaN;
  rttvarNs = 0;
  rtoNs = 1_000 * MS;
  minRttNs = Number.POSITIVE_INFINITY;
  minRttStampNs = 0;
  backoff = 0;
  retransmits = 0;
  /** When what is being repeated was first repeated. */
  retransmitStartNs = 0;

  // --- Congestion ---

  /** Place in `congestionControls`. */
  readonly congestionControl: number;
  readonly congestion: Cubic;
  caState = CA_OPEN;
  cwnd = INITIAL_WINDOW * 536;
  ssthresh = INFINITE;
  /** What has been sent by when the window was cut; the episode ends when it is acknowledged. */
  highSeq = 0;
  isCwndLimited = false;
  dupAcks = 0;
  delivered = 0;
  lostSegments = 0;
  totalRetransmits = 0;
  /** What would be restored if a loss turned out to be none (undo.ts): since when, what was sent again, and its first timestamp. */
  canUndo = false;
  undoMarker = 0;
  undoBytes = 0;
  undoStamp = 0;
  priorCwnd = 0;
  priorSsthresh = 0;
  /** A timeout may have been for nothing (F-RTO, RFC 5682); bytes never sent go before lost ones, to find out. */
  isDoubted = false;
  isNewFirst = false;
  /** Proportional rate reduction (RFC 6937). */
  prrDelivered = 0;
  prrOut = 0;
  prrFlight = 0;
  /** The latest sent of all that has arrived (RFC 8985). */
  rackSentNs = 0;
  rackEnd = 0;
  rackRttNs = 0;
  hasReordering = false;
  reorderSteps = 1;
  /** Until when that is not changed again, and recoveries after which it is forgotten. */
  hasReorderRound = false;
  reorderRoundSeq = 0;
  reorderPersist = 0;
  /** Behind what was in flight when a tail loss probe was sent, and whether that sent something again. */
  probeHighSeq = 0;
  isProbeOut = false;
  isProbeResend = false;

  // --- Explicit congestion notification (RFC 3168) ---

  /** Asked for in our SYN; agreed on; a segment that can be marked has come. */
  isEcnAsked = false;
  isEcnOk = false;
  isEcnSeen = false;
  /** The window has been cut, of which the next new segment tells; the peer is told of a mark until it says that. */
  isCwrDue = false;
  isEchoDue = false;

  // --- What is received ---

  readonly receiveQueue = new ReceiveQueue();
  irs = 0;
  rcvNxt = 0;
  /** `rcvNxt` when the window was last told, and the window in bytes. */
  rcvWup = 0;
  rcvWnd = 0;
  rcvScale = 0;
  /** Bytes that may wait to be read. */
  receiveLimit: number;
  /** The user has said how many. */
  isReceiveLimitFixed = false;
  isSendLimitFixed = false;
  /** The peer's FIN has been seen and stands at `finSeq`; it counts once all before it has come. */
  hasFin = false;
  finSeq = 0;
  isFinReceived = false;
  /** Size of the peer's segments as far as can be told. */
  rcvMss = 536;
  /** Bytes handed out, for the window to grow by. */
  bytesRead = 0;
  spaceBytes = 0;
  spaceStampNs = 0;
  spaceRead = 0;
  rcvRttNs = 0;
  rcvRttSeq = 0;
  rcvRttStampNs = 0;
  /** Acknowledgements to be sent at once before they are delayed. */
  quickAcks = 0;
  isAckPending = false;
  isAckNow = false;
  delayedAckDueNs = 0;
  /** A duplicate to be reported: its edges (RFC 2883). */
  hasDuplicate = false;
  duplicateStart = 0;
  duplicateEnd = 0;
  bytesReceived = 0;
  /** When the last bytes came; never at first, so that the first are acknowledged at once. */
  lastDataNs = Number.NEGATIVE_INFINITY;
  /** An urgent byte stands at `urgentSeq` (urgent.ts). */
  urgentState = 0;
  urgentSeq = 0;
  urgentByte = 0;

  // --- Options agreed on ---

  isSackOk = false;
  isTimestampOk = false;
  isWindowScaleOk = false;
  /** What is added to the clock in timestamps. */
  timestampOffset = 0;
  recentTimestamp = 0;
  recentStampNs = 0;

  // --- The way ---

  route4: Route4 | null = null;
  route6: Route6 | null = null;
  /** The namespace's routes when the way was found. */
  routeGeneration = -1;
  canSegment = false;
  /** The path's MTU as learned from ICMP, and until when; 0: unknown. */
  pathMtu = 0;
  pathMtuUntilNs = 0;
  tos = 0;
  ttl = -1;

  // --- Time ---

  timerEvent: TimerEvent = "none";
  timerDueNs = 0;
  readonly timer: Timer;
  readonly delayedAckTimer: Timer;
  /** Keep-alive probes while it is established, the wait for the peer's FIN later. */
  readonly keepAliveTimer: Timer;
  isKeepAlive = false;
  /** 0: as the namespace has it. */
  keepAliveIdleNs = 0;
  keepAliveIntervalNs = 0;
  keepAliveProbes = 0;
  /** How long bytes may go unacknowledged; 0: as the namespace has it. */
  userTimeoutNs = 0;
  probesOut = 0;
  /** When a shut window was first probed; NaN: it is not (icsk_probes_tstamp). */
  probeStartNs = Number.NaN;
  lastReceivedNs = 0;
  lastChallengeNs = Number.NEGATIVE_INFINITY;
  createdNs = 0;

  constructor(pair: EndpointPair, tunables: Tunables, congestion: Cubic, handlers: TimerHandlers) {
    super(pair);
    this.tunables = tunables;
    this.receiveLimit = Math.max(tunables.tcpRmemDefault, leastReceiveLimit);
    this.sendLimit = Math.max(tunables.tcpWmemDefault, leastSendLimit);
    this.congestionControl = tunables.tcpCongestionControl;
    const { frames, timers } = pair.netns.machine;
    this.congestion = congestion;
    this.sendQueue = new SendQueue(frames);
    this.timer = timers.timer(() => handlers.expire(this));
    this.delayedAckTimer = timers.timer(() => handlers.delayedAck(this));
    this.keepAliveTimer = timers.timer(() => handlers.keepAlive(this));
  }

  /** Bytes that are thought to be in the network (RFC 6675's pipe). */
  get inFlight(): number {
    return ((this.sndNxt - this.sndUna) | 0) - this.sackedBytes - this.lostBytes + this.resentBytes;
  }
}
