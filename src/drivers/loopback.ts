// loopback: the device `lo` that every namespace has from the start. What is sent on it comes back in.
//
// Mirrors drivers/net/loopback.c (v6.18). Omitted: the blackhole device.

import { TX_DROPPED } from "../net/counters.ts";
import { count, countRx, countTx } from "../net/device.ts";
import { etherSetMacAddress, ethTypeTrans } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import type { DeviceOps, Frame, Netns } from "../net/netdevice.ts";
import { Device } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import { registerDevice } from "../net/register.ts";
import { IFF_LOOPBACK } from "../uapi/if.ts";
import { ARPHRD_LOOPBACK } from "../uapi/if_arp.ts";
import { ETH_ALEN, ETH_HLEN } from "../uapi/if_ether.ts";
import { NET_NAME_PREDICTABLE } from "../uapi/netdevice.ts";

const mtu = 64 * 1024;
const txQueueLength = 1_000;

const deviceOps: DeviceOps<null> = {
  startXmit,
  setMacAddress: etherSetMacAddress,
  ethtool: { hasLink: () => true, stampsSent: () => true },
};

/** Puts `lo` into a new namespace (loopback_net_init). No kind made it, so no request can delete it. */
export function addLoopback(netns: Netns): void {
  const dev = new Device<null>("lo", netns, null, deviceOps, () => null);
  dev.nameAssign = NET_NAME_PREDICTABLE;
  dev.type = ARPHRD_LOOPBACK;
  dev.flags = IFF_LOOPBACK;
  dev.mtu = mtu;
  dev.hardHeaderLength = ETH_HLEN;
  dev.addressLength = ETH_ALEN;
  dev.txQueueLength = txQueueLength;
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.isNetnsImmutable = true;
  dev.hwFeatures = features.NETIF_F_GSO_SOFTWARE;
  dev.features =
    features.NETIF_F_SG |
    features.NETIF_F_FRAGLIST |
    features.NETIF_F_GSO_SOFTWARE |
    features.NETIF_F_HW_CSUM |
    features.NETIF_F_RXCSUM |
    features.NETIF_F_SCTP_CRC |
    features.NETIF_F_HIGHDMA |
    features.NETIF_F_VLAN_CHALLENGED |
    features.NETIF_F_LOOPBACK;
  dev.tsoMaxSize = 8 * 65_535;
  registerDevice(dev);
  netns.loopback = dev;
}

/** Sends the frame back up (loopback_xmit): both directions count, the checksum need not be made. */
function startXmit(frame: Frame, dev: Device<null>): void {
  const length = frame.end - frame.start;
  ethTypeTrans(frame, dev);
  if (!netifRx(frame, dev)) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
  countRx(dev, length);
}
