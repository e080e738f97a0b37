// What a request may ask of a device at all, checked before anything is changed or made.
//
// Mirrors net/core/rtnetlink.c (validate_linkmsg) with its order, errno and texts.

import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import type { LinkAttributes } from "./link-policy.ts";
import type { Device } from "./netdevice.ts";

/** Largest number of segments of a GSO frame (GSO_MAX_SEGS). */
const maxGsoSegments = 65_535;
/** Largest GRO frame in bytes (GRO_MAX_SIZE): eight times the largest IP packet. */
const maxGroSize = 8 * 65_535;

/** Checks a request's attributes against `dev`, registered or not: EINVAL, or what the address families refuse. */
export function validateLink(dev: Device, attrs: LinkAttributes): void {
  if (attrs.address !== undefined && attrs.address.length < dev.addressLength) throw invalid();
  if (attrs.broadcast !== undefined && attrs.broadcast.length < dev.addressLength) throw invalid();
  refuseAbove(attrs.gsoMaxSize, dev.tsoMaxSize, "too big gso_max_size");
  refuseAbove(attrs.gsoMaxSegs, Math.min(maxGsoSegments, dev.tsoMaxSegments), "too big gso_max_segs");
  refuseAbove(attrs.groMaxSize, maxGroSize, "too big gro_max_size");
  refuseAbove(attrs.gsoIpv4MaxSize, dev.tsoMaxSize, "too big gso_ipv4_max_size");
  refuseAbove(attrs.groIpv4MaxSize, maxGroSize, "too big gro_ipv4_max_size");
  for (const nest of attrs.afSpec?.children() ?? []) validateAf(dev, nest);
}

/** EAFNOSUPPORT for a family without a part in links, EOPNOTSUPP for one that takes no changes. */
function validateAf(dev: Device, nest: Attribute): void {
  const ops = dev.netns.machine.afOps.find(({ family }) => family === nest.type);
  if (ops === undefined) throw new NetlinkError("EAFNOSUPPORT");
  if (ops.set === undefined) throw notSupported();
  ops.validate?.(dev, nest);
}

function refuseAbove(value: number | undefined, limit: number, text: string): void {
  if (value !== undefined && value > limit) throw invalid(text);
}
