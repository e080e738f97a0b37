// What an ICMP message says, in tcpdump's words. *Omitted:* router advertisements, which Linux neither
// sends nor reads.

import { getBe16, getBe32 } from "../bytes/endian.ts";
import { ipv4ToText } from "../bytes/ipv4.ts";
import {
  ICMP_ADDRESS,
  ICMP_ADDRESSREPLY,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_EXC_FRAGTIME,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_INFO_REPLY,
  ICMP_INFO_REQUEST,
  ICMP_PARAMETERPROB,
  ICMP_PORT_UNREACH,
  ICMP_PROT_UNREACH,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMPREPLY,
} from "../uapi/icmp.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import {
  ICMP_SIZE,
  icmpCode,
  icmpEchoId,
  icmpEchoSequence,
  icmpNextHopMtu,
  icmpRest,
  icmpType,
} from "./icmp.ts";
import { IPV4_SIZE, ipv4Destination, ipv4HeaderLength, ipv4Protocol } from "./ipv4.ts";

/** RFC 1256's type, which the kernel's header does not name. */
const ICMP_ROUTER_SOLICITATION = 10;
const TRUNCATED = " [|icmp]";

/** Describes the message between `at` and `end` that was `length` bytes long on the wire. */
export function describeIcmp(bytes: Uint8Array, at: number, end: number, length: number): string {
  const text = end - at < ICMP_SIZE ? undefined : describeType(bytes, at, end);
  return text === undefined ? TRUNCATED : `ICMP ${text}, length ${length}`;
}

function describeType(bytes: Uint8Array, at: number, end: number): string | undefined {
  const code = icmpCode(bytes, at);
  const pair = `id ${icmpEchoId(bytes, at)}, seq ${icmpEchoSequence(bytes, at)}`;
  switch (icmpType(bytes, at)) {
    case ICMP_ECHO:
      return `echo request, ${pair}`;
    case ICMP_ECHOREPLY:
      return `echo reply, ${pair}`;
    case ICMP_DEST_UNREACH:
      return describeUnreachable(bytes, at, end, code);
    case ICMP_REDIRECT:
      return describeRedirect(bytes, at, end, code);
    case ICMP_TIME_EXCEEDED:
      if (code === ICMP_EXC_TTL) return "time exceeded in-transit";
      return code === ICMP_EXC_FRAGTIME ? "ip reassembly time exceeded" : `time exceeded-#${code}`;
    case ICMP_PARAMETERPROB:
      return `parameter problem - ${code === 0 ? `octet ${icmpRest(bytes, at) >>> 24}` : `code ${code}`}`;
    case ICMP_SOURCE_QUENCH:
      return "source quench";
    case ICMP_TIMESTAMP:
      return `time stamp query id ${icmpEchoId(bytes, at)} seq ${icmpEchoSequence(bytes, at)}`;
    case ICMP_TIMESTAMPREPLY:
      return describeTimestamps(bytes, at, end);
    case ICMP_ADDRESS:
      return "address mask request";
    case ICMP_ADDRESSREPLY:
      if (end - at < ICMP_SIZE + 4) return undefined;
      return `address mask is 0x${getBe32(bytes, at + ICMP_SIZE)
        .toString(16)
        .padStart(8, "0")}`;
    case ICMP_ROUTER_SOLICITATION:
      return "router solicitation";
    case ICMP_INFO_REQUEST:
      return "information request";
    case ICMP_INFO_REPLY:
      return "information reply";
    default:
      return `type-#${icmpType(bytes, at)}`;
  }
}

/**
 * Codes of "destination unreachable" but those that need more than the destination of the packet at fault.
 */
function unreachableText(code: number, destination: string): string {
  switch (code) {
    case 0:
      return `net ${destination} unreachable`;
    case 1:
      return `host ${destination} unreachable`;
    case 5:
      return `${destination} unreachable - source route failed`;
    case 6:
      return `net ${destination} unreachable - unknown`;
    case 7:
      return `host ${destination} unreachable - unknown`;
    case 8:
      return `${destination} unreachable - source host isolated`;
    case 9:
      return `net ${destination} unreachable - admin prohibited`;
    case 10:
      return `host ${destination} unreachable - admin prohibited`;
    case 11:
      return `net ${destination} unreachable - tos prohibited`;
    case 12:
      return `host ${destination} unreachable - tos prohibited`;
    case 13:
      return `host ${destination} unreachable - admin prohibited filter`;
    case 14:
      return `host ${destination} unreachable - host precedence violation`;
    case 15:
      return `host ${destination} unreachable - precedence cutoff`;
    default:
      return `${destination} unreachable - #${code}`;
  }
}

function describeUnreachable(bytes: Uint8Array, at: number, end: number, code: number): string | undefined {
  const inner = at + ICMP_SIZE;
  if (end - inner < IPV4_SIZE) return undefined;
  const destination = ipv4ToText(ipv4Destination(bytes, inner));
  const protocol = ipv4Protocol(bytes, inner);
  if (code === ICMP_PROT_UNREACH) return `${destination} protocol ${protocol} unreachable`;
  if (code === ICMP_FRAG_NEEDED) {
    const mtu = icmpNextHopMtu(bytes, at);
    return `${destination} unreachable - need to frag${mtu === 0 ? "" : ` (mtu ${mtu})`}`;
  }
  if (code !== ICMP_PORT_UNREACH) return unreachableText(code, destination);
  const transport = inner + ipv4HeaderLength(bytes, inner);
  if (end - transport < 4) return undefined;
  const port = getBe16(bytes, transport + 2);
  if (protocol === IPPROTO_TCP) return `${destination} tcp port ${port} unreachable`;
  if (protocol === IPPROTO_UDP) return `${destination} udp port ${port} unreachable`;
  return `${destination} protocol ${protocol} port ${port} unreachable`;
}

function describeRedirect(bytes: Uint8Array, at: number, end: number, code: number): string | undefined {
  const inner = at + ICMP_SIZE;
  if (end - inner < IPV4_SIZE) return undefined;
  const kinds = ["redirect", "redirect", "redirect-tos", "redirect-tos"];
  const scopes = ["to net", "to host", "to net", "to host"];
  const destination = ipv4ToText(ipv4Destination(bytes, inner));
  return `${kinds[code] ?? `redirect-#${code}`} ${destination} ${scopes[code] ?? "to"} ${ipv4ToText(icmpRest(bytes, at))}`;
}

function describeTimestamps(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at < ICMP_SIZE + 12) return undefined;
  const [originate, receive, transmit] = [8, 12, 16].map((offset) => timeOfDay(getBe32(bytes, at + offset)));
  const pair = `id ${icmpEchoId(bytes, at)} seq ${icmpEchoSequence(bytes, at)}`;
  return `time stamp reply ${pair}: org ${originate}, recv ${receive}, xmit ${transmit}`;
}

/** Milliseconds since midnight as hh:mm:ss.mmm. */
function timeOfDay(milliseconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const seconds = Math.floor(milliseconds / 1000);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${clock}.${String(milliseconds % 1000).padStart(3, "0")}`;
}
