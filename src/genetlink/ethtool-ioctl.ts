// ioctl(2) with SIOCETHTOOL: what ethtool did before it had netlink, and what older programs still do.
//
//   argument   command u32, then what it takes  →  the same with the answer in it, perhaps longer, and a result
//
// Mirrors net/ethtool/ioctl.c (__dev_ethtool and the functions of its commands). Omitted: what no device here has, which is
// refused (EOPNOTSUPP).

import { getU32, setS32, setU16, setU32, setU64, setU64Number } from "../bytes/endian.ts";
import { encodeUtf8Into } from "../bytes/utf8.ts";
import { notify } from "../net/device.ts";
import * as feature from "../net/features.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import * as ethtool from "../uapi/ethtool.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";
import type { WantedChannels } from "./ethtool-channels.ts";
import { channelsOf, setChannels } from "./ethtool-channels.ts";
import { neverChange, wantFeatures } from "./ethtool-features.ts";
import { timestamping } from "./ethtool-info.ts";
import { linkOf, settingsOf } from "./ethtool-link.ts";
import { featureNames, linkModeNames, stringSets } from "./ethtool-strings.ts";

/** What a command gives back. */
export interface EthtoolAnswer {
  readonly result: number;
  /** What is written over the argument. */
  readonly bytes: Uint8Array;
}

/** What is told of a device that has other channels now. */
type OnChannels = (dev: Device) => void;

type Command = (dev: Device, argument: Uint8Array, onChannels: OnChannels) => Uint8Array | EthtoolAnswer;

/** Sets of names that the old interface knows; the others came with netlink. */
const oldSets: readonly number[] = [
  ethtool.ETH_SS_FEATURES,
  ethtool.ETH_SS_RSS_HASH_FUNCS,
  ethtool.ETH_SS_TUNABLES,
  ethtool.ETH_SS_PHY_TUNABLES,
  ethtool.ETH_SS_LINK_MODES,
];
/** Features in words of 32, and the words of each mask of link modes. */
const FEATURE_BLOCKS = Math.ceil(featureNames.length / 32);
const LINK_MODE_WORDS = Math.ceil(linkModeNames.length / 32);
const STATISTIC_BITS = 64;

const TX_CHECKSUMS = feature.NETIF_F_CSUM_MASK | feature.NETIF_F_SCTP_CRC;
const FRAGMENTS = feature.NETIF_F_SG | feature.NETIF_F_FRAGLIST;

/** Commands that everybody may give. */
const reads: ReadonlyMap<number, Command> = new Map<number, Command>([
  [ethtool.ETHTOOL_GSET, getSettings],
  [ethtool.ETHTOOL_GDRVINFO, getDriverInfo],
  [ethtool.ETHTOOL_GLINK, (dev) => value(ethtool.ETHTOOL_GLINK, hasLink(dev) ? 1 : 0)],
  [ethtool.ETHTOOL_GRXCSUM, getFeature(feature.NETIF_F_RXCSUM)],
  [ethtool.ETHTOOL_GTXCSUM, getFeature(TX_CHECKSUMS)],
  [ethtool.ETHTOOL_GSG, getFeature(FRAGMENTS)],
  [ethtool.ETHTOOL_GTSO, getFeature(feature.NETIF_F_ALL_TSO)],
  [ethtool.ETHTOOL_GGSO, getFeature(feature.NETIF_F_GSO)],
  [ethtool.ETHTOOL_GGRO, getFeature(feature.NETIF_F_GRO)],
  [ethtool.ETHTOOL_GFLAGS, (dev) => value(ethtool.ETHTOOL_GFLAGS, flagsOf(dev.features))],
  [ethtool.ETHTOOL_GSTRINGS, getStrings],
  [ethtool.ETHTOOL_GSTATS, getStatistics],
  [ethtool.ETHTOOL_GSSET_INFO, getSetSizes],
  [ethtool.ETHTOOL_GPERMADDR, getPermanentAddress],
  [ethtool.ETHTOOL_GFEATURES, getFeatures],
  [ethtool.ETHTOOL_GCHANNELS, getChannels],
  [ethtool.ETHTOOL_GET_TS_INFO, getTimestamping],
  [ethtool.ETHTOOL_GLINKSETTINGS, getLinkSettings],
]);

/** Commands that everybody may give, and that no device here answers. */
const vainReads: ReadonlySet<number> = new Set([
  ethtool.ETHTOOL_GMSGLVL,
  ethtool.ETHTOOL_GCOALESCE,
  ethtool.ETHTOOL_GRINGPARAM,
  ethtool.ETHTOOL_GPAUSEPARAM,
  ethtool.ETHTOOL_GPHYSTATS,
  ethtool.ETHTOOL_GUFO,
  ethtool.ETHTOOL_GPFLAGS,
  ethtool.ETHTOOL_GRXFH,
  ethtool.ETHTOOL_GRXRINGS,
  ethtool.ETHTOOL_GRXCLSRLCNT,
  ethtool.ETHTOOL_GRXCLSRULE,
  ethtool.ETHTOOL_GRXCLSRLALL,
  ethtool.ETHTOOL_GRXFHINDIR,
  ethtool.ETHTOOL_GRSSH,
  ethtool.ETHTOOL_GEEE,
  ethtool.ETHTOOL_GTUNABLE,
  ethtool.ETHTOOL_PHY_GTUNABLE,
  ethtool.ETHTOOL_GFECPARAM,
]);

/** Commands that change something. */
const changes: ReadonlyMap<number, Command> = new Map<number, Command>([
  [ethtool.ETHTOOL_SRXCSUM, setFeature(feature.NETIF_F_RXCSUM)],
  [ethtool.ETHTOOL_STXCSUM, setFeature(TX_CHECKSUMS)],
  [ethtool.ETHTOOL_SSG, setFeature(FRAGMENTS)],
  [ethtool.ETHTOOL_STSO, setFeature(feature.NETIF_F_ALL_TSO)],
  [ethtool.ETHTOOL_SGSO, setFeature(feature.NETIF_F_GSO)],
  [ethtool.ETHTOOL_SGRO, setFeature(feature.NETIF_F_GRO)],
  [ethtool.ETHTOOL_SFLAGS, setFlags],
  [ethtool.ETHTOOL_SFEATURES, setFeatures],
  [ethtool.ETHTOOL_SCHANNELS, changeChannels],
]);

/** Does what `argument` asks of `dev`; NetlinkError for a refusal, EPERM where `isAdmin` would be needed. */
export function ethtoolIoctl(
  dev: Device,
  argument: Uint8Array,
  isAdmin: boolean,
  onChannels: OnChannels,
): EthtoolAnswer {
  const cmd = wordAt(argument, 0);
  const command = reads.get(cmd) ?? changes.get(cmd);
  if (!isAdmin && !reads.has(cmd) && !vainReads.has(cmd)) throw new NetlinkError("EPERM");
  if (command === undefined) throw notSupported();
  const before = dev.features;
  const answer = command(dev, argument, onChannels);
  if (dev.features !== before) notify("feat-change", dev);
  return answer instanceof Uint8Array ? { result: 0, bytes: answer } : answer;
}

function getDriverInfo(dev: Device): Uint8Array {
  const info = dev.ops.ethtool?.driverInfo?.(dev);
  if (info === undefined && dev.linkOps === null) throw notSupported();
  const { driver, version, firmware, bus } = info ?? {
    driver: dev.linkOps?.kind ?? "",
    version: UVETH_VERSION,
  };
  const bytes = answerOf(ethtool.ETHTOOL_GDRVINFO, ethtool.ETHTOOL_DRVINFO_SIZE);
  encodeUtf8Into(driver, bytes, ethtool.ETHTOOL_DRVINFO_DRIVER);
  encodeUtf8Into(version, bytes, ethtool.ETHTOOL_DRVINFO_VERSION);
  encodeUtf8Into(firmware ?? "", bytes, ethtool.ETHTOOL_DRVINFO_FW_VERSION);
  encodeUtf8Into(bus ?? "", bytes, ethtool.ETHTOOL_DRVINFO_BUS_INFO);
  setU32(bytes, ethtool.ETHTOOL_DRVINFO_N_STATS, stringsOf(dev, ethtool.ETH_SS_STATS)?.length ?? 0);
  return bytes;
}

function hasLink(dev: Device): boolean {
  const link = linkOf(dev);
  if (link === undefined) throw notSupported();
  return link;
}

/** The names of a set, shared or the device's own; undefined for one that is not there (__ethtool_get_sset_count). */
function stringsOf(dev: Device, id: number): readonly string[] | undefined {
  if (oldSets.includes(id)) return stringSets.get(id);
  return id === ethtool.ETH_SS_STATS ? dev.ops.ethtool?.statisticNames?.(dev) : undefined;
}

/** struct ethtool_sset_info: which of the wanted sets there are, and the size of each. */
function getSetSizes(dev: Device, argument: Uint8Array): Uint8Array {
  const wanted = BigInt(wordAt(argument, 8)) | (BigInt(wordAt(argument, 12)) << 32n);
  const sizes: number[] = [];
  let found = 0n;
  for (let id = 0; id < STATISTIC_BITS; id++) {
    const names = (wanted >> BigInt(id)) % 2n === 1n ? stringsOf(dev, id) : undefined;
    if (names === undefined) continue;
    found |= 1n << BigInt(id);
    sizes.push(names.length);
  }
  const bytes = answerOf(ethtool.ETHTOOL_GSSET_INFO, 16 + sizes.length * 4);
  setU64(bytes, 8, found);
  for (const [index, size] of sizes.entries()) setU32(bytes, 16 + index * 4, size);
  return bytes;
}

/** struct ethtool_gstrings; nothing for a caller that expects another number of them. */
function getStrings(dev: Device, argument: Uint8Array): Uint8Array {
  const [id, expected] = [wordAt(argument, 4), wordAt(argument, 8)];
  const names = stringsOf(dev, id);
  if (names === undefined) throw notSupported();
  const told = expected === 0 || expected === names.length ? names : [];
  const bytes = answerOf(ethtool.ETHTOOL_GSTRINGS, 12 + told.length * ethtool.ETH_GSTRING_LEN);
  setU32(bytes, 4, id);
  setU32(bytes, 8, told.length);
  for (const [index, name] of told.entries())
    encodeUtf8Into(name, bytes, 12 + index * ethtool.ETH_GSTRING_LEN);
  return bytes;
}

/** struct ethtool_stats, as getStrings. */
function getStatistics(dev: Device, argument: Uint8Array): Uint8Array {
  const values = dev.ops.ethtool?.statistics?.(dev);
  if (values === undefined) throw notSupported();
  const expected = wordAt(argument, 4);
  const told = expected === 0 || expected === values.length ? values : [];
  const bytes = answerOf(ethtool.ETHTOOL_GSTATS, 8 + told.length * 8);
  setU32(bytes, 4, told.length);
  for (const [index, one] of told.entries()) setU64Number(bytes, 8 + index * 8, one);
  return bytes;
}

/** struct ethtool_perm_addr: no device here has one. */
function getPermanentAddress(dev: Device, argument: Uint8Array): Uint8Array {
  if (wordAt(argument, 4) < dev.addressLength) throw new NetlinkError("ETOOSMALL");
  const bytes = answerOf(ethtool.ETHTOOL_GPERMADDR, 8 + dev.addressLength);
  setU32(bytes, 4, dev.addressLength);
  return bytes;
}

/** struct ethtool_gfeatures: as many blocks as the caller has room for, and how many there are. */
function getFeatures(dev: Device, argument: Uint8Array): Uint8Array {
  const count = Math.min(wordAt(argument, 4), FEATURE_BLOCKS);
  const bytes = answerOf(ethtool.ETHTOOL_GFEATURES, 8 + count * 16);
  setU32(bytes, 4, FEATURE_BLOCKS);
  const columns = [dev.hwFeatures, dev.wantedFeatures, dev.features, neverChange];
  for (let block = 0; block < count; block++) {
    for (const [column, bits] of columns.entries()) {
      setU32(bytes, 8 + block * 16 + column * 4, Number((bits >> BigInt(block * 32)) & 0xffff_ffffn));
    }
  }
  return bytes;
}

/** struct ethtool_sfeatures. The result says what could not be had. */
function setFeatures(dev: Device, argument: Uint8Array): EthtoolAnswer {
  if (wordAt(argument, 4) !== FEATURE_BLOCKS) throw invalid();
  let [valid, requested] = [0n, 0n];
  for (let block = 0; block < FEATURE_BLOCKS; block++) {
    valid |= BigInt(wordAt(argument, 8 + block * 8)) << BigInt(block * 32);
    requested |= BigInt(wordAt(argument, 12 + block * 8)) << BigInt(block * 32);
  }
  if ((valid & neverChange) !== 0n) throw invalid();
  let result = (valid & ~dev.hwFeatures) === 0n ? 0 : ethtool.ETHTOOL_F_UNSUPPORTED;
  valid &= dev.hwFeatures;
  wantFeatures(dev, (dev.wantedFeatures & ~valid) | (requested & valid));
  if (((dev.wantedFeatures ^ dev.features) & valid) !== 0n) result |= ethtool.ETHTOOL_F_WISH;
  return { result, bytes: argument };
}

/** Whether any of some features is on (ethtool_get_one_feature). */
function getFeature(mask: bigint): Command {
  return (dev, argument) => value(wordAt(argument, 0), (dev.features & mask) === 0n ? 0 : 1);
}

/** Switches those of some features that can be switched (ethtool_set_one_feature). */
function setFeature(mask: bigint): Command {
  return (dev, argument) => {
    const switched = mask & dev.hwFeatures;
    if (switched === 0n) throw notSupported();
    const { wantedFeatures } = dev;
    wantFeatures(dev, wordAt(argument, 4) === 0 ? wantedFeatures & ~switched : wantedFeatures | switched);
    return argument;
  };
}

/** The features that ETHTOOL_GFLAGS tells, and their bits there; filters and receive hashing are none of ours. */
const flagFeatures: readonly (readonly [number, bigint])[] = [
  [ethtool.ETH_FLAG_LRO, feature.NETIF_F_LRO],
  [ethtool.ETH_FLAG_RXVLAN, feature.NETIF_F_HW_VLAN_CTAG_RX],
  [ethtool.ETH_FLAG_TXVLAN, feature.NETIF_F_HW_VLAN_CTAG_TX],
  [ethtool.ETH_FLAG_NTUPLE, feature.NETIF_F_NTUPLE],
  [ethtool.ETH_FLAG_RXHASH, feature.NETIF_F_RXHASH],
];

function flagsOf(features: bigint): number {
  let flags = 0;
  for (const [flag, bit] of flagFeatures) if ((features & bit) !== 0n) flags |= flag;
  return flags;
}

/** Switches all of them at once (__ethtool_set_flags). */
function setFlags(dev: Device, argument: Uint8Array): Uint8Array {
  let [rest, wanted, all] = [wordAt(argument, 4), 0n, 0n];
  for (const [flag, bit] of flagFeatures) {
    if ((rest & flag) !== 0) wanted |= bit;
    rest &= ~flag;
    all |= bit;
  }
  if (rest !== 0) throw invalid();
  const changed = (wanted ^ dev.features) & all;
  if ((changed & ~dev.hwFeatures) !== 0n) {
    throw (changed & dev.hwFeatures) === 0n ? notSupported() : invalid();
  }
  wantFeatures(dev, (dev.wantedFeatures & ~changed) | (wanted & changed));
  return argument;
}

/** struct ethtool_channels: the maxima, then the counts, at their places. */
const channelPlaces = [
  ["rx", ethtool.ETHTOOL_CHANNELS_MAX_RX, ethtool.ETHTOOL_CHANNELS_RX_COUNT],
  ["tx", ethtool.ETHTOOL_CHANNELS_MAX_TX, ethtool.ETHTOOL_CHANNELS_TX_COUNT],
  ["other", ethtool.ETHTOOL_CHANNELS_MAX_OTHER, ethtool.ETHTOOL_CHANNELS_OTHER_COUNT],
  ["combined", ethtool.ETHTOOL_CHANNELS_MAX_COMBINED, ethtool.ETHTOOL_CHANNELS_COMBINED_COUNT],
] as const;

function getChannels(dev: Device): Uint8Array {
  const channels = channelsOf(dev);
  const bytes = answerOf(ethtool.ETHTOOL_GCHANNELS, ethtool.ETHTOOL_CHANNELS_SIZE);
  for (const [sort, max, count] of channelPlaces) {
    setU32(bytes, max, channels[sort].max);
    setU32(bytes, count, channels[sort].count);
  }
  return bytes;
}

function changeChannels(dev: Device, argument: Uint8Array, onChannels: OnChannels): Uint8Array {
  const counts = channelPlaces.map(([sort, , count]) => [sort, wordAt(argument, count)] as const);
  const wanted: WantedChannels = Object.fromEntries(counts);
  setChannels(dev, wanted, onChannels);
  return argument;
}

/** struct ethtool_ts_info, without a clock of hardware. */
function getTimestamping(dev: Device): Uint8Array {
  const bytes = answerOf(ethtool.ETHTOOL_GET_TS_INFO, ethtool.ETHTOOL_TS_INFO_SIZE);
  setU32(bytes, ethtool.ETHTOOL_TS_INFO_SO_TIMESTAMPING, Number(timestamping(dev)));
  setS32(bytes, ethtool.ETHTOOL_TS_INFO_PHC_INDEX, -1);
  return bytes;
}

/** struct ethtool_cmd, as it was before there were more than 32 link modes. */
function getSettings(dev: Device): Uint8Array {
  const { speed, duplex, port, autoneg } = settingsOf(dev);
  const bytes = answerOf(ethtool.ETHTOOL_GSET, ethtool.ETHTOOL_CMD_SIZE);
  setU16(bytes, ethtool.ETHTOOL_CMD_SPEED, speed & 0xffff);
  setU16(bytes, ethtool.ETHTOOL_CMD_SPEED_HI, speed >>> 16);
  bytes[ethtool.ETHTOOL_CMD_DUPLEX] = duplex;
  bytes[ethtool.ETHTOOL_CMD_PORT] = port;
  bytes[ethtool.ETHTOOL_CMD_AUTONEG] = autoneg;
  return bytes;
}

/** struct ethtool_link_settings; a caller with masks of another size is told the size alone, below zero. */
function getLinkSettings(dev: Device, argument: Uint8Array): Uint8Array {
  const { speed, duplex, port, autoneg } = settingsOf(dev);
  const wordsAt = ethtool.ETHTOOL_LINK_SETTINGS_LINK_MODE_MASKS_NWORDS;
  const masks = 3 * LINK_MODE_WORDS * 4;
  if (argument[wordsAt] !== LINK_MODE_WORDS) {
    const bytes = answerOf(ethtool.ETHTOOL_GLINKSETTINGS, ethtool.ETHTOOL_LINK_SETTINGS_SIZE);
    bytes[wordsAt] = 256 - LINK_MODE_WORDS;
    return bytes;
  }
  const bytes = answerOf(ethtool.ETHTOOL_GLINKSETTINGS, ethtool.ETHTOOL_LINK_SETTINGS_SIZE + masks);
  setU32(bytes, ethtool.ETHTOOL_LINK_SETTINGS_SPEED, speed >>> 0);
  bytes[ethtool.ETHTOOL_LINK_SETTINGS_DUPLEX] = duplex;
  bytes[ethtool.ETHTOOL_LINK_SETTINGS_PORT] = port;
  bytes[ethtool.ETHTOOL_LINK_SETTINGS_AUTONEG] = autoneg;
  bytes[wordsAt] = LINK_MODE_WORDS;
  return bytes;
}

/** An answer of `size` bytes that begins with the command. */
function answerOf(cmd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  setU32(bytes, 0, cmd);
  return bytes;
}

/** struct ethtool_value. */
function value(cmd: number, data: number): Uint8Array {
  const bytes = answerOf(cmd, 8);
  setU32(bytes, 4, data);
  return bytes;
}

/** A word of the argument, 0 behind its end. */
function wordAt(argument: Uint8Array, at: number): number {
  return at + 4 <= argument.length ? getU32(argument, at) : 0;
}
