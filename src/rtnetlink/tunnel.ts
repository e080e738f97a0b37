// RTM_NEWTUNNEL, RTM_DELTUNNEL and RTM_GETTUNNEL of the family AF_BRIDGE: identifiers that VXLAN devices take part in.
//
// Mirrors drivers/net/vxlan/vxlan_vnifilter.c (vxlan_vnifilter_process, vxlan_vnifilter_dump) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getU8, getU32 } from "../bytes/endian.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import * as link from "../uapi/if_link.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWTUNNEL } from "../uapi/rtnetlink.ts";

/** Answers RTM_NEWTUNNEL. */
export function newTunnel(request: Request): void {
  change(request, true);
}

/** Answers RTM_DELTUNNEL. */
export function delTunnel(request: Request): void {
  change(request, false);
}

function change({ message, netns }: Request, isAdd: boolean): void {
  if (message.payloadLength < link.TUNNEL_MSG_SIZE) throw invalid("Invalid header length");
  const dev = deviceByIndex(netns, getU32(message.bytes, NLMSG_HDRLEN + link.TUNNEL_MSG_IFINDEX));
  if (dev === undefined) throw noDevice();
  if (dev.ops.tunnels === undefined) throw invalid("vxlan: The device is not a vxlan device");
  dev.ops.tunnels.change(dev, message, isAdd);
}

/** Dumps the identifiers of one device or of all. */
export function* dumpTunnels({ message, netns, origin }: Request, { writer }: DumpControl): Dump {
  if (message.payloadLength < link.TUNNEL_MSG_SIZE) throw invalid("Invalid header length");
  const flags = getU8(message.bytes, NLMSG_HDRLEN + link.TUNNEL_MSG_FLAGS);
  if ((flags & ~link.TUNNEL_MSG_FLAG_STATS) !== 0) {
    throw invalid("Invalid tunnelmsg flags in ancillary header");
  }
  const wanted = getU32(message.bytes, NLMSG_HDRLEN + link.TUNNEL_MSG_IFINDEX);
  const named = wanted === 0 ? undefined : deviceByIndex(netns, wanted);
  if (wanted !== 0 && named === undefined) throw noDevice();
  if (named !== undefined && named.ops.tunnels === undefined)
    throw invalid("The device is not a vxlan device");
  for (const dev of named === undefined ? devicesByIndex(netns) : [named]) {
    if (dev.netns !== netns || dev.ops.tunnels === undefined) continue;
    const before = writer.length;
    writer.begin(RTM_NEWTUNNEL, NLM_F_MULTI, origin.seq, origin.portId);
    let isFilled = false;
    try {
      isFilled = dev.ops.tunnels.fill(dev, writer, (flags & link.TUNNEL_MSG_FLAG_STATS) !== 0);
    } catch (error) {
      writer.trim(before);
      // A device without a filter is passed over, unless it is the one that is asked for.
      if (named !== undefined || !(error instanceof NetlinkError)) throw error;
      continue;
    }
    if (isFilled) {
      writer.end();
      yield;
    } else writer.trim(before);
  }
}
