// Which addresses a filter lets through, and which links are left when theirs do not.

import type { InterfaceAddress } from "../../../client/addr.ts";
import type { Link } from "../../../client/link.ts";
import { AF_PACKET, AF_UNSPEC } from "../../../uapi/socket.ts";
import { isInPrefix } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import type { ShowFilter } from "../show-filter.ts";
import { matchesPattern } from "../show-filter.ts";

/** True when the filter lets an address through. */
export function wantsAddress(ip: IpContext, filter: ShowFilter, address: InterfaceAddress): boolean {
  const { family, ifindex, scope, flagMask, flags, label, to } = filter;
  if (family !== AF_UNSPEC && family !== address.family) return false;
  if (ifindex !== undefined && ifindex !== address.ifindex) return false;
  if (scope !== undefined && scope !== address.scope) return false;
  if (((flags ^ address.flags) & flagMask) !== 0) return false;
  if (label !== undefined && !matchesPattern(label, address.label ?? ip.links.name(address.ifindex)))
    return false;
  const local = address.local ?? address.address;
  return to === undefined || local === undefined || isInPrefix(to, local);
}

/**
 * The links worth showing: those that have an address the filter lets through, and those without any address when no
 * family was asked for.
 */
export function linksWithAddresses(
  ip: IpContext,
  filter: ShowFilter,
  links: readonly Link[],
  addresses: readonly InterfaceAddress[],
): Link[] {
  const needsAddress = filter.family !== AF_UNSPEC && filter.family !== AF_PACKET;
  return links.filter((link) => {
    const own = addresses.filter(({ ifindex }) => ifindex === link.ifindex);
    return own.length === 0 ? !needsAddress : own.some((address) => wantsAddress(ip, filter, address));
  });
}
