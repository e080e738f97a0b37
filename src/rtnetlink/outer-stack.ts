// Requests about addresses, routes, neighbours and rules of a namespace whose stack is outside the machine: they go there as
// they came, and the answer comes back as it is.
//
// Links, queueing disciplines, namespace ids and what bridges forward by stay the machine's.

import type { Request } from "../af_netlink/handler.ts";
import type { OuterStack } from "../net/netdevice.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../uapi/socket.ts";

/** The subjects, by the first message type of each (RTM_NEW*). */
const subjects: ReadonlySet<number> = new Set([
  rt.RTM_NEWADDR,
  rt.RTM_NEWROUTE,
  rt.RTM_NEWNEIGH,
  rt.RTM_NEWRULE,
  rt.RTM_NEWPREFIX,
  rt.RTM_GETMULTICAST & ~3,
  rt.RTM_GETANYCAST & ~3,
  rt.RTM_NEWNEIGHTBL,
  rt.RTM_NEWADDRLABEL,
  rt.RTM_NEWNETCONF,
  rt.RTM_NEWNEXTHOP,
  rt.RTM_NEWNEXTHOPBUCKET,
]);

/** The groups whose events are not of the machine's links. */
const groups: ReadonlySet<number> = new Set([
  rt.RTNLGRP_NEIGH,
  rt.RTNLGRP_IPV4_IFADDR,
  rt.RTNLGRP_IPV4_MROUTE,
  rt.RTNLGRP_IPV4_ROUTE,
  rt.RTNLGRP_IPV4_RULE,
  rt.RTNLGRP_IPV6_IFADDR,
  rt.RTNLGRP_IPV6_MROUTE,
  rt.RTNLGRP_IPV6_ROUTE,
  rt.RTNLGRP_IPV6_IFINFO,
  rt.RTNLGRP_IPV6_PREFIX,
  rt.RTNLGRP_IPV6_RULE,
  rt.RTNLGRP_ND_USEROPT,
  rt.RTNLGRP_IPV4_NETCONF,
  rt.RTNLGRP_IPV6_NETCONF,
  rt.RTNLGRP_NEXTHOP,
]);

/** Whether events of a group come from the stack outside. FDB entries go to a group of it too, and stay there untold. */
export function isGroupOfOuterStack(group: number): boolean {
  return groups.has(group);
}

/** Whether a request of this kind is for the stack outside. */
export function isOfOuterStack(family: number, type: number): boolean {
  return family !== AF_BRIDGE && subjects.has(type & ~3);
}

/** Sends a request there, and its answer to the sender at the pace at which that reads. */
export function relay(request: Request, stack: OuterStack): void {
  const { message, sender } = request;
  const answer = stack.request(message.bytes, sender);
  const deferred = request.defer(() => answer.close());
  const pump = (): void => {
    while (deferred.hasRoom) {
      const datagram = answer.next();
      if (datagram === undefined) return deferred.end();
      deferred.reply((writer) => writer.raw(datagram));
    }
  };
  deferred.onRoom = pump;
  pump();
}
