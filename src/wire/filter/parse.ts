// A filter expression is read: alternatives and conjunctions, which bind alike and from left to right, of primitives, whose
// qualifiers are taken over by the addresses and ports that follow without any.
//
// Mirrors the grammar of pcap-filter(7), and libpcap's words for what it refuses. Omitted, and refused: names that need a
// resolver nobody gave, gateway, ip broadcast, protochain, MPLS, PPPoE, Geneve, 802.11, ATM.

import { ipv4FromText } from "../../bytes/ipv4.ts";
import { ipv6FromText } from "../../bytes/ipv6.ts";
import { macFromText, macToBytes } from "../../bytes/mac.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_RARP } from "../../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../../uapi/in.ts";
import type { Operand } from "./arithmetic.ts";
import * as arithmetic from "./arithmetic.ts";
import { FilterError, syntaxError } from "./error.ts";
import type { Match } from "./input.ts";
import type { Addressed4, Direction } from "./match.ts";
import * as match from "./match.ts";
import type { Token } from "./token.ts";
import { tokenize } from "./token.ts";

/** The largest VLAN identifier and port. */
const maxVlan = 4095;
const maxPort = 65_535;
const relations: readonly string[] = ["=", "==", "!=", "<", "<=", ">", ">="];

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

const etherTypes: Readonly<Record<string, number>> = {
  ip: ETH_P_IP,
  ip6: ETH_P_IPV6,
  arp: ETH_P_ARP,
  rarp: ETH_P_RARP,
};

/** What stands before an address, a network or a port. */
interface Qualifiers {
  readonly protocol: string | undefined;
  readonly direction: Direction;
  readonly type: "host" | "net" | "port" | "portrange" | "proto" | undefined;
}

/** Finds the addresses of a host by its name; none when it knows no such host. */
export type ResolveName = (name: string) => readonly string[];

/** Reads an expression; an empty one matches everything. FilterError when it cannot be understood. */
export function parseFilter(expression: string, resolve: ResolveName): Match {
  return new Parser(tokenize(expression), expression.length, resolve).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  readonly #resolve: ResolveName;
  #at = 0;
  /** How far the tags that were asked for so far have moved the rest of the frame. */
  #link = 0;
  /** The qualifiers a bare address or port takes over. */
  #inherited: Qualifiers | undefined;

  constructor(tokens: readonly Token[], length: number, resolve: ResolveName) {
    this.#tokens = tokens;
    this.#length = length;
    this.#resolve = resolve;
  }

  parse(): Match {
    if (this.#tokens.length === 0) return () => true;
    const whole = this.#alternatives();
    if (this.#at < this.#tokens.length) throw this.#error();
    return whole;
  }

  /** Terms joined by `and` and `or`, which bind alike. */
  #alternatives(): Match {
    let left = this.#term();
    for (;;) {
      if (this.#takes("and", "&&")) left = match.and(left, this.#term());
      else if (this.#takes("or", "||")) left = match.or(left, this.#term());
      else return left;
    }
  }

  #term(): Match {
    if (this.#takes("not", "!")) return match.not(this.#term());
    const relation = this.#relation();
    if (relation !== undefined) return relation;
    if (this.#takes("(")) {
      const inner = this.#alternatives();
      this.#expect(")");
      return inner;
    }
    return this.#primitive();
  }

  // --- Relations ------------------------------------------------------------------------------------------------------

  /** A comparison of two numbers; undefined, and nothing read, when there is none here. */
  #relation(): Match | undefined {
    const begin = this.#at;
    const left = this.#numbers(0);
    const operator = this.#peek()?.text ?? "";
    if (left === undefined || !relations.includes(operator)) {
      this.#at = begin;
      return undefined;
    }
    this.#at++;
    const right = this.#numbers(0);
    if (right === undefined) throw this.#error();
    return arithmetic.compare(operator, left, right);
  }

  #numbers(level: number): Operand | undefined {
    const operators = arithmetic.operatorLevels[level];
    if (operators === undefined) return this.#unranked();
    let left = this.#numbers(level + 1);
    for (;;) {
      const operator = this.#peek();
      if (left === undefined || operator === undefined || !operators.includes(operator.text)) return left;
      this.#at++;
      const right = this.#numbers(level + 1);
      if (right === undefined) return undefined;
      left = arithmetic.combine(operator.text, left, right);
    }
  }

  /** `^` and `%` have no rank in libpcap's grammar: what follows, to the last operator, is their right side. */
  #unranked(): Operand | undefined {
    const left = this.#number();
    const operator = this.#peek()?.text ?? "";
    if (left === undefined || (operator !== "^" && operator !== "%")) return left;
    this.#at++;
    const right = this.#numbers(0);
    return right && arithmetic.combine(operator, left, right);
  }

  #number(): Operand | undefined {
    const token = this.#peek();
    if (token === undefined) return undefined;
    if (this.#takes("-")) {
      const operand = this.#number();
      return operand && arithmetic.combine("-", arithmetic.constant(0), operand);
    }
    if (this.#takes("(")) {
      const inner = this.#numbers(0);
      return inner !== undefined && this.#takes(")") ? inner : undefined;
    }
    if (!token.isWord || token.isEscaped) return undefined;
    this.#at++;
    if (token.text === "len") return arithmetic.frameLength;
    const named = arithmetic.namedNumbers[token.text] ?? numberOf(token.text);
    if (named !== undefined) return arithmetic.constant(named);
    if (!arithmetic.isIndexable(token.text) || !this.#takes("[")) return undefined;
    return this.#header(token.text);
  }

  /** What is in the brackets behind a protocol. */
  #header(protocol: string): Operand {
    const index = this.#numbers(0);
    if (index === undefined) throw this.#error();
    let size = 1;
    if (this.#takes(":")) {
      const token = this.#next();
      size = numberOf(token.text) ?? 0;
      if (size !== 1 && size !== 2 && size !== 4) {
        throw new FilterError("data size must be 1, 2, or 4", token.position);
      }
    }
    this.#expect("]");
    return arithmetic.headerBytes(this.#link, protocol, index, size);
  }

  // --- Primitives -----------------------------------------------------------------------------------------------------

  #primitive(): Match {
    const token = this.#peek();
    if (token === undefined || !token.isWord) throw this.#error();
    const simple = token.isEscaped ? undefined : this.#simple(token);
    if (simple !== undefined) return simple;
    const begin = this.#at;
    const qualifiers = this.#qualifiers();
    if (this.#at === begin) {
      if (this.#inherited === undefined) throw this.#error();
      return this.#identifier(this.#inherited);
    }
    const isBare =
      qualifiers.type === undefined && this.#at === begin + 1 && qualifiers.protocol !== undefined;
    if (isBare) return this.#protocol(qualifiers.protocol ?? "");
    this.#inherited = qualifiers;
    return this.#identifier(qualifiers);
  }

  /** Primitives without an address or port. */
  #simple({ text, position }: Token): Match | undefined {
    switch (text) {
      case "broadcast":
        this.#at++;
        return match.etherBroadcast();
      case "multicast":
        this.#at++;
        return match.etherMulticast();
      case "inbound":
        this.#at++;
        return (input) => !input.isOutgoing;
      case "outbound":
        this.#at++;
        return (input) => input.isOutgoing;
      case "less":
      case "greater": {
        this.#at++;
        const limit = this.#plainNumber();
        return text === "less" ? (input) => input.length <= limit : (input) => input.length >= limit;
      }
      case "vlan":
        this.#at++;
        return this.#vlan();
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

  #vlan(): Match {
    const token = this.#peek();
    const id = token?.isWord === true ? numberOf(token.text) : undefined;
    if (id !== undefined && token !== undefined) {
      this.#at++;
      if (id > maxVlan) {
        throw new FilterError(`VLAN tag ${id} greater than maximum ${maxVlan}`, token.position);
      }
    }
    const matches = match.vlan(this.#link, id);
    this.#link += 4;
    return matches;
  }

  /** A protocol alone, and its broadcast and multicast. */
  #protocol(protocol: string): Match {
    const link = this.#link;
    const isEther = protocol === "ether" || protocol === "link";
    if (isEther && this.#takes("broadcast")) return match.etherBroadcast();
    if (isEther && this.#takes("multicast")) return match.etherMulticast();
    if (protocol === "ip" && this.#takes("multicast")) return match.ipMulticast(link);
    if (protocol === "ip6" && this.#takes("multicast")) return match.ip6Multicast(link);
    const token = this.#peek();
    if (protocol === "ip" && token?.text === "broadcast") {
      throw new FilterError("netmask not known, so 'ip broadcast' not supported", token.position);
    }
    if (isEther) throw this.#error();
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

  // --- Qualifiers -----------------------------------------------------------------------------------------------------

  /** Protocol, direction and type, in this order, each of which may be missing. */
  #qualifiers(): Qualifiers {
    let protocol: string | undefined;
    const token = this.#peek();
    if (token !== undefined && isProtocol(token)) {
      protocol = token.text;
      this.#at++;
    }
    const direction = this.#direction();
    const type = (["host", "net", "portrange", "port", "proto"] as const).find((word) => this.#takes(word));
    return {
      protocol,
      direction: direction ?? "or",
      type: type ?? (direction === undefined ? undefined : "host"),
    };
  }

  #direction(): Direction | undefined {
    const begin = this.#at;
    for (const [first, second] of [
      ["src", "dst"],
      ["dst", "src"],
    ] as const) {
      if (!this.#takes(first)) continue;
      const after = this.#at;
      if (this.#takes("or", "||") && this.#takes(second)) return "or";
      this.#at = after;
      if (this.#takes("and", "&&") && this.#takes(second)) return "and";
      this.#at = after;
      return first;
    }
    this.#at = begin;
    return undefined;
  }

  // --- Identifiers ----------------------------------------------------------------------------------------------------

  /** The address, network, port or protocol number that qualifiers stand before. */
  #identifier(qualifiers: Qualifiers): Match {
    switch (qualifiers.type) {
      case "port":
      case "portrange":
        return this.#port(qualifiers);
      case "net":
        return this.#net(qualifiers);
      case "proto":
        return this.#protocolNumber(qualifiers);
      case "host":
        return this.#host(qualifiers);
      case undefined:
        throw this.#error();
    }
  }

  #port({ protocol, direction, type }: Qualifiers): Match {
    const token = this.#word();
    if (protocol !== undefined && !["tcp", "udp", "sctp"].includes(protocol)) {
      throw new FilterError(`illegal qualifier of 'port'`, token.position);
    }
    const asked = protocol === undefined ? undefined : [arithmetic.transportProtocols[protocol] ?? 0];
    const [first, last] =
      type === "portrange" && token.text.includes("-") ? token.text.split("-") : [token.text, undefined];
    const from = this.#portNumber(token, first ?? "", asked);
    const to = last === undefined ? from : this.#portNumber(token, last, asked);
    const protocols = asked ?? from.protocols;
    const [low, high] = from.port <= to.port ? [from.port, to.port] : [to.port, from.port];
    return match.portRange(this.#link, direction, protocols, low, high);
  }

  #portNumber(
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

  #protocolNumber({ protocol }: Qualifiers): Match {
    const token = this.#word();
    const link = this.#link;
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

  #host(qualifiers: Qualifiers): Match {
    const token = this.#word();
    if (this.#peek()?.text === "/") throw this.#maskedHost(token);
    const mac = /[:-]/.test(token.text) ? macFromText(token.text.replaceAll("-", ":")) : undefined;
    if (qualifiers.protocol === "ether" || qualifiers.protocol === "link") {
      if (mac === undefined) {
        throw new FilterError(
          "only ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel supports link-level host name",
          token.position,
        );
      }
      return match.etherHost(qualifiers.direction, macToBytes(mac));
    }
    if (mac !== undefined) {
      throw new FilterError("ethernet address used in non-ether expression", token.position);
    }
    this.#checkAddressed(qualifiers, "host", token);
    const ip6 = ipv6FromText(token.text);
    if (ip6 !== undefined) return this.#over6(qualifiers, ip6, 128, token);
    const ip4 = partialIpv4(token.text);
    if (ip4 !== undefined) return this.#over4(qualifiers, ip4.address, ip4.mask, token);
    return this.#named(qualifiers, token);
  }

  /** Why a host cannot have a mask: the mask is looked at first. */
  #maskedHost(token: Token): FilterError {
    const address = partialIpv4(token.text)?.address;
    const mask = this.#mask();
    if (address === undefined || mask === undefined) return this.#error(token);
    const text =
      (address & ~mask) === 0
        ? "Mask syntax for networks only"
        : `non-network bits set in "${this.#written(token)}"`;
    return new FilterError(text, token.position);
  }

  /** A host by its name: any of its addresses. */
  #named(qualifiers: Qualifiers, token: Token): Match {
    const matches = this.#resolve(token.text).flatMap((text) => {
      const ip4 = ipv4FromText(text);
      if (ip4 !== undefined && qualifiers.protocol !== "ip6")
        return [this.#over4(qualifiers, ip4, 0xffffffff, token)];
      const ip6 = ipv6FromText(text);
      const isForIp6 = qualifiers.protocol === undefined || qualifiers.protocol === "ip6";
      return ip6 !== undefined && isForIp6 ? [this.#over6(qualifiers, ip6, 128, token)] : [];
    });
    const [first, ...rest] = matches;
    if (first === undefined) throw new FilterError(`unknown host '${token.text}'`, token.position);
    return rest.reduce(match.or, first);
  }

  #net(qualifiers: Qualifiers): Match {
    const token = this.#word();
    this.#checkAddressed(qualifiers, "net", token);
    const ip6 = ipv6FromText(token.text);
    if (ip6 !== undefined) {
      const length = this.#takes("/") ? this.#prefixLength(128) : 128;
      if (hasBitsBehind(ip6, length)) {
        throw new FilterError(`non-network bits set in "${token.text}/${length}"`, token.position);
      }
      return this.#over6(qualifiers, ip6, length, token);
    }
    const ip4 = partialIpv4(token.text);
    if (ip4 === undefined) throw new FilterError(`unknown network '${token.text}'`, token.position);
    const mask = this.#mask() ?? ip4.mask;
    if ((ip4.address & ~mask) !== 0) {
      throw new FilterError(`non-network bits set in "${this.#written(token)}"`, token.position);
    }
    return this.#over4(qualifiers, ip4.address, mask, token);
  }

  /** `/24` or `mask 255.255.255.0`. */
  #mask(): number | undefined {
    if (this.#takes("/")) {
      const length = this.#prefixLength(32);
      return length === 0 ? 0 : -1 << (32 - length);
    }
    if (!this.#takes("mask")) return undefined;
    const token = this.#word();
    const mask = ipv4FromText(token.text);
    if (mask === undefined) throw this.#error(token);
    return mask;
  }

  #prefixLength(most: number): number {
    const token = this.#word();
    const length = numberOf(token.text);
    if (length === undefined) throw this.#error(token);
    if (length > most)
      throw new FilterError("mask length must be <= 32".replace("32", String(most)), token.position);
    return length;
  }

  #over4({ protocol, direction }: Qualifiers, address: number, mask: number, token: Token): Match {
    if (protocol === "ip6") throw new FilterError("'ip6' modifier applied to ip host", token.position);
    const all: readonly Addressed4[] = ["ip", "arp", "rarp"];
    const protocols = protocol === undefined ? all : all.filter((each) => each === protocol);
    return match.net4(this.#link, direction, protocols, address, mask);
  }

  #over6({ protocol, direction }: Qualifiers, address: Uint8Array, length: number, token: Token): Match {
    if (protocol !== undefined && protocol !== "ip6") {
      throw new FilterError(`'${protocol}' modifier applied to ip6 host`, token.position);
    }
    return match.net6(this.#link, direction, address, length);
  }

  /** Refuses protocols whose packets have no addresses of their own. */
  #checkAddressed({ protocol }: Qualifiers, what: "host" | "net", token: Token): void {
    if (protocol === undefined || ["ip", "ip6", "arp", "rarp"].includes(protocol)) return;
    throw new FilterError(`'${protocol}' modifier applied to ${what}`, token.position);
  }

  // --- Words ----------------------------------------------------------------------------------------------------------

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#peek();
    if (token === undefined) throw this.#error();
    this.#at++;
    return token;
  }

  /** The next word, which is no operator. */
  #word(): Token {
    const token = this.#next();
    if (!token.isWord) throw this.#error(token);
    return token;
  }

  #plainNumber(): number {
    const token = this.#word();
    const number = numberOf(token.text);
    if (number === undefined) throw this.#error(token);
    return number;
  }

  /** Reads one of these words if it is next. */
  #takes(...texts: readonly string[]): boolean {
    const token = this.#peek();
    if (token === undefined || token.isEscaped || !texts.includes(token.text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#error();
  }

  /** What was written from a word on, up to what has been read. */
  #written(from: Token): string {
    const begin = this.#tokens.indexOf(from);
    return this.#tokens
      .slice(begin, this.#at)
      .map(({ text }) => text)
      .join("");
  }

  #error(token = this.#peek()): FilterError {
    return syntaxError(token?.position ?? this.#length);
  }
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

/** A number in C's words; undefined for what is none. */
function numberOf(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 0xffffffff ? number : undefined;
}

/** One to four numbers with dots; what is missing at the end is no part of the network. */
function partialIpv4(text: string): { address: number; mask: number } | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  let address = 0;
  for (let index = 0; index < 4; index++) address = address * 256 + (parts[index] ?? 0);
  return { address, mask: parts.length === 4 ? -1 : -1 << (32 - 8 * parts.length) };
}

/** Whether bits behind a prefix are set. */
function hasBitsBehind(address: Uint8Array, length: number): boolean {
  return address.some((byte, index) => {
    const kept = Math.max(0, Math.min(8, length - index * 8));
    return (byte & (0xff >> kept)) !== 0;
  });
}
