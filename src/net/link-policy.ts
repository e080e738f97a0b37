// What a request about a link may carry, and what it is called once decoded. Used for the request itself and for the
// peer's blob inside IFLA_INFO_DATA.
//
// Mirrors net/core/rtnetlink.c (ifla_policy, ifla_info_policy); names follow Documentation/netlink/specs/rt-link.yaml.

import type { Parsed } from "../netlink/policy.ts";
import { binary, nest, nulString, policy, reject, s32, string, u8, u32, unspec } from "../netlink/policy.ts";
import { ALTIFNAMSIZ, IFALIASZ, IFNAMSIZ } from "../uapi/if.ts";
import * as link from "../uapi/if_link.ts";

/** Largest hardware address (MAX_ADDR_LEN). */
const maxAddressLength = 32;
/** Size of `struct rtnl_link_ifmap`. */
const ifmapSize = 32;
/** The smallest size of a GSO frame: one byte more than the largest TCP header (MAX_TCP_HEADER + 1). */
const minGsoSize = 193;
const maxU32 = 0xffffffff;

/** ifla_policy */
export const linkPolicy = policy(
  link.IFLA_MAX,
  {
    [link.IFLA_ADDRESS]: binary("address", maxAddressLength),
    [link.IFLA_BROADCAST]: binary("broadcast", maxAddressLength),
    [link.IFLA_IFNAME]: string("ifname", IFNAMSIZ - 1),
    [link.IFLA_MTU]: u32("mtu"),
    [link.IFLA_LINK]: u32("link"),
    [link.IFLA_MASTER]: u32("master"),
    [link.IFLA_PROTINFO]: unspec("protinfo"),
    [link.IFLA_TXQLEN]: u32("txqlen"),
    [link.IFLA_MAP]: unspec("map", ifmapSize),
    [link.IFLA_WEIGHT]: u32("weight"),
    [link.IFLA_OPERSTATE]: u8("operstate"),
    [link.IFLA_LINKMODE]: u8("linkmode"),
    [link.IFLA_LINKINFO]: nest("linkinfo"),
    [link.IFLA_NET_NS_PID]: u32("netNsPid"),
    [link.IFLA_NET_NS_FD]: u32("netNsFd"),
    // A string, but an empty one must be let through: it removes the alias.
    [link.IFLA_IFALIAS]: binary("ifalias", IFALIASZ - 1),
    [link.IFLA_VFINFO_LIST]: nest("vfinfoList"),
    [link.IFLA_VF_PORTS]: nest("vfPorts"),
    [link.IFLA_PORT_SELF]: nest("portSelf"),
    [link.IFLA_AF_SPEC]: nest("afSpec"),
    [link.IFLA_EXT_MASK]: u32("extMask"),
    [link.IFLA_PROMISCUITY]: u32("promiscuity"),
    [link.IFLA_NUM_TX_QUEUES]: u32("numTxQueues"),
    [link.IFLA_NUM_RX_QUEUES]: u32("numRxQueues"),
    [link.IFLA_GSO_MAX_SEGS]: u32("gsoMaxSegs"),
    [link.IFLA_GSO_MAX_SIZE]: u32("gsoMaxSize", { range: [minGsoSize, maxU32] }),
    [link.IFLA_PHYS_PORT_ID]: binary("physPortId", maxAddressLength),
    [link.IFLA_CARRIER_CHANGES]: u32("carrierChanges"),
    [link.IFLA_PHYS_SWITCH_ID]: binary("physSwitchId", maxAddressLength),
    [link.IFLA_LINK_NETNSID]: s32("linkNetnsid"),
    [link.IFLA_PROTO_DOWN]: u8("protoDown"),
    [link.IFLA_XDP]: nest("xdp"),
    [link.IFLA_EVENT]: u32("event"),
    [link.IFLA_GROUP]: u32("group"),
    [link.IFLA_TARGET_NETNSID]: s32("targetNetnsid"),
    [link.IFLA_CARRIER]: u8("carrier"),
    [link.IFLA_CARRIER_UP_COUNT]: u32("carrierUpCount"),
    [link.IFLA_CARRIER_DOWN_COUNT]: u32("carrierDownCount"),
    [link.IFLA_NEW_IFINDEX]: s32("newIfindex", { range: [1, 0x7fffffff] }),
    [link.IFLA_MIN_MTU]: u32("minMtu"),
    [link.IFLA_MAX_MTU]: u32("maxMtu"),
    [link.IFLA_PROP_LIST]: nest("propList"),
    [link.IFLA_ALT_IFNAME]: string("altIfname", ALTIFNAMSIZ - 1),
    [link.IFLA_PERM_ADDRESS]: reject("permAddress"),
    [link.IFLA_PROTO_DOWN_REASON]: nest("protoDownReason"),
    [link.IFLA_PARENT_DEV_NAME]: nulString("parentDevName"),
    [link.IFLA_GRO_MAX_SIZE]: u32("groMaxSize"),
    [link.IFLA_TSO_MAX_SIZE]: reject("tsoMaxSize"),
    [link.IFLA_TSO_MAX_SEGS]: reject("tsoMaxSegs"),
    [link.IFLA_ALLMULTI]: reject("allmulti"),
    [link.IFLA_GSO_IPV4_MAX_SIZE]: u32("gsoIpv4MaxSize", { range: [minGsoSize, maxU32] }),
    [link.IFLA_GRO_IPV4_MAX_SIZE]: u32("groIpv4MaxSize"),
    [link.IFLA_NETNS_IMMUTABLE]: reject("netnsImmutable"),
    [link.IFLA_HEADROOM]: reject("headroom"),
    [link.IFLA_TAILROOM]: reject("tailroom"),
  },
  link.IFLA_DPLL_PIN,
);

/** The decoded attributes of a link request. */
export type LinkAttributes = Parsed<typeof linkPolicy>;

/** ifla_info_policy */
export const linkInfoPolicy = policy(link.IFLA_INFO_MAX, {
  [link.IFLA_INFO_KIND]: string("kind"),
  [link.IFLA_INFO_DATA]: nest("data"),
  [link.IFLA_INFO_SLAVE_KIND]: string("slaveKind"),
  [link.IFLA_INFO_SLAVE_DATA]: nest("slaveData"),
});

/** The decoded content of IFLA_LINKINFO. */
export type LinkInfo = Parsed<typeof linkInfoPolicy>;
