// Numbers in filter expressions: bytes of a header, the frame's length, and what is worked out of them, as unsigned 32-bit
// numbers.
//
// Mirrors libpcap's arithmetic (gencode.c as tcpdump -d shows it). Omitted: indexes into protocols other than these.

import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_IGMP,
  IPPROTO_PIM,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import type { Match, Value } from "./input.ts";
import { load } from "./input.ts";
import * as match from "./match.ts";

const networkOffset = 14;
/** The header behind one of IPv6 without extensions. */
const transport6Offset = networkOffset + 40;
/** RFC 5798 and Cisco's IGRP, which the header has no name for. */
const IPPROTO_VRRP = 112;
const IPPROTO_IGRP = 9;

/** Protocols over IPv4, or over both, by the name filters know them by. */
export const transportProtocols: Readonly<Record<string, number>> = {
  tcp: IPPROTO_TCP,
  udp: IPPROTO_UDP,
  sctp: IPPROTO_SCTP,
  icmp: IPPROTO_ICMP,
  icmp6: IPPROTO_ICMPV6,
  igmp: IPPROTO_IGMP,
  igrp: IPPROTO_IGRP,
  pim: IPPROTO_PIM,
  vrrp: IPPROTO_VRRP,
  ah: IPPROTO_AH,
  esp: IPPROTO_ESP,
};

/** Numbers with names: offsets of fields, bits of TCP's flags, types of ICMP messages. */
export const namedNumbers: Readonly<Record<string, number>> = {
  tcpflags: 13,
  "tcp-fin": 0x01,
  "tcp-syn": 0x02,
  "tcp-rst": 0x04,
  "tcp-push": 0x08,
  "tcp-ack": 0x10,
  "tcp-urg": 0x20,
  "tcp-ece": 0x40,
  "tcp-cwr": 0x80,
  icmptype: 0,
  icmpcode: 1,
  "icmp-echoreply": 0,
  "icmp-unreach": 3,
  "icmp-sourcequench": 4,
  "icmp-redirect": 5,
  "icmp-echo": 8,
  "icmp-routeradvert": 9,
  "icmp-routersolicit": 10,
  "icmp-timxceed": 11,
  "icmp-paramprob": 12,
  "icmp-tstamp": 13,
  "icmp-tstampreply": 14,
  "icmp-ireq": 15,
  "icmp-ireqreply": 16,
  "icmp-maskreq": 17,
  "icmp-maskreply": 18,
  icmp6type: 0,
  icmp6code: 1,
  "icmp6-destinationunreach": 1,
  "icmp6-packettoobig": 2,
  "icmp6-timeexceeded": 3,
  "icmp6-parameterproblem": 4,
  "icmp6-echo": 128,
  "icmp6-echoreply": 129,
  "icmp6-multicastlistenerquery": 130,
  "icmp6-multicastlistenerreportv1": 131,
  "icmp6-multicastlistenerdone": 132,
  "icmp6-routersolicit": 133,
  "icmp6-routeradvert": 134,
  "icmp6-neighborsolicit": 135,
  "icmp6-neighboradvert": 136,
  "icmp6-redirect": 137,
};

/** A number, and what must hold before it can be loaded. */
export interface Operand {
  readonly value: Value;
  readonly guard: Match | undefined;
  /** It is the same for every frame. */
  readonly isConstant: boolean;
}

/** A number that is written. */
export function constant(number: number): Operand {
  return { value: () => number >>> 0, guard: undefined, isConstant: true };
}

export const frameLength: Operand = {
  value: (input) => input.length >>> 0,
  guard: undefined,
  isConstant: false,
};

/** Whether a protocol's bytes can be asked for. */
export function isIndexable(protocol: string): boolean {
  return ["ether", "link", "ip", "ip6", "arp", "rarp"].includes(protocol) || protocol in transportProtocols;
}

/** `protocol[index:size]`, for a protocol that is indexable. */
export function headerBytes(link: number, protocol: string, index: Operand, size: number): Operand {
  const { base, guard } = headerOf(link, protocol);
  const joined =
    index.guard === undefined ? guard : guard === undefined ? index.guard : match.and(index.guard, guard);
  const value: Value = (input) => load(input, base(input) + (index.value(input) | 0), size);
  return { value, guard: joined, isConstant: false };
}

/** Where a protocol's header begins, and when a frame has one. */
function headerOf(link: number, protocol: string): { base: Value; guard: Match | undefined } {
  const network = (): number => link + networkOffset;
  switch (protocol) {
    case "ether":
    case "link":
      return { base: () => 0, guard: undefined };
    case "ip":
      return { base: network, guard: match.isIp(link) };
    case "ip6":
      return { base: network, guard: match.isIp6(link) };
    case "arp":
      return { base: network, guard: match.isArp(link) };
    case "rarp":
      return { base: network, guard: match.isRarp(link) };
    case "icmp6":
      return {
        base: () => link + transport6Offset,
        guard: match.and(
          match.isIp6(link),
          (input) => load(input, link + networkOffset + 6, 1) === IPPROTO_ICMPV6,
        ),
      };
    default: {
      const number = transportProtocols[protocol] ?? 0;
      const guard = match.and(match.ipProtocol(link, number), match.isFirstFragment(link));
      return { base: match.transport4(link), guard };
    }
  }
}

/** The operators by how tightly they bind, loosest first; `^` and `%` are apart (relation.ts). */
export const operatorLevels: readonly (readonly string[])[] = [
  ["|"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/"],
];

/** Works two numbers into one; a division by zero ends the filter, as it does on BPF. */
export function combine(operator: string, left: Operand, right: Operand): Operand {
  const guard =
    left.guard === undefined
      ? right.guard
      : right.guard === undefined
        ? left.guard
        : match.and(left.guard, right.guard);
  const isConstant = left.isConstant && right.isConstant;
  const value: Value = (input) => {
    const b = right.value(input);
    const a = left.value(input);
    if (b === 0 && (operator === "/" || operator === "%")) {
      input.isOverrun = true;
      return 0;
    }
    return calculate(operator, a, b);
  };
  return { value, guard, isConstant };
}

function calculate(operator: string, a: number, b: number): number {
  switch (operator) {
    case "+":
      return (a + b) >>> 0;
    case "-":
      return (a - b) >>> 0;
    case "*":
      return Math.imul(a, b) >>> 0;
    case "/":
      return Math.floor(a / b);
    case "%":
      return a % b;
    case "&":
      return (a & b) >>> 0;
    case "^":
      return (a ^ b) >>> 0;
    case "<<":
      return b > 31 ? 0 : (a << b) >>> 0;
    case ">>":
      return b > 31 ? 0 : a >>> b;
    default:
      return (a | b) >>> 0;
  }
}

/** Compares two numbers; a frame without the headers they are in does not match. */
export function compare(operator: string, left: Operand, right: Operand): Match {
  const { guard } = combine("+", left, right);
  const holds: Match = (input) => {
    const [a, b] = [left.value(input), right.value(input)];
    switch (operator) {
      case "<":
        return a < b;
      case "<=":
        return a <= b;
      case ">":
        return a > b;
      case ">=":
        return a >= b;
      case "!=":
        return a !== b;
      default:
        return a === b;
    }
  };
  return guard === undefined ? holds : match.and(guard, holds);
}
