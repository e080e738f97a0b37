// Ids of namespaces: the number by which one namespace knows another (IFLA_LINK_NETNSID).
//
// Mirrors <linux/net_namespace.h> and rtnl_net_newid, rtnl_net_getid, rtnl_net_dumpid (net/core/net_namespace.c).

import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, s32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  NETNSA_CURRENT_NSID,
  NETNSA_FD,
  NETNSA_MAX,
  NETNSA_NSID,
  NETNSA_PID,
  NETNSA_TARGET_NSID,
} from "../uapi/net_namespace.ts";
import { RTGENMSG_SIZE, RTM_GETNSID, RTM_NEWNSID } from "../uapi/rtnetlink.ts";
import { onlyMessage } from "./answer.ts";

const nsidAttributes = policy(NETNSA_MAX, {
  [NETNSA_NSID]: s32("nsid"),
  [NETNSA_CURRENT_NSID]: s32("currentNsid"),
});

/** An id: -1 means that none is assigned. With a target namespace, `nsid` is the id there and `currentNsid` the id here. */
export type NetnsId = Parsed<typeof nsidAttributes>;

/** A namespace, in one of the ways a request can name it. */
export interface NetnsReference {
  readonly fd?: number | undefined;
  readonly pid?: number | undefined;
  readonly nsid?: number | undefined;
  /** The namespace whose ids are meant, by its id here. */
  readonly targetNsid?: number | undefined;
}

/** Reads an RTM_NEWNSID or RTM_DELNSID. */
export function parseNsid(message: Message): NetnsId {
  return parseMessage(message, RTGENMSG_SIZE, nsidAttributes);
}

/** Asks for the id of a namespace; -1 when it has none. */
export async function getNsid(client: NetlinkClient, reference: NetnsReference): Promise<NetnsId> {
  const answer = await client.request(RTM_GETNSID, 0, (writer) => writeNsid(writer, reference));
  return parseNsid(onlyMessage(answer));
}

/** Lists the ids that are assigned. */
export async function dumpNsids(client: NetlinkClient, reference: NetnsReference = {}): Promise<NetnsId[]> {
  const answer = await client.dump(RTM_GETNSID, (writer) => writeNsid(writer, reference));
  return answer.messages.map(parseNsid);
}

/** Assigns the id `reference.nsid` to the namespace `fd` or `pid`; -1 lets the kernel choose. */
export function addNsid(client: NetlinkClient, reference: NetnsReference): Promise<Answer> {
  return client.request(RTM_NEWNSID, 0, (writer) => writeNsid(writer, reference));
}

function writeNsid(writer: MessageWriter, { fd, pid, nsid, targetNsid }: NetnsReference): void {
  writer.reserve(RTGENMSG_SIZE);
  if (nsid !== undefined) writer.s32(NETNSA_NSID, nsid);
  if (fd !== undefined) writer.u32(NETNSA_FD, fd);
  if (pid !== undefined) writer.u32(NETNSA_PID, pid);
  if (targetNsid !== undefined) writer.s32(NETNSA_TARGET_NSID, targetNsid);
}
