// Changes of one number of a device at a time, each with its checks and its event.
//
// Mirrors net/core/dev.c (__dev_set_mtu, dev_set_mac_address, dev_change_carrier, dev_change_tx_queue_len,
// dev_set_alias, dev_change_proto_down) with their errno and texts.

import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { IFALIASZ } from "../uapi/if.ts";
import { NET_ADDR_SET } from "../uapi/netdevice.ts";
import { notify } from "./device.ts";
import type { Device } from "./netdevice.ts";

/** Sets the MTU (netif_set_mtu_ext): EINVAL outside the device's bounds, with the kernel's texts. */
export function devSetMtu(dev: Device, mtu: number): void {
  if (mtu === dev.mtu) return;
  checkMtu(dev, mtu);
  dev.ops.changeMtu?.(dev, mtu);
  dev.mtu = mtu;
  notify("change-mtu", dev);
}

/** Refuses an MTU outside the device's bounds (dev_validate_mtu); a maximum of 0 means none. */
export function checkMtu(dev: Device, mtu: number): void {
  // The MTU is a signed int where the kernel compares it first.
  if (mtu < dev.minMtu || mtu > 0x7fffffff) throw invalid("mtu less than device minimum");
  if (dev.maxMtu > 0 && mtu > dev.maxMtu) throw invalid("mtu greater than device maximum");
}

/** Sets the hardware address (netif_set_mac_address): EOPNOTSUPP without ndo_set_mac_address, else what that throws. */
export function devSetMacAddress(dev: Device, address: number): void {
  if (dev.ops.setMacAddress === undefined) throw new NetlinkError("EOPNOTSUPP");
  if (dev.address !== address) dev.ops.setMacAddress(dev, address);
  dev.addressAssign = NET_ADDR_SET;
  notify("change-address", dev);
}

/** Sets the carrier by hand (netif_change_carrier): EOPNOTSUPP where the wire decides. */
export function devChangeCarrier(dev: Device, hasCarrier: boolean): void {
  if (dev.ops.changeCarrier === undefined) throw new NetlinkError("EOPNOTSUPP");
  dev.ops.changeCarrier(dev, hasCarrier);
}

/** Sets the length of the transmit queue in packets (netif_change_tx_queue_len). */
export function devChangeTxQueueLength(dev: Device, length: number): void {
  if (dev.txQueueLength === length) return;
  dev.txQueueLength = length;
  dev.qdisc?.ops.changeTxQueueLength?.(dev.qdisc);
  notify("change-tx-queue-length", dev);
}

/** Largest GSO or GRO frame that every protocol understands (GSO_LEGACY_MAX_SIZE, GRO_LEGACY_MAX_SIZE). */
const legacyMaxSize = 65_536;

/** Sets the largest GSO frame in bytes; up to 64 KiB for IPv4 as well (netif_set_gso_max_size). */
export function devSetGsoMaxSize(dev: Device, size: number): void {
  dev.gsoMaxSize = size;
  if (size <= legacyMaxSize) dev.gsoIpv4MaxSize = size;
}

/** Sets the largest GRO frame in bytes; up to 64 KiB for IPv4 as well (netif_set_gro_max_size). */
export function devSetGroMaxSize(dev: Device, size: number): void {
  dev.groMaxSize = size;
  if (size <= legacyMaxSize) dev.groIpv4MaxSize = size;
}

/** Sets the alias, removes it when empty (dev_set_alias): EINVAL from 256 bytes on. */
export function devSetAlias(dev: Device, alias: string, length: number): void {
  if (length >= IFALIASZ) throw new NetlinkError("EINVAL");
  dev.alias = alias;
}

/** Keeps the device down or lets it go, where a kind supports that (netif_change_proto_down). */
export function devChangeProtoDown(dev: Device, protoDown: boolean): void {
  if (dev.ops.changeProtoDown === undefined) throw notSupported("Protodown not supported by device");
  dev.ops.changeProtoDown(dev, protoDown);
  dev.protoDown = protoDown;
}
