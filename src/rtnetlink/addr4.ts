// IPv4 addresses: RTM_NEWADDR, RTM_DELADDR, dumps, and what RTNLGRP_IPV4_IFADDR hears.
//
// Mirrors net/ipv4/devinet.c (rtm_to_ifaddr, inet_rtm_newaddr, inet_rtm_deladdr, inet_dump_ifaddr, inet_fill_ifaddr,
// rtmsg_ifa) with their order, errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getBe32, setBe32 } from "../bytes/endian.ts";
import { isIpv4Multicast } from "../bytes/ipv4.ts";
import { FOREVER, Ipv4Address } from "../inet/ipv4/address.ts";
import { deleteAddress, insertAddress, renewAddress } from "../inet/ipv4/address-change.ts";
import { remainingLifetime, setLifetime } from "../inet/ipv4/address-lifetime.ts";
import { changeSubnetMetric } from "../inet/ipv4/address-route.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import { joinGroup4, leaveGroup4 } from "../inet/ipv4/multicast.ts";
import { inDevice } from "../inet/slots.ts";
import { devicesByIndex } from "../net/device.ts";
import type { Device, Origin } from "../net/netdevice.ts";
import { exists, invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { attributeOf, warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ifa from "../uapi/if_addr.ts";
import { NLM_F_EXCL, NLM_F_MULTI, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_DELADDR, RTM_NEWADDR, RTNLGRP_IPV4_IFADDR } from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import { addressDumpOf } from "./addr-dump.ts";
import type { Ifaddrmsg, Lifetimes } from "./addr-policy.ts";
import { addressPolicy4, putCacheinfo, readIfaddrmsg, writeIfaddrmsg } from "./addr-policy.ts";
import type { Rtnetlink } from "./dispatch.ts";

type AddressAttributes = Parsed<typeof addressPolicy4>;

/** The address an attribute holds, in network order; undefined when it was not given. */
function addressIn(attrs: AddressAttributes, name: keyof AddressAttributes): number | undefined {
  const attribute = attributeOf(attrs, name);
  return attribute && getBe32(attribute.bytes, attribute.start);
}

/** Answers RTM_NEWADDR: adds an address, or with NLM_F_REPLACE changes one that is there. */
export function newAddress4(request: Request): void {
  const attrs = parseMessage(request.message, ifa.IFADDRMSG_SIZE, addressPolicy4);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const described = addressOf(request, readIfaddrmsg(request.message), attrs);
  if (described === undefined) return;
  const { inDev, address, lifetimes } = described;
  const existing = inDev.addresses.find((other) => isSameAddress(other, address));
  if (existing === undefined) {
    setLifetime(address, lifetimes.validS, lifetimes.preferredS);
    if ((address.flags & ifa.IFA_F_MCAUTOJOIN) !== 0) autojoin(inDev, address);
    insertAddress(inDev, address, request.origin);
    return;
  }
  const { flags } = request.message;
  if ((flags & NLM_F_EXCL) !== 0 || (flags & NLM_F_REPLACE) === 0)
    throw exists("ipv4: Address already assigned");
  if (existing.metric !== address.metric) {
    changeSubnetMetric(existing, address.metric);
    existing.metric = address.metric;
  }
  existing.protocol = address.protocol;
  setLifetime(existing, lifetimes.validS, lifetimes.preferredS);
  renewAddress(inDev, existing, request.origin);
}

/** Joins the group that an address with IFA_F_MCAUTOJOIN is (ip_mc_autojoin_config). */
function autojoin(inDev: InDevice, { local }: Ipv4Address): void {
  if (!isIpv4Multicast(local)) throw invalid("ipv4: Multicast auto join failed");
  joinGroup4(inDev, local | 0);
}

/** The address a request describes, not on its device yet (rtm_to_ifaddr); undefined for 0.0.0.0, which is none. */
function addressOf({ netns }: Request, header: Ifaddrmsg, attrs: AddressAttributes) {
  if (header.prefixLength > 32) throw invalid("ipv4: Invalid prefix length");
  const local = addressIn(attrs, "local");
  if (local === undefined) throw invalid("ipv4: Local address is not supplied");
  const lifetimes: Lifetimes = attrs.cacheinfo ?? { validS: FOREVER, preferredS: FOREVER };
  if (lifetimes.validS === 0 || lifetimes.preferredS > lifetimes.validS) {
    throw invalid("ipv4: address lifetime invalid");
  }
  if (local === 0) return undefined;
  const dev = netns.devices.get(header.index);
  if (dev === undefined) throw noDevice("ipv4: Device not found");
  const inDev = inDevice(dev);
  if (inDev === null) throw new NetlinkError("ENOBUFS");
  const address = new Ipv4Address(dev, local, addressIn(attrs, "address") ?? local, header.prefixLength);
  address.flags = attrs.flags ?? header.flags;
  address.scope = header.scope;
  address.broadcast = addressIn(attrs, "broadcast") ?? 0;
  if (attrs.label !== undefined) address.label = attrs.label;
  address.metric = attrs.rtPriority ?? 0;
  address.protocol = attrs.proto ?? 0;
  return { inDev, address, lifetimes };
}

/** Whether two addresses are one to a request (find_matching_ifa). */
function isSameAddress(one: Ipv4Address, other: Ipv4Address): boolean {
  return one.prefixLength === other.prefixLength && one.matches(other.address) && one.local === other.local;
}

/** Answers RTM_DELADDR: takes off the first address that fits what was given. */
export function delAddress4(request: Request): void {
  const attrs = parseMessage(request.message, ifa.IFADDRMSG_SIZE, addressPolicy4);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const header = readIfaddrmsg(request.message);
  const dev = request.netns.devices.get(header.index);
  const inDev = dev === undefined ? null : inDevice(dev);
  if (inDev === null) throw noDevice("ipv4: Device not found");
  const local = addressIn(attrs, "local");
  const peer = addressIn(attrs, "address");
  const address = inDev.addresses.find(
    (each) =>
      (local === undefined || each.local === local) &&
      (attrs.label === undefined || each.label === attrs.label) &&
      (peer === undefined || (each.prefixLength === header.prefixLength && each.matches(peer))),
  );
  if (address === undefined) throw new NetlinkError("EADDRNOTAVAIL", "ipv4: Address not found");
  if ((address.flags & ifa.IFA_F_MCAUTOJOIN) !== 0) leaveGroup4(inDev, address.local | 0);
  deleteAddress(inDev, address, request.origin);
}

/** Dumps the addresses of a namespace by device, in the order each device keeps. */
export function* dumpAddresses4(request: Request, control: DumpControl): Dump {
  const { netns, targetNetnsid, ifindex } = addressDumpOf(request, control, addressPolicy4, "ipv4: ");
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
  if (!(dev.ip instanceof InDevice)) return;
  const { portId, seq } = request.origin;
  for (const address of [...dev.ip.addresses]) {
    control.writer.begin(RTM_NEWADDR, NLM_F_MULTI | control.answerFlags, seq, portId);
    fillAddress4(control.writer, address, targetNetnsid);
    control.writer.end();
    yield;
  }
}

/** Writes an address's header and attributes (inet_fill_ifaddr). */
function fillAddress4(writer: MessageWriter, address: Ipv4Address, targetNetnsid?: number): void {
  const { dev, flags, prefixLength, scope } = address;
  writeIfaddrmsg(writer, { family: AF_INET, prefixLength, flags, scope, index: dev.ifindex });
  if (targetNetnsid !== undefined) writer.s32(ifa.IFA_TARGET_NETNSID, targetNetnsid);
  putAddress(writer, ifa.IFA_ADDRESS, address.address);
  putAddress(writer, ifa.IFA_LOCAL, address.local);
  putAddress(writer, ifa.IFA_BROADCAST, address.broadcast);
  if (address.label !== "") writer.string(ifa.IFA_LABEL, address.label);
  if (address.protocol !== 0) writer.u8(ifa.IFA_PROTO, address.protocol);
  writer.u32(ifa.IFA_FLAGS, flags);
  if (address.metric !== 0) writer.u32(ifa.IFA_RT_PRIORITY, address.metric);
  putCacheinfo(writer, remainingLifetime(address), address.createdNs, address.updatedNs);
}

function putAddress(writer: MessageWriter, type: number, address: number): void {
  if (address === 0) return;
  const at = writer.attribute(type, 4);
  setBe32(writer.bytes, at, address);
}

/** Tells RTNLGRP_IPV4_IFADDR of an address that came or went (rtmsg_ifa). */
export function announceAddress4(
  rtnetlink: Rtnetlink,
  type: "new" | "del",
  address: Ipv4Address,
  origin: Origin | undefined,
): void {
  rtnetlink.notify(RTNLGRP_IPV4_IFADDR, address.dev.netns, origin, (writer) => {
    writer.begin(type === "new" ? RTM_NEWADDR : RTM_DELADDR, 0, origin?.seq ?? 0, origin?.portId ?? 0);
    fillAddress4(writer, address);
    writer.end();
  });
}
