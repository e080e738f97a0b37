// RTM_DELLINK: deletes a link and all that goes with it, or every link of a group.
//
// Mirrors net/core/rtnetlink.c (rtnl_dellink, rtnl_delete_link, rtnl_group_dellink) with their errno.

import type { Request } from "../af_netlink/handler.ts";
import { deleteDevice } from "../net/namespace.ts";
import type { Device, Netns, Origin } from "../net/netdevice.ts";
import { unregisterDevices } from "../net/register.ts";
import { NetlinkError, noDevice, notSupported } from "../netlink/error.ts";
import { findDevice, namesDevice, parseLink } from "./link-request.ts";
import { capableNetnsById, ensureNetnsIdOnly } from "./netns-attributes.ts";

/** Answers RTM_DELLINK: EINVAL when the request names nothing, ENODEV when there is nothing of that name. */
export function delLink(request: Request): void {
  const link = parseLink(request);
  const { attrs } = link;
  ensureNetnsIdOnly(attrs);
  const netns =
    attrs.targetNetnsid === undefined ? request.netns : capableNetnsById(request, attrs.targetNetnsid);
  const dev = findDevice(netns, link);
  if (dev !== undefined) return deleteLink(dev, request.origin);
  if (namesDevice(link)) throw noDevice();
  if (attrs.group === undefined) throw new NetlinkError("EINVAL");
  deleteGroup(netns, attrs.group);
}

/** Deletes one link, with the others that its kind deletes along with it: EOPNOTSUPP for one that no request made. */
function deleteLink(dev: Device, origin: Origin): void {
  if (!isDeletable(dev)) throw notSupported();
  const doomed = new Set<Device>();
  deleteDevice(dev, doomed);
  unregisterDevices(doomed, origin);
}

/** Deletes every link of a group in one batch: EPERM for the default group, and nothing if one of them cannot go. */
function deleteGroup(netns: Netns, group: number): void {
  if (group === 0) throw new NetlinkError("EPERM");
  const members = [...netns.devices.values()].filter((dev) => dev.group === group);
  if (!members.every(isDeletable)) throw notSupported();
  if (members.length === 0) throw noDevice();
  const doomed = new Set<Device>();
  for (const dev of members) deleteDevice(dev, doomed);
  unregisterDevices(doomed);
}

function isDeletable(dev: Device): boolean {
  return dev.linkOps !== null && dev.linkOps.isDeletable !== false;
}
