// Chains of filters: RTM_NEWCHAIN makes one, RTM_DELCHAIN deletes one with its filters, RTM_GETCHAIN tells.
//
// Mirrors net/sched/cls_api.c (tc_ctl_chain, tc_dump_chain, tc_chain_tmplt_add) with its order, errno and texts. Omitted: shared
// blocks.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { Netns } from "../net/netdevice.ts";
import type { TcfChain } from "../net/tcf.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { NLM_F_CREATE, NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { flushChain } from "./tc-filter.ts";
import type { TcaAttributes } from "./tc-message.ts";
import { readTcmsg, readTcRequest, tcaPolicy } from "./tc-message.ts";
import type { Classifiers, Place } from "./tc-place.ts";
import {
  announceChain,
  chainIndexOf,
  checkKind,
  claimPlace,
  classifierOf,
  fillChain,
  findPlace,
  placeOf,
  visibleChain,
} from "./tc-place.ts";

/** Answers RTM_NEWCHAIN. */
export function newChain(rtnetlink: Rtnetlink, classifiers: Classifiers, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { netns, message } = request;
  const { block } = claimPlace(rtnetlink, netns, dev, tcm);
  const index = chainIndexOf(attrs);
  const known = block.findChain(index);
  if (known !== undefined && !known.isOfActions)
    throw new NetlinkError("EEXIST", "Filter chain already exists");
  if (known === undefined && (message.flags & NLM_F_CREATE) === 0)
    throw new NetlinkError("ENOENT", "Need both RTM_NEWCHAIN and NLM_F_CREATE to create a new chain");
  const chain = known ?? block.chain(index);
  // Once for the user, once for this request.
  chain.hold();
  chain.hold();
  chain.isExplicit = true;
  try {
    chain.template = readTemplate(classifiers, netns, attrs);
    announceChain(rtnetlink, netns, chain, true);
  } catch (error) {
    chain.putExplicit();
    throw error;
  } finally {
    chain.put();
  }
}

/** What the chain's filters may match, if the request says it (tc_chain_tmplt_add). */
function readTemplate(classifiers: Classifiers, netns: Netns, attrs: TcaAttributes): TcfChain["template"] {
  const { kind, options } = attrs;
  if (kind === undefined) return null;
  checkKind(attrs, "Specified TC chain template name too long");
  const ops = classifierOf(classifiers, kind);
  if (ops.readTemplate === undefined)
    throw notSupported("Chain templates are not supported with specified classifier");
  return { ops, what: ops.readTemplate(netns, options) };
}

/** Answers RTM_DELCHAIN. */
export function delChain(rtnetlink: Rtnetlink, request: Request): void {
  const { place, chain } = findChain(request);
  chain.hold();
  flushChain(rtnetlink, request, place, chain);
  chain.putExplicit();
  chain.put();
}

/** Answers RTM_GETCHAIN for one. */
export function getChain(request: Request): void {
  const { chain } = findChain(request);
  const { origin, message } = request;
  request.reply((writer) => {
    writer.begin(rt.RTM_GETCHAIN, message.flags, origin.seq, origin.portId);
    fillChain(writer, chain);
    writer.end();
  });
}

/** The chain that a request names; EINVAL when users hear of none. */
function findChain(request: Request): { readonly place: Place; readonly chain: TcfChain } {
  const { tcm, attrs, dev } = readTcRequest(request);
  const place = placeOf(dev, tcm);
  const chain = visibleChain(place.block, chainIndexOf(attrs));
  if (chain === undefined) throw invalid("Cannot find specified filter chain");
  return { place, chain };
}

/** Lists the chains of one place in the order they were made. */
export function* dumpChains(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  const attrs = parseMessage(message, rt.TCMSG_SIZE, tcaPolicy);
  const place = findPlace(netns, readTcmsg(message));
  for (const chain of [...(place?.block.chains ?? [])]) {
    if (chain.isOfActions || (attrs.chain !== undefined && chain.index !== attrs.chain)) continue;
    writer.begin(rt.RTM_NEWCHAIN, NLM_F_MULTI, origin.seq, origin.portId);
    fillChain(writer, chain);
    writer.end();
    yield;
  }
}
