// The files of /proc/net that programs read of a namespace, by name.
//
// Mirrors fs/proc/proc_net.c and what registers there. Omitted: fib_trie, fib_triestat, rt6_stats, stat, netlink, ptype, and counters
// of a whole namespace (snmp, snmp6, netstat).

import type { Netns } from "../net/netdevice.ts";
import { ifInet6Text } from "./addresses6.ts";
import { arpText } from "./arp.ts";
import { devMcastText, devText } from "./dev.ts";
import { anycast6Text, igmp6Text, igmpText, mcfilter6Text, mcfilterText } from "./groups.ts";
import { routeText, rtCacheText } from "./route.ts";
import { ipv6RouteText } from "./route6.ts";
import * as sockets from "./sockets.ts";

const files: ReadonlyMap<string, (netns: Netns) => string> = new Map([
  ["anycast6", anycast6Text],
  ["arp", arpText],
  ["dev", devText],
  ["dev_mcast", devMcastText],
  ["if_inet6", ifInet6Text],
  ["igmp", igmpText],
  ["igmp6", igmp6Text],
  ["ipv6_route", ipv6RouteText],
  ["mcfilter", mcfilterText],
  ["mcfilter6", mcfilter6Text],
  ["route", routeText],
  ["rt_cache", rtCacheText],
  ["sockstat", sockets.sockstatText],
  ["sockstat6", sockets.sockstat6Text],
  ["tcp", sockets.tcpText],
  ["tcp6", sockets.tcp6Text],
  ["udp", sockets.udpText],
  ["udp6", sockets.udp6Text],
  ...sockets.emptyTexts.map(([name, text]) => [name, () => text] as const),
]);

/** The names of the files of a namespace; those of single devices are in folders, as "bonding/bond0" is. */
export function procNetNames(netns: Netns): readonly string[] {
  return [...files.keys(), ...deviceFiles(netns).keys()].sort();
}

/** What a file of /proc/net shows of `netns`; undefined for a file there is not. */
export function readProcNet(netns: Netns, name: string): string | undefined {
  return (files.get(name) ?? deviceFiles(netns).get(name))?.(netns);
}

function deviceFiles({ devices }: Netns): ReadonlyMap<string, (netns: Netns) => string> {
  const found = new Map<string, (netns: Netns) => string>();
  for (const dev of devices.values()) {
    const { proc } = dev.ops;
    if (proc !== undefined) found.set(`${proc.folder}/${dev.name}`, () => proc.text(dev));
  }
  return found;
}
