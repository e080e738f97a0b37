// What happens inside a native namespace: the kernel tells, and the machine follows. Links that a program there sets up or down,
// resizes, renames or deletes are set so in the machine; everything else goes on to those who listen there.

import { getS32, getU32 } from "../../../bytes/endian.ts";
import { readMac } from "../../../bytes/mac.ts";
import type { Machine } from "../../../index.ts";
import { netifCarrierOff, netifCarrierOn } from "../../../net/carrier.ts";
import { devSetMacAddress, devSetMtu } from "../../../net/change.ts";
import { devChangeFlags } from "../../../net/flags.ts";
import { devChangeName } from "../../../net/names.ts";
import { deleteDevice } from "../../../net/namespace.ts";
import type { Device, Netns } from "../../../net/netdevice.ts";
import { unregisterDevices } from "../../../net/register.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Message } from "../../../netlink/message.ts";
import { messages, NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP, IFF_PROMISC, IFF_UP } from "../../../uapi/if.ts";
import { IFLA_ADDRESS, IFLA_CARRIER, IFLA_IFNAME, IFLA_MTU } from "../../../uapi/if_link.ts";
import { NETLINK_PKTINFO, NETLINK_ROUTE } from "../../../uapi/netlink.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { SOL_NETLINK } from "../../../uapi/socket.ts";
import type { Watch } from "../libc.ts";
import type { ReceiveBuffer } from "../msghdr.ts";
import type { TapCalls } from "../tap-calls.ts";
import { isSameMtu } from "./inner-link.ts";
import { isOuterDevice, registerOuter } from "./outer-device.ts";
import { SyncNetlink } from "./sync-netlink.ts";

/** What is listened to: links, and what goes on to the machine's groups. */
const groups = [
  rt.RTNLGRP_LINK,
  rt.RTNLGRP_NEIGH,
  rt.RTNLGRP_IPV4_IFADDR,
  rt.RTNLGRP_IPV4_MROUTE,
  rt.RTNLGRP_IPV4_ROUTE,
  rt.RTNLGRP_IPV4_RULE,
  rt.RTNLGRP_IPV6_IFADDR,
  rt.RTNLGRP_IPV6_MROUTE,
  rt.RTNLGRP_IPV6_ROUTE,
  rt.RTNLGRP_IPV6_IFINFO,
  rt.RTNLGRP_IPV6_PREFIX,
  rt.RTNLGRP_IPV6_RULE,
  rt.RTNLGRP_ND_USEROPT,
  rt.RTNLGRP_IPV4_NETCONF,
  rt.RTNLGRP_IPV6_NETCONF,
  rt.RTNLGRP_NEXTHOP,
] as const;

/** Flags of the kernel's that are set so in the machine. */
const followedFlags = IFF_UP | IFF_NOARP | IFF_MULTICAST | IFF_PROMISC | IFF_ALLMULTI;

interface EventParts {
  readonly machine: Machine;
  readonly calls: TapCalls;
  readonly buffer: ReceiveBuffer;
}

/** The events of one namespace. */
export class InnerEvents {
  /** Called when a device was deleted inside, before it is in the machine. */
  onGone: (dev: Device) => void = () => {};
  /** Called when addresses have come or gone. */
  onAddresses: () => void = () => {};
  readonly #parts: EventParts;
  readonly #netns: Netns;
  readonly #socket: SyncNetlink;
  readonly #watch: Watch;
  /** The device that is being changed because the kernel's was. */
  #following: Device | null = null;
  #isReading = false;

  /** Listens with a socket that it takes over. */
  constructor(parts: EventParts, fd: number, netns: Netns) {
    this.#parts = parts;
    this.#netns = netns;
    this.#socket = new SyncNetlink(parts.calls.libc, parts.buffer, fd, { groups });
    this.#socket.setOption(NETLINK_PKTINFO, 1);
    this.#watch = parts.calls.libc.watch(this.#socket.fd, () => this.read());
  }

  /** Whether what happens to `dev` happens because it happened inside. */
  isFollowing(dev: Device): boolean {
    return this.#following === dev;
  }

  /** Forgets what has happened so far. */
  skip(): void {
    while (this.#socket.receive() !== undefined);
  }

  /** Follows what has happened so far. */
  read(): void {
    this.#read(null);
  }

  /** As `read`, after `dev` was changed inside by the machine: on the way there it was otherwise, what counts is the end. */
  settle(dev: Device): void {
    this.#read(dev);
  }

  #read(changed: Device | null): void {
    // A change that is being followed may ask to read on: the outer call does.
    if (this.#isReading) return;
    this.#isReading = true;
    let last: Message | undefined;
    try {
      for (let got = this.#socket.receive(); got !== undefined; got = this.#socket.receive()) {
        const group = this.#parts.buffer.control(SOL_NETLINK, NETLINK_PKTINFO) ?? 0;
        if (group !== rt.RTNLGRP_LINK) {
          this.#announce(group, got);
          if (group === rt.RTNLGRP_IPV4_IFADDR || group === rt.RTNLGRP_IPV6_IFADDR) this.onAddresses();
          continue;
        }
        for (const message of messages(got)) {
          if (changed !== null && indexOf(message) === changed.ifindex) last = message;
          else this.followLink(message);
        }
      }
      if (last !== undefined) this.followLink(last);
    } finally {
      this.#isReading = false;
    }
  }

  /** Stops; stand-ins for devices of the kernel's go. */
  close(): void {
    this.#watch.close();
    this.#socket.close();
    unregisterDevices([...this.#netns.devices.values()].filter(isOuterDevice));
  }

  #announce(group: number, datagram: Uint8Array): void {
    const { table } = this.#parts.machine;
    table.notify(NETLINK_ROUTE, group, this.#netns, undefined, (writer) => writer.raw(datagram));
  }

  /** Follows what is told of one link; one that is new gets a stand-in. */
  followLink(message: Message): void {
    const { bytes, type } = message;
    if (bytes[NLMSG_HDRLEN + rt.IFINFOMSG_FAMILY] !== 0) return;
    const known = this.#netns.devices.get(indexOf(message));
    if (known === undefined && type !== rt.RTM_NEWLINK) return;
    try {
      const prepare = (dev: Device): void => {
        this.#following = dev;
      };
      const dev = known ?? registerOuter(this.#netns, message, prepare);
      this.#following = dev;
      if (type === rt.RTM_DELLINK) this.#delete(dev);
      else if (type === rt.RTM_NEWLINK) follow(dev, message);
    } catch (error) {
      // The machine cannot have it so; the two differ until somebody changes it again.
      if (!(error instanceof NetlinkError)) throw error;
    } finally {
      this.#following = null;
    }
    this.#parts.machine.core.linkWatch.run();
  }

  #delete(dev: Device): void {
    this.onGone(dev);
    const doomed = new Set<Device>();
    deleteDevice(dev, doomed);
    unregisterDevices(doomed);
  }
}

function indexOf({ bytes }: Message): number {
  return getS32(bytes, NLMSG_HDRLEN + rt.IFINFOMSG_INDEX);
}

/** Sets a device as the kernel's is. */
function follow(dev: Device, message: Message): void {
  const name = message.attribute(IFLA_IFNAME, rt.IFINFOMSG_SIZE)?.text() ?? dev.name;
  const mtu = message.attribute(IFLA_MTU, rt.IFINFOMSG_SIZE)?.u32() ?? dev.mtu;
  const address = message.attribute(IFLA_ADDRESS, rt.IFINFOMSG_SIZE);
  if (name !== dev.name) devChangeName(dev, name);
  if (!isSameMtu(dev, mtu) && (dev.netns.loopback !== dev || mtu !== dev.mtu)) devSetMtu(dev, mtu);
  if (address?.length === 6 && dev !== dev.netns.loopback) {
    const mac = readMac(address.bytes, address.start);
    if (mac !== dev.address) devSetMacAddress(dev, mac);
  }
  if (isOuterDevice(dev)) followCarrier(dev, message);
  const flags = getU32(message.bytes, NLMSG_HDRLEN + rt.IFINFOMSG_FLAGS);
  const before = dev.flags & ~followedFlags;
  const now = before | (flags & followedFlags);
  const own =
    (dev.flags & (IFF_UP | IFF_NOARP | IFF_MULTICAST)) | (dev.userFlags & (IFF_PROMISC | IFF_ALLMULTI));
  if ((own ^ flags) & followedFlags) devChangeFlags(dev, now);
}

/** The carrier of a device of the machine's is the machine's to know. */
function followCarrier(dev: Device, message: Message): void {
  if (message.attribute(IFLA_CARRIER, rt.IFINFOMSG_SIZE)?.u8() === 0) netifCarrierOff(dev);
  else netifCarrierOn(dev);
}
