// A new link: made from the request's attributes, registered by its kind, configured and announced; all of it or
// nothing.
//
// Mirrors net/core/rtnetlink.c (rtnl_newlink_create).

import { configureLink, createLink } from "../net/create-link.ts";
import { deleteDevice } from "../net/namespace.ts";
import type { Device, LinkOps } from "../net/netdevice.ts";
import { freeDevice, registerDevice, unregisterDevices } from "../net/register.ts";
import { setMaster } from "../net/upper.ts";
import { NET_NAME_ENUM, NET_NAME_USER } from "../uapi/netdevice.ts";
import type { NewLinkRequest } from "./newlink-request.ts";

/** Makes the link that `link` asks for, of the kind `ops`; a failure leaves nothing behind. */
export function makeLink(link: NewLinkRequest, ops: LinkOps): void {
  const { request, header, attrs } = link;
  const dev = createLink({
    netns: link.targetNetns,
    ops,
    name: attrs.ifname ?? ops.template ?? `${ops.kind}%d`,
    nameAssign: attrs.ifname === undefined ? NET_NAME_ENUM : NET_NAME_USER,
    attrs,
  });
  dev.ifindex = header.index;
  try {
    register(link, ops, dev);
  } catch (error) {
    freeDevice(dev);
    throw error;
  }
  try {
    configureLink(dev, header, request.origin);
    if (attrs.master !== undefined) setMaster(dev, attrs.master, (text) => request.warn(text));
  } catch (error) {
    const doomed = new Set<Device>();
    deleteDevice(dev, doomed);
    unregisterDevices(doomed);
    throw error;
  }
}

/** Registers the device in the way of its kind; the kind sees to what it has registered before it fails. */
function register(link: NewLinkRequest, ops: LinkOps, dev: Device): void {
  const { request, attrs, data, peer, linkNetns } = link;
  if (ops.newLink === undefined) return registerDevice(dev);
  ops.newLink({
    dev,
    sourceNetns: request.netns,
    linkNetns,
    attrs,
    data,
    peer,
    peerNetns: link.peerNetns ?? linkNetns ?? request.netns,
    warn: (text) => request.warn(text),
  });
}
