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
import {
  IFLA_ADDRESS,
  IFLA_AF_SPEC,
  IFLA_ALLMULTI,
  IFLA_ALT_IFNAME,
  IFLA_BROADCAST,
  IFLA_CARRIER,
  IFLA_CARRIER_CHANGES,
  IFLA_CARRIER_DOWN_COUNT,
  IFLA_CARRIER_UP_COUNT,
  IFLA_EVENT,
  IFLA_GRO_IPV4_MAX_SIZE,
  IFLA_GRO_MAX_SIZE,
  IFLA_GROUP,
  IFLA_GSO_IPV4_MAX_SIZE,
  IFLA_GSO_MAX_SEGS,
  IFLA_GSO_MAX_SIZE,
  IFLA_HEADROOM,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INET_CONF,
  IFLA_INET_MAX,
  IFLA_INET6_ADDR_GEN_MODE,
  IFLA_INET6_CACHEINFO,
  IFLA_INET6_CONF,
  IFLA_INET6_FLAGS,
  IFLA_INET6_MAX,
  IFLA_INET6_RA_MTU,
  IFLA_INET6_TOKEN,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_MAX,
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_INFO_XSTATS,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_LINKMODE,
  IFLA_MASTER,
  IFLA_MAX,
  IFLA_MAX_MTU,
  IFLA_MIN_MTU,
  IFLA_MTU,
  IFLA_NETNS_IMMUTABLE,
  IFLA_NEW_IFINDEX,
  IFLA_NEW_NETNSID,
  IFLA_NUM_RX_QUEUES,
  IFLA_NUM_TX_QUEUES,
  IFLA_OPERSTATE,
  IFLA_PARENT_DEV_BUS_NAME,
  IFLA_PARENT_DEV_NAME,
  IFLA_PERM_ADDRESS,
  IFLA_PHYS_PORT_ID,
  IFLA_PHYS_PORT_NAME,
  IFLA_PHYS_SWITCH_ID,
  IFLA_PROMISCUITY,
  IFLA_PROP_LIST,
  IFLA_PROTINFO,
  IFLA_PROTO_DOWN,
  IFLA_PROTO_DOWN_REASON,
  IFLA_PROTO_DOWN_REASON_MASK,
  IFLA_PROTO_DOWN_REASON_VALUE,
  IFLA_QDISC,
  IFLA_STATS64,
  IFLA_TAILROOM,
  IFLA_TARGET_NETNSID,
  IFLA_TSO_MAX_SEGS,
  IFLA_TSO_MAX_SIZE,
  IFLA_TXQLEN,
  IFLA_XDP,
} from "../uapi/if_link.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { linkAddressText, reads } from "./answer.ts";
import { parseLinkStats } from "./stats.ts";

/** IFLA_LINKINFO: the kind, and what it and its master have to say; `data` is read by whoever knows the kind. */
export type LinkInfo = Parsed<typeof linkInfo>;

const linkInfo = policy(IFLA_INFO_MAX, {
  [IFLA_INFO_KIND]: string("kind"),
  [IFLA_INFO_DATA]: nest("data"),
  [IFLA_INFO_XSTATS]: reads("xstats", (attribute) => attribute),
  [IFLA_INFO_SLAVE_KIND]: string("slaveKind"),
  [IFLA_INFO_SLAVE_DATA]: nest("slaveData"),
});

const protoDownReason = policy(IFLA_PROTO_DOWN_REASON_VALUE, {
  [IFLA_PROTO_DOWN_REASON_MASK]: u32("mask"),
  [IFLA_PROTO_DOWN_REASON_VALUE]: u32("value"),
});

/** AF_INET in IFLA_AF_SPEC: `conf` is indexed by IPV4_DEVCONF_* - 1. */
const inet = policy(IFLA_INET_MAX, { [IFLA_INET_CONF]: reads("conf", numbers) });

/** AF_INET6 in IFLA_AF_SPEC: `conf` is indexed by DEVCONF_*. */
const inet6 = policy(IFLA_INET6_MAX, {
  [IFLA_INET6_FLAGS]: u32("flags"),
  [IFLA_INET6_CONF]: reads("conf", numbers),
  [IFLA_INET6_CACHEINFO]: reads("cacheinfo", (attribute) => attribute),
  [IFLA_INET6_TOKEN]: reads("token", (attribute) => ipv6ToText(attribute.copy())),
  [IFLA_INET6_ADDR_GEN_MODE]: u8("addrGenMode"),
  [IFLA_INET6_RA_MTU]: u32("raMtu"),
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
export const linkAttributes = policy(IFLA_MAX, {
  [IFLA_TARGET_NETNSID]: s32("targetNetnsid"),
  [IFLA_IFNAME]: string("ifname"),
  [IFLA_TXQLEN]: u32("txqlen"),
  [IFLA_OPERSTATE]: u8("operstate"),
  [IFLA_LINKMODE]: u8("linkmode"),
  [IFLA_NETNS_IMMUTABLE]: u8("netnsImmutable"),
  [IFLA_MTU]: u32("mtu"),
  [IFLA_MIN_MTU]: u32("minMtu"),
  [IFLA_MAX_MTU]: u32("maxMtu"),
  [IFLA_GROUP]: u32("group"),
  [IFLA_PROMISCUITY]: u32("promiscuity"),
  [IFLA_ALLMULTI]: u32("allmulti"),
  [IFLA_NUM_TX_QUEUES]: u32("numTxQueues"),
  [IFLA_NUM_RX_QUEUES]: u32("numRxQueues"),
  [IFLA_GSO_MAX_SEGS]: u32("gsoMaxSegs"),
  [IFLA_GSO_MAX_SIZE]: u32("gsoMaxSize"),
  [IFLA_GRO_MAX_SIZE]: u32("groMaxSize"),
  [IFLA_GSO_IPV4_MAX_SIZE]: u32("gsoIpv4MaxSize"),
  [IFLA_GRO_IPV4_MAX_SIZE]: u32("groIpv4MaxSize"),
  [IFLA_TSO_MAX_SIZE]: u32("tsoMaxSize"),
  [IFLA_TSO_MAX_SEGS]: u32("tsoMaxSegs"),
  [IFLA_MASTER]: u32("master"),
  [IFLA_CARRIER]: u8("carrier"),
  [IFLA_IFALIAS]: string("ifalias"),
  [IFLA_CARRIER_CHANGES]: u32("carrierChanges"),
  [IFLA_CARRIER_UP_COUNT]: u32("carrierUpCount"),
  [IFLA_CARRIER_DOWN_COUNT]: u32("carrierDownCount"),
  [IFLA_HEADROOM]: u16("headroom"),
  [IFLA_TAILROOM]: u16("tailroom"),
  [IFLA_PROTO_DOWN]: u8("protoDown"),
  [IFLA_PROTO_DOWN_REASON]: reads("protoDownReason", (attribute) => parseNested(attribute, protoDownReason)),
  [IFLA_EVENT]: u32("event"),
  [IFLA_ADDRESS]: reads("address", linkAddressText),
  [IFLA_BROADCAST]: reads("broadcast", linkAddressText),
  [IFLA_PERM_ADDRESS]: reads("permAddress", linkAddressText),
  [IFLA_PHYS_PORT_ID]: reads("physPortId", (attribute) => linkAddressText(attribute).replaceAll(":", "")),
  [IFLA_PHYS_PORT_NAME]: string("physPortName"),
  [IFLA_PHYS_SWITCH_ID]: reads("physSwitchId", (attribute) => linkAddressText(attribute).replaceAll(":", "")),
  [IFLA_STATS64]: reads("stats64", parseLinkStats),
  [IFLA_XDP]: nest("xdp"),
  [IFLA_LINKINFO]: reads("linkinfo", (attribute) => parseNested(attribute, linkInfo)),
  [IFLA_NEW_NETNSID]: s32("newNetnsid"),
  [IFLA_NEW_IFINDEX]: s32("newIfindex"),
  [IFLA_LINK_NETNSID]: s32("linkNetnsid"),
  [IFLA_LINK]: u32("link"),
  [IFLA_QDISC]: string("qdisc"),
  [IFLA_AF_SPEC]: reads("afSpecAttribute", (attribute) => attribute),
  [IFLA_PROTINFO]: reads("protinfo", (attribute) => attribute),
  [IFLA_PROP_LIST]: reads("altnames", (attribute) =>
    attribute
      .children()
      .filter(({ type }) => type === IFLA_ALT_IFNAME)
      .map((altname) => altname.text()),
  ),
  [IFLA_PARENT_DEV_NAME]: string("parentDevName"),
  [IFLA_PARENT_DEV_BUS_NAME]: string("parentDevBusName"),
});

/** Reads an array of s32. */
function numbers(attribute: Attribute): readonly number[] {
  return Array.from({ length: attribute.length >> 2 }, (_, i) =>
    getS32(attribute.bytes, attribute.start + 4 * i),
  );
}
