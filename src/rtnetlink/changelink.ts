// RTM_NEWLINK about a link that is there, or about a group of them.
//
// Mirrors net/core/rtnetlink.c (rtnl_changelink, rtnl_group_changelink).

import type { Device } from "../net/netdevice.ts";
import { exists, notSupported } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { setLinkAttributes } from "./do-setlink.ts";
import type { NewLinkRequest } from "./newlink-request.ts";

/** Changes `dev` as the request asks: EEXIST with NLM_F_EXCL, EOPNOTSUPP with NLM_F_REPLACE or for a kind that cannot. */
export function changeLink(link: NewLinkRequest, dev: Device): void {
  const { flags } = link.request.message;
  if ((flags & NLM_F_EXCL) !== 0) throw exists();
  if ((flags & NLM_F_REPLACE) !== 0) throw notSupported();
  const hasChanged = changeData(link, dev);
  const hasChangedSlave = changeSlaveData(link, dev);
  setLinkAttributes(link, dev, hasChanged || hasChangedSlave);
}

/** Applies IFLA_INFO_DATA; whether there was any. */
function changeData({ request, ops, info, attrs, data }: NewLinkRequest, dev: Device): boolean {
  if (info.data === undefined) return false;
  if (ops === undefined || ops !== dev.linkOps || ops.changeLink === undefined) throw notSupported();
  ops.changeLink(dev, attrs, data, (text) => request.warn(text));
  return true;
}

/** Applies IFLA_INFO_SLAVE_DATA, which is for the master's kind; whether there was any. */
function changeSlaveData({ request, info, attrs }: NewLinkRequest, dev: Device): boolean {
  if (info.slaveData === undefined) return false;
  const ops = dev.master?.linkOps;
  if (dev.master === null || ops?.changeSlave === undefined) throw notSupported();
  const data = ops.slavePolicy === undefined ? {} : parseNested(info.slaveData, ops.slavePolicy);
  ops.changeSlave(dev.master, dev, attrs, data, (text) => request.warn(text));
  return true;
}

/** Changes every device of a group in the sender's namespace; the first refusal ends it, and an empty group is no error. */
export function changeGroup(link: NewLinkRequest, group: number): void {
  const members = [...link.request.netns.devices.values()].filter((dev) => dev.group === group);
  for (const dev of members) setLinkAttributes(link, dev, false);
}
