// A capture: a tap that keeps a copy of every frame it is shown, and what became of it, in a bounded queue for whoever
// reads: the generic netlink family, a pcapng file.
//
// Mirrors net/packet/af_packet.c (tpacket_rcv) as far as a reader sees it: a VLAN tag carried beside the bytes is put back,
// frames that find no room are counted. Other than there, looking changes no counter, and a frame that is dropped says why:
// the reason goes to the record of the frame's last sight while that has not been read, else into a record of its own.

import { setBe16 } from "../bytes/endian.ts";
import { ARPHRD_ETHER, ARPHRD_LOOPBACK } from "../uapi/if_arp.ts";
import { ETH_ALEN, ETH_HLEN } from "../uapi/if_ether.ts";
import type { Filter } from "../wire/filter/filter.ts";
import type { DropReason } from "./drop-reason.ts";
import type { Device, Frame, MachineContext, Netns, PacketTap } from "./netdevice.ts";
import { CHECKSUM_PARTIAL } from "./netdevice.ts";

const vlanTagLength = 4;
/** Where a VLAN tag stands: behind the two addresses. */
const vlanTagOffset = 2 * ETH_ALEN;
/** What a record is taken to cost beside its bytes. */
const recordOverhead = 256;

/** One sight of a frame. */
export interface CaptureRecord {
  /** Nanoseconds of the machine's clock: when it was received, or went out. */
  readonly timestampNs: number;
  /** Where it was seen, under the name and number the device had then. */
  readonly dev: Device;
  readonly ifname: string;
  readonly ifindex: number;
  /** Seen from the device; of a frame first seen when it was dropped: whether it had yet to go out. */
  readonly isOutgoing: boolean;
  readonly packetType: number;
  /** EtherType in host order. */
  readonly protocol: number;
  /** Bytes on the wire, and as many of them as were to be kept, from the Ethernet header on. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** The same for every sight of one frame. */
  readonly packetId: number;
  /** CHECKSUM_*, and for CHECKSUM_PARTIAL where to sum from, counted from the start of `bytes`, and where to put it. */
  readonly checksum: number;
  readonly csumStart: number;
  readonly csumOffset: number;
  /** GSO_*, and the size of a segment's payload. */
  readonly gsoType: number;
  readonly gsoSize: number;
  /** Frames that found no room between the record before and this one. */
  readonly lost: number;
  /** Set when the frame came to its end here without being delivered. */
  dropReason: DropReason | undefined;
}

/** How much a capture keeps. */
export interface CaptureOptions {
  /** Bytes kept of a frame; all by default. */
  readonly snaplen?: number | undefined;
  /** The most that waits to be read, in bytes; further frames are lost. No bound by default. */
  readonly limitBytes?: number | undefined;
  /** Which frames; all by default. */
  readonly filter?: Filter | undefined;
  /** Keeps only frames that are dropped; no by default. */
  readonly onlyDrops?: boolean | undefined;
}

/** A running capture. Whoever makes it closes it. */
export class Capture implements PacketTap {
  readonly isWatcher = true;
  /** Called, behind what is going on, when there is something to read. */
  onReadable: () => void = () => {};
  readonly #machine: MachineContext;
  readonly #snaplen: number;
  readonly #limitBytes: number;
  readonly #filter: Filter | undefined;
  readonly #onlyDrops: boolean;
  readonly #sources: (Device | Netns)[] = [];
  readonly #records: CaptureRecord[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #isTelling = false;

  constructor(
    machine: MachineContext,
    {
      snaplen = Number.POSITIVE_INFINITY,
      limitBytes = Number.POSITIVE_INFINITY,
      filter,
      onlyDrops = false,
    }: CaptureOptions = {},
  ) {
    this.#onlyDrops = onlyDrops;
    this.#machine = machine;
    this.#snaplen = snaplen;
    this.#limitBytes = limitBytes;
    this.#filter = filter;
  }

  /** Looks at the frames of a device, or of all devices that are ever in a namespace. */
  add(source: Device | Netns): void {
    this.#sources.push(source);
    source.taps = [...(source.taps ?? []), this];
  }

  /** Looks no longer; what waits can still be read. */
  close(): void {
    for (const source of this.#sources.splice(0)) {
      const rest = source.taps?.filter((tap) => tap !== this) ?? [];
      source.taps = rest.length > 0 ? rest : null;
    }
  }

  /** Whether all that was kept has been read. */
  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** The next record; undefined when all have been read. */
  read(): CaptureRecord | undefined {
    const record = this.#records.shift();
    if (record !== undefined) this.#waitingBytes -= record.bytes.length + recordOverhead;
    return record;
  }

  seen(frame: Frame, dev: Device, isOutgoing: boolean): void {
    const now = this.#machine.clock.now();
    if (!isOutgoing && Number.isNaN(frame.timestamp)) frame.timestamp = now;
    if (this.#onlyDrops) return;
    this.#keep(frame, dev, isOutgoing, isOutgoing ? now : frame.timestamp, undefined);
  }

  dropped(frame: Frame, dev: Device, reason: DropReason): void {
    const record = this.#records.findLast((each) => each.packetId === frame.packetId && each.dev === dev);
    if (record !== undefined) record.dropReason = reason;
    else this.#keep(frame, dev, !isReceived(frame), this.#machine.clock.now(), reason);
  }

  #keep(
    frame: Frame,
    dev: Device,
    isOutgoing: boolean,
    timestampNs: number,
    dropReason: DropReason | undefined,
  ): void {
    if (dev.type !== ARPHRD_ETHER && dev.type !== ARPHRD_LOOPBACK) return;
    const header = headerOf(frame);
    const length = header.length + frame.end - header.end;
    if (this.#filter !== undefined && !passes(this.#filter, frame, header, length, isOutgoing)) return;
    const size = Math.min(length, this.#snaplen);
    if (this.#waitingBytes + size + recordOverhead > this.#limitBytes) {
      this.#lost++;
      return;
    }
    if (frame.packetId === 0) frame.packetId = this.#machine.nextPacketId();
    this.#waitingBytes += size + recordOverhead;
    this.#records.push({
      timestampNs,
      dev,
      ifname: dev.name,
      ifindex: dev.ifindex,
      isOutgoing,
      packetType: frame.packetType,
      protocol: frame.protocol,
      length,
      bytes: copyOf(frame, header, size),
      packetId: frame.packetId,
      checksum: frame.checksum,
      csumStart: frame.checksum === CHECKSUM_PARTIAL ? frame.csumStart - header.end + header.length : 0,
      csumOffset: frame.csumOffset,
      gsoType: frame.gsoType,
      gsoSize: frame.gsoSize,
      lost: this.#lost,
      dropReason,
    });
    this.#lost = 0;
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    void Promise.resolve().then(() => {
      this.#isTelling = false;
      this.onReadable();
    });
  }
}

/** Whether the frame came from a device: its link header has been read, and lies before what is left of it. */
function isReceived({ macHeader, start, memory }: Frame): boolean {
  return macHeader >= memory.head && macHeader < start;
}

/** The link header that a record begins with, and where it stands in the frame. */
interface LinkHeader {
  /** Its bytes in the record, the tag put back included; 0 for a frame too short to have one. */
  readonly length: number;
  /** Undefined for a packet that has yet to get one. */
  readonly start: number | undefined;
  readonly end: number;
}

function headerOf(frame: Frame): LinkHeader {
  const { macHeader, start, end, memory } = frame;
  const length = ETH_HLEN + (frame.vlanProtocol === 0 ? 0 : vlanTagLength);
  // A frame on its way down stands at its header, one on its way up left it behind; a packet may have none yet.
  const isThere = macHeader >= memory.head && macHeader <= start;
  if (!isThere) return { length, start: undefined, end: start };
  if (end - macHeader < ETH_HLEN) return { length: 0, start: macHeader, end: macHeader };
  return { length, start: macHeader, end: macHeader + ETH_HLEN };
}

/** Whether a filter lets the frame through, as it would stand on the wire. */
function passes(
  filter: Filter,
  frame: Frame,
  header: LinkHeader,
  length: number,
  isOutgoing: boolean,
): boolean {
  if (
    header.start !== undefined &&
    header.end - header.start === header.length &&
    header.end === frame.start
  ) {
    return filter.matches(frame.bytes, header.start, frame.end, length, isOutgoing);
  }
  const whole = copyOf(frame, header, length);
  return filter.matches(whole, 0, whole.length, length, isOutgoing);
}

/** The first `size` bytes of the frame as it would stand on the wire; a missing header has addresses of zeros. */
function copyOf(frame: Frame, header: LinkHeader, size: number): Uint8Array {
  const { bytes } = frame;
  const whole = new Uint8Array(Math.max(size, header.length));
  if (header.length > 0) writeHeader(whole, frame, header);
  whole.set(bytes.subarray(header.end, header.end + whole.length - header.length), header.length);
  return size < whole.length ? whole.slice(0, size) : whole;
}

function writeHeader(
  whole: Uint8Array,
  { bytes, protocol, vlanProtocol, vlanTci }: Frame,
  header: LinkHeader,
): void {
  if (header.start === undefined) setBe16(whole, header.length - 2, protocol);
  else {
    whole.set(bytes.subarray(header.start, header.start + vlanTagOffset), 0);
    whole.set(bytes.subarray(header.end - 2, header.end), header.length - 2);
  }
  if (vlanProtocol === 0) return;
  setBe16(whole, vlanTagOffset, vlanProtocol);
  setBe16(whole, vlanTagOffset + 2, vlanTci);
}
