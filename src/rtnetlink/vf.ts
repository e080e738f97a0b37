// IFLA_VFINFO_LIST, IFLA_VF_PORTS and IFLA_PORT_SELF: virtual functions and ports of a network card, which no device
// here has. What remains are the refusals.
//
// Mirrors net/core/rtnetlink.c (do_setlink, do_setvfinfo). Omitted: the sizes of the entries, which the kernel checks
// before it refuses them.

import type { LinkAttributes } from "../net/link-policy.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NLA_HDRLEN } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { IFLA_VF_INFO } from "../uapi/if_link.ts";

/** Refuses the first virtual function of the list: EINVAL when it is none or says nothing, else EOPNOTSUPP. */
export function setVirtualFunctions(list: Attribute): void {
  for (const entry of list.children()) {
    if (entry.type !== IFLA_VF_INFO || entry.length < NLA_HDRLEN) throw invalid();
    throw entry.children().length === 0 ? invalid() : notSupported();
  }
}

/** Refuses virtual ports (EOPNOTSUPP). */
export function setVirtualPorts({ vfPorts, portSelf }: LinkAttributes): void {
  if (vfPorts !== undefined || portSelf !== undefined) throw notSupported();
}
