// ETHTOOL_MSG_CHANNELS_*: how many queues a device has in use, and to have more or fewer.
//
// Mirrors net/ethtool/channels.c, with its texts. Omitted: what receive hashing and XDP sockets forbid; there is neither.

import type { Device, EthtoolChannels } from "../net/netdevice.ts";
import { notSupported, refused } from "../netlink/error.ts";
import { policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import type { WriteBody } from "./ethtool-request.ts";
import { change, header, question } from "./ethtool-request.ts";
import type { GenlOp } from "./family.ts";

const getPolicy = policy(ethtool.ETHTOOL_A_CHANNELS_HEADER, {
  [ethtool.ETHTOOL_A_CHANNELS_HEADER]: header,
});
const setPolicy = policy(ethtool.ETHTOOL_A_CHANNELS_COMBINED_COUNT, {
  [ethtool.ETHTOOL_A_CHANNELS_HEADER]: header,
  [ethtool.ETHTOOL_A_CHANNELS_RX_COUNT]: u32("rx"),
  [ethtool.ETHTOOL_A_CHANNELS_TX_COUNT]: u32("tx"),
  [ethtool.ETHTOOL_A_CHANNELS_OTHER_COUNT]: u32("other"),
  [ethtool.ETHTOOL_A_CHANNELS_COMBINED_COUNT]: u32("combined"),
});

/** The sorts of queues in the order they are told, with their attributes. */
const sorts = [
  ["rx", ethtool.ETHTOOL_A_CHANNELS_RX_MAX, ethtool.ETHTOOL_A_CHANNELS_RX_COUNT],
  ["tx", ethtool.ETHTOOL_A_CHANNELS_TX_MAX, ethtool.ETHTOOL_A_CHANNELS_TX_COUNT],
  ["other", ethtool.ETHTOOL_A_CHANNELS_OTHER_MAX, ethtool.ETHTOOL_A_CHANNELS_OTHER_COUNT],
  ["combined", ethtool.ETHTOOL_A_CHANNELS_COMBINED_MAX, ethtool.ETHTOOL_A_CHANNELS_COMBINED_COUNT],
] as const;
type Sort = (typeof sorts)[number][0];

/** What is asked for, of each sort that is named. */
export type WantedChannels = Partial<Readonly<Record<Sort, number>>>;

/** The commands of this file; `onChange` tells of a device that has other channels now. */
export function channelOps(onChange: (dev: Device) => void): readonly GenlOp[] {
  return [
    question({
      cmd: ethtool.ETHTOOL_MSG_CHANNELS_GET,
      replyCmd: ethtool.ETHTOOL_MSG_CHANNELS_GET_REPLY,
      policy: getPolicy,
      header: ethtool.ETHTOOL_A_CHANNELS_HEADER,
      prepare: (dev) => {
        if (dev === undefined) throw notSupported();
        return channelsBody(dev);
      },
    }),
    change({
      cmd: ethtool.ETHTOOL_MSG_CHANNELS_SET,
      policy: setPolicy,
      header: ethtool.ETHTOOL_A_CHANNELS_HEADER,
      apply: (dev, { attrs }) => setChannels(dev, attrs, onChange),
    }),
  ];
}

/** Writes what there is to tell of a device's channels; EOPNOTSUPP for one that has none. */
export function channelsBody(dev: Device): WriteBody {
  const channels = channelsOf(dev);
  return (writer: MessageWriter) => {
    for (const [sort, maxType, countType] of sorts) {
      const { max, count } = channels[sort];
      if (max > 0) writer.u32(maxType, max).u32(countType, count);
    }
  };
}

/** Has a device use other numbers of queues; NetlinkError when it cannot. What is so already is not told. */
export function setChannels(dev: Device, attrs: WantedChannels, onChange: (dev: Device) => void): void {
  const before = channelsOf(dev);
  const set = dev.ops.ethtool?.setChannels;
  if (set === undefined) throw notSupported();
  const wanted = withCounts(before, attrs);
  if (sorts.every(([sort]) => wanted[sort].count === before[sort].count)) return;
  check(wanted, attrs);
  set(dev, wanted);
  onChange(dev);
}

/** The channels of a device that has any. */
export function channelsOf(dev: Device): EthtoolChannels {
  const channels = dev.ops.ethtool?.channels?.(dev);
  if (channels === undefined) throw notSupported();
  return channels;
}

function withCounts(channels: EthtoolChannels, wanted: WantedChannels): EthtoolChannels {
  const changed = (sort: Sort) => ({
    max: channels[sort].max,
    count: wanted[sort] ?? channels[sort].count,
  });
  return { rx: changed("rx"), tx: changed("tx"), other: changed("other"), combined: changed("combined") };
}

/** Refuses more than there can be, and to have no queue one way (ethnl_set_channels). */
function check(channels: EthtoolChannels, attrs: WantedChannels): void {
  for (const [sort] of sorts) {
    if (channels[sort].count > channels[sort].max) {
      throw refused("EINVAL", "requested channel count exceeds maximum", attrs, sort);
    }
  }
  if (channels.combined.count > 0) return;
  for (const sort of ["rx", "tx"] as const) {
    if (channels[sort].count > 0) continue;
    const text = "requested channel counts would result in no RX or TX channel being configured";
    throw refused("EINVAL", text, attrs, attrs.combined === undefined ? sort : "combined");
  }
}
