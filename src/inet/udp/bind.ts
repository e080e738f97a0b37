// A UDP socket is opened, bound, connected, joins groups and is closed.
//
// Mirrors net/ipv4/af_inet.c (inet_bind, inet_autobind, inet_release), net/ipv4/udp.c (udp_lib_get_port),
// net/ipv4/datagram.c (__ip4_datagram_connect) and net/ipv4/igmp.c (ip_mc_join_group) with their twins of IPv6.
// Omitted: ports below ip_unprivileged_port_start, as a machine has no users; ip_nonlocal_bind.

import { getBe32 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { getNet, putNet } from "../../net/namespace.ts";
import type { Device, Netns } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isAnyAddress, isSameAddress } from "../address.ts";
import { addressType } from "../ipv4/address-type.ts";
import { joinGroup4, leaveGroup4 } from "../ipv4/multicast.ts";
import { hasUsableAddress } from "../ipv6/address-find.ts";
import { joinGroup, leaveGroup } from "../ipv6/multicast.ts";
import type { IpNetns } from "../netns.ts";
import { pickPort } from "../port.ts";
import { in6Device, inDevice, ipNetns } from "../slots.ts";
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
 * EADDRNOTAVAIL for an address the host does not have, EADDRINUSE, EINVAL when it is bound already.
 */
export function bindUdp(socket: UdpSocket, address: Uint8Array | null, port: number): ErrnoName | "" {
  if (socket.localPort !== 0 || socket.isClosed) return "EINVAL";
  const ip = ipNetns(socket.netns);
  const local = address === null || isAnyAddress(address) ? null : address;
  if (local !== null && !ip.isIntercepting && !isBindable(ip, local, socket.ifindex)) return "EADDRNOTAVAIL";
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
  return socket.localPort !== 0 ? "" : bindUdp(socket, socket.local, 0);
}

/** Whether a socket may have an address: the host's own, a broadcast's or a group's. */
function isBindable(ip: IpNetns, address: Uint8Array, ifindex: number): boolean {
  const { nonlocalBind, nonlocalBind6 } = ip.tunables;
  if ((address.length === 4 ? nonlocalBind : nonlocalBind6) !== 0) return true;
  if (address.length === 4) {
    const type = addressType(ip, getBe32(address, 0));
    return type === RTN_LOCAL || type === RTN_BROADCAST || type === RTN_MULTICAST;
  }
  if (isIpv6Multicast(address)) return true;
  const dev = isIpv6LinkLocal(address) ? (ip.netns.devices.get(ifindex) ?? null) : null;
  return hasUsableAddress(ip, address, 0, dev);
}

/** Takes part in a group on a device; EADDRINUSE when the socket does already, EINVAL for what is no group. */
export function joinUdpGroup(socket: UdpSocket, group: Uint8Array, dev: Device): ErrnoName | "" {
  if (!isGroup(group) || (group.length === 16) !== (socket.family === AF_INET6)) return "EINVAL";
  if (membershipOf(socket, group, dev.ifindex) >= 0) return "EADDRINUSE";
  if (group.length === 4) {
    const inDev = inDevice(dev);
    if (inDev === null) return "ENODEV";
    joinGroup4(inDev, getBe32(group, 0) | 0);
  } else {
    const in6Dev = in6Device(dev);
    if (in6Dev === null) return "ENODEV";
    joinGroup(in6Dev, group);
  }
  socket.memberships.push({ group, ifindex: dev.ifindex });
  return "";
}

/** Takes part in a group no longer; EADDRNOTAVAIL when the socket does not. */
export function leaveUdpGroup(socket: UdpSocket, group: Uint8Array, ifindex: number): ErrnoName | "" {
  const place = membershipOf(socket, group, ifindex);
  if (place < 0) return "EADDRNOTAVAIL";
  socket.memberships.splice(place, 1);
  const dev = socket.netns.devices.get(ifindex);
  if (dev === undefined) return "";
  const inDev = group.length === 4 ? inDevice(dev) : null;
  const in6Dev = group.length === 16 ? in6Device(dev) : null;
  if (inDev !== null) leaveGroup4(inDev, getBe32(group, 0) | 0);
  if (in6Dev !== null) leaveGroup(in6Dev, group);
  return "";
}

function membershipOf(socket: UdpSocket, group: Uint8Array, ifindex: number): number {
  return socket.memberships.findIndex((each) => each.ifindex === ifindex && isSameAddress(each.group, group));
}

function isGroup(address: Uint8Array): boolean {
  return address.length === 16 ? isIpv6Multicast(address) : getBe32(address, 0) >>> 28 === 0xe;
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
