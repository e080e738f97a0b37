// A nexthop object as `ip nexthop` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1.

import type { NexthopBucket } from "../../../client/nexthop-bucket.ts";
import type { NexthopEntry, ResilientGroup } from "../../../client/nexthop-object.ts";
import * as nh from "../../../uapi/nexthop.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import { FixedNumber } from "../../json-writer.ts";
import { sixDigits } from "../../numbers.ts";
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
  printFlags(out, entry.flags);
  if (entry.fdb === true) out.field("fdb", null, "fdb");
  out.text("\n");
}

function printGroup(out: Output, entry: NexthopEntry): void {
  const { group = [], groupType = nh.NEXTHOP_GRP_TYPE_MPATH, resilient } = entry;
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
  if (resilient !== undefined) printResilient(out, resilient);
}

function printResilient(out: Output, resilient: ResilientGroup): void {
  const { buckets, idleTimer, unbalancedTime, unbalancedTimer } = resilient;
  out.openObject("resilient_args");
  if (buckets !== undefined) out.field("buckets", buckets, `buckets ${buckets} `);
  if (idleTimer !== undefined) printSeconds(out, "idle_timer", idleTimer);
  if (unbalancedTimer !== undefined) printSeconds(out, "unbalanced_timer", unbalancedTimer);
  if (unbalancedTime !== undefined) printSeconds(out, "unbalanced_time", unbalancedTime);
  out.closeObject();
}

/** Hundredths of a second. */
function printSeconds(out: Output, word: string, hundredths: number | bigint): void {
  const text = sixDigits(Number(hundredths) / 100);
  out.field(word, new FixedNumber(text), `${word} ${text} `);
}

/** Prints a bucket of a resilient group on its line. */
export function printBucket(out: Output, bucket: NexthopBucket): void {
  const { flags, id, idleTime, index, nhId } = bucket;
  if (id !== undefined) out.field("id", id, `id ${id} `);
  out.openObject("bucket");
  if (index !== undefined) out.field("index", index, `index ${index} `);
  if (idleTime !== undefined) printSeconds(out, "idle_time", idleTime);
  if (nhId !== undefined) out.field("nhid", nhId, `nhid ${nhId} `);
  out.closeObject();
  printFlags(out, flags);
  out.text("\n");
}

function printFlags(out: Output, flags: number): void {
  out.openArray("flags");
  for (const [mask, word] of FLAGS) if ((flags & mask) !== 0) out.item(word, `${word} `);
  out.closeArray();
}
