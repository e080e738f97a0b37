// What a device can be spared: feature bits, which of them a user may switch, and what follows from them for every frame.
//
// Mirrors include/linux/netdev_features.h (the numbers are those of the running kernel's ETH_SS_FEATURES strings) and
// net/core/dev.c (register_netdevice, netdev_fix_features, __netdev_update_features). Omitted: GSO_PARTIAL, XFRM, TLS.

import { IFF_LOOPBACK } from "../uapi/if.ts";
import { notify } from "./device.ts";
import type { Device } from "./netdevice.ts";

export const NETIF_F_SG = 1n << 0n;
export const NETIF_F_IP_CSUM = 1n << 1n;
export const NETIF_F_HW_CSUM = 1n << 3n;
export const NETIF_F_IPV6_CSUM = 1n << 4n;
export const NETIF_F_HIGHDMA = 1n << 5n;
export const NETIF_F_FRAGLIST = 1n << 6n;
export const NETIF_F_HW_VLAN_CTAG_TX = 1n << 7n;
export const NETIF_F_HW_VLAN_CTAG_RX = 1n << 8n;
export const NETIF_F_HW_VLAN_CTAG_FILTER = 1n << 9n;
export const NETIF_F_VLAN_CHALLENGED = 1n << 10n;
export const NETIF_F_GSO = 1n << 11n;
export const NETIF_F_GRO = 1n << 14n;
export const NETIF_F_LRO = 1n << 15n;
export const NETIF_F_TSO = 1n << 16n;
export const NETIF_F_GSO_ROBUST = 1n << 17n;
export const NETIF_F_TSO_ECN = 1n << 18n;
export const NETIF_F_TSO_MANGLEID = 1n << 19n;
export const NETIF_F_TSO6 = 1n << 20n;
export const NETIF_F_FSO = 1n << 21n;
export const NETIF_F_GSO_GRE = 1n << 22n;
export const NETIF_F_GSO_GRE_CSUM = 1n << 23n;
export const NETIF_F_GSO_IPXIP4 = 1n << 24n;
export const NETIF_F_GSO_IPXIP6 = 1n << 25n;
export const NETIF_F_GSO_UDP_TUNNEL = 1n << 26n;
export const NETIF_F_GSO_UDP_TUNNEL_CSUM = 1n << 27n;
export const NETIF_F_GSO_PARTIAL = 1n << 28n;
export const NETIF_F_GSO_TUNNEL_REMCSUM = 1n << 29n;
export const NETIF_F_GSO_SCTP = 1n << 30n;
export const NETIF_F_GSO_ESP = 1n << 31n;
export const NETIF_F_GSO_UDP_L4 = 1n << 33n;
export const NETIF_F_GSO_FRAGLIST = 1n << 34n;
export const NETIF_F_TSO_ACCECN = 1n << 35n;
export const NETIF_F_SCTP_CRC = 1n << 37n;
export const NETIF_F_NTUPLE = 1n << 38n;
export const NETIF_F_RXHASH = 1n << 39n;
export const NETIF_F_RXCSUM = 1n << 40n;
export const NETIF_F_NOCACHE_COPY = 1n << 41n;
export const NETIF_F_LOOPBACK = 1n << 42n;
export const NETIF_F_HW_VLAN_STAG_TX = 1n << 45n;
export const NETIF_F_HW_VLAN_STAG_RX = 1n << 46n;
export const NETIF_F_HW_TC = 1n << 49n;
export const NETIF_F_GRO_FRAGLIST = 1n << 57n;
export const NETIF_F_GRO_UDP_FWD = 1n << 59n;

/** Some way to have a checksum made (NETIF_F_CSUM_MASK). */
export const NETIF_F_CSUM_MASK = NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_HW_CSUM;
/** Large TCP segments; accurate ECN is not among them, and stays when they go (NETIF_F_ALL_TSO). */
export const NETIF_F_ALL_TSO = NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN | NETIF_F_TSO_MANGLEID;
/** Segments that software can make of large frames (NETIF_F_GSO_SOFTWARE). */
export const NETIF_F_GSO_SOFTWARE =
  NETIF_F_ALL_TSO | NETIF_F_TSO_ACCECN | NETIF_F_GSO_SCTP | NETIF_F_GSO_UDP_L4 | NETIF_F_GSO_FRAGLIST;
export const NETIF_F_GSO_ENCAP_ALL =
  NETIF_F_GSO_GRE |
  NETIF_F_GSO_GRE_CSUM |
  NETIF_F_GSO_IPXIP4 |
  NETIF_F_GSO_IPXIP6 |
  NETIF_F_GSO_UDP_TUNNEL |
  NETIF_F_GSO_UDP_TUNNEL_CSUM;
/** Bits 16 to 35: every kind of large frame (NETIF_F_GSO_MASK). */
export const NETIF_F_GSO_MASK = ((1n << 36n) - 1n) & ~((1n << 16n) - 1n) & ~(1n << 32n);

/** What every device has, whatever its driver says (NETIF_F_SOFT_FEATURES), and may be switched on (…_OFF). */
const softFeatures = NETIF_F_GSO | NETIF_F_GRO;
const softFeaturesOff = NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD;

/** The device takes frames whose checksum is yet to be made. */
export const OFFLOAD_CSUM = 1;
/** The device takes large TCP segments over IPv4, over IPv6, and UDP datagrams to be cut. */
export const OFFLOAD_TSO4 = 2;
export const OFFLOAD_TSO6 = 4;
export const OFFLOAD_UDP_L4 = 8;
/** The device takes 802.1Q, and 802.1ad, tags beside the bytes. */
export const OFFLOAD_VLAN_TX = 16;
export const OFFLOAD_VLAN_STAG_TX = 32;
/** A device that is spared nothing: frames reach its driver as they are. */
export const OFFLOAD_ALL = 63;

/** Gives a device that is being registered the features every device has (register_netdevice). */
export function initFeatures(dev: Device): void {
  dev.hwFeatures |= softFeatures | softFeaturesOff;
  dev.features |= softFeatures;
  dev.wantedFeatures = dev.features & dev.hwFeatures;
  if ((dev.flags & IFF_LOOPBACK) === 0) dev.hwFeatures |= NETIF_F_NOCACHE_COPY;
  if ((dev.hwFeatures & NETIF_F_TSO) !== 0n) dev.hwFeatures |= NETIF_F_TSO_MANGLEID;
  if ((dev.features & NETIF_F_TSO) !== 0n) dev.features |= NETIF_F_TSO_MANGLEID;
  dev.vlanFeatures |= NETIF_F_HIGHDMA;
  applyFeatures(dev, computeFeatures(dev));
}

/** What both sets allow: one that makes any checksum makes those of IPv4 and IPv6 too (netdev_intersect_features). */
export function intersectFeatures(one: bigint, other: bigint): bigint {
  const both = NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM;
  if (((one ^ other) & NETIF_F_HW_CSUM) === 0n) return one & other;
  return (one & NETIF_F_HW_CSUM) !== 0n ? (one | both) & other : one & (other | both);
}

/** Works out the features again after something they depend on changed, and tells everybody (netdev_update_features). */
export function updateFeatures(dev: Device): boolean {
  if (!recomputeFeatures(dev)) return false;
  if (dev.registration === "registered") notify("feat-change", dev);
  return true;
}

/** Works out the features again and tells nobody; true when they have changed (__netdev_update_features). */
export function recomputeFeatures(dev: Device): boolean {
  const features = computeFeatures(dev);
  if (features === dev.features) return false;
  dev.ops.setFeatures?.(dev, features);
  applyFeatures(dev, features);
  return true;
}

/** What the user wants where it can be switched, what the device has where not; then what cannot go together is taken out. */
function computeFeatures(dev: Device): bigint {
  const wanted = (dev.features & ~dev.hwFeatures) | dev.wantedFeatures;
  return fixFeatures(dev.ops.fixFeatures?.(dev, wanted) ?? wanted);
}

/** Takes out what does not work without something that is missing (netdev_fix_features). */
function fixFeatures(wanted: bigint): bigint {
  let features = wanted;
  const has = (mask: bigint): boolean => (features & mask) !== 0n;
  if (has(NETIF_F_HW_CSUM) && has(NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM)) {
    features &= ~(NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM);
  }
  const hasChecksums = has(NETIF_F_HW_CSUM) || (has(NETIF_F_IP_CSUM) && has(NETIF_F_IPV6_CSUM));
  if (has(NETIF_F_ALL_TSO) && !has(NETIF_F_SG)) features &= ~NETIF_F_ALL_TSO;
  if (has(NETIF_F_TSO) && !has(NETIF_F_HW_CSUM | NETIF_F_IP_CSUM)) {
    features &= ~(NETIF_F_TSO | NETIF_F_TSO_ECN | NETIF_F_TSO_MANGLEID);
  }
  if (has(NETIF_F_TSO6) && !has(NETIF_F_HW_CSUM | NETIF_F_IPV6_CSUM)) features &= ~NETIF_F_TSO6;
  if (has(NETIF_F_TSO_MANGLEID) && !has(NETIF_F_TSO)) features &= ~NETIF_F_TSO_MANGLEID;
  if ((features & NETIF_F_ALL_TSO) === NETIF_F_TSO_ECN) features &= ~NETIF_F_TSO_ECN;
  if (has(NETIF_F_GSO) && !has(NETIF_F_SG)) features &= ~NETIF_F_GSO;
  if (has(NETIF_F_GSO_UDP_L4) && !hasChecksums) features &= ~NETIF_F_GSO_UDP_L4;
  if (has(NETIF_F_GSO_PARTIAL) && !has(NETIF_F_GSO)) features &= ~NETIF_F_GSO_PARTIAL;
  if (!has(NETIF_F_RXCSUM)) features &= ~NETIF_F_LRO;
  return features;
}

/** Notes the features, and what they spare the hot path. */
function applyFeatures(dev: Device, features: bigint): void {
  dev.features = features;
  const bit = (mask: bigint, offload: number): number => ((features & mask) === 0n ? 0 : offload);
  dev.offloads =
    bit(NETIF_F_HW_CSUM, OFFLOAD_CSUM) |
    bit(NETIF_F_TSO, OFFLOAD_TSO4) |
    bit(NETIF_F_TSO6, OFFLOAD_TSO6) |
    bit(NETIF_F_GSO_UDP_L4, OFFLOAD_UDP_L4) |
    bit(NETIF_F_HW_VLAN_CTAG_TX, OFFLOAD_VLAN_TX) |
    bit(NETIF_F_HW_VLAN_STAG_TX, OFFLOAD_VLAN_STAG_TX);
}
