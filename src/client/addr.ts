// Addresses over rtnetlink: list, add, change, delete.
//
// Mirrors <linux/if_addr.h> and inet_rtm_newaddr, inet_rtm_deladdr, inet_dump_ifaddr (net/ipv4/devinet.c) and their IPv6
// counterparts (net/ipv6/addrconf.c). Names are those of Documentation/netlink/specs/rt-addr.yaml in camelCase.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, s32, string, u8, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  IFA_ADDRESS,
  IFA_ANYCAST,
  IFA_BROADCAST,
  IFA_CACHEINFO,
  IFA_CACHEINFO_CSTAMP,
  IFA_CACHEINFO_PREFERED,
  IFA_CACHEINFO_SIZE,
  IFA_CACHEINFO_TSTAMP,
  IFA_CACHEINFO_VALID,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_MAX,
  IFA_MULTICAST,
  IFA_PROTO,
  IFA_RT_PRIORITY,
  IFA_TARGET_NETNSID,
  IFADDRMSG_FAMILY,
  IFADDRMSG_FLAGS,
  IFADDRMSG_INDEX,
  IFADDRMSG_PREFIXLEN,
  IFADDRMSG_SCOPE,
  IFADDRMSG_SIZE,
} from "../uapi/if_addr.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from "../uapi/rtnetlink.ts";
import { reads } from "./answer.ts";

/** A lifetime that does not end. */
export const LIFETIME_FOREVER = 0xffff_ffff;

/** How long an address is valid and preferred, in seconds; the stamps are in hundredths of a second since boot. */
interface AddressLifetime {
  readonly validSeconds: number;
  readonly preferredSeconds: number;
  readonly created: number;
  readonly updated: number;
}

const addressAttributes = policy(IFA_MAX, {
  [IFA_ADDRESS]: reads("address", (attribute) => attribute.copy()),
  [IFA_LOCAL]: reads("local", (attribute) => attribute.copy()),
  [IFA_LABEL]: string("label"),
  [IFA_BROADCAST]: reads("broadcast", (attribute) => attribute.copy()),
  [IFA_ANYCAST]: reads("anycast", (attribute) => attribute.copy()),
  [IFA_MULTICAST]: reads("multicast", (attribute) => attribute.copy()),
  [IFA_CACHEINFO]: reads("cacheinfo", lifetime),
  [IFA_FLAGS]: u32("longFlags"),
  [IFA_RT_PRIORITY]: u32("rtPriority"),
  [IFA_TARGET_NETNSID]: s32("targetNetnsid"),
  [IFA_PROTO]: u8("proto"),
});

/** An address of a device, as the kernel reports it. Addresses are 4 or 16 bytes; `flags` are IFA_F_*. */
export type InterfaceAddress = Parsed<typeof addressAttributes> & {
  readonly family: number;
  readonly prefixlen: number;
  readonly flags: number;
  readonly scope: number;
  readonly ifindex: number;
};

/** Reads an RTM_NEWADDR or RTM_DELADDR. */
export function parseAddress(message: Message): InterfaceAddress {
  const { bytes } = message;
  const attributes = parseMessage(message, IFADDRMSG_SIZE, addressAttributes);
  return {
    ...attributes,
    family: bytes[NLMSG_HDRLEN + IFADDRMSG_FAMILY] ?? 0,
    prefixlen: bytes[NLMSG_HDRLEN + IFADDRMSG_PREFIXLEN] ?? 0,
    flags: attributes.longFlags ?? bytes[NLMSG_HDRLEN + IFADDRMSG_FLAGS] ?? 0,
    scope: bytes[NLMSG_HDRLEN + IFADDRMSG_SCOPE] ?? 0,
    ifindex: getU32(bytes, NLMSG_HDRLEN + IFADDRMSG_INDEX),
  };
}

function lifetime({ bytes, start }: Attribute): AddressLifetime {
  return {
    validSeconds: getU32(bytes, start + IFA_CACHEINFO_VALID),
    preferredSeconds: getU32(bytes, start + IFA_CACHEINFO_PREFERED),
    created: getU32(bytes, start + IFA_CACHEINFO_CSTAMP),
    updated: getU32(bytes, start + IFA_CACHEINFO_TSTAMP),
  };
}

/** An address as it is asked for. What is undefined is left out of the request. */
export interface AddressRequest {
  family: number;
  ifindex: number;
  prefixlen: number;
  scope?: number | undefined;
  /** IFA_F_*, beyond eight bits in IFA_FLAGS. */
  flags?: number | undefined;
  local?: Uint8Array | undefined;
  /** The other end's address; absent means the local one. */
  address?: Uint8Array | undefined;
  broadcast?: Uint8Array | undefined;
  anycast?: Uint8Array | undefined;
  label?: string | undefined;
  rtPriority?: number | undefined;
  validSeconds?: number | undefined;
  preferredSeconds?: number | undefined;
}

/** Adds an address; NetlinkError EEXIST if it is there (inet_rtm_newaddr, inet6_rtm_newaddr). */
export function addAddress(client: NetlinkClient, request: AddressRequest): Promise<Answer> {
  return client.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeAddress(writer, request));
}

/** Changes the lifetimes and flags of an address, or adds it where that is meant. */
export function replaceAddress(
  client: NetlinkClient,
  request: AddressRequest,
  isCreate: boolean,
): Promise<Answer> {
  const flags = isCreate ? NLM_F_CREATE | NLM_F_REPLACE : NLM_F_REPLACE;
  return client.request(RTM_NEWADDR, flags, (writer) => writeAddress(writer, request));
}

/** Deletes an address; NetlinkError EADDRNOTAVAIL if it is not there. */
export function deleteAddress(client: NetlinkClient, request: AddressRequest): Promise<Answer> {
  return client.request(RTM_DELADDR, 0, (writer) => writeAddress(writer, request));
}

/** Lists addresses, of one family and device if asked; the kernel filters where checking is strict. */
export async function dumpAddresses(
  client: NetlinkClient,
  filter: { readonly family?: number; readonly ifindex?: number | undefined } = {},
): Promise<InterfaceAddress[]> {
  const answer = await client.dump(RTM_GETADDR, (writer) => {
    const header = writer.reserve(IFADDRMSG_SIZE);
    writer.bytes[header + IFADDRMSG_FAMILY] = filter.family ?? 0;
    setU32(writer.bytes, header + IFADDRMSG_INDEX, filter.ifindex ?? 0);
  });
  return answer.messages.map(parseAddress);
}

/** Writes the ifaddrmsg and the attributes of `request`. */
export function writeAddress(writer: MessageWriter, request: AddressRequest): void {
  const { flags = 0, validSeconds, preferredSeconds } = request;
  const header = writer.reserve(IFADDRMSG_SIZE);
  writer.bytes[header + IFADDRMSG_FAMILY] = request.family;
  writer.bytes[header + IFADDRMSG_PREFIXLEN] = request.prefixlen;
  writer.bytes[header + IFADDRMSG_FLAGS] = flags & 0xff;
  writer.bytes[header + IFADDRMSG_SCOPE] = request.scope ?? 0;
  setU32(writer.bytes, header + IFADDRMSG_INDEX, request.ifindex);
  if (flags > 0xff) writer.u32(IFA_FLAGS, flags);
  if (request.local !== undefined) writer.binary(IFA_LOCAL, request.local);
  if (request.address !== undefined) writer.binary(IFA_ADDRESS, request.address);
  if (request.broadcast !== undefined) writer.binary(IFA_BROADCAST, request.broadcast);
  if (request.anycast !== undefined) writer.binary(IFA_ANYCAST, request.anycast);
  if (request.label !== undefined) writer.string(IFA_LABEL, request.label);
  if (request.rtPriority !== undefined) writer.u32(IFA_RT_PRIORITY, request.rtPriority);
  if (validSeconds === undefined && preferredSeconds === undefined) return;
  const cacheinfo = writer.attribute(IFA_CACHEINFO, IFA_CACHEINFO_SIZE);
  setU32(writer.bytes, cacheinfo + IFA_CACHEINFO_VALID, validSeconds ?? LIFETIME_FOREVER);
  setU32(writer.bytes, cacheinfo + IFA_CACHEINFO_PREFERED, preferredSeconds ?? LIFETIME_FOREVER);
}
