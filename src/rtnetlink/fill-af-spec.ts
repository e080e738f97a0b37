// IFLA_AF_SPEC: what each address family has to say of a link.
//
// Mirrors net/core/rtnetlink.c (rtnl_fill_link_af).

import type { Device } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFLA_AF_SPEC } from "../uapi/if_link.ts";

/** Writes IFLA_AF_SPEC with a nest for every family that knows the device; it is there even when none does. */
export function fillAfSpec(writer: MessageWriter, dev: Device, extMask: number): void {
  const spec = writer.nest(IFLA_AF_SPEC);
  for (const ops of dev.netns.machine.afOps) {
    if (ops.fill === undefined) continue;
    const before = writer.length;
    const nest = writer.nest(ops.family);
    if (ops.fill(dev, writer, extMask)) writer.endNest(nest);
    else writer.trim(before);
  }
  writer.endNest(spec);
}
