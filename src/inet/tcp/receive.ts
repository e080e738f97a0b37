// A TCP segment comes in: its header must be sound and its checksum right, then whoever has these two ends takes it; what is
// nobody's is answered by a reset.
//
// Mirrors net/ipv4/tcp_ipv4.c (tcp_v4_rcv) and net/ipv6/tcp_ipv6.c (tcp_v6_rcv). Omitted: early demultiplexing, backlogs (one
// thread serves a machine), socket filters.

import { pseudoHeader4, pseudoHeader6 } from "../../bytes/checksum.ts";
import { getBe32 } from "../../bytes/endian.ts";
import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_TCP } from "../../uapi/in.ts";
import { IPV6_DESTINATION, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { isTcpChecksumCorrect, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../../wire/tcp.ts";
import { hashEnds } from "../hash-ends.ts";
import { ownerOf } from "../ipv6/route.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import { requesterOf, sendReset } from "./bare.ts";
import type { TcpEndpoint } from "./endpoint.ts";
import { tcpInput } from "./input.ts";
import { cookieInput, openRequest, requestInput, TcpRequest } from "./request.ts";
import { readSegment, Segment } from "./segment.ts";
import { TcpSocket } from "./socket.ts";
import { tcpTable } from "./table.ts";
import { nextSequence, TcpTimeWait, timeWaitInput } from "./time-wait.ts";

const source4 = 12;
const destination4 = 16;

/** Receives segments; what it works with is made once. */
export class TcpReceiver {
  readonly #segment = new Segment();

  /** Takes a packet over IPv4, whose `start` is at its TCP header (tcp_v4_rcv). Takes ownership. */
  receive4(frame: Frame, dev: Device): void {
    const { bytes, networkHeader, start } = frame;
    const segment = this.#segment;
    if (frame.packetType !== PACKET_HOST) return drop(frame, "otherhost");
    if (!readSegment(segment, frame)) return drop(frame, "bad-header");
    const local = getBe32(bytes, networkHeader + destination4);
    const remote = getBe32(bytes, networkHeader + source4);
    if (frame.checksum === CHECKSUM_NONE) {
      const pseudo = pseudoHeader4(remote, local, IPPROTO_TCP, frame.end - start);
      if (!isTcpChecksumCorrect(bytes, start, frame.end, pseudo)) return drop(frame, "bad-checksum");
    }
    const ports = localFirst(getBe32(bytes, start));
    const ip = ipNetns(dev.netns);
    const found = tcpTable(ip).find4(local | 0, remote | 0, ports, dev);
    if (found !== null) return this.#deliver(ip, frame, dev, found);
    this.#deliverToListener(ip, frame, dev, networkHeader + destination4, 4);
  }

  /** As receive4, over IPv6 (tcp_v6_rcv). */
  receive6(frame: Frame, dev: Device): void {
    const { bytes, networkHeader, start } = frame;
    const segment = this.#segment;
    const local = networkHeader + IPV6_DESTINATION;
    if (frame.packetType !== PACKET_HOST || isIpv6Multicast(bytes, local)) return drop(frame, "otherhost");
    if (!readSegment(segment, frame)) return drop(frame, "bad-header");
    const remote = networkHeader + IPV6_SOURCE;
    if (frame.checksum === CHECKSUM_NONE) {
      const pseudo = pseudoHeader6(bytes, remote, IPPROTO_TCP, frame.end - start);
      if (!isTcpChecksumCorrect(bytes, start, frame.end, pseudo)) return drop(frame, "bad-checksum");
    }
    const ports = localFirst(getBe32(bytes, start));
    const ip = ipNetns(dev.netns);
    const owner = ownerOf(ip, dev, bytes, local);
    const found = tcpTable(ip).find6(bytes, local, remote, ports, owner);
    if (found !== null) return this.#deliver(ip, frame, dev, found);
    this.#deliverToListener(ip, frame, dev, local, 16);
  }

  #deliver(ip: IpNetns, frame: Frame, dev: Device, found: TcpEndpoint): void {
    const { machine } = ip.inet;
    const segment = this.#segment;
    const nowNs = machine.clock.now();
    if (found instanceof TcpSocket) {
      if (tcpInput(found, segment, frame, nowNs) === "done") return;
    } else if (found instanceof TcpRequest) {
      const verdict = requestInput(found, segment, nowNs);
      if (verdict === "done") return frame.pool.free(frame);
      if (verdict !== "reset" && tcpInput(verdict, segment, frame, nowNs) === "done") return;
    } else if (found instanceof TcpTimeWait) {
      const verdict = timeWaitInput(found, segment, nowNs);
      if (verdict === "done") return frame.pool.free(frame);
      if (verdict === "new") {
        const isFour = found.isFour;
        const at = frame.networkHeader + (isFour ? destination4 : IPV6_DESTINATION);
        return this.#deliverToListener(ip, frame, dev, at, isFour ? 4 : 16, nextSequence(found));
      }
    }
    sendReset(ip, frame, dev, segment);
    drop(frame, "no-socket");
  }

  /** Nobody has these two ends: a listener may want them (tcp_v4_rcv, tcp_rcv_state_process in TCP_LISTEN). */
  #deliverToListener(
    ip: IpNetns,
    frame: Frame,
    dev: Device,
    local: number,
    length: number,
    iss?: number,
  ): void {
    const { bytes, transportHeader } = frame;
    const segment = this.#segment;
    const port = ((bytes[transportHeader + 2] ?? 0) << 8) | (bytes[transportHeader + 3] ?? 0);
    const owner = length === 16 ? ownerOf(ip, dev, bytes, local) : dev;
    const remote = local - (length === 4 ? destination4 - source4 : IPV6_DESTINATION - IPV6_SOURCE);
    const hash = hashEnds(bytes, local, remote, length, getBe32(bytes, transportHeader));
    const listener = tcpTable(ip).findListener(bytes, local, length, port, owner, hash);
    const { flags } = segment;
    const nowNs = ip.inet.machine.clock.now();
    if (listener !== null && (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_ACK) {
      const verdict = cookieInput(listener, requesterOf(ip, frame, owner, listener.ifindex), segment, nowNs);
      if (verdict === "done") return frame.pool.free(frame);
      if (verdict !== "reset" && tcpInput(verdict, segment, frame, nowNs) === "done") return;
    }
    if (listener === null || (flags & TCP_ACK) !== 0) {
      sendReset(ip, frame, dev, segment);
      return drop(frame, "no-socket");
    }
    if ((flags & (TCP_SYN | TCP_RST | TCP_FIN)) === TCP_SYN) {
      openRequest(listener, requesterOf(ip, frame, owner, listener.ifindex), segment, nowNs, iss);
    }
    frame.pool.free(frame);
  }
}

/** Both ports as the table has them: the host's own first. */
function localFirst(ports: number): number {
  return (ports << 16) | (ports >>> 16);
}
