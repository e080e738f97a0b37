// RTM_SETLINK: changes a link that is there.
//
// Mirrors net/core/rtnetlink.c (rtnl_setlink).

import type { Request } from "../af_netlink/handler.ts";
import { setLinkAttributes } from "./do-setlink.ts";
import { parseLink, requireDevice } from "./link-request.ts";
import { ensureUniqueNetns, targetNetns } from "./netns-attributes.ts";

/** Answers RTM_SETLINK. */
export function setLink(request: Request): void {
  const link = parseLink(request.message);
  ensureUniqueNetns(link.attrs);
  const change = { ...link, request, targetNetns: targetNetns(request, link.attrs) };
  setLinkAttributes(change, requireDevice(request.netns, link), false);
}
