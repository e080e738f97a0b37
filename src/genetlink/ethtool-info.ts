// What ethtool asks for that is the same of every device here: how frames are stamped, statistics of hardware (none are
// counted), clocks and modules (there are none).
//
// Mirrors net/ethtool/tsinfo.c, net/ethtool/stats.c, net/ethtool/phc_vclocks.c and net/ethtool/module.c, with their texts.

import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, refused } from "../netlink/error.ts";
import { nest, nested, policy, u8, u32 } from "../netlink/policy.ts";
import {
  ETH_SS_STATS_ETH_CTRL,
  ETH_SS_STATS_ETH_MAC,
  ETH_SS_STATS_ETH_PHY,
  ETH_SS_STATS_PHY,
  ETH_SS_STATS_RMON,
} from "../uapi/ethtool.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { parseBitset, writeBitset } from "./ethtool-bitset.ts";
import { change, header, question, statsHeader } from "./ethtool-request.ts";
import { statisticsGroupNames, timestampingNames } from "./ethtool-strings.ts";
import type { GenlOp, GenlRequest } from "./family.ts";

/** SOF_TIMESTAMPING_TX_SOFTWARE, _RX_SOFTWARE and _SOFTWARE. */
const TX_SOFTWARE = 1n << 1n;
const RX_SOFTWARE = 1n << 3n;
const SOFTWARE = 1n << 4n;

/** The sets of names of the groups of statistics, by ETHTOOL_STATS_*. */
const groupSets = [
  ETH_SS_STATS_ETH_PHY,
  ETH_SS_STATS_ETH_MAC,
  ETH_SS_STATS_ETH_CTRL,
  ETH_SS_STATS_RMON,
  ETH_SS_STATS_PHY,
] as const;
/** ETHTOOL_MAC_STATS_SRC_*: of all there is, not of one layer of the hardware; and the last of the layers. */
const AGGREGATE = 0;
const LAST_SOURCE = 2;
/** ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH and _AUTO. */
const powerPolicies = [1, 2] as const;
/** Attributes of ETHTOOL_MSG_TSINFO_GET and ETHTOOL_MSG_MODULE_SET that headers of Linux 6.1 lack. */
const TSINFO_PROVIDER = 7;
const MODULE_HEADER = 1;
const MODULE_POWER_POLICY = 2;

const providerPolicy = policy(2, { [1]: u32("index"), [2]: u32("qualifier", { range: [0, 1] }) });
const tsinfoPolicy = policy(TSINFO_PROVIDER, {
  [ethtool.ETHTOOL_A_TSINFO_HEADER]: statsHeader,
  [TSINFO_PROVIDER]: nested("provider", providerPolicy),
});
const statsPolicy = policy(ethtool.ETHTOOL_A_STATS_SRC, {
  [ethtool.ETHTOOL_A_STATS_HEADER]: header,
  [ethtool.ETHTOOL_A_STATS_GROUPS]: nest("groups"),
  [ethtool.ETHTOOL_A_STATS_SRC]: u32("source", { range: [0, LAST_SOURCE] }),
});
const vclocksPolicy = policy(ethtool.ETHTOOL_A_PHC_VCLOCKS_HEADER, {
  [ethtool.ETHTOOL_A_PHC_VCLOCKS_HEADER]: header,
});
const modulePolicy = policy(MODULE_HEADER, { [MODULE_HEADER]: header });
const setModulePolicy = policy(MODULE_POWER_POLICY, {
  [MODULE_HEADER]: header,
  [MODULE_POWER_POLICY]: u8("powerPolicy", { range: powerPolicies }),
});

/** The commands of this file. */
export const infoOps: readonly GenlOp[] = [
  question({
    cmd: ethtool.ETHTOOL_MSG_TSINFO_GET,
    replyCmd: ethtool.ETHTOOL_MSG_TSINFO_GET_REPLY,
    policy: tsinfoPolicy,
    header: ethtool.ETHTOOL_A_TSINFO_HEADER,
    prepare(dev, { isCompact }) {
      const value = timestamping(dev);
      const type = ethtool.ETHTOOL_A_TSINFO_TIMESTAMPING;
      return (writer) => writeBitset(writer, type, { value }, timestampingNames, isCompact);
    },
  }),
  question({
    cmd: ethtool.ETHTOOL_MSG_STATS_GET,
    replyCmd: ethtool.ETHTOOL_MSG_STATS_GET_REPLY,
    policy: statsPolicy,
    header: ethtool.ETHTOOL_A_STATS_HEADER,
    check: (request) => {
      readGroups(request);
    },
    prepare(_dev, _header, request) {
      const groups = readGroups(request);
      const { source = AGGREGATE } = request.attrs;
      if (source !== AGGREGATE) {
        throw new NetlinkError("EOPNOTSUPP", "ethtool_nl: Device does not support MAC merge layer");
      }
      return (writer) => {
        writer.u32(ethtool.ETHTOOL_A_STATS_SRC, source);
        for (const group of groups) {
          const nest = writer.nestFlagged(ethtool.ETHTOOL_A_STATS_GRP);
          writer.u32(ethtool.ETHTOOL_A_STATS_GRP_ID, group);
          writer.u32(ethtool.ETHTOOL_A_STATS_GRP_SS_ID, groupSets[group] ?? 0);
          writer.endNest(nest);
        }
      };
    },
  }),
  question({
    cmd: ethtool.ETHTOOL_MSG_PHC_VCLOCKS_GET,
    replyCmd: ethtool.ETHTOOL_MSG_PHC_VCLOCKS_GET_REPLY,
    policy: vclocksPolicy,
    header: ethtool.ETHTOOL_A_PHC_VCLOCKS_HEADER,
    prepare: () => () => {},
  }),
  question({
    cmd: ethtool.ETHTOOL_MSG_MODULE_GET,
    replyCmd: ethtool.ETHTOOL_MSG_MODULE_GET_REPLY,
    policy: modulePolicy,
    header: MODULE_HEADER,
    prepare: () => () => {},
  }),
  change({
    cmd: ethtool.ETHTOOL_MSG_MODULE_SET,
    policy: setModulePolicy,
    header: MODULE_HEADER,
    apply: (_dev, { attrs }) => {
      if (attrs.powerPolicy === undefined) return;
      const text = "Setting power mode policy is not supported by this device";
      throw refused("EOPNOTSUPP", text, attrs, "powerPolicy");
    },
  }),
];

/** How frames of a device are stamped, SOF_TIMESTAMPING_* (__ethtool_get_ts_info). */
export function timestamping(dev: Device | undefined): bigint {
  return (dev?.ops.ethtool?.stampsSent?.(dev) === true ? TX_SOFTWARE : 0n) | RX_SOFTWARE | SOFTWARE;
}

/** The groups asked for (stats_parse_request). */
function readGroups({ attrs }: GenlRequest<typeof statsPolicy>): readonly number[] {
  const { groups } = attrs;
  const { value, mask } =
    groups === undefined ? { value: 0n, mask: 0n } : parseBitset(groups, statisticsGroupNames);
  const chosen = [...groupSets.keys()].filter((group) => ((value & mask) >> BigInt(group)) % 2n === 1n);
  if (chosen.length === 0) throw invalid("no stats requested");
  return chosen;
}
