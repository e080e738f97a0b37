// Requests about links: RTM_*LINK, RTM_*LINKPROP, RTM_GETSTATS.

import { setS32, setU16, setU32 } from "../../../src/bytes/endian.ts";
import * as il from "../../../src/uapi/if_link.ts";
import * as nl from "../../../src/uapi/netlink.ts";
import * as rt from "../../../src/uapi/rtnetlink.ts";
import { VETH_INFO_PEER } from "../../../src/uapi/veth.ts";
import type { Attribute, RequestTree } from "../attribute.ts";
import { bare, flaggedNest, leaf, nest, text, u8, u16, u32, u64 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import { attributesBy } from "./policy.ts";
import type { World } from "./values.ts";
import { descriptor, deviceName, ifindex, kind, mac } from "./values.ts";

type Make = (dice: Dice, world: World) => Attribute;

const numbers = [
  il.IFLA_LINK,
  il.IFLA_MASTER,
  il.IFLA_TXQLEN,
  il.IFLA_GROUP,
  il.IFLA_NET_NS_PID,
  il.IFLA_EXT_MASK,
  il.IFLA_PROMISCUITY,
  il.IFLA_NUM_TX_QUEUES,
  il.IFLA_NUM_RX_QUEUES,
  il.IFLA_LINK_NETNSID,
  il.IFLA_TARGET_NETNSID,
  il.IFLA_GSO_MAX_SEGS,
  il.IFLA_GSO_MAX_SIZE,
  il.IFLA_GRO_MAX_SIZE,
  il.IFLA_GSO_IPV4_MAX_SIZE,
  il.IFLA_GRO_IPV4_MAX_SIZE,
  il.IFLA_TSO_MAX_SIZE,
  il.IFLA_NEW_IFINDEX,
  il.IFLA_EVENT,
] as const;

/** What a link request may carry beside its name and its kind. */
const menu: readonly Make[] = [
  (dice) => leaf(il.IFLA_ADDRESS, mac(dice)),
  (dice) => leaf(il.IFLA_BROADCAST, mac(dice)),
  (dice) => u32(il.IFLA_MTU, dice.of([68, 1_280, 1_500, 9_000, 65_535, dice.number()])),
  (dice) => u32(dice.of(numbers), dice.number()),
  (dice) =>
    u8(dice.of([il.IFLA_OPERSTATE, il.IFLA_LINKMODE, il.IFLA_CARRIER, il.IFLA_PROTO_DOWN]), dice.below(8)),
  (dice) => bare(il.IFLA_IFALIAS, "x".repeat(dice.of([0, 1, 255, 256]))),
  (dice) => text(il.IFLA_ALT_IFNAME, deviceName(dice)),
  (dice, world) => u32(il.IFLA_NET_NS_FD, descriptor(dice, world)),
  (dice) => afSpec(dice),
  (dice) => flaggedNest(il.IFLA_PROTO_DOWN_REASON, [u32(1, dice.number()), u32(2, dice.number())]),
  (dice) => leaf(il.IFLA_MAP, dice.bytes(dice.of([28, 27, 0]))),
  (dice) => u64(il.IFLA_MAX_PACING_OFFLOAD_HORIZON, dice.number()),
  (dice) =>
    nest(dice.of([il.IFLA_XDP, il.IFLA_VFINFO_LIST, il.IFLA_VF_PORTS, il.IFLA_PORT_SELF]), [
      u32(1, dice.number()),
    ]),
  (dice) =>
    leaf(dice.of([il.IFLA_PROTINFO, il.IFLA_QDISC, il.IFLA_PERM_ADDRESS]), dice.bytes(dice.below(10))),
];

/** IFLA_AF_SPEC with a part for a family. */
function afSpec(dice: Dice): Attribute {
  const inet = nest(2, [flaggedNest(1, [u32(dice.below(40), dice.number())])]);
  const inet6 = nest(10, [
    u8(il.IFLA_INET6_ADDR_GEN_MODE, dice.below(5)),
    leaf(il.IFLA_INET6_TOKEN, dice.bytes(16)),
  ]);
  return nest(il.IFLA_AF_SPEC, dice.of([[inet], [inet6], [inet, inet6], [nest(dice.below(30), [])]]));
}

function linkInfo(dice: Dice, world: World, depth: number): Attribute {
  const name = kind(dice, world);
  const children = [bare(il.IFLA_INFO_KIND, name)];
  if (name === "veth" && !dice.once(4)) {
    const peer = nest(VETH_INFO_PEER, linkAttributes(dice, world, depth + 1), linkHeader(dice, dice.once(4)));
    children.push(nest(il.IFLA_INFO_DATA, [peer]));
  } else if (dice.once(5))
    children.push(nest(il.IFLA_INFO_DATA, [u32(1, dice.number()), u16(2, dice.number())]));
  else {
    const policy = world.policies.get(name)?.data;
    if (policy !== undefined) children.push(nest(il.IFLA_INFO_DATA, attributesBy(dice, policy)));
  }
  if (dice.once(8)) {
    const slave = kind(dice, world);
    const policy = world.policies.get(slave)?.slave;
    children.push(bare(il.IFLA_INFO_SLAVE_KIND, slave));
    children.push(nest(il.IFLA_INFO_SLAVE_DATA, policy === undefined ? [] : attributesBy(dice, policy)));
  }
  return nest(il.IFLA_LINKINFO, children);
}

function linkAttributes(dice: Dice, world: World, depth: number): Attribute[] {
  const attributes: Attribute[] = [];
  if (!dice.once(4)) attributes.push(text(il.IFLA_IFNAME, deviceName(dice)));
  if (depth === 0 && !dice.once(3)) attributes.push(linkInfo(dice, world, depth));
  for (let more = dice.of([0, 0, 0, 1, 1, 2, 5]); more > 0; more--)
    attributes.push(dice.of(menu)(dice, world));
  return attributes;
}

/** struct ifinfomsg */
function linkHeader(dice: Dice, isNamed = true): Uint8Array {
  const header = new Uint8Array(rt.IFINFOMSG_SIZE);
  if (dice.once(12)) header[rt.IFINFOMSG_FAMILY] = dice.of([7, 10, 2, 255]);
  if (dice.once(20)) setU16(header, rt.IFINFOMSG_TYPE, dice.number() & 0xffff);
  if (isNamed && dice.once(3)) setS32(header, rt.IFINFOMSG_INDEX, ifindex(dice) | 0);
  if (dice.once(2)) {
    setU32(header, rt.IFINFOMSG_FLAGS, dice.of([1, 1, 0x1001, 0x100, dice.number()]));
    setU32(header, rt.IFINFOMSG_CHANGE, dice.of([1, 0, 0xffffffff]));
  }
  return header;
}

function newLink(dice: Dice, world: World): RequestTree {
  const isCreate = !dice.once(5);
  const flags = isCreate
    ? nl.NLM_F_CREATE | (dice.once(5) ? 0 : nl.NLM_F_EXCL)
    : dice.of([0, nl.NLM_F_REPLACE, nl.NLM_F_EXCL]);
  const header = linkHeader(dice, !isCreate || dice.once(6));
  return {
    name: "RTM_NEWLINK",
    type: rt.RTM_NEWLINK,
    flags,
    header,
    attributes: linkAttributes(dice, world, 0),
  };
}

function changeLink(dice: Dice, world: World): RequestTree {
  const type = dice.of([rt.RTM_SETLINK, rt.RTM_SETLINK, rt.RTM_DELLINK]);
  const attributes =
    type === rt.RTM_SETLINK ? linkAttributes(dice, world, 1) : [text(il.IFLA_IFNAME, deviceName(dice))];
  if (type === rt.RTM_DELLINK && dice.once(6)) attributes.push(u32(il.IFLA_GROUP, dice.below(3)));
  return { name: `RTM ${type}`, type, flags: 0, header: linkHeader(dice), attributes };
}

function getLink(dice: Dice, world: World): RequestTree {
  const isDump = dice.once(2);
  const attributes = isDump
    ? [u32(il.IFLA_EXT_MASK, dice.number())]
    : [text(il.IFLA_IFNAME, deviceName(dice))];
  if (dice.once(3)) attributes.push(u32(dice.of([il.IFLA_TARGET_NETNSID, il.IFLA_MASTER]), dice.below(4)));
  if (dice.once(4)) attributes.push(nest(il.IFLA_LINKINFO, [bare(il.IFLA_INFO_KIND, kind(dice, world))]));
  const header = isDump && !dice.once(6) ? new Uint8Array(rt.IFINFOMSG_SIZE) : linkHeader(dice);
  return { name: "RTM_GETLINK", type: rt.RTM_GETLINK, flags: isDump ? nl.NLM_F_DUMP : 0, header, attributes };
}

function changeProperties(dice: Dice): RequestTree {
  const names = Array.from({ length: dice.below(4) }, () => text(il.IFLA_ALT_IFNAME, deviceName(dice)));
  const attributes = [flaggedNest(il.IFLA_PROP_LIST, names)];
  if (dice.once(2)) attributes.unshift(text(il.IFLA_IFNAME, deviceName(dice)));
  const type = dice.of([rt.RTM_NEWLINKPROP, rt.RTM_DELLINKPROP]);
  return {
    name: `RTM ${type}`,
    type,
    flags: type === rt.RTM_NEWLINKPROP ? nl.NLM_F_CREATE | nl.NLM_F_EXCL : 0,
    header: linkHeader(dice),
    attributes,
  };
}

function getStats(dice: Dice): RequestTree {
  const header = new Uint8Array(il.IF_STATS_MSG_SIZE);
  setU32(header, 4, ifindex(dice));
  setU32(header, 8, dice.of([1, 0x1f, dice.number()]));
  const flags = dice.once(2) ? nl.NLM_F_DUMP : 0;
  return { name: "RTM_GETSTATS", type: rt.RTM_GETSTATS, flags, header, attributes: [] };
}

/** The requests of this file, some more likely than others. */
export const linkRequests = [
  newLink,
  newLink,
  newLink,
  changeLink,
  changeLink,
  getLink,
  changeProperties,
  getStats,
];
