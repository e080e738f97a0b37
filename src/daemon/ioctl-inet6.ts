// Requests about IPv6 addresses and routes, made on sockets of that family.
//
// Mirrors net/ipv6/af_inet6.c (inet6_ioctl), net/ipv6/addrconf.c (addrconf_add_ifaddr, addrconf_del_ifaddr) and
// net/ipv6/route.c (ipv6_route_ioctl, rtmsg_to_fib6_config).

import { getS32, getU16, getU32 } from "../bytes/endian.ts";
import { addAddress, deleteAddress } from "../client/addr.ts";
import { getLink } from "../client/link.ts";
import type { RouteRequest } from "../client/route.ts";
import { deleteRoute, putRoute } from "../client/route.ts";
import { NetlinkError } from "../netlink/error.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";

/** Does a request about IPv6; false when it is about something else. */
export async function inet6Ioctl(call: IoctlCall): Promise<boolean> {
  const { client, request, bytes } = call;
  switch (request) {
    case ioctl.SIOCADDRT:
    case ioctl.SIOCDELRT: {
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      if (request === ioctl.SIOCADDRT) await putRoute(client, "add", routeOf(bytes));
      else await deleteRoute(client, routeOf(bytes));
      return true;
    }
    case ioctl.SIOCSIFADDR:
    case ioctl.SIOCDIFADDR: {
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      const prefixlen = getU32(bytes, ioctl.IN6_IFREQ_PREFIXLEN);
      const ifindex = getS32(bytes, ioctl.IN6_IFREQ_IFINDEX);
      if (prefixlen > 128) throw new NetlinkError("EINVAL");
      await getLink(client, ifindex);
      const address = { family: AF_INET6, ifindex, prefixlen, local: bytes.slice(0, 16) };
      if (request === ioctl.SIOCSIFADDR) await addAddress(client, address);
      else await deleteAddress(client, address);
      return true;
    }
    case ioctl.SIOCSIFDSTADDR:
      // For tunnels of a kind that there is none of.
      throw new NetlinkError("ENODEV");
    default:
      return false;
  }
}

/** A struct in6_rtmsg as a request of rtnetlink. */
function routeOf(bytes: Uint8Array): RouteRequest {
  const gateway = bytes.slice(ioctl.IN6_RTMSG_GATEWAY, ioctl.IN6_RTMSG_GATEWAY + 16);
  const metric = getU32(bytes, ioctl.IN6_RTMSG_METRIC);
  const ifindex = getS32(bytes, ioctl.IN6_RTMSG_IFINDEX);
  const isReject = (getU32(bytes, ioctl.IN6_RTMSG_FLAGS) & ioctl.RTF_REJECT) !== 0;
  const hasGateway = (getU32(bytes, ioctl.IN6_RTMSG_FLAGS) & ioctl.RTF_GATEWAY) !== 0;
  return {
    family: AF_INET6,
    dst: bytes.slice(ioctl.IN6_RTMSG_DST, ioctl.IN6_RTMSG_DST + 16),
    dstLen: getU16(bytes, ioctl.IN6_RTMSG_DST_LEN),
    table: rt.RT_TABLE_MAIN,
    protocol: rt.RTPROT_BOOT,
    type: isReject ? rt.RTN_UNREACHABLE : rt.RTN_UNICAST,
    gateway: hasGateway ? gateway : undefined,
    priority: metric === 0 ? undefined : metric,
    oif: ifindex === 0 ? undefined : ifindex,
  };
}
