// vlan: a device for the frames of one VLAN of the device below it. What is sent on it leaves below with a tag, tagged
// frames received below are its own.
//
// Mirrors net/8021q/vlan_dev.c, vlan.c and vlan_netlink.c (v6.18). Omitted: GVRP and MVRP, whose flags are kept and shown
// but make no registration; a link header with the tag in it for taps on a device without VLAN_FLAG_REORDER_HDR that
// stands on one without VLAN offload; /proc/net/vlan and the ioctls of vconfig.

import { isValidEtherAddr } from "../../bytes/mac.ts";
import { devUcAdd, devUcDel, syncAddresses, unsyncAddresses } from "../../net/address-list.ts";
import { netifCarrierOff, netifCarrierOn } from "../../net/carrier.ts";
import { TX_DROPPED } from "../../net/counters.ts";
import { count, countTx } from "../../net/device.ts";
import { etherSetup } from "../../net/ethernet.ts";
import { stackedEthtool } from "../../net/ethtool.ts";
import * as features from "../../net/features.ts";
import { devSetAllmulti, devSetPromiscuity } from "../../net/flags.ts";
import { sendBelow } from "../../net/lower.ts";
import type { Device, DeviceOps, Frame, LinkOps, Netns } from "../../net/netdevice.ts";
import { queueUnregister } from "../../net/register.ts";
import { unlinkUpper } from "../../net/upper.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_ALLMULTI, IFF_MASTER, IFF_PROMISC, IFF_SLAVE, IFF_UP } from "../../uapi/if.ts";
import { ETH_MAX_MTU, ETH_P_8021AD } from "../../uapi/if_ether.ts";
import {
  VLAN_FLAG_BRIDGE_BINDING,
  VLAN_FLAG_LOOSE_BINDING,
  VLAN_FLAG_REORDER_HDR,
} from "../../uapi/if_vlan.ts";
import { NET_ADDR_STOLEN } from "../../uapi/netdevice.ts";
import { VLAN_TAG_SIZE } from "../../wire/vlan.ts";
import { deviceEvent, inheritAddress } from "./events.ts";
import type { VlanDevice } from "./group.ts";
import { VlanGroup, VlanState } from "./group.ts";
import { changeLink, fillInfo, newLink, validate, vlanPolicy } from "./netlink.ts";

const deviceOps: DeviceOps<VlanState> = {
  init,
  open,
  stop,
  startXmit,
  setMacAddress,
  changeMtu,
  changeRxFlags,
  setRxMode,
  fixFeatures,
  getIflink: (dev) => dev.state.lower?.ifindex ?? 0,
  ethtool: stackedEthtool(
    { driver: "802.1Q VLAN Support", version: "1.8", firmware: "N/A" },
    (dev) => dev.state.lower,
  ),
};

export const vlan: LinkOps<VlanState, typeof vlanPolicy> = {
  kind: "vlan",
  policy: vlanPolicy,
  device: deviceOps,
  createState: () => new VlanState(),
  setup,
  validate,
  newLink,
  changeLink,
  delLink,
  fillInfo,
  linkNetns,
  deviceEvent,
};

function setup(dev: VlanDevice): void {
  etherSetup(dev);
  dev.isQueueless = true;
  dev.hasUnicastFilter = true;
  dev.minMtu = 0;
  dev.maxMtu = ETH_MAX_MTU;
  dev.broadcast = 0;
}

/** Takes the device off the one below and queues it (unregister_vlan_dev). */
function delLink(dev: VlanDevice, doomed: Set<Device>): void {
  const { lower } = dev.state;
  if (lower?.vlans instanceof VlanGroup) {
    lower.vlans.delete(dev);
    if (lower.vlans.isEmpty) lower.vlans = null;
    unlinkUpper(lower, dev);
  }
  queueUnregister(dev, doomed);
}

function linkNetns(dev: VlanDevice): Netns {
  return dev.state.lower?.netns ?? dev.netns;
}

/** Takes over what the device below has: flags, carrier, address, sizes (vlan_dev_init). */
function init(dev: VlanDevice): void {
  const { lower, protocol, flags } = dev.state;
  if (lower === null) return;
  dev.flags = lower.flags & ~(IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_MASTER | IFF_SLAVE);
  dev.hasCarrier = lower.hasCarrier && (flags & VLAN_FLAG_BRIDGE_BINDING) === 0;
  dev.isDormant = lower.isDormant;
  dev.hwFeatures =
    features.NETIF_F_HW_CSUM |
    features.NETIF_F_SG |
    features.NETIF_F_FRAGLIST |
    features.NETIF_F_GSO_SOFTWARE |
    features.NETIF_F_GSO_ENCAP_ALL |
    features.NETIF_F_HIGHDMA |
    features.NETIF_F_SCTP_CRC;
  dev.features |= dev.hwFeatures;
  dev.vlanFeatures = lower.vlanFeatures;
  dev.tsoMaxSize = lower.tsoMaxSize;
  dev.tsoMaxSegments = lower.tsoMaxSegments;
  if (dev.address === 0) {
    dev.address = lower.address;
    dev.addressAssign = NET_ADDR_STOLEN;
  }
  if (dev.broadcast === 0) dev.broadcast = lower.broadcast;
  dev.neededHeadroom = lower.neededHeadroom;
  dev.hardHeaderLength = lower.hardHeaderLength + (takesTags(lower, protocol) ? 0 : VLAN_TAG_SIZE);
}

function takesTags({ features: has }: Device, protocol: number): boolean {
  const tag = protocol === ETH_P_8021AD ? features.NETIF_F_HW_VLAN_STAG_TX : features.NETIF_F_HW_VLAN_CTAG_TX;
  return (has & tag) !== 0n;
}

/** ENETDOWN while the device below is down, unless the binding is loose. */
function open(dev: VlanDevice): void {
  const { lower, flags } = dev.state;
  if (lower === null) return;
  if ((lower.flags & IFF_UP) === 0 && (flags & VLAN_FLAG_LOOSE_BINDING) === 0)
    throw new NetlinkError("ENETDOWN");
  if (dev.address !== lower.address && !inheritAddress(dev, lower)) devUcAdd(lower, dev.address);
  if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(lower, 1);
  if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(lower, 1);
  dev.state.lowerAddress = lower.address;
  if (lower.hasCarrier && (flags & VLAN_FLAG_BRIDGE_BINDING) === 0) netifCarrierOn(dev);
}

function stop(dev: VlanDevice): void {
  const { lower, flags } = dev.state;
  if (lower === null) return;
  unsyncAddresses(lower, dev);
  if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(lower, -1);
  if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(lower, -1);
  if (dev.address !== lower.address) devUcDel(lower, dev.address);
  if ((flags & VLAN_FLAG_BRIDGE_BINDING) === 0) netifCarrierOff(dev);
}

/** Sends the frame below with the tag beside it; one that has the tag in its bytes goes as it is without REORDER_HDR. */
function startXmit(frame: Frame, dev: VlanDevice): void {
  const { lower, flags, protocol, id, egress } = dev.state;
  const { length } = frame;
  if (lower === null) return frame.pool.free(frame);
  const at = frame.start + 12;
  const type = ((frame.bytes[at] ?? 0) << 8) | (frame.bytes[at + 1] ?? 0);
  if ((flags & VLAN_FLAG_REORDER_HDR) !== 0 || type !== protocol) {
    frame.vlanProtocol = protocol;
    frame.vlanTci = id | (egress.size === 0 ? 0 : (egress.get(frame.priority) ?? 0) << 13);
  }
  if (!sendBelow(frame, lower)) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
}

function setMacAddress(dev: VlanDevice, address: number): void {
  const { lower } = dev.state;
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  if (lower !== null && (dev.flags & IFF_UP) !== 0) {
    if (address !== lower.address) devUcAdd(lower, address);
    if (dev.address !== lower.address) devUcDel(lower, dev.address);
  }
  dev.address = address;
}

function changeMtu({ state }: VlanDevice, mtu: number): void {
  if (state.lower !== null && mtu > state.lower.mtu) throw new NetlinkError("ERANGE");
}

function changeRxFlags(dev: VlanDevice, changed: number): void {
  const { lower } = dev.state;
  if (lower === null || (dev.flags & IFF_UP) === 0) return;
  if ((changed & IFF_ALLMULTI) !== 0) devSetAllmulti(lower, (dev.flags & IFF_ALLMULTI) !== 0 ? 1 : -1);
  if ((changed & IFF_PROMISC) !== 0) devSetPromiscuity(lower, (dev.flags & IFF_PROMISC) !== 0 ? 1 : -1);
}

function setRxMode(dev: VlanDevice): void {
  if (dev.state.lower !== null) syncAddresses(dev.state.lower, dev);
}

/** No more than the device below does for its VLANs (vlan_dev_fix_features). */
function fixFeatures(dev: VlanDevice, wanted: bigint): bigint {
  const { lower } = dev.state;
  if (lower === null) return wanted;
  let below = features.intersectFeatures(lower.vlanFeatures | features.NETIF_F_RXCSUM, lower.features);
  if ((below & (features.NETIF_F_IP_CSUM | features.NETIF_F_IPV6_CSUM)) !== 0n) {
    below |= features.NETIF_F_HW_CSUM;
  }
  const kept = features.NETIF_F_GSO | features.NETIF_F_GRO | features.NETIF_F_GSO_SOFTWARE;
  return features.intersectFeatures(wanted, below) | (wanted & kept);
}
