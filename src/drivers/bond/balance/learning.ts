// Frames to nobody, from an address to itself, by which switches learn where that address is.
//
// Mirrors drivers/net/bonding/bond_alb.c (alb_send_learning_packets, alb_upper_dev_walk, alb_send_lp_vid). Differs: for VLAN
// devices in one another the outer tag alone is sent.

import { ethHeader } from "../../../net/ethernet.ts";
import type { Device } from "../../../net/netdevice.ts";
import { devQueueXmit } from "../../../net/transmit.ts";
import { ETH_HLEN, ETH_P_LOOPBACK, ETH_ZLEN } from "../../../uapi/if_ether.ts";
import { NET_ADDR_STOLEN } from "../../../uapi/netdevice.ts";
import { VLAN_TAG_SIZE } from "../../../wire/vlan.ts";
import { MacvlanState } from "../../macvlan/port.ts";
import { VlanState } from "../../vlan/group.ts";
import type { Bond, Slave } from "../state.ts";

/** The priority of control traffic (TC_PRIO_CONTROL). */
const controlPriority = 7;

/**
 * Sends one by a slave, untagged and in each VLAN of the bond. A VLAN device of an address of its own, and a macvlan unless
 * `isStrict`, is learned by that.
 */
export function sendLearning(dev: Bond, slave: Slave, address: number, isStrict: boolean): void {
  send(slave.dev, address, 0, 0);
  for (const upper of dev.uppers ?? []) {
    const { state } = upper;
    if (state instanceof VlanState) {
      const own = upper.addressAssign === NET_ADDR_STOLEN ? address : upper.address;
      send(slave.dev, own, state.protocol, state.id);
    } else if (state instanceof MacvlanState && !isStrict) send(slave.dev, upper.address, 0, 0);
  }
}

function send(port: Device, address: number, vlanProtocol: number, vlanTci: number): void {
  const size = ETH_ZLEN - ETH_HLEN;
  const frame = port.machine.frames.alloc(size, ETH_HLEN + VLAN_TAG_SIZE);
  if (frame === null) return;
  frame.bytes.fill(0, frame.start, frame.start + size);
  frame.end = frame.start + size;
  frame.networkHeader = frame.start;
  frame.dev = port;
  frame.priority = controlPriority;
  ethHeader(frame, ETH_P_LOOPBACK, address, address);
  frame.vlanProtocol = vlanProtocol;
  frame.vlanTci = vlanTci;
  devQueueXmit(frame);
}
