// Names of a link's numbers: flags, operational states, link modes, address generation modes, link types.
//
// Facts: <linux/if.h>, <linux/if_arp.h> and the output of iproute2 6.1.

import * as flags from "../../../uapi/if.ts";
import * as arp from "../../../uapi/if_arp.ts";

/** IF_OPER_* by number (RFC 2863). */
export const OPERSTATES = [
  "UNKNOWN",
  "NOTPRESENT",
  "DOWN",
  "LOWERLAYERDOWN",
  "TESTING",
  "DORMANT",
  "UP",
] as const;

/** IF_LINK_MODE_* by number. */
export const LINK_MODES = ["DEFAULT", "DORMANT"] as const;

/** IN6_ADDR_GEN_MODE_* by number. */
export const ADDR_GEN_MODES = ["eui64", "none", "stable_secret", "random"] as const;

/** IFLA_EVENT by number. */
export const EVENTS = [
  "NONE",
  "REBOOT",
  "FEATURE CHANGE",
  "BONDING FAILOVER",
  "NOTIFY PEERS",
  "RESEND IGMP",
  "BONDING OPTION",
] as const;

/** The flags that are shown, in the order they are shown. */
const FLAG_NAMES: readonly (readonly [mask: number, name: string])[] = [
  [flags.IFF_LOOPBACK, "LOOPBACK"],
  [flags.IFF_BROADCAST, "BROADCAST"],
  [flags.IFF_POINTOPOINT, "POINTOPOINT"],
  [flags.IFF_MULTICAST, "MULTICAST"],
  [flags.IFF_NOARP, "NOARP"],
  [flags.IFF_ALLMULTI, "ALLMULTI"],
  [flags.IFF_PROMISC, "PROMISC"],
  [flags.IFF_MASTER, "MASTER"],
  [flags.IFF_SLAVE, "SLAVE"],
  [flags.IFF_DEBUG, "DEBUG"],
  [flags.IFF_DYNAMIC, "DYNAMIC"],
  [flags.IFF_AUTOMEDIA, "AUTOMEDIA"],
  [flags.IFF_PORTSEL, "PORTSEL"],
  [flags.IFF_NOTRAILERS, "NOTRAILERS"],
  [flags.IFF_UP, "UP"],
  [flags.IFF_LOWER_UP, "LOWER_UP"],
  [flags.IFF_DORMANT, "DORMANT"],
  [flags.IFF_ECHO, "ECHO"],
];

/** The words between < and >; NO-CARRIER stands for up but not running, M-DOWN for a lower device or peer that is down. */
export function flagNames(value: number, isLowerDown: boolean): string[] {
  const isUpOnly = (value & (flags.IFF_UP | flags.IFF_RUNNING)) === flags.IFF_UP;
  let rest = value & ~flags.IFF_RUNNING;
  const names = isUpOnly ? ["NO-CARRIER"] : [];
  for (const [mask, name] of FLAG_NAMES) {
    if ((rest & mask) === 0) continue;
    names.push(name);
    rest &= ~mask;
  }
  if (rest !== 0) names.push((rest >>> 0).toString(16));
  if (isLowerDown) names.push("M-DOWN");
  return names;
}

const LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [arp.ARPHRD_NETROM, "netrom"],
  [arp.ARPHRD_ETHER, "ether"],
  [arp.ARPHRD_EETHER, "eether"],
  [arp.ARPHRD_AX25, "ax25"],
  [arp.ARPHRD_IEEE802, "ieee802"],
  [arp.ARPHRD_INFINIBAND, "infiniband"],
  [arp.ARPHRD_CAN, "can"],
  [arp.ARPHRD_PPP, "ppp"],
  [arp.ARPHRD_TUNNEL, "ipip"],
  [arp.ARPHRD_TUNNEL6, "tunnel6"],
  [arp.ARPHRD_LOOPBACK, "loopback"],
  [arp.ARPHRD_SIT, "sit"],
  [arp.ARPHRD_IPGRE, "gre"],
  [arp.ARPHRD_IP6GRE, "gre6"],
  [arp.ARPHRD_NETLINK, "netlink"],
  [arp.ARPHRD_NONE, "none"],
  [arp.ARPHRD_VOID, "void"],
]);

/** The name of an ARPHRD_* (ll_type_n2a); its number in brackets if it has none or `isNumeric` (-N) is set. */
export function linkTypeName(type: number, isNumeric: boolean): string {
  return (isNumeric ? undefined : LINK_TYPES.get(type)) ?? `[${type}]`;
}
