// Ids of namespaces: RTM_NEWNSID gives one, RTM_GETNSID asks for one or all, and RTNLGRP_NSID hears of what changes.
//
// Mirrors net/core/net_namespace.c (rtnl_net_newid, rtnl_net_getid, rtnl_net_notifyid) with their errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import { assignNsid, nsidOf } from "../net/namespace.ts";
import type { MachineContext, Netns, Origin } from "../net/netdevice.ts";
import { invalid, NetlinkError, refused } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, s32, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  NETNSA_CURRENT_NSID,
  NETNSA_FD,
  NETNSA_MAX,
  NETNSA_NSID,
  NETNSA_PID,
  NETNSA_TARGET_NSID,
} from "../uapi/net_namespace.ts";
import { RTGENMSG_SIZE, RTM_DELNSID, RTM_NEWNSID, RTNLGRP_NSID } from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { capableNetnsById, netnsByFd, netnsByPid } from "./netns-attributes.ts";

/** rtnl_net_policy */
export const nsidPolicy = policy(NETNSA_MAX, {
  [NETNSA_NSID]: s32("nsid"),
  [NETNSA_PID]: u32("pid"),
  [NETNSA_FD]: u32("fd"),
  [NETNSA_TARGET_NSID]: s32("targetNsid"),
});

type NsidAttributes = Parsed<typeof nsidPolicy>;

/** Lets the namespaces of `machine` tell through `rtnetlink` what ids they give and take back. */
export function joinNsidMessages(machine: MachineContext, rtnetlink: Rtnetlink): void {
  machine.announceNsid = (netns, nsid, type, origin) => announce(rtnetlink, netns, nsid, type, origin);
}

function announce(
  rtnetlink: Rtnetlink,
  netns: Netns,
  nsid: number,
  type: "new" | "del",
  origin?: Origin,
): void {
  rtnetlink.notify(RTNLGRP_NSID, netns, origin, (writer) => {
    writer.begin(type === "new" ? RTM_NEWNSID : RTM_DELNSID, 0, origin?.seq ?? 0, origin?.portId ?? 0);
    fillNsid(writer, nsid);
    writer.end();
  });
}

/** Writes the body of RTM_NEWNSID; `currentNsid` is the id the sender's own namespace has for what `nsid` is. */
export function fillNsid(writer: MessageWriter, nsid: number, currentNsid?: number): void {
  writer.reserve(RTGENMSG_SIZE);
  writer.s32(NETNSA_NSID, nsid);
  if (currentNsid !== undefined) writer.s32(NETNSA_CURRENT_NSID, currentNsid);
}

/** Answers RTM_NEWNSID: the sender's namespace calls another one by an id, by the next free one if that is negative. */
export function newNsid(request: Request): void {
  const attrs = parseMessage(request.message, RTGENMSG_SIZE, nsidPolicy);
  warnOfLeftover(attrs, (text) => request.warn(text));
  if (attrs.nsid === undefined) throw invalid("nsid is missing");
  const { netns: peer, name } = peerOf(request, attrs) ?? { netns: undefined, name: "" };
  if (peer === undefined) throw invalid("Peer netns reference is missing");
  if (request.netns.nsidOf.has(peer)) {
    throw refused("EEXIST", "Peer netns already has a nsid assigned", attrs, name);
  }
  if (request.netns.nsids.has(attrs.nsid)) {
    throw refused("EEXIST", "The specified nsid is already used", attrs, "nsid");
  }
  assignNsid(request.netns, peer, attrs.nsid, request.origin);
}

/** Answers RTM_GETNSID for one namespace: the id it has, NETNSA_NSID_NOT_ASSIGNED (-1) when it has none. */
export function getNsid(request: Request): void {
  const { sender, origin } = request;
  const attrs = parseMessage(
    request.message,
    RTGENMSG_SIZE,
    nsidPolicy,
    sender.isStrict ? "no-unknown" : "liberal",
  );
  warnOfLeftover(attrs, (text) => request.warn(text));
  if (sender.isStrict && request.message.attribute(NETNSA_CURRENT_NSID, RTGENMSG_SIZE) !== undefined) {
    throw invalid("Unsupported attribute in peer netns getid request");
  }
  const peer = (peerOf(request, attrs) ?? peerById(request.netns, attrs))?.netns;
  if (peer === undefined) throw invalid("Peer netns reference is missing");
  const { targetNsid } = attrs;
  const target = targetNsid === undefined ? request.netns : targetNetns(request, attrs, targetNsid);
  request.reply((writer) => {
    writer.begin(RTM_NEWNSID, 0, origin.seq, origin.portId);
    fillNsid(
      writer,
      nsidOf(target, peer),
      targetNsid === undefined ? undefined : nsidOf(request.netns, peer),
    );
    writer.end();
  });
}

/** A namespace a request names, and the attribute that does. */
interface Peer {
  readonly netns: Netns;
  readonly name: keyof NsidAttributes;
}

/** The namespace of the process or descriptor that the request names. */
function peerOf({ sender: { session } }: Request, attrs: NsidAttributes): Peer | undefined {
  const { pid, fd } = attrs;
  if (pid !== undefined) return peer(attrs, "pid", () => netnsByPid(session, pid));
  if (fd !== undefined) return peer(attrs, "fd", () => netnsByFd(session, fd));
  return undefined;
}

function peerById(netns: Netns, attrs: NsidAttributes): Peer | undefined {
  const { nsid } = attrs;
  if (nsid === undefined) return undefined;
  const other = netns.nsids.get(nsid);
  return peer(attrs, "nsid", () => {
    if (other === undefined) throw new NetlinkError("ENOENT");
    return other;
  });
}

function peer(attrs: NsidAttributes, name: Peer["name"], find: () => Netns): Peer {
  try {
    return { netns: find(), name };
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw refused(error.code, "Peer netns reference is invalid", attrs, name);
  }
}

function targetNetns(request: Request, attrs: NsidAttributes, nsid: number): Netns {
  try {
    return capableNetnsById(request, nsid);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw refused(error.code, "Target netns reference is invalid", attrs, "targetNsid");
  }
}
