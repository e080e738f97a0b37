// The options of neighbour discovery (RFC 4861 4.6; RFC 4191 2.3 and 3971 5.3.2 for two more): a type, a
// length in units of 8 bytes with these two bytes, data. Mirrors net/ipv6/ndisc.c (ndisc_parse_options,
// ndisc_fill_addr_option).

import { getBe32, getU8, setBe32, setU8 } from "../bytes/endian.ts";
import { readMac, writeMac } from "../bytes/mac.ts";

/** Types. */
export const ND_OPT_SOURCE_LL_ADDR = 1;
export const ND_OPT_TARGET_LL_ADDR = 2;
export const ND_OPT_PREFIX_INFO = 3;
export const ND_OPT_REDIRECT_HDR = 4;
export const ND_OPT_MTU = 5;
export const ND_OPT_NONCE = 14;
export const ND_OPT_ROUTE_INFO = 24;
export const ND_OPT_RDNSS = 25;
export const ND_OPT_DNSSL = 31;
export const ND_OPT_CAPTIVE_PORTAL = 37;
export const ND_OPT_PREF64 = 38;

/** Bytes that an Ethernet address takes as an option, an MTU takes, and a prefix takes. */
export const ND_OPT_LL_ADDR_SIZE = 8;
export const ND_OPT_MTU_SIZE = 8;
export const ND_OPT_PREFIX_INFO_SIZE = 32;

/** Flags of a prefix: on-link, autonomous address configuration. */
export const PREFIX_ON_LINK = 0x80;
export const PREFIX_AUTONOMOUS = 0x40;

/** Where an option lies; `start` is the offset of its type. */
export interface NdOption {
  readonly type: number;
  readonly start: number;
  /** Its length in bytes. */
  readonly length: number;
}

/** What a prefix information option says (RFC 4861 4.6.2). */
export interface PrefixInfo {
  readonly prefixLength: number;
  /** PREFIX_ON_LINK, PREFIX_AUTONOMOUS. */
  readonly flags: number;
  /** Seconds; 0xffffffff is for ever. */
  readonly validS: number;
  readonly preferredS: number;
  readonly prefix: Uint8Array;
}

/**
 * Lists the options from `start` to `end`. Undefined if one has length 0 or is cut off: the message is then
 * discarded.
 */
export function parseNdOptions(bytes: Uint8Array, start: number, end: number): NdOption[] | undefined {
  const options: NdOption[] = [];
  let at = start;
  while (at < end) {
    const length = end - at < 2 ? 0 : getU8(bytes, at + 1) * 8;
    if (length === 0 || at + length > end) return undefined;
    options.push({ type: getU8(bytes, at), start: at, length });
    at += length;
  }
  return options;
}

/** Reads the Ethernet address of a link-layer address option; undefined if it holds another kind. */
export function ndLinkLayerAddress(bytes: Uint8Array, option: NdOption): number | undefined {
  return option.length === ND_OPT_LL_ADDR_SIZE ? readMac(bytes, option.start + 2) : undefined;
}

/** Reads an MTU option; undefined if it has another length. */
export function ndMtu(bytes: Uint8Array, option: NdOption): number | undefined {
  return option.length === ND_OPT_MTU_SIZE ? getBe32(bytes, option.start + 4) : undefined;
}

/** Reads a prefix information option, its prefix a copy; undefined if it has another length. */
export function ndPrefixInfo(bytes: Uint8Array, option: NdOption): PrefixInfo | undefined {
  if (option.length !== ND_OPT_PREFIX_INFO_SIZE) return undefined;
  return {
    prefixLength: getU8(bytes, option.start + 2),
    flags: getU8(bytes, option.start + 3),
    validS: getBe32(bytes, option.start + 4),
    preferredS: getBe32(bytes, option.start + 8),
    prefix: bytes.slice(option.start + 16, option.start + 32),
  };
}

/** Writes an Ethernet address as an option of `type`; returns the offset behind it. */
export function emitNdLinkLayerAddress(bytes: Uint8Array, at: number, type: number, mac: number): number {
  setU8(bytes, at, type);
  setU8(bytes, at + 1, ND_OPT_LL_ADDR_SIZE / 8);
  writeMac(bytes, at + 2, mac);
  return at + ND_OPT_LL_ADDR_SIZE;
}

/**
 * Writes the nonce with which a detected duplicate is told from an echo of our own (RFC 7527); returns the
 * offset behind it.
 */
export function emitNdNonce(bytes: Uint8Array, at: number, nonce: Uint8Array): number {
  setU8(bytes, at, ND_OPT_NONCE);
  setU8(bytes, at + 1, Math.ceil((2 + nonce.length) / 8));
  bytes.set(nonce, at + 2);
  return at + getU8(bytes, at + 1) * 8;
}

/** Writes a prefix information option; returns the offset behind it. */
export function emitNdPrefixInfo(bytes: Uint8Array, at: number, info: PrefixInfo): number {
  setU8(bytes, at, ND_OPT_PREFIX_INFO);
  setU8(bytes, at + 1, ND_OPT_PREFIX_INFO_SIZE / 8);
  setU8(bytes, at + 2, info.prefixLength);
  setU8(bytes, at + 3, info.flags);
  setBe32(bytes, at + 4, info.validS);
  setBe32(bytes, at + 8, info.preferredS);
  setBe32(bytes, at + 12, 0);
  bytes.set(info.prefix, at + 16);
  return at + ND_OPT_PREFIX_INFO_SIZE;
}
