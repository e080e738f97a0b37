// A filter expression is read: alternatives and conjunctions, which bind alike and from left to right, of primitives, whose
// qualifiers are taken over by the addresses and ports that follow without any.
//
// Mirrors the grammar of pcap-filter(7), and libpcap's words for what it refuses. Omitted, and refused: names that need a
// resolver nobody gave, gateway, ip broadcast, protochain, MPLS, PPPoE, Geneve, 802.11, ATM.

import * as arithmetic from "./arithmetic.ts";
import { FilterError } from "./error.ts";
import type { Match } from "./input.ts";
import * as match from "./match.ts";
import { etherTypes, readIdentifier, readQualifiers } from "./qualified.ts";
import type { Reading, ResolveName } from "./reading.ts";
import { readRelation } from "./relation.ts";
import type { Token } from "./token.ts";
import { numberOf, Words } from "./words.ts";

/** The largest VLAN identifier. */
const maxVlan = 4095;

/** Reads an expression; an empty one matches everything. FilterError when it cannot be understood. */
export function parseFilter(expression: string, resolve: ResolveName): Match {
  const words = new Words(expression);
  if (words.isOver) return () => true;
  const whole = readAlternatives({ words, resolve, link: 0, inherited: undefined });
  if (!words.isOver) throw words.error();
  return whole;
}

/** Terms joined by `and` and `or`, which bind alike. */
function readAlternatives(reading: Reading): Match {
  const { words } = reading;
  let left = readTerm(reading);
  for (;;) {
    if (words.takes("and", "&&")) left = match.and(left, readTerm(reading));
    else if (words.takes("or", "||")) left = match.or(left, readTerm(reading));
    else return left;
  }
}

function readTerm(reading: Reading): Match {
  const { words } = reading;
  if (words.takes("not", "!")) return match.not(readTerm(reading));
  const relation = readRelation(reading);
  if (relation !== undefined) return relation;
  if (words.takes("(")) {
    const inner = readAlternatives(reading);
    words.expect(")");
    return inner;
  }
  return readPrimitive(reading);
}

function readPrimitive(reading: Reading): Match {
  const { words } = reading;
  const token = words.peek();
  if (token === undefined || !token.isWord) throw words.error();
  const simple = token.isEscaped ? undefined : readSimple(reading, token);
  if (simple !== undefined) return simple;
  const begin = words.at;
  const qualifiers = readQualifiers(reading);
  if (words.at === begin) {
    if (reading.inherited === undefined) throw words.error();
    return readIdentifier(reading, reading.inherited);
  }
  const isBare = qualifiers.type === undefined && words.at === begin + 1 && qualifiers.protocol !== undefined;
  if (isBare) return readProtocol(reading, qualifiers.protocol ?? "");
  reading.inherited = qualifiers;
  return readIdentifier(reading, qualifiers);
}

/** Primitives without an address or port. */
function readSimple(reading: Reading, { text, position }: Token): Match | undefined {
  const { words } = reading;
  switch (text) {
    case "broadcast":
      words.at++;
      return match.etherBroadcast();
    case "multicast":
      words.at++;
      return match.etherMulticast();
    case "inbound":
      words.at++;
      return (input) => !input.isOutgoing;
    case "outbound":
      words.at++;
      return (input) => input.isOutgoing;
    case "less":
    case "greater": {
      words.at++;
      const limit = words.plainNumber();
      return text === "less" ? (input) => input.length <= limit : (input) => input.length >= limit;
    }
    case "vlan":
      words.at++;
      return readVlan(reading);
    case "gateway":
      throw new FilterError("'gateway' is not supported", position);
    case "mpls":
    case "pppoed":
    case "pppoes":
    case "geneve":
      throw new FilterError(`'${text}' is not supported`, position);
    default:
      return undefined;
  }
}

function readVlan(reading: Reading): Match {
  const { words } = reading;
  const token = words.peek();
  const id = token?.isWord === true ? numberOf(token.text) : undefined;
  if (id !== undefined && token !== undefined) {
    words.at++;
    if (id > maxVlan) {
      throw new FilterError(`VLAN tag ${id} greater than maximum ${maxVlan}`, token.position);
    }
  }
  const matches = match.vlan(reading.link, id);
  reading.link += 4;
  return matches;
}

/** A protocol alone, and its broadcast and multicast. */
function readProtocol(reading: Reading, protocol: string): Match {
  const { words } = reading;
  const link = reading.link;
  const isEther = protocol === "ether" || protocol === "link";
  if (isEther && words.takes("broadcast")) return match.etherBroadcast();
  if (isEther && words.takes("multicast")) return match.etherMulticast();
  if (protocol === "ip" && words.takes("multicast")) return match.ipMulticast(link);
  if (protocol === "ip6" && words.takes("multicast")) return match.ip6Multicast(link);
  const token = words.peek();
  if (protocol === "ip" && token?.text === "broadcast") {
    throw new FilterError("netmask not known, so 'ip broadcast' not supported", token.position);
  }
  if (isEther) throw words.error();
  if (protocol === "stp") return match.isStp(link);
  const type = etherTypes[protocol];
  if (type !== undefined) return match.etherType(link, type);
  const number = arithmetic.transportProtocols[protocol] ?? 0;
  if (protocol === "icmp6") return match.ip6Protocol(link, number);
  const over4 = match.ipProtocol(link, number);
  const isOver4Only =
    protocol === "icmp" || protocol === "igmp" || protocol === "igrp" || protocol === "vrrp";
  return isOver4Only ? over4 : match.or(over4, match.ip6Protocol(link, number));
}
