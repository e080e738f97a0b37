// Multicast routes, of which there are none: nothing here routes multicast. The one table that each family begins with is there
// to be asked, as `ip mroute` does.
//
// Mirrors net/ipv4/ipmr.c (ipmr_rtm_dumproute) and net/ipv6/ip6mr.c (ip6mr_rtm_dumproute).

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { Policy } from "../netlink/policy.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { routeFilterOf, tablesOf } from "./route-filter.ts";
import { routePolicy4 } from "./route4-config.ts";
import { routePolicy6 } from "./route6-config.ts";

/** What a family's dump goes by. */
interface Family {
  readonly family: number;
  readonly policy: Policy;
  /** Its tables by id. */
  readonly tables: ReadonlyMap<number, { readonly id: number }>;
  readonly missing: string;
}

const family4: Family = {
  family: rt.RTNL_FAMILY_IPMR,
  policy: routePolicy4,
  tables: tableOf(rt.RT_TABLE_DEFAULT),
  missing: "ipv4: MR table does not exist",
};

/** RT6_TABLE_DFLT is the main table. */
const family6: Family = {
  family: rt.RTNL_FAMILY_IP6MR,
  policy: routePolicy6,
  tables: tableOf(rt.RT_TABLE_MAIN),
  missing: "ipv6: MR table does not exist",
};

function tableOf(id: number): ReadonlyMap<number, { readonly id: number }> {
  return new Map([[id, { id }]]);
}

/** Dumps the multicast routes of IPv4. */
export function dumpMulticastRoutes4(request: Request, control: DumpControl): Dump {
  return dump(family4, request, control);
}

/** Dumps the multicast routes of IPv6. */
export function dumpMulticastRoutes6(request: Request, control: DumpControl): Dump {
  return dump(family6, request, control);
}

// biome-ignore lint/correctness/useYield: there are none
function* dump({ family, policy, tables, missing }: Family, request: Request, control: DumpControl): Dump {
  const filter = routeFilterOf(request, control, policy);
  tablesOf(tables, filter, request.message.bytes[NLMSG_HDRLEN] === family, missing);
}
