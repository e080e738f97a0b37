// tun: a TAP, an Ethernet device whose wire ends in whoever holds it: a virtual machine, another program, the caller's code.
// What is sent on the device the holder is handed; what the holder hands in the device receives.
//
// Mirrors drivers/net/tun.c (v6.18: tun_set_iff, tun_net_xmit, tun_get_user, tun_fill_info) and <linux/if_link.h> (IFLA_TUN_*).
// Omitted: TUN devices, which have no Ethernet header; several queues; a header before each frame (IFF_VNET_HDR), so that
// what leaves is cut to the MTU and has its checksum; filters; a level of messages (ethtool); the ring, in whose place the
// holder says whether it has room.

import { netifCarrierOff, netifCarrierOn } from "../net/carrier.ts";
import { checkMtu } from "../net/change.ts";
import { RX_DROPPED, RX_FRAME_ERRORS } from "../net/counters.ts";
import { count, countRx, countTx } from "../net/device.ts";
import { etherRandomAddress, etherSetMacAddress, etherSetup, ethTypeTrans } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { dropTx, frameFrom } from "../net/frame.ts";
import type { DeviceOps, Frame, LinkOps, Netns } from "../net/netdevice.ts";
import { Device } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import { freeDevice, registerDevice } from "../net/register.ts";
import { pushTag } from "../net/transmit.ts";
import { NetlinkError, notSupported } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { AUTONEG_DISABLE, DUPLEX_FULL, PORT_TP, SPEED_10000 } from "../uapi/ethtool.ts";
import { IFF_UP } from "../uapi/if.ts";
import { ETH_HLEN, ETH_MAX_MTU } from "../uapi/if_ether.ts";
import * as link from "../uapi/if_link.ts";
import { IFF_TAP } from "../uapi/if_tun.ts";
import { NET_ADDR_SET, NET_NAME_USER } from "../uapi/netdevice.ts";

/** TUN_READQ_SIZE, and the largest MTU: MAX_TAP_MTU. */
const queueLength = 1_000;
const largestMtu = ETH_MAX_MTU - ETH_HLEN;
/** The largest frame: 64 KiB of packet behind a header and a tag. */
const largestFrame = ETH_MAX_MTU + ETH_HLEN + 4;

/** What a holder could take over from the kernel, and this one does not (TUN_USER_FEATURES). */
const userFeatures =
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_TSO |
  features.NETIF_F_TSO_ECN |
  features.NETIF_F_TSO6 |
  features.NETIF_F_GSO_UDP_L4 |
  features.NETIF_F_GSO_UDP_TUNNEL |
  features.NETIF_F_GSO_UDP_TUNNEL_CSUM;
const tagFeatures = features.NETIF_F_HW_VLAN_CTAG_TX | features.NETIF_F_HW_VLAN_STAG_TX;
const tapFeatures = features.NETIF_F_SG | features.NETIF_F_FRAGLIST | userFeatures | tagFeatures;

/** Who holds a TAP. */
export interface TapHolder {
  /**
   * Takes what the device sends: the bytes from `start` to `end`, valid during the call only. False when it has no room, and the
   * frame is dropped and counted as such.
   */
  take(bytes: Uint8Array, start: number, end: number): boolean;
  /** The device is gone. */
  released(): void;
}

interface TunState {
  holder: TapHolder | null;
}

const deviceOps: DeviceOps<TunState> = {
  uninit: release,
  startXmit,
  setMacAddress: etherSetMacAddress,
  fixFeatures: (_dev, wanted) => wanted & ~userFeatures,
  changeCarrier,
  ethtool: {
    driverInfo: () => ({ driver: "tun", version: "1.6", bus: "tap" }),
    hasLink: (dev) => dev.hasCarrier,
    linkSettings: () => ({
      speed: SPEED_10000,
      duplex: DUPLEX_FULL,
      port: PORT_TP,
      autoneg: AUTONEG_DISABLE,
    }),
    stampsSent: () => true,
  },
};

export const tun: LinkOps<TunState> = {
  kind: "tun",
  device: deviceOps,
  createState: () => ({ holder: null }),
  setup,
  validate: () => {
    throw notSupported("tun/tap creation via rtnetlink is not supported.");
  },
  fillInfo,
};

/** A device of this kind. */
export type TapDevice = Device<TunState>;

/** What a TAP is to be. */
export interface NewTap {
  /** A name, or a template with `%d`. */
  readonly name: string;
  readonly mtu?: number | undefined;
  /** As a number; a random one by default. */
  readonly address?: number | undefined;
}

/**
 * Makes a TAP that `holder` holds, down and without carrier (tun_set_iff): EEXIST for a taken name, EINVAL for one that cannot be and
 * for an MTU out of bounds.
 */
export function makeTap(netns: Netns, holder: TapHolder, { name, mtu, address }: NewTap): TapDevice {
  const dev: TapDevice = new Device<TunState>(name, netns, tun, deviceOps, () => ({ holder: null }));
  try {
    setup(dev);
    dev.nameAssign = NET_NAME_USER;
    if (address !== undefined) {
      dev.address = address;
      dev.addressAssign = NET_ADDR_SET;
    }
    if (mtu !== undefined) {
      checkMtu(dev, mtu);
      dev.mtu = mtu;
    }
    dev.isAnnounced = true;
    dev.hasCarrier = false;
    registerDevice(dev);
  } catch (error) {
    freeDevice(dev);
    throw error;
  }
  dev.state.holder = holder;
  return dev;
}

function setup(dev: TapDevice): void {
  etherSetup(dev);
  dev.txQueueLength = queueLength;
  dev.maxMtu = largestMtu;
  dev.isLiveAddressChange = true;
  dev.features = tapFeatures;
  dev.hwFeatures = tapFeatures;
  dev.vlanFeatures = tapFeatures & ~tagFeatures;
  etherRandomAddress(dev);
}

/** Connects the wire, or not (TUNSETCARRIER). */
export function setTapCarrier(dev: TapDevice, hasCarrier: boolean): void {
  if (hasCarrier) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}

/** Without a holder there is nothing to connect (tun_net_change_carrier). */
function changeCarrier(dev: TapDevice, hasCarrier: boolean): void {
  if (hasCarrier && dev.state.holder === null) throw new NetlinkError("EPERM");
  setTapCarrier(dev, hasCarrier);
}

/** A device that goes away lets go of its holder (tun_net_uninit). */
function release({ state }: TapDevice): void {
  const { holder } = state;
  state.holder = null;
  holder?.released();
}

/** tun_fill_info */
function fillInfo({ state }: TapDevice, writer: MessageWriter): void {
  writer.u8(link.IFLA_TUN_TYPE, IFF_TAP);
  writer.u8(link.IFLA_TUN_PI, 0);
  writer.u8(link.IFLA_TUN_VNET_HDR, 0);
  writer.u8(link.IFLA_TUN_PERSIST, state.holder === null ? 1 : 0);
  writer.u8(link.IFLA_TUN_MULTI_QUEUE, 0);
}

/** Hands the frame to the holder (tun_net_xmit). */
function startXmit(frame: Frame, dev: TapDevice): void {
  const { holder } = dev.state;
  if (holder === null) return dropTx(frame, dev, "no-peer");
  // The tag stood beside the bytes so far; outside it stands in them.
  if (frame.vlanProtocol !== 0 && !pushTag(frame)) return dropTx(frame, dev, "no-memory");
  const { bytes, start, end } = frame;
  if (!holder.take(bytes, start, end)) return dropTx(frame, dev, "full-ring");
  countTx(dev, end - start);
  frame.pool.free(frame);
}

/**
 * The device receives a frame that its holder hands in, a copy of `bytes` (tun_get_user). False when it does not: it is down, the
 * frame is shorter than its header or larger than any can be (counted as a frame error), memory is short or the backlog
 * is full (counted as dropped).
 */
export function receiveFromTap(dev: TapDevice, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if ((dev.flags & IFF_UP) === 0) return false;
  if (length < ETH_HLEN || length > largestFrame) {
    count(dev, RX_FRAME_ERRORS, 1);
    return false;
  }
  const frame = frameFrom(dev.machine.frames, bytes, start, end);
  if (frame === null) {
    count(dev, RX_DROPPED, 1);
    return false;
  }
  ethTypeTrans(frame, dev);
  countRx(dev, length);
  return netifRx(frame, dev);
}
