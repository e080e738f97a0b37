// The generic creation of links, which `rtnl_newlink` and every driver that makes more than one device share: make a
// device from a request's attributes, and configure it once it is registered.
//
// Mirrors net/core/rtnetlink.c (rtnl_create_link, rtnl_configure_link, rtnl_dev_get). The routine came with the 2007
// veth patch, so that veth's peer would be made as the device itself is.

import { readMac } from "../bytes/mac.ts";
import { invalid } from "../netlink/error.ts";
import { IFF_ALLMULTI, IFF_PROMISC } from "../uapi/if.ts";
import { NET_ADDR_SET } from "../uapi/netdevice.ts";
import { setOperstate } from "./carrier.ts";
import { checkMtu, devSetGroMaxSize, devSetGsoMaxSize } from "./change.ts";
import { changeFlags, devNotifyFlags } from "./flags.ts";
import type { LinkAttributes } from "./link-policy.ts";
import type { Ifinfomsg, LinkOps, Netns, Origin } from "./netdevice.ts";
import { Device } from "./netdevice.ts";
import { freeDevice } from "./register.ts";
import { validateLink } from "./validate-link.ts";

const maxQueues = 4_096;
/** All bits of ifi_change. */
const everything = 0xffffffff;

/** What a new link is to be. */
export interface CreateLink<State> {
  readonly netns: Netns;
  readonly ops: LinkOps<State>;
  /** A name or a template with `%d`, and where it came from (NET_NAME_*). */
  readonly name: string;
  readonly nameAssign: number;
  readonly attrs: LinkAttributes;
}

/**
 * Makes a device of a kind from a request's attributes, not registered yet (rtnl_create_link): free it with freeDevice
 * if it never is. EINVAL for queue counts outside 1 to 4096 and for an MTU out of bounds, with the kernel's texts, and
 * what validateLink refuses.
 */
export function createLink<State>({ netns, ops, name, nameAssign, attrs }: CreateLink<State>): Device<State> {
  const queues = ops.defaultQueues?.(netns.machine) ?? 1;
  const txQueues = attrs.numTxQueues ?? queues;
  const rxQueues = attrs.numRxQueues ?? queues;
  if (txQueues < 1 || txQueues > maxQueues) throw invalid("Invalid number of transmit queues");
  if (rxQueues < 1 || rxQueues > maxQueues) throw invalid("Invalid number of receive queues");
  const dev = new Device<State>(name, netns, ops, ops.device, (made) => ops.createState(made));
  try {
    dev.nameAssign = nameAssign;
    dev.txQueues = txQueues;
    dev.rxQueues = rxQueues;
    dev.realTxQueues = txQueues;
    dev.realRxQueues = rxQueues;
    ops.setup(dev);
    validateLink(dev, attrs);
    applyAttributes(dev, attrs);
  } catch (error) {
    freeDevice(dev);
    throw error;
  }
  return dev;
}

/** What a request may set before a device is registered; the kinds ignore the rest. */
function applyAttributes(dev: Device, attrs: LinkAttributes): void {
  if (attrs.mtu !== undefined) {
    checkMtu(dev, attrs.mtu);
    dev.mtu = attrs.mtu;
  }
  if (attrs.address !== undefined) {
    dev.address = readMac(attrs.address, 0);
    dev.addressAssign = NET_ADDR_SET;
  }
  if (attrs.broadcast !== undefined) dev.broadcast = readMac(attrs.broadcast, 0);
  if (attrs.txqlen !== undefined) dev.txQueueLength = attrs.txqlen;
  if (attrs.operstate !== undefined) setOperstate(dev, attrs.operstate);
  if (attrs.linkmode !== undefined) dev.linkMode = attrs.linkmode;
  if (attrs.group !== undefined) dev.group = attrs.group;
  if (attrs.gsoMaxSize !== undefined) devSetGsoMaxSize(dev, attrs.gsoMaxSize);
  if (attrs.gsoMaxSegs !== undefined) dev.gsoMaxSegments = attrs.gsoMaxSegs;
  if (attrs.groMaxSize !== undefined) devSetGroMaxSize(dev, attrs.groMaxSize);
  if (attrs.gsoIpv4MaxSize !== undefined) dev.gsoIpv4MaxSize = attrs.gsoIpv4MaxSize;
  if (attrs.groIpv4MaxSize !== undefined) dev.groIpv4MaxSize = attrs.groIpv4MaxSize;
}

/**
 * Applies the flags of a request's header and announces the device for the first time (rtnl_configure_link). Throws
 * what `open` throws; the caller then unregisters the device.
 */
export function configureLink(dev: Device, header: Ifinfomsg | undefined, origin: Origin | undefined): void {
  const oldFlags = dev.flags;
  if (header !== undefined && (header.flags !== 0 || header.change !== 0)) {
    changeFlags(dev, combineFlags(dev, header));
  }
  const changes = dev.isAnnounced ? oldFlags ^ dev.flags : everything;
  dev.isAnnounced = true;
  devNotifyFlags(dev, oldFlags, changes, origin);
}

/** The flags a header asks for: exactly those without a mask, else only the masked ones change (rtnl_dev_combine_flags). */
export function combineFlags(dev: Device, { flags, change }: Ifinfomsg): number {
  if (change === 0) return flags;
  const filters = IFF_PROMISC | IFF_ALLMULTI;
  const current = (dev.flags & ~filters) | (dev.userFlags & filters);
  return (flags & change) | (current & ~change);
}
