// `bridge -s vlan show`: what VLANs have counted, of bridges and then of their ports.
//
// Facts: the output of iproute2 6.1.

import { getU16, getU32, getU64, setU32 } from "../../bytes/endian.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import * as spec from "../../uapi/if_bridge.ts";
import * as link from "../../uapi/if_link.ts";
import { RTM_GETSTATS } from "../../uapi/rtnetlink.ts";
import type { IpContext } from "../ip/context.ts";
import type { Output } from "../output.ts";
import type { VlanFilter } from "./vlan-show.ts";
import { printCounts, printFlags } from "./vlan-show.ts";

const NAME_WIDTH = 16;

/** Runs `bridge -s vlan show`. */
export async function showCounts(ip: IpContext, { ifindex, vid }: VlanFilter): Promise<number> {
  const client = await ip.rtnl();
  const found: { readonly index: number; readonly vlans: readonly Attribute[] }[] = [];
  for (const type of [link.IFLA_STATS_LINK_XSTATS, link.IFLA_STATS_LINK_XSTATS_SLAVE]) {
    const { messages } = await ip.dump(
      client.dump(RTM_GETSTATS, (writer) => {
        const at = writer.reserve(link.IF_STATS_MSG_SIZE);
        setU32(writer.bytes, at + link.IF_STATS_MSG_FILTER_MASK, 1 << (type - 1));
      }),
    );
    for (const message of messages) {
      const index = getU32(message.bytes, NLMSG_HDRLEN + link.IF_STATS_MSG_IFINDEX);
      if (ifindex !== undefined && index !== ifindex) continue;
      const nest = message.attribute(type, link.IF_STATS_MSG_SIZE)?.child(link.LINK_XSTATS_TYPE_BRIDGE);
      const vlans = [...(nest?.children() ?? [])].filter((entry) => isShown(entry, vid));
      if (vlans.length > 0) found.push({ index, vlans });
    }
  }
  await ip.links.loadAll();
  await ip.print((out) => {
    out.text(`${"port".padEnd(NAME_WIDTH)}  vlan-id\n`);
    for (const { index, vlans } of found) printPort(out, ip.links.name(index), vlans);
  });
  return 0;
}

/** Whether an entry is of a VLAN that is wanted; what a bridge has for its ports alone is told of with them. */
function isShown({ bytes, start, type }: Attribute, vid: number | undefined): boolean {
  if (type !== spec.BRIDGE_XSTATS_VLAN) return false;
  if (vid !== undefined && getU16(bytes, start + spec.BRIDGE_VLAN_XSTATS_VID) !== vid) return false;
  const flags = getU16(bytes, start + spec.BRIDGE_VLAN_XSTATS_FLAGS);
  const isContext = (flags & spec.BRIDGE_VLAN_INFO_MASTER) !== 0;
  return !isContext || (flags & spec.BRIDGE_VLAN_INFO_BRENTRY) !== 0;
}

function printPort(out: Output, name: string, vlans: readonly Attribute[]): void {
  out.openObject();
  out.field("ifname", name, name.padEnd(NAME_WIDTH), "ifname");
  out.text("  ");
  out.openArray("vlans");
  for (const [index, { bytes, start }] of vlans.entries()) {
    const count = (at: number): number => Number(getU64(bytes, start + at));
    const vid = getU16(bytes, start + spec.BRIDGE_VLAN_XSTATS_VID);
    if (index > 0) out.text(" ".repeat(NAME_WIDTH + 2));
    out.openObject();
    out.field("vid", vid, String(vid));
    printFlags(out, getU16(bytes, start + spec.BRIDGE_VLAN_XSTATS_FLAGS));
    out.newline();
    out.text(" ".repeat(NAME_WIDTH + 4));
    printCounts(
      out,
      ["rx", count(spec.BRIDGE_VLAN_XSTATS_RX_BYTES), count(spec.BRIDGE_VLAN_XSTATS_RX_PACKETS)],
      ["tx", count(spec.BRIDGE_VLAN_XSTATS_TX_BYTES), count(spec.BRIDGE_VLAN_XSTATS_TX_PACKETS)],
    );
    out.closeObject();
  }
  out.closeArray();
  out.closeObject();
}
