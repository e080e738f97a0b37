// Requests about traffic control: RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER. Options are structures of the sizes that kinds
// read, with numbers at which arithmetic goes wrong, and nests of attributes.

import { setS32, setU32 } from "../../../src/bytes/endian.ts";
import * as nl from "../../../src/uapi/netlink.ts";
import * as rt from "../../../src/uapi/rtnetlink.ts";
import type { Attribute, RequestTree } from "../attribute.ts";
import { flaggedNest, leaf, nest, text, u32 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import type { World } from "./values.ts";
import { ifindex } from "./values.ts";

const handles = [0, 0x10000, 0x10001, 0x20000, 0x10002, 0xffff0000];
const parents = [0xffffffff, 0xffffffff, 0xfffffff1, 0, 0x10001, 0x10002, 0xfffffff2, 0xfffffff3, 0xffff0000];
/** Sizes of the structures in TCA_OPTIONS: struct tc_fifo_qopt, tc_prio_qopt, tc_netem_qopt, tc_htb_opt, tc_u32_sel, … */
const sizes = [4, 20, 24, 44, 20, 12, 16, 36, 48];
const types = [
  rt.RTM_NEWQDISC,
  rt.RTM_NEWQDISC,
  rt.RTM_NEWQDISC,
  rt.RTM_DELQDISC,
  rt.RTM_GETQDISC,
  rt.RTM_NEWTCLASS,
  rt.RTM_NEWTCLASS,
  rt.RTM_DELTCLASS,
  rt.RTM_GETTCLASS,
  rt.RTM_NEWTFILTER,
  rt.RTM_NEWTFILTER,
  rt.RTM_DELTFILTER,
  rt.RTM_GETTFILTER,
];

function tc(dice: Dice, { qdiscs }: World): RequestTree {
  const type = dice.of(types);
  const isGet = ((type - rt.RTM_BASE) & 3) === 2;
  const isFilter = type >= rt.RTM_NEWTFILTER;
  const header = new Uint8Array(rt.TCMSG_SIZE);
  setS32(header, rt.TCMSG_IFINDEX, ifindex(dice) | 0);
  setU32(header, rt.TCMSG_HANDLE, dice.once(6) ? dice.number() : dice.of(handles));
  setU32(header, rt.TCMSG_PARENT, dice.once(6) ? dice.number() : dice.of(parents));
  if (isFilter) setU32(header, rt.TCMSG_INFO, dice.of([0x10008, 0x10300, 0x20008, dice.number()]));
  const kinds = isFilter ? ["matchall", "u32", "nosuch"] : [...qdiscs, "nosuch"];
  const kind = dice.of(kinds);
  const attributes: Attribute[] = dice.once(8) ? [] : [text(rt.TCA_KIND, kind)];
  if (!isGet && !dice.once(4)) attributes.push(options(dice, kind));
  if (dice.once(10)) attributes.push(leaf(rt.TCA_STAB, dice.bytes(24)));
  const flags = isGet
    ? dice.of([0, nl.NLM_F_DUMP])
    : dice.of([nl.NLM_F_CREATE | nl.NLM_F_EXCL, nl.NLM_F_CREATE, nl.NLM_F_CREATE | nl.NLM_F_REPLACE, 0]);
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

/** TCA_OPTIONS: a structure, a structure with attributes behind it, or attributes alone. */
function options(dice: Dice, kind: string): Attribute {
  const children = Array.from({ length: dice.below(4) }, () => option(dice, 0));
  if (kind === "netem" || dice.once(3))
    return nest(rt.TCA_OPTIONS, children, structure(dice, dice.of([24, 4, 20])));
  return dice.once(3)
    ? leaf(rt.TCA_OPTIONS, structure(dice, dice.of(sizes)))
    : nest(rt.TCA_OPTIONS, children);
}

function option(dice: Dice, depth: number): Attribute {
  const type = dice.below(18);
  if (depth < 3 && dice.once(4)) {
    const children = Array.from({ length: dice.below(3) }, () => option(dice, depth + 1));
    return (dice.once(2) ? nest : flaggedNest)(type, children);
  }
  if (dice.once(3)) return text(type, dice.of(["mirred", "gact", "nosuch"]));
  return dice.once(2) ? u32(type, dice.number()) : leaf(type, structure(dice, dice.of(sizes)));
}

/** Words, each an edge or small or any. */
function structure(dice: Dice, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at + 4 <= size; at += 4) setU32(bytes, at, dice.number());
  return bytes;
}

/** The requests of this file. */
export const tcRequests = [tc];
