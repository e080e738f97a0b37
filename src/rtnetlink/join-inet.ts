// Puts the requests about addresses, routes and neighbours of IPv4 and IPv6 on rtnetlink, and lets both tell of changes.
//
// Mirrors net/ipv4/devinet.c (devinet_init), net/ipv4/fib_frontend.c (ip_fib_init), net/ipv6/addrconf.c (addrconf_init),
// net/ipv6/route.c (ip6_route_init) and net/core/neighbour.c (neigh_init).

import type { Inet } from "../inet/inet.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";
import { announceAddress4, delAddress4, dumpAddresses4, newAddress4 } from "./addr4.ts";
import { announceAddress6, delAddress6, dumpAddresses6, getAddress6, newAddress6 } from "./addr6.ts";
import { delAddressLabel, dumpAddressLabels, getAddressLabel, newAddressLabel } from "./addrlabel.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { dumpLinks6 } from "./dump-links6.ts";
import { dumpMulticastRoutes4, dumpMulticastRoutes6 } from "./mroute.ts";
import { dumpAnycasts6, dumpGroups4, dumpGroups6 } from "./multicast.ts";
import { announcePrefix, announceUserOption } from "./nd-messages.ts";
import { announceNeigh, delNeigh, getNeigh, newNeigh } from "./neigh.ts";
import { dumpNeighs } from "./neigh-dump.ts";
import { arpFamily, ndFamily } from "./neigh-family.ts";
import { dumpNeighTables, setNeighTable } from "./neightbl.ts";
import { announceNetconf, announceNetconfSetting, netconf4, netconf6 } from "./netconf.ts";
import { announceNexthop, delNexthop, dumpNexthops, getNexthop, newNexthop } from "./nexthop.ts";
import { announceNexthopBucket, dumpNexthopBuckets, getNexthopBucket } from "./nexthop-bucket.ts";
import { announceRoute4, delRoute4, dumpRoutes4, newRoute4 } from "./route4.ts";
import { getRoute4 } from "./route4-get.ts";
import { announceRoute6, delRoute6, dumpRoutes6, newRoute6 } from "./route6.ts";
import { getRoute6 } from "./route6-get.ts";
import { announceRule, delRule, dumpRules, newRule } from "./rule.ts";

/** Registers what IPv4 and IPv6 of one machine answer, before its first device is registered. */
export function joinInetRequests(rtnetlink: Rtnetlink, inet: Inet): void {
  joinAddresses(rtnetlink);
  rtnetlink.register(AF_INET6, rt.RTM_GETLINK, { dump: dumpLinks6 });
  joinRoutes(rtnetlink);
  joinNeighbours(rtnetlink, inet);
  rtnetlink.register(AF_INET, rt.RTM_GETNETCONF, netconf4);
  rtnetlink.register(AF_INET6, rt.RTM_GETNETCONF, netconf6);
  rtnetlink.registerDumpAll(rt.RTM_GETNETCONF);
  inet.announcer = {
    address4: (type, address, origin) => announceAddress4(rtnetlink, type, address, origin),
    address6: (type, address) => announceAddress6(rtnetlink, type, address),
    route4: (netns, type, route, flags, origin) =>
      announceRoute4(rtnetlink, netns, type, route, flags, origin),
    route6: (netns, type, route, flags, origin) =>
      announceRoute6(rtnetlink, netns, type, route, flags, origin),
    nexthop: (netns, type, object, flags, origin) =>
      announceNexthop(rtnetlink, netns, type, object, flags, origin),
    nexthopBucket: (netns, group, bucket) => announceNexthopBucket(rtnetlink, netns, group, bucket),
    prefix6: (dev, info) => announcePrefix(rtnetlink, dev, info),
    userOption6: (dev, router, bytes) => announceUserOption(rtnetlink, dev, router, bytes),
    netconf: (family, type, dev) => announceNetconf(rtnetlink, family, type, dev),
    netconfSetting: (netns, family, whose, index) =>
      announceNetconfSetting(rtnetlink, netns, family, whose, index),
    rule: (netns, type, rule, origin) => announceRule(rtnetlink, netns, type, rule, origin),
  };
}

function joinAddresses(rtnetlink: Rtnetlink): void {
  rtnetlink.register(AF_INET, rt.RTM_NEWADDR, { handle: newAddress4 });
  rtnetlink.register(AF_INET, rt.RTM_DELADDR, { handle: delAddress4 });
  rtnetlink.register(AF_INET, rt.RTM_GETADDR, { dump: dumpAddresses4, isDoneSplit: true });
  rtnetlink.register(AF_INET6, rt.RTM_NEWADDR, { handle: newAddress6 });
  rtnetlink.register(AF_INET6, rt.RTM_DELADDR, { handle: delAddress6 });
  rtnetlink.register(AF_INET6, rt.RTM_GETADDR, {
    handle: getAddress6,
    dump: dumpAddresses6,
  });
  rtnetlink.registerDumpAll(rt.RTM_GETADDR);
  rtnetlink.register(AF_INET, rt.RTM_GETMULTICAST, { dump: dumpGroups4 });
  rtnetlink.register(AF_INET6, rt.RTM_GETMULTICAST, { dump: dumpGroups6 });
  rtnetlink.registerDumpAll(rt.RTM_GETMULTICAST);
  rtnetlink.register(AF_INET6, rt.RTM_GETANYCAST, { dump: dumpAnycasts6 });
  rtnetlink.registerDumpAll(rt.RTM_GETANYCAST);
  rtnetlink.register(AF_INET6, rt.RTM_NEWADDRLABEL, { handle: newAddressLabel });
  rtnetlink.register(AF_INET6, rt.RTM_DELADDRLABEL, { handle: delAddressLabel });
  rtnetlink.register(AF_INET6, rt.RTM_GETADDRLABEL, { handle: getAddressLabel, dump: dumpAddressLabels });
}

function joinRoutes(rtnetlink: Rtnetlink): void {
  rtnetlink.register(AF_INET, rt.RTM_NEWROUTE, { handle: newRoute4 });
  rtnetlink.register(AF_INET, rt.RTM_DELROUTE, { handle: delRoute4 });
  rtnetlink.register(AF_INET, rt.RTM_GETROUTE, { handle: getRoute4, dump: dumpRoutes4, isDoneSplit: true });
  rtnetlink.register(AF_INET6, rt.RTM_NEWROUTE, { handle: newRoute6 });
  rtnetlink.register(AF_INET6, rt.RTM_DELROUTE, { handle: delRoute6 });
  rtnetlink.register(AF_INET6, rt.RTM_GETROUTE, { handle: getRoute6, dump: dumpRoutes6, isDoneSplit: true });
  rtnetlink.register(rt.RTNL_FAMILY_IPMR, rt.RTM_GETROUTE, { dump: dumpMulticastRoutes4, isDoneSplit: true });
  rtnetlink.register(rt.RTNL_FAMILY_IP6MR, rt.RTM_GETROUTE, {
    dump: dumpMulticastRoutes6,
    isDoneSplit: true,
  });
  rtnetlink.registerDumpAll(rt.RTM_GETROUTE);
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWNEXTHOP, { handle: newNexthop });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELNEXTHOP, { handle: delNexthop });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETNEXTHOP, { handle: getNexthop, dump: dumpNexthops });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETNEXTHOPBUCKET, {
    handle: getNexthopBucket,
    dump: dumpNexthopBuckets,
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWRULE, { handle: newRule });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELRULE, { handle: delRule });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETRULE, { dump: dumpRules });
}

function joinNeighbours(rtnetlink: Rtnetlink, inet: Inet): void {
  const families = [arpFamily, ndFamily];
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWNEIGH, { handle: (request) => newNeigh(families, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELNEIGH, { handle: (request) => delNeigh(families, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETNEIGH, {
    handle: (request) => getNeigh(families, request),
    dump: (request, control) => dumpNeighs(families, request, control),
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETNEIGHTBL, { dump: dumpNeighTables });
  rtnetlink.register(AF_UNSPEC, rt.RTM_SETNEIGHTBL, { handle: setNeighTable });
  inet.arp.announce = (type, neigh, portId) => announceNeigh(rtnetlink, arpFamily, type, neigh, portId);
  inet.nd.announce = (type, neigh, portId) => announceNeigh(rtnetlink, ndFamily, type, neigh, portId);
}
