// An entry of a forwarding table as `bridge fdb` prints it.
//
// Facts: the output of iproute2 6.1.

import { getU16, getU32 } from "../../bytes/endian.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import * as nd from "../../uapi/neighbour.ts";
import { RTM_DELNEIGH } from "../../uapi/rtnetlink.ts";
import type { IpContext } from "../ip/context.ts";
import type { Output } from "../output.ts";
import { addressText } from "../prefix.ts";

/** Hundredths of a second in a second. */
const CLOCK = 100;

/** Which entries are shown; what the kernel did not sort out. */
export interface FdbFilter {
  readonly ifindex: number;
  readonly state: number;
  readonly vid: number | undefined;
  readonly isDynamic: boolean;
}

function headerOf({ bytes }: Message): { ifindex: number; state: number; flags: number } {
  return {
    ifindex: getU32(bytes, NLMSG_HDRLEN + nd.NDMSG_IFINDEX),
    state: getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_STATE),
    flags: bytes[NLMSG_HDRLEN + nd.NDMSG_FLAGS] ?? 0,
  };
}

/** The devices whose names an entry is printed with. */
export function fdbIndexes(message: Message): (number | undefined)[] {
  return [headerOf(message).ifindex, message.attribute(nd.NDA_MASTER, nd.NDMSG_SIZE)?.u32()];
}

/** Whether an entry is wanted. */
export function isFdbShown(message: Message, { ifindex, state, vid, isDynamic }: FdbFilter): boolean {
  const header = headerOf(message);
  if (ifindex !== 0 && header.ifindex !== ifindex) return false;
  if (state !== 0 && (header.state & state) === 0) return false;
  if (vid !== undefined && vid !== 0 && (message.attribute(nd.NDA_VLAN, nd.NDMSG_SIZE)?.u16() ?? 0) !== vid)
    return false;
  return !isDynamic || (header.state & nd.NUD_PERMANENT) === 0;
}

const FLAGS: readonly (readonly [flag: number, name: string])[] = [
  [nd.NTF_SELF, "self"],
  [nd.NTF_ROUTER, "router"],
  [nd.NTF_EXT_LEARNED, "extern_learn"],
  [nd.NTF_OFFLOADED, "offload"],
  [nd.NTF_MASTER, "master"],
  [nd.NTF_STICKY, "sticky"],
];

/** Prints an entry on its line. */
export function printFdb(ip: IpContext, out: Output, message: Message, hasDevice: boolean): void {
  const { ifindex, state, flags } = headerOf(message);
  const at = (type: number) => message.attribute(type, nd.NDMSG_SIZE);
  out.openObject();
  if (message.type === RTM_DELNEIGH) out.field("deleted", true, "Deleted ");
  const lladdr = at(nd.NDA_LLADDR);
  if (lladdr !== undefined) {
    const mac = [...lladdr.copy()].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
    out.field("mac", mac, mac, "mac");
    out.text(" ");
  }
  if (hasDevice && ifindex !== 0) {
    out.text("dev ");
    out.field("ifname", ip.links.name(ifindex), ip.links.name(ifindex), "ifname");
    out.text(" ");
  }
  const destination = at(nd.NDA_DST);
  if (destination !== undefined) {
    const text = addressText(destination.copy());
    out.field("dst", text, `dst ${text} `);
  }
  const vid = at(nd.NDA_VLAN)?.u16() ?? 0;
  if (vid !== 0) out.field("vlan", vid, `vlan ${vid} `);
  const port = at(nd.NDA_PORT)?.u16();
  if (port !== undefined) {
    const number = ((port & 0xff) << 8) | (port >>> 8);
    out.field("port", number, `port ${number} `);
  }
  const vni = at(nd.NDA_VNI)?.u32();
  if (vni !== undefined) out.field("vni", vni, `vni ${vni} `);
  const sourceVni = at(nd.NDA_SRC_VNI)?.u32();
  if (sourceVni !== undefined) out.field("src_vni", sourceVni, `src_vni ${sourceVni} `);
  const via = at(nd.NDA_IFINDEX)?.u32();
  if (via !== undefined) out.field("viaIf", ip.links.name(via), `via ${ip.links.name(via)} `);
  const nexthop = at(nd.NDA_NH_ID)?.u32();
  if (nexthop !== undefined) out.field("nhid", nexthop, `nhid ${nexthop} `);
  const info = at(nd.NDA_CACHEINFO);
  if (ip.options.stats > 0 && info !== undefined) {
    const used = Math.floor(getU32(info.bytes, info.start + nd.NDA_CACHEINFO_USED) / CLOCK);
    const updated = Math.floor(getU32(info.bytes, info.start + nd.NDA_CACHEINFO_UPDATED) / CLOCK);
    out.field("used", used, `used ${used}`);
    out.field("updated", updated, `/${updated} `);
  }
  printFlags(out, flags, at(nd.NDA_FLAGS_EXT)?.u32() ?? 0);
  const master = at(nd.NDA_MASTER)?.u32();
  if (master !== undefined) out.field("master", ip.links.name(master), `master ${ip.links.name(master)} `);
  const name = stateName(state);
  out.field("state", name, `${name}\n`);
  out.closeObject();
}

function printFlags(out: Output, flags: number, extFlags: number): void {
  out.openArray("flags");
  for (const [flag, name] of FLAGS) if ((flags & flag) !== 0) out.item(name, `${name} `);
  if ((extFlags & nd.NTF_EXT_LOCKED) !== 0) out.item("locked", "locked ");
  out.closeArray();
}

function stateName(state: number): string {
  if ((state & nd.NUD_PERMANENT) !== 0) return "permanent";
  if ((state & nd.NUD_NOARP) !== 0) return "static";
  if ((state & nd.NUD_STALE) !== 0) return "stale";
  if ((state & nd.NUD_REACHABLE) !== 0) return "";
  return `state=0x${state.toString(16)}`;
}
