// Primitives with qualifiers: what stands before an address, a port or a protocol's number, and what it stands before.

import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_RARP } from "../../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../../uapi/in.ts";
import { readHost, readNet } from "./address.ts";
import * as arithmetic from "./arithmetic.ts";
import { FilterError, syntaxError } from "./error.ts";
import type { Match } from "./input.ts";
import type { Direction } from "./match.ts";
import * as match from "./match.ts";
import type { Qualifiers, Reading } from "./reading.ts";
import type { Token } from "./token.ts";
import { numberOf } from "./words.ts";

const maxPort = 65_535;

/** Ports with names, of TCP, of UDP or of all that have ports: those a filter is likely to name. */
const services: Readonly<Record<string, readonly [number, readonly number[]]>> = {
  ssh: [22, [IPPROTO_TCP]],
  smtp: [25, [IPPROTO_TCP]],
  domain: [53, match.portProtocols],
  bootps: [67, [IPPROTO_UDP]],
  bootpc: [68, [IPPROTO_UDP]],
  http: [80, [IPPROTO_TCP]],
  ntp: [123, [IPPROTO_UDP]],
  bgp: [179, [IPPROTO_TCP]],
  https: [443, match.portProtocols],
};

/** Protocols that the type of an Ethernet frame names. */
export const etherTypes: Readonly<Record<string, number>> = {
  ip: ETH_P_IP,
  ip6: ETH_P_IPV6,
  arp: ETH_P_ARP,
  rarp: ETH_P_RARP,
};

/** Protocol, direction and type, in this order, each of which may be missing. */
export function readQualifiers(reading: Reading): Qualifiers {
  const { words } = reading;
  let protocol: string | undefined;
  const token = words.peek();
  if (token !== undefined && isProtocol(token)) {
    protocol = token.text;
    words.at++;
  }
  const direction = readDirection(reading);
  const type = (["host", "net", "portrange", "port", "proto"] as const).find((word) => words.takes(word));
  return {
    protocol,
    direction: direction ?? "or",
    type: type ?? (direction === undefined ? undefined : "host"),
  };
}

function readDirection(reading: Reading): Direction | undefined {
  const { words } = reading;
  const begin = words.at;
  for (const [first, second] of [
    ["src", "dst"],
    ["dst", "src"],
  ] as const) {
    if (!words.takes(first)) continue;
    const after = words.at;
    if (words.takes("or", "||") && words.takes(second)) return "or";
    words.at = after;
    if (words.takes("and", "&&") && words.takes(second)) return "and";
    words.at = after;
    return first;
  }
  words.at = begin;
  return undefined;
}

/** The address, network, port or protocol number that qualifiers stand before. */
export function readIdentifier(reading: Reading, qualifiers: Qualifiers): Match {
  const { words } = reading;
  switch (qualifiers.type) {
    case "port":
    case "portrange":
      return readPort(reading, qualifiers);
    case "net":
      return readNet(reading, qualifiers);
    case "proto":
      return readProtocolNumber(reading, qualifiers);
    case "host":
      return readHost(reading, qualifiers);
    case undefined:
      throw words.error();
  }
}

function readPort(reading: Reading, { protocol, direction, type }: Qualifiers): Match {
  const { words } = reading;
  const token = words.word();
  if (protocol !== undefined && !["tcp", "udp", "sctp"].includes(protocol)) {
    throw new FilterError(`illegal qualifier of 'port'`, token.position);
  }
  const asked = protocol === undefined ? undefined : [arithmetic.transportProtocols[protocol] ?? 0];
  const [first, last] =
    type === "portrange" && token.text.includes("-") ? token.text.split("-") : [token.text, undefined];
  const from = readPortNumber(token, first ?? "", asked);
  const to = last === undefined ? from : readPortNumber(token, last, asked);
  const protocols = asked ?? from.protocols;
  const [low, high] = from.port <= to.port ? [from.port, to.port] : [to.port, from.port];
  return match.portRange(reading.link, direction, protocols, low, high);
}

function readPortNumber(
  token: Token,
  text: string,
  asked: readonly number[] | undefined,
): { port: number; protocols: readonly number[] } {
  const port = numberOf(text);
  if (port !== undefined) {
    if (port > maxPort) throw new FilterError(`illegal port number ${port} > ${maxPort}`, token.position);
    return { port, protocols: match.portProtocols };
  }
  const service = services[text];
  if (service === undefined) throw new FilterError(`unknown port '${text}'`, token.position);
  const [number, protocols] = service;
  if (asked !== undefined && !asked.some((each) => protocols.includes(each))) {
    throw new FilterError(
      `port '${text}' is ${protocols.includes(IPPROTO_TCP) ? "tcp" : "udp"}`,
      token.position,
    );
  }
  return { port: number, protocols };
}

function readProtocolNumber(reading: Reading, { protocol }: Qualifiers): Match {
  const { words } = reading;
  const token = words.word();
  const link = reading.link;
  if (protocol === "ether" || protocol === "link") {
    const type = token.isEscaped ? etherTypes[token.text] : numberOf(token.text);
    if (type === undefined) throw unknownProtocol("ether ", token);
    return match.etherType(link, type);
  }
  const number = token.isEscaped ? arithmetic.transportProtocols[token.text] : numberOf(token.text);
  if (number === undefined) throw unknownProtocol("ip ", token);
  if (protocol === "ip") return match.ipProtocol(link, number);
  if (protocol === "ip6") return match.ip6Protocol(link, number);
  if (protocol !== undefined) throw new FilterError(`'${protocol} proto' is bogus`, token.position);
  return match.or(match.ipProtocol(link, number), match.ip6Protocol(link, number));
}

function isProtocol({ text, isEscaped }: Token): boolean {
  if (isEscaped) return false;
  return (
    ["ether", "link", "stp"].includes(text) || text in etherTypes || text in arithmetic.transportProtocols
  );
}

function unknownProtocol(family: string, token: Token): FilterError {
  return token.isEscaped
    ? new FilterError(`unknown ${family}proto '${token.text}'`, token.position)
    : syntaxError(token.position);
}
