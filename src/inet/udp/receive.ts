// A datagram comes in: its header must be sound and its checksum right, then it goes to the socket it is for, or to all of
// them if it is for many; nobody there is said to the sender.
//
// Mirrors net/ipv4/udp.c (__udp4_lib_rcv, __udp4_lib_mcast_deliver, udp_queue_rcv_skb) and net/ipv6/udp.c (__udp6_lib_rcv).
// Omitted: UDP-Lite, forwarding of GRO batches, early demultiplexing.

import { pseudoHeader4, pseudoHeader6 } from "../../bytes/checksum.ts";
import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import type { DropReason } from "../../net/drop-reason.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import { ICMP_DEST_UNREACH, ICMP_PORT_UNREACH } from "../../uapi/icmp.ts";
import { ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH } from "../../uapi/icmpv6.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_UDP } from "../../uapi/in.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import { ipv4Destination, ipv4Source, ipv4Ttl } from "../../wire/ipv4.ts";
import { IPV6_DESTINATION, IPV6_SOURCE, ipv6HopLimit } from "../../wire/ipv6.ts";
import * as wire from "../../wire/udp.ts";
import { addressTypeBy } from "../ipv4/address-type.ts";
import { icmpSend } from "../ipv4/icmp-error.ts";
import { icmp6Send } from "../ipv6/icmp-error.ts";
import { ownerOf } from "../ipv6/route.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import { hearsSource } from "./membership.ts";
import type { UdpSocket } from "./socket.ts";
import type { UdpFlow } from "./table.ts";
import { udpTable } from "./table.ts";

/** What a datagram in a socket's queue counts for beside its payload, in bytes. */
const overhead = 256;
const source4 = 12;
const destination4 = 16;

/** Receives datagrams; what it works with is made once. */
export class UdpReceiver {
  readonly #flow: UdpFlow = {
    bytes: new Uint8Array(0),
    addressLength: 0,
    local: 0,
    localPort: 0,
    remote: 0,
    remotePort: 0,
    dev: null,
  };

  /** Takes a packet over IPv4, whose `start` is at its UDP header (udp_rcv). Takes ownership. */
  receive4(frame: Frame, dev: Device): void {
    const { bytes, networkHeader, start } = frame;
    const ip = ipNetns(dev.netns);
    const fault = checkDatagram(frame);
    if (fault !== "") return drop(frame, fault);
    const destination = ipv4Destination(bytes, networkHeader);
    if (frame.checksum === CHECKSUM_NONE && wire.udpChecksum(bytes, start) !== 0) {
      const length = frame.end - start;
      const pseudo = pseudoHeader4(ipv4Source(bytes, networkHeader), destination, IPPROTO_UDP, length);
      if (!wire.isUdpChecksumCorrect(bytes, start, pseudo)) return drop(frame, "bad-checksum");
    }
    const flow = this.#read(frame, dev, 4, networkHeader + destination4, networkHeader + source4);
    if (isToMany4(ip, frame, dev, destination)) return deliverAll(ip, frame, flow);
    const socket = udpTable(ip).find(flow);
    if (socket !== undefined) return take(socket, frame, dev, flow);
    icmpSend(ip, frame, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, RTN_LOCAL);
    drop(frame, "no-socket");
  }

  /** Takes a packet over IPv6, whose `start` is at its UDP header (udpv6_rcv). Takes ownership. */
  receive6(frame: Frame, dev: Device): void {
    const { bytes, networkHeader, start } = frame;
    const ip = ipNetns(dev.netns);
    const fault = checkDatagram(frame);
    if (fault !== "") return drop(frame, fault);
    const destination = networkHeader + IPV6_DESTINATION;
    const owner = ownerOf(ip, dev, bytes, destination);
    const flow = this.#read(frame, owner, 16, destination, networkHeader + IPV6_SOURCE);
    if (frame.checksum === CHECKSUM_NONE) {
      const checksum = wire.udpChecksum(bytes, start);
      const pseudo = pseudoHeader6(bytes, networkHeader + IPV6_SOURCE, IPPROTO_UDP, frame.end - start);
      // Only tunnels may do without a checksum (RFC 6935).
      const isRight =
        checksum === 0
          ? udpTable(ip).find(flow)?.encapReceive != null
          : wire.isUdpChecksumCorrect(bytes, start, pseudo);
      if (!isRight) return drop(frame, "bad-checksum");
    }
    if (isIpv6Multicast(bytes, destination)) return deliverAll(ip, frame, flow);
    const socket = udpTable(ip).find(flow);
    if (socket !== undefined) return take(socket, frame, dev, flow);
    icmp6Send(ip, frame, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
    drop(frame, "no-socket");
  }

  #read(frame: Frame, dev: Device, addressLength: number, local: number, remote: number): UdpFlow {
    const { bytes, start } = frame;
    const flow = this.#flow;
    flow.bytes = bytes;
    flow.addressLength = addressLength;
    flow.local = local;
    flow.localPort = wire.udpDestinationPort(bytes, start);
    flow.remote = remote;
    flow.remotePort = wire.udpSourcePort(bytes, start);
    flow.dev = dev;
    return flow;
  }
}

/** What is wrong with the header, "" if nothing is; cuts off what is behind the datagram. */
function checkDatagram(frame: Frame): DropReason | "" {
  const { bytes, end, start } = frame;
  if (end - start < wire.UDP_SIZE) return "bad-header";
  const length = wire.udpLength(bytes, start);
  if (length < wire.UDP_SIZE || length > end - start) return "bad-header";
  frame.end = start + length;
  return "";
}

function isToMany4(ip: IpNetns, frame: Frame, dev: Device, destination: number): boolean {
  if (frame.packetType === PACKET_HOST && ip.addresses4.has(destination | 0)) return false;
  const type = addressTypeBy(ip, destination, dev);
  return type === RTN_BROADCAST || type === RTN_MULTICAST;
}

function deliverAll(ip: IpNetns, frame: Frame, flow: UdpFlow): void {
  udpTable(ip).forEach(flow, (socket) => {
    const { bytes, dev, local, remote } = flow;
    if (dev === null || !hearsSource(socket, dev, bytes, local, remote)) return;
    if (socket.encapReceive === null) enqueue(socket, frame, flow);
    else deliverClone(socket, frame);
  });
  frame.pool.free(frame);
}

/** A tunnel gets a frame of its own of a datagram to many. */
function deliverClone(socket: UdpSocket, frame: Frame): void {
  const copy = frame.dev === null ? null : frame.pool.clone(frame);
  if (copy === null || copy.dev === null) return;
  if (socket.encapReceive?.(copy, copy.dev) !== true) copy.pool.free(copy);
}

function take(socket: UdpSocket, frame: Frame, dev: Device, flow: UdpFlow): void {
  if (socket.encapReceive?.(frame, dev) === true) return;
  enqueue(socket, frame, flow);
  frame.pool.free(frame);
}

/** Puts the datagram into the socket's queue, if there is room; the frame stays the caller's (__udp_enqueue_schedule_skb). */
function enqueue(socket: UdpSocket, frame: Frame, flow: UdpFlow): void {
  const { addressLength, bytes, dev, local, remote, remotePort } = flow;
  const size = frame.end - frame.start - wire.UDP_SIZE + overhead;
  if (socket.queuedBytes + size > socket.receiveLimit && socket.queue.length > 0) {
    socket.dropped++;
    return;
  }
  socket.queuedBytes += size;
  socket.queue.push({
    payload: bytes.slice(frame.start + wire.UDP_SIZE, frame.end),
    source: bytes.slice(remote, remote + addressLength),
    sourcePort: remotePort,
    destination: bytes.slice(local, local + addressLength),
    destinationPort: flow.localPort,
    ifindex: dev?.ifindex ?? 0,
    ttl: addressLength === 4 ? ipv4Ttl(bytes, frame.networkHeader) : ipv6HopLimit(bytes, frame.networkHeader),
  });
  socket.onReadable();
}

/** Takes the oldest datagram from the queue; undefined when there is none (udp_recvmsg). */
export function receiveDatagram(socket: UdpSocket): UdpSocket["queue"][number] | undefined {
  const datagram = socket.queue.shift();
  if (datagram !== undefined) socket.queuedBytes -= datagram.payload.length + overhead;
  return datagram;
}
