// `net.ipv4.conf.{all,default,DEV}.*`.
//
// Mirrors net/ipv4/devinet.c (devinet_conf_proc, devinet_sysctl_forward, inet_forward_change).

import { NetlinkError } from "../netlink/error.ts";
import {
  IPV4_DEVCONF_ACCEPT_REDIRECTS,
  IPV4_DEVCONF_BC_FORWARDING,
  IPV4_DEVCONF_FORWARDING,
  IPV4_DEVCONF_MC_FORWARDING,
} from "../uapi/ip.ts";
import { AF_INET } from "../uapi/socket.ts";
import type { Whose } from "./inet.ts";
import { conf4Names } from "./ipv4/conf.ts";
import type { IpNetns } from "./netns.ts";
import { hasInet, inDevice } from "./slots.ts";
import { parseNumber } from "./sysctl-value.ts";

/** The names there are, as paths. */
export function listConf4(ip: IpNetns): readonly (readonly string[])[] {
  const devices = [...ip.netns.devices.values()].filter(hasInet).map(({ name }) => name);
  return ["all", "default", ...devices].flatMap((who) =>
    conf4Names.map(([name]) => ["ipv4", "conf", who, name]),
  );
}

/** Those that are not as in `fresh`, where a device has what is set for all that are new. */
export function changedConf4(ip: IpNetns, fresh: IpNetns): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  for (const who of ["all", "default", ...ip.netns.devices.values()] as const) {
    if (typeof who !== "string" && !hasInet(who)) continue;
    for (const [name, index] of conf4Names) {
      // Forwarding for all has set it for each when its turn comes.
      const usual =
        index === IPV4_DEVCONF_FORWARDING && who !== "all"
          ? currentOf(ip, "all", index)
          : currentOf(fresh, who === "all" ? "all" : "default", index);
      if (currentOf(ip, who, index) === usual) continue;
      paths.push(["ipv4", "conf", typeof who === "string" ? who : who.name, name]);
    }
  }
  return paths;
}

/** Whose setting a path names, and which; undefined when it names none. */
function find(
  ip: IpNetns,
  path: readonly string[],
): { readonly who: Whose; readonly index: number } | undefined {
  const [family, kind, name = "", setting, ...rest] = path;
  if (family !== "ipv4" || kind !== "conf" || rest.length > 0) return undefined;
  const index = conf4Names.find(([each]) => each === setting)?.[1];
  const who = name === "all" || name === "default" ? name : ip.netns.names.get(name);
  if (index === undefined || who === undefined || (typeof who !== "string" && who.name !== name))
    return undefined;
  return { who, index };
}

/** The value of a setting; undefined when there is no such name. */
export function readConf4(ip: IpNetns, path: readonly string[]): string | undefined {
  const found = find(ip, path);
  if (found === undefined) return undefined;
  const value = currentOf(ip, found.who, found.index);
  return value === undefined ? undefined : `${value}`;
}

function currentOf(ip: IpNetns, who: Whose, index: number): number | undefined {
  if (who === "all") return ip.all4[index] ?? 0;
  return who === "default" ? (ip.default4[index] ?? 0) : inDevice(who)?.conf.get(index);
}

/** Changes a setting; false when there is no such name. */
export function writeConf4(ip: IpNetns, path: readonly string[], text: string): boolean {
  const found = find(ip, path);
  if (found === undefined) return false;
  const { index, who } = found;
  if (index === IPV4_DEVCONF_MC_FORWARDING) throw new NetlinkError("EACCES");
  const value = parseNumber(text);
  if (who === "all" && index === IPV4_DEVCONF_FORWARDING) {
    changeForwarding4(ip, value);
    return true;
  }
  const old = currentOf(ip, who, index);
  if (who === "all") ip.all4[index] = value;
  else if (who === "default") ip.default4[index] = value;
  else inDevice(who)?.conf.set(index, value);
  // Of broadcasts that are forwarded nobody is told.
  if (value !== old && index !== IPV4_DEVCONF_BC_FORWARDING) tell(ip, who, index);
  return true;
}

function tell(ip: IpNetns, whose: Whose, index: number): void {
  ip.inet.announcer.netconfSetting(ip.netns, AF_INET, whose, index);
}

/** Makes the namespace a router, or a host (inet_forward_change): every device follows, there or to come. */
export function changeForwarding4(ip: IpNetns, value: number): void {
  if (ip.all4[IPV4_DEVCONF_FORWARDING] === value) return;
  ip.all4[IPV4_DEVCONF_FORWARDING] = value;
  ip.all4[IPV4_DEVCONF_ACCEPT_REDIRECTS] = value === 0 ? 1 : 0;
  ip.default4[IPV4_DEVCONF_FORWARDING] = value;
  for (const whose of ["all", "default"] as const) tell(ip, whose, IPV4_DEVCONF_FORWARDING);
  for (const dev of ip.netns.devices.values()) {
    const inDev = inDevice(dev);
    if (inDev === null) continue;
    inDev.conf.set(IPV4_DEVCONF_FORWARDING, value);
    tell(ip, dev, IPV4_DEVCONF_FORWARDING);
  }
}
