// Hosts and networks: addresses of Ethernet, IPv4 and IPv6, whole or with a mask, and names of hosts.

import { ipv4FromText } from "../../bytes/ipv4.ts";
import { ipv6FromText } from "../../bytes/ipv6.ts";
import { macFromText, macToBytes } from "../../bytes/mac.ts";
import { FilterError } from "./error.ts";
import type { Match } from "./input.ts";
import type { Addressed4 } from "./match.ts";
import * as match from "./match.ts";
import type { Qualifiers, Reading } from "./reading.ts";
import type { Token } from "./token.ts";
import { numberOf } from "./words.ts";

/** A host by its address or name. */
export function readHost(reading: Reading, qualifiers: Qualifiers): Match {
  const { words } = reading;
  const token = words.word();
  if (words.peek()?.text === "/") throw maskedHost(reading, token);
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
  checkAddressed(qualifiers, "host", token);
  const ip6 = ipv6FromText(token.text);
  if (ip6 !== undefined) return over6(reading, qualifiers, ip6, 128, token);
  const ip4 = partialIpv4(token.text);
  if (ip4 !== undefined) return over4(reading, qualifiers, ip4.address, ip4.mask, token);
  return readNamed(reading, qualifiers, token);
}

/** Why a host cannot have a mask: the mask is looked at first. */
function maskedHost(reading: Reading, token: Token): FilterError {
  const { words } = reading;
  const address = partialIpv4(token.text)?.address;
  const mask = readMask(reading);
  if (address === undefined || mask === undefined) return words.error(token);
  const text =
    (address & ~mask) === 0
      ? "Mask syntax for networks only"
      : `non-network bits set in "${words.written(token)}"`;
  return new FilterError(text, token.position);
}

/** A host by its name: any of its addresses. */
function readNamed(reading: Reading, qualifiers: Qualifiers, token: Token): Match {
  const matches = reading.resolve(token.text).flatMap((text) => {
    const ip4 = ipv4FromText(text);
    if (ip4 !== undefined && qualifiers.protocol !== "ip6")
      return [over4(reading, qualifiers, ip4, 0xffffffff, token)];
    const ip6 = ipv6FromText(text);
    const isForIp6 = qualifiers.protocol === undefined || qualifiers.protocol === "ip6";
    return ip6 !== undefined && isForIp6 ? [over6(reading, qualifiers, ip6, 128, token)] : [];
  });
  const [first, ...rest] = matches;
  if (first === undefined) throw new FilterError(`unknown host '${token.text}'`, token.position);
  return rest.reduce(match.or, first);
}

/** A network by its address. */
export function readNet(reading: Reading, qualifiers: Qualifiers): Match {
  const { words } = reading;
  const token = words.word();
  checkAddressed(qualifiers, "net", token);
  const ip6 = ipv6FromText(token.text);
  if (ip6 !== undefined) {
    const length = words.takes("/") ? readPrefixLength(reading, 128) : 128;
    if (hasBitsBehind(ip6, length)) {
      throw new FilterError(`non-network bits set in "${token.text}/${length}"`, token.position);
    }
    return over6(reading, qualifiers, ip6, length, token);
  }
  const ip4 = partialIpv4(token.text);
  if (ip4 === undefined) throw new FilterError(`unknown network '${token.text}'`, token.position);
  const mask = readMask(reading) ?? ip4.mask;
  if ((ip4.address & ~mask) !== 0) {
    throw new FilterError(`non-network bits set in "${words.written(token)}"`, token.position);
  }
  return over4(reading, qualifiers, ip4.address, mask, token);
}

/** `/24` or `mask 255.255.255.0`. */
function readMask(reading: Reading): number | undefined {
  const { words } = reading;
  if (words.takes("/")) {
    const length = readPrefixLength(reading, 32);
    return length === 0 ? 0 : -1 << (32 - length);
  }
  if (!words.takes("mask")) return undefined;
  const token = words.word();
  const mask = ipv4FromText(token.text);
  if (mask === undefined) throw words.error(token);
  return mask;
}

function readPrefixLength(reading: Reading, most: number): number {
  const { words } = reading;
  const token = words.word();
  const length = numberOf(token.text);
  if (length === undefined) throw words.error(token);
  if (length > most)
    throw new FilterError("mask length must be <= 32".replace("32", String(most)), token.position);
  return length;
}

function over4(
  reading: Reading,
  { protocol, direction }: Qualifiers,
  address: number,
  mask: number,
  token: Token,
): Match {
  if (protocol === "ip6") throw new FilterError("'ip6' modifier applied to ip host", token.position);
  const all: readonly Addressed4[] = ["ip", "arp", "rarp"];
  const protocols = protocol === undefined ? all : all.filter((each) => each === protocol);
  return match.net4(reading.link, direction, protocols, address, mask);
}

function over6(
  reading: Reading,
  { protocol, direction }: Qualifiers,
  address: Uint8Array,
  length: number,
  token: Token,
): Match {
  if (protocol !== undefined && protocol !== "ip6") {
    throw new FilterError(`'${protocol}' modifier applied to ip6 host`, token.position);
  }
  return match.net6(reading.link, direction, address, length);
}

/** Refuses protocols whose packets have no addresses of their own. */
function checkAddressed({ protocol }: Qualifiers, what: "host" | "net", token: Token): void {
  if (protocol === undefined || ["ip", "ip6", "arp", "rarp"].includes(protocol)) return;
  throw new FilterError(`'${protocol}' modifier applied to ${what}`, token.position);
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
