// `ip route show`: words → filter → dump → text or JSON.

import type { RouteRequest } from "../../../client/route.ts";
import { dumpRoutes } from "../../../client/route.ts";
import { RT_TABLE_UNSPEC, RTM_F_CLONED } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../../../uapi/socket.ts";
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
  const out = ip.output();
  out.open();
  try {
    const routes = await ip.dump(dumpRoutes(client, dumpRequest(filter)), DUMP_REFUSED);
    const wanted = routes.filter((route) => wantsRoute(filter, route));
    await loadForRoutes(ip, wanted);
    for (const route of wanted) {
      out.openObject();
      printRoute(ip, out, route, { filter });
      out.closeObject();
    }
    out.close();
  } finally {
    // As in iproute2, a dump that is refused leaves a document that was opened as it is.
    out.flush();
  }
  return 0;
}

/** What the kernel can filter by itself. A table is that of IPv4 unless another family was asked for. */
export function dumpRequest(filter: RouteFilter): RouteRequest {
  const { table, protocol, oif } = filter;
  const isOfIpv4 = filter.family === AF_UNSPEC && table !== RT_TABLE_UNSPEC;
  const family = isOfIpv4 ? AF_INET : filter.family;
  return { family, table, protocol, oif, flags: filter.isCached === true ? RTM_F_CLONED : 0 };
}
