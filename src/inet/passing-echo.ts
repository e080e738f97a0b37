// Echo requests on their way to other hosts, taken by who stands in for those (IpNetns.takePassingEcho); passing-echo-send.ts says
// what that one says of them.
//
// No file of Linux does this: libslirp and passt do it outside of the kernel. Message formats are those of RFC 792 and RFC 4443.

import type { Frame } from "../net/netdevice.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { ICMP_SIZE, icmpEchoId, icmpEchoSequence } from "../wire/icmp.ts";
import { ICMPV6_SIZE } from "../wire/icmpv6.ts";
import { IPV4_SIZE, ipv4Tos, ipv4Ttl } from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, ipv6HopLimit, ipv6TrafficClass } from "../wire/ipv6.ts";

/** Of the request an error repeats as much as goes into the least packet that every host takes. */
const maxQuoted = {
  [AF_INET]: 576 - IPV4_SIZE - ICMP_SIZE,
  [AF_INET6]: 1_280 - IPV6_HEADER_SIZE - ICMPV6_SIZE,
};

/** An echo request for another host. All bytes are its own. */
export interface PassingEcho {
  readonly family: typeof AF_INET | typeof AF_INET6;
  /** Addresses of 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly id: number;
  readonly sequence: number;
  readonly ttl: number;
  /** Type of service, or traffic class. */
  readonly tos: number;
  readonly payload: Uint8Array;
  /** The packet's beginning, from its IP header on, as an error repeats it. */
  readonly quoted: Uint8Array;
}

/** Who stands in for other hosts takes a request to one of them; false: it is to be treated as if nobody did. */
export type TakePassingEcho = (echo: PassingEcho) => boolean;

/** Reads the request in `frame`, whose `start` is at its ICMP header. */
export function readPassingEcho(frame: Frame, family: typeof AF_INET | typeof AF_INET6): PassingEcho {
  const { bytes, end, networkHeader, start } = frame;
  const isFour = family === AF_INET;
  const size = isFour ? 4 : 16;
  const addresses = networkHeader + (isFour ? 12 : 8);
  // ICMPv6 has the identifier, the sequence number and the payload where ICMP has them.
  return {
    family,
    source: bytes.slice(addresses, addresses + size),
    destination: bytes.slice(addresses + size, addresses + 2 * size),
    id: icmpEchoId(bytes, start),
    sequence: icmpEchoSequence(bytes, start),
    ttl: isFour ? ipv4Ttl(bytes, networkHeader) : ipv6HopLimit(bytes, networkHeader),
    tos: isFour ? ipv4Tos(bytes, networkHeader) : ipv6TrafficClass(bytes, networkHeader),
    payload: bytes.slice(start + ICMP_SIZE, end),
    quoted: bytes.slice(networkHeader, Math.min(end, networkHeader + maxQuoted[family])),
  };
}
