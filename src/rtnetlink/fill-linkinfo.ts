// IFLA_LINKINFO: the kind of a link with its settings, and those it has as a port of its master.
//
// Mirrors net/core/rtnetlink.c (rtnl_link_fill, rtnl_link_info_fill, rtnl_link_slave_info_fill).

import type { Device } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as link from "../uapi/if_link.ts";

/** Writes IFLA_LINKINFO; nothing for a device that no kind made and that is no port of one that a kind made. */
export function fillLinkInfo(writer: MessageWriter, dev: Device): void {
  const hasSlaveInfo = dev.master !== null && dev.master.linkOps !== null;
  if (dev.linkOps === null && !hasSlaveInfo) return;
  const nest = writer.nest(link.IFLA_LINKINFO);
  fillInfo(writer, dev);
  if (hasSlaveInfo) fillSlaveInfo(writer, dev);
  writer.endNest(nest);
}

function fillInfo(writer: MessageWriter, dev: Device): void {
  const ops = dev.linkOps;
  if (ops === null) return;
  writer.string(link.IFLA_INFO_KIND, ops.kind);
  if (ops.fillInfo === undefined) return;
  const data = writer.nest(link.IFLA_INFO_DATA);
  ops.fillInfo(dev, writer);
  writer.endNest(data);
}

function fillSlaveInfo(writer: MessageWriter, dev: Device): void {
  const ops = dev.master?.linkOps;
  if (dev.master === null || ops === undefined || ops === null) return;
  writer.string(link.IFLA_INFO_SLAVE_KIND, ops.kind);
  if (ops.fillSlaveInfo === undefined) return;
  const data = writer.nest(link.IFLA_INFO_SLAVE_DATA);
  ops.fillSlaveInfo(dev.master, dev, writer);
  writer.endNest(data);
}
