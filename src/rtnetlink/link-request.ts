// What every request about a link starts with: its ifinfomsg, its attributes, and the device they name.
//
// Mirrors net/core/rtnetlink.c (nlmsg_parse by ifla_policy, rtnl_dev_get, rtnl_nla_parse_ifinfomsg).

import type { Request } from "../af_netlink/handler.ts";
import { getS32, getU8, getU16, getU32 } from "../bytes/endian.ts";
import { deviceByIndex, deviceByName } from "../net/device.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import { linkPolicy } from "../net/link-policy.ts";
import type { Device, Ifinfomsg, Netns, Warn } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { Strictness } from "../netlink/parse.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FAMILY,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  IFINFOMSG_TYPE,
} from "../uapi/rtnetlink.ts";

/** A link as a request describes it. */
export interface LinkDescription {
  readonly header: Ifinfomsg;
  readonly attrs: LinkAttributes;
}

/** Parses a request about a link; NetlinkError as the policy refuses it. */
export function parseLink(request: Request, strictness: Strictness = "liberal"): LinkDescription {
  const { message } = request;
  const attrs = parseMessage(message, IFINFOMSG_SIZE, linkPolicy, strictness);
  warnOfLeftover(attrs, (text) => request.warn(text));
  return { header: readIfinfomsg(message.bytes, NLMSG_HDRLEN), attrs };
}

/**
 * Parses the ifinfomsg and attributes of a peer inside IFLA_INFO_DATA (rtnl_nla_parse_ifinfomsg): EINVAL for a
 * negative ifindex, with the kernel's text. The kind's policy has seen to it that the header is there.
 */
export function parsePeer(blob: Attribute, warn: Warn): LinkDescription {
  const header = readIfinfomsg(blob.bytes, blob.start);
  if (header.index < 0)
    throw new NetlinkError("EINVAL", "ifindex can't be negative", { offset: blob.offset });
  const attrs = parseNested(blob, linkPolicy, "liberal", IFINFOMSG_SIZE);
  warnOfLeftover(attrs, warn);
  return { header, attrs };
}

/** Reads `struct ifinfomsg` at `offset`. */
export function readIfinfomsg(bytes: Uint8Array, offset: number): Ifinfomsg {
  return {
    family: getU8(bytes, offset + IFINFOMSG_FAMILY),
    type: getU16(bytes, offset + IFINFOMSG_TYPE),
    index: getS32(bytes, offset + IFINFOMSG_INDEX),
    flags: getU32(bytes, offset + IFINFOMSG_FLAGS),
    change: getU32(bytes, offset + IFINFOMSG_CHANGE),
  };
}

/** Whether the header of a request holds nothing but a family and an ifindex, as strict checking demands. */
export function isPlainHeader({ bytes }: Message): boolean {
  const { type, flags, change } = readIfinfomsg(bytes, NLMSG_HDRLEN);
  const padding = getU8(bytes, NLMSG_HDRLEN + IFINFOMSG_FAMILY + 1);
  return padding === 0 && type === 0 && flags === 0 && change === 0;
}

/** Whether a request names a device at all: by ifindex, name or alternative name. */
export function namesDevice({ header, attrs }: LinkDescription): boolean {
  return header.index > 0 || attrs.ifname !== undefined || attrs.altIfname !== undefined;
}

/** The device in `netns` that a request names: by ifindex if that is positive, else by name (rtnl_dev_get). */
export function findDevice(netns: Netns, { header, attrs }: LinkDescription): Device | undefined {
  if (header.index > 0) return deviceByIndex(netns, header.index);
  const name = attrs.ifname ?? attrs.altIfname;
  return name === undefined ? undefined : deviceByName(netns, name);
}

/** The device in `netns` that a request names: EINVAL when it names none, ENODEV when there is none. */
export function requireDevice(netns: Netns, link: LinkDescription): Device {
  if (!namesDevice(link)) throw new NetlinkError("EINVAL");
  const dev = findDevice(netns, link);
  if (dev === undefined) throw new NetlinkError("ENODEV");
  return dev;
}
