// The VLAN devices on one device, by protocol and identifier, and the way of a received frame with a tag to one of them.
//
// Mirrors net/8021q/vlan_core.c (vlan_do_receive, vlan_find_dev) and include/linux/if_vlan.h.

import { equalsMac } from "../../bytes/mac.ts";
import { MULTICAST } from "../../net/counters.ts";
import { count, countRx } from "../../net/device.ts";
import { dropRx } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { VlanSlot } from "../../net/netdevice.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_8021AD } from "../../uapi/if_ether.ts";
import { PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from "../../uapi/if_packet.ts";
import { VLAN_FLAG_REORDER_HDR } from "../../uapi/if_vlan.ts";
import { pushVlanTag, VLAN_TAG_SIZE, vlanId, vlanPriority } from "../../wire/vlan.ts";

/** What a VLAN device keeps (`struct vlan_dev_priv`). */
export class VlanState {
  /** The device below; null before the device is made. */
  lower: Device | null = null;
  /** ETH_P_8021Q or ETH_P_8021AD. */
  protocol = 0;
  id = 0;
  /** VLAN_FLAG_* */
  flags = VLAN_FLAG_REORDER_HDR;
  /** Priority of a frame by the priority code point of its tag, 0 for none; and back, in the order they were set. */
  readonly ingress: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  readonly egress = new Map<number, number>();
  /** The address of the device below as the device last knew it. */
  lowerAddress = 0;
}

/** A VLAN device. */
export type VlanDevice = Device<VlanState>;

/** The VLAN devices on one device (`struct vlan_group`). */
export class VlanGroup extends VlanSlot {
  /** By protocol and identifier, see `keyOf`. */
  readonly #devices = new Map<number, VlanDevice>();

  get isEmpty(): boolean {
    return this.#devices.size === 0;
  }

  /** All of them, 802.1Q before 802.1ad, by identifier (vlan_group_for_each_dev). */
  all(): VlanDevice[] {
    return [...this.#devices].sort(([one], [other]) => one - other).map(([, dev]) => dev);
  }

  find(protocol: number, id: number): VlanDevice | undefined {
    return this.#devices.get(keyOf(protocol, id));
  }

  add(dev: VlanDevice): void {
    this.#devices.set(keyOf(dev.state.protocol, dev.state.id), dev);
  }

  delete(dev: VlanDevice): void {
    this.#devices.delete(keyOf(dev.state.protocol, dev.state.id));
  }

  receive(frame: Frame): boolean {
    const dev = this.find(frame.vlanProtocol, vlanId(frame.vlanTci));
    if (dev === undefined) return false;
    if ((dev.flags & IFF_UP) === 0) {
      frame.pool.free(frame);
      return true;
    }
    return enter(frame, dev);
  }
}

function keyOf(protocol: number, id: number): number {
  return (protocol === ETH_P_8021AD ? 0x1000 : 0) | id;
}

/** Makes a frame one of the VLAN device, without its tag unless the device wants to see it; true when it was dropped. */
function enter(frame: Frame, dev: VlanDevice): boolean {
  const { state } = dev;
  frame.dev = dev;
  if (frame.packetType === PACKET_OTHERHOST && equalsMac(frame.bytes, frame.macHeader, dev.address)) {
    // Received by the device below in promiscuous mode, for an address that only this one has.
    frame.packetType = PACKET_HOST;
  }
  if ((state.flags & VLAN_FLAG_REORDER_HDR) === 0 && dev.rxHandler === null && !insertTag(frame)) {
    dropRx(frame, dev, "no-memory");
    return true;
  }
  frame.priority = state.ingress[vlanPriority(frame.vlanTci)] ?? 0;
  frame.vlanProtocol = 0;
  countRx(dev, frame.length);
  if (frame.packetType === PACKET_MULTICAST) count(dev, MULTICAST, 1);
  return false;
}

/** Puts the tag back into the link header, in front of the packet. */
function insertTag(frame: Frame): boolean {
  const packet = frame.start - frame.macHeader;
  frame.start = frame.macHeader;
  const isWritable = frame.pool.cowHead(frame, VLAN_TAG_SIZE);
  if (isWritable) {
    pushVlanTag(frame.bytes, frame.start, frame.vlanProtocol, frame.vlanTci);
    frame.macHeader -= VLAN_TAG_SIZE;
  }
  frame.start += packet;
  return isWritable;
}
