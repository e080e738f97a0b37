// Neighbours of both families: RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH for one, and what RTNLGRP_NEIGH hears.
//
// Mirrors net/core/neighbour.c (neigh_add, neigh_delete, neigh_get, neigh_valid_get_req, __neigh_notify) with their
// order, errno and texts. Omitted: entries managed by a driver (NTF_EXT_MANAGED is refused).

import type { Request } from "../af_netlink/handler.ts";
import { readMac } from "../bytes/mac.ts";
import type { Neighbour } from "../inet/neigh/neighbour.ts";
import { removeNeighbour } from "../inet/neigh/table.ts";
import { neighEventSend } from "../inet/neigh/timer.ts";
import { neighUpdate } from "../inet/neigh/update.ts";
import type { IpNetns } from "../inet/netns.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { exists, invalid, missing, NetlinkError, noDevice, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import * as nd from "../uapi/neighbour.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_DELNEIGH, RTM_NEWNEIGH, RTNLGRP_NEIGH } from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { NeighFamily } from "./neigh-family.ts";
import { findProxy } from "./neigh-family.ts";
import type { Ndmsg, NeighAttributes } from "./neigh-fill.ts";
import { fillNeigh, fillProxy, neighPolicy, readNdmsg } from "./neigh-fill.ts";

/** The tables by family, in the order in which dumps of all go through them. */
export type NeighFamilies = readonly NeighFamily[];

/** What a request to add or delete names. */
interface Named {
  readonly ip: IpNetns;
  readonly family: NeighFamily;
  readonly dev: Device | undefined;
  readonly key: Uint8Array;
}

/** Answers RTM_NEWNEIGH. */
export function newNeigh(families: NeighFamilies, request: Request): void {
  const attrs = parseMessage(request.message, nd.NDMSG_SIZE, neighPolicy);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const header = readNdmsg(request.message);
  const named = nameOf(families, request.netns, header, attrs);
  if ((header.flags & nd.NTF_PROXY) !== 0) return addProxy(named, header, attrs);
  if (((attrs.flagsExt ?? 0) & nd.NTF_EXT_MANAGED) !== 0) throw notSupported();
  if (named.dev === undefined) throw invalid("Device not specified");
  named.family.checkDevice(named.dev);
  const isNew = named.family.find(named.dev, named.key) === undefined;
  const neigh = findOrMake(request, named, named.dev, header);
  update(request, neigh, isNew, header, attrs);
}

function nameOf(families: NeighFamilies, netns: Netns, header: Ndmsg, attrs: NeighAttributes): Named {
  if (attrs.dst === undefined) throw invalid("Network address not specified");
  const dev = header.ifindex === 0 ? undefined : netns.devices.get(header.ifindex);
  if (dev === undefined && header.ifindex !== 0) throw noDevice();
  if (dev !== undefined && attrs.lladdr !== undefined && attrs.lladdr.length < dev.addressLength) {
    throw invalid("Invalid link address");
  }
  const family = families.find((each) => each.family === header.family);
  if (family === undefined) throw new NetlinkError("EAFNOSUPPORT");
  if (attrs.dst.length < family.keyLength) throw invalid("Invalid network address");
  return { ip: ipNetns(netns), family, dev, key: attrs.dst.slice(0, family.keyLength) };
}

function addProxy(
  { ip, family, dev, key }: Named,
  header: Ndmsg,
  { flagsExt = 0, protocol }: NeighAttributes,
): void {
  if ((flagsExt & nd.NTF_EXT_MANAGED) !== 0) throw invalid("Invalid NTF_* flag combination");
  const proxy = findProxy(family, ip, dev ?? null, key) ?? family.makeProxy(ip, dev ?? null, key);
  proxy.flags = header.flags;
  if (protocol !== undefined) proxy.protocol = protocol;
}

function findOrMake(request: Request, { ip, family, key }: Named, dev: Device, header: Ndmsg): Neighbour {
  const { flags } = request.message;
  const found = family.find(dev, key);
  if (found !== undefined) {
    if ((flags & NLM_F_EXCL) !== 0) throw exists();
    return found;
  }
  if ((flags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
  const isGcExempt = (header.state & nd.NUD_PERMANENT) !== 0 || (header.flags & nd.NTF_EXT_LEARNED) !== 0;
  const made = family.make(ip, dev, key, isGcExempt);
  if (made === null) throw new NetlinkError("ENOBUFS");
  return made;
}

/** Gives the entry what the request says; a new one that is refused stays without a state, as on Linux. */
function update(
  request: Request,
  neigh: Neighbour,
  isNew: boolean,
  header: Ndmsg,
  attrs: NeighAttributes,
): void {
  const overrides = isNew || (request.message.flags & NLM_F_REPLACE) !== 0;
  const isUse = (header.flags & nd.NTF_USE) !== 0;
  if (attrs.protocol !== undefined && attrs.protocol !== 0) neigh.protocol = attrs.protocol;
  neighUpdate(neigh, {
    lladdr: attrs.lladdr === undefined ? undefined : readMac(attrs.lladdr, 0),
    state: header.state,
    overrides,
    isAdmin: true,
    isExtLearned: (header.flags & nd.NTF_EXT_LEARNED) !== 0,
    isRouter: overrides ? (header.flags & nd.NTF_ROUTER) !== 0 : undefined,
    isUse,
    portId: request.origin.portId,
  });
  if (isUse) neighEventSend(neigh, null);
}

/** Answers RTM_DELNEIGH. */
export function delNeigh(families: NeighFamilies, request: Request): void {
  const attrs = parseMessage(request.message, nd.NDMSG_SIZE, neighPolicy);
  const header = readNdmsg(request.message);
  const { ip, family, dev, key } = nameOf(
    families,
    request.netns,
    header,
    attrs.dst === undefined ? {} : { dst: attrs.dst },
  );
  if ((header.flags & nd.NTF_PROXY) !== 0) {
    const proxy = findProxy(family, ip, dev ?? null, key);
    if (proxy === undefined) throw new NetlinkError("ENOENT");
    return family.dropProxy(ip, proxy);
  }
  if (dev === undefined) throw invalid();
  const neigh = family.find(dev, key);
  if (neigh === undefined) throw new NetlinkError("ENOENT");
  const { portId } = request.origin;
  neighUpdate(neigh, { state: nd.NUD_FAILED, overrides: true, isAdmin: true, portId });
  removeNeighbour(neigh);
}

/** Answers RTM_GETNEIGH for one entry or proxy. */
export function getNeigh(families: NeighFamilies, request: Request): void {
  const { netns, origin } = request;
  const { header, dst } = questionOf(families, request);
  const ip = ipNetns(netns);
  const family = families.find((each) => each.family === header.family);
  if (family === undefined || dst === undefined) throw missing(nd.NDA_DST);
  const dev = header.ifindex === 0 ? undefined : netns.devices.get(header.ifindex);
  if (dev === undefined && header.ifindex !== 0) throw noDevice("Unknown device ifindex");
  const isProxy = (header.flags & nd.NTF_PROXY) !== 0;
  const proxy = isProxy ? findProxy(family, ip, dev ?? null, dst) : undefined;
  if (isProxy && proxy === undefined) throw new NetlinkError("ENOENT", "Proxy neighbour entry not found");
  const neigh = isProxy || dev === undefined ? undefined : family.find(dev, dst);
  if (!isProxy && neigh === undefined) throw new NetlinkError("ENOENT", "Neighbour entry not found");
  request.reply((writer) => {
    writer.begin(RTM_NEWNEIGH, 0, origin.seq, origin.portId);
    if (proxy !== undefined) fillProxy(writer, family, proxy);
    else if (neigh !== undefined) fillNeigh(writer, family, neigh, 1);
    writer.end();
  });
}

/** Checks a get, which is always strict (neigh_valid_get_req). */
function questionOf(
  families: NeighFamilies,
  { message }: Request,
): { header: Ndmsg; dst: Uint8Array | undefined } {
  const refused = (what: string) => invalid(`${what} neighbor get request`);
  if (message.bytes.length < NLMSG_HDRLEN + nd.NDMSG_SIZE) throw refused("Invalid header for");
  const header = readNdmsg(message);
  if (!header.isPadded || header.state !== 0 || header.type !== 0)
    throw refused("Invalid values in header for");
  if ((header.flags & ~nd.NTF_PROXY) !== 0) throw refused("Invalid flags in header for");
  if ((header.flags & nd.NTF_PROXY) === 0 && header.ifindex === 0) throw invalid("No device specified");
  const attrs = parseMessage(message, nd.NDMSG_SIZE, neighPolicy, "no-unknown");
  if (attrs.dst === undefined) throw missing(nd.NDA_DST);
  for (const { type } of message.attributes(nd.NDMSG_SIZE)) {
    if (type !== nd.NDA_DST) throw refused("Unsupported attribute in");
  }
  const family = families.find((each) => each.family === header.family);
  if (family === undefined) {
    throw new NetlinkError("EAFNOSUPPORT", "Unsupported family in header for neighbor get request");
  }
  if (attrs.dst.length !== family.keyLength) throw refused("Invalid network address in");
  return { header, dst: attrs.dst };
}

/** Tells RTNLGRP_NEIGH of an entry that changed or went (__neigh_notify). */
export function announceNeigh(
  rtnetlink: Rtnetlink,
  family: NeighFamily,
  type: "new" | "del",
  neigh: Neighbour,
  portId: number,
): void {
  rtnetlink.notify(RTNLGRP_NEIGH, neigh.dev.netns, undefined, (writer) => {
    writer.begin(type === "new" ? RTM_NEWNEIGH : RTM_DELNEIGH, 0, 0, portId);
    // Whoever changes an entry holds it; one that goes is held by its table alone.
    fillNeigh(writer, family, neigh, type === "new" ? 1 : 0);
    writer.end();
  });
}
