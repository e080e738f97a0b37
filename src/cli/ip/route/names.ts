// Words that `ip route` has for numbers beyond those of ip/tables.ts: types of routes, the type-of-service byte, realms, router
// preferences, protocols of the layer above.
//
// Facts: what iproute2 6.1 installs as /etc/iproute2/rt_dsfield and rt_realms; RFC 4191 2.1; /etc/protocols.

import * as inet from "../../../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../../../uapi/in6.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { unsigned } from "../../numbers.ts";
import { matches } from "../../words.ts";
import { NameTable } from "../tables.ts";

/** In the order they are tried: `u` is unreachable. A name with a `!` is not abbreviated. */
const TYPES: readonly (readonly [name: string, type: number])[] = [
  ["!local", rt.RTN_LOCAL],
  ["!nat", rt.RTN_NAT],
  ["broadcast", rt.RTN_BROADCAST],
  ["!brd", rt.RTN_BROADCAST],
  ["anycast", rt.RTN_ANYCAST],
  ["multicast", rt.RTN_MULTICAST],
  ["prohibit", rt.RTN_PROHIBIT],
  ["unreachable", rt.RTN_UNREACHABLE],
  ["blackhole", rt.RTN_BLACKHOLE],
  ["xresolve", rt.RTN_XRESOLVE],
  ["unicast", rt.RTN_UNICAST],
  ["!throw", rt.RTN_THROW],
];

/** The type that a word names (rtnl_rtntype_a2n); undefined if there is none. */
export function routeTypeOf(word: string): number | undefined {
  const found = TYPES.find(([name]) => (name.startsWith("!") ? name.slice(1) === word : matches(word, name)));
  return found?.[1] ?? unsigned(word, 8);
}

/** The name of a type (rtnl_rtntype_n2a). */
export function routeTypeName(type: number, isNumeric: boolean): string {
  if (isNumeric) return String(type);
  if (type === rt.RTN_UNSPEC) return "none";
  const name = TYPES.find(([, value]) => value === type)?.[0];
  return name === undefined ? String(type) : name.replace("!", "");
}

const DSFIELDS: readonly (readonly [value: number, name: string])[] = [
  [0x00, "default"],
  [0x28, "AF11"],
  [0x30, "AF12"],
  [0x38, "AF13"],
  [0x48, "AF21"],
  [0x50, "AF22"],
  [0x58, "AF23"],
  [0x68, "AF31"],
  [0x70, "AF32"],
  [0x78, "AF33"],
  [0x88, "AF41"],
  [0x90, "AF42"],
  [0x98, "AF43"],
  [0x20, "CS1"],
  [0x40, "CS2"],
  [0x60, "CS3"],
  [0x80, "CS4"],
  [0xa0, "CS5"],
  [0xc0, "CS6"],
  [0xe0, "CS7"],
  [0xb8, "EF"],
];

/** The type-of-service byte that a word names (rtnl_dsfield_a2n): numbers are hexadecimal. */
export function dsfieldOf(word: string): number | undefined {
  return DSFIELDS.find(([, name]) => name === word)?.[0] ?? unsigned(word, 8, 16);
}

/** The name of a type-of-service byte (rtnl_dsfield_n2a). */
export function dsfieldName(tos: number, isNumeric: boolean): string {
  const name = isNumeric ? undefined : DSFIELDS.find(([value]) => value === tos)?.[1];
  return name ?? `0x${tos.toString(16).padStart(2, "0")}`;
}

/** Names of realms (rt_realms). */
export const realms = new NameTable([[0, "cosmos"]], 255);

/** Reads "TO" or "FROM/TO" (get_rt_realms_or_raw); the source realm is in the upper half. */
export function realmsOf(word: string): number | undefined {
  const slash = word.indexOf("/");
  if (slash < 0) return realms.numberOf(word);
  const from = realms.numberOf(word.slice(0, slash));
  const to = word.endsWith("/") ? 0 : realms.numberOf(word.slice(slash + 1));
  return from === undefined || to === undefined ? undefined : from * 0x1_0000 + to;
}

/** Names of router preferences, as RTA_PREF has them. */
export const PREFERENCES: ReadonlyMap<number, string> = new Map([
  [0, "medium"],
  [1, "high"],
  [3, "low"],
]);

/** Reads a preference by name or number. */
export function preferenceOf(word: string): number | undefined {
  for (const [value, name] of PREFERENCES) if (name === word) return value;
  return unsigned(word, 8);
}

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["ip", inet.IPPROTO_IP],
  ["icmp", inet.IPPROTO_ICMP],
  ["igmp", inet.IPPROTO_IGMP],
  ["tcp", inet.IPPROTO_TCP],
  ["udp", inet.IPPROTO_UDP],
  ["gre", inet.IPPROTO_GRE],
  ["esp", inet.IPPROTO_ESP],
  ["ah", inet.IPPROTO_AH],
  ["ipv6-icmp", IPPROTO_ICMPV6],
  ["pim", inet.IPPROTO_PIM],
  ["sctp", inet.IPPROTO_SCTP],
]);

/** Reads a protocol above IP by number, or by its name in lower or upper case (inet_proto_a2n). */
export function ipProtocolOf(word: string): number | undefined {
  const lower = word.toLowerCase();
  const isName = word === lower || word === word.toUpperCase();
  return unsigned(word, 8) ?? (isName ? PROTOCOLS.get(lower) : undefined);
}

/** The name of a protocol above IP (inet_proto_n2a); a made-up one if it has none or names are not wanted. */
export function ipProtocolName(protocol: number, isNumeric: boolean): string {
  if (!isNumeric) for (const [name, value] of PROTOCOLS) if (value === protocol) return name;
  return `ipproto-${protocol}`;
}
