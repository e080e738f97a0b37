// ETHTOOL_MSG_FEATURES_*: what a device is spared, and to switch it.
//
// Mirrors net/ethtool/features.c, with its texts.

import { notify } from "../net/device.ts";
import { NETIF_F_VLAN_CHALLENGED, recomputeFeatures } from "../net/features.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import { nest, policy } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { parseBitset, writeBitset } from "./ethtool-bitset.ts";
import { change, header, question, writeHeader } from "./ethtool-request.ts";
import { featureNames } from "./ethtool-strings.ts";
import type { GenlOp } from "./family.ts";

const getPolicy = policy(ethtool.ETHTOOL_A_FEATURES_HEADER, {
  [ethtool.ETHTOOL_A_FEATURES_HEADER]: header,
});
const setPolicy = policy(ethtool.ETHTOOL_A_FEATURES_WANTED, {
  [ethtool.ETHTOOL_A_FEATURES_HEADER]: header,
  [ethtool.ETHTOOL_A_FEATURES_WANTED]: nest("wanted"),
});

/** What nobody may switch (NETIF_F_NEVER_CHANGE). */
export const neverChange = NETIF_F_VLAN_CHALLENGED;

const everyFeature = (1n << BigInt(featureNames.length)) - 1n;

/** The commands of this file. */
export const featureOps: readonly GenlOp[] = [
  question({
    cmd: ethtool.ETHTOOL_MSG_FEATURES_GET,
    replyCmd: ethtool.ETHTOOL_MSG_FEATURES_GET_REPLY,
    policy: getPolicy,
    header: ethtool.ETHTOOL_A_FEATURES_HEADER,
    prepare:
      (dev, { isCompact }) =>
      (writer) => {
        if (dev !== undefined) writeFeatures(writer, dev, isCompact);
      },
  }),
  change({
    cmd: ethtool.ETHTOOL_MSG_FEATURES_SET,
    policy: setPolicy,
    header: ethtool.ETHTOOL_A_FEATURES_HEADER,
    check: ({ attrs }) => {
      if (attrs.wanted === undefined) throw invalid();
    },
    apply(dev, request, { isCompact, omitsReply }) {
      const { wanted: given } = request.attrs;
      if (given === undefined) return;
      const { value, mask } = parseBitset(given, featureNames);
      if ((mask & neverChange) !== 0n) throw invalid("attempt to change non-ethtool features");
      const before = dev.features;
      const wanted = (value & mask) | (dev.wantedFeatures & ~mask);
      const isChanged = wanted !== dev.wantedFeatures && wantFeatures(dev, wanted);
      if (!omitsReply) {
        // What was wanted and is not so, and what has become different.
        const unmet = (wanted ^ dev.features) & mask;
        const changed = before ^ dev.features;
        request.reply(ethtool.ETHTOOL_MSG_FEATURES_SET_REPLY, (writer) => {
          const write = (type: number, bits: bigint, changedBits: bigint): void =>
            writeBitset(
              writer,
              type,
              { value: bits & changedBits, mask: changedBits },
              featureNames,
              isCompact,
            );
          writeHeader(writer, ethtool.ETHTOOL_A_FEATURES_HEADER, dev);
          write(ethtool.ETHTOOL_A_FEATURES_WANTED, wanted, unmet);
          write(ethtool.ETHTOOL_A_FEATURES_ACTIVE, dev.features, changed);
        });
      }
      if (isChanged) notify("feat-change", dev);
    },
  }),
];

/** Notes what the user wants, as far as it can be switched, and works out what follows; true when something does. */
export function wantFeatures(dev: Device, wanted: bigint): boolean {
  dev.wantedFeatures = (dev.wantedFeatures & ~dev.hwFeatures) | (wanted & dev.hwFeatures);
  return recomputeFeatures(dev);
}

/** Writes what there is to tell of features. */
export function writeFeatures(writer: MessageWriter, dev: Device, isCompact: boolean): void {
  const write = (type: number, value: bigint, mask?: bigint): void =>
    writeBitset(writer, type, mask === undefined ? { value } : { value, mask }, featureNames, isCompact);
  write(ethtool.ETHTOOL_A_FEATURES_HW, dev.hwFeatures, everyFeature);
  write(ethtool.ETHTOOL_A_FEATURES_WANTED, dev.wantedFeatures);
  write(ethtool.ETHTOOL_A_FEATURES_ACTIVE, dev.features);
  write(ethtool.ETHTOOL_A_FEATURES_NOCHANGE, neverChange);
}
