// Frames and what counts them.

import { getU64Number, setBe16 } from "../../../src/bytes/endian.ts";
import type { Message } from "../../../src/netlink/message.ts";
import * as il from "../../../src/uapi/if_link.ts";
import { IFINFOMSG_SIZE } from "../../../src/uapi/rtnetlink.ts";
import { macBytes } from "./text.ts";

/** An EtherType nobody handles: IEEE 802 local experimental 1. */
export const ETH_P_EXPERIMENT = 0x88b5;

/** A frame of `size` bytes, its Ethernet header included; the rest counts up from 0. */
export function makeFrame(to: string, from: string, size: number, etherType = ETH_P_EXPERIMENT): Uint8Array {
  const frame = Uint8Array.from({ length: size }, (_, index) => (index - 14) & 0xff);
  frame.set(macBytes(to), 0);
  frame.set(macBytes(from), 6);
  setBe16(frame, 12, etherType);
  return frame;
}

/** The counters of IFLA_STATS64 that tests look at. */
export interface Counters {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxDropped: number;
  readonly txDropped: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly multicast: number;
}

/** Reads IFLA_STATS64 of an RTM_NEWLINK. */
export function readCounters(message: Message): Counters {
  const stats = message.attribute(il.IFLA_STATS64, IFINFOMSG_SIZE)?.copy() ?? new Uint8Array();
  const at = (offset: number): number => getU64Number(stats, offset);
  return {
    rxPackets: at(il.RTNL_LINK_STATS64_RX_PACKETS),
    txPackets: at(il.RTNL_LINK_STATS64_TX_PACKETS),
    rxBytes: at(il.RTNL_LINK_STATS64_RX_BYTES),
    txBytes: at(il.RTNL_LINK_STATS64_TX_BYTES),
    rxDropped: at(il.RTNL_LINK_STATS64_RX_DROPPED),
    txDropped: at(il.RTNL_LINK_STATS64_TX_DROPPED),
    rxErrors: at(il.RTNL_LINK_STATS64_RX_ERRORS),
    txErrors: at(il.RTNL_LINK_STATS64_TX_ERRORS),
    multicast: at(il.RTNL_LINK_STATS64_MULTICAST),
  };
}
