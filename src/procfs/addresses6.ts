// /proc/net/if_inet6: the addresses of IPv6.
//
// Mirrors net/ipv6/addrconf.c (if6_seq_show).

import { In6Device } from "../inet/ipv6/device.ts";
import type { Netns } from "../net/netdevice.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_SITE } from "../uapi/rtnetlink.ts";
import { lowerHex, plainIpv6, right } from "./text.ts";

/** IPV6_ADDR_LINKLOCAL, _LOOPBACK and _SITELOCAL. */
const scopes: ReadonlyMap<number, number> = new Map([
  [RT_SCOPE_LINK, 0x20],
  [RT_SCOPE_HOST, 0x10],
  [RT_SCOPE_SITE, 0x40],
]);

/** /proc/net/if_inet6 */
export function ifInet6Text(netns: Netns): string {
  let text = "";
  for (const dev of netns.devices.values()) {
    if (!(dev.ip6 instanceof In6Device)) continue;
    for (const { address, flags, prefixLength, scope } of dev.ip6.addresses) {
      const numbers = [dev.ifindex, prefixLength, scopes.get(scope) ?? 0, flags & 0xff];
      const columns = numbers.map((value) => lowerHex(value, 2)).join(" ");
      text += `${plainIpv6(address)} ${columns} ${right(dev.name, 8)}\n`;
    }
  }
  return text;
}
