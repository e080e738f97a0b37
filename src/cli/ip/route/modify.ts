// `ip route add`, `change`, `replace`, `append`, `prepend`, `test`, `delete`: words → one request → the kernel's answer.

import type { RouteRequest } from "../../../client/route.ts";
import { parseRoute, ROUTE_FLAGS, writeRoute } from "../../../client/route.ts";
import type { Answer } from "../../../netlink/client.ts";
import { NLM_F_ECHO } from "../../../uapi/netlink.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../../uapi/socket.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { parseNexthops } from "./nexthops.ts";
import { parseRouteWords } from "./parse.ts";
import { loadForRoutes, printRoute } from "./print.ts";
import type { RouteWords } from "./words.ts";

/** Runs one of the commands that change routes. */
export async function modifyRoute(
  ip: IpContext,
  words: Words,
  command: keyof typeof ROUTE_FLAGS | "delete",
): Promise<number> {
  const isDelete = command === "delete";
  const said = await parseRouteWords(ip, words);
  const oif = said.dev === undefined ? undefined : await ip.links.need(said.dev);
  const hops = said.hasNexthops ? await parseNexthops(ip, words, said) : undefined;
  const request: RouteRequest = { ...requestOf(said, isDelete), oif, multipath: hops };
  const client = await ip.rtnl();
  const type = isDelete ? rt.RTM_DELROUTE : rt.RTM_NEWROUTE;
  const flags = (isDelete ? 0 : ROUTE_FLAGS[command]) | (ip.options.echo ? NLM_F_ECHO : 0);
  await echo(ip, await ip.change(client.request(type, flags, (writer) => writeRoute(writer, request))));
  return 0;
}

/** Fills in what the words left open: the table, the scope, who made the route. */
function requestOf(said: RouteWords, isDelete: boolean): RouteRequest {
  const { dst, src, metrics, type = isDelete ? rt.RTN_UNSPEC : rt.RTN_UNICAST } = said;
  const {
    tos,
    prefsrc,
    gateway,
    via,
    newdst,
    flow,
    flags,
    priority,
    pref,
    expiresSeconds,
    ttlPropagate,
    nhId,
  } = said;
  return {
    family: said.family === AF_UNSPEC ? AF_INET : said.family,
    dst: dst?.address,
    dstLen: dst?.prefixLength ?? 0,
    src: src?.address,
    srcLen: src?.prefixLength ?? 0,
    tos,
    table: said.table ?? (isLocalTable(type) ? rt.RT_TABLE_LOCAL : rt.RT_TABLE_MAIN),
    protocol: said.protocol ?? (isDelete ? rt.RTPROT_UNSPEC : rt.RTPROT_BOOT),
    scope: said.scope ?? defaultScope(said, type, isDelete),
    type,
    flags,
    gateway,
    via,
    newdst,
    priority,
    prefsrc,
    flow,
    pref,
    expiresSeconds,
    ttlPropagate,
    nhId,
    metrics: Object.keys(metrics).length > 0 ? metrics : undefined,
  };
}

function isLocalTable(type: number): boolean {
  return type === rt.RTN_LOCAL || type === rt.RTN_BROADCAST || type === rt.RTN_NAT || type === rt.RTN_ANYCAST;
}

/** How far a route reaches: IPv6 has no scopes; without a gateway a route ends on its link. */
function defaultScope(said: RouteWords, type: number, isDelete: boolean): number {
  if (said.family === AF_INET6) return rt.RT_SCOPE_UNIVERSE;
  switch (type) {
    case rt.RTN_LOCAL:
    case rt.RTN_NAT:
      return rt.RT_SCOPE_HOST;
    case rt.RTN_BROADCAST:
    case rt.RTN_MULTICAST:
    case rt.RTN_ANYCAST:
      return rt.RT_SCOPE_LINK;
    case rt.RTN_UNICAST:
    case rt.RTN_UNSPEC: {
      if (isDelete) return rt.RT_SCOPE_NOWHERE;
      const isElsewhere = said.gateway ?? said.via ?? said.nhId;
      return isElsewhere !== undefined || said.hasNexthops ? rt.RT_SCOPE_UNIVERSE : rt.RT_SCOPE_LINK;
    }
    default:
      return isDelete ? rt.RT_SCOPE_NOWHERE : rt.RT_SCOPE_UNIVERSE;
  }
}

/** Prints what the kernel sent back (-echo); in JSON an object in an object, as in iproute2. */
async function echo(ip: IpContext, { messages }: Answer): Promise<void> {
  if (!ip.options.echo) return;
  for (const message of messages) {
    const route = parseRoute(message);
    await loadForRoutes(ip, [route]);
    await ip.print((out) => {
      out.openObject();
      out.openObject();
      printRoute(ip, out, route, { isDeleted: message.type === rt.RTM_DELROUTE });
      out.closeObject();
      out.closeObject();
    });
  }
}
