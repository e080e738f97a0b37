// RTM_NEWLINKPROP and RTM_DELLINKPROP: alternative names of a link.
//
// Mirrors net/core/rtnetlink.c (rtnl_linkprop, rtnl_alt_ifname) with their errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import { align4 } from "../bytes/endian.ts";
import { netdevStateChange } from "../net/carrier.ts";
import { linkPolicy } from "../net/link-policy.ts";
import { addAltname, removeAltname } from "../net/names.ts";
import type { Device } from "../net/netdevice.ts";
import { NLA_HDRLEN } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseAlone } from "../netlink/parse.ts";
import { ALTIFNAMSIZ } from "../uapi/if.ts";
import { IFLA_ALT_IFNAME } from "../uapi/if_link.ts";
import { parseLink, requireDevice } from "./link-request.ts";
import { ensureNetnsIdOnly } from "./netns-attributes.ts";

/** Room one alternative name is reckoned to take in a message, whatever its length. */
const altnameRoom = NLA_HDRLEN + align4(ALTIFNAMSIZ);
/** What does not fit into an attribute any more (U16_MAX). */
const tooLong = 0xffff;

/** Answers RTM_NEWLINKPROP; names added before a refusal stay. */
export function newLinkProp(request: Request): void {
  changeAltnames(request, (dev, name) => {
    const count = dev.altnames?.length ?? 0;
    const room = (count === 0 ? 0 : NLA_HDRLEN + count * altnameRoom) + altnameRoom;
    if (room >= tooLong) throw invalid("effective property list too long");
    addAltname(dev, name);
  });
}

/** Answers RTM_DELLINKPROP; names removed before a refusal stay so. */
export function delLinkProp(request: Request): void {
  changeAltnames(request, removeAltname);
}

function changeAltnames(request: Request, change: (dev: Device, name: string) => void): void {
  const link = parseLink(request, "strict");
  ensureNetnsIdOnly(link.attrs);
  const dev = requireDevice(request.netns, link);
  let hasChanged = false;
  for (const property of link.attrs.propList?.children() ?? []) {
    if (property.type !== IFLA_ALT_IFNAME) continue;
    change(dev, parseAlone(property, linkPolicy, "strict").altIfname ?? "");
    hasChanged = true;
  }
  if (hasChanged) netdevStateChange(dev);
}
