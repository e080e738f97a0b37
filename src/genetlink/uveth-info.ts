// What there is to say of the machine as a whole: version, time, and how much of everything it holds.

import { policy } from "../netlink/policy.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest } from "./family.ts";

/** The commands of this file. */
export const infoOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_INFO, flags: 0, policy: policy(uveth.UVETH_A_UNSPEC, {}), handle: info },
];

function info(request: GenlRequest): void {
  const { clock, namespaces, frames, timers } = request.request.machine;
  let links = 0;
  for (const netns of namespaces.values()) links += netns.devices.size;
  request.reply(uveth.UVETH_CMD_INFO, (writer) => {
    writer.string(uveth.UVETH_A_VERSION, uveth.UVETH_VERSION);
    writer.u64(uveth.UVETH_A_EPOCH_NS, clock.epochNs);
    writer.u64(uveth.UVETH_A_TIME_NS, clock.now());
    writer.u32(uveth.UVETH_A_NETNS_COUNT, namespaces.size);
    writer.u32(uveth.UVETH_A_LINK_COUNT, links);
    writer.u32(uveth.UVETH_A_FRAME_COUNT, frames.inUse);
    writer.u32(uveth.UVETH_A_TIMER_COUNT, timers.size);
  });
}
