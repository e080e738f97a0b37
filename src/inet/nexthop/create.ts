// What a nexthop object says is made and checked: a device that is up, a gateway that can be reached, members of a group that get
// along.
//
// Mirrors net/ipv4/nexthop.c (nexthop_create, nh_create_ipv4, nh_create_ipv6, nexthop_create_group).

import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RT_TABLE_MAIN } from "../../uapi/rtnetlink.ts";
import { AF_INET6, AF_UNSPEC } from "../../uapi/socket.ts";
import { checkNexthop } from "../ipv4/fib-info.ts";
import { FibNexthop } from "../ipv4/fib-nexthop.ts";
import { checkNexthop6 } from "../ipv6/route-create.ts";
import { l3mdevTable } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import type { GroupMember, NexthopValue } from "./object.ts";

/** A single way that is asked for. */
export interface NexthopConfig {
  readonly family: number;
  readonly protocol: number;
  readonly flags: number;
  readonly isBlackhole: boolean;
  readonly isFdb: boolean;
  readonly oif: number;
  /** 4 or 16 bytes; null: none. */
  readonly gateway: { readonly ipv4: number; readonly ipv6: Uint8Array | null } | null;
}

/** Makes a single way. */
export function createNexthop(ip: IpNetns, config: NexthopConfig): NexthopValue {
  const { family, flags, gateway, isBlackhole, isFdb, protocol } = config;
  const hop = new FibNexthop();
  hop.ifindex = isBlackhole ? (ip.netns.loopback?.ifindex ?? 0) : config.oif;
  hop.flags = flags;
  hop.scope = RT_SCOPE_LINK;
  if (gateway !== null) {
    hop.gatewayFamily = family;
    hop.gateway = gateway.ipv4;
    hop.gateway6 = gateway.ipv6;
  }
  if (!isFdb) {
    if (family === AF_INET6) check6(ip, hop);
    else checkNexthop(ip, { table: tableOf(ip, hop), scope: RT_SCOPE_UNIVERSE }, hop);
  }
  return { family, protocol, flags: hop.flags, isBlackhole, isFdb, hop, members: null, resilient: null };
}

function tableOf(ip: IpNetns, { ifindex }: FibNexthop): number {
  const dev = ip.netns.devices.get(ifindex);
  return (dev === undefined ? 0 : l3mdevTable(dev)) || RT_TABLE_MAIN;
}

function check6(ip: IpNetns, hop: FibNexthop): void {
  const found = checkNexthop6(ip, {
    oif: hop.ifindex,
    hasGateway: hop.gateway6 !== null,
    gateway: hop.gateway6 ?? new Uint8Array(16),
    flags: hop.flags,
    weight: 1,
  });
  hop.dev = found.dev;
  hop.ifindex = found.dev.ifindex;
  hop.flags = found.flags;
}

/** Makes a group. */
export function createGroup(
  what: Pick<NexthopValue, "protocol" | "isFdb" | "resilient"> & { readonly members: readonly GroupMember[] },
): NexthopValue {
  return { ...what, family: AF_UNSPEC, flags: 0, isBlackhole: false, hop: null };
}
