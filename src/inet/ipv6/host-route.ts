// The route to an address of this host, in the local table or in the one its device has for itself.
//
// Mirrors net/ipv6/route.c (addrconf_f6i_alloc).

import type { Device } from "../../net/netdevice.ts";
import { RTN_LOCAL, RTPROT_KERNEL } from "../../uapi/rtnetlink.ts";
import { l3mdevTable } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { Fib6Route } from "./fib.ts";
import { table6For } from "./fib-change.ts";

const hostLength = 128;

/** Makes the route to `address` on `dev`, of type RTN_LOCAL or RTN_ANYCAST; it is not in the table yet. */
export function hostRoute(ip: IpNetns, dev: Device, address: Uint8Array, type: number): Fib6Route {
  const own = l3mdevTable(dev);
  const route = new Fib6Route(own === 0 ? ip.local6 : table6For(ip, own), address, hostLength);
  route.protocol = RTPROT_KERNEL;
  route.type = type;
  route.isLocal = type === RTN_LOCAL;
  route.isAnycast = !route.isLocal;
  route.dev = dev;
  return route;
}
