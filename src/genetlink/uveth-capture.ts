// UVETH_CMD_CAPTURE: the frames of a device, or of all devices of a namespace, as they pass. The answer goes on until the
// asked number of frames has been told, the device or namespace is gone, or the socket closes.
//
// Mirrors what a packet socket is to tcpdump (net/packet/af_packet.c), with its ring of 2 MiB: frames wait there while the
// reader is slow, and are lost and counted beyond it.

import type { Deferred } from "../af_netlink/handler.ts";
import type { CaptureRecord } from "../net/capture.ts";
import { Capture } from "../net/capture.ts";
import { deviceByName } from "../net/device.ts";
import type { Device, DeviceEvent, Netns } from "../net/netdevice.ts";
import { CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, GSO_NONE } from "../net/netdevice.ts";
import { NetlinkError, refused } from "../netlink/error.ts";
import { nulString, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import * as uveth from "../uapi/uveth.ts";
import { Filter, FilterError } from "../wire/filter/filter.ts";
import type { GenlOp, GenlRequest } from "./family.ts";
import { netnsOf, netnsRule } from "./uveth-netns.ts";

/** tcpdump's default buffer. */
const limitBytes = 2 * 1024 * 1024;

/** A longer filter expression is nobody's. */
const maxFilterLength = 4_096;

const capturePolicy = policy(uveth.UVETH_A_FILTER, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_IFNAME]: nulString("ifname", IFNAMSIZ - 1),
  [uveth.UVETH_A_COUNT]: u32("count"),
  [uveth.UVETH_A_SNAPLEN]: u32("snaplen"),
  [uveth.UVETH_A_FILTER]: nulString("filter", maxFilterLength),
});

type CaptureRequest = GenlRequest<typeof capturePolicy>;

/** The commands of this file. */
export const captureOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_CAPTURE, flags: GENL_UNS_ADMIN_PERM, policy: capturePolicy, handle: capture },
];

/** Starts a capture: ENODEV when the device is not there, EINVAL with libpcap's text for a filter that cannot be read. */
function capture(request: CaptureRequest): void {
  const { netns: name, ifname } = request.attrs;
  const netns = netnsOf(request, name);
  const dev = ifname === undefined ? undefined : deviceByName(netns, ifname);
  if (ifname !== undefined && dev === undefined) throw refused("ENODEV", "", request.attrs, "ifname");
  new RunningCapture(request, netns, dev, filterOf(request));
}

function filterOf({ attrs }: CaptureRequest): Filter | undefined {
  if (attrs.filter === undefined) return undefined;
  try {
    return new Filter(attrs.filter);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw refused("EINVAL", error.message, attrs, "filter");
  }
}

/** A capture that is being told. */
class RunningCapture {
  readonly #request: CaptureRequest;
  readonly #capture: Capture;
  readonly #deferred: Deferred;
  readonly #source: Device | Netns;
  readonly #follow = (event: DeviceEvent, dev: Device) => this.#see(event, dev);
  /** Frames still to tell. */
  #left: number;
  /** Why the capture ends once all that waits has been told. */
  #reason: NetlinkError | undefined;

  constructor(request: CaptureRequest, netns: Netns, dev: Device | undefined, filter: Filter | undefined) {
    const { snaplen = 0, count = 0 } = request.attrs;
    const { machine } = request.request;
    this.#request = request;
    this.#source = dev ?? netns;
    this.#left = count === 0 ? Number.POSITIVE_INFINITY : count;
    this.#capture = new Capture(machine, {
      limitBytes,
      snaplen: snaplen === 0 ? undefined : snaplen,
      filter,
    });
    this.#deferred = request.request.defer(() => this.#stop());
    this.#deferred.onRoom = () => this.#tell();
    this.#capture.onReadable = () => this.#tell();
    this.#capture.add(this.#source);
    machine.notifiers.push(this.#follow);
  }

  /** Tells what waits, as far as the reader keeps up. */
  #tell(): void {
    while (this.#left > 0 && this.#deferred.hasRoom) {
      const record = this.#capture.read();
      if (record === undefined) break;
      this.#left--;
      this.#request.replyLater(this.#deferred, uveth.UVETH_CMD_FRAME, (writer) => fillFrame(writer, record));
    }
    if (this.#left === 0 || (this.#reason !== undefined && this.#capture.isEmpty)) this.#finish();
  }

  /** Ends when what is looked at leaves: a device that is deleted or moves, a namespace that goes down. */
  #see(event: DeviceEvent, dev: Device): void {
    if (event !== "unregister") return;
    const isNetnsGone = dev === dev.netns.loopback && dev.netns === this.#source;
    if (dev !== this.#source && !isNetnsGone) return;
    const text = isNetnsGone ? "The network namespace disappeared" : "The interface disappeared";
    this.#reason = new NetlinkError("ENETDOWN", text);
    this.#stop();
    this.#tell();
  }

  #finish(): void {
    this.#stop();
    this.#deferred.finish(this.#left === 0 ? undefined : this.#reason);
  }

  #stop(): void {
    this.#capture.close();
    const { notifiers } = this.#request.request.machine;
    const place = notifiers.indexOf(this.#follow);
    if (place >= 0) notifiers.splice(place, 1);
  }
}

function fillFrame(writer: MessageWriter, record: CaptureRecord): void {
  if (record.lost > 0) writer.u32(uveth.UVETH_A_LOST, record.lost);
  writer.u64(uveth.UVETH_A_TIME_NS, Math.round(record.timestampNs));
  writer.string(uveth.UVETH_A_IFNAME, record.ifname).u32(uveth.UVETH_A_IFINDEX, record.ifindex);
  writer.u8(
    uveth.UVETH_A_DIRECTION,
    record.isOutgoing ? uveth.UVETH_DIRECTION_OUT : uveth.UVETH_DIRECTION_IN,
  );
  writer.u8(uveth.UVETH_A_PACKET_TYPE, record.packetType);
  writer.u16(uveth.UVETH_A_PROTOCOL, record.protocol);
  writer.u64(uveth.UVETH_A_PACKET_ID, record.packetId);
  if (record.dropReason !== undefined) writer.string(uveth.UVETH_A_DROP_REASON, record.dropReason);
  writer.u8(uveth.UVETH_A_CSUM_STATE, checksumState(record.checksum));
  if (record.checksum === CHECKSUM_PARTIAL) {
    writer.u16(uveth.UVETH_A_CSUM_START, record.csumStart);
    writer.u16(uveth.UVETH_A_CSUM_OFFSET, record.csumOffset);
  }
  if (record.gsoType !== GSO_NONE) {
    writer.u8(uveth.UVETH_A_GSO_TYPE, record.gsoType).u16(uveth.UVETH_A_GSO_SIZE, record.gsoSize);
  }
  writer.u32(uveth.UVETH_A_LENGTH, record.length).binary(uveth.UVETH_A_BYTES, record.bytes);
}

function checksumState(checksum: number): number {
  if (checksum === CHECKSUM_PARTIAL) return uveth.UVETH_CSUM_PARTIAL;
  return checksum === CHECKSUM_UNNECESSARY ? uveth.UVETH_CSUM_VERIFIED : uveth.UVETH_CSUM_NONE;
}
