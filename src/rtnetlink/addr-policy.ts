// What a request about an address may carry, and how one is told: what both families share.
//
// Mirrors net/ipv4/devinet.c (ifa_ipv4_policy, put_cacheinfo) and net/ipv6/addrconf.c (ifa_ipv6_policy).

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { AttrPolicy } from "../netlink/policy.ts";
import { min, policy, s32, string, u8, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import * as ifa from "../uapi/if_addr.ts";

/** A request's header (`struct ifaddrmsg`). */
export interface Ifaddrmsg {
  readonly family: number;
  readonly prefixLength: number;
  readonly flags: number;
  readonly scope: number;
  readonly index: number;
}

/** Reads the header behind the message header; the message is long enough. */
export function readIfaddrmsg({ bytes }: Message): Ifaddrmsg {
  return {
    family: bytes[NLMSG_HDRLEN + ifa.IFADDRMSG_FAMILY] ?? 0,
    prefixLength: bytes[NLMSG_HDRLEN + ifa.IFADDRMSG_PREFIXLEN] ?? 0,
    flags: bytes[NLMSG_HDRLEN + ifa.IFADDRMSG_FLAGS] ?? 0,
    scope: bytes[NLMSG_HDRLEN + ifa.IFADDRMSG_SCOPE] ?? 0,
    index: getU32(bytes, NLMSG_HDRLEN + ifa.IFADDRMSG_INDEX) | 0,
  };
}

/** Writes a header. */
export function writeIfaddrmsg(writer: MessageWriter, header: Ifaddrmsg): void {
  const at = writer.reserve(ifa.IFADDRMSG_SIZE);
  writer.bytes[at + ifa.IFADDRMSG_FAMILY] = header.family;
  writer.bytes[at + ifa.IFADDRMSG_PREFIXLEN] = header.prefixLength;
  writer.bytes[at + ifa.IFADDRMSG_FLAGS] = header.flags & 0xff;
  writer.bytes[at + ifa.IFADDRMSG_SCOPE] = header.scope;
  setU32(writer.bytes, at + ifa.IFADDRMSG_INDEX, header.index);
}

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly validS: number;
  readonly preferredS: number;
}

/** `struct ifa_cacheinfo` as a request carries it. */
function lifetimesOf({ bytes, start }: Attribute): Lifetimes {
  return {
    validS: getU32(bytes, start + ifa.IFA_CACHEINFO_VALID),
    preferredS: getU32(bytes, start + ifa.IFA_CACHEINFO_PREFERED),
  };
}

const cacheinfo: AttrPolicy<"cacheinfo", Lifetimes> = {
  name: "cacheinfo",
  type: "min",
  length: ifa.IFA_CACHEINFO_SIZE,
  decode: lifetimesOf,
};

/** ifa_ipv4_policy; addresses stay attributes, to be read where their size is known. */
export const addressPolicy4 = policy(ifa.IFA_MAX, {
  [ifa.IFA_LOCAL]: u32("local"),
  [ifa.IFA_ADDRESS]: u32("address"),
  [ifa.IFA_BROADCAST]: u32("broadcast"),
  [ifa.IFA_LABEL]: string("label", IFNAMSIZ - 1),
  [ifa.IFA_CACHEINFO]: cacheinfo,
  [ifa.IFA_FLAGS]: u32("flags"),
  [ifa.IFA_RT_PRIORITY]: u32("rtPriority"),
  [ifa.IFA_TARGET_NETNSID]: s32("targetNetnsid"),
  [ifa.IFA_PROTO]: u8("proto"),
});

/** ifa_ipv6_policy */
export const addressPolicy6 = policy(ifa.IFA_MAX, {
  [ifa.IFA_ADDRESS]: min("address", 16),
  [ifa.IFA_LOCAL]: min("local", 16),
  [ifa.IFA_CACHEINFO]: cacheinfo,
  [ifa.IFA_FLAGS]: u32("flags"),
  [ifa.IFA_RT_PRIORITY]: u32("rtPriority"),
  [ifa.IFA_TARGET_NETNSID]: s32("targetNetnsid"),
  [ifa.IFA_PROTO]: u8("proto"),
});

const nsPerCentisecond = 10_000_000;

/** Writes IFA_CACHEINFO; the stamps are hundredths of a second since the machine's start. */
export function putCacheinfo(
  writer: MessageWriter,
  { validS, preferredS }: Lifetimes,
  createdNs: number,
  updatedNs: number,
): void {
  const at = writer.attribute(ifa.IFA_CACHEINFO, ifa.IFA_CACHEINFO_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + ifa.IFA_CACHEINFO_PREFERED, preferredS);
  setU32(bytes, at + ifa.IFA_CACHEINFO_VALID, validS);
  setU32(bytes, at + ifa.IFA_CACHEINFO_CSTAMP, Math.floor(createdNs / nsPerCentisecond));
  setU32(bytes, at + ifa.IFA_CACHEINFO_TSTAMP, Math.floor(updatedNs / nsPerCentisecond));
}
