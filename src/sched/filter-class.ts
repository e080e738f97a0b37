// What every classifier does with the class a filter points at, with its flags and with the device it names.
//
// Mirrors include/net/pkt_cls.h (tcf_bind_filter, tc_flags_valid, tcf_change_indev).

import { deviceByName } from "../net/device.ts";
import type { Netns } from "../net/netdevice.ts";
import type { TcfProto } from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import * as cls from "../uapi/pkt_cls.ts";

const known = cls.TCA_CLS_FLAGS_SKIP_HW | cls.TCA_CLS_FLAGS_SKIP_SW | cls.TCA_CLS_FLAGS_VERBOSE;

/** EINVAL for flags there are not, and for a filter that nobody would run. */
export function checkFlags(flags: number): void {
  const skipped = cls.TCA_CLS_FLAGS_SKIP_HW | cls.TCA_CLS_FLAGS_SKIP_SW;
  if ((flags & ~known) !== 0 || (flags & skipped) === skipped) throw invalid();
}

/** EINVAL for a filter that only hardware would run: there is none. What u32 does not ask, as on Linux. */
export function checkSoftware(flags: number): void {
  if ((flags & cls.TCA_CLS_FLAGS_SKIP_SW) !== 0) throw invalid();
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

/** The device that an attribute names (tcf_change_indev). */
export function indevOf(netns: Netns, attribute: Attribute): number {
  const name = attribute.text();
  const { offset } = attribute;
  if (name.length >= IFNAMSIZ) throw new NetlinkError("EINVAL", "Interface name too long", { offset });
  const dev = deviceByName(netns, name);
  if (dev === undefined) throw new NetlinkError("ENODEV", "Network device not found", { offset });
  return dev.ifindex;
}
