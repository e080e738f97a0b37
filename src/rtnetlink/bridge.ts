// Links of the family AF_BRIDGE: the ports of bridges as `bridge link` shows them. What a device has to say or to change
// there is its own or its master's business (DeviceOps).
//
// Mirrors net/core/rtnetlink.c (valid_bridge_getlink_req, rtnl_bridge_getlink, rtnl_bridge_setlink,
// rtnl_bridge_dellink) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { deviceByIndex, devicesByIndex } from "../net/device.ts";
import { linkPolicy } from "../net/link-policy.ts";
import type { BridgeLinkRequest, Device } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { MessageWriter } from "../netlink/writer.ts";
import {
  BRIDGE_FLAGS_MASTER,
  BRIDGE_FLAGS_SELF,
  IFLA_BRIDGE_FLAGS,
  IFLA_BRIDGE_MODE,
} from "../uapi/if_bridge.ts";
import { IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_PROTINFO } from "../uapi/if_link.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_NEWLINK, RTNLGRP_LINK } from "../uapi/rtnetlink.ts";
import { isPlainHeader, readIfinfomsg } from "./link-request.ts";

/** Dumps the ports of the namespace's bridges, and the bridges. */
export function* dumpBridgeLinks(request: Request, { writer }: DumpControl): Dump {
  const { origin, netns, sender } = request;
  const extMask = sender.isStrict ? parseStrictly(request) : parseLiberally(request);
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || dev.registration !== "registered") continue;
    for (const teller of [dev.master, dev]) {
      if (teller?.ops.fillBridgeLink === undefined) continue;
      const before = writer.length;
      writer.begin(RTM_NEWLINK, NLM_F_MULTI, origin.seq, origin.portId);
      if (teller.ops.fillBridgeLink(teller, dev, writer, extMask)) {
        writer.end();
        yield;
      } else {
        writer.trim(before);
      }
    }
  }
}

/** IFLA_EXT_MASK, the one attribute such a dump knows. */
function parseStrictly({ message }: Request): number {
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid("Invalid header for bridge link dump");
  const { index } = readIfinfomsg(message.bytes, NLMSG_HDRLEN);
  if (!isPlainHeader(message) || index !== 0)
    throw invalid("Invalid values in header for bridge link dump request");
  const { extMask = 0 } = parseMessage(message, IFINFOMSG_SIZE, linkPolicy, "no-unknown");
  if (message.attributes(IFINFOMSG_SIZE).some(({ type }) => type !== IFLA_EXT_MASK)) {
    throw invalid("Unsupported attribute in bridge link dump request");
  }
  return extMask;
}

/** Without strict checking whatever is wrong with a request leaves its mask unread. */
function parseLiberally({ message }: Request): number {
  try {
    return parseMessage(message, IFINFOMSG_SIZE, linkPolicy).extMask ?? 0;
  } catch (error) {
    if (error instanceof NetlinkError) return 0;
    throw error;
  }
}

/** Answers RTM_SETLINK: what is for the master of the device it names, and what for the device itself. */
export function setBridgeLink(request: Request): void {
  change(request, (owner) => owner.ops.setBridgeLink);
}

/** Answers RTM_DELLINK, as setBridgeLink. */
export function delBridgeLink(request: Request): void {
  change(request, (owner) => owner.ops.delBridgeLink);
}

type Change = (owner: Device, target: Device, request: BridgeLinkRequest) => void;

function change(request: Request, hookOf: (owner: Device) => Change | undefined): void {
  const { message, netns } = request;
  if (message.payloadLength < IFINFOMSG_SIZE) throw invalid();
  const { index } = readIfinfomsg(message.bytes, NLMSG_HDRLEN);
  const dev = deviceByIndex(netns, index);
  if (dev === undefined) throw new NetlinkError("ENODEV", "unknown ifindex");
  const afSpec = message.attribute(IFLA_AF_SPEC, IFINFOMSG_SIZE);
  const flags = bridgeFlags(afSpec);
  const asked: BridgeLinkRequest = {
    protinfo: message.attribute(IFLA_PROTINFO, IFINFOMSG_SIZE),
    afSpec,
    flags,
    warn: (text) => request.warn(text),
  };
  if (flags === 0 || (flags & BRIDGE_FLAGS_MASTER) !== 0) {
    const hook = dev.master === null ? undefined : hookOf(dev.master);
    if (dev.master === null || hook === undefined) throw notSupported();
    hook(dev.master, dev, asked);
  }
  if ((flags & BRIDGE_FLAGS_SELF) === 0) return;
  const hook = hookOf(dev);
  if (hook === undefined) throw notSupported();
  hook(dev, dev, asked);
  announceBridgeLink(dev);
}

/** IFLA_BRIDGE_FLAGS, for whom a request is; those and a mode must be whole. */
function bridgeFlags(afSpec: Attribute | undefined): number {
  let flags: number | undefined;
  for (const attribute of afSpec?.children() ?? []) {
    const isFlags = attribute.type === IFLA_BRIDGE_FLAGS && flags === undefined;
    if ((isFlags || attribute.type === IFLA_BRIDGE_MODE) && attribute.length < 2) throw invalid();
    if (isFlags) flags = attribute.u16();
  }
  return flags ?? 0;
}

/** Tells of a device that changed itself, if it has anything to tell (rtnl_bridge_notify). */
function announceBridgeLink(dev: Device): void {
  const fill = dev.ops.fillBridgeLink;
  if (fill === undefined) return;
  const probe = new MessageWriter();
  if (!fill(dev, dev, probe, 0)) return;
  dev.machine.announce(RTNLGRP_LINK, dev.netns, (writer) => {
    writer.begin(RTM_NEWLINK, 0, 0, 0);
    fill(dev, dev, writer, 0);
    writer.end();
  });
}
