// A pcapng file (draft-ietf-opsawg-pcapng 4), block by block: a section header, a description of each
// interface, then packets and at last statistics. Each function makes one block, newly allocated; written one
// after the other they are the file.
//
// An interface's number is its place among the descriptions of the section. *Omitted:* name resolution,
// decryption secrets, custom and simple packet blocks.

import { setU16, setU32, setU64 } from "../bytes/endian.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { LINKTYPE_ETHERNET, SNAPLEN } from "./pcap.ts";
import type { PcapngOption } from "./pcapng-block.ts";
import {
  BLOCK_BODY,
  byteOption,
  commentOptions,
  createBlock,
  macOption,
  PCAPNG_BYTE_ORDER_MAGIC,
  PCAPNG_ENHANCED_PACKET,
  PCAPNG_INTERFACE_DESCRIPTION,
  PCAPNG_INTERFACE_STATISTICS,
  PCAPNG_SECTION_HEADER,
  setTimestamp,
  textOption,
  timestampOption,
  u32Option,
  u64Option,
} from "./pcapng-block.ts";

/** Options of a section header: hardware, operating system, application. */
export const SHB_HARDWARE = 2;
export const SHB_OS = 3;
export const SHB_USERAPPL = 4;

/** Options of an interface description. */
export const IF_NAME = 2;
export const IF_DESCRIPTION = 3;
export const IF_MACADDR = 6;
export const IF_TSRESOL = 9;
export const IF_FILTER = 11;

/** Options of a packet. */
export const EPB_FLAGS = 2;
export const EPB_DROPCOUNT = 4;
export const EPB_PACKETID = 5;
export const EPB_QUEUE = 6;
export const EPB_VERDICT = 7;

/** Options of interface statistics. */
export const ISB_STARTTIME = 2;
export const ISB_ENDTIME = 3;
export const ISB_IFRECV = 4;
export const ISB_IFDROP = 5;

/**
 * EPB_FLAGS: direction, seen from the interface; how it was received; what became of its checksum and its
 * size.
 */
export const EPB_INBOUND = 1;
export const EPB_OUTBOUND = 2;
export const EPB_UNICAST = 1 << 2;
export const EPB_MULTICAST = 2 << 2;
export const EPB_BROADCAST = 3 << 2;
export const EPB_PROMISCUOUS = 4 << 2;
export const EPB_CHECKSUM_NOT_READY = 1 << 9;
export const EPB_CHECKSUM_VALID = 1 << 10;
export const EPB_SEGMENTATION_OFFLOAD = 1 << 11;

/** EPB_VERDICT: whose numbers the verdict uses, the two of Linux's that say what became of a frame. */
export const VERDICT_TC = 1;
export const TC_ACT_OK = 0n;
export const TC_ACT_SHOT = 2n;

/** Bytes of a packet's body in front of its data. */
const PACKET_HEADER_SIZE = 20;

/** Exponent of the unit of time, which without the option would be microseconds. */
const NANOSECONDS = 9;

/** Who writes a section. */
export interface PcapngSection {
  readonly hardware?: string;
  readonly os?: string;
  readonly application?: string;
  readonly comments?: readonly string[];
}

/** Makes a section header; the section's length is left open. */
export function pcapngSectionHeader(section: PcapngSection = {}): Uint8Array {
  const options = commentOptions(section.comments);
  if (section.hardware !== undefined) options.push(textOption(SHB_HARDWARE, section.hardware));
  if (section.os !== undefined) options.push(textOption(SHB_OS, section.os));
  if (section.application !== undefined) options.push(textOption(SHB_USERAPPL, section.application));
  const block = createBlock(PCAPNG_SECTION_HEADER, 16, options);
  setU32(block, BLOCK_BODY, PCAPNG_BYTE_ORDER_MAGIC);
  setU16(block, BLOCK_BODY + 4, 1);
  setU64(block, BLOCK_BODY + 8, -1n);
  return block;
}

/** An interface that frames are captured on. */
export interface PcapngInterface {
  readonly name: string;
  readonly description?: string;
  readonly mac?: number;
  readonly filter?: string;
  readonly comments?: readonly string[];
}

/** Makes an interface description for Ethernet frames, stamped in nanoseconds. */
export function pcapngInterface(device: PcapngInterface): Uint8Array {
  const options = [...commentOptions(device.comments), textOption(IF_NAME, device.name)];
  if (device.description !== undefined) options.push(textOption(IF_DESCRIPTION, device.description));
  if (device.mac !== undefined) options.push(macOption(IF_MACADDR, device.mac));
  options.push(byteOption(IF_TSRESOL, NANOSECONDS));
  // The filter's first byte says what language it is in: 0 is libpcap's.
  if (device.filter !== undefined) {
    options.push({ code: IF_FILTER, value: Uint8Array.of(0, ...encodeUtf8(device.filter)) });
  }
  const block = createBlock(PCAPNG_INTERFACE_DESCRIPTION, 8, options);
  setU16(block, BLOCK_BODY, LINKTYPE_ETHERNET);
  setU32(block, BLOCK_BODY + 4, SNAPLEN);
  return block;
}

/** What became of a frame, in the numbers of `kind`. */
export interface PcapngVerdict {
  readonly kind: number;
  readonly value: bigint;
}

/** A frame and what is known about it. */
export interface PcapngPacket {
  readonly interfaceId: number;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** Holds the frame from `start` to `end`; it is copied. */
  readonly bytes: Uint8Array;
  readonly start?: number;
  readonly end?: number;
  /** Length on the wire, if fewer bytes were captured. */
  readonly originalLength?: number;
  /** EPB_INBOUND and the other bits of EPB_FLAGS. */
  readonly flags?: number;
  /** Frames lost by this interface between the one before and this one. */
  readonly dropCount?: bigint;
  /** The same for one frame seen on several interfaces. */
  readonly packetId?: bigint;
  readonly queue?: number;
  readonly verdict?: PcapngVerdict;
  readonly comments?: readonly string[];
}

/** Makes an enhanced packet block. */
export function pcapngPacket(packet: PcapngPacket): Uint8Array {
  const { bytes, start = 0, end = bytes.length } = packet;
  const captured = end - start;
  const block = createBlock(PCAPNG_ENHANCED_PACKET, PACKET_HEADER_SIZE + captured, packetOptions(packet));
  setU32(block, BLOCK_BODY, packet.interfaceId);
  setTimestamp(block, BLOCK_BODY + 4, packet.timestampNs);
  setU32(block, BLOCK_BODY + 12, captured);
  setU32(block, BLOCK_BODY + 16, packet.originalLength ?? captured);
  block.set(bytes.subarray(start, end), BLOCK_BODY + PACKET_HEADER_SIZE);
  return block;
}

function packetOptions(packet: PcapngPacket): PcapngOption[] {
  const options = commentOptions(packet.comments);
  if (packet.flags !== undefined) options.push(u32Option(EPB_FLAGS, packet.flags));
  if (packet.dropCount !== undefined) options.push(u64Option(EPB_DROPCOUNT, packet.dropCount));
  if (packet.packetId !== undefined) options.push(u64Option(EPB_PACKETID, packet.packetId));
  if (packet.queue !== undefined) options.push(u32Option(EPB_QUEUE, packet.queue));
  if (packet.verdict !== undefined) {
    const value = new Uint8Array(9);
    value[0] = packet.verdict.kind;
    setU64(value, 1, packet.verdict.value);
    options.push({ code: EPB_VERDICT, value });
  }
  return options;
}

/** Counters of an interface over a span of time. */
export interface PcapngStatistics {
  readonly interfaceId: number;
  /** When they were read, in nanoseconds since 1970. */
  readonly timestampNs: bigint;
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  /** Frames that the interface received and lost. */
  readonly received?: bigint;
  readonly dropped?: bigint;
  readonly comments?: readonly string[];
}

/** Makes an interface statistics block. */
export function pcapngStatistics(statistics: PcapngStatistics): Uint8Array {
  const options = commentOptions(statistics.comments);
  if (statistics.startNs !== undefined) options.push(timestampOption(ISB_STARTTIME, statistics.startNs));
  if (statistics.endNs !== undefined) options.push(timestampOption(ISB_ENDTIME, statistics.endNs));
  if (statistics.received !== undefined) options.push(u64Option(ISB_IFRECV, statistics.received));
  if (statistics.dropped !== undefined) options.push(u64Option(ISB_IFDROP, statistics.dropped));
  const block = createBlock(PCAPNG_INTERFACE_STATISTICS, 12, options);
  setU32(block, BLOCK_BODY, statistics.interfaceId);
  setTimestamp(block, BLOCK_BODY + 4, statistics.timestampNs);
  return block;
}
