// What a packet socket is on a machine of ours: a tap on the device, and frames sent on it.
//
// Mirrors net/packet/af_packet.c (packet_snd, tpacket_rcv) as far as bodies need it.

import { getBe16 } from "../../../src/bytes/endian.ts";
import { deviceByIndex } from "../../../src/net/device.ts";
import { frameFrom } from "../../../src/net/frame.ts";
import type { Device, Frame, Netns, PacketTap } from "../../../src/net/netdevice.ts";
import { devQueueXmit } from "../../../src/net/transmit.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { IFF_UP } from "../../../src/uapi/if.ts";
import { ETH_HLEN, ETH_P_8021Q, ETH_P_ALL } from "../../../src/uapi/if_ether.ts";
import { PACKET_OUTGOING } from "../../../src/uapi/if_packet.ts";
import type { PacketPort, ReceivedFrame } from "../targets.ts";

const VLAN_HLEN = 4;

/** Opens a packet socket on the device `ifindex` of `netns`. */
export function openUvethPacket(netns: Netns, ifindex: number, protocol: number): PacketPort {
  const dev = deviceByIndex(netns, ifindex);
  if (dev === undefined) throw new NetlinkError("ENODEV");
  return new UvethPacket(dev, protocol);
}

class UvethPacket implements PacketPort, PacketTap {
  readonly #dev: Device;
  readonly protocol?: number;
  readonly #protocol: number;
  readonly #received: ReceivedFrame[] = [];
  readonly #waiting: ((frame: ReceivedFrame) => void)[] = [];
  /** The frame this socket sends just now, which it does not receive. */
  #own: Frame | undefined;

  constructor(dev: Device, protocol: number) {
    this.#dev = dev;
    this.#protocol = protocol;
    if (protocol !== ETH_P_ALL) this.protocol = protocol;
    dev.taps = [...(dev.taps ?? []), this];
  }

  send(bytes: Uint8Array): void {
    const dev = this.#dev;
    if (bytes.length < ETH_HLEN) throw new NetlinkError("EINVAL");
    if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN");
    const room = getBe16(bytes, 12) === ETH_P_8021Q ? VLAN_HLEN : 0;
    if (bytes.length > dev.mtu + ETH_HLEN + room) throw new NetlinkError("EMSGSIZE");
    const frame = frameFrom(dev.netns.machine.frames, bytes);
    if (frame === null) throw new NetlinkError("ENOBUFS");
    frame.dev = dev;
    frame.protocol = getBe16(bytes, 12);
    this.#own = frame;
    devQueueXmit(frame);
    this.#own = undefined;
  }

  receive(): Promise<ReceivedFrame> {
    const frame = this.#received.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    const rest = (this.#dev.taps ?? []).filter((tap) => tap !== this);
    this.#dev.taps = rest.length > 0 ? rest : null;
  }

  seen(frame: Frame, _dev: Device, isOutgoing: boolean): void {
    if (
      (isOutgoing && frame === this.#own) ||
      (this.#protocol !== ETH_P_ALL && frame.protocol !== this.#protocol)
    )
      return;
    // What others send on the device is for sockets that take everything.
    if (isOutgoing && this.#protocol !== ETH_P_ALL) return;
    const packetType = isOutgoing ? PACKET_OUTGOING : frame.packetType;
    const received = { bytes: frame.bytes.slice(frame.macHeader, frame.end), packetType };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#received.push(received);
    else waiting(received);
  }
}
