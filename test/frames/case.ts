// A case: a topology, and frames that are put in one after the other. Made from a seed; plain data, so that a case that
// differs can be cut down and shown.
//
//   e0 ─ p0 ┐                    e0 ─ p0 ← m0, m1, …  (macvlan)           e0 ─ p0  (veth)
//   e1 ─ p1 ┼ br0  (bridge)
//   e2 ─ p2 ┘

import {
  MACVLAN_MODE_BRIDGE,
  MACVLAN_MODE_PASSTHRU,
  MACVLAN_MODE_PRIVATE,
  MACVLAN_MODE_VEPA,
} from "../../src/uapi/if_link.ts";
import { Dice } from "../fuzz/dice.ts";
import type { FrameStyle } from "./frames.ts";
import { generalQuery, makeFrameBytes } from "./frames.ts";

/** A device frames are put into and heard from. */
export interface Place {
  readonly name: string;
  /** Frames that others sent are heard here; not from a bridge's port itself, say. */
  readonly isHeard: boolean;
}

/** A port of a bridge: the settings that are not the usual ones, by attribute. */
export interface PortSpec {
  readonly mtu: number;
  readonly settings: readonly (readonly [type: number, bits: 8 | 16 | 32, value: number])[];
}

/** What is built. */
export type Topology =
  | { readonly kind: "veth"; readonly mtu: number; readonly peerMtu: number }
  | {
      readonly kind: "bridge";
      readonly ports: readonly PortSpec[];
      readonly settings: readonly (readonly [type: number, bits: 8 | 16 | 32, value: number])[];
      readonly entries: readonly { readonly port: number; readonly mac: string; readonly state: number }[];
      readonly isUp: boolean;
      readonly isPromiscuous: boolean;
    }
  | { readonly kind: "macvlan"; readonly modes: readonly number[] };

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
  }
}

/** Attributes of a bridge and of a port that cases set. */
const AGEING_TIME = 4;
const GROUP_FWD_MASK = 9;
const MCAST_SNOOPING = 23;
const STP_STATE = 5;
const portFlags = [4, 5, 6, 8, 9, 27, 28, 30, 33, 39];
const PORT_GROUP_FWD_MASK = 31;
const PORT_STATE = 1;

/** Makes the case of a seed. */
export function makeCase(seed: number): Case {
  const dice = new Dice(seed);
  const topology = makeTopology(dice);
  const places = placesOf(topology);
  const snoops =
    topology.kind === "bridge" &&
    topology.settings.some(([type, , value]) => type === MCAST_SNOOPING && value === 1);
  const style: FrameStyle = { dice, stations: stationsOf(topology), mtu: 1_500, snoops };
  const frames: Injection[] = Array.from({ length: 4 + dice.below(14) }, () => ({
    place: dice.below(places.length),
    bytes: makeFrameBytes(style),
    pauseMs: 0,
  }));
  // Who listens is believed only once a query has been answered: at once here, as the query asks for that.
  if (snoops && !dice.once(3)) {
    frames.unshift({
      place: dice.below(places.length),
      bytes: generalQuery(style, dice.once(3)),
      pauseMs: 20,
    });
  }
  return { seed, topology, frames };
}

function makeTopology(dice: Dice): Topology {
  switch (dice.below(8)) {
    case 0:
      return { kind: "veth", mtu: dice.of([1_500, 1_500, 300, 68]), peerMtu: dice.of([1_500, 1_500, 300]) };
    case 1:
      return { kind: "macvlan", modes: makeModes(dice) };
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

function makeBridge(dice: Dice): Topology {
  const ports = Array.from({ length: 2 + dice.below(3) }, () => makePort(dice));
  const settings: [number, 8 | 16 | 32, number][] = [[MCAST_SNOOPING, 8, dice.below(2)]];
  if (dice.once(4)) settings.push([GROUP_FWD_MASK, 16, dice.below(0x1_0000) & 0xfff8]);
  if (dice.once(8)) settings.push([AGEING_TIME, 32, 0]);
  if (dice.once(8)) settings.push([STP_STATE, 32, 1]);
  const entries = Array.from({ length: dice.once(3) ? 1 + dice.below(3) : 0 }, () => ({
    port: dice.below(ports.length),
    mac: `02:00:00:00:01:0${dice.below(6)}`,
    state: dice.of([0x80, 0x40]),
  }));
  return { kind: "bridge", ports, settings, entries, isUp: !dice.once(10), isPromiscuous: dice.once(8) };
}

function makePort(dice: Dice): PortSpec {
  const settings: [number, 8 | 16 | 32, number][] = [];
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
