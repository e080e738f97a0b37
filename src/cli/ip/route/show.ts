// `ip route show`: words → filter → dump → text or JSON.

import type { Route, RouteRequest } from "../../../client/route.ts";
import { dumpRoutes } from "../../../client/route.ts";
import { RTM_F_CLONED } from "../../../uapi/rtnetlink.ts";
import { EXIT_REFUSED } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { RouteFilter } from "./filter.ts";
import { wantsRoute } from "./filter.ts";
import { parseRouteFilter } from "./filter-parse.ts";
import { loadForRoutes, printRoute } from "./print.ts";

/** How a refused dump of routes ends the command. */
const DUMP_REFUSED = { code: EXIT_REFUSED, text: "Dump terminated\n" };

/** Lists the routes that the words ask for. */
export async function showRoutes(ip: IpContext, words: Words): Promise<number> {
  const filter = await parseRouteFilter(ip, words);
  const client = await ip.rtnl();
  const routes = await ip.dump(dumpRoutes(client, dumpRequest(filter)), DUMP_REFUSED);
  await printRoutes(
    ip,
    routes.filter((route) => wantsRoute(filter, route)),
    filter,
  );
  return 0;
}

/** Prints the routes that are left, without what the filter asked for. */
export async function printRoutes(
  ip: IpContext,
  routes: readonly Route[],
  filter: RouteFilter,
): Promise<void> {
  await loadForRoutes(ip, routes);
  await ip.print((out) => {
    for (const route of routes) {
      out.openObject();
      printRoute(ip, out, route, { filter });
      out.closeObject();
    }
  });
}

/** What the kernel can filter by itself. */
export function dumpRequest(filter: RouteFilter): RouteRequest {
  const { family, table, protocol, oif } = filter;
  return { family, table, protocol, oif, flags: filter.isCached === true ? RTM_F_CLONED : 0 };
}
