// Why a frame was dropped. Reasons are counted per device, shown in its statistics and written into captures.
//
// Mirrors include/net/dropreason-core.h in spirit: short names of our own, the kernel's in the comments.

/** One line each: what happened, and the kernel's SKB_DROP_REASON_* where it has one. */
export type DropReason =
  /** The receiving device's backlog is full (CPU_BACKLOG). */
  | "backlog"
  /** The device is not up (DEV_READY). */
  | "device-down"
  /** The device has no carrier, or was never up: its queue is the noop one (QDISC_DROP of noop_enqueue). */
  | "no-carrier"
  /** The pair's other end is gone. */
  | "no-peer"
  /** The pair's other end is not up. */
  | "peer-down"
  /** Whoever holds the device's other side does not read as fast as is sent (FULL_RING). */
  | "full-ring"
  /** The frame is shorter than an Ethernet header (HDR_TRUNC). */
  | "runt"
  /** The frame is longer than the receiver's MTU allows (PKT_TOO_BIG). */
  | "oversize"
  /** Nobody handles this protocol (UNHANDLED_PROTO). */
  | "unhandled-protocol"
  /** The frame is for another host's MAC address (OTHERHOST). */
  | "otherhost"
  /** The pool has no memory left for a frame (NOMEM). */
  | "no-memory"
  /** A queueing discipline is over its limit (QDISC_OVERLIMIT). */
  | "qdisc"
  /** netem lost it, as it was told to. */
  | "netem-loss"
  /** A function on the wire dropped it, or held too many. */
  | "wire"
  /** A large frame cannot be cut into segments: malformed, or no memory for them. */
  | "bad-segment"
  /** A packet's header is malformed (IP_INHDR, IPV6 header checks). */
  | "bad-header"
  /** A checksum is wrong (IP_CSUM, ICMP_CSUM, UDP_CSUM, TCP_CSUM). */
  | "bad-checksum"
  /** The packet is for no address of this host and forwarding is off (IP_INADDRERRORS). */
  | "not-for-us"
  /** Nobody has said which tunnel a frame is to be sent by (TUNNEL_TXINFO). */
  | "no-tunnel"
  /** There is no route (IP_OUTNOROUTES, IP_INNOROUTES). */
  | "no-route"
  /** The hop limit or time to live ran out. */
  | "ttl"
  /** The packet is too big for the next link and may not be fragmented (PKT_TOO_BIG). */
  | "too-big"
  /** A source address that cannot be (IP_INVALID_SOURCE, IP_RPFILTER). */
  | "bad-source"
  /** A destination address that cannot be (IP_INVALID_DEST). */
  | "bad-destination"
  /** The next hop did not answer (NEIGH_FAILED). */
  | "neigh-failed"
  /** Too many packets wait for the next hop's address (NEIGH_QUEUEFULL). */
  | "neigh-queue-full"
  /** The fragments of a packet did not all come, or too many wait (FRAG_REASM_TIMEOUT, FRAG_TOO_FAR). */
  | "fragment"
  /** The protocol inside IP has no handler (IP_NOPROTO). */
  | "no-protocol"
  /** No socket listens there (NO_SOCKET). */
  | "no-socket"
  /** A bridge port's or filter's decision. */
  | "filtered"
  /** A bridge's port does not forward, or does not take part, now (BRIDGE_INGRESS_STP_STATE). */
  | "stp-state"
  /** A bridge has no port to send the frame by (BRIDGE_NO_EGRESS_PORT). */
  | "no-egress-port"
  /** The sender's hardware address cannot be one (MAC_INVALID_SOURCE). */
  | "bad-mac-source"
  /** The frame is in no VLAN of the bridge's port (VLAN_FILTER). */
  | "vlan-filtered"
  /** A port that is locked does not know the sender. */
  | "locked"
  /** Netlink or a driver asked for the frame to be dropped, as a dummy device drops what it sends. */
  | "blackhole";
