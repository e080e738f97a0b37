// RTM_NEWVLAN, RTM_DELVLAN and RTM_GETVLAN of the family AF_BRIDGE: the VLANs of bridges and their ports.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_rtm_process, br_vlan_rtm_dump) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getU32 } from "../bytes/endian.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { policy, u32 } from "../netlink/policy.ts";
import * as vdb from "../uapi/if_bridge.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWVLAN } from "../uapi/rtnetlink.ts";

/** br_vlan_db_dump_pol */
const dumpPolicy = policy(vdb.BRIDGE_VLANDB_DUMP_MAX, { [vdb.BRIDGE_VLANDB_DUMP_FLAGS]: u32("flags") });

/** Answers RTM_NEWVLAN. */
export function newVlan(request: Request): void {
  const { dev, owner } = targetOf(request);
  owner.ops.vlans?.add(owner, dev, request.message);
}

/** Answers RTM_DELVLAN. */
export function delVlan(request: Request): void {
  const { dev, owner } = targetOf(request);
  owner.ops.vlans?.del(owner, dev, request.message);
}

/** The device a change is for, and the bridge whose it is. */
function targetOf({ message, netns }: Request): { dev: Device; owner: Device } {
  if (message.payloadLength < vdb.BR_VLAN_MSG_SIZE) throw invalid("Invalid header length");
  const ifindex = getU32(message.bytes, NLMSG_HDRLEN + vdb.BR_VLAN_MSG_IFINDEX);
  const dev = deviceByIndex(netns, ifindex);
  if (dev === undefined) throw noDevice();
  const owner = ownerOf(dev);
  if (owner === undefined) {
    throw new NetlinkError("EINVAL", "bridge: The device is not a valid bridge or bridge port");
  }
  return { dev, owner };
}

/** The bridge that a device is, or is a port of. */
function ownerOf(dev: Device): Device | undefined {
  if (dev.ops.vlans !== undefined) return dev;
  return dev.master?.ops.vlans === undefined ? undefined : dev.master;
}

/** Dumps the VLANs of one device or of all; of all VLANs of bridges only what is asked for. */
export function* dumpVlans(request: Request, { writer }: DumpControl): Dump {
  const { message, netns, origin } = request;
  if (message.payloadLength < vdb.BR_VLAN_MSG_SIZE) throw invalid("Invalid header length");
  const { flags = 0 } = parseMessage(message, vdb.BR_VLAN_MSG_SIZE, dumpPolicy, "strict");
  const wanted = getU32(message.bytes, NLMSG_HDRLEN + vdb.BR_VLAN_MSG_IFINDEX);
  if (wanted !== 0 && deviceByIndex(netns, wanted) === undefined) throw noDevice();
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || (wanted !== 0 && dev.ifindex !== wanted)) continue;
    const owner = ownerOf(dev);
    if (owner === undefined) {
      if (wanted !== 0) throw new NetlinkError("EINVAL");
      continue;
    }
    const before = writer.length;
    writer.begin(RTM_NEWVLAN, NLM_F_MULTI, origin.seq, origin.portId);
    if (owner.ops.vlans?.fill(owner, dev, writer, flags) === true) {
      writer.end();
      yield;
    } else {
      writer.trim(before);
    }
  }
}
