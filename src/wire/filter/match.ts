// The primitives of filter expressions as functions over a frame: protocols, addresses, networks, ports, tags. `link` is
// how far VLAN tags have moved what is behind the Ethernet addresses.
//
// Mirrors what libpcap compiles for Ethernet (tcpdump -d -y EN10MB shows it): the same loads in the same order.

import { getBe32 } from "../../bytes/endian.ts";
import {
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  ETH_P_RARP,
} from "../../uapi/if_ether.ts";
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from "../../uapi/in.ts";
import { IPPROTO_FRAGMENT } from "../../uapi/in6.ts";
import type { Match, Value } from "./input.ts";
import { load } from "./input.ts";

/** Offsets from the Ethernet header without a tag. */
const typeOffset = 12;
const networkOffset = 14;
const protocol4 = 9;
const fragment4 = 6;
const source4 = 12;
const destination4 = 16;
const nextHeader6 = 6;
const source6 = 8;
const destination6 = 24;
const arpSource = 14;
const arpDestination = 24;
/** The EtherType of tags before 802.1ad gave them one. */
const qinqType = 0x9100;
const fragmentOffsetMask = 0x1fff;

/** Source, destination, either or both of them. */
export type Direction = "src" | "dst" | "or" | "and";

/** Joins what is asked of the source and of the destination. */
function directed(direction: Direction, source: Match, destination: Match): Match {
  switch (direction) {
    case "src":
      return source;
    case "dst":
      return destination;
    case "and":
      return and(source, destination);
    case "or":
      return or(source, destination);
  }
}

/** Both hold; the second is not asked when the first does not. */
export function and(left: Match, right: Match): Match {
  return (input) => left(input) && right(input);
}

/** One of them holds; the second is not asked when the first does. */
export function or(left: Match, right: Match): Match {
  return (input) => left(input) || right(input);
}

/** It does not hold. */
export function not(operand: Match): Match {
  return (input) => !operand(input);
}

/** `ether proto`: an EtherType, or below 1536 the LSAP of an 802.3 frame. */
export function etherType(link: number, type: number): Match {
  return (input) => load(input, link + typeOffset, 2) === type;
}

export const isIp = (link: number): Match => etherType(link, ETH_P_IP);
export const isIp6 = (link: number): Match => etherType(link, ETH_P_IPV6);
export const isArp = (link: number): Match => etherType(link, ETH_P_ARP);
export const isRarp = (link: number): Match => etherType(link, ETH_P_RARP);

/** `stp`: the LSAP of bridge PDUs in an 802.3 frame. */
export function isStp(link: number): Match {
  return (input) =>
    load(input, link + typeOffset, 2) <= 1500 && load(input, link + networkOffset, 1) === 0x42;
}

/** `ip proto`. */
export function ipProtocol(link: number, protocol: number): Match {
  return and(isIp(link), (input) => load(input, link + networkOffset + protocol4, 1) === protocol);
}

/** `ip6 proto`: the next header, also behind one fragment header. */
export function ip6Protocol(link: number, protocol: number): Match {
  return and(isIp6(link), (input) => {
    const next = load(input, link + networkOffset + nextHeader6, 1);
    if (next === protocol) return true;
    return next === IPPROTO_FRAGMENT && load(input, link + networkOffset + 40, 1) === protocol;
  });
}

/** `ether host`: hardware addresses of 6 bytes. */
export function etherHost(direction: Direction, address: Uint8Array): Match {
  return directed(direction, equals(6, address), equals(0, address));
}

/** `ether broadcast`. */
export function etherBroadcast(): Match {
  return equals(0, new Uint8Array(6).fill(0xff));
}

/** `ether multicast`: the group bit, which broadcast has too. */
export function etherMulticast(): Match {
  return (input) => (load(input, 0, 1) & 1) !== 0;
}

/** `ip multicast`: the first byte of the destination, as libpcap compares it. */
export function ipMulticast(link: number): Match {
  return and(isIp(link), (input) => load(input, link + networkOffset + destination4, 1) >= 224);
}

/** `ip6 multicast`. */
export function ip6Multicast(link: number): Match {
  return and(isIp6(link), (input) => load(input, link + networkOffset + destination6, 1) === 0xff);
}

/** The protocols whose packets have IPv4 addresses. */
export type Addressed4 = "ip" | "arp" | "rarp";

/** `host` and `net` for an IPv4 address: of IP, ARP and RARP, or of one of them. */
export function net4(
  link: number,
  direction: Direction,
  protocols: readonly Addressed4[],
  address: number,
  mask: number,
): Match {
  const at =
    (offset: number): Match =>
    (input) =>
      (load(input, link + networkOffset + offset, 4) & mask) === (address & mask);
  const matches = protocols.map((protocol) =>
    protocol === "ip"
      ? and(isIp(link), directed(direction, at(source4), at(destination4)))
      : and(
          protocol === "arp" ? isArp(link) : isRarp(link),
          directed(direction, at(arpSource), at(arpDestination)),
        ),
  );
  return matches.reduce(or);
}

/** `host` and `net` for an IPv6 address of 16 bytes and its prefix length. */
export function net6(link: number, direction: Direction, address: Uint8Array, prefixLength: number): Match {
  const source = startsWith(link + networkOffset + source6, address, prefixLength);
  const destination = startsWith(link + networkOffset + destination6, address, prefixLength);
  return and(isIp6(link), directed(direction, source, destination));
}

/** `port` and `portrange`: of TCP, UDP or SCTP, or of one of them; of an IPv4 packet in pieces only the first has ports. */
export function portRange(
  link: number,
  direction: Direction,
  protocols: readonly number[],
  from: number,
  to: number,
): Match {
  const within = (port: number): boolean => port >= from && port <= to;
  const [ip, ip6, isFirst] = [isIp(link), isIp6(link), isFirstFragment(link)];
  const over6 = and(
    (input) => ip6(input) && protocols.includes(load(input, link + networkOffset + nextHeader6, 1)),
    directed(
      direction,
      (input) => within(load(input, link + networkOffset + 40, 2)),
      (input) => within(load(input, link + networkOffset + 42, 2)),
    ),
  );
  const header = transport4(link);
  const over4 = and(
    (input) =>
      ip(input) && protocols.includes(load(input, link + networkOffset + protocol4, 1)) && isFirst(input),
    directed(
      direction,
      (input) => within(load(input, header(input), 2)),
      (input) => within(load(input, header(input) + 2, 2)),
    ),
  );
  return or(over6, over4);
}

/** The protocols with ports. */
export const portProtocols: readonly number[] = [IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP];

/** Whether an IPv4 packet is whole or the first of its pieces. */
export function isFirstFragment(link: number): Match {
  return (input) => (load(input, link + networkOffset + fragment4, 2) & fragmentOffsetMask) === 0;
}

/** Where the header behind an IPv4 header begins, from the Ethernet header on. */
export function transport4(link: number): Value {
  return (input) => link + networkOffset + (load(input, link + networkOffset, 1) & 0xf) * 4;
}

/** `vlan`: the frame has a tag, with this identifier if one is given. */
export function vlan(link: number, id: number | undefined): Match {
  return (input) => {
    const type = load(input, link + typeOffset, 2);
    if (type !== ETH_P_8021Q && type !== ETH_P_8021AD && type !== qinqType) return false;
    return id === undefined || (load(input, link + networkOffset, 2) & 0x0fff) === id;
  };
}

/** Whether the bytes at `offset` are those of `expected`. */
function equals(offset: number, expected: Uint8Array): Match {
  return (input) => expected.every((byte, index) => load(input, offset + index, 1) === byte);
}

/** Whether the address at `offset` begins with the first `bits` of `address`; word by word, and those behind too. */
function startsWith(offset: number, address: Uint8Array, bits: number): Match {
  return (input) => {
    for (let index = 0; index < 4; index++) {
      const word = load(input, offset + index * 4, 4);
      const length = Math.max(0, Math.min(32, bits - index * 32));
      const mask = length === 0 ? 0 : -1 << (32 - length);
      if (((word ^ getBe32(address, index * 4)) & mask) !== 0) return false;
    }
    return true;
  };
}
