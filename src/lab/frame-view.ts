// A frame on a lab's wire as code sees it: its bytes, and what its headers say, read when asked.

import { ipv4ToText } from "../bytes/ipv4.ts";
import { ipv6ToText } from "../bytes/ipv6.ts";
import { macToText } from "../bytes/mac.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { describe } from "../wire/describe.ts";
import { ETHERNET_SIZE, ethernetDestination, ethernetSource, ethernetType } from "../wire/ethernet.ts";
import { icmpCode, icmpType } from "../wire/icmp.ts";
import {
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4Ttl,
  isIpv4Fragment,
  isIpv4Header,
} from "../wire/ipv4.ts";
import {
  IPV6_HEADER_SIZE,
  ipv6Destination,
  ipv6HopLimit,
  ipv6NextHeader,
  ipv6Source,
  isIpv6Header,
} from "../wire/ipv6.ts";
import {
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SIZE,
  TCP_SYN,
  tcpAcknowledgement,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderLength,
  tcpSequence,
  tcpSourcePort,
} from "../wire/tcp.ts";
import { UDP_SIZE, udpDestinationPort, udpSourcePort } from "../wire/udp.ts";
import { isVlanType, VLAN_TAG_SIZE, vlanId, vlanInnerType, vlanTci } from "../wire/vlan.ts";

/** The link header. */
export interface EthernetView {
  readonly source: string;
  readonly destination: string;
  /** Behind the tag, when there is one. */
  readonly type: number;
  /** The VLAN of the outermost tag. */
  readonly vlan: number | undefined;
}

/** The header of either version of IP. */
export interface IpView {
  readonly version: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly hopLimit: number;
}

/** The header of a TCP segment. */
export interface TcpView {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly isSyn: boolean;
  readonly isAck: boolean;
  readonly isFin: boolean;
  readonly isReset: boolean;
}

/** The header of a UDP datagram. */
export interface UdpView {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A frame in passing: valid during the call it is shown in; keep `copy()`. */
export class FrameView {
  readonly bytes: Uint8Array;
  /** The names of the nodes it goes from and to. */
  readonly from: string;
  readonly to: string;

  constructor(bytes: Uint8Array, from: string, to: string) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }

  get length(): number {
    return this.bytes.length;
  }

  get ethernet(): EthernetView | undefined {
    const { bytes } = this;
    if (bytes.length < ETHERNET_SIZE) return undefined;
    const { type } = this.#network();
    const isTagged = isVlanType(ethernetType(bytes, 0));
    return {
      source: macToText(ethernetSource(bytes, 0)),
      destination: macToText(ethernetDestination(bytes, 0)),
      type,
      vlan: isTagged ? vlanId(vlanTci(bytes, ETHERNET_SIZE)) : undefined,
    };
  }

  get ip(): IpView | undefined {
    const { bytes } = this;
    const { type, at } = this.#network();
    if (type === ETH_P_IP && isIpv4Header(bytes, at, bytes.length)) {
      return {
        version: 4,
        source: ipv4ToText(ipv4Source(bytes, at)),
        destination: ipv4ToText(ipv4Destination(bytes, at)),
        protocol: ipv4Protocol(bytes, at),
        hopLimit: ipv4Ttl(bytes, at),
      };
    }
    if (type !== ETH_P_IPV6 || !isIpv6Header(bytes, at, bytes.length)) return undefined;
    return {
      version: 6,
      source: ipv6ToText(ipv6Source(bytes, at)),
      destination: ipv6ToText(ipv6Destination(bytes, at)),
      protocol: ipv6NextHeader(bytes, at),
      hopLimit: ipv6HopLimit(bytes, at),
    };
  }

  get tcp(): TcpView | undefined {
    const at = this.#transport(IPPROTO_TCP, TCP_SIZE);
    if (at === undefined) return undefined;
    const { bytes } = this;
    const flags = tcpFlags(bytes, at);
    return {
      sourcePort: tcpSourcePort(bytes, at),
      destinationPort: tcpDestinationPort(bytes, at),
      sequence: tcpSequence(bytes, at),
      acknowledgement: tcpAcknowledgement(bytes, at),
      isSyn: (flags & TCP_SYN) !== 0,
      isAck: (flags & TCP_ACK) !== 0,
      isFin: (flags & TCP_FIN) !== 0,
      isReset: (flags & TCP_RST) !== 0,
    };
  }

  get udp(): UdpView | undefined {
    const at = this.#transport(IPPROTO_UDP, UDP_SIZE);
    if (at === undefined) return undefined;
    return { sourcePort: udpSourcePort(this.bytes, at), destinationPort: udpDestinationPort(this.bytes, at) };
  }

  /** Of ICMP or ICMPv6. */
  get icmp(): { readonly type: number; readonly code: number } | undefined {
    const at = this.#transport(IPPROTO_ICMP, 4) ?? this.#transport(IPPROTO_ICMPV6, 4);
    return at === undefined ? undefined : { type: icmpType(this.bytes, at), code: icmpCode(this.bytes, at) };
  }

  /** What TCP or UDP carries. */
  get payload(): Uint8Array | undefined {
    const udp = this.#transport(IPPROTO_UDP, UDP_SIZE);
    if (udp !== undefined) return this.bytes.subarray(udp + UDP_SIZE);
    const tcp = this.#transport(IPPROTO_TCP, TCP_SIZE);
    return tcp === undefined ? undefined : this.bytes.subarray(tcp + tcpHeaderLength(this.bytes, tcp));
  }

  /** The frame in one line, as tcpdump would say it. */
  describe(): string {
    return describe(this.bytes);
  }

  copy(): Uint8Array {
    return this.bytes.slice();
  }

  #network(): { readonly type: number; readonly at: number } {
    const { bytes } = this;
    if (bytes.length < ETHERNET_SIZE) return { type: 0, at: bytes.length };
    let type = ethernetType(bytes, 0);
    let at = ETHERNET_SIZE;
    if (isVlanType(type) && at + VLAN_TAG_SIZE <= bytes.length) {
      type = vlanInnerType(bytes, at);
      at += VLAN_TAG_SIZE;
    }
    return { type, at };
  }

  /** Where the header of `protocol` begins, if the frame has it whole. */
  #transport(protocol: number, size: number): number | undefined {
    const { bytes } = this;
    const { type, at } = this.#network();
    let header: number | undefined;
    if (type === ETH_P_IP && isIpv4Header(bytes, at, bytes.length)) {
      if (ipv4Protocol(bytes, at) === protocol && !isIpv4Fragment(bytes, at))
        header = at + ipv4HeaderLength(bytes, at);
    } else if (type === ETH_P_IPV6 && isIpv6Header(bytes, at, bytes.length)) {
      if (ipv6NextHeader(bytes, at) === protocol) header = at + IPV6_HEADER_SIZE;
    }
    return header !== undefined && header + size <= bytes.length ? header : undefined;
  }
}
