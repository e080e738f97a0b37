// Where the network header of a frame stands that is being sent, whose `start` is at its MAC header.
//
// Mirrors include/linux/if_vlan.h (skb_protocol with skip_vlan, vlan_get_protocol).

import { getBe16 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import { ETH_HLEN } from "../uapi/if_ether.ts";
import { isVlanType, VLAN_TAG_SIZE, vlanInnerType } from "../wire/vlan.ts";

const typeOffset = 12;
/** Tags one inside the other that are looked through. */
const maxTags = 4;

/** The protocol in host order and the absolute offset of its header; 0 for a frame too short to have one. */
export function networkOffset(frame: Frame): { readonly protocol: number; readonly at: number } {
  const { bytes, start, end } = frame;
  if (end - start < ETH_HLEN) return { protocol: 0, at: end };
  let protocol = getBe16(bytes, start + typeOffset);
  let at = start + ETH_HLEN;
  for (let tags = 0; tags < maxTags && isVlanType(protocol) && at + VLAN_TAG_SIZE <= end; tags++) {
    protocol = vlanInnerType(bytes, at);
    at += VLAN_TAG_SIZE;
  }
  return { protocol, at };
}
