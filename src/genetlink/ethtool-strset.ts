// ETHTOOL_MSG_STRSET_GET: names of what is counted by number, those that all devices share and those of one device.
//
// Mirrors net/ethtool/strset.c, with its texts. Omitted: names of self tests and private flags, which no device has.

import type { Device } from "../net/netdevice.ts";
import { invalid, missing, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { flag, nest, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  ETH_SS_COUNT,
  ETH_SS_NTUPLE_FILTERS,
  ETH_SS_PHY_STATS,
  ETH_SS_PRIV_FLAGS,
  ETH_SS_STATS,
  ETH_SS_TEST,
} from "../uapi/ethtool.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { phyHeader, question } from "./ethtool-request.ts";
import { stringSets } from "./ethtool-strings.ts";
import type { GenlOp, GenlRequest } from "./family.ts";

const strsetPolicy = policy(ethtool.ETHTOOL_A_STRSET_COUNTS_ONLY, {
  [ethtool.ETHTOOL_A_STRSET_HEADER]: phyHeader,
  [ethtool.ETHTOOL_A_STRSET_STRINGSETS]: nest("stringsets"),
  [ethtool.ETHTOOL_A_STRSET_COUNTS_ONLY]: flag("countsOnly"),
});
type StrsetRequest = GenlRequest<typeof strsetPolicy>;

const stringsetsPolicy = policy(ethtool.ETHTOOL_A_STRINGSETS_STRINGSET, {
  [ethtool.ETHTOOL_A_STRINGSETS_STRINGSET]: nest("stringset"),
});
const stringsetPolicy = policy(ethtool.ETHTOOL_A_STRINGSET_ID, {
  [ethtool.ETHTOOL_A_STRINGSET_ID]: u32("id"),
});

/** Sets that each device has of its own. */
const deviceSets: ReadonlySet<number> = new Set([
  ETH_SS_TEST,
  ETH_SS_STATS,
  ETH_SS_PRIV_FLAGS,
  ETH_SS_PHY_STATS,
]);

/** The command of this file. */
export const strsetOps: readonly GenlOp[] = [
  question({
    cmd: ethtool.ETHTOOL_MSG_STRSET_GET,
    replyCmd: ethtool.ETHTOOL_MSG_STRSET_GET_REPLY,
    policy: strsetPolicy,
    header: ethtool.ETHTOOL_A_STRSET_HEADER,
    isDevOptional: true,
    check: (request) => {
      readIds(request);
    },
    prepare(dev, _header, request) {
      const ids = readIds(request);
      if (dev === undefined && [...ids].some((id) => deviceSets.has(id))) {
        throw invalid("requested per device strings without dev");
      }
      const sets = chooseSets(dev, ids);
      // As on Linux, which reads the flag only when sets are named.
      const isCountOnly = request.attrs.stringsets !== undefined && request.attrs.countsOnly === true;
      return (writer) => writeSets(writer, sets, isCountOnly);
    },
  }),
];

/** The sets asked for (strset_parse_request). */
function readIds(request: StrsetRequest): ReadonlySet<number> {
  const ids = new Set<number>();
  const { stringsets } = request.attrs;
  if (stringsets === undefined) return ids;
  parseNested(stringsets, stringsetsPolicy, "strict");
  for (const child of stringsets.children()) {
    const set = parseNested(child, stringsetPolicy, "strict");
    if (set.id === undefined) throw missing(ethtool.ETHTOOL_A_STRINGSET_ID, child.offset);
    if (set.id >= ETH_SS_COUNT) {
      throw new NetlinkError("EOPNOTSUPP", "unknown string set id", { offset: child.offset });
    }
    ids.add(set.id);
  }
  return ids;
}

/** The sets that are told: those asked for, else all of the device, else all that devices share (strset_include). */
function chooseSets(
  dev: Device | undefined,
  ids: ReadonlySet<number>,
): readonly (readonly [number, readonly string[]])[] {
  const chosen: (readonly [number, readonly string[]])[] = [];
  for (let id = 0; id < ETH_SS_COUNT; id++) {
    const isWanted = ids.size > 0 ? ids.has(id) : deviceSets.has(id) === (dev !== undefined);
    if (!isWanted) continue;
    if (id === ETH_SS_NTUPLE_FILTERS && ids.size > 0) throw new NetlinkError("EOPNOTSUPP");
    const names = deviceSets.has(id) ? stringsOf(dev, id) : (stringSets.get(id) ?? []);
    if (names.length > 0) chosen.push([id, names]);
  }
  return chosen;
}

/** The names of a set of one device. */
function stringsOf(dev: Device | undefined, id: number): readonly string[] {
  if (dev === undefined || id !== ETH_SS_STATS) return [];
  return dev.ops.ethtool?.statisticNames?.(dev) ?? [];
}

function writeSets(
  writer: MessageWriter,
  sets: readonly (readonly [number, readonly string[]])[],
  isCountOnly: boolean,
): void {
  const all = writer.nestFlagged(ethtool.ETHTOOL_A_STRSET_STRINGSETS);
  for (const [id, names] of sets) {
    const set = writer.nestFlagged(ethtool.ETHTOOL_A_STRINGSETS_STRINGSET);
    writer.u32(ethtool.ETHTOOL_A_STRINGSET_ID, id);
    writer.u32(ethtool.ETHTOOL_A_STRINGSET_COUNT, names.length);
    if (!isCountOnly) writeStrings(writer, names);
    writer.endNest(set);
  }
  writer.endNest(all);
}

function writeStrings(writer: MessageWriter, names: readonly string[]): void {
  const strings = writer.nestFlagged(ethtool.ETHTOOL_A_STRINGSET_STRINGS);
  for (const [index, name] of names.entries()) {
    const string = writer.nestFlagged(ethtool.ETHTOOL_A_STRINGS_STRING);
    writer.u32(ethtool.ETHTOOL_A_STRING_INDEX, index);
    writer.string(ethtool.ETHTOOL_A_STRING_VALUE, name);
    writer.endNest(string);
  }
  writer.endNest(strings);
}
