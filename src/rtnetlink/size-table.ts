// Size tables: what a frame counts for when the link below adds to it or cuts it into cells (TCA_STAB).
//
// Mirrors net/sched/sch_api.c (qdisc_get_stab, __qdisc_calculate_pkt_len).

import { getS16, getS32, getU16, getU32 } from "../bytes/endian.ts";
import type { SizeTable } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { min, policy } from "../netlink/policy.ts";
import * as tc from "../uapi/pkt_sched.ts";

const maxLog = 30;

const stabPolicy = policy(tc.TCA_STAB_MAX, {
  [tc.TCA_STAB_BASE]: min("base", tc.TC_SIZESPEC_SIZE),
  [tc.TCA_STAB_DATA]: min("data", 0),
});

/** Reads the nest TCA_STAB. */
export function readSizeTable(nestOf: Attribute): SizeTable {
  const { base, data } = parseNested(nestOf, stabPolicy);
  if (base === undefined) throw invalid("Size table base attribute is missing");
  const { bytes, start } = base;
  const size = getU32(bytes, start + tc.TC_SIZESPEC_TSIZE);
  if (size > 0 && data === undefined) throw invalid("Size table data attribute is missing");
  const entries = data === undefined ? 0 : Math.floor(data.length / 2);
  if (size !== entries) throw invalid("Invalid size of size table");
  const table = Array.from({ length: entries }, (_, index) =>
    data === undefined ? 0 : getU16(data.bytes, data.start + 2 * index),
  );
  const cellLog = bytes[start + tc.TC_SIZESPEC_CELL_LOG] ?? 0;
  const sizeLog = bytes[start + tc.TC_SIZESPEC_SIZE_LOG] ?? 0;
  if (cellLog > maxLog || sizeLog > maxLog) throw invalid("Invalid logarithmic size of size table");
  const cellAlign = getS16(bytes, start + tc.TC_SIZESPEC_CELL_ALIGN);
  const overhead = getS32(bytes, start + tc.TC_SIZESPEC_OVERHEAD);
  return {
    spec: base.copy(),
    lengthOf(length) {
      const whole = length + overhead;
      if (entries === 0) return Math.max(1, whole);
      const slot = Math.max(0, whole + cellAlign) >>> cellLog;
      const last = table[entries - 1] ?? 0;
      const units =
        slot < entries
          ? (table[slot] ?? 0)
          : last * Math.floor(slot / entries) + (table[slot % entries] ?? 0);
      return Math.max(1, units * 2 ** sizeLog);
    },
  };
}
