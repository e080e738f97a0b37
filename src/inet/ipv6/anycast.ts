// Anycast addresses: a router has the one of each subnet (RFC 4291 2.6.1).
//
// Mirrors net/ipv6/anycast.c (__ipv6_dev_ac_inc, __ipv6_dev_ac_dec) and net/ipv6/addrconf.c (addrconf_join_anycast).

import { ipv6Network, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import { RTN_ANYCAST } from "../../uapi/rtnetlink.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import type { In6Device } from "./device.ts";
import { deleteRoute6, insertRoute6 } from "./fib-change.ts";
import { hostRoute } from "./host-route.ts";
import { joinSolicitedNode, leaveSolicitedNode } from "./multicast.ts";

/** The anycast address of an address's subnet; undefined when it has none. */
function subnetAnycast({ address, prefixLength }: Ipv6Address): Uint8Array | undefined {
  if (prefixLength >= 127) return undefined;
  const anycast = ipv6Network(address, prefixLength);
  return isIpv6Unspecified(anycast) ? undefined : anycast;
}

/** Has the device answer to the anycast address of an address's subnet. */
export function joinAnycast(in6Dev: In6Device, address: Ipv6Address): void {
  const anycast = subnetAnycast(address);
  if (anycast === undefined) return;
  const known = in6Dev.anycasts.get(anycast);
  if (known !== undefined) {
    known.users++;
    return;
  }
  const ip = ipNetns(in6Dev.dev.netns);
  const route = hostRoute(ip, in6Dev.dev, anycast, RTN_ANYCAST);
  in6Dev.anycasts.set(anycast, { address: anycast, users: 1, route });
  insertRoute6(ip, route);
  joinSolicitedNode(in6Dev, anycast);
}

/** See joinAnycast. */
export function leaveAnycast(in6Dev: In6Device, address: Ipv6Address): void {
  const anycast = subnetAnycast(address);
  const known = anycast === undefined ? undefined : in6Dev.anycasts.get(anycast);
  if (anycast === undefined || known === undefined) return;
  known.users--;
  if (known.users > 0) return;
  in6Dev.anycasts.delete(anycast);
  leaveSolicitedNode(in6Dev, anycast);
  deleteRoute6(ipNetns(in6Dev.dev.netns), known.route);
}

/** Whether the address at `bytes[offset]` is an anycast one of the device (ipv6_chk_acast_addr). */
export function isAnycast(in6Dev: In6Device, bytes: Uint8Array, offset: number): boolean {
  return in6Dev.anycasts.get(bytes, offset) !== undefined;
}
