// /proc/net/dev and dev_mcast: what devices have counted, and which hardware groups they listen to.
//
// Mirrors net/core/net-procfs.c (dev_seq_show, dev_mc_seq_show).

import { hardwareGroups } from "../inet/ipv6/multicast.ts";
import * as counter from "../net/counters.ts";
import { devicesByIndex, readCounter } from "../net/device.ts";
import type { Netns } from "../net/netdevice.ts";
import { left, plainMac, right } from "./text.ts";

const header = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

/** The columns behind the name: their width, and the counters that are added up in them. */
const columns: readonly (readonly [width: number, counters: readonly number[]])[] = [
  [7, [counter.RX_BYTES]],
  [7, [counter.RX_PACKETS]],
  [4, [counter.RX_ERRORS]],
  [4, [counter.RX_DROPPED, counter.RX_MISSED_ERRORS]],
  [4, [counter.RX_FIFO_ERRORS]],
  [5, [counter.RX_LENGTH_ERRORS, counter.RX_OVER_ERRORS, counter.RX_CRC_ERRORS, counter.RX_FRAME_ERRORS]],
  [10, [counter.RX_COMPRESSED]],
  [9, [counter.MULTICAST]],
  [8, [counter.TX_BYTES]],
  [7, [counter.TX_PACKETS]],
  [4, [counter.TX_ERRORS]],
  [4, [counter.TX_DROPPED]],
  [4, [counter.TX_FIFO_ERRORS]],
  [5, [counter.COLLISIONS]],
  [
    7,
    [
      counter.TX_CARRIER_ERRORS,
      counter.TX_ABORTED_ERRORS,
      counter.TX_WINDOW_ERRORS,
      counter.TX_HEARTBEAT_ERRORS,
    ],
  ],
  [10, [counter.TX_COMPRESSED]],
];

/** /proc/net/dev */
export function devText(netns: Netns): string {
  let text = header;
  for (const dev of devicesByIndex(netns)) {
    const values = columns.map(([width, counters]) =>
      right(
        counters.reduce((sum, each) => sum + readCounter(dev, each), 0),
        width,
      ),
    );
    text += `${right(dev.name, 6)}: ${values.join(" ")}\n`;
  }
  return text;
}

/** /proc/net/dev_mcast */
export function devMcastText(netns: Netns): string {
  let text = "";
  for (const dev of devicesByIndex(netns)) {
    for (const [address, references] of hardwareGroups(dev)) {
      const columns = [left(dev.ifindex, 4), left(dev.name, 15), left(references, 5), left(0, 5)];
      text += `${columns.join(" ")} ${plainMac(address)}\n`;
    }
  }
  return text;
}
