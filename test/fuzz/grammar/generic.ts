// Requests of generic netlink: the controller's, and those of the families ethtool and uveth.

import * as ethtool from "../../../src/uapi/ethtool_netlink.ts";
import * as genl from "../../../src/uapi/genetlink.ts";
import * as nl from "../../../src/uapi/netlink.ts";
import * as uveth from "../../../src/uapi/uveth.ts";
import type { Attribute, RequestTree } from "../attribute.ts";
import { flaggedNest, leaf, text, u8, u16, u32, u64 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import type { World } from "./values.ts";
import { address, descriptor, deviceName, netnsName } from "./values.ts";

function header(dice: Dice, cmd: number): Uint8Array {
  return Uint8Array.of(cmd, dice.of([1, 2, dice.below(256)]), dice.once(20) ? 1 : 0, 0);
}

function ctrl(dice: Dice): RequestTree {
  const cmd = dice.of([genl.CTRL_CMD_GETFAMILY, genl.CTRL_CMD_GETPOLICY, dice.below(14)]);
  const attributes: Attribute[] = [];
  if (!dice.once(3))
    attributes.push(text(genl.CTRL_ATTR_FAMILY_NAME, dice.of(["nlctrl", "uveth", "ethtool", "nosuch", ""])));
  if (dice.once(3)) attributes.push(u16(genl.CTRL_ATTR_FAMILY_ID, dice.of([16, 19, dice.number() & 0xffff])));
  if (dice.once(3)) attributes.push(u32(genl.CTRL_ATTR_OP, dice.number()));
  return {
    name: `nlctrl ${cmd}`,
    type: genl.GENL_ID_CTRL,
    flags: dumpOrNot(dice),
    header: header(dice, cmd),
    attributes,
  };
}

const dumpOrNot = (dice: Dice): number => (dice.once(3) ? nl.NLM_F_DUMP : 0);

/** The attributes each command takes, with values that mostly fit. */
const commands: Readonly<Record<number, (dice: Dice, world: World) => Attribute[]>> = {
  [uveth.UVETH_CMD_INFO]: () => [],
  [uveth.UVETH_CMD_NETNS_NEW]: (dice) => [text(uveth.UVETH_A_NETNS, netnsName(dice))],
  [uveth.UVETH_CMD_NETNS_DEL]: (dice) => [text(uveth.UVETH_A_NETNS, netnsName(dice))],
  [uveth.UVETH_CMD_NETNS_GET]: (dice) => maybe(dice, text(uveth.UVETH_A_NETNS, netnsName(dice))),
  [uveth.UVETH_CMD_NETNS_OPEN]: (dice) => maybe(dice, text(uveth.UVETH_A_NETNS, netnsName(dice))),
  [uveth.UVETH_CMD_NETNS_CLOSE]: (dice, world) => [u32(uveth.UVETH_A_NETNS_FD, descriptor(dice, world))],
  [uveth.UVETH_CMD_NETNS_ENTER]: (dice) => [text(uveth.UVETH_A_NETNS, netnsName(dice))],
  [uveth.UVETH_CMD_SYSCTL_GET]: (dice) => maybe(dice, text(uveth.UVETH_A_SYSCTL_NAME, sysctlName(dice))),
  [uveth.UVETH_CMD_SYSCTL_SET]: (dice) => [
    text(uveth.UVETH_A_SYSCTL_NAME, sysctlName(dice)),
    text(uveth.UVETH_A_SYSCTL_VALUE, dice.of(["0", "1", "-1", "x", "", "99999999999"])),
  ],
  [uveth.UVETH_CMD_PING]: ping,
  [uveth.UVETH_CMD_CAPTURE]: (dice) => [
    u32(uveth.UVETH_A_COUNT, dice.of([1, 2, 3, 0])),
    ...maybe(dice, text(uveth.UVETH_A_IFNAME, deviceName(dice))),
    ...maybe(dice, u32(uveth.UVETH_A_SNAPLEN, dice.number())),
  ],
};

function maybe(dice: Dice, attribute: Attribute): Attribute[] {
  return dice.once(2) ? [attribute] : [];
}

function sysctlName(dice: Dice): string {
  const scope = dice.of(["all", "default", "a", "lo", "nosuch"]);
  return dice.of([
    `net.ipv4.conf.${scope}.forwarding`,
    `net.ipv6.conf.${scope}.disable_ipv6`,
    "net.ipv4.ip_forward",
    "net",
    "..",
    "",
  ]);
}

function ping(dice: Dice): Attribute[] {
  const family = dice.of([2, 10]);
  const attributes = [
    leaf(uveth.UVETH_A_DESTINATION, address(dice, family)),
    u32(uveth.UVETH_A_COUNT, dice.of([1, 2, 3])),
    u64(uveth.UVETH_A_INTERVAL_NS, dice.of([1_000_000, 10_000_000, 0])),
    u64(uveth.UVETH_A_TIMEOUT_NS, dice.of([1_000_000, 0, 1_000_000_000])),
  ];
  if (dice.once(4)) attributes.push(leaf(uveth.UVETH_A_SOURCE, address(dice, family)));
  if (dice.once(4)) attributes.push(text(uveth.UVETH_A_IFNAME, deviceName(dice)));
  if (dice.once(4))
    attributes.push(u32(uveth.UVETH_A_SIZE, dice.of([0, 56, 1_472, 9_000, 65_507, dice.number()])));
  if (dice.once(6)) attributes.push(u8(dice.of([uveth.UVETH_A_TTL, uveth.UVETH_A_TOS]), dice.below(256)));
  return attributes;
}

function ours(dice: Dice, world: World): RequestTree {
  const type = world.families[2] ?? 0;
  const cmd = dice.once(16) ? dice.below(256) : 1 + dice.below(uveth.UVETH_CMD_MAX);
  const attributes = commands[cmd]?.(dice, world) ?? [];
  if (dice.once(8)) attributes.push(text(uveth.UVETH_A_NETNS, netnsName(dice)));
  if (dice.once(16)) attributes.push(flaggedNest(dice.below(60), [u32(1, 1)]));
  return { name: `uveth ${cmd}`, type, flags: dumpOrNot(dice), header: header(dice, cmd), attributes };
}

/** A request of ethtool: a header that mostly names a device, and nests, bit sets among them, whose insides mostly fit. */
function ethtoolRequest(dice: Dice, world: World): RequestTree {
  const cmd = dice.of([
    ethtool.ETHTOOL_MSG_FEATURES_SET,
    ethtool.ETHTOOL_MSG_CHANNELS_SET,
    ethtool.ETHTOOL_MSG_STRSET_GET,
    dice.below(54),
  ]);
  const name = text(ethtool.ETHTOOL_A_HEADER_DEV_NAME, deviceName(dice));
  const flags = maybe(dice, u32(ethtool.ETHTOOL_A_HEADER_FLAGS, dice.of([0, 1, 2, 4, dice.number()])));
  const attributes = dice.once(10) ? [] : [flaggedNest(dice.of([1, 1, 1, 2]), [name, ...flags])];
  if (!dice.once(4)) attributes.push(flaggedNest(dice.of([2, 3]), bitset(dice)));
  if (dice.once(2)) attributes.push(u32(dice.below(12), dice.of([0, 1, 2, 3, dice.number()])));
  const type = world.families[1] ?? 0;
  return { name: `ethtool ${cmd}`, type, flags: dumpOrNot(dice), header: header(dice, cmd), attributes };
}

function bitset(dice: Dice): Attribute[] {
  const words = (): Uint8Array => new Uint8Array(dice.of([8, 8, 4, 0, 16])).fill(dice.below(256));
  if (dice.once(2)) {
    const compact = [
      u32(ethtool.ETHTOOL_A_BITSET_SIZE, dice.of([64, 64, 32, 0, dice.number()])),
      leaf(ethtool.ETHTOOL_A_BITSET_VALUE, words()),
    ];
    return [...compact, ...maybe(dice, leaf(ethtool.ETHTOOL_A_BITSET_MASK, words()))];
  }
  const bit = flaggedNest(ethtool.ETHTOOL_A_BITSET_BITS_BIT, [
    ...maybe(dice, u32(ethtool.ETHTOOL_A_BITSET_BIT_INDEX, dice.of([0, 1, 14, 63, 64, dice.number()]))),
    ...maybe(dice, text(ethtool.ETHTOOL_A_BITSET_BIT_NAME, dice.of(["rx-gro", "loopback", "nosuch", ""]))),
    ...maybe(dice, leaf(ethtool.ETHTOOL_A_BITSET_BIT_VALUE, new Uint8Array(0))),
  ]);
  return [flaggedNest(dice.of([ethtool.ETHTOOL_A_BITSET_BITS, 1]), [bit, ...maybe(dice, bit)])];
}

/** The requests of this file. */
export const genericRequests = [ctrl, ethtoolRequest, ours, ours, ours];
