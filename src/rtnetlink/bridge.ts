// Links of the family AF_BRIDGE: the ports of bridges as `bridge link` shows them. What a device has to say or to change
// there is its own or its master's business (DeviceOps). Omitted: changes, which no device here takes.
//
// Mirrors net/core/rtnetlink.c (valid_bridge_getlink_req, rtnl_bridge_getlink, rtnl_bridge_setlink,
// rtnl_bridge_dellink) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import { linkPolicy } from "../net/link-policy.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { IFLA_EXT_MASK } from "../uapi/if_link.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import { isPlainHeader, readIfinfomsg } from "./link-request.ts";

/** Dumps the ports of the namespace's bridges, and the bridges. */
export function* dumpBridgeLinks(request: Request, { writer }: DumpControl): Dump {
  const { origin, netns, sender } = request;
  const extMask = sender.isStrict ? parseStrictly(request) : parseLiberally(request);
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || dev.registration !== "registered") continue;
    for (const teller of [dev.master, dev]) {
      if (teller?.ops.fillBridgeLink === undefined) continue;
      const before = writer.length;
      writer.begin(RTM_NEWLINK, NLM_F_MULTI, origin.seq, origin.portId);
      if (teller.ops.fillBridgeLink(teller, dev, writer, extMask)) {
        writer.end();
        yield;
      } else {
        writer.trim(before);
      }
    }
  }
}

/** IFLA_EXT_MASK, the one attribute such a dump knows. */
function parseStrictly({ message }: Request): number {
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid("Invalid header for bridge link dump");
  const { index } = readIfinfomsg(message.bytes, NLMSG_HDRLEN);
  if (!isPlainHeader(message) || index !== 0)
    throw invalid("Invalid values in header for bridge link dump request");
  const { extMask = 0 } = parseMessage(message, IFINFOMSG_SIZE, linkPolicy, "no-unknown");
  if (message.attributes(IFINFOMSG_SIZE).some(({ type }) => type !== IFLA_EXT_MASK)) {
    throw invalid("Unsupported attribute in bridge link dump request");
  }
  return extMask;
}

/** Without strict checking whatever is wrong with a request leaves its mask unread. */
function parseLiberally({ message }: Request): number {
  try {
    return parseMessage(message, IFINFOMSG_SIZE, linkPolicy).extMask ?? 0;
  } catch (error) {
    if (error instanceof NetlinkError) return 0;
    throw error;
  }
}

/** Answers RTM_SETLINK and RTM_DELLINK about a port: ENODEV for an unknown device, EOPNOTSUPP for every other. */
export function changeBridgeLink({ message, netns }: Request): void {
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid();
  const { index } = readIfinfomsg(message.bytes, NLMSG_HDRLEN);
  if (deviceByIndex(netns, index) === undefined) throw new NetlinkError("ENODEV", "unknown ifindex");
  throw notSupported();
}
