// The groups a UDP socket takes part in, and which senders it listens to in each.
//
// Mirrors net/ipv4/igmp.c (ip_mc_join_group_ssm, ip_mc_leave_group, ip_mc_source, ip_mc_msfilter, ip_mc_sf_allow) and their twins
// of net/ipv6/mcast.c. What a call has no errno for here has none there. A socket takes datagrams to groups that others of its
// host are in too (IP_MULTICAST_ALL, IPV6_MULTICAST_ALL, which are on).

import { getBe32 } from "../../bytes/endian.ts";
import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isSameAddress } from "../address.ts";
import { changeGroupFilter4, joinGroup4, leaveGroup4 } from "../ipv4/multicast.ts";
import { changeGroupFilter, joinGroup, leaveGroup } from "../ipv6/multicast.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import { in6Device, inDevice } from "../slots.ts";
import type { SourceFilter } from "../source-filter.ts";
import { allowsSource, everySource, hasSource, isNobody, noSource } from "../source-filter.ts";
import type { Membership, UdpSocket } from "./socket.ts";

/** The most senders one membership names (net.ipv4.igmp_max_msf, net.ipv6.mld_max_msf). */
const maxSources4 = 10;
const maxSources6 = 64;
/** The most groups of IPv4 one socket takes part in (net.ipv4.igmp_max_memberships). */
const maxMemberships = 20;

/**
 * Takes part in a group on a device, listening to whom `filter` says (IP_ADD_MEMBERSHIP, MCAST_JOIN_GROUP). EADDRINUSE when the
 * socket does already, EINVAL for what is no group, ENOBUFS when it takes part in too many.
 */
export function joinUdpGroup(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  filter: SourceFilter = everySource,
): ErrnoName | "" {
  if (!isGroup(socket, group)) return "EINVAL";
  if (membershipOf(socket, group, dev.ifindex) !== undefined) return "EADDRINUSE";
  if (group.length === 4) {
    const count = socket.memberships.filter((each) => each.group.length === 4).length;
    if (count >= maxMemberships) return "ENOBUFS";
    const inDev = inDevice(dev);
    if (inDev === null) return "ENODEV";
    joinGroup4(inDev, getBe32(group, 0) | 0, filter);
  } else {
    const in6Dev = in6Device(dev);
    if (in6Dev === null) return "ENODEV";
    joinGroup(in6Dev, group, filter);
  }
  socket.memberships.push({ group, ifindex: dev.ifindex, filter, hasNamed: filter.sources.length > 0 });
  return "";
}

/** Takes part in a group no longer (IP_DROP_MEMBERSHIP, MCAST_LEAVE_GROUP); EADDRNOTAVAIL when the socket does not. */
export function leaveUdpGroup(socket: UdpSocket, group: Uint8Array, ifindex: number): ErrnoName | "" {
  const membership = membershipOf(socket, group, ifindex);
  if (membership === undefined) return "EADDRNOTAVAIL";
  socket.memberships.splice(socket.memberships.indexOf(membership), 1);
  const dev = socket.netns.devices.get(ifindex);
  if (dev === undefined) return "";
  const inDev = group.length === 4 ? inDevice(dev) : null;
  const in6Dev = group.length === 16 ? in6Device(dev) : null;
  if (inDev !== null) leaveGroup4(inDev, getBe32(group, 0) | 0, membership.filter);
  if (in6Dev !== null) leaveGroup(in6Dev, group, membership.filter);
  return "";
}

/**
 * Listens to one sender to a group, and takes part in it for that if need be (IP_ADD_SOURCE_MEMBERSHIP, MCAST_JOIN_SOURCE_GROUP).
 * EADDRNOTAVAIL when the socket listens to it already, EINVAL when it listens to all but some, ENOBUFS when it has too many.
 */
export function joinUdpSource(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  source: Uint8Array,
): ErrnoName | "" {
  if (source.length !== group.length) return "EINVAL";
  const isFirst = membershipOf(socket, group, dev.ifindex) === undefined;
  const errno = isFirst ? joinUdpGroup(socket, group, dev, noSource) : "";
  return errno !== "" ? errno : addSource(socket, group, dev.ifindex, "include", source);
}

/**
 * Listens to a sender no longer, and takes part no longer when it was the last (IP_DROP_SOURCE_MEMBERSHIP, MCAST_LEAVE_SOURCE_GROUP).
 * EINVAL when the socket does not take part, or listens to all but some; EADDRNOTAVAIL when it does not listen to that one.
 */
export function leaveUdpSource(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  source: Uint8Array,
): ErrnoName | "" {
  return removeSource(socket, group, dev.ifindex, "include", source);
}

/** Listens to all but one sender more (IP_BLOCK_SOURCE, MCAST_BLOCK_SOURCE). Errors as of joinUdpSource, but that nothing is joined. */
export function blockUdpSource(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  source: Uint8Array,
): ErrnoName | "" {
  return addSource(socket, group, dev.ifindex, "exclude", source);
}

/** Undoes blockUdpSource (IP_UNBLOCK_SOURCE, MCAST_UNBLOCK_SOURCE). Errors as of leaveUdpSource. */
export function unblockUdpSource(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  source: Uint8Array,
): ErrnoName | "" {
  return removeSource(socket, group, dev.ifindex, "exclude", source);
}

/**
 * Listens to whom `filter` says (IP_MSFILTER, MCAST_MSFILTER); to nobody: takes part no longer. EINVAL when the socket does not take
 * part, ENOBUFS for too many senders.
 */
export function setUdpSources(
  socket: UdpSocket,
  group: Uint8Array,
  dev: Device,
  filter: SourceFilter,
): ErrnoName | "" {
  if (filter.sources.length > maxSources(group)) return "ENOBUFS";
  if (!isGroup(socket, group)) return "EINVAL";
  if (isNobody(filter)) return leaveUdpGroup(socket, group, dev.ifindex);
  const membership = membershipOf(socket, group, dev.ifindex);
  if (membership === undefined) return "EINVAL";
  membership.hasNamed = filter.sources.length > 0;
  changeFilter(socket, membership, filter);
  return "";
}

type Mode = SourceFilter["mode"];

function addSource(
  socket: UdpSocket,
  group: Uint8Array,
  ifindex: number,
  mode: Mode,
  source: Uint8Array,
): ErrnoName | "" {
  const membership = membershipInMode(socket, group, ifindex, mode, source);
  if (membership === undefined) return "EINVAL";
  const { sources } = membership.filter;
  if (sources.length >= maxSources(group)) return "ENOBUFS";
  if (hasSource(sources, source)) return "EADDRNOTAVAIL";
  membership.hasNamed = true;
  changeFilter(socket, membership, { mode, sources: [...sources, source] });
  return "";
}

function removeSource(
  socket: UdpSocket,
  group: Uint8Array,
  ifindex: number,
  mode: Mode,
  source: Uint8Array,
): ErrnoName | "" {
  const membership = membershipInMode(socket, group, ifindex, mode, source);
  if (membership === undefined) return "EINVAL";
  const { sources } = membership.filter;
  if (!hasSource(sources, source)) return "EADDRNOTAVAIL";
  if (mode === "include" && sources.length === 1) return leaveUdpGroup(socket, group, ifindex);
  const rest = sources.filter((each) => !isSameAddress(each, source));
  changeFilter(socket, membership, { mode, sources: rest });
  return "";
}

/** The membership, where it is of `mode`, or may become so as it has never named anybody. */
function membershipInMode(
  socket: UdpSocket,
  group: Uint8Array,
  ifindex: number,
  mode: Mode,
  source: Uint8Array,
): Membership | undefined {
  if (!isGroup(socket, group) || source.length !== group.length) return undefined;
  const membership = membershipOf(socket, group, ifindex);
  if (membership === undefined || membership.filter.mode === mode) return membership;
  return membership.hasNamed ? undefined : membership;
}

function changeFilter(socket: UdpSocket, membership: Membership, filter: SourceFilter): void {
  const { filter: before, group, ifindex } = membership;
  membership.filter = filter;
  const dev = socket.netns.devices.get(ifindex);
  if (dev === undefined) return;
  const inDev = group.length === 4 ? inDevice(dev) : null;
  const in6Dev = group.length === 16 ? in6Device(dev) : null;
  if (inDev !== null) changeGroupFilter4(inDev, getBe32(group, 0) | 0, before, filter);
  if (in6Dev !== null) changeGroupFilter(in6Dev, group, before, filter);
}

function maxSources(group: Uint8Array): number {
  return group.length === 4 ? maxSources4 : maxSources6;
}

function membershipOf(socket: UdpSocket, group: Uint8Array, ifindex: number): Membership | undefined {
  return socket.memberships.find((each) => each.ifindex === ifindex && isSameAddress(each.group, group));
}

function isGroup({ family }: UdpSocket, address: Uint8Array): boolean {
  if ((address.length === 16) !== (family === AF_INET6)) return false;
  return address.length === 16 ? isIpv6Multicast(address) : getBe32(address, 0) >>> 28 === 0xe;
}

/**
 * Whether a socket listens to the sender at `bytes[source]` of a datagram to the group at `bytes[group]` that came in on a device
 * (ip_mc_sf_allow, inet6_mc_sf_allow). A VRF's memberships count for its ports.
 */
export function hearsSource(
  { memberships }: UdpSocket,
  dev: Device,
  bytes: Uint8Array,
  group: number,
  source: number,
): boolean {
  const vrf = memberships.length === 0 ? 0 : l3mdevIfindex(dev);
  for (const each of memberships) {
    const isHere = each.ifindex === dev.ifindex || each.ifindex === vrf;
    if (isHere && isSameAddress(each.group, bytes, group)) return allowsSource(each.filter, bytes, source);
  }
  return true;
}
