// What all Ethernet devices have in common: their numbers, and how a received frame is read.
//
// Mirrors net/ethernet/eth.c (ether_setup, eth_type_trans, eth_mac_addr, eth_validate_addr).

import { isValidEtherAddr, readMac } from "../bytes/mac.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IFF_BROADCAST, IFF_MULTICAST, IFF_UP } from "../uapi/if.ts";
import { ARPHRD_ETHER } from "../uapi/if_arp.ts";
import {
  ETH_ALEN,
  ETH_DATA_LEN,
  ETH_HLEN,
  ETH_MIN_MTU,
  ETH_P_802_2,
  ETH_P_802_3_MIN,
} from "../uapi/if_ether.ts";
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from "../uapi/if_packet.ts";
import { NET_ADDR_RANDOM } from "../uapi/netdevice.ts";
import type { Device, Frame } from "./netdevice.ts";
import { randomMac } from "./random.ts";

/** ff:ff:ff:ff:ff:ff */
const broadcastAddress = 0xffffffffffff;
/** DEFAULT_TX_QUEUE_LEN */
export const defaultTxQueueLength = 1_000;

/** Fills an Ethernet device's numbers in (ether_setup). */
export function etherSetup(dev: Device): void {
  dev.type = ARPHRD_ETHER;
  dev.hardHeaderLength = ETH_HLEN;
  dev.mtu = ETH_DATA_LEN;
  dev.minMtu = ETH_MIN_MTU;
  dev.maxMtu = ETH_DATA_LEN;
  dev.addressLength = ETH_ALEN;
  dev.txQueueLength = defaultTxQueueLength;
  dev.flags = IFF_BROADCAST | IFF_MULTICAST;
  dev.broadcast = broadcastAddress;
}

/** Gives a device a random address (eth_hw_addr_random). */
export function etherRandomAddress(dev: Device): void {
  dev.address = randomMac(dev.netns.machine.random);
  dev.addressAssign = NET_ADDR_RANDOM;
}

/** Refuses an address that is no station's of 6 bytes, with `text` where the kind has one: EINVAL, EADDRNOTAVAIL. */
export function validateEtherAddress(address: Uint8Array | undefined, text = ""): void {
  if (address === undefined) return;
  if (address.length !== ETH_ALEN) throw new NetlinkError("EINVAL", text);
  if (!isValidEtherAddr(readMac(address, 0))) throw new NetlinkError("EADDRNOTAVAIL", text);
}

/** Sets an Ethernet device's address (eth_mac_addr): EBUSY while up unless it allows that, EADDRNOTAVAIL if not unicast. */
export function etherSetMacAddress(dev: Device, address: number): void {
  if (!dev.isLiveAddressChange && (dev.flags & IFF_UP) !== 0) throw new NetlinkError("EBUSY");
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  dev.address = address;
}

/**
 * Reads the Ethernet header of a frame that `dev` receives, whose `start` is at it: protocol and packet type are set
 * and `start` moves behind it (eth_type_trans).
 */
export function ethTypeTrans(frame: Frame, dev: Device): void {
  const { view, start } = frame;
  frame.dev = dev;
  frame.macHeader = start;
  const high = view.getUint16(start);
  const low = view.getInt32(start + 2);
  if ((high & 0x0100) !== 0) frame.packetType = groupType(high, low);
  else frame.packetType = low === dev.addressLow && high === dev.addressHigh ? PACKET_HOST : PACKET_OTHERHOST;
  const protocol = view.getUint16(start + 12);
  frame.protocol = protocol >= ETH_P_802_3_MIN ? protocol : ETH_P_802_2;
  const behind = start + ETH_HLEN;
  frame.start = behind;
  frame.networkHeader = behind;
}

/** PACKET_* of a frame to a group. */
function groupType(high: number, low: number): number {
  return high === 0xffff && low === -1 ? PACKET_BROADCAST : PACKET_MULTICAST;
}

/**
 * Puts an Ethernet header in front of a packet (eth_header): `start` moves back by 14. The frame must be writable.
 * Addresses are 48-bit numbers.
 */
export function ethHeader(frame: Frame, protocol: number, source: number, destination: number): void {
  const { bytes } = frame;
  const start = frame.start - ETH_HLEN;
  writeAddress(bytes, start, destination);
  writeAddress(bytes, start + 6, source);
  bytes[start + 12] = protocol >>> 8;
  bytes[start + 13] = protocol;
  frame.start = start;
  frame.macHeader = start;
  frame.protocol = protocol;
}

function writeAddress(bytes: Uint8Array, offset: number, address: number): void {
  const high = Math.floor(address / 0x100000000);
  bytes[offset] = high >>> 8;
  bytes[offset + 1] = high;
  const low = address % 0x100000000;
  bytes[offset + 2] = low >>> 24;
  bytes[offset + 3] = low >>> 16;
  bytes[offset + 4] = low >>> 8;
  bytes[offset + 5] = low;
}
