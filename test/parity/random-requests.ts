// Requests about links drawn at random, sensible and senseless: the same seed gives the same requests on every target.

import type { Random } from "../../src/net/random.ts";
import { randomBelow } from "../../src/net/random.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_VSOCK } from "../../src/uapi/socket.ts";
import type { LinkAttributes, LinkRequest } from "./vocabulary/link.ts";

/** A request, and the namespace and socket it is to be sent in and by. */
export interface RandomRequest {
  readonly netns: number;
  readonly isStrict: boolean;
  readonly type: number;
  readonly flags: number;
  /** What it says; `fds` name the namespaces. */
  readonly link: (fds: readonly number[]) => LinkRequest;
}

const names = ["a", "b", "c", "d", "veth%d", "lo", "x/y", "n%d%d", "alt1", "..", "q:", "0123456789abcde"];
const altnames = ["alt1", "alt2", "alt3", "a", "", "x".repeat(127), "x".repeat(128), "w s"];
const indexes = [1, 2, 3, 4, 5, 6, 9, 12, -1];
/** Flags but IFF_UP: the kernel tells of the carrier of devices that are up when its workqueue comes to it. */
const headerFlags = [0, 0x100, 0x80, 0x1000, 0x40, 0xfffe];
/** A descriptor that is open on nothing. */
const noDescriptor = 77_777;

/** How often an attribute is there, and what it may say. */
type Choices = {
  readonly [Name in keyof LinkAttributes]?: readonly [
    chance: number,
    values: readonly LinkAttributes[Name][],
  ];
};

const choices: Choices = {
  name: [0.75, names],
  broadcast: [0.08, ["ff:ff:ff:ff:ff:ff", Uint8Array.of(2, 0)]],
  mtu: [0.2, [1_500, 1_400, 67, 68, 65_535, 65_536, 0xffffffff]],
  txqlen: [0.1, [0, 1, 1_000, 0xffffffff]],
  group: [0.15, [0, 1, 2, 7]],
  operstate: [0.1, [0, 2, 4, 5, 6, 9]],
  linkmode: [0.1, [0, 1, 2]],
  numTxQueues: [0.08, [0, 1, 3, 4_096, 4_097]],
  numRxQueues: [0.08, [0, 1, 3, 4_096, 4_097]],
  gsoMaxSize: [0.06, [192, 193, 1_000, 65_536, 70_000, 524_280, 524_281]],
  gsoMaxSegs: [0.06, [0, 1, 65_535, 65_536]],
  groMaxSize: [0.06, [1, 65_536, 70_000, 524_280, 524_281]],
  alias: [0.1, ["", "hello", "x".repeat(255), "x".repeat(256), "nul\0inside"]],
  carrier: [0.05, [0, 1]],
  protoDown: [0.04, [0, 1]],
  master: [0.05, [0, 1, 2, 3, 99]],
  linkNetnsid: [0.05, [0, 1, 2, -1]],
  targetNetnsid: [0.08, [0, 1, 2, -1]],
  newIfindex: [0.05, [0, -1, 5, 6, 20]],
  extMask: [0.06, [0, 1, 8, 256]],
  altname: [0.05, ["alt1", "alt2", "a", "zz"]],
};

/** Attributes that a request for a link should not have, or not like this. */
const oddities: readonly NonNullable<LinkAttributes["more"]>[] = [
  (writer) => writer.u32(il.IFLA_MAP, 3),
  (writer) => void writer.attribute(il.IFLA_MAP, 32),
  (writer) => void writer.attribute(il.IFLA_PROTINFO, 0),
  (writer) => writer.u32(il.IFLA_TSO_MAX_SIZE, 1),
  (writer) => writer.u8(il.IFLA_HEADROOM, 1),
  (writer) => writer.u8(il.IFLA_DPLL_PIN, 1),
  (writer) => writer.u8(200, 1),
  (writer) => writer.u8(0, 1),
  (writer) => writer.binary(il.IFLA_MTU, Uint8Array.of(1, 2)),
  (writer) => writer.endNest(writer.nest(il.IFLA_XDP)),
  (writer) => writer.endNest(writer.nest(il.IFLA_VF_PORTS)),
  (writer) => writer.raw(Uint8Array.of(3, 0, 1, 0)),
  (writer) => {
    const spec = writer.nest(il.IFLA_AF_SPEC);
    writer.endNest(writer.nest(AF_VSOCK)).endNest(spec);
  },
  (writer) => {
    const spec = writer.nest(il.IFLA_AF_SPEC);
    writer.endNest(writer.nest(AF_BRIDGE)).endNest(spec);
  },
];

const create = nl.NLM_F_CREATE | nl.NLM_F_EXCL;

/** Types of requests with their flags, as often as they are to come. */
const kinds: readonly (readonly [type: number, flags: number])[] = [
  ...Array.from({ length: 5 }, () => [rt.RTM_NEWLINK, create] as const),
  [rt.RTM_NEWLINK, 0],
  [rt.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_REPLACE],
  [rt.RTM_SETLINK, 0],
  [rt.RTM_SETLINK, 0],
  [rt.RTM_SETLINK, nl.NLM_F_ECHO],
  [rt.RTM_DELLINK, 0],
  [rt.RTM_DELLINK, nl.NLM_F_ECHO],
  [rt.RTM_GETLINK, 0],
  [rt.RTM_GETLINK, nl.NLM_F_DUMP],
  [rt.RTM_NEWLINKPROP, 0],
  [rt.RTM_DELLINKPROP, 0],
  [rt.RTM_GETLINKPROP, 0],
];

/** Draws one request. */
export function drawRequest(random: Random): RandomRequest {
  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    values[randomBelow(random, values.length)];
  const chance = (share: number): boolean => random.u32() < share * 2 ** 32;

  const header = () => {
    const flags = chance(0.3) ? pick(headerFlags) : 0;
    return { index: chance(0.3) ? pick(indexes) : 0, flags, change: flags === 0 ? 0 : pick([0, flags]) };
  };
  const attributes = (isNew: boolean): LinkAttributes => {
    const drawn: unknown[][] = [];
    for (const [name, [share, values]] of Object.entries(choices)) {
      const list: readonly unknown[] = values;
      if (chance(share)) drawn.push([name, pick(list)]);
    }
    // Addresses are given, so that both targets have the same ones.
    const address = isNew ? `02:00:00:00:00:${(16 + randomBelow(random, 200)).toString(16)}` : undefined;
    const odd = chance(0.2) ? pick(["01:00:00:00:00:01", "00:00:00:00:00:00", Uint8Array.of(2, 0)]) : address;
    return { ...Object.fromEntries(drawn), ...(odd === undefined ? {} : { address: odd }) };
  };

  const [type, flags] = pick(kinds) ?? [rt.RTM_NEWLINK, create];
  const isNew = flags === create;
  const body = { ...header(), ...attributes(isNew) };
  const vethPeer = isNew && chance(0.9) ? { ...header(), ...attributes(true) } : undefined;
  const kind = vethPeer === undefined && chance(0.2) ? "warp" : undefined;
  const properties =
    type === rt.RTM_NEWLINKPROP || type === rt.RTM_DELLINKPROP ? [pick(altnames), pick(altnames)] : [];
  const place = chance(0.1) ? randomBelow(random, 3) : undefined;
  const more = chance(0.15) ? pick(oddities) : undefined;
  const link = (fds: readonly number[]): LinkRequest => ({
    ...withoutUndefined({
      ...body,
      vethPeer: vethPeer === undefined ? undefined : withoutUndefined(vethPeer),
      kind,
      more,
    }),
    ...(properties.length > 0 ? { altnames: properties.filter((name) => name !== undefined) } : {}),
    ...(place === undefined ? {} : { netnsFd: fds[place] ?? noDescriptor }),
  });
  return { netns: randomBelow(random, 2), isStrict: chance(0.5), type, flags, link };
}

function withoutUndefined(request: object): LinkRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}
