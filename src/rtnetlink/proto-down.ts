// IFLA_PROTO_DOWN and IFLA_PROTO_DOWN_REASON: a protocol keeps a device down, and says why.
//
// Mirrors net/core/rtnetlink.c (do_set_proto_down) and net/core/dev.c (netdev_change_proto_down_reason_locked).

import { devChangeProtoDown } from "../net/change.ts";
import type { Device } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, notSupported, withoutDetail } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, u32 } from "../netlink/policy.ts";
import { IFLA_PROTO_DOWN_REASON_MASK, IFLA_PROTO_DOWN_REASON_VALUE } from "../uapi/if_link.ts";

/** ifla_proto_down_reason_policy */
const reasonPolicy = policy(IFLA_PROTO_DOWN_REASON_VALUE, {
  [IFLA_PROTO_DOWN_REASON_MASK]: u32("mask"),
  [IFLA_PROTO_DOWN_REASON_VALUE]: u32("value"),
});

/** Sets the reasons, then the state: EOPNOTSUPP where the kind does not know it, EBUSY while there is a reason left. */
export function setProtoDown(
  dev: Device,
  protoDown: number | undefined,
  reason: Attribute | undefined,
): void {
  if (dev.ops.changeProtoDown === undefined) throw notSupported("Protodown not supported by device");
  if (reason !== undefined) setReason(dev, reason);
  if (protoDown === undefined) return;
  if (protoDown === 0 && dev.protoDownReason !== 0) {
    throw new NetlinkError("EBUSY", "Cannot clear protodown, active reasons");
  }
  devChangeProtoDown(dev, protoDown !== 0);
}

function setReason(dev: Device, reason: Attribute): void {
  const { mask = 0, value } = withoutDetail(() => parseNested(reason, reasonPolicy));
  if (value === undefined) throw invalid("Invalid protodown reason value");
  dev.protoDownReason = (mask === 0 ? value : (dev.protoDownReason & ~mask) | (value & mask)) >>> 0;
}
