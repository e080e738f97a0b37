// RTM_SETLINK: changes a link that is there.
//
// Mirrors net/core/rtnetlink.c (rtnl_setlink).

import type { Request } from "../af_netlink/handler.ts";
import { setLinkAttributes } from "./do-setlink.ts";
import { parseLink, requireDevice } from "./link-request.ts";
import { ensureUniqueNetns, targetNetns } from "./netns-attributes.ts";

/** Answers RTM_SETLINK. */
export function setLink(request: Request): void {
  const link = parseLink(request);
  const { header, attrs } = link;
  ensureUniqueNetns(attrs);
  const target = targetNetns(request, attrs);
  setLinkAttributes(
    { header, attrs, request, targetNetns: target },
    requireDevice(request.netns, link),
    false,
  );
}
