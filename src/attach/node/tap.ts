// A TAP device of the kernel: an Ethernet device whose wire is a descriptor of ours. What is read from it is what the
// kernel sends, what is written to it is what the kernel receives; frames may be as large as the kernel's own, with their
// checksum yet to be made (vnet-header.ts).
//
// Mirrors drivers/net/tun.c and <linux/if_tun.h>. Omitted: TUN devices, several queues, persistence, filters.

import { setS32, setU16, setU32 } from "../../bytes/endian.ts";
import { encodeUtf8Into } from "../../bytes/utf8.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import {
  IFF_NO_CARRIER,
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN_EXCL,
  IFF_VNET_HDR,
  TUN_F_CSUM,
  TUN_F_TSO_ECN,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNSETCARRIER,
  TUNSETIFF,
  TUNSETIFINDEX,
  TUNSETOFFLOAD,
  TUNSETSNDBUF,
  TUNSETVNETHDRSZ,
  TUNSETVNETLE,
} from "../../uapi/if_tun.ts";
import { VIRTIO_NET_HDR_SHORT_SIZE, type VIRTIO_NET_HDR_SIZE } from "../../uapi/virtio_net.ts";
import type { TapCalls } from "./tap-calls.ts";

/** The file that TAPs are made by. */
export const TUN_PATH = "/dev/net/tun";
/** O_RDWR | O_NONBLOCK | O_CLOEXEC */
const openFlags = 0x80802;

/** struct ifreq: a name of 16 bytes, then flags. */
const IFR_FLAGS = 16;
const IFREQ_SIZE = 40;

/** What readers may be willing to take, from the most to the least: older kernels refuse what they do not know. */
const offloadSets = [
  TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
  TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
  TUN_F_CSUM,
  0,
] as const;

/** What a TAP is to be. */
export interface TapOptions {
  /** Its name; EBUSY or EEXIST where it is taken. */
  readonly name: string;
  /** The ifindex it is to have; the next free one by default. */
  readonly ifindex?: number;
  /** What the kernel may leave to the reader: TUN_F_*; all it knows by default. */
  readonly offloads?: number;
  /** Bytes of the header before each frame: 10, the default, or 12 with `num_buffers`. */
  readonly headerSize?: typeof VIRTIO_NET_HDR_SHORT_SIZE | typeof VIRTIO_NET_HDR_SIZE;
  /** Whether its wire is connected; true by default. */
  readonly hasCarrier?: boolean;
  /** Bytes written that the kernel holds before a write is refused with EAGAIN; no bound by default. */
  readonly sendBufferBytes?: number;
  /** A descriptor of TUN_PATH that was opened in the namespace it is to live in; by default that of the calling thread. */
  readonly fd?: number;
}

/** A TAP. Whoever opens it closes it, and with it the device goes. */
export class Tap {
  readonly calls: TapCalls;
  readonly fd: number;
  readonly headerSize: number;
  /** TUN_F_* that the kernel granted: what frames read from it may have left to do. */
  readonly offloads: number;

  private constructor(calls: TapCalls, fd: number, headerSize: number, offloads: number) {
    this.calls = calls;
    this.fd = fd;
    this.headerSize = headerSize;
    this.offloads = offloads;
  }

  /** Makes the device; NetlinkError with the errno of what failed. A descriptor that was handed in is closed then too. */
  static open(calls: TapCalls, options: TapOptions): Tap {
    const fd = options.fd ?? calls.open(TUN_PATH, openFlags);
    checked(fd, `open ${TUN_PATH}`);
    try {
      return Tap.#setUp(calls, fd, options);
    } catch (error) {
      calls.libc.close(fd);
      throw error;
    }
  }

  static #setUp(calls: TapCalls, fd: number, options: TapOptions): Tap {
    const { name, ifindex, hasCarrier = true, headerSize = VIRTIO_NET_HDR_SHORT_SIZE } = options;
    const set = (request: number, value: number, what: string): void => {
      checked(calls.ioctlBytes(fd, request, word(value)), `set the ${what} of the TAP ${name}`);
    };
    if (ifindex !== undefined) set(TUNSETIFINDEX, ifindex, "index");
    const request = new Uint8Array(IFREQ_SIZE);
    encodeUtf8Into(name, request, 0);
    setU16(request, IFR_FLAGS, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL | IFF_NO_CARRIER);
    checked(calls.ioctlBytes(fd, TUNSETIFF, request), `make the TAP ${name}`);
    set(TUNSETVNETHDRSZ, headerSize, "header size");
    set(TUNSETVNETLE, 1, "byte order");
    if (options.sendBufferBytes !== undefined) set(TUNSETSNDBUF, options.sendBufferBytes, "send buffer");
    const offloads = setOffloads(calls, fd, name, options.offloads);
    const tap = new Tap(calls, fd, headerSize, offloads);
    // Older kernels do not know IFF_NO_CARRIER. Only a carrier that comes makes the operational state known.
    tap.setCarrier(false);
    if (hasCarrier) tap.setCarrier(true);
    return tap;
  }

  /** Connects its wire, or not: what is inside sees NO-CARRIER. */
  setCarrier(hasCarrier: boolean): void {
    this.calls.ioctlBytes(this.fd, TUNSETCARRIER, word(hasCarrier ? 1 : 0));
  }

  close(): void {
    this.calls.libc.close(this.fd);
  }
}

/** Offers what `wanted` holds, as much of it as the kernel takes, and returns that. */
function setOffloads(calls: TapCalls, fd: number, name: string, wanted = -1): number {
  let result = 0;
  for (const offloads of offloadSets) {
    result = calls.ioctl(fd, TUNSETOFFLOAD, offloads & wanted);
    if (result >= 0) return offloads & wanted;
  }
  checked(result, `set the offloads of the TAP ${name}`);
  return 0;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  if (value < 0) setS32(bytes, 0, value);
  else setU32(bytes, 0, value);
  return bytes;
}

function checked(result: number, what: string): void {
  if (result < 0) throw NetlinkError.fromErrno(result, `Cannot ${what}: ${errnoText(-result)}`);
}
