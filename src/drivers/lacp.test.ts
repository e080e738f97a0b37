// What: bonds of 802.3ad find out which of their cables end at the same partner, use those together, notice when one is cut,
// and take a partner that says nothing for a plain link.
//
//   ns one  bond0 [a0]───[b0] bond0  ns two      10.0.0.1 and 10.0.0.2
//                 [a1]───[b1]
//
// Source: IEEE 802.1AX-2020 6.4 (the bits of a port's state, its timers, the LACPDU); Documentation/networking/bonding.rst.

import { expect } from "vitest";
import type { Machine, NetnsClient } from "../../src/index.ts";
import { SECOND, test } from "../../test/fixtures.ts";
import type { BondOptions } from "../client/kinds/bond.ts";
import { writeBond } from "../client/kinds/bond.ts";
import { setLink } from "../client/link.ts";
import { frameFrom } from "../net/frame.ts";
import { devQueueXmit } from "../net/transmit.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_OPER_DOWN, IF_OPER_UP } from "../uapi/if.ts";
import { ETH_P_SLOW } from "../uapi/if_ether.ts";
import * as link from "../uapi/if_link.ts";
import * as lacp from "../wire/lacp.ts";

/** Active, aggregating, in step, collecting, distributing: what a port says that is in use. */
const IN_USE = 0x3d;
const FAST = 0x02;
/** Active and aggregating, and what is said of the partner is taken for granted. */
const DEFAULTED = 0x45;
const IN_STEP = 0x08;

interface Hosts {
  readonly one: NetnsClient;
  readonly two: NetnsClient;
}

async function addBond(netns: NetnsClient, bond: BondOptions): Promise<void> {
  await netns.link.add({ kind: "bond", name: "bond0", bond: { mode: "802.3ad", ...bond } });
}

async function addCable(hosts: Hosts, number: number): Promise<void> {
  await hosts.one.link.add({ kind: "veth", name: `a${number}`, peer: { name: `b${number}`, netns: "two" } });
  await hosts.one.link.set(`a${number}`, { master: "bond0" });
  await hosts.two.link.set(`b${number}`, { master: "bond0" });
}

async function start({ one, two }: Hosts): Promise<void> {
  for (const netns of [one, two]) await netns.link.set("bond0", { isUp: true });
  await one.addr.add("10.0.0.1/24", { dev: "bond0" });
  await two.addr.add("10.0.0.2/24", { dev: "bond0" });
}

async function wire(machine: Machine, bond: BondOptions = {}): Promise<Hosts> {
  const hosts = { one: await machine.netns("one"), two: await machine.netns("two") };
  for (const netns of [hosts.one, hosts.two]) await addBond(netns, bond);
  for (const number of [0, 1]) await addCable(hosts, number);
  await start(hosts);
  return hosts;
}

/** What netlink tells of a slave: its aggregator, and the states of its port and of the partner's. */
async function portOf(netns: NetnsClient, name: string): Promise<(number | undefined)[]> {
  const data = (await netns.link.get(name)).linkinfo?.slaveData;
  return [
    data?.child(link.IFLA_BOND_SLAVE_AD_AGGREGATOR_ID)?.u16(),
    data?.child(link.IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE)?.u8(),
    data?.child(link.IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE)?.u16(),
  ];
}

/** What netlink tells of the aggregator in use: how many ports, both keys. */
async function aggregatorOf(netns: NetnsClient): Promise<(number | undefined)[]> {
  const info = (await netns.link.get("bond0")).linkinfo?.data?.child(link.IFLA_BOND_AD_INFO);
  const types = [
    link.IFLA_BOND_AD_INFO_NUM_PORTS,
    link.IFLA_BOND_AD_INFO_ACTOR_KEY,
    link.IFLA_BOND_AD_INFO_PARTNER_KEY,
  ];
  return types.map((type) => info?.child(type)?.u16());
}

function send(machine: Machine, netns: string, name: string, bytes: Uint8Array): void {
  const { core } = machine;
  const dev = [...(core.netnsNames.get(netns)?.devices.values() ?? [])].find((each) => each.name === name);
  const frame = frameFrom(core.frames, bytes);
  if (dev === undefined || frame === null) throw new Error(`Nothing can be sent on ${name}`);
  frame.dev = dev;
  devQueueXmit(frame);
}

test("two cables to the same partner are one aggregator on both sides", async ({ machine, clock }) => {
  const { one, two } = await wire(machine);
  await clock.advance(10 * SECOND);
  expect(await portOf(one, "a0")).toEqual([1, IN_USE, IN_USE]);
  expect(await portOf(one, "a1")).toEqual([1, IN_USE, IN_USE]);
  expect(await portOf(two, "b1")).toEqual([1, IN_USE, IN_USE]);
  // 10 Gb/s (the seventh speed) and full duplex.
  expect(await aggregatorOf(one)).toEqual([2, 15, 15]);
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_UP });
  const answer = one.ping("10.0.0.2", { count: 3 });
  await clock.advance(12 * SECOND);
  expect(await answer).toMatchObject({ received: 3 });
});

test("a frame for everybody crosses once and does not come back", async ({ machine, clock }) => {
  const { one, two } = await wire(machine);
  await clock.advance(10 * SECOND);
  await using atOne = await one.capture({ dev: "bond0" });
  await using atTwo = await two.capture({ dev: "bond0" });
  const answer = one.ping("10.0.0.2", { count: 1 });
  await clock.advance(11 * SECOND);
  expect(await answer).toMatchObject({ received: 1 });
  const requests = ({ bytes, isOutgoing }: { bytes: Uint8Array; isOutgoing: boolean }): boolean =>
    bytes[0] === 0xff && !isOutgoing;
  expect(atTwo.frames.filter(requests)).toHaveLength(1);
  expect(atOne.frames.filter(requests)).toHaveLength(0);
});

test("a LACPDU is what 802.1AX draws, from the slave's own address, each second between fast ones", async ({
  machine,
  clock,
}) => {
  const { one, two } = await wire(machine, { lacpRate: "fast" });
  await clock.advance(10 * SECOND);
  expect(await portOf(one, "a0")).toEqual([1, IN_USE | FAST, IN_USE | FAST]);
  await using capture = await two.capture({ dev: "b0" });
  await clock.advance(5 * SECOND);
  const heard = capture.frames
    .filter(({ bytes, isOutgoing }) => !isOutgoing && bytes[12] === ETH_P_SLOW >> 8)
    .map(({ bytes }) => bytes);
  expect(heard).toHaveLength(5);
  const [frame = new Uint8Array(0)] = heard;
  expect(frame).toHaveLength(124);
  const system = [...frame.subarray(6, 12)];
  const text = [...frame].map((byte) => byte.toString(16).padStart(2, "0"));
  expect(text.slice(0, 6).join(":")).toBe("01:80:c2:00:00:02");
  // The first slave's own address is the bond's, and so the system's.
  expect([...frame.subarray(20, 26)]).toEqual(system);
  // Type, subtype, version; actor: priority 65535, … key 15, priority 255, port 1, state.
  expect(text.slice(12, 20).join(" ")).toBe("88 09 01 01 01 14 ff ff");
  expect(text.slice(26, 36).join(" ")).toBe("00 0f 00 ff 00 01 3f 00 00 00");
  // The partner, just so; the collector holds frames for at most 5,000 × 10 µs; the end.
  expect(text.slice(36, 40).join(" ")).toBe("02 14 ff ff");
  expect(text.slice(46, 60).join(" ")).toBe("00 0f 00 ff 00 01 3f 00 00 00 03 10 13 88");
  expect(frame.subarray(60).every((byte) => byte === 0)).toBe(true);
});

test("a cut cable is left at the next look, and taken up again when it is mended", async ({
  machine,
  clock,
}) => {
  const { one, two } = await wire(machine, { lacpRate: "fast", minLinks: 2 });
  await clock.advance(10 * SECOND);
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_UP });
  await two.link.set("b0", { isUp: false });
  await clock.advance(SECOND);
  // One link is less than the two that a carrier takes.
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_DOWN });
  const [count] = await aggregatorOf(one);
  expect(count).toBe(1);
  await two.link.set("b0", { isUp: true });
  await clock.advance(10 * SECOND);
  expect(await aggregatorOf(one)).toEqual([2, 15, 15]);
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_UP });
});

test("pings go on while either cable is cut", async ({ machine, clock }) => {
  const { one, two } = await wire(machine);
  await clock.advance(10 * SECOND);
  for (const name of ["b0", "b1"]) {
    await two.link.set(name, { isUp: false });
    await clock.advance(SECOND);
    const answer = one.ping("10.0.0.2", { count: 2 });
    await clock.advance(12 * SECOND);
    expect(await answer, name).toMatchObject({ received: 2 });
    await two.link.set(name, { isUp: true });
    await clock.advance(10 * SECOND);
  }
});

test("a partner that falls silent is waited for, asked, and given up, each for three seconds", async ({
  machine,
  clock,
}) => {
  const { one, two } = await wire(machine, { lacpRate: "fast" });
  await clock.advance(10 * SECOND);
  await two.link.set("bond0", { isUp: false });
  await clock.advance(1.5 * SECOND);
  expect(await portOf(one, "a1")).toEqual([1, IN_USE | FAST, IN_USE | FAST]);
  await clock.advance(2.5 * SECOND);
  // Expired, and out of step with it: the port is not in use any more.
  expect((await portOf(one, "a1"))[1]).toBe(0x8f);
  await clock.advance(3 * SECOND);
  const [, actor = 0, partner] = await portOf(one, "a1");
  expect(actor & (DEFAULTED | FAST)).toBe(DEFAULTED | FAST);
  expect(partner).toBe(1);
  await two.link.set("bond0", { isUp: true });
  await clock.advance(10 * SECOND);
  expect((await portOf(one, "a1")).slice(1)).toEqual([IN_USE | FAST, IN_USE | FAST]);
  expect(await aggregatorOf(one)).toEqual([2, 15, 15]);
});

test("cables to different partners are two aggregators, of which one is used", async ({ machine, clock }) => {
  const hosts = { one: await machine.netns("one"), two: await machine.netns("two") };
  for (const netns of [hosts.one, hosts.two]) await addBond(netns, {});
  await hosts.two.link.add({ kind: "bond", name: "bond1", bond: { mode: "802.3ad" } });
  await addCable(hosts, 0);
  await hosts.one.link.add({ kind: "veth", name: "a1", peer: { name: "b1", netns: "two" } });
  await hosts.one.link.set("a1", { master: "bond0" });
  await hosts.two.link.set("b1", { master: "bond1" });
  await start(hosts);
  await hosts.two.link.set("bond1", { isUp: true });
  await clock.advance(10 * SECOND);
  expect(await aggregatorOf(hosts.one)).toEqual([1, 15, 15]);
  expect((await portOf(hosts.one, "a0"))[0]).not.toBe((await portOf(hosts.one, "a1"))[0]);
  // The one in use is cut: the other takes over.
  await hosts.two.link.set("b0", { isUp: false });
  await clock.advance(10 * SECOND);
  expect(await portOf(hosts.one, "a1")).toEqual([2, IN_USE, IN_USE]);
  expect(await hosts.one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_UP });
});

test("a partner that says nothing is a plain link", async ({ machine, clock }) => {
  const [one, two] = [await machine.netns("one"), await machine.netns("two")];
  await addBond(one, {});
  await one.link.add({ kind: "veth", name: "a0", peer: { name: "b0", netns: "two" } });
  await one.link.set("a0", { master: "bond0" });
  await one.link.set("bond0", { isUp: true });
  await two.link.set("b0", { isUp: true });
  await one.addr.add("10.0.0.1/24", { dev: "bond0" });
  await two.addr.add("10.0.0.2/24", { dev: "b0" });
  await clock.advance(10 * SECOND);
  expect(await portOf(one, "a0")).toEqual([1, DEFAULTED | IN_STEP, 1]);
  const answer = one.ping("10.0.0.2", { count: 2 });
  await clock.advance(12 * SECOND);
  expect(await answer).toMatchObject({ received: 2 });
});

test("a slave that goes takes none of the others along", async ({ machine, clock }) => {
  const { one, two } = await wire(machine);
  await clock.advance(10 * SECOND);
  await one.link.set("a0", { master: null });
  await clock.advance(5 * SECOND);
  expect(await aggregatorOf(one)).toEqual([1, 15, 15]);
  expect(await portOf(two, "b1")).toEqual([1, IN_USE, IN_USE]);
  await one.link.del("bond0");
  expect((await one.link.get("a1")).linkinfo?.slaveData).toBeUndefined();
});

test("a marker is answered with its response", async ({ machine, clock }) => {
  const { two } = await wire(machine);
  await clock.advance(10 * SECOND);
  const frame = new Uint8Array(124);
  frame.set([0x01, 0x80, 0xc2, 0, 0, 2, 2, 0, 0, 0, 0, 9, ETH_P_SLOW >> 8, ETH_P_SLOW & 0xff]);
  // Subtype, version, marker information: port 1, system, transaction 7.
  frame.set([lacp.SUBTYPE_MARKER, 1, lacp.MARKER_INFORMATION, 16, 0, 1, 2, 0, 0, 0, 0, 9, 0, 0, 0, 7], 14);
  await using capture = await two.capture({ dev: "b0" });
  send(machine, "one", "a0", frame);
  await clock.advance(SECOND);
  const answers = capture.frames.filter(
    ({ bytes, isOutgoing }) => isOutgoing && bytes[14] === lacp.SUBTYPE_MARKER,
  );
  expect(answers.map(({ bytes }) => [...bytes.subarray(14, 30)])).toEqual([
    [lacp.SUBTYPE_MARKER, 1, lacp.MARKER_RESPONSE, 16, 0, 1, 2, 0, 0, 0, 0, 9, 0, 0, 0, 7],
  ]);
});

test("broadcast_neighbor: what finds neighbours goes by all ports in use, the rest by one", async ({
  machine,
  clock,
}) => {
  const { one, two } = await wire(machine);
  await clock.advance(10 * SECOND);
  const data = (writer: MessageWriter): void => void writer.u8(link.IFLA_BOND_BROADCAST_NEIGH, 1);
  await setLink(one.rtnl, { ifname: "bond0", linkinfo: { kind: "bond", data } });
  await using left = await two.capture({ dev: "b0" });
  await using right = await two.capture({ dev: "b1" });
  const answer = one.ping("10.0.0.2", { count: 2 });
  await clock.advance(3 * SECOND);
  expect(await answer).toMatchObject({ received: 2 });
  const heard = (frames: typeof left.frames, type: number): number =>
    frames.filter(
      ({ bytes, isOutgoing }) => !isOutgoing && bytes[12] === type >> 8 && bytes[13] === (type & 255),
    ).length;
  expect(heard(left.frames, 0x806)).toBe(heard(right.frames, 0x806));
  expect(heard(left.frames, 0x806)).toBeGreaterThan(0);
  expect(heard(left.frames, 0x800) + heard(right.frames, 0x800)).toBe(2);
});

test("options of 802.3ad are refused in other modes and while up", async ({ machine }) => {
  const netns = await machine.netns("one");
  const add = netns.link.add({
    kind: "bond",
    name: "bond0",
    bond: { mode: "balance-xor", lacpRate: "fast" },
  });
  await expect(add).rejects.toMatchObject({ code: "EACCES", message: "option not supported in mode" });
  await addBond(netns, {});
  await netns.link.set("bond0", { isUp: true });
  const data = (writer: MessageWriter): void => writeBond(writer, { lacpRate: "fast" });
  const set = setLink(netns.rtnl, { ifname: "bond0", linkinfo: { kind: "bond", data } });
  await expect(set).rejects.toMatchObject({
    code: "EBUSY",
    message: "unable to set option because the bond is up",
  });
});
