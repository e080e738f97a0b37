// `net.ipv6.conf.{all,default,DEV}.*`.
//
// Mirrors net/ipv6/addrconf.c (addrconf_sysctl_forward, addrconf_sysctl_disable, addrconf_sysctl_mtu,
// addrconf_sysctl_addr_gen_mode, addrconf_sysctl_stable_secret, dev_forward_change).

import { ipv6FromText, ipv6ToText } from "../bytes/ipv6.ts";
import type { Device } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IN6_ADDR_GEN_MODE_RANDOM, IN6_ADDR_GEN_MODE_STABLE_PRIVACY } from "../uapi/if_link.ts";
import * as conf from "../uapi/ipv6.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import type { Conf6Kind } from "./ipv6/conf.ts";
import { conf6Names } from "./ipv6/conf.ts";
import { MIN_MTU6 } from "./ipv6/device.ts";
import {
  changeDefault6,
  changeDisabled6,
  changeForwarding6,
  changeGenMode6,
  changeLinkdown6,
} from "./ipv6/reconfigure.ts";
import type { IpNetns } from "./netns.ts";
import { hasInet6, in6Device } from "./slots.ts";
import { parseNumber } from "./sysctl-value.ts";

const secretName = "stable_secret";
const secretIndex = -1;
const maxU32 = 0xffff_ffff;
const msPerS = 1_000;
const maxHopLimit = 255;

interface Found {
  readonly who: "all" | "default" | Device;
  /** DEVCONF_*, or the secret. */
  readonly index: number;
  readonly kind: Conf6Kind;
}

/** The names there are, as paths. */
export function listConf6(ip: IpNetns): readonly (readonly string[])[] {
  const devices = [...ip.netns.devices.values()].filter(hasInet6).map(({ name }) => name);
  return ["all", "default", ...devices].flatMap((who) =>
    [...conf6Names.map(([name]) => name), secretName].map((name) => ["ipv6", "conf", who, name]),
  );
}

/** Those that are not as in `fresh`, where a device has what is set for all that are new; every secret that there is. */
export function changedConf6(ip: IpNetns, fresh: IpNetns): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  for (const who of ["all", "default", ...ip.netns.devices.values()] as const) {
    if (typeof who !== "string" && !hasInet6(who)) continue;
    const name = typeof who === "string" ? who : who.name;
    for (const [setting, index, kind] of conf6Names) {
      const value = currentOf(ip, { who, index, kind });
      const isOwnMtu = typeof who !== "string" && index === conf.DEVCONF_MTU6 && value === who.mtu;
      // Forwarding for all has set it for each when its turn comes.
      const usual =
        index === conf.DEVCONF_FORWARDING && who !== "all"
          ? currentOf(ip, { who: "all", index, kind })
          : currentOf(fresh, { who: who === "all" ? "all" : "default", index, kind });
      if (isOwnMtu || value === usual) continue;
      paths.push(["ipv6", "conf", name, setting]);
    }
    if (secretOf(ip, who) !== null) paths.push(["ipv6", "conf", name, secretName]);
  }
  return paths;
}

function find(ip: IpNetns, path: readonly string[]): Found | undefined {
  const [family, branch, name = "", setting, ...rest] = path;
  if (family !== "ipv6" || branch !== "conf" || rest.length > 0) return undefined;
  const who = name === "all" || name === "default" ? name : ip.netns.names.get(name);
  if (who === undefined || (typeof who !== "string" && who.name !== name)) return undefined;
  if (setting === secretName) return { who, index: secretIndex, kind: "number" };
  const entry = conf6Names.find(([each]) => each === setting);
  return entry && { who, index: entry[1], kind: entry[2] };
}

/** The value of a setting; undefined when there is no such name. EIO for a secret that is not set. */
export function readConf6(ip: IpNetns, path: readonly string[]): string | undefined {
  const found = find(ip, path);
  if (found === undefined) return undefined;
  if (found.index === secretIndex) return readSecret(ip, found);
  const value = currentOf(ip, found);
  if (value === undefined) return undefined;
  if (found.kind === "seconds") return `${Math.trunc(value / msPerS)}`;
  return `${found.kind === "unsigned" ? value >>> 0 : value}`;
}

function currentOf(ip: IpNetns, { index, who }: Found): number | undefined {
  if (who === "all") return ip.all6[index] ?? 0;
  if (who === "default") return ip.default6[index] ?? 0;
  const slot = in6Device(who);
  if (slot === null) return undefined;
  return index === conf.DEVCONF_MTU6 ? slot.conf.mtu || who.mtu : slot.conf.get(index);
}

function readSecret(ip: IpNetns, { who }: Found): string {
  const secret = secretOf(ip, who);
  if (secret === null) throw new NetlinkError("EIO");
  return ipv6ToText(secret);
}

function secretOf(ip: IpNetns, who: Found["who"]): Uint8Array | null {
  if (typeof who !== "string") return in6Device(who)?.stableSecret ?? null;
  return who === "default" ? ip.stableSecret6 : null;
}

/** Changes a setting; false when there is no such name. */
export function writeConf6(ip: IpNetns, path: readonly string[], text: string): boolean {
  const found = find(ip, path);
  if (found === undefined) return false;
  if (found.index === secretIndex) {
    writeSecret(ip, found, text);
    return true;
  }
  if (found.index === conf.DEVCONF_MC_FORWARDING) throw new NetlinkError("EACCES");
  const number = parseNumber(
    text,
    found.kind === "unsigned" ? 0 : undefined,
    found.kind === "unsigned" ? maxU32 : undefined,
  );
  const value = found.kind === "seconds" ? number * msPerS : number;
  checkValue(found, value);
  switch (found.index) {
    case conf.DEVCONF_FORWARDING:
      changeForwarding6(ip, found.who, value);
      return true;
    case conf.DEVCONF_DISABLE_IPV6:
      changeDisabled6(ip, found.who, value);
      return true;
    case conf.DEVCONF_ADDR_GEN_MODE:
      changeGenMode6(ip, found.who, value);
      return true;
    case conf.DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN:
      changeLinkdown6(ip, found.who, value);
      return true;
    default:
      store(ip, found, value);
      return true;
  }
}

/** Bounds that some settings have. */
function checkValue({ index, who }: Found, value: number): void {
  if (index === conf.DEVCONF_HOPLIMIT && (value < 1 || value > maxHopLimit)) throw new NetlinkError("EINVAL");
  if (index === conf.DEVCONF_ADDR_GEN_MODE && (value < 0 || value > IN6_ADDR_GEN_MODE_RANDOM)) {
    throw new NetlinkError("EINVAL");
  }
  const largest = typeof who === "string" ? Number.MAX_SAFE_INTEGER : who.mtu;
  if (index === conf.DEVCONF_MTU6 && (value < MIN_MTU6 || value > largest)) throw new NetlinkError("EINVAL");
}

function store(ip: IpNetns, found: Found, value: number): void {
  const { index, who } = found;
  const isNews = index === conf.DEVCONF_PROXY_NDP && currentOf(ip, found) !== value;
  if (who === "all") ip.all6[index] = value;
  else if (who === "default") changeDefault6(ip, index, value);
  else if (index === conf.DEVCONF_MTU6) {
    const slot = in6Device(who);
    if (slot !== null) slot.conf.mtu = value;
  } else in6Device(who)?.conf.set(index, value);
  if (isNews) ip.inet.announcer.netconfSetting(ip.netns, AF_INET6, who, index);
}

/** A secret makes its devices take stable addresses from then on. */
function writeSecret(ip: IpNetns, { who }: Found, text: string): void {
  const secret = ipv6FromText(text);
  if (secret === undefined) throw new NetlinkError("EIO");
  if (who === "all") throw new NetlinkError("EIO");
  if (who === "default") {
    ip.stableSecret6 = secret;
    for (const dev of ip.netns.devices.values())
      in6Device(dev)?.conf.set(conf.DEVCONF_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_STABLE_PRIVACY);
    return;
  }
  const slot = in6Device(who);
  if (slot === null) return;
  slot.stableSecret = secret;
  slot.conf.set(conf.DEVCONF_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_STABLE_PRIVACY);
}
