// The way of a frame that the device below receives: to the macvlan that has its destination, to all that listen to its
// group, to those that take what its source sends.
//
// Mirrors drivers/net/macvlan.c (macvlan_handle_frame, macvlan_broadcast, macvlan_multicast_rx, macvlan_forward_source).

import { BROADCAST_MAC, isMulticast, readMac } from "../../bytes/mac.ts";
import { MULTICAST, RX_DROPPED, RX_ERRORS } from "../../net/counters.ts";
import { count, countRx } from "../../net/device.ts";
import { forwardFrame } from "../../net/forward.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_HLEN, ETH_P_PAUSE } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { PACKET_BROADCAST, PACKET_HOST, PACKET_LOOPBACK, PACKET_MULTICAST } from "../../uapi/if_packet.ts";
import type { Macvlan } from "./port.ts";
import { MacvlanPort } from "./port.ts";

/** Modes that hear what comes from outside. */
const outsideModes =
  link.MACVLAN_MODE_PRIVATE | link.MACVLAN_MODE_VEPA | link.MACVLAN_MODE_PASSTHRU | link.MACVLAN_MODE_BRIDGE;

/** Takes a frame of the device below (macvlan_handle_frame); an RxHandler. */
export function handleFrame(frame: Frame, lower: Device): boolean {
  const { port } = lower;
  if (frame.packetType === PACKET_LOOPBACK || !(port instanceof MacvlanPort)) return false;
  const destination = readMac(frame.bytes, frame.macHeader);
  const source = readMac(frame.bytes, frame.macHeader + 6);
  if (port.bySource.size > 0 && forwardSource(frame, port, source)) {
    frame.pool.free(frame);
    return true;
  }
  if (isMulticast(destination)) return handleGroup(frame, port, source);
  const dev = port.isPassthru ? port.macvlans[0] : port.byAddress.get(destination);
  if (dev === undefined || dev.state.mode === link.MACVLAN_MODE_SOURCE) return false;
  if ((dev.flags & IFF_UP) === 0) {
    frame.pool.free(frame);
    return true;
  }
  frame.dev = dev;
  frame.packetType = PACKET_HOST;
  countMacvlanRx(dev, frame.length + ETH_HLEN, true, false);
  return false;
}

/** A frame for a group: the macvlan it came from may only want it back, else it is spread; the device below has it too. */
function handleGroup(frame: Frame, port: MacvlanPort, source: number): boolean {
  const sender = port.byAddress.get(source);
  const mode = sender?.state.mode;
  if (sender !== undefined && mode !== link.MACVLAN_MODE_VEPA && mode !== link.MACVLAN_MODE_BRIDGE) {
    frame.dev = sender;
    frame.packetType = groupType(frame);
    // Linux counts such a frame with no bytes.
    countMacvlanRx(sender, 0, netifRx(frame, sender), false);
    return true;
  }
  const modes =
    sender === undefined
      ? outsideModes
      : // Those in the mode "bridge" have seen what one of them sent on its way out.
        link.MACVLAN_MODE_VEPA | (mode === link.MACVLAN_MODE_VEPA ? link.MACVLAN_MODE_BRIDGE : 0);
  spread(frame, port, { source: sender, modes, isLocal: false });
  return false;
}

/** Who is to see a frame for a group. */
interface Audience {
  /** The macvlan it came from, which does not. */
  readonly source: Macvlan | undefined;
  /** MACVLAN_MODE_* of those that do. */
  readonly modes: number;
  /** The frame is on its way out: `start` is at its MAC header, and it goes from device to device. */
  readonly isLocal: boolean;
}

/** Hands copies of a frame to the macvlans that are up and listen to its group (macvlan_broadcast). */
export function spread(frame: Frame, port: MacvlanPort, { source, modes, isLocal }: Audience): void {
  if (frame.protocol === ETH_P_PAUSE) return;
  const group = readMac(frame.bytes, isLocal ? frame.start : frame.macHeader);
  for (const dev of port.byAddress.values()) {
    if (dev === source || (dev.state.mode & modes) === 0 || !isListening(dev, group)) continue;
    const copy = frame.pool.clone(frame);
    const isReceived = copy !== null && receiveCopy(copy, dev, isLocal ? source : undefined);
    // Linux adds a header to what is on its way out as well, where one is in the length already.
    countMacvlanRx(dev, frame.length + ETH_HLEN, isReceived, true);
  }
}

function receiveCopy(copy: Frame, dev: Macvlan, sender: Macvlan | undefined): boolean {
  if (sender === undefined) {
    copy.dev = dev;
    copy.packetType = groupType(copy);
    return netifRx(copy, dev);
  }
  if (forwardFrame(copy, sender, dev) === null) return netifRx(copy, dev);
  copy.pool.free(copy);
  return false;
}

function isListening(dev: Macvlan, group: number): boolean {
  return dev.state.isAllMulticast || group === dev.broadcast || dev.multicast?.has(group) === true;
}

function groupType(frame: Frame): number {
  return readMac(frame.bytes, frame.macHeader) === BROADCAST_MAC ? PACKET_BROADCAST : PACKET_MULTICAST;
}

/** Hands copies to the macvlans whose source lists have the sender; true when one of them keeps the frame to itself. */
function forwardSource(frame: Frame, port: MacvlanPort, source: number): boolean {
  let isKept = false;
  for (const dev of port.bySource.get(source) ?? []) {
    if ((dev.state.flags & link.MACVLAN_FLAG_NODST) !== 0) isKept = true;
    if ((dev.flags & IFF_UP) === 0) continue;
    const copy = frame.pool.clone(frame);
    if (copy === null) continue;
    const length = copy.length + ETH_HLEN;
    copy.dev = dev;
    if (readMac(copy.bytes, copy.macHeader) === dev.address) copy.packetType = PACKET_HOST;
    countMacvlanRx(dev, length, netifRx(copy, dev), false);
  }
  return isKept;
}

/** Counts a frame; one that was refused as an error (macvlan_count_rx). */
function countMacvlanRx(dev: Macvlan, length: number, isReceived: boolean, isGroup: boolean): void {
  if (!isReceived) {
    count(dev, RX_ERRORS, 1);
    count(dev, RX_DROPPED, 1);
    return;
  }
  countRx(dev, length);
  if (isGroup) count(dev, MULTICAST, 1);
}
