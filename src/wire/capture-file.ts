// A capture as a pcapng file: sightings of frames in, blocks out. Each device becomes an interface of the file when it is
// first seen; a frame seen in several places has one packet id; what was dropped says why.
//
// Blocks: pcapng.ts (draft-ietf-opsawg-pcapng).

import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from "../uapi/if_packet.ts";
import {
  EPB_BROADCAST,
  EPB_CHECKSUM_NOT_READY,
  EPB_CHECKSUM_VALID,
  EPB_INBOUND,
  EPB_MULTICAST,
  EPB_OUTBOUND,
  EPB_PROMISCUOUS,
  EPB_SEGMENTATION_OFFLOAD,
  EPB_UNICAST,
  pcapngInterface,
  pcapngPacket,
  pcapngSectionHeader,
  pcapngStatistics,
  TC_ACT_SHOT,
  VERDICT_TC,
} from "./pcapng.ts";

/** One sight of a frame on a device. */
export interface Sighting {
  readonly ifname: string;
  /** The namespace the device is in, where a file has several. */
  readonly netns?: string | undefined;
  readonly isOutgoing: boolean;
  /** For whom it is, as the device sees it (PACKET_*). */
  readonly packetType: number;
  /** Nanoseconds since the machine's start. */
  readonly timeNs: number;
  /** The frame from its Ethernet header on, perhaps cut; copied when written. */
  readonly bytes: Uint8Array;
  /** Its length on the wire. */
  readonly length: number;
  /** The same for every sight of one frame; 0 for none. */
  readonly packetId: number;
  /** Why it was dropped here, if it was. */
  readonly dropReason?: string | undefined;
  /** The checksum inside is yet to be made, or was verified; undefined when nothing is known. */
  readonly checksum?: "partial" | "verified" | undefined;
  /** The frame is larger than what will be on a wire, and is to be cut into pieces. */
  readonly isSegmentedLater?: boolean | undefined;
  /** Frames not handed over before this one, because the reader was slow. */
  readonly lost?: number | undefined;
  /** What else is to be said of it. */
  readonly comments?: readonly string[] | undefined;
}

/** What a capture file says of itself. */
export interface CaptureFileOptions {
  /** The wall clock at nanosecond 0, in nanoseconds since 1970. */
  readonly epochNs: bigint;
  /** For the section header: who wrote it, from what seed. */
  readonly comments?: readonly string[];
}

interface Interface {
  readonly id: number;
  received: bigint;
  lost: bigint;
}

const packetTypeFlags: ReadonlyMap<number, number> = new Map([
  [PACKET_HOST, EPB_UNICAST],
  [PACKET_MULTICAST, EPB_MULTICAST],
  [PACKET_BROADCAST, EPB_BROADCAST],
  [PACKET_OTHERHOST, EPB_PROMISCUOUS],
]);

/** Turns sightings into the bytes of a file, handed to `write` block by block; the receiver owns them. */
export class CaptureFile {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #epochNs: bigint;
  readonly #interfaces = new Map<string, Interface>();
  #lastNs = 0;

  /** Writes the section header. */
  constructor(write: (bytes: Uint8Array) => void, { epochNs, comments = [] }: CaptureFileOptions) {
    this.#write = write;
    this.#epochNs = epochNs;
    write(pcapngSectionHeader({ application: "uveth", comments }));
  }

  /** Frames written so far. */
  get count(): number {
    let sum = 0n;
    for (const { received } of this.#interfaces.values()) sum += received;
    return Number(sum);
  }

  add(sighting: Sighting): void {
    const seenOn = this.#interface(sighting);
    seenOn.received++;
    const lost = BigInt(sighting.lost ?? 0);
    seenOn.lost += lost;
    this.#lastNs = sighting.timeNs;
    const { dropReason, comments = [] } = sighting;
    const said = dropReason === undefined ? comments : [...comments, `dropped: ${dropReason}`];
    this.#write(
      pcapngPacket({
        interfaceId: seenOn.id,
        timestampNs: this.#wallTime(sighting.timeNs),
        bytes: sighting.bytes,
        originalLength: sighting.length,
        flags: flagsOf(sighting),
        ...(sighting.packetId === 0 ? {} : { packetId: BigInt(sighting.packetId) }),
        ...(lost === 0n ? {} : { dropCount: lost }),
        ...(said.length === 0 ? {} : { comments: said }),
        ...(dropReason === undefined ? {} : { verdict: { kind: VERDICT_TC, value: TC_ACT_SHOT } }),
      }),
    );
  }

  /** Writes each interface's statistics; nothing may be added after. */
  end(): void {
    for (const { id, received, lost } of this.#interfaces.values()) {
      const timestampNs = this.#wallTime(this.#lastNs);
      this.#write(pcapngStatistics({ interfaceId: id, timestampNs, received, dropped: lost }));
    }
  }

  #interface({ ifname, netns }: Sighting): Interface {
    const key = `${netns ?? ""}/${ifname}`;
    let known = this.#interfaces.get(key);
    if (known === undefined) {
      known = { id: this.#interfaces.size, received: 0n, lost: 0n };
      this.#interfaces.set(key, known);
      this.#write(
        pcapngInterface({ name: ifname, ...(netns === undefined ? {} : { description: `netns ${netns}` }) }),
      );
    }
    return known;
  }

  #wallTime(timeNs: number): bigint {
    return this.#epochNs + BigInt(Math.round(timeNs));
  }
}

function flagsOf({ isOutgoing, packetType, checksum, isSegmentedLater }: Sighting): number {
  let flags = isOutgoing ? EPB_OUTBOUND : EPB_INBOUND | (packetTypeFlags.get(packetType) ?? 0);
  if (checksum === "partial") flags |= EPB_CHECKSUM_NOT_READY;
  if (checksum === "verified") flags |= EPB_CHECKSUM_VALID;
  if (isSegmentedLater === true) flags |= EPB_SEGMENTATION_OFFLOAD;
  return flags;
}
