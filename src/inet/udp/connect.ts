// A UDP socket is given its only correspondent, and hears of errors about what it sent there.
//
// Mirrors net/ipv4/datagram.c (__ip4_datagram_connect), net/ipv6/datagram.c and net/ipv4/udp.c (__udp4_lib_err,
// __udp_disconnect).

import { setBe32 } from "../../bytes/endian.ts";
import type { Netns } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { RTN_BROADCAST } from "../../uapi/rtnetlink.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { IPV6_DESTINATION, IPV6_SOURCE } from "../../wire/ipv6.ts";
import * as wire from "../../wire/udp.ts";
import type { IcmpError } from "../icmp-error.ts";
import { socketError4, socketError6 } from "../icmp-error.ts";
import { ipNetns } from "../slots.ts";
import { autobindUdp } from "./bind.ts";
import type { UdpDestination } from "./send.ts";
import { wayTo4, wayTo6 } from "./send.ts";
import type { UdpSocket } from "./socket.ts";
import { udpTable } from "./table.ts";

/** Has the socket send to `to` and receive from there alone; null takes that back. Returns why not, "" when it is done. */
export function connectUdp(socket: UdpSocket, to: UdpDestination | null): ErrnoName | "" {
  if (socket.isClosed) return "EBADF";
  if (to === null) return disconnect(socket);
  if (to.address.length === 16 && socket.family !== AF_INET6) return "EAFNOSUPPORT";
  const ip = ipNetns(socket.netns);
  const ifindex = socket.ifindex !== 0 ? socket.ifindex : to.ifindex;
  const isFour = to.address.length === 4;
  const error = isFour ? wayTo4(ip, socket, { ...to, ifindex }) : wayTo6(ip, socket, { ...to, ifindex });
  if (error !== "") return error;
  if (isFour && socket.route4?.type === RTN_BROADCAST && !socket.isBroadcast) return "EACCES";
  if (socket.local === null) socket.local = sourceOf(socket, isFour);
  const refused = autobindUdp(socket);
  if (refused !== "") return refused;
  socket.remote = remoteOf(socket, isFour);
  socket.remotePort = to.port;
  if (!isFour) socket.ifindex = ifindex;
  return "";
}

/** Takes it back: what was not asked for by name, the address or the port, is free again (__udp_disconnect). */
function disconnect(socket: UdpSocket): "" {
  socket.remote = null;
  socket.remotePort = 0;
  if (!socket.hasOwnAddress) socket.local = null;
  if (!socket.hasOwnPort) udpTable(ipNetns(socket.netns)).unbind(socket);
  if (!socket.hasOwnDevice) socket.ifindex = 0;
  return "";
}

/** Where routing led, which is this host for an address that is any. */
function remoteOf(socket: UdpSocket, isFour: boolean): Uint8Array | null {
  if (!isFour) return socket.route6?.destination.slice() ?? null;
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, socket.route4?.flow.destination ?? 0);
  return bytes;
}

/** The address that routing found to speak with. */
function sourceOf(socket: UdpSocket, isFour: boolean): Uint8Array | null {
  if (!isFour) return socket.route6?.source.slice() ?? null;
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, socket.route4?.source ?? 0);
  return bytes;
}

/** An ICMP error about a datagram over IPv4: its socket is told if it is connected. */
export function udpError4(netns: Netns, error: IcmpError): boolean {
  const { networkHeader } = error;
  return report(netns, error, 4, networkHeader + 12, networkHeader + 16);
}

/** As udpError4, over IPv6. */
export function udpError6(netns: Netns, error: IcmpError): boolean {
  const { networkHeader } = error;
  return report(netns, error, 16, networkHeader + IPV6_SOURCE, networkHeader + IPV6_DESTINATION);
}

function report(
  netns: Netns,
  error: IcmpError,
  addressLength: number,
  local: number,
  remote: number,
): boolean {
  const { bytes, code, ifindex, transportHeader, type } = error;
  const socket = udpTable(ipNetns(netns)).find({
    bytes,
    addressLength,
    local,
    localPort: wire.udpSourcePort(bytes, transportHeader),
    remote,
    remotePort: wire.udpDestinationPort(bytes, transportHeader),
    dev: netns.devices.get(ifindex) ?? null,
  });
  if (socket === undefined) return false;
  if (socket.remote === null) return true;
  const meaning = addressLength === 4 ? socketError4(type, code) : socketError6(type, code);
  // That a datagram was too large is told whoever would have had it cut: the next is (IP_PMTUDISC_WANT).
  if (meaning === null || (!meaning.isFatal && meaning.errno !== "EMSGSIZE")) return true;
  socket.error = meaning.errno;
  socket.onReadable();
  return true;
}
