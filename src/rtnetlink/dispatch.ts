// The table of rtnetlink: which handler answers which message type of which family, and the checks every request
// passes before its handler sees it. The files that handle requests register here (join.ts).
//
// Mirrors net/core/rtnetlink.c (rtnl_register, rtnetlink_rcv_msg, rtnetlink_bind, rtnl_notify). Omitted: handlers that
// run without the rtnl lock; there is one thread.

import type { Dump, DumpControl, Handler, Protocol, Request, Sender } from "../af_netlink/handler.ts";
import type { NetlinkTable } from "../af_netlink/table.ts";
import type { Netns, Origin } from "../net/netdevice.ts";
import { NetlinkError, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NETLINK_ROUTE, NLM_F_BULK, NLM_F_DUMP } from "../uapi/netlink.ts";
import {
  RTGENMSG_SIZE,
  RTM_BASE,
  RTM_MAX,
  RTNL_FAMILY_IP6MR,
  RTNLGRP_IPV4_MROUTE_R,
  RTNLGRP_IPV6_MROUTE_R,
  RTNLGRP_MAX,
} from "../uapi/rtnetlink.ts";
import { AF_UNSPEC } from "../uapi/socket.ts";
import { isGroupOfOuterStack, isOfOuterStack, relay } from "./outer-stack.ts";

/** What is done for one message type of one family. */
export interface RouteHandler extends Handler {
  /** Deletes with NLM_F_BULK are supported (RTNL_FLAG_BULK_DEL_SUPPORTED). */
  readonly isBulkDelete?: boolean;
}

/** What a message type asks for, its lowest two bits (enum rtnl_kinds): new 0, delete 1, get 2, set 3. */
const kindMask = 3;
const kindDelete = 1;
const kindGet = 2;
/** The largest family (RTNL_FAMILY_MAX). */
const maxFamily = RTNL_FAMILY_IP6MR;

/** NETLINK_ROUTE of one machine: its handlers, address families and the way to its groups. */
export class Rtnetlink implements Protocol {
  readonly groups = RTNLGRP_MAX;
  readonly #table: NetlinkTable;
  /** Handlers by family and message type. */
  readonly #handlers = new Map<number, RouteHandler>();

  constructor(table: NetlinkTable) {
    this.#table = table;
  }

  /** Registers what answers `type` (RTM_*) for `family` (AF_*, AF_UNSPEC for all without one of their own). */
  register(family: number, type: number, handler: RouteHandler): void {
    this.#handlers.set(keyOf(family, type), handler);
  }

  /** Lets dumps of `type` for AF_UNSPEC hold those of every family, in ascending order of family (rtnl_dump_all). */
  registerDumpAll(type: number): void {
    const dump = (request: Request, control: DumpControl): Dump => this.#dumpAll(type, request, control);
    this.register(AF_UNSPEC, type, { dump, isDoneSplit: true });
  }

  *#dumpAll(type: number, request: Request, control: DumpControl): Dump {
    for (let family = AF_UNSPEC + 1; family <= maxFamily; family++) {
      const handler = this.#handlers.get(keyOf(family, type));
      if (handler?.dump !== undefined) yield* handler.dump(request, control);
    }
  }

  /**
   * Looks one request up and runs it (rtnetlink_rcv_msg): EOPNOTSUPP where nobody answers, EPERM for everything but a
   * get without CAP_NET_ADMIN over the sender's namespace. A message too short for a family is ignored.
   */
  receive(request: Request, startDump: (handler: Handler) => void): void {
    const { flags, type, payloadLength, bytes } = request.message;
    if (type > RTM_MAX) throw notSupported();
    if (payloadLength < RTGENMSG_SIZE) return;
    const family = bytes[NLMSG_HDRLEN] ?? AF_UNSPEC;
    const kind = (type - RTM_BASE) & kindMask;
    if (kind !== kindGet && !request.sender.session.isAdmin(request.netns)) throw new NetlinkError("EPERM");
    const { stack } = request.netns;
    if (stack !== null && isOfOuterStack(family, type)) return relay(request, stack);
    if (kind === kindGet && (flags & NLM_F_DUMP) !== 0) {
      startDump(this.#lookUp(family, type, "dump"));
      return;
    }
    const handler = this.#lookUp(family, type, "handle");
    if (kind === kindDelete && (flags & NLM_F_BULK) !== 0 && handler.isBulkDelete !== true) {
      throw notSupported("Bulk delete is not supported");
    }
    handler.handle?.(request);
  }

  /** The groups that hear of multicast routes are for administrators (rtnetlink_bind). */
  join(group: number, sender: Sender): void {
    if (group !== RTNLGRP_IPV4_MROUTE_R && group !== RTNLGRP_IPV6_MROUTE_R) return;
    if (!sender.session.isAdmin(sender.netns)) throw new NetlinkError("EPERM");
  }

  /** Whether anybody hears `group`, or `origin` wants its event echoed; no event need be written otherwise. */
  hasListeners(group: number, origin?: Origin): boolean {
    return origin?.isEcho === true || this.#table.hasListeners(NETLINK_ROUTE, group);
  }

  /** Sends an event of `netns` to a group (rtnl_notify); `write` runs only if somebody hears it, and begins and ends it. */
  notify(
    group: number,
    netns: Netns,
    origin: Origin | undefined,
    write: (writer: MessageWriter) => void,
  ): void {
    // What an outer stack does it tells of itself.
    if (netns.stack !== null && isGroupOfOuterStack(group)) return;
    this.#table.notify(NETLINK_ROUTE, group, netns, origin, write);
  }

  /** The family's handler that can do `what`, else the one of AF_UNSPEC; EOPNOTSUPP when there is none. */
  #lookUp(family: number, type: number, what: "handle" | "dump"): RouteHandler {
    const own = this.#handlers.get(keyOf(family, type));
    if (own?.[what] !== undefined) return own;
    const general = this.#handlers.get(keyOf(AF_UNSPEC, type));
    if (general?.[what] !== undefined) return general;
    throw notSupported();
  }
}

function keyOf(family: number, type: number): number {
  return (family << 8) | type;
}
