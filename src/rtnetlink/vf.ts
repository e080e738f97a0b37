// IFLA_VFINFO_LIST, IFLA_VF_PORTS and IFLA_PORT_SELF: virtual functions and ports of a network card, which no device
// here has. What remains are the refusals.
//
// Mirrors net/core/rtnetlink.c (do_setlink, do_setvfinfo).

import type { LinkAttributes } from "../net/link-policy.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NLA_HDRLEN } from "../netlink/attribute.ts";
import { invalid, notSupported, withoutDetail } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { nest, policy, unspec } from "../netlink/policy.ts";
import * as link from "../uapi/if_link.ts";

const maxFunction = 0x7fff_fffe;

/** ifla_vf_policy: structs that begin with the number of the function. */
const vfPolicy = policy(link.IFLA_VF_MAX, {
  [link.IFLA_VF_MAC]: unspec("mac", 36),
  [link.IFLA_VF_VLAN]: unspec("vlan", 12),
  [link.IFLA_VF_VLAN_LIST]: nest("vlanList"),
  [link.IFLA_VF_TX_RATE]: unspec("txRate", 8),
  [link.IFLA_VF_RATE]: unspec("rate", 12),
  [link.IFLA_VF_SPOOFCHK]: unspec("spoofchk", 8),
  [link.IFLA_VF_LINK_STATE]: unspec("linkState", 8),
  [link.IFLA_VF_RSS_QUERY_EN]: unspec("rssQuery", 8),
  [link.IFLA_VF_TRUST]: unspec("trust", 8),
  [link.IFLA_VF_IB_NODE_GUID]: unspec("nodeGuid", 16),
  [link.IFLA_VF_IB_PORT_GUID]: unspec("portGuid", 16),
});

/** Refuses the first virtual function of the list: EINVAL when it makes no sense or says nothing, else EOPNOTSUPP. */
export function setVirtualFunctions(list: Attribute): void {
  for (const entry of list.children()) {
    if (entry.type !== link.IFLA_VF_INFO || entry.length < NLA_HDRLEN) throw invalid();
    refuse(entry);
  }
}

/** do_setvfinfo, which looks at the settings in this order. */
function refuse(entry: Attribute): never {
  const said = withoutDetail(() => parseNested(entry, vfPolicy));
  const setting =
    said.mac ??
    said.vlan ??
    said.vlanList ??
    said.txRate ??
    said.rate ??
    said.spoofchk ??
    said.linkState ??
    said.rssQuery ??
    said.trust ??
    said.nodeGuid ??
    said.portGuid;
  if (setting === undefined) throw invalid();
  if (setting !== said.vlanList && setting.u32() > maxFunction) throw invalid();
  throw notSupported();
}

/** Refuses virtual ports (EOPNOTSUPP). */
export function setVirtualPorts({ vfPorts, portSelf }: LinkAttributes): void {
  if (vfPorts !== undefined || portSelf !== undefined) throw notSupported();
}
