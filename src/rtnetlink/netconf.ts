// Settings of IPv4 and IPv6 that routing daemons follow: RTM_GETNETCONF, its dump, and RTM_NEWNETCONF and RTM_DELNETCONF as
// devices come and go and settings change.
//
// Mirrors net/ipv4/devinet.c (inet_netconf_fill_devconf, inet_netconf_get_devconf, inet_netconf_dump_devconf,
// inet_netconf_notify_devconf) and net/ipv6/addrconf.c (inet6_netconf_*).

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { Whose } from "../inet/inet.ts";
import { DeviceConf4 } from "../inet/ipv4/conf.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import { DeviceConf6 } from "../inet/ipv6/conf.ts";
import { In6Device } from "../inet/ipv6/device.ts";
import type { IpNetns } from "../inet/netns.ts";
import { hasInet, hasInet6, ipNetns } from "../inet/slots.ts";
import { devicesByIndex } from "../net/device.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import type { NetlinkError } from "../netlink/error.ts";
import { invalid, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { policy, s32, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as conf4 from "../uapi/ip.ts";
import * as conf6 from "../uapi/ipv6.ts";
import * as nc from "../uapi/netconf.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import {
  RTM_DELNETCONF,
  RTM_NEWNETCONF,
  RTNLGRP_IPV4_NETCONF,
  RTNLGRP_IPV6_NETCONF,
} from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";

/** One family's settings as requests see them. */
interface NetconfFamily {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly group: number;
  /** What its texts begin with. */
  readonly prefix: string;
  /** Attribute by attribute, which setting it shows. */
  readonly attributes: readonly (readonly [type: number, index: number])[];
  has(dev: Device): boolean;
  value(ip: IpNetns, whose: Whose, index: number): number;
  /** What a device that is not there is answered with. */
  unknown(): NetlinkError;
}

const inet: NetconfFamily = {
  family: AF_INET,
  group: RTNLGRP_IPV4_NETCONF,
  prefix: "ipv4: ",
  attributes: [
    [nc.NETCONFA_FORWARDING, conf4.IPV4_DEVCONF_FORWARDING],
    [nc.NETCONFA_RP_FILTER, conf4.IPV4_DEVCONF_RP_FILTER],
    [nc.NETCONFA_MC_FORWARDING, conf4.IPV4_DEVCONF_MC_FORWARDING],
    [nc.NETCONFA_BC_FORWARDING, conf4.IPV4_DEVCONF_BC_FORWARDING],
    [nc.NETCONFA_PROXY_NEIGH, conf4.IPV4_DEVCONF_PROXY_ARP],
    [nc.NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, conf4.IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN],
  ],
  has: hasInet,
  value(ip, whose, index) {
    if (whose === "all") return ip.all4[index] ?? 0;
    if (whose !== "default" && whose.ip instanceof InDevice) return whose.ip.conf.get(index);
    return new DeviceConf4(ip.default4).get(index);
  },
  unknown: () => noDevice(),
};

const inet6: NetconfFamily = {
  family: AF_INET6,
  group: RTNLGRP_IPV6_NETCONF,
  prefix: "ipv6: ",
  attributes: [
    [nc.NETCONFA_FORWARDING, conf6.DEVCONF_FORWARDING],
    [nc.NETCONFA_MC_FORWARDING, conf6.DEVCONF_MC_FORWARDING],
    [nc.NETCONFA_PROXY_NEIGH, conf6.DEVCONF_PROXY_NDP],
    [nc.NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, conf6.DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN],
  ],
  has: hasInet6,
  value(ip, whose, index) {
    if (whose === "all") return ip.all6[index] ?? 0;
    if (whose !== "default" && whose.ip6 instanceof In6Device) return whose.ip6.conf.get(index);
    return new DeviceConf6(ip.default6).get(index);
  },
  unknown: () => invalid(),
};

const netconfPolicy = policy(nc.NETCONFA_MAX, {
  [nc.NETCONFA_IFINDEX]: s32("ifindex"),
  [nc.NETCONFA_FORWARDING]: u32("forwarding"),
  [nc.NETCONFA_RP_FILTER]: u32("rpFilter"),
  [nc.NETCONFA_PROXY_NEIGH]: u32("proxyNeigh"),
  [nc.NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN]: u32("ignoreRoutesWithLinkdown"),
});

/** Answers RTM_GETNETCONF of IPv4 and IPv6. */
export const netconf4 = { handle: getOf(inet), dump: dumpOf(inet) };
export const netconf6 = { handle: getOf(inet6), dump: dumpOf(inet6) };

function getOf(family: NetconfFamily): (request: Request) => void {
  return (request) => {
    const { message, netns, origin, sender } = request;
    const refused = (what: string): NetlinkError => invalid(`${family.prefix}${what} netconf get request`);
    if (message.bytes.length < NLMSG_HDRLEN + nc.NETCONFMSG_SIZE) throw refused("Invalid header for");
    const mode = sender.isStrict ? "no-unknown" : "liberal";
    const { ifindex } = parseMessage(message, nc.NETCONFMSG_SIZE, netconfPolicy, mode);
    for (const { type } of sender.isStrict ? message.attributes(nc.NETCONFMSG_SIZE) : []) {
      if (type !== nc.NETCONFA_IFINDEX) throw refused("Unsupported attribute in");
    }
    if (ifindex === undefined) throw invalid();
    const whose = whoseOf(family, netns, ifindex);
    request.reply((writer) => {
      writer.begin(RTM_NEWNETCONF, 0, origin.seq, origin.portId);
      fillNetconf(writer, family, netns, whose);
      writer.end();
    });
  };
}

function whoseOf(family: NetconfFamily, netns: Netns, ifindex: number): Whose {
  if (ifindex === nc.NETCONFA_IFINDEX_ALL) return "all";
  if (ifindex === nc.NETCONFA_IFINDEX_DEFAULT) return "default";
  const dev = netns.devices.get(ifindex);
  if (dev === undefined || !family.has(dev)) throw family.unknown();
  return dev;
}

function dumpOf(family: NetconfFamily): (request: Request, control: DumpControl) => Dump {
  return function* dumpNetconf({ message, netns, sender, origin }, { writer }) {
    if (sender.isStrict && message.bytes.length !== NLMSG_HDRLEN + 4) {
      throw invalid(`${family.prefix}Invalid data after header in netconf dump request`);
    }
    const devices = [...devicesByIndex(netns)].filter((dev) => family.has(dev));
    for (const whose of [...devices, "all" as const, "default" as const]) {
      writer.begin(RTM_NEWNETCONF, NLM_F_MULTI, origin.seq, origin.portId);
      fillNetconf(writer, family, netns, whose);
      writer.end();
      yield;
    }
  };
}

function putHeader(writer: MessageWriter, { family }: NetconfFamily, whose: Whose): void {
  writer.bytes[writer.reserve(4)] = family;
  const { NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT } = nc;
  const index =
    whose === "all" ? NETCONFA_IFINDEX_ALL : whose === "default" ? NETCONFA_IFINDEX_DEFAULT : whose.ifindex;
  writer.u32(nc.NETCONFA_IFINDEX, index >>> 0);
}

function fillNetconf(writer: MessageWriter, family: NetconfFamily, netns: Netns, whose: Whose): void {
  putHeader(writer, family, whose);
  const ip = ipNetns(netns);
  for (const [type, index] of family.attributes) writer.u32(type, family.value(ip, whose, index) >>> 0);
}

/** Tells that a device has settings of its own now, or has none any more. */
export function announceNetconf(
  rtnetlink: Rtnetlink,
  family: typeof AF_INET | typeof AF_INET6,
  type: "new" | "del",
  dev: Device,
): void {
  const which = family === AF_INET ? inet : inet6;
  rtnetlink.notify(which.group, dev.netns, undefined, (writer) => {
    writer.begin(type === "new" ? RTM_NEWNETCONF : RTM_DELNETCONF, 0, 0, 0);
    if (type === "new") fillNetconf(writer, which, dev.netns, dev);
    else putHeader(writer, which, dev);
    writer.end();
  });
}

/** Tells that one setting has changed, if it is one of those that are told. */
export function announceNetconfSetting(
  rtnetlink: Rtnetlink,
  netns: Netns,
  family: typeof AF_INET | typeof AF_INET6,
  whose: Whose,
  index: number,
): void {
  const which = family === AF_INET ? inet : inet6;
  const type = which.attributes.find((attribute) => attribute[1] === index)?.[0];
  if (type === undefined) return;
  rtnetlink.notify(which.group, netns, undefined, (writer) => {
    writer.begin(RTM_NEWNETCONF, 0, 0, 0);
    putHeader(writer, which, whose);
    writer.u32(type, which.value(ipNetns(netns), whose, index) >>> 0);
    writer.end();
  });
}
