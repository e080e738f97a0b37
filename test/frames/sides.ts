// The two sides: a namespace of the live kernel with packet sockets, and a machine in this process.

import { writeFileSync } from "node:fs";
import { openKernelSocket } from "../../src/attach/node/kernel-netlink.ts";
import type { Libc } from "../../src/attach/node/libc.ts";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { ReceiveBuffer } from "../../src/attach/node/msghdr.ts";
import { getBe16, setBe16, setS32, setU16, setU32 } from "../../src/bytes/endian.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device, Frame, PacketTap } from "../../src/net/netdevice.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import { NetlinkClient } from "../../src/netlink/client.ts";
import { createTestMachine } from "../../src/testkit/machine.ts";
import { IFF_UP } from "../../src/uapi/if.ts";
import { ETH_P_ALL } from "../../src/uapi/if_ether.ts";
import * as packet from "../../src/uapi/if_packet.ts";
import { NETLINK_ROUTE } from "../../src/uapi/netlink.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { AF_PACKET, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_PACKET } from "../../src/uapi/socket.ts";
import type { Port, Side } from "./side.ts";

/** Option and control message of SOL_PACKET that tell of a tag beside the bytes. */
const PACKET_AUXDATA = 8;
const TP_STATUS_VLAN_VALID = 1 << 4;
const LARGEST_FRAME = 66_000;

/** Makes the kernel's side: this thread moves into a namespace of its own, in which nothing speaks by itself. */
export async function openKernelSide(): Promise<Side> {
  const libc = await loadLibc();
  const moved = libc.unshare(CLONE_NEWNET);
  if (moved < 0) throw new Error("No network namespace can be made");
  for (const [path, value] of [
    ["net/ipv6/conf/all/disable_ipv6", "1"],
    ["net/ipv6/conf/default/disable_ipv6", "1"],
    ["net/bridge/bridge-nf-call-iptables", "0"],
    ["net/bridge/bridge-nf-call-ip6tables", "0"],
    ["net/bridge/bridge-nf-call-arptables", "0"],
  ] as const) {
    try {
      writeFileSync(`/proc/sys/${path}`, value);
    } catch {
      // A kernel without that part has nothing to be kept from.
    }
  }
  const client = new NetlinkClient(openKernelSocket(libc, NETLINK_ROUTE, 200_000));
  const buffer = new ReceiveBuffer(libc, LARGEST_FRAME);
  return {
    client,
    openPort: (ifindex) => new KernelPort(libc, buffer, ifindex),
    settle: (milliseconds) =>
      milliseconds === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds)),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

class KernelPort implements Port {
  readonly #libc: Libc;
  readonly #buffer: ReceiveBuffer;
  readonly #fd: number;

  constructor(libc: Libc, buffer: ReceiveBuffer, ifindex: number) {
    this.#libc = libc;
    this.#buffer = buffer;
    this.#fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const one = new Uint8Array(4);
    setU32(one, 0, 1);
    libc.setsockopt(this.#fd, SOL_PACKET, PACKET_AUXDATA, one);
    const address = new Uint8Array(packet.SOCKADDR_LL_SIZE);
    setU16(address, packet.SOCKADDR_LL_FAMILY, AF_PACKET);
    setBe16(address, packet.SOCKADDR_LL_PROTOCOL, ETH_P_ALL);
    setS32(address, packet.SOCKADDR_LL_IFINDEX, ifindex);
    if (libc.bind(this.#fd, address) < 0) throw new Error("A packet socket cannot be bound");
  }

  send(bytes: Uint8Array): void {
    this.#libc.sendto(this.#fd, bytes, 0);
  }

  drain(): { tag: number; bytes: Uint8Array }[] {
    const frames: { tag: number; bytes: Uint8Array }[] = [];
    for (;;) {
      const length = this.#buffer.receive(this.#fd, 0);
      if (length < 0) return frames;
      const type = this.#buffer.sender(packet.SOCKADDR_LL_SIZE)[packet.SOCKADDR_LL_PKTTYPE];
      if (type === packet.PACKET_OUTGOING) continue;
      // struct tpacket_auxdata: status, length, captured length, two offsets, TCI and protocol of the tag.
      const [status = 0, , , , tag = 0] = this.#buffer.controlWords(SOL_PACKET, PACKET_AUXDATA);
      frames.push({
        tag: (status & TP_STATUS_VLAN_VALID) === 0 ? 0 : tag >>> 0,
        bytes: this.#buffer.data(length),
      });
    }
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}

/** Makes uveth's side: a machine under a virtual clock, without IPv6 as the kernel's. */
export async function openUvethSide(): Promise<Side> {
  const { machine, clock } = createTestMachine();
  const { initialNetns } = machine.core;
  const netns = await machine.netns();
  await netns.setSysctl("net.ipv6.conf.default.disable_ipv6", "1");
  await netns.setSysctl("net.ipv6.conf.all.disable_ipv6", "1");
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
  return {
    client,
    openPort(ifindex) {
      const dev = initialNetns.devices.get(ifindex);
      if (dev === undefined) throw new Error("There is no such device");
      return new UvethPort(dev);
    },
    settle: () => clock.advance(1_000),
    pause: (milliseconds) => clock.advance(milliseconds * 1_000_000),
  };
}

class UvethPort implements Port, PacketTap {
  readonly #dev: Device;
  #heard: { tag: number; bytes: Uint8Array }[] = [];

  constructor(dev: Device) {
    this.#dev = dev;
    dev.taps = [...(dev.taps ?? []), this];
  }

  /** As a packet socket does, which refuses what its device cannot send. */
  send(bytes: Uint8Array): void {
    const dev = this.#dev;
    const room = getBe16(bytes, 12) === 0x8100 ? 4 : 0;
    if ((dev.flags & IFF_UP) === 0 || bytes.length > dev.mtu + 14 + room || bytes.length < 14) return;
    const frame = frameFrom(dev.machine.frames, bytes);
    if (frame === null) throw new Error("The pool is exhausted");
    frame.dev = dev;
    frame.protocol = getBe16(bytes, 12);
    devQueueXmit(frame);
  }

  seen(frame: Frame, _dev: Device, isOutgoing: boolean): void {
    if (isOutgoing) return;
    const tag = frame.vlanProtocol === 0 ? 0 : (frame.vlanProtocol * 0x1_0000 + frame.vlanTci) >>> 0;
    this.#heard.push({ tag, bytes: frame.bytes.slice(frame.macHeader, frame.end) });
  }

  drain(): { tag: number; bytes: Uint8Array }[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  close(): void {
    const rest = (this.#dev.taps ?? []).filter((tap) => tap !== this);
    this.#dev.taps = rest.length > 0 ? rest : null;
  }
}
