// The attributes of a veth pair: VETH_INFO_PEER holds a whole link request for the other end, an ifinfomsg with attributes.
//
// Mirrors <linux/veth.h>.

import type { MessageWriter } from "../../netlink/writer.ts";
import { VETH_INFO_PEER } from "../../uapi/veth.ts";
import type { LinkRequest } from "../link-request.ts";
import { writeLink } from "../link-request.ts";

/** Writes the IFLA_INFO_DATA of a veth whose other end is to be `peer`. */
export function writeVethPeer(writer: MessageWriter, peer: LinkRequest): void {
  const nest = writer.nest(VETH_INFO_PEER);
  writeLink(writer, peer);
  writer.endNest(nest);
}
