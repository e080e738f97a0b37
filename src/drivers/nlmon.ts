// nlmon: a device that every netlink datagram of its namespace is sent on, for whoever looks at it; it keeps none.
//
// Mirrors drivers/net/nlmon.c and net/netlink/af_netlink.c (netlink_add_tap, __netlink_deliver_tap_skb) of v6.18.

import { countRx } from "../net/device.ts";
import { defaultTxQueueLength } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { frameFrom } from "../net/frame.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceOps, Frame, LinkOps, NetlinkTap } from "../net/netdevice.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { IFF_NOARP } from "../uapi/if.ts";
import { ARPHRD_NETLINK } from "../uapi/if_arp.ts";
import { PACKET_KERNEL, PACKET_USER } from "../uapi/if_packet.ts";

/** NLMSG_GOODSIZE: a page without what a buffer keeps of it. */
const goodSize = 3_776;

const deviceOps: DeviceOps<NlmonState> = { open, stop, startXmit };

export const nlmon: LinkOps<NlmonState> = {
  kind: "nlmon",
  device: deviceOps,
  createState: () => ({ tap: null }),
  setup,
  validate,
};

/** The device's place among those that see netlink; null while it is down. */
interface NlmonState {
  tap: NetlinkTap | null;
}

function setup(dev: Device<NlmonState>): void {
  dev.type = ARPHRD_NETLINK;
  dev.isQueueless = true;
  dev.txQueueLength = defaultTxQueueLength;
  dev.features = features.NETIF_F_SG | features.NETIF_F_FRAGLIST | features.NETIF_F_HIGHDMA;
  dev.flags = IFF_NOARP;
  dev.mtu = goodSize;
  dev.minMtu = NLMSG_HDRLEN;
}

function validate(attrs: LinkAttributes): void {
  if (attrs.address !== undefined) throw new NetlinkError("EINVAL");
}

function open(dev: Device<NlmonState>): void {
  const tap: NetlinkTap = (datagram, protocol, isToUser) => show(dev, datagram, protocol, isToUser);
  dev.state.tap = tap;
  dev.netns.netlinkTaps = [...(dev.netns.netlinkTaps ?? []), tap];
}

function stop({ netns, state }: Device<NlmonState>): void {
  const rest = (netns.netlinkTaps ?? []).filter((tap) => tap !== state.tap);
  netns.netlinkTaps = rest.length === 0 ? null : rest;
  state.tap = null;
}

function show(dev: Device<NlmonState>, datagram: Uint8Array, protocol: number, isToUser: boolean): void {
  const frame = frameFrom(dev.machine.frames, datagram);
  if (frame === null) return;
  frame.dev = dev;
  frame.protocol = protocol;
  frame.packetType = isToUser ? PACKET_USER : PACKET_KERNEL;
  devQueueXmit(frame);
}

/** Counts the datagram, as received, and lets it go (nlmon_xmit). */
function startXmit(frame: Frame, dev: Device<NlmonState>): void {
  countRx(dev, frame.length);
  frame.pool.free(frame);
}
