// Kinds of extended match: a number of the frame compared (cmp), bytes of it (nbyte), a masked word (u32), and what stands beside its
// bytes (meta).
//
// Mirrors net/sched/em_cmp.c, em_nbyte.c, em_u32.c, em_meta.c (v6.18). Omitted: text, ipset, ipt, canid, and of meta what is not a
// number of the frame's own: load, sockets, routes, names.

import { getBe16, getBe32, getU16, getU32, getU64Number } from "../bytes/endian.ts";
import type { Device, Frame } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { ETH_HLEN } from "../uapi/if_ether.ts";
import * as cls from "../uapi/pkt_cls.ts";
import * as cmp from "../uapi/tc_em_cmp.ts";
import * as meta from "../uapi/tc_em_meta.ts";
import { isIncoming, macStart, networkStart } from "./headers.ts";

/** Says whether a frame of a device matches. */
export type Matcher = (frame: Frame, dev: Device) => boolean;

/** Reads the data of a match; throws NetlinkError to refuse. */
type ReadMatch = (data: Uint8Array) => Matcher;

export const ematchKinds: ReadonlyMap<number, ReadMatch> = new Map([
  [cls.TCF_EM_CMP, readCmp],
  [cls.TCF_EM_NBYTE, readNbyte],
  [cls.TCF_EM_U32, readU32],
  [cls.TCF_EM_META, readMeta],
]);

/** Where a layer begins (tcf_get_base_ptr); a frame that comes in has no transport header yet but its network header. */
function layerStart(frame: Frame, layer: number): number {
  if (layer === cls.TCF_LAYER_LINK) return macStart(frame);
  const network = isIncoming(frame) ? frame.start : networkStart(frame);
  if (layer === cls.TCF_LAYER_NETWORK) return network;
  if (layer !== cls.TCF_LAYER_TRANSPORT) return -1;
  const { transportHeader, end } = frame;
  return !isIncoming(frame) && transportHeader > network && transportHeader <= end
    ? transportHeader
    : network;
}

function isInside(frame: Frame, at: number, size: number): boolean {
  return at >= macStart(frame) && at + size <= frame.end;
}

function compare(value: number, operand: number, other: number): boolean {
  if (operand === cls.TCF_EM_OPND_EQ) return value === other;
  return operand === cls.TCF_EM_OPND_GT ? value > other : operand === cls.TCF_EM_OPND_LT && value < other;
}

function readCmp(data: Uint8Array): Matcher {
  if (data.length < 12) throw invalid();
  const [wanted, mask] = [getU32(data, cmp.TCF_EM_CMP_VAL), getU32(data, cmp.TCF_EM_CMP_MASK)];
  const offset = getU16(data, cmp.TCF_EM_CMP_OFF);
  const [width, flags] = [(data[10] ?? 0) & 0xf, (data[10] ?? 0) >> 4];
  const [layer, operand] = [(data[11] ?? 0) & 0xf, (data[11] ?? 0) >> 4];
  const isSwapped = (flags & cmp.TCF_EM_CMP_TRANS) !== 0;
  return (frame) => {
    const at = layerStart(frame, layer) + offset;
    if (!isInside(frame, at, width)) return false;
    const { bytes } = frame;
    let value: number;
    if (width === cmp.TCF_EM_ALIGN_U8) value = bytes[at] ?? 0;
    else if (width === cmp.TCF_EM_ALIGN_U16) value = isSwapped ? getU16(bytes, at) : getBe16(bytes, at);
    else if (width === cmp.TCF_EM_ALIGN_U32) value = isSwapped ? getU32(bytes, at) : getBe32(bytes, at);
    else return false;
    return compare(mask === 0 ? value : (value & mask) >>> 0, operand, wanted);
  };
}

function readNbyte(data: Uint8Array): Matcher {
  const size = data.length < 4 ? 0 : getU16(data, 2) & 0xfff;
  if (data.length < 4 + size) throw invalid();
  const [offset, layer] = [getU16(data, 0), getU16(data, 2) >> 12];
  const pattern = data.slice(4, 4 + size);
  return (frame) => {
    const at = layerStart(frame, layer) + offset;
    if (!isInside(frame, at, size)) return false;
    for (let index = 0; index < size; index++) if (frame.bytes[at + index] !== pattern[index]) return false;
    return true;
  };
}

function readU32(data: Uint8Array): Matcher {
  if (data.length < cls.TC_U32_KEY_SIZE) throw invalid();
  const [mask, value] = [getBe32(data, cls.TC_U32_KEY_MASK), getBe32(data, cls.TC_U32_KEY_VAL)];
  const offset = getU32(data, cls.TC_U32_KEY_OFF) | 0;
  return (frame) => {
    const at = layerStart(frame, cls.TCF_LAYER_NETWORK) + offset;
    return isInside(frame, at, 4) && ((getBe32(frame.bytes, at) ^ value) & mask) === 0;
  };
}

// --- meta -------------------------------------------------------------------------------------------------------------

type Collect = (frame: Frame, dev: Device) => number;

const collectors: ReadonlyMap<number, Collect> = new Map<number, Collect>([
  [meta.TCF_META_ID_RANDOM, (_, dev) => dev.machine.random.u32()],
  [meta.TCF_META_ID_DEV, (_, dev) => dev.ifindex],
  [meta.TCF_META_ID_PRIORITY, ({ priority }) => priority],
  // The number as it lies in memory: the user has swapped the other one.
  [meta.TCF_META_ID_PROTOCOL, protocolOf],
  [meta.TCF_META_ID_PKTTYPE, ({ packetType }) => packetType],
  [meta.TCF_META_ID_PKTLEN, ({ start, end }) => end - start],
  [meta.TCF_META_ID_MACLEN, () => ETH_HLEN],
  [meta.TCF_META_ID_NFMARK, ({ mark }) => mark],
]);

function protocolOf({ protocol, vlanProtocol }: Frame): number {
  const type = vlanProtocol === 0 ? protocol : vlanProtocol;
  return ((type & 0xff) << 8) | (type >> 8);
}

/** One side of a comparison: which number, by how much it is shifted, and its mask or the value itself. */
interface Side {
  readonly kind: number;
  readonly shift: number;
  readonly data: number;
}

function readMeta(data: Uint8Array): Matcher {
  const parts = attributesOf(data);
  const header = parts.get(meta.TCA_EM_META_HDR);
  if (header === undefined || header.length < 8) throw invalid();
  const left = sideOf(header, 0, parts.get(meta.TCA_EM_META_LVALUE));
  const right = sideOf(header, 4, parts.get(meta.TCA_EM_META_RVALUE));
  if (left.kind >> 12 !== right.kind >> 12) throw invalid();
  const operand = header[3] ?? 0;
  const [one, other] = [collectorOf(left), collectorOf(right)];
  return (frame, dev) => compare(one(frame, dev), operand, other(frame, dev));
}

/** Attributes one behind the other; what is cut off is refused. */
function attributesOf(data: Uint8Array): Map<number, Uint8Array> {
  const parts = new Map<number, Uint8Array>();
  for (let at = 0; at + 4 <= data.length; ) {
    const length = getU16(data, at);
    if (length < 4 || at + length > data.length) throw invalid();
    parts.set(getU16(data, at + 2), data.slice(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return parts;
}

function sideOf(header: Uint8Array, at: number, data: Uint8Array | undefined): Side {
  const size = data?.length ?? 0;
  if (data !== undefined && size < 4) throw invalid();
  const value = data === undefined ? 0 : size >= 8 ? getU64Number(data, 0) : getU32(data, 0);
  return { kind: getU16(header, at), shift: header[at + 2] ?? 0, data: value };
}

function collectorOf({ kind, shift, data }: Side): Collect {
  const id = kind & 0xfff;
  const isNumber = kind >> 12 === meta.TCF_META_TYPE_INT;
  if (id === meta.TCF_META_ID_VALUE && isNumber) return () => data;
  const collect = isNumber ? collectors.get(id) : undefined;
  if (collect === undefined) throw new NetlinkError("EOPNOTSUPP");
  if (shift === 0 && data === 0) return collect;
  return (frame, dev) => {
    const value = Math.floor(collect(frame, dev) / 2 ** shift);
    return data === 0 ? value : (value & data) >>> 0;
  };
}
