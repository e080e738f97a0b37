// A neighbour as `ip neigh` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1. *Omitted:* what entries of bridges have (vlan, vni, port).

import type { Neighbour } from "../../../client/neigh.ts";
import * as nd from "../../../uapi/neighbour.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import type { Color } from "../../color.ts";
import type { Output } from "../../output.ts";
import { addressText } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { routeProtocols } from "../tables.ts";
import { STATES } from "./states.ts";

/** How a neighbour is to be printed. */
export interface NeighbourStyle {
  /** False when the device was asked for. */
  readonly hasDevice?: boolean;
  /** The type of the message it came in, in `ip monitor`: deletions and misses are said to be such. */
  readonly messageType?: number;
}

/** Prints a neighbour on its line. */
export function printNeigh(
  ip: IpContext,
  out: Output,
  neighbour: Neighbour,
  style: NeighbourStyle = {},
): void {
  if (style.messageType === RTM_DELNEIGH) out.field("deleted", true, "Deleted ");
  else if (style.messageType === RTM_GETNEIGH) out.field("miss", true, "miss ");
  const { hasDevice = true } = style;
  if (ip.options.brief) printBrief(ip, out, neighbour, hasDevice);
  else printWhole(ip, out, neighbour, hasDevice);
  out.text("\n");
}

function printBrief(ip: IpContext, out: Output, neighbour: Neighbour, hasDevice: boolean): void {
  const { family, dst, ifindex, lladdr } = neighbour;
  if (dst !== undefined) {
    const text = addressText(dst);
    out.field("dst", text, `${text.padEnd(39)} `, colorOf(family));
  }
  if (hasDevice && ifindex !== 0) {
    const name = ip.links.name(ifindex);
    out.field("dev", name, `${name.padEnd(16)} `, "ifname");
  }
  if (lladdr !== undefined) out.field("lladdr", lladdr, lladdr, "mac");
}

function printWhole(ip: IpContext, out: Output, neighbour: Neighbour, hasDevice: boolean): void {
  const { family, dst, ifindex, lladdr, protocol = 0 } = neighbour;
  if (dst !== undefined) {
    const text = addressText(dst);
    out.field("dst", text, `${text} `, colorOf(family));
  }
  if (hasDevice && ifindex !== 0) {
    const name = ip.links.name(ifindex);
    out.text("dev ");
    out.field("dev", name, `${name} `, "ifname");
  }
  if (lladdr !== undefined) {
    out.text("lladdr ");
    out.field("lladdr", lladdr, `${lladdr} `, "mac");
  }
  printFlags(out, neighbour);
  if (ip.options.stats > 0) printUse(out, neighbour);
  printStates(out, neighbour.state);
  if (protocol !== 0) {
    const name = routeProtocols.nameOf(protocol, ip.options.numeric);
    out.field("protocol", name, `proto ${name} `);
  }
}

function printFlags(out: Output, { flags, flagsExt = 0 }: Neighbour): void {
  const words: readonly (readonly [isSet: number, word: string])[] = [
    [flags & nd.NTF_ROUTER, "router"],
    [flags & nd.NTF_PROXY, "proxy"],
    [flagsExt & nd.NTF_EXT_MANAGED, "managed"],
    [flags & nd.NTF_EXT_LEARNED, "extern_learn"],
    [flags & nd.NTF_OFFLOADED, "offload"],
  ];
  for (const [isSet, word] of words) if (isSet !== 0) out.field(word, null, `${word} `);
}

/** Hundredths of a second in which the kernel tells ages, to a second. */
const USER_HZ = 100;

/** How often and how long ago it was used (-statistics). */
function printUse(out: Output, { cacheinfo, probes }: Neighbour): void {
  if (cacheinfo !== undefined) {
    const seconds = (age: number): number => Math.trunc(age / USER_HZ);
    const { refcnt } = cacheinfo;
    if (refcnt !== 0) out.field("refcnt", refcnt, ` ref ${refcnt}`);
    out.field("used", seconds(cacheinfo.used), ` used ${seconds(cacheinfo.used)}`);
    out.field("confirmed", seconds(cacheinfo.confirmed), `/${seconds(cacheinfo.confirmed)}`);
    out.field("updated", seconds(cacheinfo.updated), `/${seconds(cacheinfo.updated)}`);
  }
  if (probes !== undefined) out.field("probes", probes, `probes ${probes} `);
}

function printStates(out: Output, state: number): void {
  if (state === nd.NUD_NONE) return;
  out.openArray("state");
  for (const [mask, name] of STATES) if ((state & mask) !== 0) out.item(name, `${name} `);
  out.closeArray();
}

function colorOf(family: number): Color | undefined {
  return family === AF_INET ? "inet" : family === AF_INET6 ? "inet6" : undefined;
}
