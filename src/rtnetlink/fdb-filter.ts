// What a dump of forwarding tables is to hold: that of one bridge, or behind one port.
//
// Mirrors net/core/rtnetlink.c (valid_fdb_dump_strict, valid_fdb_dump_legacy) with their texts.

import type { Request } from "../af_netlink/handler.ts";
import { linkPolicy } from "../net/link-policy.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import * as link from "../uapi/if_link.ts";
import * as nd from "../uapi/neighbour.ts";
import { IFINFOMSG_SIZE } from "../uapi/rtnetlink.ts";
import { readIfinfomsg } from "./link-request.ts";
import { neighPolicy, readNdmsg } from "./neigh-fill.ts";

/** Indexes of the bridge and of the port; 0: all. */
export interface FdbFilter {
  readonly master: number;
  readonly ifindex: number;
}

/** Reads a request for a dump; what is wrong with it counts only under strict checking. */
export function dumpFilter(request: Request): FdbFilter {
  return request.sender.isStrict ? readStrictly(request) : readLiberally(request);
}

function readStrictly({ message }: Request): FdbFilter {
  const refused = (what: string) => invalid(`${what} fdb dump request`);
  if (message.payloadLength < nd.NDMSG_SIZE) throw refused("Invalid header for");
  const header = readNdmsg(message);
  if (!header.isPadded || header.state !== 0 || header.flags !== 0 || header.type !== 0) {
    throw refused("Invalid values in header for");
  }
  const attrs = parseMessage(message, nd.NDMSG_SIZE, neighPolicy, "no-unknown");
  for (const { type, length } of message.attributes(nd.NDMSG_SIZE)) {
    if (type === nd.NDA_IFINDEX) {
      if (length !== 4) throw refused("Invalid IFINDEX attribute in");
    } else if (type === nd.NDA_MASTER) {
      if (length !== 4) throw refused("Invalid MASTER attribute in");
    } else {
      throw refused("Unsupported attribute in");
    }
  }
  return { master: attrs.master ?? 0, ifindex: attrs.ifindex ?? header.ifindex };
}

/**
 * Old senders wrote an ifinfomsg with IFLA_MASTER, or an ndmsg, which is four bytes shorter, alone or with one u32 behind
 * it; those are told by their lengths.
 */
function readLiberally({ message }: Request): FdbFilter {
  const none = { master: 0, ifindex: 0 };
  const { payloadLength } = message;
  if (payloadLength === nd.NDMSG_SIZE || payloadLength === nd.NDMSG_SIZE + 8) return none;
  try {
    const attrs = parseMessage(message, IFINFOMSG_SIZE, linkPolicy);
    const master = message.attribute(link.IFLA_MASTER, IFINFOMSG_SIZE);
    const { index } = readIfinfomsg(message.bytes, NLMSG_HDRLEN);
    return { master: master === undefined ? 0 : (attrs.master ?? 0), ifindex: index };
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    if (payloadLength < IFINFOMSG_SIZE) throw error;
    return none;
  }
}
