// IPv6 addresses: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR for one and all, and what RTNLGRP_IPV6_IFADDR hears.
//
// Mirrors net/ipv6/addrconf.c (inet6_rtm_newaddr, inet6_rtm_deladdr, inet6_rtm_getaddr, inet6_dump_addr,
// inet6_fill_ifaddr, inet6_ifa_notify) with their order, errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { equalsIpv6 } from "../bytes/ipv6.ts";
import type { Ipv6Address } from "../inet/ipv6/address.ts";
import type { AddressConfig6 } from "../inet/ipv6/address-add.ts";
import { addAddress6, changeAddress6 } from "../inet/ipv6/address-add.ts";
import { deleteAddress6 } from "../inet/ipv6/address-delete.ts";
import { findAddress6 } from "../inet/ipv6/address-find.ts";
import { remainingLifetime6 } from "../inet/ipv6/address-lifetime.ts";
import { allowsOptimistic } from "../inet/ipv6/dad.ts";
import { In6Device } from "../inet/ipv6/device.ts";
import { in6Device, ipNetns } from "../inet/slots.ts";
import { devicesByIndex } from "../net/device.ts";
import type { Device } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { exists, invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ifa from "../uapi/if_addr.ts";
import { NLM_F_EXCL, NLM_F_MULTI, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_DELADDR, RTM_NEWADDR, RTNLGRP_IPV6_IFADDR } from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import { addressDumpOf } from "./addr-dump.ts";
import { addressPolicy6, putCacheinfo, readIfaddrmsg, writeIfaddrmsg } from "./addr-policy.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { capableNetnsById } from "./netns-attributes.ts";

type AddressAttributes = Parsed<typeof addressPolicy6>;

const forever = 0xffff_ffff;
/** Flags a user may give an address; others are ignored. */
const settable =
  ifa.IFA_F_NODAD |
  ifa.IFA_F_HOMEADDRESS |
  ifa.IFA_F_MANAGETEMPADDR |
  ifa.IFA_F_NOPREFIXROUTE |
  ifa.IFA_F_MCAUTOJOIN |
  ifa.IFA_F_OPTIMISTIC;

/** The address a request is about, and the other end's when that is another (extract_addr). */
interface Addresses {
  readonly address: Uint8Array;
  readonly peer: Uint8Array | undefined;
}

function addressesOf({ address, local }: AddressAttributes): Addresses {
  const given = address === undefined ? undefined : bytesOf(address);
  const own = local === undefined ? given : bytesOf(local);
  if (own === undefined) throw invalid();
  return { address: own, peer: given === undefined || equalsIpv6(given, own) ? undefined : given };
}

function bytesOf({ bytes, start }: Attribute): Uint8Array {
  return bytes.slice(start, start + 16);
}

/** Answers RTM_NEWADDR: adds an address, or with NLM_F_REPLACE changes one that is there. */
export function newAddress6(request: Request): void {
  const { message, netns } = request;
  const attrs = parseMessage(message, ifa.IFADDRMSG_SIZE, addressPolicy6);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const { address, peer } = addressesOf(attrs);
  const header = readIfaddrmsg(message);
  const { preferredS, validS } = attrs.cacheinfo ?? { validS: forever, preferredS: forever };
  if (validS === 0 || preferredS > validS) throw invalid("ipv6: address lifetime invalid");
  const dev = netns.devices.get(header.index);
  if (dev === undefined) throw noDevice("ipv6: Unable to find the interface");
  const in6Dev = in6Device(dev);
  if (in6Dev === null) throw invalid();
  let flags = (attrs.flags ?? header.flags) & settable;
  if (!allowsOptimistic(dev, in6Dev)) flags &= ~ifa.IFA_F_OPTIMISTIC;
  if ((flags & ifa.IFA_F_NODAD) !== 0 && (flags & ifa.IFA_F_OPTIMISTIC) !== 0) {
    throw invalid("ipv6: IFA_F_NODAD and IFA_F_OPTIMISTIC are mutually exclusive");
  }
  const config: AddressConfig6 = {
    address,
    peer,
    prefixLength: header.prefixLength,
    flags,
    metric: attrs.rtPriority ?? 0,
    protocol: attrs.proto ?? 0,
    validS,
    preferredS,
  };
  const known = findAddress6(ipNetns(netns), address, 0, dev);
  if (known === undefined) return addAddress6(in6Dev, config);
  if ((message.flags & NLM_F_EXCL) !== 0 || (message.flags & NLM_F_REPLACE) === 0) {
    throw exists("ipv6: address already assigned");
  }
  changeAddress6(in6Dev, known, config);
}

/** Answers RTM_DELADDR. */
export function delAddress6(request: Request): void {
  const { message, netns } = request;
  const attrs = parseMessage(message, ifa.IFADDRMSG_SIZE, addressPolicy6);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const { address } = addressesOf(attrs);
  const { index, prefixLength } = readIfaddrmsg(message);
  if (prefixLength > 128) throw invalid("ipv6: Invalid prefix length");
  const dev = netns.devices.get(index);
  if (dev === undefined) throw noDevice("ipv6: Unable to find the interface");
  const in6Dev = in6Device(dev);
  if (in6Dev === null) throw new NetlinkError("ENXIO", "ipv6: IPv6 is disabled on this device");
  const known = in6Dev.addresses.find(
    (each) => each.prefixLength === prefixLength && equalsIpv6(each.address, address),
  );
  if (known === undefined) throw new NetlinkError("EADDRNOTAVAIL", "ipv6: address not found");
  deleteAddress6(in6Dev, known);
}

/** Answers RTM_GETADDR for one address. */
export function getAddress6(request: Request): void {
  const { origin } = request;
  const attrs = parseGet(request);
  const { address } = addressesOf(attrs);
  const { index } = readIfaddrmsg(request.message);
  const { targetNetnsid } = attrs;
  const netns = targetNetnsid === undefined ? request.netns : capableNetnsById(request, targetNetnsid);
  const dev = index === 0 ? null : (netns.devices.get(index) ?? null);
  const known = findAddress6(ipNetns(netns), address, 0, dev);
  if (known === undefined) throw new NetlinkError("EADDRNOTAVAIL");
  request.reply((writer) => {
    writer.begin(RTM_NEWADDR, 0, origin.seq, origin.portId);
    fillAddress6(writer, known, targetNetnsid);
    writer.end();
  });
}

/** Parses a get, strictly when asked for (inet6_rtm_valid_getaddr_req). */
function parseGet({ message, sender }: Request): AddressAttributes {
  const refused = (what: string) => invalid(`ipv6: ${what} get address request`);
  if (message.bytes.length < NLMSG_HDRLEN + ifa.IFADDRMSG_SIZE) throw refused("Invalid header for");
  if (!sender.isStrict) return parseMessage(message, ifa.IFADDRMSG_SIZE, addressPolicy6);
  const header = readIfaddrmsg(message);
  if (header.prefixLength !== 0 || header.flags !== 0 || header.scope !== 0) {
    throw refused("Invalid values in header for");
  }
  const attrs = parseMessage(message, ifa.IFADDRMSG_SIZE, addressPolicy6, "no-unknown");
  const allowed = [ifa.IFA_TARGET_NETNSID, ifa.IFA_ADDRESS, ifa.IFA_LOCAL];
  for (const { type } of message.attributes(ifa.IFADDRMSG_SIZE)) {
    if (!allowed.includes(type)) throw refused("Unsupported attribute in");
  }
  return attrs;
}

/** Dumps the addresses of a namespace by device, in the order each device keeps. */
export function* dumpAddresses6(request: Request, control: DumpControl): Dump {
  const { netns, targetNetnsid, ifindex } = addressDumpOf(request, control, addressPolicy6, "ipv6: ");
  control.generation = () => netns.generation;
  if (ifindex === 0) {
    for (const dev of devicesByIndex(netns)) yield* dumpDevice(request, control, dev, targetNetnsid);
    return;
  }
  const dev = netns.devices.get(ifindex);
  if (dev === undefined) throw noDevice();
  yield* dumpDevice(request, control, dev, targetNetnsid);
}

function* dumpDevice(
  request: Request,
  control: DumpControl,
  dev: Device,
  targetNetnsid: number | undefined,
): Dump {
  if (!(dev.ip6 instanceof In6Device)) return;
  const { portId, seq } = request.origin;
  for (const address of [...dev.ip6.addresses]) {
    control.writer.begin(RTM_NEWADDR, NLM_F_MULTI | control.answerFlags, seq, portId);
    fillAddress6(control.writer, address, targetNetnsid);
    control.writer.end();
    yield;
  }
}

/** Writes an address's header and attributes (inet6_fill_ifaddr). */
function fillAddress6(writer: MessageWriter, known: Ipv6Address, targetNetnsid?: number): void {
  const { address, dev, flags, peer, prefixLength, scope } = known;
  writeIfaddrmsg(writer, { family: AF_INET6, prefixLength, flags, scope, index: dev.ifindex });
  if (targetNetnsid !== undefined) writer.s32(ifa.IFA_TARGET_NETNSID, targetNetnsid);
  if (peer !== null) writer.binary(ifa.IFA_LOCAL, address);
  writer.binary(ifa.IFA_ADDRESS, peer ?? address);
  if (known.metric !== 0) writer.u32(ifa.IFA_RT_PRIORITY, known.metric);
  putCacheinfo(writer, remainingLifetime6(known), known.createdNs, known.updatedNs);
  writer.u32(ifa.IFA_FLAGS, flags);
  if (known.protocol !== 0) writer.u8(ifa.IFA_PROTO, known.protocol);
}

/** Tells RTNLGRP_IPV6_IFADDR of an address that came or went; requests are not named in it, as on Linux. */
export function announceAddress6(rtnetlink: Rtnetlink, type: "new" | "del", known: Ipv6Address): void {
  rtnetlink.notify(RTNLGRP_IPV6_IFADDR, known.dev.netns, undefined, (writer) => {
    writer.begin(type === "new" ? RTM_NEWADDR : RTM_DELADDR, 0, 0, 0);
    fillAddress6(writer, known);
    writer.end();
  });
}
