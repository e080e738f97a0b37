// A UDP socket: whom it listens to, what waits to be read, and how it sends. Data only; what is done with it is in the
// files beside this one.
//
// Mirrors include/linux/udp.h (struct udp_sock) and include/net/sock.h as far as they matter to UDP.

import type { Device, Frame, Netns } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import type { Route4 } from "../ipv4/route.ts";
import type { Route6 } from "../ipv6/route.ts";
import type { SourceFilter } from "../source-filter.ts";

/** What a socket's queue holds before datagrams are lost, in bytes (net.core.rmem_default). */
const defaultReceiveLimit = 212_992;

/** A datagram that came in. Addresses are of 4 or 16 bytes. */
export interface Datagram {
  readonly payload: Uint8Array;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** The device it came in on. */
  readonly ifindex: number;
  readonly ttl: number;
}

/** A group that a socket takes part in. */
export interface Membership {
  readonly group: Uint8Array;
  readonly ifindex: number;
  /** Whom it listens to there. */
  filter: SourceFilter;
  /** A sender has been named, so that its mode is settled, even after the last one is gone (ip_mc_socklist.sflist). */
  hasNamed: boolean;
}

/**
 * Takes frames that are for a socket of the kernel's own, a tunnel's, from it (encap_rcv): `start` is at the UDP header. True:
 * the frame has been taken; false: it goes to the socket's queue.
 */
export type EncapReceive = (frame: Frame, dev: Device) => boolean;

/** A socket. Made by `openUdp`, ended by `closeUdp`. */
export class UdpSocket {
  readonly netns: Netns;
  /** AF_INET: IPv4 alone; AF_INET6: IPv6, and IPv4 too unless `isV6Only`. */
  readonly family: number;
  readonly isV6Only: boolean;
  /** Its own address, of 4 or 16 bytes; null for every one. */
  local: Uint8Array | null = null;
  /** 0 until it is bound. */
  localPort = 0;
  /** Address, port and device were asked for by name, and stay when it is connected no longer (SOCK_BINDADDR_LOCK, …). */
  hasOwnAddress = false;
  hasOwnPort = false;
  hasOwnDevice = false;
  /** Its only correspondent, once connected. */
  remote: Uint8Array | null = null;
  remotePort = 0;
  /** The only device it sends and receives by; 0 for any (SO_BINDTODEVICE, sin6_scope_id). */
  ifindex = 0;
  /** Others may have the same address and port, if they allow it too. */
  reusesAddress = false;
  /** As reusesAddress, but each datagram to one is for one of them by the hash of its ends (SO_REUSEPORT). */
  reusesPort = false;
  /** May send to broadcast addresses (SO_BROADCAST). */
  isBroadcast = false;
  /** -1: the namespace's, or the device's (IP_TTL, IPV6_UNICAST_HOPS). */
  ttl = -1;
  multicastTtl = 1;
  /** What is sent to a group comes to this host's members too (IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP). */
  multicastLoop = true;
  /** The device groups are sent to by; 0: the one that routing finds. */
  multicastIfindex = 0;
  tos = 0;
  /** Datagrams over IPv4 go without a checksum (SO_NO_CHECK). */
  omitsChecksum = false;
  readonly memberships: Membership[] = [];

  receiveLimit = defaultReceiveLimit;
  queuedBytes = 0;
  readonly queue: Datagram[] = [];
  /** Datagrams that found no room. */
  dropped = 0;
  /** What went wrong since the user asked last; "" for nothing. */
  error: ErrnoName | "" = "";
  /** Called when there is something to read or an error to be told of; not to be called back from. */
  onReadable: () => void = () => {};
  encapReceive: EncapReceive | null = null;
  isClosed = false;
  /** What look-ups work with; made by the first. */
  route4: Route4 | null = null;
  route6: Route6 | null = null;

  constructor(netns: Netns, family: number, isV6Only: boolean) {
    this.netns = netns;
    this.family = family;
    this.isV6Only = isV6Only;
  }
}
