// A VXLAN device tells of what it does not know, for a control plane that does: hardware addresses without an entry (l2miss)
// and addresses without a neighbour (l3miss).
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fdb_miss, vxlan_ip_miss, vxlan_fdb_info of RTM_GETNEIGH).

import { setS32, setU16 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import { allocateNsid } from "../../net/namespace.ts";
import * as nd from "../../uapi/neighbour.ts";
import { RTM_GETNEIGH, RTN_UNICAST, RTNLGRP_NEIGH } from "../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import type { Vxlan } from "./state.ts";

/** No identifier: one more than there are (VXLAN_N_VID). */
const noVni = 1 << 24;

/** Tells of a hardware address there is no entry for (vxlan_fdb_miss); the family of the question is IPv4's in any case. */
export function notifyMiss(dev: Vxlan, address: number): void {
  notify(dev, AF_INET, address, null, 0);
}

/** Tells of an address of 4 or 16 bytes there is no neighbour for (vxlan_ip_miss). */
export function notifyIpMiss(dev: Vxlan, address: Uint8Array): void {
  notify(dev, address.length === 4 ? AF_INET : AF_INET6, null, address, noVni);
}

function notify(
  dev: Vxlan,
  family: number,
  lladdr: number | null,
  destination: Uint8Array | null,
  vni: number,
): void {
  const { config, netns } = dev.state;
  dev.machine.announce(RTNLGRP_NEIGH, dev.netns, (writer) => {
    writer.begin(RTM_GETNEIGH, 0, 0, 0);
    const at = writer.reserve(nd.NDMSG_SIZE);
    writer.bytes[at + nd.NDMSG_FAMILY] = family;
    setS32(writer.bytes, at + nd.NDMSG_IFINDEX, dev.ifindex);
    setU16(writer.bytes, at + nd.NDMSG_STATE, nd.NUD_STALE);
    writer.bytes[at + nd.NDMSG_TYPE] = RTN_UNICAST;
    if (netns !== null && netns !== dev.netns)
      writer.s32(nd.NDA_LINK_NETNSID, allocateNsid(dev.netns, netns));
    if (lladdr !== null) writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, 6), lladdr);
    if (destination !== null) writer.binary(nd.NDA_DST, destination);
    if (vni !== config.vni) writer.u32(nd.NDA_VNI, vni);
    writer.attribute(nd.NDA_CACHEINFO, nd.NDA_CACHEINFO_SIZE);
    writer.end();
  });
}
