// What changes in a namespace, as an async iterable. A monitor has a socket of its own: closing it is how it ends.

import { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import type { NetlinkTransport } from "../netlink/transport.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { parseAddress } from "./addr.ts";
import type { AddressEntry } from "./addr-api.ts";
import { entryOf as addressEntry } from "./addr-api.ts";
import type { Link } from "./link.ts";
import { parseLink } from "./link.ts";
import { parseNeighbour } from "./neigh.ts";
import type { NeighbourEntry } from "./neigh-api.ts";
import { entryOf as neighbourEntry } from "./neigh-api.ts";
import type { NetnsId } from "./nsid.ts";
import { parseNsid } from "./nsid.ts";
import { EventQueue } from "./queue.ts";
import { parseRoute } from "./route.ts";
import type { RouteEntry } from "./route-api.ts";
import { entryOf as routeEntry } from "./route-api.ts";

/** What can be watched. */
export type MonitorSubject = "link" | "addr" | "route" | "neigh" | "nsid";

/** Something that came, changed or went; or that events were lost because they were not read in time. */
export type MonitorEvent =
  | { readonly subject: "link"; readonly action: "new" | "del"; readonly link: Link }
  | { readonly subject: "addr"; readonly action: "new" | "del"; readonly addr: AddressEntry }
  | { readonly subject: "route"; readonly action: "new" | "del"; readonly route: RouteEntry }
  | { readonly subject: "neigh"; readonly action: "new" | "del"; readonly neigh: NeighbourEntry }
  | { readonly subject: "nsid"; readonly action: "new" | "del"; readonly nsid: NetnsId }
  | { readonly subject: "overrun" };

const GROUPS: { readonly [Subject in MonitorSubject]: readonly number[] } = {
  link: [rt.RTNLGRP_LINK],
  addr: [rt.RTNLGRP_IPV4_IFADDR, rt.RTNLGRP_IPV6_IFADDR],
  route: [rt.RTNLGRP_IPV4_ROUTE, rt.RTNLGRP_IPV6_ROUTE],
  neigh: [rt.RTNLGRP_NEIGH],
  nsid: [rt.RTNLGRP_NSID],
};

/** Watches a namespace over a socket of its own, which it closes when the reader leaves its loop. */
export function monitorNetns(
  socket: NetlinkTransport,
  subjects: readonly MonitorSubject[],
): EventQueue<MonitorEvent> {
  const client = new NetlinkClient(socket);
  const events = new EventQueue<MonitorEvent>(() => client.close());
  client.onNotification = (message) => {
    const event = eventOf(message);
    if (event !== undefined) events.push(event);
  };
  client.onOverrun = () => events.push({ subject: "overrun" });
  for (const group of subjects.flatMap((subject) => GROUPS[subject])) client.join(group);
  return events;
}

/** Reads a notification; undefined for one of another kind. */
function eventOf(message: Message): MonitorEvent | undefined {
  switch (message.type) {
    case rt.RTM_NEWLINK:
    case rt.RTM_DELLINK:
      return { subject: "link", action: actionOf(message), link: parseLink(message) };
    case rt.RTM_NEWADDR:
    case rt.RTM_DELADDR:
      return { subject: "addr", action: actionOf(message), addr: addressEntry(parseAddress(message)) };
    case rt.RTM_NEWROUTE:
    case rt.RTM_DELROUTE:
      return { subject: "route", action: actionOf(message), route: routeEntry(parseRoute(message)) };
    case rt.RTM_NEWNEIGH:
    case rt.RTM_DELNEIGH:
      return { subject: "neigh", action: actionOf(message), neigh: neighbourEntry(parseNeighbour(message)) };
    case rt.RTM_NEWNSID:
    case rt.RTM_DELNSID:
      return { subject: "nsid", action: actionOf(message), nsid: parseNsid(message) };
    default:
      return undefined;
  }
}

/** rtnetlink's types come in fours: new, del, get, set. */
function actionOf(message: Message): "new" | "del" {
  return (message.type & 3) === 0 ? "new" : "del";
}
