// IFLA_XDP: programs that a driver would run on every frame. There are none here: taking off the one that is not there
// goes through, putting one on is refused.
//
// Mirrors net/core/rtnetlink.c (do_setlink, rtnl_xdp_fill) and net/core/dev.c (dev_xdp_attach).

import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported, withoutDetail } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, s32, u8, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as link from "../uapi/if_link.ts";

/** ifla_xdp_policy */
const xdpPolicy = policy(
  link.IFLA_XDP_MAX,
  {
    [link.IFLA_XDP_FD]: s32("fd"),
    [link.IFLA_XDP_ATTACHED]: u8("attached"),
    [link.IFLA_XDP_FLAGS]: u32("flags"),
    [link.IFLA_XDP_PROG_ID]: u32("progId"),
    [link.IFLA_XDP_EXPECTED_FD]: s32("expectedFd"),
  },
  link.IFLA_XDP_EXPECTED_FD,
);

/** Applies IFLA_XDP; whether it named a program or its absence. EINVAL for what makes no sense, EOPNOTSUPP for a program. */
export function setXdp(nest: Attribute): boolean {
  const { fd, attached, flags = 0, progId, expectedFd } = withoutDetail(() => parseNested(nest, xdpPolicy));
  if (attached !== undefined || progId !== undefined) throw invalid();
  if ((flags & ~link.XDP_FLAGS_MASK) !== 0 || hasSeveralModes(flags)) throw invalid();
  if (fd === undefined) return false;
  if ((flags & link.XDP_FLAGS_REPLACE) !== 0 && expectedFd === undefined) throw invalid();
  if (fd >= 0) throw notSupported("Underlying driver does not support XDP in native mode");
  return true;
}

function hasSeveralModes(flags: number): boolean {
  const modes = flags & link.XDP_FLAGS_MODES;
  return (modes & (modes - 1)) !== 0;
}

/** Writes IFLA_XDP: no program is attached. */
export function fillXdp(writer: MessageWriter): void {
  const nest = writer.nest(link.IFLA_XDP);
  writer.u8(link.IFLA_XDP_ATTACHED, link.XDP_ATTACHED_NONE);
  writer.endNest(nest);
}
