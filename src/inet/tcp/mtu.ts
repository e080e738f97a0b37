// How large segments may be: what the way takes, what the peer takes, what ICMP has said of the path (RFC 1191, RFC 8201).
//
// Mirrors net/ipv4/tcp_output.c (tcp_sync_mss, tcp_mtu_to_mss, tcp_current_mss) and net/ipv4/tcp_ipv4.c
// (tcp_v4_mtu_reduced). Omitted: packetization-layer discovery (tcp_mtu_probing).

import { IPV4_SIZE } from "../../wire/ipv4.ts";
import { IPV6_HEADER_SIZE } from "../../wire/ipv6.ts";
import { TCP_SIZE } from "../../wire/tcp.ts";
import type { TcpSocket } from "./socket.ts";

const S = 1_000_000_000;
/** Smaller path MTUs of IPv6 are not believed (RFC 8200 5). */
const leastMtu6 = 1_280;
/** No segment is asked for that carries less (TCP_MIN_SND_MSS). */
const leastMss = 48;
const timestampSize = 12;
/** IPv4's default when the peer says nothing (RFC 9293 3.7.1). */
export const DEFAULT_MSS = 536;

interface Sized {
  readonly isFour: boolean;
  readonly route4: { readonly mtu: number } | null;
  readonly route6: { readonly mtu: number } | null;
}

/** The largest segment that can be received by the way of the connection: what the MSS option says. */
export function advertisedMss(pair: Sized): number {
  const mtu = pair.isFour ? (pair.route4?.mtu ?? 0) : (pair.route6?.mtu ?? 0);
  return Math.max(mtu - headers(pair.isFour), leastMss + timestampSize);
}

function headers(isFour: boolean): number {
  return (isFour ? IPV4_SIZE : IPV6_HEADER_SIZE) + TCP_SIZE;
}

/** Works out what segments carry, after the way or what is known of the path has changed (tcp_sync_mss). */
export function syncMss(socket: TcpSocket, nowNs: number): void {
  const { isFour, pathMtu, route4, route6 } = socket;
  if (pathMtu !== 0 && nowNs >= socket.pathMtuUntilNs) socket.pathMtu = 0;
  const routeMtu = isFour ? (route4?.mtu ?? 0) : (route6?.mtu ?? 0);
  const mtu = socket.pathMtu !== 0 ? Math.min(socket.pathMtu, routeMtu) : routeMtu;
  const options = socket.isTimestampOk ? timestampSize : 0;
  const least = socket.tunables.tcpMinSndMss;
  const wanted = Math.max(Math.min(mtu - headers(isFour), socket.peerMss), least);
  const mss = withinWindow(socket, wanted - options, options);
  if (mss === socket.mss) return;
  socket.mss = mss;
}

/** No segment is larger than half of the largest window that the peer has told, or than a small one (tcp_bound_to_half_wnd). */
function withinWindow({ maxWindow }: TcpSocket, mss: number, options: number): number {
  const most = maxWindow > DEFAULT_MSS ? maxWindow >> 1 : maxWindow;
  return most > 0 && mss > most ? Math.max(most, leastMss - options) : mss;
}

/** Takes an MTU that ICMP told into account; false when it changes nothing. */
export function learnPathMtu(socket: TcpSocket, mtu: number, nowNs: number): boolean {
  const { isFour } = socket;
  const routeMtu = isFour ? (socket.route4?.mtu ?? 0) : (socket.route6?.mtu ?? 0);
  const known = socket.pathMtu !== 0 ? Math.min(socket.pathMtu, routeMtu) : routeMtu;
  const { minPathMtu, pathMtu6ExpiresS, pathMtuExpiresS } = socket.tunables;
  const believed = Math.max(mtu, isFour ? minPathMtu : leastMtu6);
  if (believed >= known) return false;
  socket.pathMtu = believed;
  socket.pathMtuUntilNs = nowNs + (isFour ? pathMtuExpiresS : pathMtu6ExpiresS) * S;
  syncMss(socket, nowNs);
  return true;
}
