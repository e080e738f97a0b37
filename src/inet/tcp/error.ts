// ICMP errors about segments: a smaller MTU is taken to heart, a connection being made is given up, one that is made waits to
// see (RFC 1122 4.2.3.9, RFC 5927).
//
// Mirrors net/ipv4/tcp_ipv4.c (tcp_v4_err, tcp_v4_mtu_reduced) and net/ipv6/tcp_ipv6.c (tcp_v6_err).

import { getBe32 } from "../../bytes/endian.ts";
import type { Netns } from "../../net/netdevice.ts";
import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_HOST_UNREACH,
  ICMP_NET_UNREACH,
  ICMP_PARAMETERPROB,
  ICMP_TIME_EXCEEDED,
} from "../../uapi/icmp.ts";
import { ICMPV6_PKT_TOOBIG } from "../../uapi/icmpv6.ts";
import { IPV6_DESTINATION, IPV6_SOURCE } from "../../wire/ipv6.ts";
import type { IcmpError, SocketError } from "../icmp-error.ts";
import { socketError4, socketError6 } from "../icmp-error.ts";
import { ipNetns } from "../slots.ts";
import { endConnection } from "./end.ts";
import type { TcpEndpoint } from "./endpoint.ts";
import { markLost } from "./flight.ts";
import { learnPathMtu } from "./mtu.ts";
import { pushPending } from "./output.ts";
import { dropRequest, TcpRequest } from "./request.ts";
import { after, before } from "./sequence.ts";
import { TcpSocket } from "./socket.ts";
import { CA_LOSS, TCP_SYN_RECV, TCP_SYN_SENT } from "./state.ts";
import { tcpTable } from "./table.ts";

/** An error about a segment over IPv4. */
export function tcpError4(netns: Netns, error: IcmpError): boolean {
  const { bytes, code, ifindex, networkHeader, transportHeader, type } = error;
  const ports = getBe32(bytes, transportHeader) | 0;
  const local = getBe32(bytes, networkHeader + 12) | 0;
  const dev = netns.devices.get(ifindex) ?? null;
  const remote = getBe32(bytes, networkHeader + 16) | 0;
  const found = tcpTable(ipNetns(netns)).find4(local, remote, ports, dev);
  const isTooBig = type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED;
  return found !== null && take(found, error, isTooBig ? error.info & 0xffff : -1);
}

/** As tcpError4, over IPv6. */
export function tcpError6(netns: Netns, error: IcmpError): boolean {
  const { bytes, ifindex, networkHeader, transportHeader, type } = error;
  const ports = getBe32(bytes, transportHeader) | 0;
  const table = tcpTable(ipNetns(netns));
  const [local, remote] = [networkHeader + IPV6_SOURCE, networkHeader + IPV6_DESTINATION];
  const found = table.find6(bytes, local, remote, ports, netns.devices.get(ifindex) ?? null);
  return found !== null && take(found, error, type === ICMPV6_PKT_TOOBIG ? error.info : -1);
}

/** `mtu` -1: the error is not about size. False: nothing of the kind is out. */
function take(found: TcpEndpoint, error: IcmpError, mtu: number): boolean {
  const sequence = getBe32(error.bytes, error.transportHeader + 4) | 0;
  const meaning = found.isFour ? socketError4(error.type, error.code) : socketError6(error.type, error.code);
  if (found instanceof TcpRequest) {
    const isOut = sequence === found.agreement.iss;
    if (mtu < 0 && isOut && endsRequest(found, error, meaning)) dropRequest(found);
    return isOut;
  }
  if (!(found instanceof TcpSocket)) return false;
  // Only who has seen our segments knows what is out.
  const isOut = !before(sequence, found.sndUna) && !after(sequence, found.sndNxt);
  if (!isOut) return false;
  if (mtu >= 0) reduceMtu(found, mtu);
  else if (meaning !== null) heed(found, meaning);
  return true;
}

/** Whether an error ends a handshake: over IPv4 it is one of the way, or of the header; over IPv6 a final one (tcp_req_err). */
function endsRequest(
  { isFour }: TcpRequest,
  { code, type }: IcmpError,
  meaning: SocketError | null,
): boolean {
  if (!isFour) return meaning?.isFatal === true;
  if (type === ICMP_DEST_UNREACH) return code === ICMP_NET_UNREACH || code === ICMP_HOST_UNREACH;
  return type === ICMP_TIME_EXCEEDED || type === ICMP_PARAMETERPROB;
}

function heed(found: TcpSocket, meaning: SocketError): void {
  const isOpening = found.state === TCP_SYN_SENT || found.state === TCP_SYN_RECV;
  if (isOpening) endConnection(found, meaning.errno);
  else found.softError = meaning.errno;
}

/** The path takes less than was thought: what was too large goes again in smaller pieces (tcp_simple_retransmit). */
function reduceMtu(socket: TcpSocket, mtu: number): void {
  const { machine } = socket.netns;
  const nowNs = machine.clock.now();
  const oldMss = socket.mss;
  if (!learnPathMtu(socket, mtu, nowNs) || socket.mss >= oldMss) return;
  for (let flight = socket.flightHead; flight !== null; flight = flight.next) {
    if (flight.length > socket.mss) markLost(socket, flight);
  }
  // Nothing here speaks of congestion: the window stays as it is.
  socket.caState = CA_LOSS;
  socket.highSeq = socket.sndNxt;
  pushPending(socket, nowNs);
}
