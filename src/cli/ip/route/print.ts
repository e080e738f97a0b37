// A route as `ip route` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1. *Omitted:* encapsulations, MPLS labels.

import type { Route } from "../../../client/route.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import { addressText, isWholeAddress } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { routeProtocols, routeTables, scopes } from "../tables.ts";
import type { RouteFilter } from "./filter.ts";
import { dsfieldName, PREFERENCES, routeTypeName } from "./names.ts";
import { printCacheFlags, printCacheInfo } from "./print-cache.ts";
import { familyColor, printFlags, printFlow, printGateway, printNewdst, printNexthops } from "./print-hop.ts";
import { printMetrics } from "./print-metrics.ts";

/** How a route is to be printed. */
export interface RouteStyle {
  /** What was asked for, and is not said again. */
  readonly filter?: RouteFilter;
  /** True for a route that is gone, in `ip monitor`. */
  readonly isDeleted?: boolean;
}

/** Asks for the names of the devices that printing `routes` needs. */
export async function loadForRoutes(ip: IpContext, routes: readonly Route[]): Promise<void> {
  for (const { oif, iif, multipath = [] } of routes) {
    await ip.links.load([oif, iif, ...multipath.map((hop) => hop.oif)]);
  }
}

/** Prints a route on its line, and its next hops on lines of their own when there are several. */
export function printRoute(ip: IpContext, out: Output, route: Route, style: RouteStyle = {}): void {
  const { filter } = style;
  const { details, numeric } = ip.options;
  if (style.isDeleted === true) out.field("deleted", true, "Deleted ");
  if (route.type !== rt.RTN_UNICAST || details) {
    const type = routeTypeName(route.type, numeric);
    out.field("type", type, `${type} `);
  }
  printPrefixes(out, route);
  if (route.nhId !== undefined) out.field("nhid", route.nhId, `nhid ${route.nhId} `);
  if (route.newdst !== undefined) printNewdst(out, route.newdst, route.family);
  if (route.tos !== 0 && filter?.tos === undefined) {
    const tos = dsfieldName(route.tos, numeric);
    out.field("tos", tos, `tos ${tos} `);
  }
  printGateway(out, route, filter?.via);
  if (route.oif !== undefined && filter?.oif === undefined) printDevice(ip, out, "dev", route.oif);
  printOrigin(ip, out, route, filter);
  printSource(out, route, filter);
  if (route.priority !== undefined && filter?.metric === undefined) {
    out.field("metric", route.priority, `metric ${route.priority} `);
  }
  printFlags(out, route.flags);
  printMark(out, route);
  if (route.flow !== undefined && filter?.realms?.mask !== WHOLE_REALMS) printFlow(ip, out, route.flow);
  if (route.uid !== undefined) out.field("uid", route.uid, `uid ${route.uid} `);
  if (route.family === AF_INET && (route.flags & rt.RTM_F_CLONED) !== 0) printCacheFlags(out, route.flags);
  if (route.cacheinfo !== undefined) printCacheInfo(ip, out, route.cacheinfo);
  if (route.metrics !== undefined) printMetrics(out, route.metrics);
  if (route.iif !== undefined && filter?.iif === undefined) printDevice(ip, out, "iif", route.iif);
  printTail(out, route);
  if (route.multipath !== undefined) printNexthops(ip, out, route.multipath, route.family);
  out.text("\n");
}

const WHOLE_REALMS = 0xffff_ffff;

/** "10.0.0.0/24 from 10.1.0.0/16 ". */
function printPrefixes(out: Output, { family, dst, dstLen, src, srcLen }: Route): void {
  const color = familyColor(family);
  if (dst !== undefined) {
    const text = prefixText(dst, dstLen);
    out.field("dst", text, `${text} `, color);
  } else if (dstLen === 0) out.field("dst", "default", "default ");
  else out.field("dst", `0/${dstLen} `, `0/${dstLen}  `);
  if (src !== undefined) {
    const text = prefixText(src, srcLen);
    out.field("from", text, `from ${text} `, color);
  } else if (srcLen > 0) out.field("src", `0/${srcLen}`, `from 0/${srcLen} `);
}

/** A prefix as text; the length is left out when it is all of the address. */
function prefixText(address: Uint8Array, length: number): string {
  const text = addressText(address);
  return length === address.length * 8 ? text : `${text}/${length}`;
}

function printDevice(ip: IpContext, out: Output, key: "dev" | "iif", ifindex: number): void {
  const name = ip.links.name(ifindex);
  out.text(`${key} `);
  out.field(key, name, `${name} `, "ifname");
}

/** The table, who made the route and how far it reaches; what is usual is said with -details only. */
function printOrigin(ip: IpContext, out: Output, route: Route, filter: RouteFilter | undefined): void {
  const { details, numeric } = ip.options;
  const { table, protocol, scope } = route;
  const isTableKnown = filter !== undefined && filter.table > 0;
  if (table !== 0 && (table !== rt.RT_TABLE_MAIN || details) && !isTableKnown) {
    const name = routeTables.nameOf(table, numeric);
    out.field("table", name, `table ${name} `);
  }
  if ((route.flags & rt.RTM_F_CLONED) !== 0) return;
  if ((protocol !== rt.RTPROT_BOOT || details) && filter?.protocol === undefined) {
    const name = routeProtocols.nameOf(protocol, numeric);
    out.field("protocol", name, `proto ${name} `);
  }
  if ((scope !== rt.RT_SCOPE_UNIVERSE || details) && filter?.scope === undefined) {
    const name = scopes.nameOf(scope, numeric);
    out.field("scope", name, `scope ${name} `);
  }
}

function printSource(out: Output, { family, prefsrc }: Route, filter: RouteFilter | undefined): void {
  if (prefsrc === undefined || isWholeAddress(filter?.prefsrc)) return;
  const text = addressText(prefsrc);
  out.text("src ");
  out.field("prefsrc", text, `${text} `, familyColor(family));
}

/** Marks are flags more often than numbers. */
function printMark(out: Output, { mark = 0 }: Route): void {
  if (mark === 0) return;
  out.field("mark", mark, mark >= 16 ? `mark 0x${mark.toString(16)} ` : `mark ${mark} `);
}

function printTail(out: Output, { pref, ttlPropagate }: Route): void {
  if (pref !== undefined) {
    const name = PREFERENCES.get(pref);
    if (name === undefined) out.field("pref", pref, String(pref));
    else out.field("pref", name, `pref ${name}`);
  }
  if (ttlPropagate !== undefined) {
    const isOn = ttlPropagate !== 0;
    // The key and the word are misspelt in iproute2.
    out.field("ttl-propogate", isOn, `ttl-propogate ${isOn ? "enabled" : "disabled"}`);
  }
}
