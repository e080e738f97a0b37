// A wire's faults as a user says them ("50ms", "1%", "10mbit") → netem's options on the wire of netlink.
//
// Mirrors <linux/pkt_sched.h> (TCA_NETEM_*) with the units of tc(8).

import { setS32, setU32, setU64Number } from "../bytes/endian.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../uapi/netlink.ts";
import * as tc from "../uapi/pkt_sched.ts";
import {
  RTM_DELQDISC,
  RTM_NEWQDISC,
  TCA_KIND,
  TCA_OPTIONS,
  TCMSG_IFINDEX,
  TCMSG_PARENT,
  TCMSG_SIZE,
} from "../uapi/rtnetlink.ts";
import { TCA_NETEM_UVETH_PER_SEGMENT } from "../uapi/uveth.ts";
import { distributionTable } from "./distribution.ts";
import { netemComplaint } from "./netem-check.ts";
import type { Chance, Loss, NetemOptions } from "./netem-options.ts";
import { bytesPerSecond, chance, nanoseconds } from "./units.ts";

const u32Max = 0xffff_ffff;
const tickNs = 64;
const defaultLimit = 1_000;

/** Writes TCA_OPTIONS of a netem that does this and nothing else: what is not said is taken back. */
function writeNetem(writer: MessageWriter, options: NetemOptions): void {
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.reserve(tc.TC_NETEM_QOPT_SIZE);
  const delay = nanoseconds(options.delay ?? 0);
  const jitter = nanoseconds(options.jitter ?? 0);
  const reorder = chanceOf(options.reorder);
  const { bytes } = writer;
  setU32(bytes, at + tc.TC_NETEM_QOPT_LATENCY, ticks(delay));
  setU32(bytes, at + tc.TC_NETEM_QOPT_JITTER, ticks(jitter));
  setU32(bytes, at + tc.TC_NETEM_QOPT_LIMIT, options.limit ?? defaultLimit);
  setU32(bytes, at + tc.TC_NETEM_QOPT_LOSS, lossOf(options.loss).probability);
  setU32(bytes, at + tc.TC_NETEM_QOPT_GAP, options.gap ?? (reorder.probability > 0 ? 1 : 0));
  setU32(bytes, at + tc.TC_NETEM_QOPT_DUPLICATE, chanceOf(options.duplicate).probability);
  writer.u64(tc.TCA_NETEM_LATENCY64, delay);
  writer.u64(tc.TCA_NETEM_JITTER64, jitter);
  writeChances(writer, options);
  writeRate(writer, options);
  writer.u32(tc.TCA_NETEM_ECN, options.ecn === true ? 1 : 0);
  writeLossModel(writer, options.loss);
  writeSlot(writer, options.slot);
  if (jitter > 0) {
    const table = distributionTable(options.distribution ?? "uniform");
    writer.binary(tc.TCA_NETEM_DELAY_DIST, new Uint8Array(table.buffer));
  }
  if (options.seed !== undefined)
    writer.u64(tc.TCA_NETEM_PRNG_SEED, BigInt.asUintN(64, BigInt(options.seed)));
  writer.u8(TCA_NETEM_UVETH_PER_SEGMENT, options.perSegment === true ? 1 : 0);
  writer.endNest(nest);
}

function ticks(ns: number): number {
  return Math.min(Math.floor(ns / tickNs), u32Max);
}

interface Probability {
  readonly probability: number;
  readonly correlation: number;
}

/** A chance and its correlation, of 2^32. */
function chanceOf(said: Chance | undefined): Probability {
  if (said === undefined) return { probability: 0, correlation: 0 };
  if (typeof said !== "object") return { probability: chance(said), correlation: 0 };
  return { probability: chance(said.probability), correlation: chance(said.correlation ?? 0) };
}

function lossOf(loss: Loss | undefined): Probability {
  if (typeof loss === "object" && !("probability" in loss)) return { probability: 0, correlation: 0 };
  return chanceOf(loss);
}

function writeChances(writer: MessageWriter, options: NetemOptions): void {
  const corr = writer.attribute(tc.TCA_NETEM_CORR, tc.TC_NETEM_CORR_SIZE);
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_DELAY_CORR, chance(options.delayCorrelation ?? 0));
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_LOSS_CORR, lossOf(options.loss).correlation);
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_DUP_CORR, chanceOf(options.duplicate).correlation);
  const reorder = chanceOf(options.reorder);
  // A gap without a chance is for every one behind it.
  const probability = options.reorder === undefined && (options.gap ?? 0) > 0 ? u32Max : reorder.probability;
  const at = writer.attribute(tc.TCA_NETEM_REORDER, tc.TC_NETEM_REORDER_SIZE);
  setU32(writer.bytes, at + tc.TC_NETEM_REORDER_PROBABILITY, probability);
  setU32(writer.bytes, at + tc.TC_NETEM_REORDER_CORRELATION, reorder.correlation);
  const corrupt = chanceOf(options.corrupt);
  const damage = writer.attribute(tc.TCA_NETEM_CORRUPT, tc.TC_NETEM_CORRUPT_SIZE);
  setU32(writer.bytes, damage + tc.TC_NETEM_CORRUPT_PROBABILITY, corrupt.probability);
  setU32(writer.bytes, damage + tc.TC_NETEM_CORRUPT_CORRELATION, corrupt.correlation);
}

function writeRate(writer: MessageWriter, options: NetemOptions): void {
  const rate = options.rate === undefined ? 0 : bytesPerSecond(options.rate);
  if (rate > u32Max) writer.u64(tc.TCA_NETEM_RATE64, rate);
  const at = writer.attribute(tc.TCA_NETEM_RATE, tc.TC_NETEM_RATE_SIZE);
  setU32(writer.bytes, at + tc.TC_NETEM_RATE_RATE, Math.min(rate, u32Max));
  setS32(writer.bytes, at + tc.TC_NETEM_RATE_PACKET_OVERHEAD, options.packetOverhead ?? 0);
  setU32(writer.bytes, at + tc.TC_NETEM_RATE_CELL_SIZE, options.cellSize ?? 0);
  setS32(writer.bytes, at + tc.TC_NETEM_RATE_CELL_OVERHEAD, options.cellOverhead ?? 0);
}

function writeLossModel(writer: MessageWriter, loss: Loss | undefined): void {
  if (typeof loss !== "object" || "probability" in loss) return;
  const nest = writer.nest(tc.TCA_NETEM_LOSS);
  if ("p13" in loss) {
    const at = writer.attribute(tc.NETEM_LOSS_GI, tc.TC_NETEM_GIMODEL_SIZE);
    const p13 = chance(loss.p13);
    setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P13, p13);
    setU32(
      writer.bytes,
      at + tc.TC_NETEM_GIMODEL_P31,
      loss.p31 === undefined ? u32Max - p13 : chance(loss.p31),
    );
    setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P32, chance(loss.p32 ?? 0));
    setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P23, chance(loss.p23 ?? 1));
    setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P14, chance(loss.p14 ?? 0));
  } else {
    const at = writer.attribute(tc.NETEM_LOSS_GE, tc.TC_NETEM_GEMODEL_SIZE);
    const p = chance(loss.p);
    setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_P, p);
    setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_R, loss.r === undefined ? u32Max - p : chance(loss.r));
    // The wire has the chance to pass in the bad state, and to lose in the good one.
    setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_H, chance(loss.h ?? 0));
    setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_K1, u32Max - chance(loss.k ?? 1));
  }
  writer.endNest(nest);
}

function writeSlot(writer: MessageWriter, slot: NetemOptions["slot"]): void {
  const at = writer.attribute(tc.TCA_NETEM_SLOT, tc.TC_NETEM_SLOT_SIZE);
  if (slot === undefined) return;
  const least = nanoseconds(slot.min);
  setU64Number(writer.bytes, at + tc.TC_NETEM_SLOT_MIN_DELAY, least);
  setU64Number(
    writer.bytes,
    at + tc.TC_NETEM_SLOT_MAX_DELAY,
    Math.max(least, nanoseconds(slot.max ?? least)),
  );
  setS32(writer.bytes, at + tc.TC_NETEM_SLOT_MAX_PACKETS, slot.packets ?? 0);
  setS32(writer.bytes, at + tc.TC_NETEM_SLOT_MAX_BYTES, slot.bytes ?? 0);
}

/**
 * Hangs a netem of these options on a device, changes the one that is there, or takes it off (null). RangeError for what netem
 * cannot do, before anything is changed.
 */
export async function setNetem(
  client: NetlinkClient,
  ifindex: number,
  options: NetemOptions | null,
): Promise<void> {
  const complaint = options === null ? undefined : netemComplaint(options);
  if (complaint !== undefined) throw new RangeError(complaint.text);
  const isRemoval = options === null;
  const type = isRemoval ? RTM_DELQDISC : RTM_NEWQDISC;
  const change = client.request(type, isRemoval ? 0 : NLM_F_CREATE | NLM_F_REPLACE, (writer) => {
    const at = writer.reserve(TCMSG_SIZE);
    setS32(writer.bytes, at + TCMSG_IFINDEX, ifindex);
    setU32(writer.bytes, at + TCMSG_PARENT, tc.TC_H_ROOT);
    writer.string(TCA_KIND, "netem");
    if (options !== null) writeNetem(writer, options);
  });
  await change.catch((error: unknown) => {
    // Nothing to take off is as good as taken off.
    if (
      !isRemoval ||
      !(error instanceof NetlinkError) ||
      (error.code !== "ENOENT" && error.code !== "EINVAL")
    )
      throw error;
  });
}
