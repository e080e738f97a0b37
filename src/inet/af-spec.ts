// What IPv4 and IPv6 say of a link in IFLA_AF_SPEC, and what a link request may tell them. A device that has no state yet
// is told of as its namespace's defaults have it: asking for links makes nothing.
//
// Mirrors net/ipv4/devinet.c (inet_fill_link_af, inet_validate_link_af, inet_set_link_af) and net/ipv6/addrconf.c
// (inet6_fill_ifla6_attrs, inet6_validate_link_af, inet6_set_link_af). Omitted: IFLA_INET6_TOKEN on input, which changes
// addresses made from router advertisements.

import { setS32, setU32 } from "../bytes/endian.ts";
import type { AfOps, Device } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { exact, nest, policy, u8 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFF_LOOPBACK } from "../uapi/if.ts";
import * as link from "../uapi/if_link.ts";
import * as conf4 from "../uapi/ip.ts";
import * as conf6 from "../uapi/ipv6.ts";
import { RTEXT_FILTER_SKIP_STATS } from "../uapi/rtnetlink.ts";
import { ICMP6_MIB_MAX, IPSTATS_MIB_MAX } from "../uapi/snmp.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { RA_MANAGED, RA_OTHER } from "../wire/nd.ts";
import { InDevice } from "./ipv4/device.ts";
import { In6Device } from "./ipv6/device.ts";
import { RETRANS_TIME_MS } from "./neigh/parms.ts";
import { hasInet, hasInet6, in6Device, inDevice, ipNetns } from "./slots.ts";

/** IPV6_MAXPLEN */
const largestReassembled = 65_535;
/** idev->if_flags, as include/net/if_inet6.h has them (IF_READY, IF_RS_SENT, IF_RA_RCVD, IF_RA_MANAGED, IF_RA_OTHERCONF). */
const READY = 0x8000_0000;
const SOLICITED = 0x10;
const ADVERTISED = 0x20;
const MANAGED = 0x40;
const OTHER_CONFIGURATION = 0x80;
const nsPerCentisecond = 10_000_000;
const nsPerMs = 1_000_000;

const inetPolicy = policy(link.IFLA_INET_CONF, { [link.IFLA_INET_CONF]: nest("conf") });
const inet6Policy = policy(link.IFLA_INET6_MAX, {
  [link.IFLA_INET6_ADDR_GEN_MODE]: u8("addrGenMode"),
  [link.IFLA_INET6_TOKEN]: exact("token", 16),
});

/** IPv4's part in links. */
export const inetAfOps: AfOps = { family: AF_INET, fill: fill4, validate: validate4, set: set4 };

/** IPv6's part in links. */
export const inet6AfOps: AfOps = { family: AF_INET6, fill: fill6, validate: validate6, set: set6 };

function fill4(dev: Device, writer: MessageWriter): boolean {
  if (!(dev.ip instanceof InDevice) && (dev.mtu6 === 0 || !hasInet(dev))) return false;
  const at = writer.attribute(link.IFLA_INET_CONF, conf4.IPV4_DEVCONF_MAX * 4);
  for (let index = 1; index <= conf4.IPV4_DEVCONF_MAX; index++) {
    setS32(writer.bytes, at + (index - 1) * 4, value4(dev, index));
  }
  return true;
}

/** A setting of the device, or what it would be. */
function value4(dev: Device, index: number): number {
  if (dev.ip instanceof InDevice) return dev.ip.conf.get(index);
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isLoopback && (index === conf4.IPV4_DEVCONF_NOXFRM || index === conf4.IPV4_DEVCONF_NOPOLICY)) return 1;
  return ipNetns(dev.netns).default4[index] ?? 0;
}

function validate4(_dev: Device, spec: Attribute): void {
  for (const value of parseNested(spec, inetPolicy).conf?.children() ?? []) {
    if (value.length < 4 || value.type < 1 || value.type > conf4.IPV4_DEVCONF_MAX) throw invalid();
  }
}

function set4(dev: Device, spec: Attribute): void {
  const slot = inDevice(dev);
  if (slot === null) throw new NetlinkError("EAFNOSUPPORT");
  for (const value of parseNested(spec, inetPolicy).conf?.children() ?? [])
    slot.conf.set(value.type, value.s32());
}

function fill6(dev: Device, writer: MessageWriter, extMask: number): boolean {
  const slot = dev.ip6 instanceof In6Device ? dev.ip6 : undefined;
  if (slot === undefined && (dev.mtu6 === 0 || !hasInet6(dev))) return false;
  writer.u32(link.IFLA_INET6_FLAGS, slot === undefined ? 0 : stateOf(slot));
  putCacheinfo(dev, slot, writer);
  const at = writer.attribute(link.IFLA_INET6_CONF, conf6.DEVCONF_MAX * 4);
  for (let index = 0; index < conf6.DEVCONF_MAX; index++) {
    setS32(writer.bytes, at + index * 4, value6(dev, slot, index));
  }
  if ((extMask & RTEXT_FILTER_SKIP_STATS) === 0) {
    putStats(writer, link.IFLA_INET6_STATS, slot?.stats, IPSTATS_MIB_MAX);
    putStats(writer, link.IFLA_INET6_ICMP6STATS, slot?.icmpStats, ICMP6_MIB_MAX);
  }
  writer.binary(link.IFLA_INET6_TOKEN, slot?.token ?? new Uint8Array(16));
  writer.u8(link.IFLA_INET6_ADDR_GEN_MODE, value6(dev, slot, conf6.DEVCONF_ADDR_GEN_MODE));
  return true;
}

/** What has happened on the way to a configuration. */
function stateOf({ isReady, hasSolicited, isAdvertised, routerFlags }: In6Device): number {
  let flags = isReady ? READY : 0;
  if (hasSolicited) flags += SOLICITED;
  if (isAdvertised) flags += ADVERTISED;
  if ((routerFlags & RA_MANAGED) !== 0) flags += MANAGED;
  if ((routerFlags & RA_OTHER) !== 0) flags += OTHER_CONFIGURATION;
  return flags;
}

function putCacheinfo(dev: Device, slot: In6Device | undefined, writer: MessageWriter): void {
  const ip = ipNetns(dev.netns);
  const parms = slot?.parms ?? ip.neigh6;
  const reachableNs = parms.reachableTimeNs(dev.machine.clock.now());
  const at = writer.attribute(link.IFLA_INET6_CACHEINFO, link.IFLA_CACHEINFO_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + link.IFLA_CACHEINFO_MAX_REASM_LEN, largestReassembled);
  const updatedNs = slot?.updatedNs ?? ip.createdNs;
  setU32(bytes, at + link.IFLA_CACHEINFO_TSTAMP, Math.floor(updatedNs / nsPerCentisecond));
  setU32(bytes, at + link.IFLA_CACHEINFO_REACHABLE_TIME, Math.floor(reachableNs / nsPerMs));
  setU32(bytes, at + link.IFLA_CACHEINFO_RETRANS_TIME, parms.get(RETRANS_TIME_MS));
}

/** A setting of the device, or what it would be. */
function value6(dev: Device, slot: In6Device | undefined, index: number): number {
  if (index === conf6.DEVCONF_MTU6) return slot?.conf.mtu || dev.mtu6;
  if (slot !== undefined) return slot.conf.get(index);
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isLoopback && (index === conf6.DEVCONF_ACCEPT_DAD || index === conf6.DEVCONF_USE_TEMPADDR)) return -1;
  return ipNetns(dev.netns).default6[index] ?? 0;
}

/** Writes counters as u64, their number first. */
function putStats(
  writer: MessageWriter,
  type: number,
  values: Float64Array | undefined,
  count: number,
): void {
  const at = writer.attribute(type, count * 8);
  setU32(writer.bytes, at, count);
  if (values === undefined) return;
  for (let index = 1; index < count; index++) {
    const value = values[index] ?? 0;
    setU32(writer.bytes, at + index * 8, value % 0x1_0000_0000);
    setU32(writer.bytes, at + index * 8 + 4, Math.floor(value / 0x1_0000_0000));
  }
}

function validate6(dev: Device, spec: Attribute): void {
  if (!(dev.ip6 instanceof In6Device) && (dev.registration !== "registered" || !hasInet6(dev))) {
    throw new NetlinkError("EAFNOSUPPORT");
  }
  const { addrGenMode, token } = parseNested(spec, inet6Policy);
  if (token === undefined && addrGenMode === undefined) throw invalid();
  if (addrGenMode !== undefined) checkMode(dev, addrGenMode);
}

/** Refuses a mode that there is not, or one that needs a secret nobody has set (check_addr_gen_mode). */
function checkMode(dev: Device, mode: number): void {
  if (mode > link.IN6_ADDR_GEN_MODE_RANDOM) throw invalid();
  if (mode !== link.IN6_ADDR_GEN_MODE_STABLE_PRIVACY) return;
  if (in6Device(dev)?.stableSecret === null) throw invalid();
}

function set6(dev: Device, spec: Attribute): void {
  const slot = in6Device(dev);
  if (slot === null) throw new NetlinkError("EAFNOSUPPORT");
  const { addrGenMode, token } = parseNested(spec, inet6Policy);
  if (token !== undefined) throw invalid();
  if (addrGenMode !== undefined) slot.conf.set(conf6.DEVCONF_ADDR_GEN_MODE, addrGenMode);
}
