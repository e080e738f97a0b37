// A UDP socket is opened, bound and closed.
//
// Mirrors net/ipv4/af_inet.c (inet_bind, inet_autobind, inet_release), net/ipv4/udp.c (udp_lib_get_port)
// with their twins of IPv6.
// Omitted: ports below ip_unprivileged_port_start, as a machine has no users.

import { getNet, putNet } from "../../net/namespace.ts";
import type { Netns } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { isAnyAddress } from "../address.ts";
import { checkLocalAddress } from "../local-address.ts";
import { pickPort } from "../port.ts";
import { ipNetns } from "../slots.ts";
import { leaveUdpGroup } from "./membership.ts";
import { UdpSocket } from "./socket.ts";
import { udpTable } from "./table.ts";

/** How a socket is opened. */
export interface UdpSocketOptions {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly isV6Only?: boolean;
}

/** Opens a socket in `netns`, which it keeps alive until `closeUdp`. */
export function openUdp(netns: Netns, { family, isV6Only = false }: UdpSocketOptions): UdpSocket {
  const socket = new UdpSocket(getNet(netns), family, isV6Only);
  udpTable(ipNetns(netns)).sockets.add(socket);
  return socket;
}

/**
 * Binds a socket to an address (null or all zero: every one) and a port (0: any that is free). Returns why not:
 * EADDRNOTAVAIL for an address the host does not have, EADDRINUSE, EINVAL when it is bound already or a link is not said.
 */
export function bindUdp(socket: UdpSocket, address: Uint8Array | null, port: number): ErrnoName | "" {
  const errno = bindTo(socket, address, port);
  if (errno !== "") return errno;
  socket.hasOwnAddress = socket.local !== null;
  socket.hasOwnPort = port !== 0;
  return "";
}

function bindTo(socket: UdpSocket, address: Uint8Array | null, port: number): ErrnoName | "" {
  if (socket.localPort !== 0 || socket.isClosed) return "EINVAL";
  const ip = ipNetns(socket.netns);
  const local = address === null || isAnyAddress(address) ? null : address;
  const isAnybodys = local === null || ip.isIntercepting;
  const refused = isAnybodys ? "" : checkLocalAddress(ip, local, socket.ifindex);
  if (refused !== "") return refused;
  socket.local = local;
  const chosen = port !== 0 ? port : pickPort(ip, (candidate) => udpTable(ip).isFree(socket, candidate));
  if (chosen === 0 || !udpTable(ip).isFree(socket, chosen)) {
    socket.local = null;
    return "EADDRINUSE";
  }
  udpTable(ip).bind(socket, chosen);
  return "";
}

/** Gives a socket a port of its own, if it has none. EADDRINUSE when all are taken. */
export function autobindUdp(socket: UdpSocket): ErrnoName | "" {
  return socket.localPort !== 0 ? "" : bindTo(socket, socket.local, 0);
}

/** Closes a socket: what waits in it is gone, its port is free, its groups are left. */
export function closeUdp(socket: UdpSocket): void {
  if (socket.isClosed) return;
  socket.isClosed = true;
  for (const { group, ifindex } of [...socket.memberships]) leaveUdpGroup(socket, group, ifindex);
  socket.queue.length = 0;
  socket.queuedBytes = 0;
  const udp = udpTable(ipNetns(socket.netns));
  if (udp.catchAll === socket) udp.catchAll = null;
  udp.unbind(socket);
  udp.sockets.delete(socket);
  socket.onReadable();
  putNet(socket.netns);
}
