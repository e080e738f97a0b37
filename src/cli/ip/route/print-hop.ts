// Where a route leads: gateways, realms, flags, and the next hops of a route that has several.
//
// Facts: the output of iproute2 6.1.

import type { Nexthop, Via } from "../../../client/nexthop.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import type { Color } from "../../color.ts";
import type { Output } from "../../output.ts";
import type { Prefix } from "../../prefix.ts";
import { addressText, isWholeAddress } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { familyName } from "../tables.ts";
import { realms } from "./names.ts";

/** The colour of addresses of a family. */
export function familyColor(family: number): Color | undefined {
  return family === AF_INET ? "inet" : family === AF_INET6 ? "inet6" : undefined;
}

/** Prints "as to 10.0.0.1 ". */
export function printNewdst(out: Output, newdst: Uint8Array, family: number): void {
  const text = addressText(newdst);
  out.text("as to ");
  out.field("to", text, `${text} `, familyColor(family));
}

/** A route, or one of its next hops: how it gets there. */
interface Hop {
  readonly family: number;
  readonly gateway?: Uint8Array | undefined;
  readonly via?: Via | undefined;
}

/** Prints "via 10.0.0.1 ", or "via inet6 fe80::1 " for a gateway of another family. */
export function printGateway(out: Output, { family, gateway, via }: Hop, wanted?: Prefix): void {
  if (gateway !== undefined && !isWholeAddress(wanted)) {
    const text = addressText(gateway);
    out.text("via ");
    out.field("gateway", text, `${text} `, familyColor(family));
  }
  if (via !== undefined) {
    const name = familyName(via.family);
    const text = addressText(via.address);
    out.openObject("via");
    out.text("via ");
    out.field("family", name, `${name} `);
    out.field("host", text, `${text} `, familyColor(via.family));
    out.closeObject();
  }
}

/** Prints "realms FROM/TO ", or "realm TO " without a source realm. */
export function printFlow(ip: IpContext, out: Output, flow: number): void {
  const { numeric } = ip.options;
  const from = flow >>> 16;
  const to = flow === 0 && !numeric ? "unknown" : realms.nameOf(flow & 0xffff, numeric);
  out.openObject("flow");
  if (from !== 0) {
    const name = realms.nameOf(from, numeric);
    out.field("from", name, `realms ${name}/`);
  } else out.text("realm ");
  out.field("to", to, `${to} `);
  out.closeObject();
}

const FLAGS: readonly (readonly [mask: number, word: string])[] = [
  [rt.RTNH_F_DEAD, "dead"],
  [rt.RTNH_F_ONLINK, "onlink"],
  [rt.RTNH_F_PERVASIVE, "pervasive"],
  [rt.RTNH_F_OFFLOAD, "offload"],
  [rt.RTNH_F_TRAP, "trap"],
  [rt.RTM_F_NOTIFY, "notify"],
  [rt.RTNH_F_LINKDOWN, "linkdown"],
  [rt.RTNH_F_UNRESOLVED, "unresolved"],
  [rt.RTM_F_OFFLOAD, "rt_offload"],
  [rt.RTM_F_TRAP, "rt_trap"],
  [rt.RTM_F_OFFLOAD_FAILED, "rt_offload_failed"],
];

/** Prints the flags of a route or of a next hop. */
export function printFlags(out: Output, flags: number): void {
  out.openArray("flags");
  for (const [mask, word] of FLAGS) if ((flags & mask) !== 0) out.item(word, `${word} `);
  out.closeArray();
}

/** Prints next hops, each on a line of its own. */
export function printNexthops(ip: IpContext, out: Output, hops: readonly Nexthop[], family: number): void {
  out.openArray("nexthops");
  for (const hop of hops) {
    const name = ip.links.name(hop.oif);
    out.openObject();
    out.newline();
    out.text("\tnexthop ");
    if (hop.newdst !== undefined) printNewdst(out, hop.newdst, family);
    printGateway(out, { family, gateway: hop.gateway, via: hop.via });
    if (hop.flow !== undefined) printFlow(ip, out, hop.flow);
    out.field("dev", name, `dev ${name} `);
    out.field("weight", hop.weight, `weight ${hop.weight} `);
    printFlags(out, hop.flags);
    out.closeObject();
  }
  out.closeArray();
}
