// RTM_GETNSID with NLM_F_DUMP: the ids that a namespace has given, in ascending order.
//
// Mirrors net/core/net_namespace.c (rtnl_valid_dump_net_req, rtnl_net_dumpid) with their texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { nsidOf } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NetlinkError } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { NETNSA_TARGET_NSID } from "../uapi/net_namespace.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTGENMSG_SIZE, RTM_NEWNSID } from "../uapi/rtnetlink.ts";
import { capableNetnsById } from "./netns-attributes.ts";
import { fillNsid, nsidPolicy } from "./nsid.ts";

/** Dumps the ids of the sender's namespace, or of the one that NETNSA_TARGET_NSID names. */
export function* dumpNsids(request: Request, { writer }: DumpControl): Dump {
  const { portId, seq } = request.origin;
  const target = request.sender.isStrict ? parseStrictly(request) : undefined;
  const ids = [...(target ?? request.netns).nsids].sort(([one], [other]) => one - other);
  for (const [nsid, netns] of ids) {
    writer.begin(RTM_NEWNSID, NLM_F_MULTI, seq, portId);
    fillNsid(writer, nsid, target === undefined ? undefined : nsidOf(request.netns, netns));
    writer.end();
    yield;
  }
}

/** The namespace that the request asks about, undefined for the sender's own. */
function parseStrictly(request: Request): Netns | undefined {
  parseMessage(request.message, RTGENMSG_SIZE, nsidPolicy, "no-unknown");
  let target: Netns | undefined;
  const attributes = request.message.attributes(RTGENMSG_SIZE).sort((one, other) => one.type - other.type);
  for (const attribute of attributes) {
    if (attribute.type !== NETNSA_TARGET_NSID) {
      throw new NetlinkError("EINVAL", "Unsupported attribute in dump request", { offset: attribute.offset });
    }
    target = targetNetns(request, attribute);
  }
  return target;
}

function targetNetns(request: Request, attribute: Attribute): Netns {
  try {
    return capableNetnsById(request, attribute.s32());
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new NetlinkError(error.code, "Invalid target network namespace id", { offset: attribute.offset });
  }
}
