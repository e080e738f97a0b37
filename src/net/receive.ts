// The way of a frame into a device and up: netifRx puts it on the device's backlog, the poll loop takes it off, and
// netifReceive shows it to the taps, to the filters at the device's door, to its rx handler and to the protocol, in that order.
//
// Mirrors net/core/dev.c (netif_rx, enqueue_to_backlog, __netif_receive_skb_core). Omitted: generic XDP, receive packet
// steering (one backlog for each device stands in for one for each CPU).

import { ETH_HLEN, ETH_P_8021AD, ETH_P_8021Q } from "../uapi/if_ether.ts";
import { PACKET_OTHERHOST } from "../uapi/if_packet.ts";
import { drop, dropRx } from "./frame.ts";
import type { Device, Frame, PacketTap } from "./netdevice.ts";

const vlanTagLength = 4;
const vlanIdMask = 0x0fff;

/**
 * Puts a frame that `dev` receives on its backlog (netif_rx). Takes ownership; false when the backlog was full and the
 * frame is dropped. The driver has read the link header (ethTypeTrans) and counted the frame.
 */
export function netifRx(frame: Frame, dev: Device): boolean {
  frame.next = null;
  return dev.machine.loop.takeAlone(frame) || enqueueToBacklog(frame, dev);
}

/** Puts a frame on the device's backlog, if that has room, and the device in the list of those to be served. */
function enqueueToBacklog(frame: Frame, dev: Device): boolean {
  const { machine } = dev;
  if (dev.backlogLength >= machine.maxBacklog) {
    dropRx(frame, dev, "backlog");
    return false;
  }
  appendBacklog(frame, dev);
  if (!dev.isPolled) machine.loop.post(dev);
  return true;
}

/** Puts a frame at the end of the device's backlog; the loop is told by the caller. */
export function appendBacklog(frame: Frame, dev: Device): void {
  if (dev.backlogTail === null) dev.backlogHead = frame;
  else dev.backlogTail.next = frame;
  dev.backlogTail = frame;
  dev.backlogLength++;
}

/** Receives up to `weight` frames of the device's backlog and returns how many (process_backlog). */
export function processBacklog(dev: Device, weight: number): number {
  let work = 0;
  for (let frame = dev.backlogHead; frame !== null && work < weight; frame = dev.backlogHead) {
    dev.backlogHead = frame.next;
    if (frame.next === null) dev.backlogTail = null;
    dev.backlogLength--;
    frame.next = null;
    netifReceive(frame, dev);
    work++;
  }
  return work;
}

/** Drops all frames of the device's backlog, as a device that goes away does (flush_backlog). */
export function flushBacklog(dev: Device): void {
  dev.machine.loop.forget(dev);
  for (let frame = dev.backlogHead; frame !== null; frame = dev.backlogHead) {
    dev.backlogHead = frame.next;
    frame.pool.free(frame);
  }
  dev.backlogTail = null;
  dev.backlogLength = 0;
}

/**
 * Takes a received frame to whoever it is for (__netif_receive_skb_core). Takes ownership. A handler that makes it a frame
 * of another device sends it round again.
 */
export function netifReceive(frame: Frame, dev: Device): void {
  // Most frames know their device: a store less.
  if (frame.dev !== dev) frame.dev = dev;
  frame.iif = dev.ifindex;
  if (!isUnwatched(dev) || !isUntagged(frame)) receiveByAll(frame, dev);
  else if (dev.rxHandler === null) deliver(frame, dev);
  // Compared, as in devQueueXmit: the handlers' answer is mostly true.
  else if (dev.rxHandler(frame, dev) === false) receiveUnhandled(frame, dev);
}

/** Whether nobody but an rx handler stands between the device and the protocols. */
function isUnwatched(dev: Device): boolean {
  const { netns } = dev;
  return dev.taps === null && dev.ingress === null && netns.taps === null && netns.stack === null;
}

/** Whether a frame has no tag, and has not been through half of the way before. */
function isUntagged(frame: Frame): boolean {
  const { protocol } = frame;
  return !frame.isSeen && frame.vlanProtocol === 0 && protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD;
}

/** Takes a frame that `dev`'s rx handler has left to the protocols, or to the device it has made it a frame of. */
function receiveUnhandled(frame: Frame, dev: Device): void {
  if (frame.dev === dev && frame.vlanProtocol !== 0 && isTagHandled(frame, dev)) return;
  if (frame.dev !== null && frame.dev !== dev) receiveByAll(frame, frame.dev);
  else deliver(frame, dev);
}

/** Shows the frame to whoever looks and offers it to whoever may take it, before its protocol gets it. */
function receiveByAll(frame: Frame, dev: Device): void {
  let receiver = dev;
  do {
    if (frame.dev !== null) receiver = frame.dev;
    if ((frame.protocol === ETH_P_8021Q || frame.protocol === ETH_P_8021AD) && !vlanUntag(frame)) return;
    if (frame.isSeen) frame.isSeen = false;
    else {
      showAllTaps(frame, receiver, false);
      if (receiver.ingress?.(frame, receiver) === true) return;
    }
    if (isHandled(frame, receiver)) return;
  } while (frame.dev !== receiver);
  deliver(frame, receiver);
}

/**
 * Hands the frame to the VLAN of its tag, to the rx handler, and what then has a tag to the inner tag's VLAN. An outer stack
 * takes what the first two leave, tag and all.
 */
function isHandled(frame: Frame, dev: Device): boolean {
  if (frame.vlanProtocol !== 0 && dev.vlans !== null) {
    if (dev.vlans.receive(frame, dev)) return true;
    if (frame.dev !== dev) return false;
  }
  if (dev.rxHandler !== null) {
    if (dev.rxHandler(frame, dev)) return true;
    if (frame.dev !== dev) return false;
  }
  if (dev.netns.stack !== null) {
    dev.netns.stack.receive(frame, dev);
    return true;
  }
  return frame.vlanProtocol !== 0 && isTagHandled(frame, dev);
}

/** A tag nobody took: with an identifier the frame is for another host, with a priority alone it may have another inside. */
function isTagHandled(frame: Frame, dev: Device): boolean {
  while ((frame.vlanTci & vlanIdMask) === 0) {
    frame.vlanProtocol = 0;
    if (frame.protocol !== ETH_P_8021Q && frame.protocol !== ETH_P_8021AD) return false;
    if (!vlanUntag(frame)) return true;
    if (dev.vlans === null) continue;
    if (dev.vlans.receive(frame, dev)) return true;
    if (frame.dev !== dev) return false;
  }
  frame.packetType = PACKET_OTHERHOST;
  frame.vlanProtocol = 0;
  return false;
}

/** Hands the frame to its protocol. */
function deliver(frame: Frame, dev: Device): void {
  const handler = dev.machine.packetHandlers.find(frame.protocol);
  if (handler !== undefined) handler(frame, dev);
  else deliverToNobody(frame, dev);
}

/** Lets go of a frame whose protocol nobody handles: what a tap was shown is no loss. */
function deliverToNobody(frame: Frame, dev: Device): void {
  if (isTaken(dev.taps, frame) || isTaken(dev.netns.taps, frame)) frame.pool.free(frame);
  else dropRx(frame, dev, "unhandled-protocol");
}

/** Whether a tap looks at frames of this kind: to Linux what was shown to one has been delivered. */
function isTaken(taps: readonly PacketTap[] | null, frame: Frame): boolean {
  const takes = ({ isWatcher, protocol }: PacketTap): boolean =>
    isWatcher !== true && (protocol === undefined || protocol === frame.protocol);
  return taps?.some(takes) === true;
}

/** Shows a frame to the taps of its device and of the namespace. */
export function showAllTaps(frame: Frame, dev: Device, isOutgoing: boolean): void {
  if (dev.taps !== null) showTaps(dev.taps, frame, dev, isOutgoing);
  if (dev.netns.taps !== null) showTaps(dev.netns.taps, frame, dev, isOutgoing);
}

/** Shows a frame to taps; the list may change while it is walked. */
function showTaps(taps: readonly PacketTap[], frame: Frame, dev: Device, isOutgoing: boolean): void {
  for (const tap of taps) tap.seen(frame, dev, isOutgoing);
}

/** Moves an outermost VLAN tag from the bytes beside them (skb_vlan_untag); false when the frame was dropped. */
export function vlanUntag(frame: Frame): boolean {
  if (frame.vlanProtocol !== 0) return true;
  // The tag and the two bytes behind it, which may say what a packet without an EtherType is.
  if (frame.length < vlanTagLength + 2) {
    drop(frame, "runt");
    return false;
  }
  if (!frame.pool.writable(frame)) {
    drop(frame, "no-memory");
    return false;
  }
  const { bytes, start } = frame;
  frame.vlanProtocol = frame.protocol;
  frame.vlanTci = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
  frame.protocol = ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0);
  bytes.copyWithin(frame.macHeader + vlanTagLength, frame.macHeader, frame.macHeader + ETH_HLEN - 2);
  frame.macHeader += vlanTagLength;
  frame.start += vlanTagLength;
  frame.networkHeader = frame.start;
  return true;
}
