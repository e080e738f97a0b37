// /proc/net/igmp, igmp6, mcfilter, mcfilter6 and anycast6: the groups that devices are in.
//
// Mirrors net/ipv4/igmp.c (igmp_mc_seq_show, igmp_mcf_seq_show), net/ipv6/mcast.c (igmp6_mc_seq_show, igmp6_mcf_seq_show) and
// net/ipv6/anycast.c (ac6_seq_show). Omitted: timers of answers.

import { getBe32 } from "../bytes/endian.ts";
import { ipv6MulticastScope } from "../bytes/ipv6.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import type { Group6 } from "../inet/ipv6/device.ts";
import { In6Device } from "../inet/ipv6/device.ts";
import { groups6 } from "../inet/ipv6/multicast.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { addressWord, left, plainIpv6, right, upperHex } from "./text.ts";

/** Flags of a membership in a group of IPv6: it is known to the device; nobody is told of it (MAF_LOADED, MAF_NOREPORT). */
const loaded = 4;
const unreported = 8;
const linkLocalScope = 2;
const allNodes = "ff020000000000000000000000000001";

/** /proc/net/igmp */
export function igmpText(netns: Netns): string {
  let text = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n";
  for (const dev of netns.devices.values()) {
    if (!(dev.ip instanceof InDevice) || dev.ip.groups === null || dev.ip.groups.size === 0) continue;
    const { groups, igmp } = dev.ip;
    const version = `V${igmp?.version ?? 3}`;
    text += `${dev.ifindex}\t${left(dev.name, 10)}: ${right(groups.size, 5)} ${right(version, 7)}\n`;
    for (const [group, { users }] of [...groups].reverse())
      text += `\t\t\t\t${addressWord(group)} ${right(users, 5)} 0:00000000\t\t0\n`;
  }
  return text;
}

/** /proc/net/igmp6 */
export function igmp6Text(netns: Netns): string {
  let text = "";
  for (const dev of netns.devices.values()) {
    for (const member of groups6(dev))
      text += `${nameColumns(dev)} ${plainIpv6(member.group)} ${right(member.filters.users, 5)} ${upperHex(flagsOf(member), 8)} 0\n`;
  }
  return text;
}

function flagsOf({ group, isLoaded }: Group6): number {
  const isUnreported = ipv6MulticastScope(group) < linkLocalScope || plainIpv6(group) === allNodes;
  return (isUnreported ? unreported : 0) | (isLoaded ? loaded : 0);
}

/** /proc/net/anycast6 */
export function anycast6Text(netns: Netns): string {
  let text = "";
  for (const dev of netns.devices.values()) {
    if (!(dev.ip6 instanceof In6Device)) continue;
    for (const { address, users } of [...dev.ip6.anycasts.values()].reverse())
      text += `${nameColumns(dev)} ${plainIpv6(address)} ${right(users, 5)}\n`;
  }
  return text;
}

function nameColumns({ ifindex, name }: Device): string {
  return `${left(ifindex, 4)} ${left(name, 15)}`;
}

/** /proc/net/mcfilter */
export function mcfilterText(netns: Netns): string {
  let text = "Idx Device        MCA        SRC    INC    EXC\n";
  for (const dev of netns.devices.values()) {
    if (!(dev.ip instanceof InDevice)) continue;
    for (const [group, filters] of [...(dev.ip.groups ?? [])].reverse()) {
      for (const { source, ...count } of filters.counts) {
        const addresses = `0x${hexWord(group)} 0x${hexWord(getBe32(source, 0))}`;
        text += `${shortColumns(dev)} ${addresses} ${countColumns(count)}\n`;
      }
    }
  }
  return text;
}

/** /proc/net/mcfilter6 */
export function mcfilter6Text(netns: Netns): string {
  let text = "Idx Device                Multicast Address                   Source Address    INC    EXC\n";
  for (const dev of netns.devices.values()) {
    for (const { filters, group } of groups6(dev)) {
      for (const { source, ...count } of filters.counts)
        text += `${shortColumns(dev)} ${plainIpv6(group)} ${plainIpv6(source)} ${countColumns(count)}\n`;
    }
  }
  return text;
}

function shortColumns({ ifindex, name }: Device): string {
  return `${right(ifindex, 3)} ${right(name.slice(0, 6), 6)}`;
}

function countColumns({ excluders, includers }: { excluders: number; includers: number }): string {
  return `${right(includers, 6)} ${right(excluders, 6)}`;
}

/** An address in the order its digits are read. */
function hexWord(address: number): string {
  return (address >>> 0).toString(16).padStart(8, "0");
}
