// A device that a program made inside a native namespace, or that the kernel makes in every one: it stays the kernel's, and has
// a stand-in in the machine, so that it is shown, its name and index are taken, and it can be set and deleted from outside.
//
// Nothing passes through the stand-in. It cannot be moved to another namespace of the machine.

import { getU16, getU32 } from "../../../bytes/endian.ts";
import { readMac } from "../../../bytes/mac.ts";
import { dropTx } from "../../../net/frame.ts";
import type { DeviceOps, LinkOps, Netns } from "../../../net/netdevice.ts";
import { Device } from "../../../net/netdevice.ts";
import { registerDevice } from "../../../net/register.ts";
import type { Message } from "../../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { IFF_LOWER_UP, IFF_RUNNING, IFF_UP } from "../../../uapi/if.ts";
import * as ifla from "../../../uapi/if_link.ts";
import * as rt from "../../../uapi/rtnetlink.ts";

const device: DeviceOps<null> = {
  startXmit: (frame, dev) => dropTx(frame, dev, "blackhole"),
  setMacAddress(dev, address): void {
    dev.address = address;
  },
};

/** Tells whether `dev` stands for a device of the kernel's. */
export function isOuterDevice(dev: Device): boolean {
  return dev.ops === device;
}

/** Registers a stand-in for the device that an RTM_NEWLINK tells of, down; NetlinkError when it cannot be. */
export function registerOuter(netns: Netns, message: Message, prepare: (dev: Device) => void): Device {
  const { bytes } = message;
  const header = NLMSG_HDRLEN;
  const attribute = (type: number) => message.attribute(type, rt.IFINFOMSG_SIZE);
  const kind = attribute(ifla.IFLA_LINKINFO)?.child(ifla.IFLA_INFO_KIND)?.text();
  const name = attribute(ifla.IFLA_IFNAME)?.text() ?? "";
  const dev = new Device(name, netns, kind === undefined ? null : opsOf(kind), device, () => null);
  dev.ifindex = getU32(bytes, header + rt.IFINFOMSG_INDEX);
  dev.type = getU16(bytes, header + rt.IFINFOMSG_TYPE);
  dev.flags = getU32(bytes, header + rt.IFINFOMSG_FLAGS) & ~(IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
  dev.mtu = attribute(ifla.IFLA_MTU)?.u32() ?? 0;
  dev.txQueueLength = attribute(ifla.IFLA_TXQLEN)?.u32() ?? 0;
  dev.group = attribute(ifla.IFLA_GROUP)?.u32() ?? 0;
  const address = attribute(ifla.IFLA_ADDRESS);
  dev.addressLength = address?.length ?? 0;
  if (address?.length === 6) dev.address = readMac(address.bytes, address.start);
  const broadcast = attribute(ifla.IFLA_BROADCAST);
  if (broadcast?.length === 6) dev.broadcast = readMac(broadcast.bytes, broadcast.start);
  dev.isLiveAddressChange = true;
  dev.isNetnsImmutable = true;
  dev.isAnnounced = true;
  prepare(dev);
  registerDevice(dev);
  return dev;
}

function opsOf(kind: string): LinkOps<null> {
  return { kind, device, createState: () => null, setup: () => {} };
}
