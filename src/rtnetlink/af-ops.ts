// The contract between links and address families: what inet and inet6 say of a device in IFLA_AF_SPEC, and how they
// take a change. Types and docs only.
//
// Mirrors include/net/rtnetlink.h (struct rtnl_af_ops).

import type { Device, Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";

/** An address family's part of links; registered by `Rtnetlink.registerAf`. */
export interface AfOps {
  /** AF_INET, AF_INET6: the type of the family's nest in IFLA_AF_SPEC. */
  readonly family: number;
  /**
   * Writes the content of the family's nest, which the caller has opened and closes (fill_link_af); false when the
   * family knows nothing of `dev`, and the nest is taken back. `extMask` is IFLA_EXT_MASK (RTEXT_FILTER_*).
   */
  fill(dev: Device, writer: MessageWriter, extMask: number): boolean;
  /**
   * Checks the family's nest of a request (validate_link_af); throws NetlinkError. `dev` is undefined while the device
   * has yet to be made; `netns` is the device's namespace, or the one it will be in.
   */
  validate?(dev: Device | undefined, nest: Attribute, netns: Netns): void;
  /** Applies the family's nest (set_link_af); throws NetlinkError. */
  set?(dev: Device, nest: Attribute): void;
}
