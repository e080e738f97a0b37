// UVETH_CMD_ATTACH: a TAP whose wire leads out of the machine, to a virtual machine, a switch of another program, another host.

import type { Deferred } from "../af_netlink/handler.ts";
import { missing, NetlinkError, notSupported } from "../netlink/error.ts";
import { nulString, policy, u32 } from "../netlink/policy.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest } from "./family.ts";
import { netnsOf, netnsRule } from "./uveth-netns.ts";

/** Two paths of sockets, a host name or two: more is no endpoint. */
const longestEndpoint = 640;

const attachPolicy = policy(uveth.UVETH_A_MTU, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_IFNAME]: nulString("ifname", IFNAMSIZ - 1),
  [uveth.UVETH_A_ENDPOINT]: nulString("endpoint", longestEndpoint),
  [uveth.UVETH_A_MTU]: u32("mtu"),
});

/** The commands of this file. */
export const attachOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_ATTACH, flags: GENL_UNS_ADMIN_PERM, policy: attachPolicy, handle: attach },
];

/** Makes the TAP, and answers when it is joined: EOPNOTSUPP where nothing leads outside, else what Outside.attach rejects with. */
function attach(request: GenlRequest<typeof attachPolicy>): void {
  const { attrs } = request;
  const { endpoint, ifname: name, mtu } = attrs;
  const netns = netnsOf(request, attrs.netns);
  if (name === undefined) throw missing(uveth.UVETH_A_IFNAME);
  if (endpoint === undefined) throw missing(uveth.UVETH_A_ENDPOINT);
  const { outside } = request.request.machine;
  if (outside === null) throw notSupported("Nothing leads out of this machine");
  // Who no longer waits has the device all the same, as with any request.
  let deferred: Deferred | undefined = request.request.defer(() => {
    deferred = undefined;
  });
  outside.attach(netns, { name, endpoint, mtu }).then(
    () => deferred?.finish(),
    (error: unknown) => deferred?.finish(error instanceof Error ? error : new NetlinkError("EIO")),
  );
}
