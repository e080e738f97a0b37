// What routers tell that only users have a use for: options (DNS servers and the like) to RTNLGRP_ND_USEROPT, prefixes to
// RTNLGRP_IPV6_PREFIX.
//
// Mirrors net/ipv6/ndisc.c (ndisc_ra_useropt) and net/ipv6/addrconf.c (inet6_prefix_notify).

import { setS32, setU16, setU32 } from "../bytes/endian.ts";
import type { Device } from "../net/netdevice.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import { ND_ROUTER_ADVERTISEMENT } from "../wire/nd.ts";
import type { PrefixInfo } from "../wire/nd-option.ts";
import { PREFIX_AUTONOMOUS, PREFIX_ON_LINK } from "../wire/nd-option.ts";
import type { Rtnetlink } from "./dispatch.ts";

/** Tells of an option that `router` sent. */
export function announceUserOption(
  rtnetlink: Rtnetlink,
  dev: Device,
  router: Uint8Array,
  option: Uint8Array,
): void {
  rtnetlink.notify(rt.RTNLGRP_ND_USEROPT, dev.netns, undefined, (writer) => {
    writer.begin(rt.RTM_NEWNDUSEROPT, 0, 0, 0);
    const at = writer.reserve(rt.NDUSEROPTMSG_SIZE);
    writer.bytes[at + rt.NDUSEROPTMSG_FAMILY] = AF_INET6;
    setU16(writer.bytes, at + rt.NDUSEROPTMSG_OPTS_LEN, option.length);
    setS32(writer.bytes, at + rt.NDUSEROPTMSG_IFINDEX, dev.ifindex);
    writer.bytes[at + rt.NDUSEROPTMSG_ICMP_TYPE] = ND_ROUTER_ADVERTISEMENT;
    writer.raw(option);
    writer.binary(rt.NDUSEROPT_SRCADDR, router);
    writer.end();
  });
}

/** Tells of a prefix. */
export function announcePrefix(rtnetlink: Rtnetlink, dev: Device, info: PrefixInfo): void {
  rtnetlink.notify(rt.RTNLGRP_IPV6_PREFIX, dev.netns, undefined, (writer) => {
    writer.begin(rt.RTM_NEWPREFIX, 0, 0, 0);
    const at = writer.reserve(rt.PREFIXMSG_SIZE);
    const { bytes } = writer;
    bytes[at + rt.PREFIXMSG_FAMILY] = AF_INET6;
    setS32(bytes, at + rt.PREFIXMSG_IFINDEX, dev.ifindex);
    bytes[at + rt.PREFIXMSG_TYPE] = PREFIX_INFORMATION;
    bytes[at + rt.PREFIXMSG_LEN] = info.prefixLength;
    bytes[at + rt.PREFIXMSG_FLAGS] = info.flags & (PREFIX_ON_LINK | PREFIX_AUTONOMOUS);
    writer.binary(rt.PREFIX_ADDRESS, info.prefix);
    const lifetimes = writer.attribute(rt.PREFIX_CACHEINFO, rt.PREFIX_CACHEINFO_SIZE);
    setU32(writer.bytes, lifetimes + rt.PREFIX_CACHEINFO_PREFERRED_TIME, info.preferredS);
    setU32(writer.bytes, lifetimes + rt.PREFIX_CACHEINFO_VALID_TIME, info.validS);
    writer.end();
  });
}

/** The option's type, as it was on the wire. */
const PREFIX_INFORMATION = 3;
