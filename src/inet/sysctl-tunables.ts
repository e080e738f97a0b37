// Settings that belong to no device: `net.ipv4.*`, `net.ipv6.*`, and the thresholds of the neighbour tables.
//
// Mirrors net/ipv4/sysctl_net_ipv4.c, net/ipv6/sysctl_net_ipv6.c.

import { NetlinkError } from "../netlink/error.ts";
import { IPV4_DEVCONF_FORWARDING } from "../uapi/ip.ts";
import type { IpNetns } from "./netns.ts";
import { changeForwarding4 } from "./sysctl-conf4.ts";
import { parseNumber } from "./sysctl-value.ts";
import type { TunableName } from "./tunables.ts";
import { tunableNames } from "./tunables.ts";

const forwardName = "ipv4.ip_forward";

/** The names there are, as paths. */
export function listTunables(): readonly (readonly string[])[] {
  return [forwardName, ...tunableNames.map(({ name }) => name)].map((name) => name.split("."));
}

function find(path: readonly string[]): TunableName | undefined {
  const name = path.join(".");
  return tunableNames.find((each) => each.name === name);
}

/** The value of a setting; undefined when there is no such name. */
export function readTunable(ip: IpNetns, path: readonly string[]): string | undefined {
  if (path.join(".") === forwardName) return `${ip.all4[IPV4_DEVCONF_FORWARDING] ?? 0}`;
  const tunable = find(path);
  return tunable && `${ip.tunables[tunable.key]}`;
}

/** Changes a setting; false when there is no such name. */
export function writeTunable(ip: IpNetns, path: readonly string[], text: string): boolean {
  if (path.join(".") === forwardName) {
    changeForwarding4(ip, parseNumber(text));
    return true;
  }
  const tunable = find(path);
  if (tunable === undefined) return false;
  if (text === "") throw new NetlinkError("EINVAL");
  ip.tunables[tunable.key] = parseNumber(text, tunable.min, tunable.max);
  return true;
}
