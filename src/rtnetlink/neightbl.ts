// Neighbour tables as a whole: RTM_GETNEIGHTBL dumps what each is tuned by, for all and for every device, RTM_SETNEIGHTBL changes it.
//
// Mirrors net/core/neighbour.c (neightbl_fill_info, neightbl_fill_parms, neightbl_dump_info, neightbl_set) with its errno and texts.
// Omitted: counters of a table (NDTA_STATS), its hash and the size of its entries, which are 0.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setU16, setU32 } from "../bytes/endian.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import { In6Device } from "../inet/ipv6/device.ts";
import type { NeighTable } from "../inet/neigh/neighbour.ts";
import type { NeighParms } from "../inet/neigh/parms.ts";
import * as parms from "../inet/neigh/parms.ts";
import type { IpNetns } from "../inet/netns.ts";
import { hasInet, hasInet6, in6Device, inDevice, ipNetns } from "../inet/slots.ts";
import { wholeTicksMs } from "../net/jiffies.ts";
import type { Device } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { nest, policy, string, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as nd from "../uapi/neighbour.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWNEIGHTBL } from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";

const MS = 1_000_000;
/** What a frame takes of a queue that is measured in frames (SKB_TRUESIZE(ETH_FRAME_LEN)). */
const frameBytes = 2_090;
const s32Max = 0x7fff_ffff;

const tablePolicy = policy(nd.NDTA_MAX, {
  [nd.NDTA_NAME]: string("name"),
  [nd.NDTA_THRESH1]: u32("thresh1"),
  [nd.NDTA_THRESH2]: u32("thresh2"),
  [nd.NDTA_THRESH3]: u32("thresh3"),
  [nd.NDTA_GC_INTERVAL]: u64("gcInterval"),
  [nd.NDTA_PARMS]: nest("parms"),
});

const parmsPolicy = policy(nd.NDTPA_MAX, {
  [nd.NDTPA_IFINDEX]: u32("ifindex"),
  [nd.NDTPA_QUEUE_LEN]: u32("queueLen"),
  [nd.NDTPA_QUEUE_LENBYTES]: u32("queueLenbytes"),
  [nd.NDTPA_PROXY_QLEN]: u32("proxyQlen"),
  [nd.NDTPA_APP_PROBES]: u32("appProbes"),
  [nd.NDTPA_UCAST_PROBES]: u32("ucastProbes"),
  [nd.NDTPA_MCAST_PROBES]: u32("mcastProbes"),
  [nd.NDTPA_MCAST_REPROBES]: u32("mcastReprobes"),
  [nd.NDTPA_BASE_REACHABLE_TIME]: u64("baseReachableTime"),
  [nd.NDTPA_GC_STALETIME]: u64("gcStaletime"),
  [nd.NDTPA_DELAY_PROBE_TIME]: u64("delayProbeTime"),
  [nd.NDTPA_RETRANS_TIME]: u64("retransTime"),
  [nd.NDTPA_ANYCAST_DELAY]: u64("anycastDelay"),
  [nd.NDTPA_PROXY_DELAY]: u64("proxyDelay"),
  [nd.NDTPA_LOCKTIME]: u64("locktime"),
  [nd.NDTPA_INTERVAL_PROBE_TIME_MS]: u64("intervalProbeTime"),
});

/** What a device has of a table. */
interface DeviceTable {
  readonly parms: NeighParms;
  readonly neighbours: { readonly size: number };
}

/** One of the two tables. */
interface NamedTable {
  readonly name: string;
  readonly family: number;
  readonly keyLength: number;
  table(ip: IpNetns): NeighTable;
  /** What devices follow that were told nothing. */
  usual(ip: IpNetns): NeighParms;
  has(dev: Device): boolean;
  /** What a device keeps; undefined while it keeps nothing. */
  kept(dev: Device): DeviceTable | undefined;
  /** As `kept`, made if need be; null where the device has none. */
  make(dev: Device): DeviceTable | null;
}

const tables: readonly NamedTable[] = [
  {
    name: "arp_cache",
    family: AF_INET,
    keyLength: 4,
    table: (ip) => ip.inet.arp,
    usual: (ip) => ip.neigh4,
    has: hasInet,
    kept: ({ ip }) => (ip instanceof InDevice ? ip : undefined),
    make: inDevice,
  },
  {
    name: "ndisc_cache",
    family: AF_INET6,
    keyLength: 16,
    table: (ip) => ip.inet.nd,
    usual: (ip) => ip.neigh6,
    has: hasInet6,
    kept: ({ ip6 }) => (ip6 instanceof In6Device ? ip6 : undefined),
    make: in6Device,
  },
];

/** Dumps the tables, and behind each what its devices have. */
export function* dumpNeighTables(request: Request, control: DumpControl): Dump {
  checkDump(request);
  const { message, netns, origin } = request;
  const family = message.bytes[NLMSG_HDRLEN] ?? AF_UNSPEC;
  const ip = ipNetns(netns);
  const nowNs = netns.machine.clock.now();
  for (const each of tables) {
    if (family !== AF_UNSPEC && family !== each.family) continue;
    const begin = (): MessageWriter => {
      control.writer.begin(RTM_NEWNEIGHTBL, NLM_F_MULTI, origin.seq, origin.portId);
      const at = control.writer.reserve(nd.NDTMSG_SIZE);
      control.writer.bytes[at + nd.NDTMSG_FAMILY] = each.family;
      return control.writer.string(nd.NDTA_NAME, each.name);
    };
    fillTable(begin(), ip, each, nowNs);
    control.writer.end();
    yield;
    // The newest first.
    for (const dev of [...netns.devices.values()].reverse()) {
      if (!each.has(dev)) continue;
      const kept = each.kept(dev);
      fillParms(begin(), kept?.parms ?? each.usual(ip), 1 + (kept?.neighbours.size ?? 0), nowNs, dev);
      control.writer.end();
      yield;
    }
  }
}

/** Strictly checked dumps say a family and nothing else (neightbl_valid_dump_info). */
function checkDump({ message, sender }: Request): void {
  if (!sender.isStrict) return;
  const { bytes } = message;
  const refused = (what: string) => invalid(`Invalid ${what} neighbor table dump request`);
  if (bytes.length < NLMSG_HDRLEN + nd.NDTMSG_SIZE) throw refused("header for");
  const header = bytes.subarray(NLMSG_HDRLEN + nd.NDTMSG_PAD1, NLMSG_HDRLEN + nd.NDTMSG_SIZE);
  if (header.some((byte) => byte !== 0)) throw refused("values in header for");
  if (bytes.length > NLMSG_HDRLEN + nd.NDTMSG_SIZE) throw refused("data after header in");
}

function fillTable(writer: MessageWriter, ip: IpNetns, each: NamedTable, nowNs: number): void {
  const table = each.table(ip);
  const [thresh1, thresh2, thresh3] = table.gcThresholds;
  writer.u64(nd.NDTA_GC_INTERVAL, table.gcIntervalS * 1_000);
  writer.u32(nd.NDTA_THRESH1, thresh1).u32(nd.NDTA_THRESH2, thresh2).u32(nd.NDTA_THRESH3, thresh3);
  const at = writer.attribute(nd.NDTA_CONFIG, nd.NDT_CONFIG_SIZE);
  const sinceFlushMs = Math.floor((nowNs - table.lastFlushNs) / MS);
  setU16(writer.bytes, at + nd.NDT_CONFIG_KEY_LEN, each.keyLength);
  setU32(writer.bytes, at + nd.NDT_CONFIG_ENTRIES, table.entries.size);
  setU32(writer.bytes, at + nd.NDT_CONFIG_LAST_FLUSH, sinceFlushMs >>> 0);
  writer.attribute(nd.NDTA_STATS, nd.NDT_STATS_SIZE);
  fillParms(writer, each.usual(ip), 1, nowNs);
}

function fillParms(
  writer: MessageWriter,
  values: NeighParms,
  references: number,
  nowNs: number,
  dev?: Device,
): void {
  const inner = writer.nest(nd.NDTA_PARMS);
  const number = (type: number, index: number) => writer.u32(type, values.get(index));
  const time = (type: number, index: number) => writer.u64(type, values.get(index));
  if (dev !== undefined) writer.u32(nd.NDTPA_IFINDEX, dev.ifindex);
  writer.u32(nd.NDTPA_REFCNT, references);
  number(nd.NDTPA_QUEUE_LENBYTES, parms.QUEUE_LEN_BYTES);
  writer.u32(nd.NDTPA_QUEUE_LEN, Math.trunc(values.get(parms.QUEUE_LEN_BYTES) / frameBytes));
  number(nd.NDTPA_PROXY_QLEN, parms.PROXY_QLEN);
  number(nd.NDTPA_APP_PROBES, parms.APP_PROBES);
  number(nd.NDTPA_UCAST_PROBES, parms.UCAST_PROBES);
  number(nd.NDTPA_MCAST_PROBES, parms.MCAST_PROBES);
  number(nd.NDTPA_MCAST_REPROBES, parms.MCAST_REPROBES);
  writer.u64(nd.NDTPA_REACHABLE_TIME, Math.floor(values.reachableTimeNs(nowNs) / MS));
  time(nd.NDTPA_BASE_REACHABLE_TIME, parms.BASE_REACHABLE_TIME_MS);
  time(nd.NDTPA_GC_STALETIME, parms.GC_STALETIME_MS);
  time(nd.NDTPA_DELAY_PROBE_TIME, parms.DELAY_PROBE_TIME_MS);
  time(nd.NDTPA_RETRANS_TIME, parms.RETRANS_TIME_MS);
  time(nd.NDTPA_ANYCAST_DELAY, parms.ANYCAST_DELAY_MS);
  time(nd.NDTPA_PROXY_DELAY, parms.PROXY_DELAY_MS);
  time(nd.NDTPA_LOCKTIME, parms.LOCKTIME_MS);
  time(nd.NDTPA_INTERVAL_PROBE_TIME_MS, parms.INTERVAL_PROBE_TIME_MS);
  writer.endNest(inner);
}

/** Answers RTM_SETNEIGHTBL. Only the initial namespace changes what belongs to no device. */
export function setNeighTable(request: Request): void {
  const { message, netns } = request;
  const attrs = parseMessage(message, nd.NDTMSG_SIZE, tablePolicy);
  if (attrs.name === undefined) throw invalid();
  const family = message.bytes[NLMSG_HDRLEN] ?? AF_UNSPEC;
  const found = tables.find(
    (each) => (family === AF_UNSPEC || family === each.family) && each.name === attrs.name,
  );
  if (found === undefined) throw new NetlinkError("ENOENT");
  const ip = ipNetns(netns);
  const isInitial = netns === netns.machine.initialNetns;
  if (attrs.parms !== undefined) setParms(ip, found, attrs.parms, isInitial);
  const { gcInterval, thresh1, thresh2, thresh3 } = attrs;
  const isOfAll = [gcInterval, thresh1, thresh2, thresh3].some((value) => value !== undefined);
  if (!isOfAll) return;
  if (!isInitial) throw new NetlinkError("ENOENT");
  const table = found.table(ip);
  const [first, second, third] = table.gcThresholds;
  table.gcThresholds = [thresh1 ?? first, thresh2 ?? second, thresh3 ?? third];
  if (gcInterval !== undefined) table.gcIntervalS = Number(gcInterval / 1_000n);
}

function setParms(ip: IpNetns, found: NamedTable, nested: Attribute, isInitial: boolean): void {
  const attrs = parseNested(nested, parmsPolicy);
  const { ifindex = 0 } = attrs;
  const dev = ip.netns.devices.get(ifindex);
  const own = dev === undefined ? undefined : found.make(dev)?.parms;
  const values = ifindex === 0 && isInitial ? found.usual(ip) : own;
  if (values === undefined) throw new NetlinkError("ENOENT");
  for (const [index, value] of numbersOf(attrs)) if (value !== undefined) values.set(index, value | 0);
  for (const [index, value] of timesOf(attrs)) if (value !== undefined) values.set(index, timeOf(value));
}

/** Milliseconds as they are kept: of 32 bits, in whole ticks. */
function timeOf(value: bigint): number {
  return Math.min(wholeTicksMs(Number(BigInt.asUintN(32, value))), s32Max);
}

function numbersOf(
  attrs: Parsed<typeof parmsPolicy>,
): readonly (readonly [index: number, value: number | undefined])[] {
  const queue = attrs.queueLen === undefined ? undefined : attrs.queueLen * frameBytes;
  return [
    [parms.QUEUE_LEN_BYTES, queue],
    [parms.PROXY_QLEN, attrs.proxyQlen],
    [parms.APP_PROBES, attrs.appProbes],
    [parms.UCAST_PROBES, attrs.ucastProbes],
    [parms.MCAST_PROBES, attrs.mcastProbes],
    [parms.QUEUE_LEN_BYTES, attrs.queueLenbytes],
    [parms.MCAST_REPROBES, attrs.mcastReprobes],
  ];
}

function timesOf(
  attrs: Parsed<typeof parmsPolicy>,
): readonly (readonly [index: number, value: bigint | undefined])[] {
  return [
    [parms.BASE_REACHABLE_TIME_MS, attrs.baseReachableTime],
    [parms.GC_STALETIME_MS, attrs.gcStaletime],
    [parms.DELAY_PROBE_TIME_MS, attrs.delayProbeTime],
    [parms.RETRANS_TIME_MS, attrs.retransTime],
    [parms.ANYCAST_DELAY_MS, attrs.anycastDelay],
    [parms.PROXY_DELAY_MS, attrs.proxyDelay],
    [parms.LOCKTIME_MS, attrs.locktime],
    [parms.INTERVAL_PROBE_TIME_MS, attrs.intervalProbeTime],
  ];
}
