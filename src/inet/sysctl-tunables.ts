// Settings that belong to no device: `net.ipv4.*`, `net.ipv6.*`, `net.vrf.*`, and the thresholds of the neighbour tables.
//
// Mirrors net/ipv4/sysctl_net_ipv4.c, net/ipv6/sysctl_net_ipv6.c.

import { NetlinkError } from "../netlink/error.ts";
import { IPV4_DEVCONF_FORWARDING } from "../uapi/ip.ts";
import { sharesTables } from "./l3mdev.ts";
import type { IpNetns } from "./netns.ts";
import { changeForwarding4 } from "./sysctl-conf4.ts";
import { parseNumber } from "./sysctl-value.ts";
import { congestionControls } from "./tcp/tunables.ts";
import type { TunableOf } from "./tunable.ts";
import type { Tunables } from "./tunables.ts";
import { tunableNames } from "./tunables.ts";

const forwardName = "ipv4.ip_forward";
/** Not as long as VRFs share a table (vrf_strict_mode_change). */
const strictVrfName = "vrf.strict_mode";

/** Files that only tell. */
const readOnly: ReadonlyMap<string, string> = new Map([
  ["ipv4.tcp_allowed_congestion_control", congestionControls.join(" ")],
  ["ipv4.tcp_available_congestion_control", congestionControls.join(" ")],
]);

/** Files that only act: what was learned of ways is forgotten (ipv4_sysctl_rtcache_flush, ipv6_sysctl_rtcache_flush). */
const writeOnly: ReadonlyMap<string, (ip: IpNetns, text: string) => void> = new Map<
  string,
  (ip: IpNetns, text: string) => void
>([
  ["ipv4.route.flush", forgetLearned4],
  // What has not run out stays.
  ["ipv6.route.flush", (_ip, text) => void parseNumber(text)],
]);

function forgetLearned4(ip: IpNetns): void {
  ip.pathMtus4.clear();
  ip.redirects4.clear();
  ip.routeGeneration++;
}

/** The names there are, as paths. */
export function listTunables(): readonly (readonly string[])[] {
  const names = [
    forwardName,
    ...readOnly.keys(),
    ...writeOnly.keys(),
    ...tunableNames.map(({ name }) => name),
  ];
  return names.map((name) => name.split("."));
}

/** Those that are not as in `fresh`. */
export function changedTunables(ip: IpNetns, fresh: IpNetns): readonly (readonly string[])[] {
  const names = tunableNames
    .filter(({ keys }) => keys.some((key) => ip.tunables[key] !== fresh.tunables[key]))
    .map(({ name }) => name);
  const forwards = (ip.all4[IPV4_DEVCONF_FORWARDING] ?? 0) !== (fresh.all4[IPV4_DEVCONF_FORWARDING] ?? 0);
  return [...(forwards ? [forwardName] : []), ...names].map((name) => name.split("."));
}

function find(path: readonly string[]): TunableOf<Tunables> | undefined {
  const name = path.join(".");
  return tunableNames.find((each) => each.name === name);
}

/** The value of a setting; undefined when there is no such name. */
export function readTunable(ip: IpNetns, path: readonly string[]): string | undefined {
  const name = path.join(".");
  if (writeOnly.has(name)) throw new NetlinkError("EINVAL");
  if (name === forwardName) return `${ip.all4[IPV4_DEVCONF_FORWARDING] ?? 0}`;
  const tunable = find(path);
  if (tunable === undefined) return readOnly.get(name);
  const { keys, words } = tunable;
  const shown = keys.map((key) => words?.[ip.tunables[key]] ?? `${ip.tunables[key]}`);
  return shown.join("\t");
}

/** Changes a setting; false when there is no such name. */
export function writeTunable(ip: IpNetns, path: readonly string[], text: string): boolean {
  const name = path.join(".");
  if (name === forwardName) {
    changeForwarding4(ip, parseNumber(text));
    return true;
  }
  if (readOnly.has(name)) throw new NetlinkError("EACCES");
  const act = writeOnly.get(name);
  if (act !== undefined) {
    act(ip, text);
    return true;
  }
  const tunable = find(path);
  if (tunable === undefined) return false;
  if (name === strictVrfName && parseNumber(text, 0, 1) !== 0 && sharesTables(ip.netns))
    throw new NetlinkError("EBUSY");
  const { keys, words } = tunable;
  const [first] = keys;
  if (words !== undefined && first !== undefined) {
    const place = words.indexOf(text);
    if (place < 0) throw new NetlinkError("ENOENT");
    ip.tunables[first] = place;
  } else writeNumbers(ip, tunable, text);
  ip.updateDepth();
  return true;
}

/** Takes as many numbers as the setting has; what follows is read over, what is missing stays as it was (proc_dointvec_minmax). */
function writeNumbers(ip: IpNetns, tunable: TunableOf<Tunables>, text: string): void {
  const { isSound, keys, max, min } = tunable;
  if (text === "") throw new NetlinkError("EINVAL");
  const words = text.split(/\s+/);
  if (isSound === undefined) {
    for (const [place, key] of keys.entries()) {
      const word = words[place];
      if (word !== undefined) ip.tunables[key] = parseNumber(word, min, max);
    }
    return;
  }
  const numbers = keys.map((key, place) => {
    const word = words[place];
    return word === undefined ? ip.tunables[key] : parseNumber(word, min, max);
  });
  if (!isSound(numbers)) throw new NetlinkError("EINVAL");
  for (const [place, key] of keys.entries()) ip.tunables[key] = numbers[place] ?? ip.tunables[key];
}
