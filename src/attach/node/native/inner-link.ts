// A device of the machine as it appears in the kernel's namespace: a TAP with the same name, index, address and MTU, whose
// wire is connected when the device's is.
//
// What cannot be the same: its kind and driver are tun's, it has no peer, and its MTU ends at 65,521.

import { setS32, setU32 } from "../../../bytes/endian.ts";
import { writeMac } from "../../../bytes/mac.ts";
import type { Device, Frame } from "../../../net/netdevice.ts";
import type { Message } from "../../../netlink/message.ts";
import type { MessageWriter } from "../../../netlink/writer.ts";
import { IFF_MULTICAST, IFF_NOARP, IFF_UP } from "../../../uapi/if.ts";
import { ETH_ALEN } from "../../../uapi/if_ether.ts";
import { IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_TXQLEN } from "../../../uapi/if_link.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from "../../../uapi/rtnetlink.ts";
import { restoreHeader, transmit } from "../attach-tap.ts";
import { Tap, TUN_PATH } from "../tap.ts";
import type { TapCalls } from "../tap-calls.ts";
import type { TapLoop, TapPort } from "../tap-loop.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";
import type { SyncNetlink } from "./sync-netlink.ts";

/**
 * Opens the file that a TAP is made with. The holder keeps it open too: a TAP goes when nobody has its file any more, which the
 * kernel takes its time for, and a namespace that goes leaves that to its holder.
 */
export const tapFile = ask.keep(TUN_PATH, 0x802 /* O_RDWR | O_NONBLOCK */);

/** A file that is open here and in the holder. */
export interface KeptFile {
  readonly fd: number;
  /** What the holder calls it. */
  readonly number: number;
}
/** The largest MTU of a TAP: 65,535 less an Ethernet header. */
const largestMtu = 65_521;
/** Flags that a user sets and both sides have. */
const mirroredFlags = IFF_UP | IFF_NOARP | IFF_MULTICAST;

/** What it takes to make one. */
export interface InnerParts {
  readonly calls: TapCalls;
  readonly loop: TapLoop;
  readonly holder: Holder;
  readonly rtnl: SyncNetlink;
  /** Files of `tapFile` that are open already. */
  readonly taps: KeptFile[];
}

/** The inner side of one device other than `lo`. */
export class InnerLink {
  readonly dev: Device;
  readonly #tap: Tap;
  readonly #port: TapPort;
  readonly #rtnl: SyncNetlink;
  readonly #holder: Holder;
  readonly #number: number;
  #hasCarrier: boolean;

  /** Makes it, down; NetlinkError when the kernel refuses, as for a name or index that a program inside has taken. */
  constructor(dev: Device, { calls, loop, holder, rtnl, taps }: InnerParts) {
    this.dev = dev;
    this.#rtnl = rtnl;
    this.#holder = holder;
    this.#hasCarrier = dev.hasCarrier;
    const { fd, number } = taps.pop() ?? openTap(holder);
    this.#number = number;
    const { name, ifindex, hasCarrier } = dev;
    try {
      this.#tap = Tap.open(calls, { fd, name, ifindex, hasCarrier });
      this.#port = loop.add(this.#tap, (frame) => transmit(frame, dev));
    } catch (error) {
      holder.begin(ask.drop(number));
      throw error;
    }
    try {
      this.#settle();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Hands a frame to the kernel that the device received. Takes ownership. */
  receive(frame: Frame): void {
    if (restoreHeader(frame)) this.#port.send(frame);
    else frame.pool.free(frame);
  }

  /** Connects the wire or not, as the device's is. */
  syncCarrier(): void {
    const { hasCarrier } = this.dev;
    if (hasCarrier === this.#hasCarrier) return;
    this.#hasCarrier = hasCarrier;
    this.#tap.setCarrier(hasCarrier);
    this.#settle();
  }

  /** Lets the kernel draw its conclusions from the carrier now, which otherwise takes it up to a second: who asks waits. */
  #settle(): void {
    this.#rtnl.request(RTM_GETLINK, 0, (writer) => writeHeader(writer, this.dev, 0, 0));
  }

  /** Takes it out of the kernel's namespace, which is done when the holder has settled. */
  remove(): void {
    this.#port.close();
    this.#holder.begin(ask.drop(this.#number));
  }

  /** Leaves it to its holder, which is about to end. */
  abandon(): void {
    this.#port.close();
  }
}

function openTap(holder: Holder): KeptFile {
  const [{ result, fd } = { result: -1, fd: -1 }] = holder.all([tapFile]);
  return { fd: result < 0 ? result : fd, number: result };
}

/** Sets what an inner link has of the device: address, MTU and length of the queue. */
export function configureInner(rtnl: SyncNetlink, dev: Device): void {
  change(rtnl, dev, (writer) => {
    writeAddress(writer, dev);
    writer.u32(IFLA_MTU, Math.min(dev.mtu, largestMtu));
    writer.u32(IFLA_TXQLEN, dev.txQueueLength);
  });
}

/** Sets the flags as the device's are: up or down, with ARP and multicast or without. */
export function setInnerFlags(rtnl: SyncNetlink, dev: Device): void {
  rtnl.request(RTM_NEWLINK, 0, (writer) => writeHeader(writer, dev, dev.flags, mirroredFlags));
}

/** Sets its hardware address as the device's is. */
export function setInnerAddress(rtnl: SyncNetlink, dev: Device): void {
  change(rtnl, dev, (writer) => writeAddress(writer, dev));
}

/** Sets its MTU as the device's is, or as large as it can be. */
export function setInnerMtu(rtnl: SyncNetlink, dev: Device): void {
  change(rtnl, dev, (writer) => writer.u32(IFLA_MTU, Math.min(dev.mtu, largestMtu)));
}

/** Calls it as the device is called. */
export function setInnerName(rtnl: SyncNetlink, dev: Device): void {
  change(rtnl, dev, (writer) => writer.string(IFLA_IFNAME, dev.name));
}

/** Sets the length of its queue as the device's is. */
export function setInnerQueueLength(rtnl: SyncNetlink, dev: Device): void {
  change(rtnl, dev, (writer) => writer.u32(IFLA_TXQLEN, dev.txQueueLength));
}

/** Deletes the kernel's own device. */
export function deleteInner(rtnl: SyncNetlink, dev: Device): void {
  rtnl.request(RTM_DELLINK, 0, (writer) => writeHeader(writer, dev, 0, 0));
}

/** Hands over an RTM_NEWLINK for every link of the kernel's namespace. */
export function eachInner(rtnl: SyncNetlink, each: (message: Message) => void): void {
  rtnl.dump(RTM_GETLINK, (writer) => writer.reserve(IFINFOMSG_SIZE), each);
}

/** Whether an MTU seen inside stands for the device's, which may be larger than any that a TAP can have. */
export function isSameMtu(dev: Device, inner: number): boolean {
  return inner === Math.min(dev.mtu, largestMtu);
}

function change(rtnl: SyncNetlink, dev: Device, body: (writer: MessageWriter) => void): void {
  rtnl.request(RTM_NEWLINK, 0, (writer) => {
    writeHeader(writer, dev, 0, 0);
    body(writer);
  });
}

function writeHeader(writer: MessageWriter, dev: Device, flags: number, changed: number): void {
  const header = writer.reserve(IFINFOMSG_SIZE);
  setS32(writer.bytes, header + IFINFOMSG_INDEX, dev.ifindex);
  setU32(writer.bytes, header + IFINFOMSG_FLAGS, flags & changed);
  setU32(writer.bytes, header + IFINFOMSG_CHANGE, changed);
}

function writeAddress(writer: MessageWriter, dev: Device): void {
  const at = writer.attribute(IFLA_ADDRESS, ETH_ALEN);
  writeMac(writer.bytes, at, dev.address);
}
