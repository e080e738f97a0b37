// Frames made from words: addresses as people write them, the rest has defaults. Each function returns new bytes, from
// the Ethernet header on, without a checksum sequence.

import { pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { ipv4FromText } from "../bytes/ipv4.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { macFromText } from "../bytes/mac.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { ICMP_ECHO, ICMP_ECHOREPLY } from "../uapi/icmp.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST } from "../uapi/icmpv6.ts";
import { ARPOP_REPLY, ARPOP_REQUEST } from "../uapi/if_arp.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { ARP_SIZE, emitArp } from "../wire/arp.ts";
import { ETHERNET_SIZE, writeEthernet } from "../wire/ethernet.ts";
import { writeIcmp } from "../wire/icmp.ts";
import { writeIcmpv6 } from "../wire/icmpv6.ts";
import { emitIpv4, IPV4_SIZE } from "../wire/ipv4.ts";
import { emitIpv6, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../wire/ipv6.ts";
import { UDP_SIZE, writeUdp } from "../wire/udp.ts";

/** The two ends of a frame, as text. */
export interface FrameEnds {
  /** ff:ff:ff:ff:ff:ff by default. */
  readonly to?: string;
  /** 02:00:00:00:00:01 by default. */
  readonly from?: string;
}

/** Makes an Ethernet frame of `type` around `payload`. */
export function ethernetFrame(link: FrameEnds, type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_SIZE + payload.length);
  writeLink(bytes, link, type);
  bytes.set(payload, ETHERNET_SIZE);
  return bytes;
}

/** What an ARP packet says; it is a reply when `targetMac` is given. */
export interface ArpWords extends FrameEnds {
  readonly senderIp: string;
  readonly targetIp: string;
  readonly targetMac?: string;
}

/**
 * Makes an ARP request, or a reply; the sender's hardware address is the frame's.
 *
 * @example
 * ```js
 * import { arpFrame } from "uveth/testkit";
 *
 * const question = arpFrame({ from: "02:00:00:00:00:01", senderIp: "10.0.0.1", targetIp: "10.0.0.2" });
 * console.log(question.length, "bytes");
 * ```
 * ```text
 * 42 bytes
 * ```
 */
export function arpFrame(words: ArpWords): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_SIZE + ARP_SIZE);
  writeLink(bytes, words, ETH_P_ARP);
  emitArp(bytes, ETHERNET_SIZE, {
    operation: words.targetMac === undefined ? ARPOP_REQUEST : ARPOP_REPLY,
    senderMac: mac(words.from ?? defaultSource),
    senderIp: ipv4(words.senderIp),
    targetMac: words.targetMac === undefined ? 0 : mac(words.targetMac),
    targetIp: ipv4(words.targetIp),
  });
  return bytes;
}

/** Source and destination of a packet, both IPv4 or both IPv6, and its time to live, 64 by default. */
export interface PacketEnds extends FrameEnds {
  readonly source: string;
  readonly destination: string;
  readonly ttl?: number;
}

/** An echo request, or its reply. */
export interface EchoWords extends PacketEnds {
  readonly isReply?: boolean;
  readonly id?: number;
  readonly seq?: number;
  readonly payload?: Uint8Array | string;
}

/** Makes an ICMP or ICMPv6 echo. */
export function echoFrame(words: EchoWords): Uint8Array {
  const { isReply = false, id = 1, seq = 1 } = words;
  const rest = id * 0x10000 + seq;
  const payload = contentOf(words.payload);
  return packet(words, IPPROTO_ICMP, IPPROTO_ICMPV6, 8 + payload.length, (bytes, at, header, version) => {
    bytes.set(payload, at + 8);
    if (version === 4) writeIcmp(bytes, at, bytes.length, isReply ? ICMP_ECHOREPLY : ICMP_ECHO, 0, rest);
    else {
      const type = isReply ? ICMPV6_ECHO_REPLY : ICMPV6_ECHO_REQUEST;
      writeIcmpv6(bytes, at, bytes.length, header, type, 0, rest);
    }
  });
}

/** A UDP datagram. */
export interface UdpWords extends PacketEnds {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload?: Uint8Array | string;
}

/** Makes a UDP datagram with its checksum. */
export function udpFrame(words: UdpWords): Uint8Array {
  const payload = contentOf(words.payload);
  return packet(words, IPPROTO_UDP, IPPROTO_UDP, UDP_SIZE + payload.length, (bytes, at, header, version) => {
    bytes.set(payload, at + UDP_SIZE);
    const length = bytes.length - at;
    const pseudo =
      version === 4
        ? pseudoHeader4(ipv4(words.source), ipv4(words.destination), IPPROTO_UDP, length)
        : pseudoHeader6(bytes, header + IPV6_SOURCE, IPPROTO_UDP, length);
    writeUdp(bytes, at, bytes.length, words.sourcePort, words.destinationPort, pseudo);
  });
}

const defaultSource = "02:00:00:00:00:01";

/** Writes what is inside an IP packet, from `at` to the end; the IP header is at `header`. */
type WriteInside = (bytes: Uint8Array, at: number, header: number, version: 4 | 6) => void;

/** Makes an IP packet of whichever version the addresses are of, `size` bytes inside. */
function packet(
  words: PacketEnds,
  protocol4: number,
  protocol6: number,
  size: number,
  inside: WriteInside,
): Uint8Array {
  const isVersion6 = words.source.includes(":");
  const header = ETHERNET_SIZE;
  const at = header + (isVersion6 ? IPV6_HEADER_SIZE : IPV4_SIZE);
  const bytes = new Uint8Array(at + size);
  const ttl = words.ttl ?? 64;
  writeLink(bytes, words, isVersion6 ? ETH_P_IPV6 : ETH_P_IP);
  if (isVersion6) {
    const source = ipv6(words.source);
    const destination = ipv6(words.destination);
    emitIpv6(bytes, header, {
      payloadLength: size,
      nextHeader: protocol6,
      hopLimit: ttl,
      source,
      destination,
    });
  } else {
    const source = ipv4(words.source);
    const destination = ipv4(words.destination);
    emitIpv4(bytes, header, { totalLength: IPV4_SIZE + size, ttl, protocol: protocol4, source, destination });
  }
  inside(bytes, at, header, isVersion6 ? 6 : 4);
  return bytes;
}

function writeLink(
  bytes: Uint8Array,
  { to = "ff:ff:ff:ff:ff:ff", from = defaultSource }: FrameEnds,
  type: number,
): void {
  writeEthernet(bytes, 0, mac(to), mac(from), type);
}

function contentOf(payload: Uint8Array | string = ""): Uint8Array {
  return typeof payload === "string" ? encodeUtf8(payload) : payload;
}

function mac(text: string): number {
  return known(macFromText(text), text, "a MAC address");
}

function ipv4(text: string): number {
  return known(ipv4FromText(text), text, "an IPv4 address");
}

function ipv6(text: string): Uint8Array {
  return known(ipv6FromText(text), text, "an IPv6 address");
}

function known<Value>(value: Value | undefined, text: string, what: string): Value {
  if (value === undefined) throw new TypeError(`Not ${what}: ${text}`);
  return value;
}
