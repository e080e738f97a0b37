// What `ip monitor` can watch: the word for it, its label, its multicast groups, and how each of its messages is printed.
//
// *Omitted:* mroute, prefix, netconf and stats: their words are known and silent.

import { parseAddress } from "../../../client/addr.ts";
import { parseLink } from "../../../client/link.ts";
import { parseNeighbour } from "../../../client/neigh.ts";
import { parseNexthopBucket } from "../../../client/nexthop-bucket.ts";
import { parseNexthopEntry } from "../../../client/nexthop-object.ts";
import { parseNsid } from "../../../client/nsid.ts";
import { parseRoute } from "../../../client/route.ts";
import { parseRule } from "../../../client/rule.ts";
import type { Message } from "../../../netlink/message.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_PACKET, AF_UNSPEC } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import { printAddress, printAddressBrief } from "../addr/print.ts";
import type { IpContext } from "../context.ts";
import { loadForPrint, printLink } from "../link/print.ts";
import { printBriefStart } from "../link/print-brief.ts";
import { printNeigh } from "../neigh/print.ts";
import { printId } from "../netns/ids.ts";
import { loadForObjects, printBucket, printObject } from "../nexthop/print.ts";
import { newRouteFilter } from "../route/filter.ts";
import { loadForRoutes, printRoute } from "../route/print.ts";
import { printRule } from "../rule/print.ts";

/** A message that is ready to be printed: what it needs has been asked for. */
interface Notice {
  /** The device it is about; undefined if it is about none. */
  readonly ifindex: number | undefined;
  /** The family it is about, where that is not said by the group it came through. */
  readonly family?: number;
  print(out: Output): void;
}

/** Something that can be watched. */
export interface MonitorSubject {
  readonly word: string;
  readonly label: string;
  /** The message types that are its own. */
  readonly types: readonly number[];
  /** The groups to join, by the family they are about. */
  readonly groups: readonly (readonly [family: number, group: number])[];
  /** `dev` is the device that was asked for, which is not said again. */
  prepare(ip: IpContext, message: Message, dev: number | undefined): Promise<Notice>;
}

/** In the order the words are tried. */
export const SUBJECTS: readonly MonitorSubject[] = [
  {
    word: "link",
    label: "LINK",
    types: [rt.RTM_NEWLINK, rt.RTM_DELLINK],
    groups: [[AF_UNSPEC, rt.RTNLGRP_LINK]],
    prepare: prepareLink,
  },
  {
    word: "address",
    label: "ADDR",
    types: [rt.RTM_NEWADDR, rt.RTM_DELADDR],
    groups: [
      [AF_INET, rt.RTNLGRP_IPV4_IFADDR],
      [AF_INET6, rt.RTNLGRP_IPV6_IFADDR],
    ],
    prepare: prepareAddress,
  },
  {
    word: "route",
    label: "ROUTE",
    types: [rt.RTM_NEWROUTE, rt.RTM_DELROUTE],
    groups: [
      [AF_INET, rt.RTNLGRP_IPV4_ROUTE],
      [AF_INET6, rt.RTNLGRP_IPV6_ROUTE],
    ],
    prepare: prepareRoute,
  },
  {
    word: "neigh",
    label: "NEIGH",
    types: [rt.RTM_NEWNEIGH, rt.RTM_DELNEIGH, rt.RTM_GETNEIGH],
    groups: [[AF_UNSPEC, rt.RTNLGRP_NEIGH]],
    prepare: prepareNeighbour,
  },
  {
    word: "rule",
    label: "RULE",
    types: [rt.RTM_NEWRULE, rt.RTM_DELRULE],
    groups: [
      [AF_INET, rt.RTNLGRP_IPV4_RULE],
      [AF_INET6, rt.RTNLGRP_IPV6_RULE],
    ],
    prepare: prepareRule,
  },
  {
    word: "nsid",
    label: "NSID",
    types: [rt.RTM_NEWNSID, rt.RTM_DELNSID],
    groups: [[AF_UNSPEC, rt.RTNLGRP_NSID]],
    prepare: prepareNsid,
  },
  {
    word: "nexthop",
    label: "NEXTHOP",
    types: [rt.RTM_NEWNEXTHOP, rt.RTM_DELNEXTHOP],
    groups: [[AF_UNSPEC, rt.RTNLGRP_NEXTHOP]],
    prepare: prepareNexthop,
  },
  {
    word: "nexthop",
    label: "NEXTHOPBUCKET",
    types: [rt.RTM_NEWNEXTHOPBUCKET, rt.RTM_DELNEXTHOPBUCKET],
    groups: [[AF_UNSPEC, rt.RTNLGRP_NEXTHOP]],
    prepare: prepareBucket,
  },
];

/** Words that stand for what does not happen here. */
export const SILENT_WORDS = ["mroute", "prefix", "netconf"] as const;

async function prepareLink(ip: IpContext, message: Message): Promise<Notice> {
  const link = parseLink(message);
  const isDeleted = message.type === rt.RTM_DELLINK;
  if (!isDeleted) ip.links.remember(link);
  await loadForPrint(ip, [link]);
  const style = { isLinkCommand: false, isMonitor: true, isDeleted, family: AF_PACKET };
  return {
    ifindex: link.ifindex,
    print: (out) => {
      if (!ip.options.brief) printLink(ip, out, link, style);
      else printDeleted(out, isDeleted, () => printBriefStart(ip, out, link));
      if (isDeleted) ip.links.forget(link.ifindex);
    },
  };
}

async function prepareAddress(ip: IpContext, message: Message): Promise<Notice> {
  const address = parseAddress(message);
  const isDeleted = message.type === rt.RTM_DELADDR;
  await ip.links.load([address.ifindex]);
  return {
    ifindex: address.ifindex,
    print: (out) => {
      if (!ip.options.brief) printAddress(ip, out, address, { hasDevice: true, isDeleted });
      else printDeleted(out, isDeleted, () => printAddressBrief(out, address));
    },
  };
}

/** In brief lists "Deleted" stands before the name, not before the index. */
function printDeleted(out: Output, isDeleted: boolean, print: () => void): void {
  if (isDeleted) out.text("Deleted ");
  print();
}

async function prepareRoute(ip: IpContext, message: Message, dev: number | undefined): Promise<Notice> {
  const route = parseRoute(message);
  const isDeleted = message.type === rt.RTM_DELROUTE;
  const filter = { ...newRouteFilter(), table: 0, oif: dev };
  await loadForRoutes(ip, [route]);
  // A route with several next hops is about none of their devices.
  return { ifindex: route.oif ?? 0, print: (out) => printRoute(ip, out, route, { isDeleted, filter }) };
}

async function prepareNeighbour(ip: IpContext, message: Message, dev: number | undefined): Promise<Notice> {
  const neighbour = parseNeighbour(message);
  await ip.links.load([neighbour.ifindex]);
  return {
    ifindex: neighbour.ifindex,
    family: neighbour.family,
    print: (out) =>
      printNeigh(ip, out, neighbour, { messageType: message.type, hasDevice: dev === undefined }),
  };
}

function prepareRule(ip: IpContext, message: Message): Promise<Notice> {
  const rule = parseRule(message);
  const isDeleted = message.type === rt.RTM_DELRULE;
  return Promise.resolve({
    ifindex: undefined,
    family: rule.family,
    print: (out) => printRule(ip, out, rule, isDeleted),
  });
}

async function prepareNexthop(ip: IpContext, message: Message): Promise<Notice> {
  const object = parseNexthopEntry(message);
  await loadForObjects(ip, [object]);
  const isDeleted = message.type === rt.RTM_DELNEXTHOP;
  return { ifindex: object.oif, print: (out) => printObject(ip, out, object, isDeleted) };
}

function prepareBucket(_ip: IpContext, message: Message): Promise<Notice> {
  const bucket = parseNexthopBucket(message);
  return Promise.resolve({ ifindex: undefined, print: (out) => printBucket(out, bucket) });
}

async function prepareNsid(ip: IpContext, message: Message): Promise<Notice> {
  const id = parseNsid(message);
  const isDeleted = message.type === rt.RTM_DELNSID;
  if (!isDeleted) await ip.netnsNames.reload();
  return {
    ifindex: undefined,
    print: (out) => printDeleted(out, isDeleted, () => printId(ip, out, id)),
  };
}
