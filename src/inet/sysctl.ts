// Settings by the names that sysctl knows them by: `net.ipv4.ip_forward`, `net.ipv6.conf.v0.accept_dad`. Parts may be joined by
// dots, or by slashes where a device's name has dots, as sysctl(8) has it.
//
// Mirrors net/ipv4/devinet.c (devinet_sysctl_forward), net/ipv6/addrconf.c (addrconf_sysctl_*) and net/core/neighbour.c
// (neigh_sysctl_register) with their errno: ENOENT for a name there is not, EINVAL for a value that cannot be. Omitted: what
// nothing here obeys, TCP's and UDP's above all.

import type { Netns } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import { ipNetns } from "./slots.ts";
import { listConf4, readConf4, writeConf4 } from "./sysctl-conf4.ts";
import { listConf6, readConf6, writeConf6 } from "./sysctl-conf6.ts";
import { listNeigh, readNeigh, writeNeigh } from "./sysctl-neigh.ts";
import { listTunables, readTunable, writeTunable } from "./sysctl-tunables.ts";

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
  const value = readTunable(ip, path) ?? readConf4(ip, path) ?? readConf6(ip, path) ?? readNeigh(ip, path);
  if (value === undefined) throw new NetlinkError("ENOENT");
  return value;
}

/** Changes a setting and all that follows from it: ENOENT for a name there is not, EINVAL for a value that cannot be. */
export function setSysctl(netns: Netns, name: string, value: string): void {
  const ip = ipNetns(netns);
  const path = splitName(name);
  const text = value.trim();
  const isKnown =
    writeTunable(ip, path, text) ||
    writeConf4(ip, path, text) ||
    writeConf6(ip, path, text) ||
    writeNeigh(ip, path, text);
  if (!isKnown) throw new NetlinkError("ENOENT");
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
