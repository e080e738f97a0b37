// Namespaces as a request names them: by a process, a descriptor or an id, and whether the sender may act there.
//
// Mirrors net/core/rtnetlink.c (rtnl_ensure_unique_netns, rtnl_link_get_net_ifla, rtnl_link_get_net_capable,
// rtnl_get_net_ns_capable) and net/core/net_namespace.c (get_net_ns_by_pid, get_net_ns_by_fd).

import type { Request, Session } from "../af_netlink/handler.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import { netnsById } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";

/** Refuses a request that says more than once which namespace it means. */
export function ensureUniqueNetns({ netNsPid, netNsFd, targetNetnsid }: LinkAttributes): void {
  const selectors = [netNsPid, netNsFd, targetNetnsid].filter((selector) => selector !== undefined);
  if (selectors.length > 1) throw invalid("multiple netns identifying attributes specified");
}

/** Refuses a request that names a namespace in another way than by its id, where only ids are understood. */
export function ensureNetnsIdOnly({ netNsPid, netNsFd }: LinkAttributes): void {
  if (netNsPid !== undefined || netNsFd !== undefined) {
    throw notSupported("specified netns attribute not supported");
  }
}

/** The namespace of the process or descriptor that `attrs` names, undefined when they name none: ESRCH, EBADF. */
export function netnsOfProcess(session: Session, { netNsPid, netNsFd }: LinkAttributes): Netns | undefined {
  if (netNsPid !== undefined) return netnsByPid(session, netNsPid);
  if (netNsFd !== undefined) return netnsByFd(session, netNsFd);
  return undefined;
}

/** The namespace that process `pid` lives in (get_net_ns_by_pid): ESRCH when there is no such process. */
export function netnsByPid(session: Session, pid: number): Netns {
  const netns = session.netnsByPid(pid);
  if (netns === undefined) throw new NetlinkError("ESRCH");
  return netns;
}

/** The namespace that the sender's descriptor `fd` is open on (get_net_ns_by_fd): EBADF when it is open on none. */
export function netnsByFd(session: Session, fd: number): Netns {
  const netns = session.netnsByFd(fd);
  if (netns === undefined) throw new NetlinkError("EBADF");
  return netns;
}

/**
 * The namespace a request is about, the sender's own unless it names one (rtnl_link_get_net_capable): EINVAL for an
 * unknown id, EPERM where the sender has no CAP_NET_ADMIN.
 */
export function targetNetns(request: Request, attrs: LinkAttributes): Netns {
  const netns =
    netnsOfProcess(request.sender.session, attrs) ?? netnsOfId(request.netns, attrs.targetNetnsid);
  ensureCapable(request, netns);
  return netns;
}

function netnsOfId(netns: Netns, nsid: number | undefined): Netns {
  return nsid === undefined ? netns : netnsById(netns, nsid);
}

/** EPERM where the sender has no CAP_NET_ADMIN (netlink_ns_capable). */
export function ensureCapable(request: Request, netns: Netns): void {
  if (!request.sender.session.isAdmin(netns)) throw new NetlinkError("EPERM");
}

/**
 * The namespace with the id `nsid` in the sender's (rtnl_get_net_ns_capable): EINVAL when there is none, EACCES where
 * the sender has no CAP_NET_ADMIN.
 */
export function capableNetnsById(request: Request, nsid: number): Netns {
  const netns = netnsById(request.netns, nsid);
  if (!request.sender.session.isAdmin(netns)) throw new NetlinkError("EACCES");
  return netns;
}
