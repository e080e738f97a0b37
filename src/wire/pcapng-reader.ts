// Reads what pcapng.ts writes, and files of other programs in either byte order: interfaces, packets and
// statistics with all their options, also the unknown ones. Blocks of other types are passed over.

import { align4, getBe16, getBe32, getU8, getU16, getU32 } from "../bytes/endian.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { IF_NAME, IF_TSRESOL } from "./pcapng.ts";
import type { PcapngOption } from "./pcapng-block.ts";
import {
  BLOCK_BODY,
  OPT_COMMENT,
  OPT_ENDOFOPT,
  PCAPNG_BYTE_ORDER_MAGIC,
  PCAPNG_ENHANCED_PACKET,
  PCAPNG_INTERFACE_DESCRIPTION,
  PCAPNG_INTERFACE_STATISTICS,
  PCAPNG_SECTION_HEADER,
} from "./pcapng-block.ts";

/** An interface as described in the file. */
export interface ReadInterface {
  readonly name: string;
  readonly linkType: number;
  readonly options: readonly PcapngOption[];
}

/** A frame as it lies in the file; `bytes` is a window on it. */
export interface ReadPacket {
  readonly interfaceId: number;
  readonly timestampNs: bigint;
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly comments: readonly string[];
  readonly options: readonly PcapngOption[];
}

/** Statistics of an interface. */
export interface ReadStatistics {
  readonly interfaceId: number;
  readonly timestampNs: bigint;
  readonly options: readonly PcapngOption[];
}

/**
 * What a file holds. Interfaces of later sections follow those of earlier ones, and packets name them by that
 * number.
 */
export interface PcapngFile {
  readonly interfaces: readonly ReadInterface[];
  readonly packets: readonly ReadPacket[];
  readonly statistics: readonly ReadStatistics[];
}

interface Order {
  readonly get16: (bytes: Uint8Array, offset: number) => number;
  readonly get32: (bytes: Uint8Array, offset: number) => number;
}

const NS_PER_S = 1_000_000_000n;

/** The exponent of the unit of time that an interface has which states none. */
const MICROSECONDS = 6;

const LITTLE: Order = { get16: getU16, get32: getU32 };
const BIG: Order = { get16: getBe16, get32: getBe32 };

/**
 * Reads a file; a block that is cut off ends it. Undefined if it does not begin with a section header or a
 * block is broken.
 */
export function readPcapng(file: Uint8Array): PcapngFile | undefined {
  const interfaces: ReadInterface[] = [];
  const packets: ReadPacket[] = [];
  const statistics: ReadStatistics[] = [];
  let order: Order | undefined;
  let firstInterface = 0;
  for (let at = 0; at + BLOCK_BODY + 4 <= file.length; ) {
    if (getU32(file, at) === PCAPNG_SECTION_HEADER) {
      order = sectionOrder(file, at);
      firstInterface = interfaces.length;
    }
    if (order === undefined) return undefined;
    const size = order.get32(file, at + 4);
    if (size < BLOCK_BODY + 4 || size % 4 !== 0) return undefined;
    if (at + size > file.length) break;
    if (order.get32(file, at + size - 4) !== size) return undefined;
    const block = file.subarray(at, at + size);
    const idOf = (): number => firstInterface + (order?.get32(block, BLOCK_BODY) ?? 0);
    switch (order.get32(block, 0)) {
      case PCAPNG_INTERFACE_DESCRIPTION:
        interfaces.push(readInterface(block, order));
        break;
      case PCAPNG_ENHANCED_PACKET: {
        const packet = readPacket(block, order, idOf(), interfaces);
        if (packet === undefined) return undefined;
        packets.push(packet);
        break;
      }
      case PCAPNG_INTERFACE_STATISTICS: {
        const interfaceId = idOf();
        const timestampNs = readTimestamp(block, BLOCK_BODY + 4, order, interfaces[interfaceId]);
        statistics.push({ interfaceId, timestampNs, options: readOptions(block, BLOCK_BODY + 12, order) });
        break;
      }
    }
    at += size;
  }
  return order === undefined ? undefined : { interfaces, packets, statistics };
}

function sectionOrder(file: Uint8Array, at: number): Order | undefined {
  if (getU32(file, at + BLOCK_BODY) === PCAPNG_BYTE_ORDER_MAGIC) return LITTLE;
  return getBe32(file, at + BLOCK_BODY) === PCAPNG_BYTE_ORDER_MAGIC ? BIG : undefined;
}

function readInterface(block: Uint8Array, order: Order): ReadInterface {
  const options = readOptions(block, BLOCK_BODY + 8, order);
  const name = options.find(({ code }) => code === IF_NAME);
  return {
    name: name === undefined ? "" : decodeUtf8(name.value),
    linkType: order.get16(block, BLOCK_BODY),
    options,
  };
}

function readPacket(
  block: Uint8Array,
  order: Order,
  interfaceId: number,
  interfaces: readonly ReadInterface[],
): ReadPacket | undefined {
  const start = BLOCK_BODY + 20;
  const captured = order.get32(block, BLOCK_BODY + 12);
  if (start + align4(captured) > block.length - 4 || captured > block.length) return undefined;
  const options = readOptions(block, start + align4(captured), order);
  return {
    interfaceId,
    timestampNs: readTimestamp(block, BLOCK_BODY + 4, order, interfaces[interfaceId]),
    bytes: block.subarray(start, start + captured),
    originalLength: order.get32(block, BLOCK_BODY + 16),
    comments: options.filter(({ code }) => code === OPT_COMMENT).map(({ value }) => decodeUtf8(value)),
    options,
  };
}

/**
 * A point in time in nanoseconds, from the unit that its interface states: a power of ten, or with the high
 * bit set of two.
 */
function readTimestamp(
  block: Uint8Array,
  at: number,
  order: Order,
  device: ReadInterface | undefined,
): bigint {
  const resolution = device?.options.find(({ code }) => code === IF_TSRESOL);
  const unit = resolution === undefined ? MICROSECONDS : getU8(resolution.value, 0);
  const units = (BigInt(order.get32(block, at)) << 32n) | BigInt(order.get32(block, at + 4));
  if (unit >= 0x80) return (units * NS_PER_S) >> BigInt(unit & 0x7f);
  return (units * NS_PER_S) / 10n ** BigInt(unit);
}

/** The options from `start` to the block's last length; one that is cut off ends them. */
function readOptions(block: Uint8Array, start: number, order: Order): PcapngOption[] {
  const options: PcapngOption[] = [];
  const end = block.length - 4;
  for (let at = start; at + 4 <= end; ) {
    const code = order.get16(block, at);
    const length = order.get16(block, at + 2);
    if (code === OPT_ENDOFOPT || at + 4 + length > end) break;
    options.push({ code, value: block.subarray(at + 4, at + 4 + length) });
    at += 4 + align4(length);
  }
  return options;
}
