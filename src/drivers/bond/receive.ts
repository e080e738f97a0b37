// What a slave receives is the bond's.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_handle_frame, bond_should_deliver_exact_match).

import { readMac, writeMac } from "../../bytes/mac.ts";
import { RX_NOHANDLER } from "../../net/counters.ts";
import { count, countRx } from "../../net/device.ts";
import { dropRx } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ETH_HLEN, ETH_P_ARP } from "../../uapi/if_ether.ts";
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST } from "../../uapi/if_packet.ts";
import { hearArp } from "./balance/rlb.ts";
import { receiveSlow } from "./lacp/receive.ts";
import { hearProbe } from "./probe.ts";
import { isBond, Slave } from "./state.ts";

/** The reserved groups 01:80:c2:00:00:0X, which stay on their link. */
const firstReserved = 0x0180_c200_0000;

/**
 * An RxHandler: the frame goes on as one of the bond. What an inactive slave hears is for those who listen at the slave
 * itself, and of the protocols of the link alone.
 */
export function handleFrame(frame: Frame, port: Device): boolean {
  const slave = port.port;
  const dev = port.master;
  if (!(slave instanceof Slave) || dev === null || !isBond(dev)) return false;
  if (slave.lacp !== null && receiveSlow(frame, slave)) return true;
  if (dev.state.params.arpInterval !== 0) hearProbe(frame, dev, slave);
  const { isAlb, balance } = dev.state;
  if (isAlb && balance !== null && frame.protocol === ETH_P_ARP) hearArp(frame, balance);
  // Each slave of balance-alb has an address that clients send to; what is for all comes by each, and counts once.
  const isOwn = isAlb && frame.packetType !== PACKET_BROADCAST && frame.packetType !== PACKET_MULTICAST;
  if (slave.isInactive && !isOwn) {
    if (isLinkLocal(frame)) return false;
    count(port, RX_NOHANDLER, 1);
    frame.pool.free(frame);
    return true;
  }
  countRx(dev, frame.length + ETH_HLEN);
  frame.dev = dev;
  if (isAlb && frame.packetType === PACKET_HOST && dev.master?.linkOps?.kind === "bridge") {
    if (!frame.pool.writable(frame)) {
      dropRx(frame, dev, "no-memory");
      return true;
    }
    writeMac(frame.bytes, frame.macHeader, dev.address);
  }
  return false;
}

function isLinkLocal(frame: Frame): boolean {
  const destination = readMac(frame.bytes, frame.macHeader);
  return destination >= firstReserved && destination < firstReserved + 16;
}
