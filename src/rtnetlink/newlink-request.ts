// What RTM_NEWLINK asks for: the kind and its settings, the peer's blob, and the namespaces of all that takes part.
//
// Mirrors net/core/rtnetlink.c (rtnl_newlink, rtnl_get_peer_net) with its order, errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import type { LinkInfo } from "../net/link-policy.ts";
import { linkInfoPolicy } from "../net/link-policy.ts";
import { netnsById } from "../net/namespace.ts";
import type { LinkOps, Netns, Warn } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { withoutDetail } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { attributeOf, warnOfLeftover } from "../netlink/parsed.ts";
import type { LinkDescription } from "./link-request.ts";
import { parseLink, parsePeer } from "./link-request.ts";
import { ensureCapable, ensureUniqueNetns, netnsOfProcess, targetNetns } from "./netns-attributes.ts";

/** A request for a link, read and with its namespaces found. */
export interface NewLinkRequest extends LinkDescription {
  readonly request: Request;
  readonly info: LinkInfo;
  /** The kind; undefined when the request names none, or one that is not there. */
  readonly ops: LinkOps | undefined;
  /** IFLA_INFO_DATA by the kind's policy. */
  readonly data: object | undefined;
  /** What the request says of the peer, for a kind that has one. */
  readonly peer: LinkDescription | undefined;
  readonly peerNetns: Netns | undefined;
  readonly targetNetns: Netns;
  /** The namespace of IFLA_LINK_NETNSID. */
  readonly linkNetns: Netns | undefined;
}

/** Reads RTM_NEWLINK (rtnl_newlink up to its lock); refuses it in the kernel's order. */
export function readNewLink(request: Request): NewLinkRequest {
  const link = parseLink(request);
  const { header, attrs } = link;
  ensureUniqueNetns(attrs);
  const info = infoOf(attrs.linkinfo);
  const ops = info.kind === undefined ? undefined : request.machine.kinds.get(info.kind);
  const warn = (text: string) => request.warn(text);

  const data = dataOf(ops, info, warn);
  ops?.validate?.(attrs, data, warn);
  const blob = ops?.peerType === undefined ? undefined : peerBlob(ops, data);
  const peer = blob === undefined ? undefined : parsePeer(blob, warn);
  if (peer !== undefined) ops?.validate?.(peer.attrs, undefined, warn);
  const peerNetns = ops?.peerType === undefined ? undefined : peerNetnsOf(request, peer ?? link);

  const target = targetNetns(request, attrs);
  const linkNetns = linkNetnsOf(request, target, attrs.linkNetnsid);
  return { header, attrs, request, info, ops, data, peer, peerNetns, targetNetns: target, linkNetns };
}

function infoOf(linkinfo: Attribute | undefined): LinkInfo {
  return linkinfo === undefined ? {} : withoutDetail(() => parseNested(linkinfo, linkInfoPolicy));
}

function dataOf(ops: LinkOps | undefined, info: LinkInfo, warn: Warn): object | undefined {
  if (ops?.policy === undefined || info.data === undefined) return undefined;
  const data = parseNested(info.data, ops.policy);
  warnOfLeftover(data, warn);
  return data;
}

/** The attribute of IFLA_INFO_DATA that describes the peer. */
function peerBlob(ops: LinkOps, data: object | undefined): Attribute | undefined {
  const rule = ops.peerType === undefined ? undefined : ops.policy?.rules[ops.peerType];
  return rule === undefined || data === undefined ? undefined : attributeOf(data, rule.name);
}

/** Where the peer is to live, if the request says so: in its blob, or for both when there is none (rtnl_get_peer_net). */
function peerNetnsOf(request: Request, { attrs }: LinkDescription): Netns | undefined {
  const netns = netnsOfProcess(request.sender.session, attrs);
  if (netns !== undefined) ensureCapable(request, netns);
  return netns;
}

function linkNetnsOf(request: Request, target: Netns, nsid: number | undefined): Netns | undefined {
  if (nsid === undefined) return undefined;
  const netns = netnsById(target, nsid, "Unknown network namespace id");
  ensureCapable(request, netns);
  return netns;
}
