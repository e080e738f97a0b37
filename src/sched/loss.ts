// How netem loses frames: each by chance, or as a link does that is good at times and bad at others.
//
// Mirrors net/sched/sch_netem.c (loss_event, loss_4state, loss_gilb_ell, get_loss_clg, dump_loss_model). The models are those of
// Salsano, Ludovici and Ordine, "Definition of a general and intuitive loss model for packet networks".

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import type { Prandom } from "./prandom.ts";

/** A link that changes between states; null in netem's state for losses by chance alone. */
export interface LossModel {
  /** Whether the next frame is lost. */
  loses(random: Prandom): boolean;
  /** Writes what is inside TCA_NETEM_LOSS. */
  dump(writer: MessageWriter): void;
}

/** Reads TCA_NETEM_LOSS. */
export function readLossModel(nest: Attribute): LossModel | null {
  let model: LossModel | null = null;
  for (const inside of nest.children()) {
    if (inside.type === tc.NETEM_LOSS_GI) model = readFourStates(inside);
    else if (inside.type === tc.NETEM_LOSS_GE) model = readGilbertElliott(inside);
    else throw invalid();
  }
  return model;
}

type FourStates = "tx-in-gap" | "tx-in-burst" | "lost-in-gap" | "lost-in-burst";

/** The model of four states: frames pass or are lost, within a gap between bursts of loss or within a burst. */
function readFourStates(attribute: Attribute): LossModel {
  if (attribute.length < tc.TC_NETEM_GIMODEL_SIZE) throw invalid();
  const read = (offset: number) => getU32(attribute.bytes, attribute.start + offset);
  const p13 = read(tc.TC_NETEM_GIMODEL_P13);
  const p31 = read(tc.TC_NETEM_GIMODEL_P31);
  const p32 = read(tc.TC_NETEM_GIMODEL_P32);
  const p14 = read(tc.TC_NETEM_GIMODEL_P14);
  const p23 = read(tc.TC_NETEM_GIMODEL_P23);
  let state: FourStates = "tx-in-gap";
  const next = (drawn: number): FourStates => {
    switch (state) {
      case "tx-in-gap":
        if (drawn < p14) return "lost-in-gap";
        return p14 < drawn && drawn < p13 + p14 ? "lost-in-burst" : "tx-in-gap";
      case "tx-in-burst":
        return drawn < p23 ? "lost-in-burst" : "tx-in-burst";
      case "lost-in-burst":
        if (drawn < p32) return "tx-in-burst";
        return p32 < drawn && drawn < p31 + p32 ? "tx-in-gap" : "lost-in-burst";
      default:
        return "tx-in-gap";
    }
  };
  return {
    loses(random) {
      state = next(random.u32());
      return state === "lost-in-gap" || state === "lost-in-burst";
    },
    dump(writer) {
      const at = writer.attribute(tc.NETEM_LOSS_GI, tc.TC_NETEM_GIMODEL_SIZE);
      setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P13, p13);
      setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P31, p31);
      setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P32, p32);
      setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P14, p14);
      setU32(writer.bytes, at + tc.TC_NETEM_GIMODEL_P23, p23);
    },
  };
}

/** The Gilbert-Elliott model: a good state that loses with 1-k, a bad one that loses with 1-h. */
function readGilbertElliott(attribute: Attribute): LossModel {
  if (attribute.length < tc.TC_NETEM_GEMODEL_SIZE) throw invalid();
  const read = (offset: number) => getU32(attribute.bytes, attribute.start + offset);
  const p = read(tc.TC_NETEM_GEMODEL_P);
  const r = read(tc.TC_NETEM_GEMODEL_R);
  const h = read(tc.TC_NETEM_GEMODEL_H);
  const k1 = read(tc.TC_NETEM_GEMODEL_K1);
  let isGood = true;
  return {
    loses(random) {
      if (isGood) {
        if (random.u32() < p) isGood = false;
        return random.u32() < k1;
      }
      if (random.u32() < r) isGood = true;
      return random.u32() > h;
    },
    dump(writer) {
      const at = writer.attribute(tc.NETEM_LOSS_GE, tc.TC_NETEM_GEMODEL_SIZE);
      setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_P, p);
      setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_R, r);
      setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_H, h);
      setU32(writer.bytes, at + tc.TC_NETEM_GEMODEL_K1, k1);
    },
  };
}
