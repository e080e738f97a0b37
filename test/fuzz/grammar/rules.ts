// Requests about policy rules and nexthop objects: RTM_*RULE, RTM_*NEXTHOP.

import { setU16, setU32 } from "../../../src/bytes/endian.ts";
import * as fr from "../../../src/uapi/fib_rules.ts";
import * as nl from "../../../src/uapi/netlink.ts";
import * as nh from "../../../src/uapi/nexthop.ts";
import * as rt from "../../../src/uapi/rtnetlink.ts";
import type { Attribute, RequestTree } from "../attribute.ts";
import { leaf, text, u8, u16, u32 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import { address, deviceName, family, ifindex } from "./values.ts";

/** struct fib_rule_hdr */
const ruleHeaderSize = 12;

function flagsOf(dice: Dice, type: number): number {
  const kind = (type - rt.RTM_BASE) & 3;
  if (kind === 0) return dice.of([nl.NLM_F_CREATE | nl.NLM_F_EXCL, nl.NLM_F_CREATE, nl.NLM_F_REPLACE, 0]);
  return kind === 2 && dice.once(2) ? nl.NLM_F_DUMP : 0;
}

function rule(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_NEWRULE, rt.RTM_NEWRULE, rt.RTM_DELRULE, rt.RTM_GETRULE]);
  const af = family(dice);
  const flags = flagsOf(dice, type);
  const header = new Uint8Array(ruleHeaderSize);
  header[0] = af;
  const attributes: Attribute[] = [];
  if (flags !== nl.NLM_F_DUMP) {
    header[1] = dice.of([0, 0, 24, 32, 64, dice.below(256)]);
    header[2] = dice.of([0, 0, 24, 32, dice.below(256)]);
    header[4] = dice.of([0, 254, 100, dice.below(256)]);
    header[7] = dice.of([1, 1, 2, 3, 6, 7, 8, dice.below(16)]);
    if (dice.once(6)) setU32(header, 8, dice.of([fr.FIB_RULE_INVERT, dice.number()]));
    if (header[1] !== 0) attributes.push(leaf(fr.FRA_DST, address(dice, af)));
    if (header[2] !== 0) attributes.push(leaf(fr.FRA_SRC, address(dice, af)));
    for (let more = dice.below(4); more > 0; more--) attributes.push(ruleAttribute(dice));
  }
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

function ruleAttribute(dice: Dice): Attribute {
  switch (dice.below(8)) {
    case 0:
      return text(dice.of([fr.FRA_IIFNAME, fr.FRA_OIFNAME]), deviceName(dice));
    case 1:
      return u32(fr.FRA_PRIORITY, dice.of([0, 1, 100, 32766, dice.number()]));
    case 2:
      return u32(fr.FRA_TABLE, dice.of([254, 255, 100, dice.number()]));
    case 3:
      return u32(
        dice.of([fr.FRA_FWMARK, fr.FRA_FWMASK, fr.FRA_GOTO, fr.FRA_SUPPRESS_PREFIXLEN]),
        dice.number(),
      );
    case 4: {
      const range = new Uint8Array(4);
      setU16(range, 0, dice.number() & 0xffff);
      setU16(range, 2, dice.number() & 0xffff);
      return leaf(dice.of([fr.FRA_SPORT_RANGE, fr.FRA_DPORT_RANGE]), range);
    }
    case 5:
      return leaf(fr.FRA_UID_RANGE, dice.bytes(fr.FIB_RULE_UID_RANGE_SIZE));
    case 6:
      return u8(dice.of([fr.FRA_IP_PROTO, fr.FRA_PROTOCOL, fr.FRA_L3MDEV, fr.FRA_DSCP]), dice.below(256));
    default:
      return u16(dice.of([fr.FRA_SPORT_MASK, fr.FRA_DPORT_MASK]), dice.number() & 0xffff);
  }
}

function nexthop(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_NEWNEXTHOP, rt.RTM_NEWNEXTHOP, rt.RTM_DELNEXTHOP, rt.RTM_GETNEXTHOP]);
  const af = family(dice);
  const flags = flagsOf(dice, type);
  const header = new Uint8Array(nh.NHMSG_SIZE);
  header[nh.NHMSG_FAMILY] = af;
  header[nh.NHMSG_PROTOCOL] = dice.of([0, 4, dice.below(256)]);
  const attributes: Attribute[] = [];
  if (!dice.once(4)) attributes.push(u32(nh.NHA_ID, dice.of([1, 2, 3, 4, dice.number()])));
  switch (dice.below(5)) {
    case 0:
      attributes.push(leaf(nh.NHA_BLACKHOLE, new Uint8Array(0)));
      break;
    case 1:
      attributes.push(leaf(nh.NHA_GROUP, group(dice)));
      break;
    case 2:
      attributes.push(u32(nh.NHA_OIF, ifindex(dice)));
      break;
    default:
      attributes.push(u32(nh.NHA_OIF, ifindex(dice)), leaf(nh.NHA_GATEWAY, address(dice, af)));
  }
  if (dice.once(8)) attributes.push(u16(nh.NHA_GROUP_TYPE, dice.below(3)));
  if (dice.once(8)) attributes.push(leaf(nh.NHA_FDB, new Uint8Array(0)));
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

/** Some struct nexthop_grp. */
function group(dice: Dice): Uint8Array {
  const count = dice.below(4);
  const members = new Uint8Array(count * nh.NEXTHOP_GRP_SIZE + (dice.once(10) ? 3 : 0));
  for (let index = 0; index < count; index++) {
    setU32(members, index * nh.NEXTHOP_GRP_SIZE, dice.of([1, 2, 3, 4, dice.number()]));
    members[index * nh.NEXTHOP_GRP_SIZE + nh.NEXTHOP_GRP_WEIGHT] = dice.of([0, 1, 255]);
  }
  return members;
}

/** The requests of this file. */
export const ruleRequests = [rule, nexthop];
