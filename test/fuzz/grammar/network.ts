// Requests about the network layer: RTM_*ADDR, RTM_*ROUTE, RTM_*NEIGH, RTM_*NSID, and types that nobody may answer.

import { setS32, setU16, setU32 } from "../../../src/bytes/endian.ts";
import * as ia from "../../../src/uapi/if_addr.ts";
import * as nd from "../../../src/uapi/neighbour.ts";
import * as ns from "../../../src/uapi/net_namespace.ts";
import * as nl from "../../../src/uapi/netlink.ts";
import * as rt from "../../../src/uapi/rtnetlink.ts";
import type { Attribute, RequestTree } from "../attribute.ts";
import { flaggedNest, leaf, nest, text, u8, u16, u32 } from "../attribute.ts";
import type { Dice } from "../dice.ts";
import type { World } from "./values.ts";
import { address, descriptor, deviceName, family, ifindex, mac } from "./values.ts";

const CREATE = nl.NLM_F_CREATE | nl.NLM_F_EXCL;

/** Flags of a new, a delete and a get request. */
function flagsOf(dice: Dice, type: number): number {
  const kind = (type - rt.RTM_BASE) & 3;
  if (kind === 0)
    return dice.of([
      CREATE,
      CREATE,
      nl.NLM_F_CREATE,
      nl.NLM_F_CREATE | nl.NLM_F_REPLACE,
      nl.NLM_F_REPLACE,
      0,
    ]);
  return kind === 2 && dice.once(2) ? nl.NLM_F_DUMP : 0;
}

function addr(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_NEWADDR, rt.RTM_NEWADDR, rt.RTM_DELADDR, rt.RTM_GETADDR]);
  const af = family(dice);
  const flags = flagsOf(dice, type);
  const header = new Uint8Array(ia.IFADDRMSG_SIZE);
  if (flags !== nl.NLM_F_DUMP || dice.once(8)) {
    header.set([
      af,
      dice.of([24, 32, 64, 128, 0, dice.below(256)]),
      dice.below(256),
      dice.of([0, 0, 253, 254, dice.below(256)]),
    ]);
    setU32(header, ia.IFADDRMSG_INDEX, ifindex(dice));
  } else header[0] = af;
  const local = address(dice, af);
  const attributes: Attribute[] =
    flags === nl.NLM_F_DUMP ? [] : [leaf(ia.IFA_LOCAL, local), leaf(ia.IFA_ADDRESS, local)];
  if (dice.once(4)) attributes.push(leaf(ia.IFA_BROADCAST, address(dice, af)));
  if (dice.once(4)) attributes.push(text(ia.IFA_LABEL, deviceName(dice)));
  if (dice.once(4))
    attributes.push(u32(ia.IFA_FLAGS, dice.of([ia.IFA_F_NODAD, ia.IFA_F_NOPREFIXROUTE, dice.number()])));
  if (dice.once(4)) attributes.push(cacheInfo(dice));
  if (dice.once(6)) attributes.push(u32(dice.of([ia.IFA_RT_PRIORITY, ia.IFA_TARGET_NETNSID]), dice.number()));
  if (dice.once(8)) attributes.push(u8(ia.IFA_PROTO, dice.below(256)));
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

/** struct ifa_cacheinfo */
function cacheInfo(dice: Dice): Attribute {
  const payload = new Uint8Array(ia.IFA_CACHEINFO_SIZE);
  setU32(payload, ia.IFA_CACHEINFO_PREFERED, dice.number());
  setU32(payload, ia.IFA_CACHEINFO_VALID, dice.number());
  return leaf(ia.IFA_CACHEINFO, payload);
}

function route(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_NEWROUTE, rt.RTM_NEWROUTE, rt.RTM_DELROUTE, rt.RTM_GETROUTE]);
  const af = family(dice);
  const flags = flagsOf(dice, type);
  const header = new Uint8Array(rt.RTMSG_SIZE);
  header[rt.RTMSG_FAMILY] = af;
  const attributes: Attribute[] = [];
  if (flags !== nl.NLM_F_DUMP) {
    const length = dice.of([0, 8, 24, 32, 64, 128, dice.below(256)]);
    header[rt.RTMSG_DST_LEN] = length;
    header[rt.RTMSG_TABLE] = dice.of([254, 254, 255, 253, 0, dice.below(256)]);
    header[rt.RTMSG_PROTOCOL] = dice.of([3, 4, 2, 0]);
    header[rt.RTMSG_SCOPE] = dice.of([0, 253, 254, 255]);
    header[rt.RTMSG_TYPE] = dice.of([1, 1, 1, 2, 6, 7, 8, dice.below(256)]);
    if (dice.once(6))
      setU32(header, rt.RTMSG_FLAGS, dice.of([rt.RTNH_F_ONLINK, rt.RTM_F_LOOKUP_TABLE, dice.number()]));
    if (length > 0 || dice.once(6)) attributes.push(leaf(rt.RTA_DST, address(dice, af)));
  }
  for (let more = dice.of([0, 1, 1, 2, 3]); more > 0; more--) attributes.push(routeAttribute(dice, af));
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

function routeAttribute(dice: Dice, af: number): Attribute {
  switch (dice.below(8)) {
    case 0:
    case 1:
      return u32(rt.RTA_OIF, ifindex(dice));
    case 2:
      return leaf(dice.of([rt.RTA_GATEWAY, rt.RTA_PREFSRC, rt.RTA_SRC]), address(dice, af));
    case 3:
      return u32(
        dice.of([rt.RTA_PRIORITY, rt.RTA_TABLE, rt.RTA_MARK, rt.RTA_IIF, rt.RTA_UID, rt.RTA_NH_ID]),
        dice.number(),
      );
    case 4:
      return nest(rt.RTA_METRICS, [u32(dice.below(20), dice.number()), u32(rt.RTAX_MTU, dice.number())]);
    case 5:
      return leaf(rt.RTA_VIA, Uint8Array.of(dice.of([2, 10]), 0, ...address(dice, dice.of([2, 10]))));
    case 6:
      return nest(rt.RTA_MULTIPATH, [], nextHops(dice, af));
    default:
      return u8(dice.of([rt.RTA_PREF, rt.RTA_TTL_PROPAGATE, rt.RTA_IP_PROTO]), dice.below(256));
  }
}

/** Some struct rtnexthop, each with a gateway. */
function nextHops(dice: Dice, af: number): Uint8Array {
  const parts: number[] = [];
  for (let count = dice.below(4); count > 0; count--) {
    const gateway = address(dice, af);
    const hop = new Uint8Array(8 + 4 + gateway.length + (-gateway.length & 3));
    setU16(hop, 0, dice.once(8) ? dice.number() & 0xffff : hop.length);
    hop[2] = dice.once(8) ? dice.below(256) : 0;
    hop[3] = dice.below(4);
    setS32(hop, 4, ifindex(dice) | 0);
    setU16(hop, 8, 4 + gateway.length);
    setU16(hop, 10, rt.RTA_GATEWAY);
    hop.set(gateway, 12);
    parts.push(...hop);
  }
  return Uint8Array.from(parts);
}

function neigh(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_NEWNEIGH, rt.RTM_NEWNEIGH, rt.RTM_DELNEIGH, rt.RTM_GETNEIGH]);
  const af = dice.once(6) ? 7 : family(dice);
  const flags = flagsOf(dice, type);
  const header = new Uint8Array(nd.NDMSG_SIZE);
  header[nd.NDMSG_FAMILY] = af;
  const attributes: Attribute[] = [];
  if (flags !== nl.NLM_F_DUMP || dice.once(4)) {
    setS32(header, nd.NDMSG_IFINDEX, ifindex(dice) | 0);
    setU16(
      header,
      nd.NDMSG_STATE,
      dice.of([nd.NUD_PERMANENT, nd.NUD_REACHABLE, nd.NUD_STALE, nd.NUD_NONE, 1 << dice.below(16)]),
    );
    header[nd.NDMSG_FLAGS] = dice.of([0, 0, nd.NTF_PROXY, nd.NTF_SELF, dice.below(256)]);
    attributes.push(leaf(nd.NDA_DST, address(dice, af)));
  }
  if (dice.once(2)) attributes.push(leaf(nd.NDA_LLADDR, mac(dice)));
  if (dice.once(6))
    attributes.push(
      u32(dice.of([nd.NDA_IFINDEX, nd.NDA_MASTER, nd.NDA_FLAGS_EXT, nd.NDA_PROBES]), dice.number()),
    );
  if (dice.once(12)) attributes.push(u16(nd.NDA_VLAN, dice.number()));
  return { name: `RTM ${type}`, type, flags, header, attributes };
}

function nsid(dice: Dice, world: World): RequestTree {
  const type = dice.of([rt.RTM_NEWNSID, rt.RTM_NEWNSID, rt.RTM_GETNSID, rt.RTM_DELNSID]);
  const attributes = [u32(ns.NETNSA_FD, descriptor(dice, world))];
  if (dice.once(2)) attributes.push(u32(ns.NETNSA_NSID, dice.of([0, 1, 2, 0xffffffff, dice.number()])));
  if (dice.once(5)) attributes.push(u32(dice.of([ns.NETNSA_PID, ns.NETNSA_TARGET_NSID]), dice.number()));
  return { name: `RTM ${type}`, type, flags: flagsOf(dice, type), header: new Uint8Array(4), attributes };
}

/** A message of any type, with a header of any size and attributes of any kind. */
function anything(dice: Dice): RequestTree {
  const type = dice.of([rt.RTM_BASE + dice.below(rt.RTM_MAX), dice.below(0x10000)]);
  const header = dice.bytes(dice.of([0, 1, 4, 8, 12, 16, 20]));
  const attributes = Array.from({ length: dice.below(4) }, () => anyAttribute(dice, 0));
  return {
    name: "anything",
    type,
    flags: dice.of([0, nl.NLM_F_DUMP, CREATE, dice.below(0x10000)]),
    header,
    attributes,
  };
}

function anyAttribute(dice: Dice, depth: number): Attribute {
  const type = dice.below(72);
  if (depth < 4 && dice.once(3))
    return flaggedNest(type, [anyAttribute(dice, depth + 1), anyAttribute(dice, depth + 1)]);
  return leaf(type, dice.bytes(dice.of([0, 1, 2, 4, 6, 8, 16, dice.below(40)])));
}

/** The requests of this file. */
export const networkRequests = [addr, addr, route, route, neigh, nsid, anything];
