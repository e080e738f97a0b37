// Messages about links to RTNLGRP_LINK: those that the steps of a change send themselves, and one for every event of
// the notifier chain that users are told of.
//
// Mirrors net/core/rtnetlink.c (rtmsg_ifinfo_event, rtnetlink_event, rtnl_get_event).

import { announceLink } from "../net/device.ts";
import { allocateNsid } from "../net/namespace.ts";
import type { Device, DeviceEvent, LinkMessage, MachineContext } from "../net/netdevice.ts";
import * as link from "../uapi/if_link.ts";
import { RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK } from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { fillLink } from "./link-fill.ts";

/** Lets the devices of `machine` announce themselves through `rtnetlink`. */
export function joinLinkMessages(machine: MachineContext, rtnetlink: Rtnetlink): void {
  machine.announceLink = (message) => announce(rtnetlink, message);
  machine.notifiers.push(announceEvent);
}

/** Sends a message about a link; about one that is not registered only that it goes. */
function announce(rtnetlink: Rtnetlink, message: LinkMessage): void {
  const { dev, type, change, event, moved, origin } = message;
  if (type === "new" && dev.registration !== "registered") return;
  const { netns } = dev;
  allocateLinkNsid(dev);
  if (!rtnetlink.hasListeners(RTNLGRP_LINK, origin)) return;
  rtnetlink.notify(RTNLGRP_LINK, netns, origin, (writer) => {
    const isEcho = origin?.isEcho === true;
    writer.begin(
      type === "new" ? RTM_NEWLINK : RTM_DELLINK,
      0,
      isEcho ? origin.seq : 0,
      isEcho ? origin.portId : 0,
    );
    fillLink(writer, dev, { reader: netns, change, extMask: 0, event, moved });
    writer.end();
  });
}

/** The kernel writes a message whoever listens, and so gives the namespace at the other end an id in any case. */
function allocateLinkNsid(dev: Device): void {
  const netns = dev.linkOps?.linkNetns?.(dev);
  if (netns !== undefined && netns !== dev.netns) allocateNsid(dev.netns, netns);
}

/** Events that make a message, and what IFLA_EVENT says of them. */
const announced: Partial<Readonly<Record<DeviceEvent, number>>> = {
  "change-mtu": link.IFLA_EVENT_NONE,
  "change-address": link.IFLA_EVENT_NONE,
  "change-name": link.IFLA_EVENT_NONE,
  "feat-change": link.IFLA_EVENT_FEATURES,
  "notify-peers": link.IFLA_EVENT_NOTIFY_PEERS,
  "bonding-failover": link.IFLA_EVENT_BONDING_FAILOVER,
  "resend-igmp": link.IFLA_EVENT_IGMP_RESEND,
  "change-upper": link.IFLA_EVENT_NONE,
  "change-info-data": link.IFLA_EVENT_BONDING_OPTIONS,
  "change-tx-queue-length": link.IFLA_EVENT_NONE,
};

function announceEvent(event: DeviceEvent, dev: Device): void {
  const code = announced[event];
  if (code !== undefined) announceLink(dev, 0, undefined, code);
}
