// Requests about IPv4 routes, as route(8) makes them.
//
// Mirrors net/ipv4/fib_frontend.c (ip_rt_ioctl, rtentry_to_fib_config).

import { getU16, getU64Number } from "../bytes/endian.ts";
import { getLink } from "../client/link.ts";
import type { RouteRequest } from "../client/route.ts";
import { deleteRoute, putRoute } from "../client/route.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { addressAt, nameOf, numberOf, prefixOf } from "./ioctl-ifreq.ts";

/** The name that rt_dev pointed at lies behind the structure. */
const RTENTRY_NAME = ioctl.RTENTRY_SIZE;

/** Does a request about routes; false when it is about something else. */
export async function routeIoctl(call: IoctlCall): Promise<boolean> {
  switch (call.request) {
    case ioctl.SIOCADDRT:
    case ioctl.SIOCDELRT:
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      await changeRoute(call);
      return true;
    case ioctl.SIOCRTMSG:
      throw new NetlinkError("EINVAL");
    default:
      return false;
  }
}

async function changeRoute({ client, request, bytes }: IoctlCall): Promise<void> {
  const isAdd = request === ioctl.SIOCADDRT;
  const route = await readRoute(client, bytes, isAdd);
  if (isAdd) await putRoute(client, "prepend", route);
  else await deleteRoute(client, route);
}

/** A struct rtentry as a request of rtnetlink (rtentry_to_fib_config). */
async function readRoute(client: NetlinkClient, bytes: Uint8Array, isAdd: boolean): Promise<RouteRequest> {
  const flags = getU16(bytes, ioctl.RTENTRY_FLAGS);
  const dst = addressAt(bytes, ioctl.RTENTRY_DST);
  if (dst.family !== AF_INET) throw new NetlinkError("EAFNOSUPPORT");
  const route: RouteRequest = {
    family: AF_INET,
    dst: dst.address,
    dstLen: (flags & ioctl.RTF_HOST) === 0 ? readMask(bytes, numberOf(dst.address)) : 32,
    table: rt.RT_TABLE_MAIN,
    scope: rt.RT_SCOPE_NOWHERE,
    type: rt.RTN_UNICAST,
  };
  if (isAdd) route.protocol = rt.RTPROT_BOOT;
  const metric = getU16(bytes, ioctl.RTENTRY_METRIC);
  if (metric !== 0) route.priority = metric - 1;
  if ((flags & ioctl.RTF_REJECT) !== 0) {
    return { ...route, scope: rt.RT_SCOPE_HOST, type: rt.RTN_UNREACHABLE };
  }
  if (bytes[RTENTRY_NAME] !== 0) {
    route.oif = (await getLink(client, nameOf(bytes, RTENTRY_NAME).split(":")[0] ?? "")).ifindex;
  }
  const gateway = addressAt(bytes, ioctl.RTENTRY_GATEWAY);
  if (gateway.family === AF_INET && numberOf(gateway.address) !== 0) {
    route.gateway = gateway.address;
    if ((flags & ioctl.RTF_GATEWAY) !== 0) route.scope = rt.RT_SCOPE_UNIVERSE;
  }
  if (!isAdd) return route;
  if ((flags & ioctl.RTF_GATEWAY) !== 0 && route.gateway === undefined) throw new NetlinkError("EINVAL");
  if (route.scope === rt.RT_SCOPE_NOWHERE) route.scope = rt.RT_SCOPE_LINK;
  const mtu = (flags & ioctl.RTF_MTU) === 0 ? 0 : getU64Number(bytes, ioctl.RTENTRY_MTU);
  const window = (flags & ioctl.RTF_WINDOW) === 0 ? 0 : getU64Number(bytes, ioctl.RTENTRY_WINDOW);
  // The mss of the structure is that of TCP: 40 bytes of headers less than the MTU.
  const metrics = { ...(mtu > 0 && { advmss: mtu - 40 }), ...(window > 0 && { window }) };
  if (mtu > 0 || window > 0) route.metrics = metrics;
  return route;
}

/** The prefix of the netmask; the destination may have no bits outside it. */
function readMask(bytes: Uint8Array, dst: number): number {
  const { family, address } = addressAt(bytes, ioctl.RTENTRY_GENMASK);
  const mask = numberOf(address);
  if (family !== AF_INET && (mask !== 0 || family !== AF_UNSPEC)) throw new NetlinkError("EAFNOSUPPORT");
  const prefixlen = prefixOf(mask);
  if (prefixlen === undefined || (dst & ~mask) !== 0) throw new NetlinkError("EINVAL");
  return prefixlen;
}
