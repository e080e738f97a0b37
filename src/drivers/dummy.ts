// dummy: a device with nobody behind it. What is sent on it is counted and gone; addresses and routes can be put on it.
// It is also the skeleton to copy: every part of a kind is here or named.
//
// Mirrors drivers/net/dummy.c (v6.18). Omitted: virtual functions.

import { netifCarrierOff, netifCarrierOn } from "../net/carrier.ts";
import { countTx } from "../net/device.ts";
import { etherRandomAddress, etherSetMacAddress, etherSetup, validateEtherAddress } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceOps, Frame, LinkOps } from "../net/netdevice.ts";
import { IFF_MULTICAST, IFF_NOARP } from "../uapi/if.ts";

// A kind with IFLA_INFO_DATA declares its policy here: `const dummyPolicy = policy(…)`.

const deviceOps: DeviceOps<null> = {
  startXmit,
  setMacAddress: etherSetMacAddress,
  changeCarrier,
  ethtool: { stampsSent: () => true },
};

/** Optional in a kind's table: policy, peerType, newLink, changeLink, delLink, fillInfo, linkNetns (net/netdevice.ts). */
export const dummy: LinkOps<null> = {
  kind: "dummy",
  device: deviceOps,
  createState: () => null,
  setup,
  validate,
};

/** A kind that keeps something with its devices declares it here, each field with its unit and owner. */
function setup(dev: Device<null>): void {
  etherSetup(dev);
  dev.flags = (dev.flags | IFF_NOARP) & ~IFF_MULTICAST;
  dev.minMtu = 0;
  dev.maxMtu = 0;
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.features =
    features.NETIF_F_SG |
    features.NETIF_F_FRAGLIST |
    features.NETIF_F_GSO_SOFTWARE |
    features.NETIF_F_HW_CSUM |
    features.NETIF_F_HIGHDMA |
    features.NETIF_F_GSO_ENCAP_ALL;
  dev.hwFeatures = dev.features;
  etherRandomAddress(dev);
}

function validate(attrs: LinkAttributes): void {
  validateEtherAddress(attrs.address);
}

/** Counts the frame and lets it go (dummy_xmit): it was sent, as far as the sender can tell. */
function startXmit(frame: Frame, dev: Device<null>): void {
  countTx(dev, frame.length);
  frame.pool.free(frame);
}

function changeCarrier(dev: Device<null>, hasCarrier: boolean): void {
  if (hasCarrier) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}
