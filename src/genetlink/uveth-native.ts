// UVETH_CMD_NATIVE: a namespace gets a live kernel's network stack, so that programs of the system can run there. Whoever asks
// learns which process to follow into it.

import { countSockets } from "../inet/socket-count.ts";
import { invalid, missing, notSupported } from "../netlink/error.ts";
import { flag, policy } from "../netlink/policy.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest } from "./family.ts";
import { netnsOf, netnsRule } from "./uveth-netns.ts";

const nativePolicy = policy(uveth.UVETH_A_MAPS_RANGE, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_MAPS_RANGE]: flag("mapsRange"),
});

/** The commands of this file. */
export const nativeOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_NATIVE, flags: GENL_UNS_ADMIN_PERM, policy: nativePolicy, handle: makeNative },
];

/** Makes the namespace native if it is not: EOPNOTSUPP where nothing can, EINVAL when its users were mapped otherwise. */
function makeNative(request: GenlRequest<typeof nativePolicy>): void {
  const { netns: name, mapsRange = false } = request.attrs;
  if (name === undefined) throw missing(uveth.UVETH_A_NETNS);
  const netns = netnsOf(request, name);
  const { outerStacks } = request.request.machine;
  if (outerStacks === null) throw notSupported("This machine cannot run programs of the system");
  const sockets = netns.stack === null ? countSockets(netns) : 0;
  const native = outerStacks.enter(netns, { mapsRange });
  if (sockets > 0) {
    request.request.warn(
      `${sockets} ${sockets === 1 ? "socket" : "sockets"} of the machine's own stack in "${name}" were reset`,
    );
  }
  if (mapsRange && !native.mapsRange) {
    throw invalid(
      `The namespace "${name}" runs programs already, without a range of ids; delete it to begin anew`,
    );
  }
  request.reply(uveth.UVETH_CMD_NATIVE, (writer) => {
    writer.u32(uveth.UVETH_A_PID, native.pid);
    if (native.mapsRange) writer.flag(uveth.UVETH_A_MAPS_RANGE);
  });
}
