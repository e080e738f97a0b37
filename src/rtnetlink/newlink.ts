// RTM_NEWLINK: makes a link, or changes the one that is there.
//
// Mirrors net/core/rtnetlink.c (__rtnl_newlink) with its order, errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import { ModuleNeeded } from "../af_netlink/handler.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { changeGroup, changeLink } from "./changelink.ts";
import { makeLink } from "./create.ts";
import { findDevice, namesDevice } from "./link-request.ts";
import { readNewLink } from "./newlink-request.ts";

/** Longest name of a kind that a module is looked for by (MODULE_NAME_LEN, without the NUL). */
const maxKindLength = 55;

/** Answers RTM_NEWLINK. */
export function newLink(request: Request): void {
  const link = readNewLink(request);
  const { header, attrs } = link;
  const { flags } = request.message;
  const isCreate = (flags & NLM_F_CREATE) !== 0;
  if (header.index < 0) throw invalid("ifindex can't be negative");
  // Only who insists on a new device is served where that device will be.
  const where = isCreate && (flags & NLM_F_EXCL) !== 0 ? link.targetNetns : request.netns;
  const dev = findDevice(where, link);
  if (dev !== undefined) return changeLink(link, dev);
  if (!isCreate) {
    if (namesDevice(link) || attrs.group === undefined) throw new NetlinkError("ENODEV");
    return changeGroup(link, attrs.group);
  }
  if (attrs.map !== undefined || attrs.protinfo !== undefined) throw notSupported();
  if (link.ops === undefined) throw unknownKind(link.info.kind);
  makeLink(link, link.ops);
}

/** Refuses an unknown kind, once the module that may know it has been asked for (rtnl-link-<kind>). */
function unknownKind(kind: string | undefined): Error {
  const refusal = notSupported("Unknown device type");
  return kind === undefined
    ? refusal
    : new ModuleNeeded(`rtnl-link-${kind.slice(0, maxKindLength)}`, refusal);
}
