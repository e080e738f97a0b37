// The attributes of a link as the kernel reports them, by name. The names are those of the kernel's netlink spec
// (Documentation/netlink/specs/rt-link.yaml) in camelCase.
//
// Mirrors <linux/if_link.h> and the reply of rtnl_fill_ifinfo (net/core/rtnetlink.c). *Omitted:* virtual functions and port
// profiles, which devices in software do not have, and IFLA_STATS, the 32-bit copy of IFLA_STATS64.

import { getS32 } from "../bytes/endian.ts";
import { ipv6ToText } from "../bytes/ipv6.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { nest, policy, s32, string, u8, u16, u32 } from "../netlink/policy.ts";
import * as uapi from "../uapi/if_link.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { linkAddressText, reads } from "./answer.ts";
import { parseLinkStats } from "./stats.ts";

/** IFLA_LINKINFO: the kind, and what it and its master have to say; `data` is read by whoever knows the kind. */
const linkInfo = policy(uapi.IFLA_INFO_MAX, {
  [uapi.IFLA_INFO_KIND]: string("kind"),
  [uapi.IFLA_INFO_DATA]: nest("data"),
  [uapi.IFLA_INFO_XSTATS]: reads("xstats", (attribute) => attribute),
  [uapi.IFLA_INFO_SLAVE_KIND]: string("slaveKind"),
  [uapi.IFLA_INFO_SLAVE_DATA]: nest("slaveData"),
});

const protoDownReason = policy(uapi.IFLA_PROTO_DOWN_REASON_VALUE, {
  [uapi.IFLA_PROTO_DOWN_REASON_MASK]: u32("mask"),
  [uapi.IFLA_PROTO_DOWN_REASON_VALUE]: u32("value"),
});

/** AF_INET in IFLA_AF_SPEC: `conf` is indexed by IPV4_DEVCONF_* - 1. */
const inet = policy(uapi.IFLA_INET_MAX, { [uapi.IFLA_INET_CONF]: reads("conf", numbers) });

/** AF_INET6 in IFLA_AF_SPEC: `conf` is indexed by DEVCONF_*. */
const inet6 = policy(uapi.IFLA_INET6_MAX, {
  [uapi.IFLA_INET6_FLAGS]: u32("flags"),
  [uapi.IFLA_INET6_CONF]: reads("conf", numbers),
  [uapi.IFLA_INET6_CACHEINFO]: reads("cacheinfo", (attribute) => attribute),
  [uapi.IFLA_INET6_TOKEN]: reads("token", (attribute) => ipv6ToText(attribute.copy())),
  [uapi.IFLA_INET6_ADDR_GEN_MODE]: u8("addrGenMode"),
  [uapi.IFLA_INET6_RA_MTU]: u32("raMtu"),
});

const afSpec = policy(AF_INET6, {
  [AF_INET]: reads("inet", (attribute) => parseNested(attribute, inet)),
  [AF_INET6]: reads("inet6", (attribute) => parseNested(attribute, inet6)),
});

/** IFLA_AF_SPEC of a link; that of a bridge port is of another form. */
export type AfSpec = Parsed<typeof afSpec>;

/** Reads the IFLA_AF_SPEC of a link. */
export function parseAfSpec(attribute: Attribute): AfSpec {
  return parseNested(attribute, afSpec);
}

/** What is known of the attributes of an RTM_NEWLINK or RTM_DELLINK. */
export const linkAttributes = policy(uapi.IFLA_MAX, {
  [uapi.IFLA_TARGET_NETNSID]: s32("targetNetnsid"),
  [uapi.IFLA_IFNAME]: string("ifname"),
  [uapi.IFLA_TXQLEN]: u32("txqlen"),
  [uapi.IFLA_OPERSTATE]: u8("operstate"),
  [uapi.IFLA_LINKMODE]: u8("linkmode"),
  [uapi.IFLA_NETNS_IMMUTABLE]: u8("netnsImmutable"),
  [uapi.IFLA_MTU]: u32("mtu"),
  [uapi.IFLA_MIN_MTU]: u32("minMtu"),
  [uapi.IFLA_MAX_MTU]: u32("maxMtu"),
  [uapi.IFLA_GROUP]: u32("group"),
  [uapi.IFLA_PROMISCUITY]: u32("promiscuity"),
  [uapi.IFLA_ALLMULTI]: u32("allmulti"),
  [uapi.IFLA_NUM_TX_QUEUES]: u32("numTxQueues"),
  [uapi.IFLA_NUM_RX_QUEUES]: u32("numRxQueues"),
  [uapi.IFLA_GSO_MAX_SEGS]: u32("gsoMaxSegs"),
  [uapi.IFLA_GSO_MAX_SIZE]: u32("gsoMaxSize"),
  [uapi.IFLA_GRO_MAX_SIZE]: u32("groMaxSize"),
  [uapi.IFLA_GSO_IPV4_MAX_SIZE]: u32("gsoIpv4MaxSize"),
  [uapi.IFLA_GRO_IPV4_MAX_SIZE]: u32("groIpv4MaxSize"),
  [uapi.IFLA_TSO_MAX_SIZE]: u32("tsoMaxSize"),
  [uapi.IFLA_TSO_MAX_SEGS]: u32("tsoMaxSegs"),
  [uapi.IFLA_MASTER]: u32("master"),
  [uapi.IFLA_CARRIER]: u8("carrier"),
  [uapi.IFLA_IFALIAS]: string("ifalias"),
  [uapi.IFLA_CARRIER_CHANGES]: u32("carrierChanges"),
  [uapi.IFLA_CARRIER_UP_COUNT]: u32("carrierUpCount"),
  [uapi.IFLA_CARRIER_DOWN_COUNT]: u32("carrierDownCount"),
  [uapi.IFLA_HEADROOM]: u16("headroom"),
  [uapi.IFLA_TAILROOM]: u16("tailroom"),
  [uapi.IFLA_PROTO_DOWN]: u8("protoDown"),
  [uapi.IFLA_PROTO_DOWN_REASON]: reads("protoDownReason", (attribute) =>
    parseNested(attribute, protoDownReason),
  ),
  [uapi.IFLA_EVENT]: u32("event"),
  [uapi.IFLA_ADDRESS]: reads("address", linkAddressText),
  [uapi.IFLA_BROADCAST]: reads("broadcast", linkAddressText),
  [uapi.IFLA_PERM_ADDRESS]: reads("permAddress", linkAddressText),
  [uapi.IFLA_PHYS_PORT_ID]: reads("physPortId", (attribute) =>
    linkAddressText(attribute).replaceAll(":", ""),
  ),
  [uapi.IFLA_PHYS_PORT_NAME]: string("physPortName"),
  [uapi.IFLA_PHYS_SWITCH_ID]: reads("physSwitchId", (attribute) =>
    linkAddressText(attribute).replaceAll(":", ""),
  ),
  [uapi.IFLA_STATS64]: reads("stats64", parseLinkStats),
  [uapi.IFLA_XDP]: nest("xdp"),
  [uapi.IFLA_LINKINFO]: reads("linkinfo", (attribute) => parseNested(attribute, linkInfo)),
  [uapi.IFLA_NEW_NETNSID]: s32("newNetnsid"),
  [uapi.IFLA_NEW_IFINDEX]: s32("newIfindex"),
  [uapi.IFLA_LINK_NETNSID]: s32("linkNetnsid"),
  [uapi.IFLA_LINK]: u32("link"),
  [uapi.IFLA_QDISC]: string("qdisc"),
  [uapi.IFLA_AF_SPEC]: reads("afSpecAttribute", (attribute) => attribute),
  [uapi.IFLA_PROTINFO]: reads("protinfo", (attribute) => attribute),
  [uapi.IFLA_PROP_LIST]: reads("altnames", (attribute) =>
    attribute
      .children()
      .filter(({ type }) => type === uapi.IFLA_ALT_IFNAME)
      .map((altname) => altname.text()),
  ),
  [uapi.IFLA_PARENT_DEV_NAME]: string("parentDevName"),
  [uapi.IFLA_PARENT_DEV_BUS_NAME]: string("parentDevBusName"),
});

/** Reads an array of s32. */
function numbers(attribute: Attribute): readonly number[] {
  return Array.from({ length: attribute.length >> 2 }, (_, i) =>
    getS32(attribute.bytes, attribute.start + 4 * i),
  );
}
