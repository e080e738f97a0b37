// What a dump of addresses asks for, checked for both families alike.
//
// Mirrors net/ipv4/devinet.c (inet_valid_dump_ifaddr_req) and net/ipv6/addrconf.c (inet6_valid_dump_ifaddr_req): the same
// checks, and texts that differ in their prefix.

import type { DumpControl, Request } from "../af_netlink/handler.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Policy } from "../netlink/policy.ts";
import { IFA_TARGET_NETNSID, IFADDRMSG_SIZE } from "../uapi/if_addr.ts";
import { NLM_F_DUMP_FILTERED } from "../uapi/netlink.ts";
import { readIfaddrmsg } from "./addr-policy.ts";
import { capableNetnsById } from "./netns-attributes.ts";

/** What is to be dumped. */
export interface AddressDump {
  readonly netns: Netns;
  /** The id by which the sender asked for another namespace, which replies carry. */
  readonly targetNetnsid: number | undefined;
  /** One device; 0: all. */
  readonly ifindex: number;
}

/** Reads what the dump asks for; only strictly checked requests are listened to. `prefix` starts the texts. */
export function addressDumpOf(
  request: Request,
  control: DumpControl,
  policy: Policy,
  prefix: string,
): AddressDump {
  const { message, netns, sender } = request;
  if (!sender.isStrict) return { netns, targetNetnsid: undefined, ifindex: 0 };
  if (message.bytes.length < NLMSG_HDRLEN + IFADDRMSG_SIZE) {
    throw invalid(`${prefix}Invalid header for address dump request`);
  }
  const header = readIfaddrmsg(message);
  if (header.prefixLength !== 0 || header.flags !== 0 || header.scope !== 0) {
    throw invalid(`${prefix}Invalid values in header for address dump request`);
  }
  if (header.index !== 0) control.answerFlags |= NLM_F_DUMP_FILTERED;
  parseMessage(message, IFADDRMSG_SIZE, policy, "no-unknown");
  let target: { readonly netns: Netns; readonly id: number } | undefined;
  for (const attribute of message.attributes(IFADDRMSG_SIZE).sort((one, other) => one.type - other.type)) {
    if (attribute.type !== IFA_TARGET_NETNSID)
      throw invalid(`${prefix}Unsupported attribute in dump request`);
    target = { netns: targetOf(request, attribute.s32(), prefix), id: attribute.s32() };
  }
  return { netns: target?.netns ?? netns, targetNetnsid: target?.id, ifindex: header.index };
}

function targetOf(request: Request, nsid: number, prefix: string): Netns {
  try {
    return capableNetnsById(request, nsid);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new NetlinkError(error.code, `${prefix}Invalid target network namespace id`);
  }
}
