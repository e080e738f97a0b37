// What ethtool asks for that no device here has: rings, coalescing, pause frames, wake-up, cables, PHYs and other hardware.
// Requests are read as on Linux, and then refused as a Linux device without the thing refuses them.
//
// Mirrors net/ethtool/{debug,wol,privflags,rings,coalesce,pause,eee,cabletest,tunnels,fec,eeprom,pse-pd,rss,plca,mm,phy,
// tsconfig,module}.c, as far as devices without the operation come. Omitted: what may be inside the nests of requests for receive hashing.

import type { Dump } from "../af_netlink/handler.ts";
import { invalid, missing, NetlinkError, notSupported } from "../netlink/error.ts";
import type { AttrPolicy, Policy, PolicyRules } from "../netlink/policy.ts";
import { binary, nest, nested, nulString, policy, u8, u32 } from "../netlink/policy.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import { change, header, phyHeader, question, statsHeader } from "./ethtool-request.ts";
import type { GenlOp, GenlRequest } from "./family.ts";

/** The attribute of the header, in every request of this file. */
const HEADER = 1;
/** The name of attributes that are not looked at. */
const ANY = "any";

type Headers = typeof header;

/** A question for what is not there. */
interface AbsentQuestion {
  readonly cmd: number;
  readonly header?: Headers;
  /** Attributes beside the header. */
  readonly rules?: PolicyRules;
  readonly flags?: number;
  /** Refuses a request in a way of its own. */
  check?(request: GenlRequest): void;
  /** The extended-ack text that comes with EOPNOTSUPP. */
  readonly text?: string;
  /** A dump is refused too, at its end. */
  readonly isToldInDumps?: boolean;
}

/** To change what is not there. */
interface AbsentChange extends AbsentQuestion {
  /** Refuses a request before its header is looked at. */
  checkFirst?(request: GenlRequest): void;
  /** A request that asks for nothing succeeds. */
  readonly isEmptyFine?: boolean;
}

/** ETHTOOL_A_COALESCE_*_PROFILE: moderations, each of three numbers. */
const profilesPolicy = policy(1, { [1]: nested("moderation", policy(3, each(1, 3, word()))) });

/** ETHTOOL_A_TSCONFIG_HWTSTAMP_PROVIDER: a clock, and what is stamped by it. */
const providerPolicy = policy(2, { [1]: word(), [2]: word(0, 1) });

const questions: readonly AbsentQuestion[] = [
  { cmd: ethtool.ETHTOOL_MSG_DEBUG_GET },
  { cmd: ethtool.ETHTOOL_MSG_WOL_GET, flags: GENL_UNS_ADMIN_PERM },
  { cmd: ethtool.ETHTOOL_MSG_PRIVFLAGS_GET },
  { cmd: ethtool.ETHTOOL_MSG_RINGS_GET },
  { cmd: ethtool.ETHTOOL_MSG_COALESCE_GET },
  { cmd: ethtool.ETHTOOL_MSG_PAUSE_GET, header: statsHeader, rules: { [6]: word(0, 2) } },
  { cmd: ethtool.ETHTOOL_MSG_EEE_GET },
  {
    cmd: ethtool.ETHTOOL_MSG_TUNNEL_INFO_GET,
    text: "device does not report tunnel offload info",
    isToldInDumps: true,
  },
  { cmd: ethtool.ETHTOOL_MSG_FEC_GET, header: statsHeader },
  {
    cmd: ethtool.ETHTOOL_MSG_MODULE_EEPROM_GET,
    flags: GENL_UNS_ADMIN_PERM,
    rules: {
      [2]: u32("offset", { range: [0, 255] }),
      [3]: u32("length", { range: [1, 128] }),
      [4]: u8("page"),
      [5]: u8("bank"),
      [6]: u8("i2cAddress", { range: [0, 127] }),
    },
    check({ attrs }) {
      for (const name of ["offset", "length", "page", "i2cAddress"]) if (!(name in attrs)) throw invalid();
    },
  },
  { cmd: ethtool.ETHTOOL_MSG_PSE_GET, header: phyHeader, text: "No PHY found" },
  { cmd: ethtool.ETHTOOL_MSG_RSS_GET, rules: { [2]: word(), [7]: word() } },
  { cmd: ethtool.ETHTOOL_MSG_PLCA_GET_CFG, header: phyHeader },
  { cmd: ethtool.ETHTOOL_MSG_PLCA_GET_STATUS, header: phyHeader },
  { cmd: ethtool.ETHTOOL_MSG_MM_GET, header: statsHeader },
  { cmd: ethtool.ETHTOOL_MSG_PHY_GET },
  { cmd: ethtool.ETHTOOL_MSG_TSCONFIG_GET },
];

const changes: readonly AbsentChange[] = [
  { cmd: ethtool.ETHTOOL_MSG_DEBUG_SET, rules: { [2]: nest(ANY) } },
  { cmd: ethtool.ETHTOOL_MSG_WOL_SET, rules: { [2]: nest(ANY), [3]: binary("password", 6) } },
  {
    cmd: ethtool.ETHTOOL_MSG_PRIVFLAGS_SET,
    rules: { [2]: nest("flags") },
    check({ attrs }) {
      if (!("flags" in attrs)) throw invalid();
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_RINGS_SET,
    rules: {
      ...each(6, 9, word()),
      [10]: word(1),
      [11]: byte(2),
      [12]: word(1),
      [13]: byte(1),
      [14]: byte(1),
      [15]: word(),
      [17]: word(),
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_COALESCE_SET,
    rules: {
      ...each(2, 23, word()),
      [11]: byte(),
      [12]: byte(),
      [24]: byte(1),
      [25]: byte(1),
      ...each(26, 28, word()),
      [29]: nested(ANY, profilesPolicy),
      [30]: nested(ANY, profilesPolicy),
    },
  },
  { cmd: ethtool.ETHTOOL_MSG_PAUSE_SET, rules: { [2]: byte(), [3]: byte(), [4]: byte() } },
  {
    cmd: ethtool.ETHTOOL_MSG_EEE_SET,
    rules: { [2]: nest(ANY), [5]: byte(), [6]: byte(), [7]: word() },
  },
  { cmd: ethtool.ETHTOOL_MSG_CABLE_TEST_ACT, header: phyHeader },
  { cmd: ethtool.ETHTOOL_MSG_CABLE_TEST_TDR_ACT, header: phyHeader, rules: { [2]: nest(ANY) } },
  {
    cmd: ethtool.ETHTOOL_MSG_FEC_SET,
    rules: { [2]: nest(ANY), [3]: byte(1) },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_PSE_SET,
    header: phyHeader,
    text: "No PHY is attached",
    rules: {
      [3]: word(2, 3),
      [6]: word(2, 3),
      [12]: word(),
      [16]: word(),
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_PLCA_SET_CFG,
    header: phyHeader,
    rules: {
      [3]: byte(1),
      [5]: word(1, 255),
      ...each(6, 9, word(0, 255)),
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_MM_SET,
    rules: {
      ...each(2, 3, byte(1)),
      [7]: byte(1),
      [5]: word(60, 252),
      [9]: word(1, 128),
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_MODULE_FW_FLASH_ACT,
    text: "Flashing module firmware is not supported by this device",
    rules: { [2]: nulString(ANY), [3]: word() },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_TSCONFIG_SET,
    rules: { [2]: nested(ANY, providerPolicy), ...each(3, 5, nest(ANY)) },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_RSS_SET,
    isEmptyFine: true,
    rules: { [2]: word(), [3]: word(1), [4]: binary(ANY), [5]: binary(ANY), [6]: word(0, 2), [8]: nest(ANY) },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_RSS_CREATE_ACT,
    rules: {
      [2]: word(1),
      [3]: word(1),
      [4]: binary(ANY),
      [5]: binary(ANY),
      [6]: word(0, 2),
    },
  },
  {
    cmd: ethtool.ETHTOOL_MSG_RSS_DELETE_ACT,
    rules: { [2]: u32("context", { range: [1, 0xffff_ffff] }) },
    checkFirst({ attrs }) {
      if (!("context" in attrs)) throw missing(2);
    },
  },
];

/** The commands of this file. */
export const absentOps: readonly GenlOp[] = [...questions.map(absentQuestion), ...changes.map(absentChange)];

function absentQuestion(asked: AbsentQuestion): GenlOp {
  const refuse = (): never => {
    throw new NetlinkError("EOPNOTSUPP", asked.text);
  };
  const op = question({
    cmd: asked.cmd,
    replyCmd: asked.cmd,
    policy: policyOf(asked),
    header: HEADER,
    flags: asked.flags ?? 0,
    check: (request) => asked.check?.(request),
    prepare: refuse,
  });
  // With a text of its own, a dump too says that there was nothing (ethnl_tunnel_info_dumpit).
  return asked.isToldInDumps === true ? { ...op, dump: () => refusing(notSupported()) } : op;
}

function absentChange(asked: AbsentChange): GenlOp {
  return change({
    cmd: asked.cmd,
    policy: policyOf(asked),
    header: HEADER,
    check: (request) => asked.checkFirst?.(request),
    apply(_dev, request) {
      asked.check?.(request);
      if (asked.isEmptyFine === true && !(ANY in request.attrs)) return;
      throw new NetlinkError("EOPNOTSUPP", asked.text);
    },
  });
}

// biome-ignore lint/correctness/useYield: a dump that ends before its first message.
function* refusing(error: NetlinkError): Dump {
  throw error;
}

function policyOf({ header: headerRule = header, rules = {} }: AbsentQuestion): Policy {
  const types = [HEADER, ...Object.keys(rules).map(Number)];
  return policy(Math.max(...types), { [HEADER]: headerRule, ...rules });
}

/** A number of 32 bits, at least `min`, and one of 8 bits up to `max`. */
function word(min = 0, max = 0xffff_ffff): AttrPolicy {
  return u32(ANY, { range: [min, max] });
}

function byte(max = 0xff): AttrPolicy {
  return u8(ANY, { range: [0, max] });
}

/** The same rule for all types from `first` to `last`. */
function each(first: number, last: number, rule: AttrPolicy): PolicyRules {
  return Object.fromEntries(Array.from({ length: last - first + 1 }, (_, index) => [first + index, rule]));
}
