// Requests about IPv4 routes and ARP entries, as route(8) and arp(8) make them.
//
// Mirrors net/ipv4/fib_frontend.c (ip_rt_ioctl, rtentry_to_fib_config) and net/ipv4/arp.c (arp_ioctl). Omitted: proxied entries
// (ATF_PUBL).

import { getS32, getU16, getU64Number, setS32, setU16 } from "../bytes/endian.ts";
import { macFromText, macToBytes } from "../bytes/mac.ts";
import { getLink } from "../client/link.ts";
import type { Neighbour } from "../client/neigh.ts";
import { deleteNeighbour, getNeighbour, putNeighbour } from "../client/neigh.ts";
import type { RouteRequest } from "../client/route.ts";
import { deleteRoute, lookUpRoute, putRoute } from "../client/route.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { ARPHRD_ETHER } from "../uapi/if_arp.ts";
import * as nd from "../uapi/neighbour.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { addressAt, nameOf, numberOf, prefixOf } from "./ioctl-ifreq.ts";

/** The name that rt_dev pointed at lies behind the structure. */
const RTENTRY_NAME = ioctl.RTENTRY_SIZE;

/** Does a request about routes or ARP entries; false when it is about something else. */
export async function routeIoctl(call: IoctlCall): Promise<boolean> {
  switch (call.request) {
    case ioctl.SIOCADDRT:
    case ioctl.SIOCDELRT:
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      await changeRoute(call);
      return true;
    case ioctl.SIOCRTMSG:
      throw new NetlinkError("EINVAL");
    case ioctl.SIOCDARP:
    case ioctl.SIOCSARP:
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      await changeNeighbour(call);
      return true;
    case ioctl.SIOCGARP:
      await readNeighbour(call);
      return true;
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

/** SIOCSARP and SIOCDARP. */
async function changeNeighbour(call: IoctlCall): Promise<void> {
  const { client, request, bytes } = call;
  const { dst, flags } = readHead(bytes);
  if (request === ioctl.SIOCSARP && (flags & ioctl.ATF_COM) === 0) throw new NetlinkError("EINVAL");
  const name = nameOf(bytes, ioctl.ARPREQ_DEV);
  const ifindex = name === "" ? await ifindexTowards(client, dst) : (await getLink(client, name)).ifindex;
  const entry = { family: AF_INET, ifindex, dst };
  if (request === ioctl.SIOCDARP) {
    await deleteNeighbour(client, entry).catch((error: unknown) => {
      throw error instanceof NetlinkError && error.code === "ENOENT" ? new NetlinkError("ENXIO") : error;
    });
    return;
  }
  const type = getU16(bytes, ioctl.ARPREQ_HA);
  if (type !== ARPHRD_ETHER) throw new NetlinkError("EINVAL");
  const state = (flags & ioctl.ATF_PERM) === 0 ? nd.NUD_STALE : nd.NUD_PERMANENT;
  const lladdr = bytes.slice(ioctl.ARPREQ_HA + 2, ioctl.ARPREQ_HA + 8);
  await putNeighbour(client, "replace", { ...entry, state, lladdr });
}

/** SIOCGARP. */
async function readNeighbour({ client, bytes }: IoctlCall): Promise<void> {
  const { dst } = readHead(bytes);
  const { ifindex } = await getLink(client, nameOf(bytes, ioctl.ARPREQ_DEV));
  const found: Neighbour = await getNeighbour(client, { family: AF_INET, ifindex, dst }).catch(
    (error: unknown) => {
      throw error instanceof NetlinkError && error.code === "ENOENT" ? new NetlinkError("ENXIO") : error;
    },
  );
  if ((found.state & nd.NUD_NOARP) !== 0) throw new NetlinkError("ENXIO");
  bytes.fill(0, ioctl.ARPREQ_HA, ioctl.ARPREQ_HA + 16);
  setU16(bytes, ioctl.ARPREQ_HA, ARPHRD_ETHER);
  const mac = macFromText(found.lladdr ?? "");
  if (mac !== undefined) bytes.set(macToBytes(mac), ioctl.ARPREQ_HA + 2);
  const isKnown = (found.state & ~(nd.NUD_INCOMPLETE | nd.NUD_FAILED)) !== 0;
  const isPermanent = (found.state & nd.NUD_PERMANENT) !== 0;
  setS32(
    bytes,
    ioctl.ARPREQ_FLAGS,
    isPermanent ? ioctl.ATF_PERM | ioctl.ATF_COM : isKnown ? ioctl.ATF_COM : 0,
  );
}

/** The protocol address and the flags of a struct arpreq. */
function readHead(bytes: Uint8Array): { readonly dst: Uint8Array; readonly flags: number } {
  const { family, address } = addressAt(bytes, ioctl.ARPREQ_PA);
  if (family !== AF_INET) throw new NetlinkError("EPFNOSUPPORT");
  const flags = getS32(bytes, ioctl.ARPREQ_FLAGS);
  if ((flags & ioctl.ATF_PUBL) !== 0) throw new NetlinkError("EOPNOTSUPP");
  return { dst: address, flags };
}

/** The device that a neighbour would be reached by. */
async function ifindexTowards(client: NetlinkClient, dst: Uint8Array): Promise<number> {
  return (await lookUpRoute(client, { family: AF_INET, dst })).oif ?? 0;
}
