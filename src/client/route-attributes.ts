// The attributes of a route by name, and its metrics (RTA_METRICS, a nest of RTAX_*).
//
// Mirrors <linux/rtnetlink.h>. Names are those of Documentation/netlink/specs/rt-route.yaml in camelCase.

import { getU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { be16, policy, string, u8, u16, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { reads } from "./answer.ts";
import { parseNexthops, parseVia } from "./nexthop.ts";

const metrics = policy(rt.RTAX_MAX, {
  [rt.RTAX_LOCK]: u32("lock"),
  [rt.RTAX_MTU]: u32("mtu"),
  [rt.RTAX_WINDOW]: u32("window"),
  [rt.RTAX_RTT]: u32("rtt"),
  [rt.RTAX_RTTVAR]: u32("rttvar"),
  [rt.RTAX_SSTHRESH]: u32("ssthresh"),
  [rt.RTAX_CWND]: u32("cwnd"),
  [rt.RTAX_ADVMSS]: u32("advmss"),
  [rt.RTAX_REORDERING]: u32("reordering"),
  [rt.RTAX_HOPLIMIT]: u32("hoplimit"),
  [rt.RTAX_INITCWND]: u32("initcwnd"),
  [rt.RTAX_FEATURES]: u32("features"),
  [rt.RTAX_RTO_MIN]: u32("rtoMin"),
  [rt.RTAX_INITRWND]: u32("initrwnd"),
  [rt.RTAX_QUICKACK]: u32("quickack"),
  [rt.RTAX_CC_ALGO]: string("ccAlgo"),
  [rt.RTAX_FASTOPEN_NO_COOKIE]: u32("fastopenNoCookie"),
});

/** The metrics of a route; `lock` has a bit for each RTAX_* that path MTU discovery and TCP may not change. */
export type RouteMetrics = Parsed<typeof metrics>;

/** Writes RTA_METRICS. */
export function writeMetrics(writer: MessageWriter, given: RouteMetrics): void {
  const nest = writer.nest(rt.RTA_METRICS);
  for (const [type, rule] of Object.entries(metrics.rules)) {
    const value = given[rule.name];
    if (typeof value === "number") writer.u32(Number(type), value);
    else if (value !== undefined) writer.string(Number(type), value);
  }
  writer.endNest(nest);
}

/** RTA_CACHEINFO: how a route is used, and when it ends. Times in hundredths of a second. */
export interface RouteCacheInfo {
  readonly clntref: number;
  readonly lastuse: number;
  readonly expires: number;
  readonly error: number;
  readonly used: number;
  readonly id: number;
  readonly ts: number;
  readonly tsage: number;
}

function cacheInfo({ bytes, start }: Attribute): RouteCacheInfo {
  const field = (offset: number): number => getU32(bytes, start + offset);
  return {
    clntref: field(rt.RTA_CACHEINFO_CLNTREF),
    lastuse: field(rt.RTA_CACHEINFO_LASTUSE),
    expires: field(rt.RTA_CACHEINFO_EXPIRES),
    error: field(rt.RTA_CACHEINFO_ERROR),
    used: field(rt.RTA_CACHEINFO_USED),
    id: field(rt.RTA_CACHEINFO_ID),
    ts: field(rt.RTA_CACHEINFO_TS),
    tsage: field(rt.RTA_CACHEINFO_TSAGE),
  };
}

/** What is known of the attributes of an RTM_NEWROUTE or RTM_DELROUTE. */
export const routeAttributes = policy(rt.RTA_MAX, {
  [rt.RTA_DST]: reads("dst", (attribute) => attribute.copy()),
  [rt.RTA_SRC]: reads("src", (attribute) => attribute.copy()),
  [rt.RTA_IIF]: u32("iif"),
  [rt.RTA_OIF]: u32("oif"),
  [rt.RTA_GATEWAY]: reads("gateway", (attribute) => attribute.copy()),
  [rt.RTA_PRIORITY]: u32("priority"),
  [rt.RTA_PREFSRC]: reads("prefsrc", (attribute) => attribute.copy()),
  [rt.RTA_METRICS]: reads("metrics", (attribute) => parseNested(attribute, metrics)),
  [rt.RTA_MULTIPATH]: reads("multipath", parseNexthops),
  [rt.RTA_FLOW]: u32("flow"),
  [rt.RTA_CACHEINFO]: reads("cacheinfo", cacheInfo),
  [rt.RTA_TABLE]: u32("longTable"),
  [rt.RTA_MARK]: u32("mark"),
  [rt.RTA_VIA]: reads("via", parseVia),
  [rt.RTA_NEWDST]: reads("newdst", (attribute) => attribute.copy()),
  [rt.RTA_PREF]: u8("pref"),
  [rt.RTA_ENCAP_TYPE]: u16("encapType"),
  [rt.RTA_EXPIRES]: u32("expires"),
  [rt.RTA_UID]: u32("uid"),
  [rt.RTA_TTL_PROPAGATE]: u8("ttlPropagate"),
  [rt.RTA_IP_PROTO]: u8("ipProto"),
  [rt.RTA_SPORT]: be16("sport"),
  [rt.RTA_DPORT]: be16("dport"),
  [rt.RTA_NH_ID]: u32("nhId"),
});
