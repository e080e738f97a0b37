// What every classifier does with the class a filter points at, and with its flags.
//
// Mirrors include/net/pkt_cls.h (tcf_bind_filter, tc_flags_valid).

import type { TcfProto } from "../net/tcf.ts";
import { invalid } from "../netlink/error.ts";
import * as cls from "../uapi/pkt_cls.ts";

const known = cls.TCA_CLS_FLAGS_SKIP_HW | cls.TCA_CLS_FLAGS_SKIP_SW | cls.TCA_CLS_FLAGS_VERBOSE;

/** EINVAL for flags there are not, and for a filter that nobody would run. */
export function checkFlags(flags: number): void {
  const skipped = cls.TCA_CLS_FLAGS_SKIP_HW | cls.TCA_CLS_FLAGS_SKIP_SW;
  if ((flags & ~known) !== 0 || (flags & skipped) === skipped) throw invalid();
}

/** A class that a filter points at cannot be deleted. */
export function bindFilter({ block: { sch } }: TcfProto, classid: number): void {
  const cl = classid === 0 ? null : (sch.ops.classes?.find(sch, classid) ?? null);
  if (cl !== null) sch.ops.classes?.bind?.(sch, cl);
}

/** Takes a hold on a class back. */
export function unbindFilter({ block: { sch } }: TcfProto, classid: number): void {
  const cl = classid === 0 ? null : (sch.ops.classes?.find(sch, classid) ?? null);
  if (cl !== null) sch.ops.classes?.unbind?.(sch, cl);
}
