// ifb: a device that frames are redirected to, to stand in its queueing discipline, and that sends each of them on from
// where it came: out by the device it was to be sent on, or in to the protocols of the one that received it.
//
// Mirrors drivers/net/ifb.c (v6.18). Omitted: the two devices that the module makes when it is loaded; a queue of its own
// in front of its work, which here is the scheduler's: frames go on when what sent them is done.

import { RX_BYTES, RX_DROPPED, RX_PACKETS, TX_BYTES, TX_DROPPED, TX_PACKETS } from "../net/counters.ts";
import { count, countRx, countTx, readCounter } from "../net/device.ts";
import { etherRandomAddress, etherSetup, ethTypeTrans, validateEtherAddress } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { drop } from "../net/frame.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceOps, Frame, LinkOps } from "../net/netdevice.ts";
import { REDIRECT_EGRESS, REDIRECT_NONE } from "../net/netdevice.ts";
import { netifReceive } from "../net/receive.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { IFF_MULTICAST, IFF_NOARP } from "../uapi/if.ts";

/** TX_Q_LIMIT */
const txQueueLength = 32;

const deviceOps: DeviceOps<IfbState> = { stop, startXmit, ethtool: { statisticNames, statistics } };

export const ifb: LinkOps<IfbState> = {
  kind: "ifb",
  device: deviceOps,
  createState: () => ({ head: null, tail: null, isScheduled: false }),
  setup,
  validate,
};

/** Frames that have passed the discipline and wait to be sent on, a list by `next`. */
interface IfbState {
  head: Frame | null;
  tail: Frame | null;
  isScheduled: boolean;
}

const ifbFeatures =
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_SG |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_GSO_SOFTWARE |
  features.NETIF_F_GSO_ENCAP_ALL |
  features.NETIF_F_HIGHDMA;
const tagFeatures = features.NETIF_F_HW_VLAN_CTAG_TX | features.NETIF_F_HW_VLAN_STAG_TX;

function setup(dev: Device<IfbState>): void {
  etherSetup(dev);
  dev.txQueueLength = txQueueLength;
  dev.features |= ifbFeatures | tagFeatures;
  dev.hwFeatures |= dev.features;
  dev.vlanFeatures |= ifbFeatures;
  dev.tsoMaxSize = 8 * 65_535;
  dev.flags = (dev.flags | IFF_NOARP) & ~IFF_MULTICAST;
  dev.minMtu = 0;
  dev.maxMtu = 0;
  etherRandomAddress(dev);
}

/** What each queue counts: here the first one counts all. */
function statisticNames(dev: Device<IfbState>): readonly string[] {
  const names = (way: string, count: number): string[] =>
    Array.from({ length: count }, (_, queue) => [
      `${way}_queue_${queue}_packets`,
      `${way}_queue_${queue}_bytes`,
    ]).flat();
  return [...names("rx", dev.realRxQueues), ...names("tx", dev.realTxQueues)];
}

function statistics(dev: Device<IfbState>): readonly number[] {
  const values = (packets: number, bytes: number, count: number): number[] => [
    readCounter(dev, packets),
    readCounter(dev, bytes),
    ...new Array(2 * (count - 1)).fill(0),
  ];
  return [
    ...values(RX_PACKETS, RX_BYTES, dev.realRxQueues),
    ...values(TX_PACKETS, TX_BYTES, dev.realTxQueues),
  ];
}

function validate(attrs: LinkAttributes): void {
  validateEtherAddress(attrs.address);
}

/** What waits when the device goes down is dropped. */
function stop({ state }: Device<IfbState>): void {
  for (let frame = state.head; frame !== null; frame = state.head) {
    state.head = frame.next;
    frame.next = null;
    frame.pool.free(frame);
  }
  state.tail = null;
}

/** Takes a frame that was redirected here; one that was not has nowhere to go on to, and is dropped (ifb_xmit). */
function startXmit(frame: Frame, dev: Device<IfbState>): void {
  const { state, machine } = dev;
  countRx(dev, frame.length);
  if (frame.redirect === REDIRECT_NONE || frame.iif === 0) {
    count(dev, RX_DROPPED, 1);
    return drop(frame, "blackhole");
  }
  frame.next = null;
  if (state.tail === null) state.head = frame;
  else state.tail.next = frame;
  state.tail = frame;
  if (state.isScheduled) return;
  state.isScheduled = true;
  machine.scheduler.schedule(() => sendOn(dev));
}

/** Sends on what waits (ifb_ri_tasklet). */
function sendOn(dev: Device<IfbState>): void {
  const { state, machine } = dev;
  state.isScheduled = false;
  machine.loop.enter();
  for (let frame = state.head; frame !== null; frame = state.head) {
    state.head = frame.next;
    if (state.head === null) state.tail = null;
    frame.next = null;
    sendBack(frame, dev);
  }
  machine.loop.leave();
}

function sendBack(frame: Frame, dev: Device<IfbState>): void {
  const { redirect } = frame;
  countTx(dev, frame.length);
  const origin = dev.netns.devices.get(frame.iif);
  if (origin === undefined) {
    count(dev, TX_DROPPED, 1);
    return drop(frame, "no-peer");
  }
  frame.redirect = REDIRECT_NONE;
  frame.isSeen = true;
  frame.iif = dev.ifindex;
  if (redirect === REDIRECT_EGRESS) {
    frame.dev = origin;
    return devQueueXmit(frame);
  }
  // The packet type is as it was when it was received: another device's filters saw it, not another host.
  const { packetType } = frame;
  ethTypeTrans(frame, origin);
  frame.packetType = packetType;
  netifReceive(frame, origin);
}
