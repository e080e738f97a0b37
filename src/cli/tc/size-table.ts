// `stab`: how long frames are taken to be on a link below that adds to them.
//
// Facts: tc-stab(8) and the requests of iproute2 6.1 (tc_calc_size_table).

import { getS32, getU32, setS32, setU16, setU32 } from "../../bytes/endian.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as ps from "../../uapi/pkt_sched.ts";
import { TCA_STAB } from "../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_USAGE, usage } from "../exit.ts";
import { signed, unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { STAB_USAGE } from "./help.ts";
import type { WriteOptions } from "./kinds/kind.ts";
import { illegal } from "./kinds/kind.ts";
import { linkLayerOf, linkLayers } from "./kinds/rate.ts";

const defaultMtu = 2_047;
const defaultSlots = 512;
const atm = 2;
const atmCell = 53;
const atmPayload = 48;
const largest = 0xffff;

interface Said {
  mtu: number;
  slots: number;
  mpu: number;
  overhead: number;
  linkLayer: number;
}

/** Reads the words behind `stab`, up to one that is none of them. */
export function takeSizeTable(words: Words): WriteOptions {
  const said: Said = { mtu: 0, slots: 0, mpu: 0, overhead: 0, linkLayer: 0 };
  const take = <Value>(parse: (word: string) => Value | undefined, name: string): Value => {
    const word = words.value();
    const value = parse(word);
    if (value === undefined) throw illegal(`Illegal value for "${name}": "${word}"`);
    return value;
  };
  for (let word = words.peek; word !== undefined; word = words.peek) {
    words.take();
    if (matches(word, "help")) throw usage(STAB_USAGE);
    if (matches(word, "mtu")) said.mtu = take(unsigned, "mtu");
    else if (matches(word, "mpu")) said.mpu = take(unsigned, "mpu");
    else if (matches(word, "overhead")) said.overhead = take(signed, "overhead");
    else if (matches(word, "tsize")) said.slots = take(unsigned, "tsize");
    else if (matches(word, "linklayer")) said.linkLayer = take(linkLayerOf, "linklayer");
    else {
      words.back();
      break;
    }
  }
  if (said.linkLayer === 0 && said.mpu === 0 && said.overhead === 0)
    throw new CommandExit(EXIT_USAGE, "", false);
  return (writer) => {
    const { spec, table } = tableOf(said);
    const nest = writer.nest(TCA_STAB);
    const at = writer.attribute(ps.TCA_STAB_BASE, ps.TC_SIZESPEC_SIZE);
    const { bytes } = writer;
    bytes[at + ps.TC_SIZESPEC_CELL_LOG] = spec.cellLog;
    bytes[at + ps.TC_SIZESPEC_SIZE_LOG] = spec.sizeLog;
    setU16(bytes, at + ps.TC_SIZESPEC_CELL_ALIGN, spec.align & 0xffff);
    setS32(bytes, at + ps.TC_SIZESPEC_OVERHEAD, said.overhead);
    setU32(bytes, at + ps.TC_SIZESPEC_LINKLAYER, said.linkLayer);
    setU32(bytes, at + ps.TC_SIZESPEC_MPU, said.mpu);
    setU32(bytes, at + ps.TC_SIZESPEC_MTU, spec.mtu);
    setU32(bytes, at + ps.TC_SIZESPEC_TSIZE, table.length);
    if (table.length > 0) {
      const data = writer.attribute(ps.TCA_STAB_DATA, table.length * 2);
      for (const [index, size] of table.entries()) setU16(writer.bytes, data + index * 2, size);
    }
    writer.endNest(nest);
  };
}

/** The table of sizes; none where an overhead says it all. */
function tableOf({ mtu, slots, mpu, linkLayer }: Said) {
  if (linkLayer !== atm && mpu === 0) {
    return { spec: { cellLog: 0, sizeLog: 0, align: 0, mtu }, table: [] };
  }
  const most = mtu === 0 ? defaultMtu : mtu;
  const count = slots === 0 ? defaultSlots : slots;
  let cellLog = 0;
  while ((most - 1) >> cellLog > count - 1) cellLog++;
  for (let sizeLog = 0; ; sizeLog++) {
    const table = Array.from({ length: count }, (_, slot) => {
      const size = Math.max((slot + 1) * 2 ** cellLog, mpu);
      return (linkLayer === atm ? Math.ceil(size / atmPayload) * atmCell : size) >>> sizeLog;
    });
    if ((table.at(-1) ?? 0) <= largest) return { spec: { cellLog, sizeLog, align: -1, mtu: most }, table };
  }
}

/** Prints a table behind a discipline, with -details (print_size_table). */
export function printSizeTable(out: Output, stab: Attribute): void {
  const base = stab.child(ps.TCA_STAB_BASE);
  if (base === undefined) return;
  const { bytes, start } = base;
  const number = (offset: number) => getU32(bytes, start + offset);
  const layer = linkLayers[number(ps.TC_SIZESPEC_LINKLAYER)] ?? "unknown";
  out.openObject("stab");
  out.text(" ");
  if (number(ps.TC_SIZESPEC_LINKLAYER) !== 0) out.field("linklayer", layer, `linklayer ${layer} `);
  const overhead = getS32(bytes, start + ps.TC_SIZESPEC_OVERHEAD);
  if (overhead !== 0) out.field("overhead", overhead, `overhead ${overhead} `);
  for (const [name, offset] of [
    ["mpu", ps.TC_SIZESPEC_MPU],
    ["mtu", ps.TC_SIZESPEC_MTU],
    ["tsize", ps.TC_SIZESPEC_TSIZE],
  ] as const) {
    if (number(offset) !== 0) out.field(name, number(offset), `${name} ${number(offset)} `);
  }
  out.closeObject();
  out.newline();
}
