// What an ICMPv6 message says, neighbour and listener discovery among them, in tcpdump's words. *Omitted:*
// node information, router renumbering, mobile IPv6 and RPL.

import { getBe16 } from "../bytes/endian.ts";
import { ipv6ToText } from "../bytes/ipv6.ts";
import {
  ICMPV6_ADDR_UNREACH,
  ICMPV6_ADM_PROHIBITED,
  ICMPV6_DEST_UNREACH,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_EXC_FRAGTIME,
  ICMPV6_EXC_HOPLIMIT,
  ICMPV6_NOROUTE,
  ICMPV6_NOT_NEIGHBOUR,
  ICMPV6_PARAMPROB,
  ICMPV6_PKT_TOOBIG,
  ICMPV6_PORT_UNREACH,
  ICMPV6_TIME_EXCEED,
} from "../uapi/icmpv6.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import {
  ICMPV6_SIZE,
  icmpv6Code,
  icmpv6EchoId,
  icmpv6EchoSequence,
  icmpv6Rest,
  icmpv6Type,
} from "./icmpv6.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "./ipv6.ts";
import { createExtensionWalk, walkIpv6Extensions } from "./ipv6-extension.ts";
import { MLD_DONE, MLD_GROUP, MLD_QUERY, MLD_REPORT, MLD_SIZE, MLD2_QUERY_SIZE, MLD2_REPORT } from "./mld.ts";
import {
  ND_NEIGHBOUR_ADVERTISEMENT,
  ND_NEIGHBOUR_SOLICITATION,
  ND_REDIRECT,
  ND_REDIRECT_DESTINATION,
  ND_ROUTER_ADVERTISEMENT,
  ND_ROUTER_SOLICITATION,
  ND_TARGET,
  ndSize,
} from "./nd.ts";

/** Describes the message between `at` and `end` that was `length` bytes long on the wire. */
export function describeIcmpv6(bytes: Uint8Array, at: number, end: number, length: number): string {
  if (end - at < 4) return " [|icmp6]";
  const text = describeType(bytes, at, end, length);
  return text === undefined
    ? `ICMP6, ${typeName(icmpv6Type(bytes, at))} [|icmp6]`
    : `ICMP6, ${text}, length ${length}`;
}

function typeName(type: number): string {
  switch (type) {
    case ICMPV6_DEST_UNREACH:
      return "destination unreachable";
    case ICMPV6_PKT_TOOBIG:
      return "packet too big";
    case ICMPV6_TIME_EXCEED:
      return "time exceeded in-transit";
    case ICMPV6_PARAMPROB:
      return "parameter problem";
    case ICMPV6_ECHO_REQUEST:
      return "echo request";
    case ICMPV6_ECHO_REPLY:
      return "echo reply";
    case MLD_QUERY:
      return "multicast listener query";
    case MLD_REPORT:
      return "multicast listener report";
    case MLD_DONE:
      return "multicast listener done";
    case MLD2_REPORT:
      return "multicast listener report v2";
    case ND_ROUTER_SOLICITATION:
      return "router solicitation";
    case ND_ROUTER_ADVERTISEMENT:
      return "router advertisement";
    case ND_NEIGHBOUR_SOLICITATION:
      return "neighbor solicitation";
    case ND_NEIGHBOUR_ADVERTISEMENT:
      return "neighbor advertisement";
    case ND_REDIRECT:
      return "redirect";
    default:
      return `unknown icmp6 type (${type})`;
  }
}

/** The message but its length; undefined if it is cut off. */
function describeType(bytes: Uint8Array, at: number, end: number, length: number): string | undefined {
  const type = icmpv6Type(bytes, at);
  const name = typeName(type);
  const available = end - at;
  if (available < (ndSize(type) ?? ICMPV6_SIZE)) return undefined;
  const address = (offset: number): string => ipv6ToText(bytes, at + offset);
  switch (type) {
    case ICMPV6_DEST_UNREACH:
      return describeUnreachable(bytes, at, end);
    case ICMPV6_PKT_TOOBIG:
      return `${name}, mtu ${icmpv6Rest(bytes, at)}`;
    case ICMPV6_TIME_EXCEED:
      return describeTimeExceeded(bytes, at, end);
    case ICMPV6_PARAMPROB:
      return available < ICMPV6_SIZE + IPV6_HEADER_SIZE ? undefined : describeParameterProblem(bytes, at);
    case ICMPV6_ECHO_REQUEST:
    case ICMPV6_ECHO_REPLY:
      return `${name}, id ${icmpv6EchoId(bytes, at)}, seq ${icmpv6EchoSequence(bytes, at)}`;
    case MLD_QUERY:
      if (length >= MLD2_QUERY_SIZE) return describeMld2Query(bytes, at, end);
      return available < MLD_SIZE ? undefined : `${name}${describeMld1(bytes, at)}`;
    case MLD_REPORT:
    case MLD_DONE:
      return available < MLD_SIZE ? undefined : `${name}${describeMld1(bytes, at)}`;
    case MLD2_REPORT:
      return `${name}, ${getBe16(bytes, at + 6)} group record(s)`;
    case ND_NEIGHBOUR_SOLICITATION:
      return `${name}, who has ${address(ND_TARGET)}`;
    case ND_NEIGHBOUR_ADVERTISEMENT:
      return `${name}, tgt is ${address(ND_TARGET)}`;
    case ND_REDIRECT:
      return `${name}, ${address(ND_REDIRECT_DESTINATION)} to ${address(ND_TARGET)}`;
    default:
      return name;
  }
}

function describeUnreachable(bytes: Uint8Array, at: number, end: number): string | undefined {
  const inner = at + ICMPV6_SIZE;
  if (end - inner < IPV6_HEADER_SIZE) return undefined;
  const destination = ipv6ToText(bytes, inner + IPV6_DESTINATION);
  const text = "destination unreachable,";
  switch (icmpv6Code(bytes, at)) {
    case ICMPV6_NOROUTE:
      return `${text} unreachable route ${destination}`;
    case ICMPV6_ADM_PROHIBITED:
      return `${text}  unreachable prohibited ${destination}`;
    case ICMPV6_NOT_NEIGHBOUR:
      return `${text} beyond scope ${destination}, source address ${ipv6ToText(bytes, inner + IPV6_SOURCE)}`;
    case ICMPV6_ADDR_UNREACH:
      return `${text} unreachable address ${destination}`;
    case ICMPV6_PORT_UNREACH:
      return describePortUnreachable(bytes, inner, end, destination);
    default:
      return `${text} unknown unreach code (${icmpv6Code(bytes, at)})`;
  }
}

function describePortUnreachable(
  bytes: Uint8Array,
  inner: number,
  end: number,
  destination: string,
): string | undefined {
  const walk = createExtensionWalk();
  if (!walkIpv6Extensions(bytes, inner, end, walk) || end - walk.offset < 4) return undefined;
  const port = getBe16(bytes, walk.offset + 2);
  const protocol =
    walk.protocol === IPPROTO_TCP
      ? "tcp port"
      : walk.protocol === IPPROTO_UDP
        ? "udp port"
        : `protocol ${walk.protocol} port`;
  return `destination unreachable, unreachable port, ${destination} ${protocol} ${port}`;
}

function describeTimeExceeded(bytes: Uint8Array, at: number, end: number): string | undefined {
  const inner = at + ICMPV6_SIZE;
  if (end - inner < IPV6_HEADER_SIZE) return undefined;
  switch (icmpv6Code(bytes, at)) {
    case ICMPV6_EXC_HOPLIMIT:
      return `time exceeded in-transit for ${ipv6ToText(bytes, inner + IPV6_DESTINATION)}`;
    case ICMPV6_EXC_FRAGTIME:
      return "time exceeded in-transit (reassembly)";
    default:
      return `time exceeded in-transit, unknown code (${icmpv6Code(bytes, at)})`;
  }
}

function describeParameterProblem(bytes: Uint8Array, at: number): string {
  const code = icmpv6Code(bytes, at);
  const causes = ["erroneous", "next header", "option", "incomplete header chain"];
  const cause = causes[code];
  return `parameter problem, ${cause === undefined ? `code-#${code}` : `${cause} - octet ${icmpv6Rest(bytes, at)}`}`;
}

function describeMld1(bytes: Uint8Array, at: number): string {
  return `max resp delay: ${getBe16(bytes, at + 4)} addr: ${ipv6ToText(bytes, at + MLD_GROUP)}`;
}

function describeMld2Query(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at < MLD2_QUERY_SIZE) return undefined;
  const sources = getBe16(bytes, at + MLD2_QUERY_SIZE - 2);
  const count = sources === 0 ? "" : `, ${sources} source(s)`;
  return `multicast listener query v2 [gaddr ${ipv6ToText(bytes, at + MLD_GROUP)}${count}]`;
}
