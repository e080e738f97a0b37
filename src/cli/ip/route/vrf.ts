// The routing table of a virtual routing domain: what `vrf NAME` stands for.

import { IFLA_VRF_TABLE } from "../../../uapi/if_link.ts";
import { wrongArgument } from "../../exit.ts";
import type { IpContext } from "../context.ts";

/** The table of the VRF `name`; ends the command if there is no such VRF. */
export async function vrfTable(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.findVrf(name);
  const data = ifindex === undefined ? undefined : ip.links.get(ifindex)?.linkinfo?.data;
  const table = data?.child(IFLA_VRF_TABLE)?.u32();
  if (table === undefined) throw wrongArgument(name, "Invalid VRF\n");
  return table;
}
