// Addresses and prefixes as they are typed: "10.0.0.1/24", "10/8", "2001:db8::1/64", "default".
//
// The counterpart of iproute2's get_prefix and get_addr. *Omitted:* names of hosts, which would need a name server.

import { getBe32 } from "../bytes/endian.ts";
import { ipv4PrefixLength } from "../bytes/ipv4.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { AF_BRIDGE, AF_INET, AF_INET6, AF_MPLS, AF_PACKET, AF_UNSPEC } from "../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE } from "./exit.ts";
import { linkAddress } from "./ll-address.ts";
import { unsigned } from "./numbers.ts";

export { addressText } from "../client/address-text.ts";

/** An address and how much of it counts. */
export interface Prefix {
  /** AF_INET or AF_INET6; AF_UNSPEC for "default" where no family is known. */
  readonly family: number;
  /** 4 or 16 bytes in network order; empty for AF_UNSPEC. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
  /** True when the length was typed. */
  readonly hasLength: boolean;
}

/** Reads an address or prefix of `family` (AF_UNSPEC for either); CommandExit with iproute2's text if it is none. */
export function parsePrefix(word: string, family = AF_UNSPEC): Prefix {
  if (family === AF_PACKET) throw notAllowed(word);
  if (isAny(word, family)) return { family, address: zeros(word, family), prefixLength: 0, hasLength: false };
  const slash = word.indexOf("/");
  const text = slash < 0 ? word : word.slice(0, slash);
  const parsed = addressOf(text, family);
  if (parsed === undefined) throw expected(family, "prefix", word);
  const bits = parsed.length * 8;
  const base = { family: bits === 32 ? AF_INET : AF_INET6, address: parsed };
  if (slash < 0) return { ...base, prefixLength: bits, hasLength: false };
  const length = prefixLengthOf(word.slice(slash + 1), bits);
  if (length === undefined) throw expected(family, "prefix", word);
  return { ...base, prefixLength: length, hasLength: true };
}

/** Reads an address without a length, for AF_PACKET one of the link layer. */
export function parseAddress(word: string, family = AF_UNSPEC): Prefix {
  if (isAny(word, family)) return { family, address: zeros(word, family), prefixLength: 0, hasLength: false };
  if (family === AF_PACKET) return parseLinkAddress(word);
  const address = addressOf(word, family);
  if (address === undefined) throw expected(family, "address", word);
  const bits = address.length * 8;
  return { family: bits === 32 ? AF_INET : AF_INET6, address, prefixLength: bits, hasLength: false };
}

function parseLinkAddress(word: string): Prefix {
  try {
    const address = linkAddress(word);
    return { family: AF_PACKET, address, prefixLength: address.length * 8, hasLength: false };
  } catch (error) {
    if (!(error instanceof CommandExit)) throw error;
    throw new CommandExit(EXIT_FAILURE, error.text + expected(AF_PACKET, "address", word).text, true);
  }
}

/** True for a prefix that is one address. */
export function isWholeAddress(prefix: Prefix | undefined): boolean {
  return prefix !== undefined && prefix.prefixLength > 0 && prefix.prefixLength === prefix.address.length * 8;
}

/** True when `address` lies in `prefix`; addresses of another family do not. */
export function isInPrefix(prefix: Prefix, address: Uint8Array): boolean {
  if (prefix.prefixLength === 0)
    return prefix.address.length === 0 || prefix.address.length === address.length;
  if (prefix.address.length !== address.length) return false;
  for (let bit = 0; bit < prefix.prefixLength; bit += 8) {
    const differing = (prefix.address[bit >> 3] ?? 0) ^ (address[bit >> 3] ?? 0);
    const counted = Math.min(8, prefix.prefixLength - bit);
    if (differing >> (8 - counted) !== 0) return false;
  }
  return true;
}

/** Words that are no address but stand for all of them; there are none for labels. */
function isAny(word: string, family: number): boolean {
  return family !== AF_MPLS && (word === "default" || word === "any" || word === "all");
}

/** The bytes of such a word: "default" is the zero address where the family is known, the others have none. */
function zeros(word: string, family: number): Uint8Array {
  if (word !== "default") return new Uint8Array();
  return new Uint8Array(family === AF_INET6 ? 16 : family === AF_INET ? 4 : 0);
}

/** Reads an address of `family`; undefined if it is none. IPv4 may be short, its parts may be octal or hexadecimal. */
function addressOf(text: string, family: number): Uint8Array | undefined {
  if (text.includes(":")) return family === AF_UNSPEC || family === AF_INET6 ? ipv6FromText(text) : undefined;
  if (family !== AF_UNSPEC && family !== AF_INET) return undefined;
  const parts = text.split(".").map((part) => (/^[0-9]/.test(part) ? unsigned(part, 8) : undefined));
  if (parts.length > 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (part === undefined) return undefined;
    bytes[index] = part;
  }
  return bytes;
}

/** Reads a length, or for IPv4 a mask; undefined if it is neither. */
function prefixLengthOf(text: string, bits: number): number | undefined {
  const length = unsigned(text);
  if (length !== undefined) return length <= bits ? length : undefined;
  const mask = bits === 32 ? addressOf(text, AF_INET) : undefined;
  return mask && ipv4PrefixLength(getBe32(mask, 0));
}

/** What each family is called in an error. */
const FAMILY_NAMES: ReadonlyMap<number, string> = new Map([
  [AF_INET, "inet"],
  [AF_INET6, "inet6"],
  [AF_MPLS, "mpls"],
  [AF_BRIDGE, "bridge"],
  [AF_PACKET, "link"],
]);

function expected(family: number, what: "prefix" | "address", word: string): CommandExit {
  const name = FAMILY_NAMES.get(family) ?? "any valid";
  return new CommandExit(EXIT_FAILURE, `Error: ${name} ${what} is expected rather than "${word}".\n`, true);
}

/** The link layer (-0) has no prefixes. */
function notAllowed(word: string): CommandExit {
  const text = `Error: "${word}" may be inet prefix, but it is not allowed in this context.\n`;
  return new CommandExit(EXIT_FAILURE, text, true);
}
