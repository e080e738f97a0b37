// Neighbour discovery messages (RFC 4861 4.1 to 4.5). All are ICMPv6 messages; their options are in
// nd-option.ts. Emitters write what stands behind the ICMPv6 header's first word and return its end;
// icmpv6.ts's writeIcmpv6() then writes the header.
//
//   router solicitation   │hdr 4│reserved 4│ options
//   router advertisement  │hdr 4│hop limit│flags│lifetime│reachable 4│retrans 4│ options
//   neighbour solicitation│hdr 4│reserved 4│target 16│ options
//   neighbour advertisem. │hdr 4│flags    4│target 16│ options
//   redirect              │hdr 4│reserved 4│target 16│destination 16│ options
//
// Mirrors include/net/ndisc.h and net/ipv6/ndisc.c.

import { getBe16, getBe32, getU8 } from "../bytes/endian.ts";

/** ICMPv6 types. */
export const ND_ROUTER_SOLICITATION = 133;
export const ND_ROUTER_ADVERTISEMENT = 134;
export const ND_NEIGHBOUR_SOLICITATION = 135;
export const ND_NEIGHBOUR_ADVERTISEMENT = 136;
export const ND_REDIRECT = 137;

/** Bytes in front of the options. */
export const ND_ROUTER_SOLICITATION_SIZE = 8;
export const ND_ROUTER_ADVERTISEMENT_SIZE = 16;
export const ND_NEIGHBOUR_SIZE = 24;
export const ND_REDIRECT_SIZE = 40;

/** Offsets of the addresses from the start of the ICMPv6 header. */
export const ND_TARGET = 8;
export const ND_REDIRECT_DESTINATION = 24;

/** Flags of a neighbour advertisement, as bits of the word behind the checksum. */
export const NA_ROUTER = 0x8000_0000;
export const NA_SOLICITED = 0x4000_0000;
export const NA_OVERRIDE = 0x2000_0000;

/** Flags of a router advertisement: managed addresses, other configuration (RFC 4861 4.2). */
export const RA_MANAGED = 0x80;
export const RA_OTHER = 0x40;

/** The hop limit that every one of these messages has, so that none can come through a router. */
export const ND_HOP_LIMIT = 255;

/** How long a message of the given type is without options; undefined if the type is not one of ND's. */
export function ndSize(type: number): number | undefined {
  switch (type) {
    case ND_ROUTER_SOLICITATION:
      return ND_ROUTER_SOLICITATION_SIZE;
    case ND_ROUTER_ADVERTISEMENT:
      return ND_ROUTER_ADVERTISEMENT_SIZE;
    case ND_NEIGHBOUR_SOLICITATION:
    case ND_NEIGHBOUR_ADVERTISEMENT:
      return ND_NEIGHBOUR_SIZE;
    case ND_REDIRECT:
      return ND_REDIRECT_SIZE;
    default:
      return undefined;
  }
}

/** Returns the target of a solicitation, an advertisement or a redirect, a copy. */
export function ndTarget(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at + ND_TARGET, at + ND_TARGET + 16);
}

/** Returns the destination that a redirect is about, a copy. */
export function ndRedirectDestination(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at + ND_REDIRECT_DESTINATION, at + ND_REDIRECT_DESTINATION + 16);
}

/** Reads the flags of a neighbour advertisement, NA_*. */
export function naFlags(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + 4);
}

/** What a router advertisement says beside its options; 0 stands for "unspecified". */
export interface RouterAdvertisement {
  readonly hopLimit: number;
  /** RA_MANAGED, RA_OTHER and the preference of RFC 4191 in bits 3 and 4. */
  readonly flags: number;
  /** How long the router may be a default router, in seconds. */
  readonly lifetimeS: number;
  readonly reachableTimeMs: number;
  readonly retransTimerMs: number;
}

/** Reads a router advertisement whose ND_ROUTER_ADVERTISEMENT_SIZE bytes are there. */
export function parseRouterAdvertisement(bytes: Uint8Array, at: number): RouterAdvertisement {
  return {
    hopLimit: getU8(bytes, at + 4),
    flags: getU8(bytes, at + 5),
    lifetimeS: getBe16(bytes, at + 6),
    reachableTimeMs: getBe32(bytes, at + 8),
    retransTimerMs: getBe32(bytes, at + 12),
  };
}

/** Writes the target of a neighbour solicitation or advertisement; options follow at the offset returned. */
export function emitNeighbourTarget(bytes: Uint8Array, at: number, target: Uint8Array): number {
  bytes.set(target, at + ND_TARGET);
  return at + ND_NEIGHBOUR_SIZE;
}

/** Writes target and destination of a redirect; options follow at the offset returned. */
export function emitRedirect(
  bytes: Uint8Array,
  at: number,
  target: Uint8Array,
  destination: Uint8Array,
): number {
  bytes.set(target, at + ND_TARGET);
  bytes.set(destination, at + ND_REDIRECT_DESTINATION);
  return at + ND_REDIRECT_SIZE;
}
