// A nexthop object as `ip nexthop` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1.

import type { NexthopEntry } from "../../../client/nexthop-object.ts";
import * as nh from "../../../uapi/nexthop.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import { addressText } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { routeProtocols, scopes } from "../tables.ts";

/** Flags and their words, in iproute2's order. */
const FLAGS: readonly (readonly [mask: number, word: string])[] = [
  [rt.RTNH_F_DEAD, "dead"],
  [rt.RTNH_F_ONLINK, "onlink"],
  [rt.RTNH_F_PERVASIVE, "pervasive"],
  [rt.RTNH_F_OFFLOAD, "offload"],
  [rt.RTNH_F_TRAP, "trap"],
  [rt.RTNH_F_LINKDOWN, "linkdown"],
  [rt.RTNH_F_UNRESOLVED, "unresolved"],
];

/** Asks for the names of the devices that printing `objects` needs. */
export async function loadForObjects(ip: IpContext, objects: readonly NexthopEntry[]): Promise<void> {
  await ip.links.load(objects.map(({ oif }) => oif));
}

/** Prints an object on its line. */
export function printObject(ip: IpContext, out: Output, entry: NexthopEntry, isDeleted = false): void {
  const { details, numeric } = ip.options;
  if (isDeleted) out.field("deleted", true, "Deleted ");
  if (entry.id !== undefined) out.field("id", entry.id, `id ${entry.id} `);
  if (entry.group !== undefined) printGroup(out, entry);
  if (entry.gateway !== undefined) {
    const gateway = addressText(entry.gateway);
    const color = entry.family === AF_INET ? "inet" : entry.family === AF_INET6 ? "inet6" : undefined;
    out.text("via ");
    out.field("gateway", gateway, `${gateway} `, color);
  }
  if (entry.oif !== undefined) {
    const name = ip.links.name(entry.oif);
    out.text("dev ");
    out.field("dev", name, `${name} `, "ifname");
  }
  if (entry.scope !== rt.RT_SCOPE_UNIVERSE || details) {
    const scope = scopes.nameOf(entry.scope, numeric);
    out.field("scope", scope, `scope ${scope} `);
  }
  if (entry.blackhole === true) out.field("blackhole", null, "blackhole ");
  if (entry.protocol !== rt.RTPROT_UNSPEC || details) {
    const name = routeProtocols.nameOf(entry.protocol, numeric);
    out.field("protocol", name, `proto ${name} `);
  }
  out.openArray("flags");
  for (const [mask, word] of FLAGS) if ((entry.flags & mask) !== 0) out.item(word, `${word} `);
  out.closeArray();
  if (entry.fdb === true) out.field("fdb", null, "fdb");
  out.text("\n");
}

function printGroup(out: Output, { group = [], groupType = nh.NEXTHOP_GRP_TYPE_MPATH }: NexthopEntry): void {
  out.openArray("group", "group ");
  for (const [index, { id, weight }] of group.entries()) {
    out.openObject();
    if (index > 0) out.text("/");
    out.field("id", id, `${id}`);
    if (weight > 1) out.field("weight", weight, `,${weight}`);
    out.closeObject();
  }
  out.text(" ");
  out.closeArray();
  if (groupType !== nh.NEXTHOP_GRP_TYPE_MPATH) {
    const name = groupType === nh.NEXTHOP_GRP_TYPE_RES ? "resilient" : "<unknown type>";
    out.field("type", name, `type ${name} `);
  }
}
