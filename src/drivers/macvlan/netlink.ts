// A macvlan as requests make and change it, and as it tells of itself.
//
// Mirrors drivers/net/macvlan.c (macvlan_validate, macvlan_common_newlink, macvlan_changelink, macvlan_fill_info) with
// its order and errno.

import { isValidEtherAddr, readMac, writeMac } from "../../bytes/mac.ts";
import { transferOperstate } from "../../net/carrier.ts";
import { devSetMacAddress } from "../../net/change.ts";
import { etherRandomAddress, validateEtherAddress } from "../../net/ethernet.ts";
import { devSetPromiscuity } from "../../net/flags.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import { lowerOf } from "../../net/lower.ts";
import type { Device, NewLink } from "../../net/netdevice.ts";
import { registerDevice, unregisterDevice } from "../../net/register.ts";
import { linkUpper } from "../../net/upper.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { NetlinkError, noDevice } from "../../netlink/error.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { binary, nest, policy, s32, u16, u32 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { ETH_ALEN } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { NET_ADDR_STOLEN } from "../../uapi/netdevice.ts";
import type { Macvlan, MacvlanState } from "./port.ts";
import { hashAddress, MacvlanPort } from "./port.ts";
import { handleFrame } from "./receive.ts";

/** Largest hardware address (MAX_ADDR_LEN). */
const maxAddressLength = 32;

export const macvlanPolicy = policy(link.IFLA_MACVLAN_MAX, {
  [link.IFLA_MACVLAN_MODE]: u32("mode"),
  [link.IFLA_MACVLAN_FLAGS]: u16("flags"),
  [link.IFLA_MACVLAN_MACADDR_MODE]: u32("macaddrMode"),
  [link.IFLA_MACVLAN_MACADDR]: binary("macaddr", maxAddressLength),
  [link.IFLA_MACVLAN_MACADDR_DATA]: nest("macaddrData"),
  [link.IFLA_MACVLAN_MACADDR_COUNT]: u32("macaddrCount"),
  [link.IFLA_MACVLAN_BC_QUEUE_LEN]: u32("bcQueueLen"),
  [link.IFLA_MACVLAN_BC_CUTOFF]: s32("bcCutoff"),
});

type MacvlanData = Parsed<typeof macvlanPolicy>;

const modes: readonly number[] = [
  link.MACVLAN_MODE_PRIVATE,
  link.MACVLAN_MODE_VEPA,
  link.MACVLAN_MODE_BRIDGE,
  link.MACVLAN_MODE_PASSTHRU,
  link.MACVLAN_MODE_SOURCE,
];

/** Checks a request (macvlan_validate). */
export function validate(attrs: LinkAttributes, data: MacvlanData | undefined): void {
  validateEtherAddress(attrs.address);
  if (data === undefined) return;
  const known = link.MACVLAN_FLAG_NOPROMISC | link.MACVLAN_FLAG_NODST;
  if (data.flags !== undefined && (data.flags & ~known) !== 0) throw new NetlinkError("EINVAL");
  if (data.mode !== undefined && !modes.includes(data.mode)) throw new NetlinkError("EINVAL");
  if (data.macaddrMode !== undefined && data.macaddrMode > link.MACVLAN_MACADDR_SET) {
    throw new NetlinkError("EINVAL");
  }
  validateEtherAddress(data.macaddr);
  if (data.macaddrCount !== undefined) throw new NetlinkError("EINVAL");
}

/** Makes a macvlan on the device that IFLA_LINK names, or on the one below that macvlan (macvlan_common_newlink). */
export function newLink(request: NewLink<MacvlanState, typeof macvlanPolicy>): void {
  const { dev, attrs } = request;
  if (attrs.link === undefined) throw new NetlinkError("EINVAL");
  const named = lowerOf(request);
  if (named === undefined) throw noDevice();
  const lower = realDevice(named, dev);
  if (attrs.mtu === undefined) dev.mtu = lower.mtu;
  else if (dev.mtu > lower.mtu) throw new NetlinkError("EINVAL");
  dev.maxMtu = lower.maxMtu;
  if (attrs.address === undefined) etherRandomAddress(dev);
  const port = portOf(lower);
  // Held until the device, once it is registered, holds the port itself.
  port.count++;
  try {
    prepare(dev, port, request.data);
    registerDevice(dev);
  } finally {
    releasePort(port);
  }
  try {
    linkUpper(lower, dev, false);
  } catch (error) {
    unregisterDevice(dev);
    throw error;
  }
  port.macvlans.push(dev);
  transferOperstate(lower, dev);
  dev.machine.linkWatch.fire(dev);
}

/** A macvlan on a macvlan is a second one on the same device. */
function realDevice(named: Device, dev: Macvlan): Device {
  if (named.linkOps?.kind !== dev.linkOps?.kind) return named;
  return named.lowers?.[0] ?? named;
}

/** What is kept with the device below, made for the first macvlan: EINVAL, EBUSY when it cannot have any. */
function portOf(lower: Device): MacvlanPort {
  if (lower.port instanceof MacvlanPort) return lower.port;
  if (lower.type !== ARPHRD_ETHER || (lower.flags & IFF_LOOPBACK) !== 0) throw new NetlinkError("EINVAL");
  if (lower.rxHandler !== null) throw new NetlinkError("EBUSY");
  const port = new MacvlanPort(lower);
  lower.port = port;
  lower.rxHandler = handleFrame;
  return port;
}

/**
 * Gives one hold on a port back; the device below is as any other without the last, with the address its user gave it
 * in place of one that was passed through (macvlan_port_destroy).
 */
export function releasePort(port: MacvlanPort): void {
  const { lower, ownAddress } = port;
  port.count--;
  if (port.count > 0) return;
  lower.rxHandler = null;
  lower.port = null;
  const isChanged = port.isPassthru && lower.address !== ownAddress;
  if (isChanged && lower.registration === "registered") devSetMacAddress(lower, ownAddress);
}

/** Fills in what the request says of the device. */
function prepare(dev: Macvlan, port: MacvlanPort, data: MacvlanData = {}): void {
  const { state } = dev;
  if (port.isPassthru) throw new NetlinkError("EINVAL");
  state.port = port;
  state.mode = data.mode ?? link.MACVLAN_MODE_VEPA;
  state.flags = data.flags ?? 0;
  if (state.mode === link.MACVLAN_MODE_PASSTHRU) {
    if (port.count > 1) throw new NetlinkError("EINVAL");
    port.isPassthru = true;
    dev.address = port.lower.address;
    dev.addressAssign = NET_ADDR_STOLEN;
  }
  changeSources(dev, port, data);
  state.broadcastQueue = data.bcQueueLen ?? state.broadcastQueue;
  port.broadcastCutoff = data.bcCutoff ?? port.broadcastCutoff;
}

/** Changes mode, flags and source list (macvlan_changelink); "passthru" is for life. */
export function changeLink(dev: Macvlan, _attrs: LinkAttributes, data: MacvlanData = {}): void {
  const { state } = dev;
  const { port } = state;
  if (port === null) return;
  const { mode, flags } = data;
  if (mode !== undefined) {
    const isPassthru = mode === link.MACVLAN_MODE_PASSTHRU;
    if (isPassthru !== (state.mode === link.MACVLAN_MODE_PASSTHRU)) throw new NetlinkError("EINVAL");
    if (state.mode === link.MACVLAN_MODE_SOURCE && mode !== state.mode) port.flushSources(dev);
  }
  if (flags !== undefined) {
    if (port.isPassthru && ((flags ^ state.flags) & link.MACVLAN_FLAG_NOPROMISC) !== 0) {
      devSetPromiscuity(port.lower, (flags & link.MACVLAN_FLAG_NOPROMISC) !== 0 ? -1 : 1);
    }
    state.flags = flags;
  }
  state.mode = mode ?? state.mode;
  changeSources(dev, port, data);
  state.broadcastQueue = data.bcQueueLen ?? state.broadcastQueue;
  port.broadcastCutoff = data.bcCutoff ?? port.broadcastCutoff;
}

/** Changes the list of source addresses, which only the mode "source" has (macvlan_changelink_sources). */
function changeSources(dev: Macvlan, port: MacvlanPort, data: MacvlanData): void {
  if (data.macaddrMode === undefined) return;
  if (dev.state.mode !== link.MACVLAN_MODE_SOURCE) throw new NetlinkError("EINVAL");
  const address = data.macaddr === undefined ? undefined : readMac(data.macaddr, 0);
  switch (data.macaddrMode) {
    case link.MACVLAN_MACADDR_ADD:
      if (address === undefined) throw new NetlinkError("EINVAL");
      return port.addSource(dev, address);
    case link.MACVLAN_MACADDR_DEL:
      if (address === undefined) throw new NetlinkError("EINVAL");
      return port.deleteSource(dev, address);
    case link.MACVLAN_MACADDR_FLUSH:
      return port.flushSources(dev);
    default:
      port.flushSources(dev);
      if (address !== undefined) port.addSource(dev, address);
      for (const listed of addressesOf(data.macaddrData)) port.addSource(dev, listed);
  }
}

/** The addresses in IFLA_MACVLAN_MACADDR_DATA; what is none is passed over, but no station's address is not: EADDRNOTAVAIL. */
function addressesOf(list: Attribute | undefined): number[] {
  const entries = (list?.children() ?? []).filter(
    ({ type, length }) => type === link.IFLA_MACVLAN_MACADDR && length === ETH_ALEN,
  );
  const addresses = entries.map(({ bytes, start }) => readMac(bytes, start));
  if (!addresses.every(isValidEtherAddr)) throw new NetlinkError("EADDRNOTAVAIL");
  return addresses;
}

/** Writes IFLA_INFO_DATA (macvlan_fill_info). */
export function fillInfo({ state }: Macvlan, writer: MessageWriter): void {
  writer.u32(link.IFLA_MACVLAN_MODE, state.mode);
  writer.u16(link.IFLA_MACVLAN_FLAGS, state.flags);
  writer.u32(link.IFLA_MACVLAN_MACADDR_COUNT, state.sources.size);
  if (state.sources.size > 0) {
    const nested = writer.nest(link.IFLA_MACVLAN_MACADDR_DATA);
    // In the order of Linux's hash, the newest address first in each list.
    const addresses = [...state.sources].reverse().sort((a, b) => hashAddress(a) - hashAddress(b));
    for (const address of addresses) {
      const at = writer.attribute(link.IFLA_MACVLAN_MACADDR, ETH_ALEN);
      writeMac(writer.bytes, at, address);
    }
    writer.endNest(nested);
  }
  writer.u32(link.IFLA_MACVLAN_BC_QUEUE_LEN, state.broadcastQueue);
  writer.u32(link.IFLA_MACVLAN_BC_QUEUE_LEN_USED, state.port?.broadcastQueue ?? 0);
  const cutoff = state.port?.broadcastCutoff ?? 1;
  if (cutoff !== 1) writer.s32(link.IFLA_MACVLAN_BC_CUTOFF, cutoff);
}
