// What a request changes of a link, one attribute after the other; a refusal halfway leaves what was done before.
//
// Mirrors net/core/rtnetlink.c (do_setlink) with its order, errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import { readMac } from "../bytes/mac.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { netdevStateChange, setOperstate } from "../net/carrier.ts";
import {
  devChangeCarrier,
  devChangeTxQueueLength,
  devSetAlias,
  devSetGroMaxSize,
  devSetGsoMaxSize,
  devSetMacAddress,
  devSetMtu,
} from "../net/change.ts";
import { combineFlags } from "../net/create-link.ts";
import { notify } from "../net/device.ts";
import { devChangeFlags } from "../net/flags.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import { changeNetNamespace } from "../net/move.ts";
import { devChangeName } from "../net/names.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { setMaster } from "../net/upper.ts";
import { validateLink } from "../net/validate-link.ts";
import { notSupported } from "../netlink/error.ts";
import type { LinkDescription } from "./link-request.ts";
import { setProtoDown } from "./proto-down.ts";
import { setVirtualFunctions, setVirtualPorts } from "./vf.ts";
import { setXdp } from "./xdp.ts";

/** A request for changes: what it says, and where the device is to be. */
export interface LinkChange extends LinkDescription {
  readonly request: Request;
  readonly targetNetns: Netns;
}

/**
 * Applies a request to `dev`. `isNotable`: something about it has changed already that is to be announced. Throws
 * NetlinkError at the first refusal; what needs announcing is announced all the same.
 */
export function setLinkAttributes(change: LinkChange, dev: Device, isNotable: boolean): void {
  validateLink(dev, change.attrs);
  const { ifname, newIfindex } = change.attrs;
  if (change.targetNetns !== dev.netns) {
    changeNetNamespace(dev, change.targetNetns, {
      pattern: ifname === "" ? undefined : ifname,
      ifindex: newIfindex,
    });
  }
  const notes: Notes = { isNotable };
  try {
    setIdentity(change, dev, notes);
    setState(change, dev);
    setSizes(change.attrs, dev);
    setExtensions(change, dev, notes);
  } finally {
    if (notes.isNotable) netdevStateChange(dev);
  }
}

/** Whether something has changed that only the message at the end tells of (DO_SETLINK_NOTIFY). */
interface Notes {
  isNotable: boolean;
}

/** What the device is and what it is called. */
function setIdentity({ header, attrs }: LinkChange, dev: Device, notes: Notes): void {
  if (attrs.map !== undefined) throw notSupported();
  if (attrs.address !== undefined) devSetMacAddress(dev, readMac(attrs.address, 0));
  if (attrs.mtu !== undefined) devSetMtu(dev, attrs.mtu);
  if (attrs.group !== undefined) {
    dev.group = attrs.group;
    notes.isNotable = true;
  }
  // A device that is named by its index and comes with a name is to be called that.
  if (header.index > 0 && attrs.ifname !== undefined && attrs.ifname !== "") devChangeName(dev, attrs.ifname);
  if (attrs.ifalias !== undefined) {
    devSetAlias(dev, textOf(attrs.ifalias), attrs.ifalias.length);
    notes.isNotable = true;
  }
  if (attrs.broadcast !== undefined) {
    dev.broadcast = readMac(attrs.broadcast, 0);
    notify("change-address", dev);
  }
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeUtf8(bytes, 0, end < 0 ? bytes.length : end);
}

/** Up or down, whose port, and whether there is a carrier. */
function setState({ request, header, attrs }: LinkChange, dev: Device): void {
  if (header.flags !== 0 || header.change !== 0) devChangeFlags(dev, combineFlags(dev, header));
  if (attrs.master !== undefined) setMaster(dev, attrs.master, (text) => request.warn(text));
  if (attrs.carrier !== undefined) devChangeCarrier(dev, attrs.carrier !== 0);
}

/** Lengths of queues and sizes of frames. */
function setSizes(attrs: LinkAttributes, dev: Device): void {
  if (attrs.txqlen !== undefined) devChangeTxQueueLength(dev, attrs.txqlen);
  if (attrs.gsoMaxSize !== undefined) devSetGsoMaxSize(dev, attrs.gsoMaxSize);
  if (attrs.gsoMaxSegs !== undefined) dev.gsoMaxSegments = attrs.gsoMaxSegs;
  if (attrs.groMaxSize !== undefined) devSetGroMaxSize(dev, attrs.groMaxSize);
  if (attrs.gsoIpv4MaxSize !== undefined) dev.gsoIpv4MaxSize = attrs.gsoIpv4MaxSize;
  if (attrs.groIpv4MaxSize !== undefined) dev.groIpv4MaxSize = attrs.groIpv4MaxSize;
}

/** The rest, in the order in which it was added to Linux. */
function setExtensions({ request, attrs }: LinkChange, dev: Device, notes: Notes): void {
  if (attrs.operstate !== undefined) setOperstate(dev, attrs.operstate);
  if (attrs.linkmode !== undefined) {
    if (dev.linkMode !== attrs.linkmode) notes.isNotable = true;
    dev.linkMode = attrs.linkmode;
  }
  if (attrs.vfinfoList !== undefined) setVirtualFunctions(attrs.vfinfoList);
  setVirtualPorts(attrs);
  if (attrs.afSpec !== undefined) {
    for (const nest of attrs.afSpec.children()) {
      request.machine.afOps.find(({ family }) => family === nest.type)?.set?.(dev, nest);
      notes.isNotable = true;
    }
  }
  if (attrs.protoDown !== undefined || attrs.protoDownReason !== undefined) {
    setProtoDown(dev, attrs.protoDown, attrs.protoDownReason);
    notes.isNotable = true;
  }
  if (attrs.xdp !== undefined && setXdp(attrs.xdp)) notes.isNotable = true;
}
