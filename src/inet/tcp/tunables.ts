// Settings of TCP in a namespace: those that something here obeys.
//
// Mirrors net/ipv4/sysctl_net_ipv4.c and net/ipv4/tcp_ipv4.c (tcp_sk_init) with their defaults and bounds.

import type { TunableOf } from "../tunable.ts";
import { maxInt, maxSeconds, minInt } from "../tunable.ts";

/** Ways to manage congestion, in the order of `tcpCongestionControl`. */
export const congestionControls = ["reno", "cubic"] as const;

/** The values. Times are in the unit of their sysctl, which the name says. */
export interface TcpTunables {
  /** A SYN of who finds no room, or whose handshake cannot be finished, is answered by a reset. */
  tcpAbortOnOverflow: number;
  tcpChallengeAckLimit: number;
  /** Place in `congestionControls`. */
  tcpCongestionControl: number;
  tcpDsack: number;
  /** 3 and above: tail loss probes. */
  tcpEarlyRetrans: number;
  /** 0: no; 1: asked for; 2: agreed to. */
  tcpEcn: number;
  tcpEcnFallback: number;
  tcpFinTimeoutS: number;
  tcpFrto: number;
  tcpInvalidRatelimitMs: number;
  tcpKeepaliveIntervalS: number;
  tcpKeepaliveProbes: number;
  tcpKeepaliveTimeS: number;
  /** Who is bound to no device serves every VRF. */
  tcpL3mdevAccept: number;
  tcpMaxSynBacklog: number;
  tcpMaxTwBuckets: number;
  tcpMinSndMss: number;
  tcpModerateRcvbuf: number;
  tcpOrphanRetries: number;
  tcpReordering: number;
  tcpRetries2: number;
  tcpRfc1337: number;
  /** Bytes that may wait to be read: kept for who changes them, at first, and at most. */
  tcpRmemMin: number;
  tcpRmemDefault: number;
  tcpRmemMax: number;
  tcpRtoMaxMs: number;
  tcpRtoMinUs: number;
  tcpSack: number;
  tcpSlowStartAfterIdle: number;
  tcpSynLinearTimeouts: number;
  tcpSynRetries: number;
  tcpSynackRetries: number;
  /** 0: none; 1: when a listener's queue is full; 2: always. */
  tcpSyncookies: number;
  /** 0: none; 1: with an offset nobody can guess; else without. */
  tcpTimestamps: number;
  /** 0: never; 1: always; 2: over loopback. */
  tcpTwReuse: number;
  tcpTwReuseDelayMs: number;
  tcpWindowScaling: number;
  /** Bytes that may be unacknowledged, as for what is received. */
  tcpWmemMin: number;
  tcpWmemDefault: number;
  tcpWmemMax: number;
}

/** What every namespace starts with. */
export function initialTcpTunables(): TcpTunables {
  return {
    tcpAbortOnOverflow: 0,
    tcpChallengeAckLimit: maxInt,
    tcpCongestionControl: 1,
    tcpDsack: 1,
    tcpEarlyRetrans: 3,
    tcpEcn: 2,
    tcpEcnFallback: 1,
    tcpFinTimeoutS: 60,
    tcpFrto: 2,
    tcpInvalidRatelimitMs: 500,
    tcpKeepaliveIntervalS: 75,
    tcpKeepaliveProbes: 9,
    tcpKeepaliveTimeS: 7_200,
    tcpL3mdevAccept: 0,
    tcpMaxSynBacklog: 2_048,
    tcpMaxTwBuckets: 16_384,
    tcpMinSndMss: 48,
    tcpModerateRcvbuf: 1,
    tcpOrphanRetries: 0,
    tcpReordering: 3,
    tcpRetries2: 15,
    tcpRfc1337: 0,
    tcpRmemMin: 4_096,
    tcpRmemDefault: 131_072,
    tcpRmemMax: 6 << 20,
    tcpRtoMaxMs: 120_000,
    tcpRtoMinUs: 200_000,
    tcpSack: 1,
    tcpSlowStartAfterIdle: 1,
    tcpSynLinearTimeouts: 4,
    tcpSynRetries: 6,
    tcpSynackRetries: 5,
    tcpSyncookies: 1,
    tcpTimestamps: 1,
    tcpTwReuse: 2,
    tcpTwReuseDelayMs: 1_000,
    tcpWindowScaling: 1,
    tcpWmemMin: 4_096,
    tcpWmemDefault: 16_384,
    tcpWmemMax: 4 << 20,
  };
}

/** TIME-WAIT is that long: what is older is no longer there (TCP_TIMEWAIT_LEN). */
const maxTwReuseDelayMs = 60_000;

/** Every setting by its name, without the `net.`. */
export const tcpTunableNames: readonly TunableOf<TcpTunables>[] = [
  { name: "ipv4.tcp_abort_on_overflow", keys: ["tcpAbortOnOverflow"], min: 0, max: 255 },
  { name: "ipv4.tcp_challenge_ack_limit", keys: ["tcpChallengeAckLimit"], min: minInt, max: maxInt },
  {
    name: "ipv4.tcp_congestion_control",
    keys: ["tcpCongestionControl"],
    min: 0,
    max: 1,
    words: congestionControls,
  },
  { name: "ipv4.tcp_dsack", keys: ["tcpDsack"], min: 0, max: 255 },
  { name: "ipv4.tcp_early_retrans", keys: ["tcpEarlyRetrans"], min: 0, max: 4 },
  { name: "ipv4.tcp_ecn", keys: ["tcpEcn"], min: 0, max: 2 },
  { name: "ipv4.tcp_ecn_fallback", keys: ["tcpEcnFallback"], min: 0, max: 1 },
  { name: "ipv4.tcp_fin_timeout", keys: ["tcpFinTimeoutS"], min: -maxSeconds, max: maxSeconds },
  { name: "ipv4.tcp_frto", keys: ["tcpFrto"], min: 0, max: 255 },
  { name: "ipv4.tcp_invalid_ratelimit", keys: ["tcpInvalidRatelimitMs"], min: 0, max: maxInt },
  { name: "ipv4.tcp_keepalive_intvl", keys: ["tcpKeepaliveIntervalS"], min: -maxSeconds, max: maxSeconds },
  { name: "ipv4.tcp_keepalive_probes", keys: ["tcpKeepaliveProbes"], min: 0, max: 255 },
  { name: "ipv4.tcp_keepalive_time", keys: ["tcpKeepaliveTimeS"], min: -maxSeconds, max: maxSeconds },
  { name: "ipv4.tcp_l3mdev_accept", keys: ["tcpL3mdevAccept"], min: 0, max: 1 },
  { name: "ipv4.tcp_max_syn_backlog", keys: ["tcpMaxSynBacklog"], min: minInt, max: maxInt },
  { name: "ipv4.tcp_max_tw_buckets", keys: ["tcpMaxTwBuckets"], min: minInt, max: maxInt },
  { name: "ipv4.tcp_min_snd_mss", keys: ["tcpMinSndMss"], min: 48, max: 65_535 },
  { name: "ipv4.tcp_moderate_rcvbuf", keys: ["tcpModerateRcvbuf"], min: 0, max: 255 },
  { name: "ipv4.tcp_orphan_retries", keys: ["tcpOrphanRetries"], min: 0, max: 255 },
  { name: "ipv4.tcp_reordering", keys: ["tcpReordering"], min: 1, max: 300 },
  { name: "ipv4.tcp_retries2", keys: ["tcpRetries2"], min: 0, max: 255 },
  { name: "ipv4.tcp_rfc1337", keys: ["tcpRfc1337"], min: 0, max: 255 },
  { name: "ipv4.tcp_rmem", keys: ["tcpRmemMin", "tcpRmemDefault", "tcpRmemMax"], min: 1, max: maxInt },
  { name: "ipv4.tcp_rto_max_ms", keys: ["tcpRtoMaxMs"], min: 1_000, max: 120_000 },
  { name: "ipv4.tcp_rto_min_us", keys: ["tcpRtoMinUs"], min: 1, max: maxInt },
  { name: "ipv4.tcp_sack", keys: ["tcpSack"], min: 0, max: 255 },
  { name: "ipv4.tcp_slow_start_after_idle", keys: ["tcpSlowStartAfterIdle"], min: 0, max: 255 },
  { name: "ipv4.tcp_syn_linear_timeouts", keys: ["tcpSynLinearTimeouts"], min: 0, max: 127 },
  { name: "ipv4.tcp_syn_retries", keys: ["tcpSynRetries"], min: 1, max: 127 },
  { name: "ipv4.tcp_synack_retries", keys: ["tcpSynackRetries"], min: 0, max: 255 },
  { name: "ipv4.tcp_syncookies", keys: ["tcpSyncookies"], min: 0, max: 255 },
  { name: "ipv4.tcp_timestamps", keys: ["tcpTimestamps"], min: 0, max: 255 },
  { name: "ipv4.tcp_tw_reuse", keys: ["tcpTwReuse"], min: 0, max: 2 },
  { name: "ipv4.tcp_tw_reuse_delay", keys: ["tcpTwReuseDelayMs"], min: 1, max: maxTwReuseDelayMs },
  { name: "ipv4.tcp_window_scaling", keys: ["tcpWindowScaling"], min: 0, max: 255 },
  { name: "ipv4.tcp_wmem", keys: ["tcpWmemMin", "tcpWmemDefault", "tcpWmemMax"], min: 1, max: maxInt },
];
