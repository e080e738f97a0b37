// macvlan: a device with an address of its own on top of another one, which hands it the frames for that address. Its mode
// says whether macvlans of one device reach each other: bridge at once, vepa by the switch outside, private not at all;
// passthru takes the whole device over, source takes what comes from certain addresses.
//
// Mirrors drivers/net/macvlan.c (v6.18). Omitted: reassembly of multicast fragments before they are spread (every macvlan
// does that by itself); the work queue that spreads multicast frames, whose length is kept and shown (here the backlogs
// of the receivers bound it); offloads of hardware.

import { isValidEtherAddr } from "../../bytes/mac.ts";
import { devUcAdd, devUcDel, syncAddresses, unsyncAddresses } from "../../net/address-list.ts";
import { carrierProtoDown } from "../../net/carrier.ts";
import { devSetMacAddress } from "../../net/change.ts";
import { etherSetup } from "../../net/ethernet.ts";
import { stackedEthtool } from "../../net/ethtool.ts";
import * as features from "../../net/features.ts";
import { devSetAllmulti, devSetPromiscuity } from "../../net/flags.ts";
import type { Device, DeviceOps, LinkOps, Netns } from "../../net/netdevice.ts";
import { queueUnregister } from "../../net/register.ts";
import { unlinkUpper } from "../../net/upper.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_ALLMULTI, IFF_PROMISC, IFF_UP } from "../../uapi/if.ts";
import { ETH_MAX_MTU } from "../../uapi/if_ether.ts";
import { MACVLAN_FLAG_NOPROMISC, MACVLAN_MODE_PASSTHRU, MACVLAN_MODE_SOURCE } from "../../uapi/if_link.ts";
import { deviceEvent } from "./events.ts";
import { changeLink, fillInfo, macvlanPolicy, newLink, releasePort, validate } from "./netlink.ts";
import type { Macvlan, MacvlanPort } from "./port.ts";
import { MacvlanState } from "./port.ts";
import { startXmit } from "./transmit.ts";

const deviceOps: DeviceOps<MacvlanState> = {
  init,
  uninit,
  open,
  stop,
  startXmit,
  setMacAddress,
  changeMtu,
  changeRxFlags,
  setRxMode,
  fixFeatures,
  changeProtoDown: carrierProtoDown,
  getIflink: (dev) => dev.state.port?.lower.ifindex ?? 0,
  ethtool: stackedEthtool({ driver: "macvlan", version: "0.1" }, (dev) => dev.state.port?.lower ?? null),
};

export const macvlan: LinkOps<MacvlanState, typeof macvlanPolicy> = {
  kind: "macvlan",
  policy: macvlanPolicy,
  device: deviceOps,
  createState: () => new MacvlanState(),
  setup,
  validate,
  newLink,
  changeLink,
  delLink,
  fillInfo,
  linkNetns,
  deviceEvent,
};

/** What a macvlan takes over from the device below (MACVLAN_FEATURES), and what it always has (ALWAYS_ON_FEATURES). */
const inherited =
  features.NETIF_F_SG |
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_HIGHDMA |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_GSO |
  features.NETIF_F_TSO |
  features.NETIF_F_LRO |
  features.NETIF_F_TSO_ECN |
  features.NETIF_F_TSO6 |
  features.NETIF_F_GRO |
  features.NETIF_F_RXCSUM |
  features.NETIF_F_HW_VLAN_CTAG_FILTER;
const alwaysOn =
  features.NETIF_F_SG |
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_GSO_SOFTWARE |
  features.NETIF_F_GSO_ENCAP_ALL |
  features.NETIF_F_GSO_ROBUST;

function setup(dev: Macvlan): void {
  etherSetup(dev);
  dev.maxMtu = ETH_MAX_MTU;
  dev.hasUnicastFilter = true;
  dev.isQueueless = true;
}

function delLink(dev: Macvlan, doomed: Set<Device>): void {
  const { port, mode } = dev.state;
  if (port !== null) {
    if (mode === MACVLAN_MODE_SOURCE) port.flushSources(dev);
    const place = port.macvlans.indexOf(dev);
    if (place >= 0) port.macvlans.splice(place, 1);
    queueUnregister(dev, doomed);
    unlinkUpper(port.lower, dev);
  } else queueUnregister(dev, doomed);
}

function linkNetns(dev: Macvlan): Netns {
  return dev.state.port?.lower.netns ?? dev.netns;
}

/** Holds the port, and takes over the carrier, features and sizes of the device below (macvlan_init). */
function init(dev: Macvlan): void {
  const { port } = dev.state;
  if (port === null) return;
  const { lower } = port;
  port.count++;
  dev.hasCarrier = lower.hasCarrier;
  dev.isDormant = lower.isDormant;
  dev.features = (lower.features & inherited) | alwaysOn;
  dev.hwFeatures |= features.NETIF_F_LRO;
  dev.vlanFeatures = (lower.vlanFeatures & inherited) | alwaysOn;
  dev.tsoMaxSize = lower.tsoMaxSize;
  dev.tsoMaxSegments = lower.tsoMaxSegments;
  dev.hardHeaderLength = lower.hardHeaderLength;
}

function uninit(dev: Macvlan): void {
  const { port } = dev.state;
  if (port === null) return;
  port.flushSources(dev);
  releasePort(port);
}

/** EADDRINUSE when the device below, or a macvlan on it that is up, has the address. */
function open(dev: Macvlan): void {
  const { port, flags } = dev.state;
  if (port === null) return;
  const { lower } = port;
  if (port.isPassthru) {
    if ((flags & MACVLAN_FLAG_NOPROMISC) === 0) devSetPromiscuity(lower, 1);
  } else {
    if (port.isBusy(dev.address)) throw new NetlinkError("EADDRINUSE");
    devUcAdd(lower, dev.address);
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(lower, 1);
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(lower, 1);
  }
  port.byAddress.set(dev.address, dev);
}

function stop(dev: Macvlan): void {
  const { port, flags } = dev.state;
  if (port === null) return;
  const { lower } = port;
  unsyncAddresses(lower, dev);
  if (port.isPassthru) {
    if ((flags & MACVLAN_FLAG_NOPROMISC) === 0) devSetPromiscuity(lower, -1);
  } else {
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(lower, -1);
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(lower, -1);
    devUcDel(lower, dev.address);
  }
  port.byAddress.delete(dev.address);
}

/** In the mode "passthru" the device below gets the address, and this one follows (macvlan_set_mac_address). */
function setMacAddress(dev: Macvlan, address: number): void {
  const { port, mode } = dev.state;
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  if (port === null || address === dev.address) return;
  if (mode === MACVLAN_MODE_PASSTHRU) return passAddress(port, address);
  if (port.isBusy(address)) throw new NetlinkError("EADDRINUSE");
  syncAddress(dev, address);
}

/** Gives the device below an address, which the macvlan then has. */
function passAddress(port: MacvlanPort, address: number): void {
  port.isAddressPassed = true;
  try {
    devSetMacAddress(port.lower, address);
  } finally {
    port.isAddressPassed = false;
  }
}

/** Gives the device an address, if nobody there has it: EADDRINUSE (macvlan_sync_address). */
function syncAddress(dev: Macvlan, address: number): void {
  const { port } = dev.state;
  if (port !== null && (dev.flags & IFF_UP) !== 0) {
    if (port.byAddress.has(address) || (!port.isPassthru && port.lower.address === address)) {
      throw new NetlinkError("EADDRINUSE");
    }
    if (!port.isPassthru) {
      devUcAdd(port.lower, address);
      devUcDel(port.lower, dev.address);
    }
    port.byAddress.delete(dev.address);
    port.byAddress.set(address, dev);
  }
  dev.address = address;
}

function changeMtu({ state }: Macvlan, mtu: number): void {
  if (state.port !== null && state.port.lower.mtu < mtu) throw new NetlinkError("EINVAL");
}

function changeRxFlags(dev: Macvlan, changed: number): void {
  const { port } = dev.state;
  if (port === null || (dev.flags & IFF_UP) === 0) return;
  if ((changed & IFF_ALLMULTI) !== 0) devSetAllmulti(port.lower, (dev.flags & IFF_ALLMULTI) !== 0 ? 1 : -1);
  if (!port.isPassthru && (changed & IFF_PROMISC) !== 0) {
    devSetPromiscuity(port.lower, (dev.flags & IFF_PROMISC) !== 0 ? 1 : -1);
  }
}

function setRxMode(dev: Macvlan): void {
  const { port } = dev.state;
  dev.state.isAllMulticast = (dev.flags & (IFF_PROMISC | IFF_ALLMULTI)) !== 0;
  if (port !== null) syncAddresses(port.lower, dev);
}

/** No more than the device below has, but for what software does (macvlan_fix_features). */
function fixFeatures(dev: Macvlan, wanted: bigint): bigint {
  const lower = dev.state.port?.lower;
  if (lower === undefined) return wanted;
  const below = lower.features & (wanted | ~features.NETIF_F_LRO);
  return (wanted & (below | ~inherited)) | alwaysOn;
}
