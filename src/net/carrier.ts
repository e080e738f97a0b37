// Carrier and operational state: a driver says whether the wire is connected, and link watch turns that into the
// RFC 2863 state that users see, once the request that caused it is through.
//
// Mirrors net/sched/sch_generic.c (netif_carrier_on, netif_carrier_off) and net/core/link_watch.c. Omitted: the rate
// limit of one batch a second for devices that are not urgent; every event counts as urgent here.

import {
  IF_LINK_MODE_DORMANT,
  IF_OPER_DORMANT,
  IF_OPER_DOWN,
  IF_OPER_LOWERLAYERDOWN,
  IF_OPER_TESTING,
  IF_OPER_UNKNOWN,
  IF_OPER_UP,
  IFF_UP,
} from "../uapi/if.ts";
import type { Scheduler } from "./clock.ts";
import { announceLink, getIflink, notify } from "./device.ts";
import type { Device, LinkWatch } from "./netdevice.ts";
import { deactivateQdisc } from "./qdisc.ts";

/** The wire is connected (netif_carrier_on). */
export function netifCarrierOn(dev: Device): void {
  if (dev.hasCarrier) return;
  dev.hasCarrier = true;
  if (dev.registration === "uninitialized") return;
  dev.carrierUpCount++;
  dev.netns.machine.linkWatch.fire(dev);
}

/** The wire is not connected (netif_carrier_off). */
export function netifCarrierOff(dev: Device): void {
  if (!dev.hasCarrier) return;
  dev.hasCarrier = false;
  if (dev.registration === "uninitialized") return;
  dev.carrierDownCount++;
  dev.netns.machine.linkWatch.fire(dev);
}

/** Keeps the device without carrier, or lets it go: what most kinds that support it do (netif_change_proto_down). */
export function carrierProtoDown(dev: Device, protoDown: boolean): void {
  if (protoDown) netifCarrierOff(dev);
  else netifCarrierOn(dev);
}

/** The device waits for something else to come up (netif_dormant_on); `isDormant` false takes that back. */
export function netifDormant(dev: Device, isDormant: boolean): void {
  if (dev.isDormant === isDormant) return;
  dev.isDormant = isDormant;
  if (dev.registration !== "uninitialized") dev.netns.machine.linkWatch.fire(dev);
}

/** Makes the state of `dev` that of the device it stands on (netif_stacked_transfer_operstate). */
export function transferOperstate(lower: Device, dev: Device): void {
  netifDormant(dev, lower.operstate === IF_OPER_DORMANT);
  if (lower.hasCarrier) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}

/** Whether the device can carry traffic, for IFF_RUNNING (netif_oper_up). */
export function isOperUp(dev: Device): boolean {
  return dev.operstate === IF_OPER_UP || dev.operstate === IF_OPER_UNKNOWN;
}

/** Works the operational state out of carrier, dormancy and the device at the other end (default_operstate). */
function defaultOperstate(dev: Device): number {
  if (!dev.hasCarrier) {
    const iflink = getIflink(dev);
    if (iflink === dev.ifindex) return IF_OPER_DOWN;
    // By index in the device's own namespace, whatever lives there: Linux looks no further.
    const peer = dev.netns.devices.get(iflink);
    if (peer === undefined) return IF_OPER_DOWN;
    return peer.hasCarrier ? IF_OPER_DOWN : IF_OPER_LOWERLAYERDOWN;
  }
  return dev.isDormant ? IF_OPER_DORMANT : IF_OPER_UP;
}

/** Brings the stored operational state up to date (rfc2863_policy). */
export function updateOperstate(dev: Device): void {
  const operstate = defaultOperstate(dev);
  const isHeldBack = dev.linkMode === IF_LINK_MODE_DORMANT && operstate === IF_OPER_UP;
  dev.operstate = isHeldBack ? IF_OPER_DORMANT : operstate;
}

/** Moves the operational state as a user may ask for it, where that is a step RFC 2863 allows (set_operstate). */
export function setOperstate(dev: Device, wanted: number): void {
  const { operstate } = dev;
  const isUsable = operstate === IF_OPER_UP || operstate === IF_OPER_UNKNOWN;
  const isWaiting =
    operstate === IF_OPER_DORMANT || operstate === IF_OPER_TESTING || operstate === IF_OPER_UNKNOWN;
  const isAllowed =
    wanted === IF_OPER_UP
      ? isWaiting && !dev.isDormant
      : isUsable && (wanted === IF_OPER_TESTING || wanted === IF_OPER_DORMANT);
  if (!isAllowed) return;
  dev.operstate = wanted;
  netdevStateChange(dev);
}

/**
 * The list of devices whose carrier changed: worked off when the request that changed it has been answered, and when it was no
 * request (a wire of the outside, a timer), by the scheduler.
 */
export class LinkWatchList implements LinkWatch {
  readonly #pending = new Set<Device>();
  readonly #scheduler: Scheduler;
  readonly #work = (): void => {
    this.#isScheduled = false;
    this.run();
  };
  #isScheduled = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  fire(dev: Device): void {
    this.#pending.add(dev);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.schedule(this.#work);
  }

  run(dev?: Device): void {
    if (dev !== undefined) {
      if (this.#pending.delete(dev)) changed(dev);
      return;
    }
    for (const each of this.#pending) {
      this.#pending.delete(each);
      changed(each);
    }
  }
}

/** Brings the state up to date and tells everybody (linkwatch_do_dev). */
function changed(dev: Device): void {
  if (dev.registration !== "registered") return;
  updateOperstate(dev);
  if ((dev.flags & IFF_UP) === 0) return;
  if (!dev.hasCarrier) deactivateQdisc(dev);
  netdevStateChange(dev);
}

/** Tells everybody that the device's state changed (netdev_state_change). */
export function netdevStateChange(dev: Device): void {
  if ((dev.flags & IFF_UP) === 0) return;
  notify("change", dev);
  announceLink(dev, 0);
}
