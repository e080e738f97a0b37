// What a veth tells and lets change by ethtool: ten gigabits that mean nothing, the index of the other end, its queues.
//
// Mirrors drivers/net/veth.c (veth_ethtool_ops). Omitted: what XDP counts and forbids; the counters are there and zero.

import { netifCarrierOff, netifCarrierOn } from "../net/carrier.ts";
import type { Device, EthtoolChannels, EthtoolOps } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import { AUTONEG_DISABLE, DUPLEX_FULL, PORT_TP, SPEED_10000 } from "../uapi/ethtool.ts";
import { IFF_UP } from "../uapi/if.ts";

/** An end, as far as this file knows it. */
interface End {
  readonly peer: Device<End> | null;
}

/** What is counted for each receive and transmit queue. */
const rxCounters = [
  "xdp_packets",
  "xdp_bytes",
  "drops",
  "xdp_redirect",
  "xdp_drops",
  "xdp_tx",
  "xdp_tx_errors",
] as const;
const txCounters = ["xdp_xmit", "xdp_xmit_errors"] as const;

/** ethtool's side of a veth. */
export const vethEthtool: EthtoolOps<End> = {
  driverInfo: () => ({ driver: "veth", version: "1.0" }),
  hasLink: (dev) => dev.hasCarrier,
  linkSettings: () => ({ speed: SPEED_10000, duplex: DUPLEX_FULL, port: PORT_TP, autoneg: AUTONEG_DISABLE }),
  statisticNames,
  statistics: (dev) => [dev.state.peer?.ifindex ?? 0, ...new Array(statisticNames(dev).length - 1).fill(0)],
  channels,
  setChannels,
  stampsSent: () => true,
};

function statisticNames(dev: Device<End>): readonly string[] {
  const names = ["peer_ifindex"];
  for (let queue = 0; queue < dev.realRxQueues; queue++) {
    for (const counter of rxCounters) names.push(`rx_queue_${queue}_${counter}`);
  }
  for (let queue = 0; queue < dev.realTxQueues; queue++) {
    for (const counter of txCounters) names.push(`tx_queue_${queue}_${counter}`);
  }
  return names;
}

function channels(dev: Device<End>): EthtoolChannels {
  const none = { max: 0, count: 0 };
  return {
    rx: { max: dev.rxQueues, count: dev.realRxQueues },
    tx: { max: dev.txQueues, count: dev.realTxQueues },
    other: none,
    combined: none,
  };
}

/** Has other queues from now on; one that is up loses its carrier meanwhile, and its peer too (veth_set_channels). */
function setChannels(dev: Device<End>, { rx, tx }: EthtoolChannels): void {
  if (rx.count === 0 || tx.count === 0) throw invalid();
  const { peer } = dev.state;
  const isRunning = (dev.flags & IFF_UP) !== 0;
  const ends = peer === null ? [dev] : [dev, peer];
  if (isRunning) for (const end of ends) netifCarrierOff(end);
  dev.realRxQueues = rx.count;
  dev.realTxQueues = tx.count;
  if (isRunning) for (const end of ends) netifCarrierOn(end);
}
