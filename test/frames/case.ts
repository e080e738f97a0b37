// A case: a topology, and frames that are put in one after the other. Made from a seed; plain data, so that a case that
// differs can be cut down and shown.
//
//   e0 ─ p0 ┐                    e0 ─ p0 ← m0, m1, …  (macvlan)           e0 ─ p0  (veth)
//   e1 ─ p1 ┼ br0  (bridge)
//   e2 ─ p2 ┘
//
//   e0 ─ p0 ⇄ i0 (ifb, by u32 and mirred)  e1 ─ p1 (mirrored to)    e0 ─ p0 10.0.0.1 ← vx0  (vxlan, remotes 10.0.0.2 and .3)

import { getBe16 } from "../../src/bytes/endian.ts";
import { ETH_P_8021AD, ETH_P_8021Q, ETH_P_ALL, ETH_P_IP } from "../../src/uapi/if_ether.ts";
import {
  IFLA_BR_MCAST_IGMP_VERSION,
  IFLA_BR_MCAST_MLD_VERSION,
  IFLA_BR_MCAST_QUERIER,
  IFLA_BR_MCAST_QUERY_RESPONSE_INTVL,
  IFLA_BRPORT_FAST_LEAVE,
  IFLA_VXLAN_DF,
  IFLA_VXLAN_LEARNING,
  IFLA_VXLAN_TOS,
  IFLA_VXLAN_TTL,
  IFLA_VXLAN_UDP_CSUM,
  MACVLAN_MODE_BRIDGE,
  MACVLAN_MODE_PASSTHRU,
  MACVLAN_MODE_PRIVATE,
  MACVLAN_MODE_VEPA,
} from "../../src/uapi/if_link.ts";
import { NTF_ROUTER, NUD_FAILED, NUD_NOARP, NUD_PERMANENT, NUD_STALE } from "../../src/uapi/neighbour.ts";
import {
  TCA_EGRESS_MIRROR,
  TCA_EGRESS_REDIR,
  TCA_INGRESS_MIRROR,
  TCA_INGRESS_REDIR,
} from "../../src/uapi/tc_mirred.ts";
import { Dice } from "../fuzz/dice.ts";
import type { FilterSpec } from "./filters.ts";
import type { FrameStyle } from "./frames.ts";
import { generalQuery, makeFrameBytes, neighbourFrame, vxlanFrame } from "./frames.ts";

/** A device frames are put into and heard from. */
export interface Place {
  readonly name: string;
  /** Frames that others sent are heard here; not from a bridge's port itself, say. */
  readonly isHeard: boolean;
}

/** A port of a bridge: the settings that are not the usual ones, by attribute. */
export interface PortSpec {
  readonly mtu: number;
  readonly settings: readonly (readonly [type: number, bits: 8 | 16 | 32 | 64, value: number])[];
}

/** A neighbour of the bridge itself: an address of either family, in a state NUD_*. */
export interface NeighbourSpec {
  readonly address: string;
  readonly mac: string;
  readonly state: number;
  readonly flags: number;
}

/** What is built. */
export type Topology =
  | { readonly kind: "veth"; readonly mtu: number; readonly peerMtu: number }
  | {
      readonly kind: "bridge";
      readonly ports: readonly PortSpec[];
      readonly settings: readonly (readonly [type: number, bits: 8 | 16 | 32 | 64, value: number])[];
      readonly entries: readonly { readonly port: number; readonly mac: string; readonly state: number }[];
      /** Set once the bridge has its ports. */
      readonly lateSettings: readonly (readonly [type: number, bits: 8 | 16 | 32 | 64, value: number])[];
      readonly isUp: boolean;
      readonly isPromiscuous: boolean;
      /** Who the bridge knows as neighbours, and whether it has the address 10.0.0.1 itself. */
      readonly neighbours: readonly NeighbourSpec[];
      readonly hasAddress: boolean;
    }
  | { readonly kind: "macvlan"; readonly modes: readonly number[] }
  | { readonly kind: "ifb"; readonly filters: readonly FilterSpec[] }
  | {
      readonly kind: "vxlan";
      readonly settings: readonly (readonly [type: number, bits: 8 | 16 | 32 | 64, value: number])[];
      readonly hasRemote: boolean;
      /** Hardware addresses that are behind a remote, by the last byte of its address. */
      readonly entries: readonly { readonly mac: string; readonly remote: number }[];
    };

/** A frame, and the place it is put in. */
export interface Injection {
  readonly place: number;
  readonly bytes: Uint8Array;
  /** Time that passes behind it, in milliseconds. */
  readonly pauseMs: number;
}

export interface Case {
  readonly seed: number;
  readonly topology: Topology;
  readonly frames: readonly Injection[];
}

/** The places of a topology, in the order of their numbers. */
export function placesOf(topology: Topology): readonly Place[] {
  switch (topology.kind) {
    case "veth":
      return [
        { name: "e0", isHeard: true },
        { name: "p0", isHeard: true },
      ];
    case "bridge":
      return [
        ...topology.ports.map((_, index) => ({ name: `e${index}`, isHeard: true })),
        { name: "br0", isHeard: topology.isUp },
      ];
    case "macvlan":
      return [
        { name: "e0", isHeard: true },
        { name: "p0", isHeard: true },
        ...topology.modes.map((_, index) => ({ name: `m${index}`, isHeard: true })),
      ];
    case "ifb":
      return ["e0", "p0", "i0", "e1", "p1"].map((name) => ({ name, isHeard: true }));
    case "vxlan":
      return ["e0", "p0", "vx0"].map((name) => ({ name, isHeard: true }));
  }
}

/** Attributes of a bridge and of a port that cases set. */
const AGEING_TIME = 4;
const GROUP_FWD_MASK = 9;
const MCAST_SNOOPING = 23;
const STP_STATE = 5;
const portFlags = [4, 5, 6, 7, 8, 9, 27, 28, 30, 33, 39];
const PORT_GROUP_FWD_MASK = 31;
const PORT_PROXYARP = 10;
const PORT_PROXYARP_WIFI = 11;
const PORT_NEIGH_SUPPRESS = 32;
const PORT_STATE = 1;

/** Makes the case of a seed. */
export function makeCase(seed: number): Case {
  const dice = new Dice(seed);
  const topology = makeTopology(dice);
  const places = placesOf(topology);
  const snoops =
    topology.kind === "bridge" &&
    topology.settings.some(([type, , value]) => type === MCAST_SNOOPING && value === 1);
  const asksItself = topology.kind === "bridge" && topology.lateSettings.length > 0;
  const style: FrameStyle = { dice, stations: stationsOf(topology), mtu: 1_500, snoops };
  const frames: Injection[] = Array.from({ length: 4 + dice.below(14) }, () => {
    const place = dice.below(places.length);
    let bytes = frameFor(style, topology, place);
    while (topology.kind === "ifb" && places[place]?.name === "p0" && isTagged(bytes))
      bytes = makeFrameBytes(style);
    return { place, bytes, pauseMs: 0 };
  });
  // Who listens is believed only once a query has been answered: at once here, as the query asks for that.
  if (snoops && (asksItself ? dice.once(8) : !dice.once(3))) {
    frames.unshift({
      place: dice.below(places.length),
      bytes: generalQuery(style, dice.once(3)),
      pauseMs: 20,
    });
  }
  return { seed, topology, frames };
}

/** A bridge that has an address answers by itself: it is asked for neighbours only. */
function frameFor(style: FrameStyle, topology: Topology, place: number): Uint8Array {
  if (topology.kind === "vxlan") return vxlanFrame(style, place);
  if (topology.kind !== "bridge" || topology.neighbours.length === 0) return makeFrameBytes(style);
  return topology.hasAddress || !style.dice.once(4) ? neighbourFrame(style) : makeFrameBytes(style);
}

/**
 * Of a tagged frame Linux' packet socket takes the tag for a part of the link header, and mirred, on its way from what is sent
 * to what is received, that with it: only frames of such a socket come out like that.
 */
function isTagged(bytes: Uint8Array): boolean {
  const type = getBe16(bytes, 12);
  return type === ETH_P_8021Q || type === ETH_P_8021AD;
}

function makeTopology(dice: Dice): Topology {
  switch (dice.below(14)) {
    case 0:
      return { kind: "veth", mtu: dice.of([1_500, 1_500, 300, 68]), peerMtu: dice.of([1_500, 1_500, 300]) };
    case 1:
      return { kind: "macvlan", modes: makeModes(dice) };
    case 2:
      return { kind: "ifb", filters: Array.from({ length: 1 + dice.below(3) }, () => makeFilter(dice)) };
    case 3:
      return makeVxlan(dice);
    case 4:
    case 5:
      return makeAnsweringBridge(dice);
    case 6:
    case 7:
    case 8:
      return makeSourceBridge(dice);
    default:
      return makeBridge(dice);
  }
}

/** A device that is passed through has one macvlan only. */
function makeModes(dice: Dice): number[] {
  if (dice.once(6)) return [MACVLAN_MODE_PASSTHRU];
  const modes = [MACVLAN_MODE_PRIVATE, MACVLAN_MODE_VEPA, MACVLAN_MODE_BRIDGE];
  return Array.from({ length: 1 + dice.below(3) }, () => dice.of(modes));
}

/** To the ifb, from which frames come back to where they were, or to another port. */
function makeFilter(dice: Dice): FilterSpec {
  const target = dice.of(["i0", "i0", "p1"]);
  const actions = [TCA_EGRESS_REDIR, TCA_EGRESS_MIRROR, TCA_INGRESS_REDIR, TCA_INGRESS_MIRROR];
  const mask = dice.of([0, 0, 0x8000_0000, 0xff00_0000]);
  return {
    hook: dice.of(["ingress", "egress"]),
    protocol: dice.of([ETH_P_ALL, ETH_P_ALL, ETH_P_IP, 0x88b5]),
    mask,
    value: (dice.u32() & mask) >>> 0,
    action: dice.of(actions),
    target,
  };
}

function makeVxlan(dice: Dice): Topology {
  const settings: [number, 8 | 16 | 32 | 64, number][] = [];
  if (dice.once(3)) settings.push([IFLA_VXLAN_LEARNING, 8, 0]);
  if (dice.once(2)) settings.push([IFLA_VXLAN_UDP_CSUM, 8, dice.below(2)]);
  if (dice.once(3)) settings.push([IFLA_VXLAN_TTL, 8, 1 + dice.below(255)]);
  if (dice.once(3)) settings.push([IFLA_VXLAN_TOS, 8, dice.of([1, 4, 0x10, 0xb8])]);
  if (dice.once(3)) settings.push([IFLA_VXLAN_DF, 8, dice.below(3)]);
  const entries = Array.from({ length: dice.below(4) }, () => ({
    mac: dice.once(4) ? "00:00:00:00:00:00" : `02:00:00:00:01:0${dice.below(6)}`,
    remote: 2 + dice.below(2),
  }));
  return { kind: "vxlan", settings, hasRemote: !dice.once(3), entries };
}

function makeBridge(dice: Dice): Topology {
  const ports = Array.from({ length: 2 + dice.below(3) }, () => makePort(dice));
  const settings: [number, 8 | 16 | 32 | 64, number][] = [[MCAST_SNOOPING, 8, dice.below(2)]];
  if (dice.once(4)) settings.push([GROUP_FWD_MASK, 16, dice.below(0x1_0000) & 0xfff8]);
  if (dice.once(8)) settings.push([AGEING_TIME, 32, 0]);
  if (dice.once(8)) settings.push([STP_STATE, 32, 1]);
  const entries = Array.from({ length: dice.once(3) ? 1 + dice.below(3) : 0 }, () => ({
    port: dice.below(ports.length),
    mac: `02:00:00:00:01:0${dice.below(6)}`,
    state: dice.of([0x80, 0x40]),
  }));
  return {
    kind: "bridge",
    ports,
    settings,
    entries,
    isUp: !dice.once(10),
    isPromiscuous: dice.once(8),
    neighbours: [],
    hasAddress: false,
    lateSettings: [],
  };
}

/** A bridge that speaks the versions of IGMP and MLD that know sources, and mostly asks itself. */
function makeSourceBridge(dice: Dice): Topology {
  const ports = Array.from({ length: 2 + dice.below(3) }, () => {
    const settings: [number, 8 | 16 | 32 | 64, number][] = [];
    // A port with fastleave tells hosts apart, which a bridge here does not.
    for (const type of portFlags) {
      if (type !== IFLA_BRPORT_FAST_LEAVE && dice.once(12)) settings.push([type, 8, dice.below(2)]);
    }
    return { mtu: 1_500, settings };
  });
  return {
    kind: "bridge",
    ports,
    settings: [
      [MCAST_SNOOPING, 8, 1],
      [IFLA_BR_MCAST_IGMP_VERSION, 8, dice.once(6) ? 2 : 3],
      [IFLA_BR_MCAST_MLD_VERSION, 8, dice.once(6) ? 1 : 2],
      [IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, 64, 0],
    ],
    entries: [],
    lateSettings: dice.once(5) ? [] : [[IFLA_BR_MCAST_QUERIER, 8, 1]],
    isUp: true,
    isPromiscuous: dice.once(12),
    neighbours: [],
    hasAddress: false,
  };
}

/** A bridge that knows neighbours, and ports that are spared questions for them. */
function makeAnsweringBridge(dice: Dice): Topology {
  const ports = Array.from({ length: 2 + dice.below(3) }, () => {
    const settings: [number, 8 | 16 | 32 | 64, number][] = [];
    if (dice.once(2)) settings.push([PORT_NEIGH_SUPPRESS, 8, 1]);
    if (dice.once(6)) settings.push([PORT_PROXYARP, 8, 1]);
    if (dice.once(6)) settings.push([PORT_PROXYARP_WIFI, 8, 1]);
    if (dice.once(6)) settings.push([dice.of(portFlags), 8, dice.below(2)]);
    return { mtu: 1_500, settings };
  });
  const entries = Array.from({ length: 1 + dice.below(4) }, () => ({
    port: dice.below(ports.length),
    mac: `02:00:00:00:01:0${dice.below(4)}`,
    state: dice.of([0x80, 0x40, 0x40]),
  }));
  const neighbours = [2, 3, 4].flatMap((host) => {
    const addresses = [`10.0.0.${host}`, `fd00::${host}`].filter(() => !dice.once(4));
    return addresses.map((address) => ({
      address,
      mac: dice.once(8) ? "02:00:00:00:00:b0" : `02:00:00:00:01:0${dice.below(4)}`,
      state: dice.of([NUD_PERMANENT, NUD_PERMANENT, NUD_PERMANENT, NUD_NOARP, NUD_STALE, NUD_FAILED]),
      flags: dice.once(6) ? NTF_ROUTER : 0,
    }));
  });
  return {
    kind: "bridge",
    ports,
    settings: [[MCAST_SNOOPING, 8, dice.below(2)]],
    entries,
    isUp: true,
    isPromiscuous: dice.once(8),
    neighbours,
    hasAddress: dice.once(4),
    lateSettings: [],
  };
}

function makePort(dice: Dice): PortSpec {
  const settings: [number, 8 | 16 | 32 | 64, number][] = [];
  if (dice.once(2)) {
    for (const type of portFlags) if (dice.once(4)) settings.push([type, 8, dice.below(2)]);
    if (dice.once(5)) settings.push([PORT_GROUP_FWD_MASK, 16, dice.below(0x1_0000) & 0xfffd]);
    if (dice.once(8)) settings.push([PORT_STATE, 8, dice.below(5)]);
  }
  return { mtu: dice.once(5) ? 300 : 1_500, settings };
}

/** Hardware addresses that frames of a topology are about: its devices', some stations', those of groups. */
function stationsOf(topology: Topology): string[] {
  const devices = placesOf(topology).map((_, index) => `02:00:00:00:00:${hex(index + 0x10)}`);
  const ports = [0, 1, 2].map((index) => `02:00:00:00:00:${hex(index)}`);
  const stations = [0, 1, 2, 3, 4, 5].map((index) => `02:00:00:00:01:0${index}`);
  return [...devices, ...ports, ...stations, "02:00:00:00:00:b0"];
}

/** A number as two digits. */
export function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
