// `net.{ipv4,ipv6}.neigh.{default,DEV}.*`. The thresholds are the whole machine's.
//
// Mirrors net/core/neighbour.c (neigh_sysctl_table).

import type { NeighTable } from "./neigh/neighbour.ts";
import type { NeighParms } from "./neigh/parms.ts";
import * as parms from "./neigh/parms.ts";
import type { IpNetns } from "./netns.ts";
import { hasInet, hasInet6, in6Device, inDevice } from "./slots.ts";
import { parseNumber } from "./sysctl-value.ts";

/** What a frame takes of a queue that is measured in frames (SKB_TRUESIZE(ETH_FRAME_LEN)). */
const frameBytes = 2_090;

/** Name, value, and how many milliseconds or bytes its unit has; 0 for a plain number. */
const settings: readonly (readonly [name: string, index: number, unit: number])[] = [
  ["anycast_delay", parms.ANYCAST_DELAY_MS, 10],
  ["app_solicit", parms.APP_PROBES, 0],
  ["base_reachable_time", parms.BASE_REACHABLE_TIME_MS, 1_000],
  ["base_reachable_time_ms", parms.BASE_REACHABLE_TIME_MS, 1],
  ["delay_first_probe_time", parms.DELAY_PROBE_TIME_MS, 1_000],
  ["gc_stale_time", parms.GC_STALETIME_MS, 1_000],
  ["interval_probe_time_ms", parms.INTERVAL_PROBE_TIME_MS, 1],
  ["locktime", parms.LOCKTIME_MS, 10],
  ["mcast_resolicit", parms.MCAST_REPROBES, 0],
  ["mcast_solicit", parms.MCAST_PROBES, 0],
  ["proxy_delay", parms.PROXY_DELAY_MS, 10],
  ["proxy_qlen", parms.PROXY_QLEN, 0],
  ["retrans_time_ms", parms.RETRANS_TIME_MS, 1],
  ["ucast_solicit", parms.UCAST_PROBES, 0],
  ["unres_qlen", parms.QUEUE_LEN_BYTES, frameBytes],
  ["unres_qlen_bytes", parms.QUEUE_LEN_BYTES, 0],
];

/** Settings of a whole table, under `default` alone. */
const thresholds: readonly string[] = ["gc_thresh1", "gc_thresh2", "gc_thresh3"];
const intervalName = "gc_interval";

/** The names there are, as paths. */
export function listNeigh(ip: IpNetns): readonly (readonly string[])[] {
  const devices = [...ip.netns.devices.values()];
  const four = devices.filter(hasInet).map(({ name }) => name);
  const six = devices.filter(hasInet6).map(({ name }) => name);
  const of = (family: string, names: readonly string[]) => [
    ...["default", ...names].flatMap((who) => settings.map(([name]) => [family, "neigh", who, name])),
    ...[...thresholds, intervalName].map((name) => [family, "neigh", "default", name]),
  ];
  return [...of("ipv4", four), ...of("ipv6", six)];
}

/** Those that are not as in `fresh`, where a device has what is set for all that are new. */
export function changedNeigh(ip: IpNetns, fresh: IpNetns): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  for (const family of ["ipv4", "ipv6"] as const) {
    const usual = parmsOf(fresh, family, "default");
    const devices = [...ip.netns.devices.values()].map(({ name }) => name);
    for (const who of ["default", ...devices]) {
      const values = parmsOf(ip, family, who);
      if (values === undefined) continue;
      for (const [name, index] of settings) {
        if (values.get(index) !== usual?.get(index)) paths.push([family, "neigh", who, name]);
      }
    }
  }
  return paths;
}

/** The parameters a path is about; undefined when it is about none. */
function parmsOf(ip: IpNetns, family: string | undefined, name: string): NeighParms | undefined {
  if (name === "default") return family === "ipv4" ? ip.neigh4 : ip.neigh6;
  const dev = ip.netns.names.get(name);
  if (dev === undefined || dev.name !== name) return undefined;
  return (family === "ipv4" ? inDevice(dev) : in6Device(dev))?.parms;
}

function tableOf(ip: IpNetns, family: string | undefined): NeighTable {
  return family === "ipv4" ? ip.inet.arp : ip.inet.nd;
}

function isNeighPath([family, branch, , , ...rest]: readonly string[]): boolean {
  return (family === "ipv4" || family === "ipv6") && branch === "neigh" && rest.length === 0;
}

/** The value of a setting; undefined when there is no such name. */
export function readNeigh(ip: IpNetns, path: readonly string[]): string | undefined {
  const [family, , who = "", setting = ""] = path;
  if (!isNeighPath(path)) return undefined;
  const threshold = thresholds.indexOf(setting);
  if (who === "default" && threshold >= 0) return `${tableOf(ip, family).gcThresholds[threshold]}`;
  if (who === "default" && setting === intervalName) return `${tableOf(ip, family).gcIntervalS}`;
  const found = settings.find(([name]) => name === setting);
  const values = parmsOf(ip, family, who);
  if (found === undefined || values === undefined) return undefined;
  const [, index, unit] = found;
  return `${Math.trunc(values.get(index) / (unit || 1))}`;
}

/** Changes a setting; false when there is no such name. */
export function writeNeigh(ip: IpNetns, path: readonly string[], text: string): boolean {
  const [family, , who = "", setting = ""] = path;
  if (!isNeighPath(path)) return false;
  const threshold = thresholds.indexOf(setting);
  if (who === "default" && threshold >= 0) {
    tableOf(ip, family).gcThresholds[threshold] = parseNumber(text, 0);
    return true;
  }
  if (who === "default" && setting === intervalName) {
    tableOf(ip, family).gcIntervalS = parseNumber(text);
    return true;
  }
  const found = settings.find(([name]) => name === setting);
  const values = parmsOf(ip, family, who);
  if (found === undefined || values === undefined) return false;
  const [, index, unit] = found;
  values.set(index, parseNumber(text, 0) * (unit || 1));
  return true;
}
