// RTM_GETLINK: one link.
//
// Mirrors net/core/rtnetlink.c (rtnl_valid_getlink_req, rtnl_getlink) with their texts.

import type { Request } from "../af_netlink/handler.ts";
import { invalid } from "../netlink/error.ts";
import * as link from "../uapi/if_link.ts";
import { IFINFOMSG_SIZE, RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import { fillLink } from "./link-fill.ts";
import type { LinkDescription } from "./link-request.ts";
import { isPlainHeader, parseLink, requireDevice } from "./link-request.ts";
import { capableNetnsById, ensureNetnsIdOnly } from "./netns-attributes.ts";

/** What strict checking lets a request for one link carry. */
const allowed = new Set([
  link.IFLA_IFNAME,
  link.IFLA_ALT_IFNAME,
  link.IFLA_EXT_MASK,
  link.IFLA_TARGET_NETNSID,
]);

/** Answers RTM_GETLINK for one link; its operational state is brought up to date first. */
export function getLink(request: Request): void {
  const wanted = parse(request);
  const { attrs } = wanted;
  ensureNetnsIdOnly(attrs);
  const { targetNetnsid: targetNsid, extMask = 0 } = attrs;
  const netns = targetNsid === undefined ? request.netns : capableNetnsById(request, targetNsid);
  const dev = requireDevice(netns, wanted);
  request.machine.linkWatch.run(dev);
  const { portId, seq } = request.origin;
  request.reply((writer) => {
    writer.begin(RTM_NEWLINK, 0, seq, portId);
    fillLink(writer, dev, { reader: request.netns, change: 0, extMask, targetNsid });
    writer.end();
  });
}

function parse(request: Request): LinkDescription {
  const { message, sender } = request;
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid("Invalid header for get link");
  if (!sender.isStrict) return parseLink(request);
  if (!isPlainHeader(message)) throw invalid("Invalid values in header for get link request");
  const wanted = parseLink(request, "no-unknown");
  if (message.attributes(IFINFOMSG_SIZE).some(({ type }) => !allowed.has(type))) {
    throw invalid("Unsupported attribute in get link request");
  }
  return wanted;
}
