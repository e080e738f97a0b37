// What ping(8) says of an ICMP or ICMPv6 error.

import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_TIME_EXCEEDED,
} from "../../uapi/icmp.ts";
import {
  ICMPV6_DEST_UNREACH,
  ICMPV6_PARAMPROB,
  ICMPV6_PKT_TOOBIG,
  ICMPV6_TIME_EXCEED,
} from "../../uapi/icmpv6.ts";

/** Texts of ICMP's destination unreachable by code; the gap is the one whose text has a number in it. */
const unreachable4: Readonly<Record<number, string>> = {
  0: "Destination Net Unreachable",
  1: "Destination Host Unreachable",
  2: "Destination Protocol Unreachable",
  3: "Destination Port Unreachable",
  5: "Source Route Failed",
  6: "Destination Net Unknown",
  7: "Destination Host Unknown",
  8: "Source Host Isolated",
  9: "Destination Net Prohibited",
  10: "Destination Host Prohibited",
  11: "Destination Net Unreachable for Type of Service",
  12: "Destination Host Unreachable for Type of Service",
  13: "Packet filtered",
  14: "Precedence Violation",
  15: "Precedence Cutoff",
};

const unreachable6: readonly string[] = [
  "No route",
  "Administratively prohibited",
  "Beyond scope of source address",
  "Address unreachable",
  "Port unreachable",
];

/** The text of an error; `info` is its second word: an MTU, a pointer. */
export function icmpText(isIpv6: boolean, type: number, code: number, info: number): string {
  return isIpv6 ? icmp6Text(type, code, info) : icmp4Text(type, code, info);
}

function icmp4Text(type: number, code: number, info: number): string {
  switch (type) {
    case ICMP_DEST_UNREACH:
      if (code === ICMP_FRAG_NEEDED) return `Frag needed and DF set (mtu = ${info})`;
      return unreachable4[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case ICMP_TIME_EXCEEDED:
      return code === 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
    case ICMP_PARAMETERPROB:
      return `Parameter problem: pointer = ${info}`;
    default:
      return `Bad ICMP type: ${type}`;
  }
}

function icmp6Text(type: number, code: number, info: number): string {
  switch (type) {
    case ICMPV6_DEST_UNREACH:
      return `Destination unreachable: ${unreachable6[code] ?? `Unknown code ${code}`}`;
    case ICMPV6_PKT_TOOBIG:
      return `Packet too big: mtu=${info}`;
    case ICMPV6_TIME_EXCEED:
      return `Time exceeded: ${code === 0 ? "Hop limit" : "Defragmentation failure"}`;
    case ICMPV6_PARAMPROB:
      return `Parameter problem: pointer = ${info}`;
    default:
      return `unknown icmp type: ${type}`;
  }
}
