// Settings by the names that sysctl knows them by: `net.ipv4.ip_forward`, `net.ipv6.conf.v0.accept_dad`. Parts may be joined by
// dots, or by slashes where a device's name has dots, as sysctl(8) has it.
//
// Mirrors net/ipv4/devinet.c (devinet_sysctl_forward), net/ipv6/addrconf.c (addrconf_sysctl_*) and net/core/neighbour.c
// (neigh_sysctl_register) with their errno: ENOENT for a name there is not, EINVAL for a value that cannot be, EACCES for one that
// only tells. Omitted: what nothing here obeys.

import type { Netns, OuterStack } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IpNetns } from "./netns.ts";
import { ipNetns } from "./slots.ts";
import { changedConf4, listConf4, readConf4, writeConf4 } from "./sysctl-conf4.ts";
import { changedConf6, listConf6, readConf6, writeConf6 } from "./sysctl-conf6.ts";
import { changedNeigh, listNeigh, readNeigh, writeNeigh } from "./sysctl-neigh.ts";
import { changedTunables, listTunables, readTunable, writeTunable } from "./sysctl-tunables.ts";

/** Every name there is in a namespace, with dots, in alphabetical order. */
export function sysctlNames(netns: Netns): readonly string[] {
  const ip = ipNetns(netns);
  const paths = [...listTunables(), ...listConf4(ip), ...listConf6(ip), ...listNeigh(ip)];
  return paths.map((path) => joinName(path)).sort();
}

/** The value of a setting, as its file shows it: ENOENT for a name there is not, EIO for a secret that is not set. */
export function getSysctl(netns: Netns, name: string): string {
  const ip = ipNetns(netns);
  const path = splitName(name);
  if (netns.stack !== null) return netns.stack.getSysctl(path);
  const value = readTunable(ip, path) ?? readConf4(ip, path) ?? readConf6(ip, path) ?? readNeigh(ip, path);
  if (value === undefined) throw new NetlinkError("ENOENT");
  return value;
}

/** Changes a setting and all that follows from it: ENOENT for a name there is not, EINVAL for a value that cannot be. */
export function setSysctl(netns: Netns, name: string, value: string): void {
  const ip = ipNetns(netns);
  const path = splitName(name);
  const text = value.trim();
  if (netns.stack !== null) return netns.stack.setSysctl(path, text);
  const isKnown =
    writeTunable(ip, path, text) ||
    writeConf4(ip, path, text) ||
    writeConf6(ip, path, text) ||
    writeNeigh(ip, path, text);
  if (!isKnown) throw new NetlinkError("ENOENT");
}

/** Takes the settings that are not as in a new namespace along to another stack, in an order in which none undoes another. */
export function moveSysctls(ip: IpNetns, stack: OuterStack): void {
  const fresh = new IpNetns(ip.netns, ip.inet);
  const paths = [
    ...changedTunables(ip, fresh),
    ...changedConf4(ip, fresh),
    ...changedConf6(ip, fresh),
    ...changedNeigh(ip, fresh),
  ];
  for (const path of paths) {
    const [, , who, setting = ""] = path;
    const value = settingOf(ip, path);
    if (value === undefined || (who === "lo" && usualOfLoopback.has(setting))) continue;
    try {
      stack.setSysctl(path, value);
    } catch (error) {
      // What the other stack does not know it does not obey.
      if (!(error instanceof NetlinkError)) throw error;
    }
  }
}

/** What `lo` has of its own in a new namespace. */
const usualOfLoopback: ReadonlySet<string> = new Set([
  "disable_policy",
  "disable_xfrm",
  "accept_dad",
  "use_tempaddr",
]);

function settingOf(ip: IpNetns, path: readonly string[]): string | undefined {
  try {
    return readTunable(ip, path) ?? readConf4(ip, path) ?? readConf6(ip, path) ?? readNeigh(ip, path);
  } catch (error) {
    // A secret that is not set.
    if (!(error instanceof NetlinkError)) throw error;
    return undefined;
  }
}

/**
 * The parts of a name behind `net`. Whichever of dot and slash comes first separates; the other one then stands for itself, and a
 * slash between dots for a dot in a device's name.
 */
function splitName(name: string): readonly string[] {
  const first = /[./]/.exec(name)?.[0] ?? ".";
  const parts = name.split(first).map((part) => (first === "." ? part.replaceAll("/", ".") : part));
  if (parts[0] !== "net" || parts.length < 3) throw new NetlinkError("ENOENT");
  return parts.slice(1);
}

function joinName(path: readonly string[]): string {
  return ["net", ...path].map((part) => part.replaceAll(".", "/")).join(".");
}
