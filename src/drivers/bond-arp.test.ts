// What: a bond that asks targets instead of looking at carriers finds out that a switch does not lead on any more, although
// its own cable is whole, and comes back when it does; what arp_validate makes of frames of others.
//
//   ns one  bond0 [a0]──[s0] br0 ns left  [l]──┐
//                 [a1]──[s1] br0 ns right [r]──┴─[e0|e1] br0 ns target      10.0.0.1 and 10.0.0.2
//                                                                         2001:db8::1 and 2001:db8::2
//
// Source: Documentation/networking/bonding.rst (arp_interval, arp_ip_target, ns_ip6_target, arp_validate, arp_missed_max).

import { expect } from "vitest";
import type { Machine, NetnsClient } from "../../src/index.ts";
import { MS, SECOND, test } from "../../test/fixtures.ts";
import { setBe32 } from "../bytes/endian.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { macToText, readMac } from "../bytes/mac.ts";
import { setLink } from "../client/link.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_OPER_UP } from "../uapi/if.ts";
import * as link from "../uapi/if_link.ts";

const TARGET = 0x0a00_0002;

interface World {
  readonly one: NetnsClient;
  readonly left: NetnsClient;
  readonly right: NetnsClient;
  readonly target: NetnsClient;
}

/** The options, with the target; each in 8 or 32 bits as they are. */
function options(mode: number, ...more: readonly (readonly [type: number, value: number])[]) {
  return (writer: MessageWriter): void => {
    writer.u8(link.IFLA_BOND_MODE, mode).u32(link.IFLA_BOND_ARP_INTERVAL, 100);
    const nest = writer.nest(link.IFLA_BOND_ARP_IP_TARGET);
    setBe32(writer.bytes, writer.attribute(0, 4), TARGET);
    writer.endNest(nest);
    for (const [type, value] of more) writer.u32(type, value);
  };
}

/** As `options`, with a target of IPv6. */
function nsOptions(target: string, ...more: readonly (readonly [type: number, value: number])[]) {
  return (writer: MessageWriter): void => {
    writer.u8(link.IFLA_BOND_MODE, 1).u32(link.IFLA_BOND_ARP_INTERVAL, 100);
    const nest = writer.nest(link.IFLA_BOND_NS_IP6_TARGET);
    writer.binary(0, ipv6FromText(target) ?? new Uint8Array());
    writer.endNest(nest);
    for (const [type, value] of more) writer.u32(type, value);
  };
}

async function wire(
  machine: Machine,
  data: (writer: MessageWriter) => void,
  prefix: "10.0.0." | "2001:db8::" = "10.0.0.",
): Promise<World> {
  const names = ["one", "left", "right", "target"] as const;
  const made = await Promise.all(names.map((name) => machine.netns(name)));
  const [one, left, right, target] = made;
  if (one === undefined || left === undefined || right === undefined || target === undefined)
    throw new Error("none");
  for (const netns of [left, right, target])
    await netns.link.add({ kind: "bridge", name: "br0", isUp: true });
  await one.link.add({ kind: "bond", name: "bond0" });
  await setLink(one.rtnl, { ifname: "bond0", linkinfo: { kind: "bond", data } });
  for (const [number, netns, name] of [
    [0, left, "left"],
    [1, right, "right"],
  ] as const) {
    await one.link.add({ kind: "veth", name: `a${number}`, peer: { name: `s${number}`, netns: name } });
    await netns.link.set(`s${number}`, { master: "br0", isUp: true });
    await one.link.set(`a${number}`, { master: "bond0" });
    await netns.link.add({ kind: "veth", name: "up", peer: { name: `e${number}`, netns: "target" } });
    await netns.link.set("up", { master: "br0", isUp: true });
    await target.link.set(`e${number}`, { master: "br0", isUp: true });
  }
  const length = prefix === "10.0.0." ? 24 : 64;
  await one.addr.add(`${prefix}1/${length}`, { dev: "bond0" });
  await target.addr.add(`${prefix}2/${length}`, { dev: "br0" });
  if (prefix === "10.0.0.") await one.link.set("bond0", { isUp: true });
  return { one, left, right, target };
}

/** As `wire`, with addresses of IPv6. A question of the bond, without a source, would end the target's look for duplicates. */
async function wire6(
  machine: Machine,
  clock: { advance(ns: number): Promise<void> },
  data: (writer: MessageWriter) => void,
): Promise<World> {
  const world = await wire(machine, data, "2001:db8::");
  await clock.advance(3 * SECOND);
  await world.one.link.set("bond0", { isUp: true });
  return world;
}

/** The slave that is sent by; the number of its link's failures. */
async function activeOf(one: NetnsClient): Promise<string | undefined> {
  const index = (await one.link.get("bond0")).linkinfo?.data?.child(link.IFLA_BOND_ACTIVE_SLAVE)?.u32();
  if (index === undefined) return undefined;
  return (await one.link.get(index)).ifname;
}

async function failuresOf(one: NetnsClient, name: string): Promise<number | undefined> {
  const data = (await one.link.get(name)).linkinfo?.slaveData;
  return data?.child(link.IFLA_BOND_SLAVE_LINK_FAILURE_COUNT)?.u32();
}

function isSolicitation(bytes: Uint8Array): boolean {
  return bytes[12] === 0x86 && bytes[13] === 0xdd && bytes[20] === 58 && bytes[54] === 135;
}

for (const validate of [0, 3, 4, 6]) {
  test(`active-backup, arp_validate ${validate}: a switch that leads nowhere is left for the other`, async ({
    machine,
    clock,
  }) => {
    const { one, left } = await wire(machine, options(1, [link.IFLA_BOND_ARP_VALIDATE, validate]));
    await clock.advance(5 * SECOND);
    expect(await activeOf(one)).toBe("a0");
    const failures = (await failuresOf(one, "a1")) ?? 0;
    const answer = one.ping("10.0.0.2", { count: 2 });
    await clock.advance(12 * SECOND);
    expect(await answer).toMatchObject({ received: 2 });
    await left.link.set("up", { isUp: false });
    await clock.advance(3 * SECOND);
    expect(await activeOf(one)).toBe("a1");
    // Its cable is whole all the time.
    expect((await one.link.get("a0")).operstate).toBe(IF_OPER_UP);
    expect(await failuresOf(one, "a1")).toBe(failures);
    const other = one.ping("10.0.0.2", { count: 2 });
    await clock.advance(12 * SECOND);
    expect(await other).toMatchObject({ received: 2 });
  });
}

for (const validate of [0, 3, 6]) {
  test(`a target of IPv6, arp_validate ${validate}: a switch that leads nowhere is left for the other`, async ({
    machine,
    clock,
  }) => {
    const data = nsOptions("2001:db8::2", [link.IFLA_BOND_ARP_VALIDATE, validate]);
    const { one, left, right } = await wire6(machine, clock, data);
    await clock.advance(5 * SECOND);
    // Which of the two it is depends on when each was asked by first.
    const isLeft = (await activeOf(one)) === "a0";
    const [used, spare, port] = isLeft ? ["a0", "a1", "s0"] : ["a1", "a0", "s1"];
    expect(await activeOf(one)).toBe(used);
    const failures = (await failuresOf(one, spare)) ?? 0;
    await using capture = await (isLeft ? left : right).capture({ dev: port });
    await clock.advance(SECOND);
    const asked = capture.frames.filter(({ bytes, isOutgoing }) => !isOutgoing && isSolicitation(bytes));
    expect(asked.length).toBeGreaterThanOrEqual(8);
    // To the group of the target, from the bond's address and for it.
    expect(macToText(readMac(asked[0]?.bytes ?? new Uint8Array(14), 0))).toBe("33:33:ff:00:00:02");
    await (isLeft ? left : right).link.set("up", { isUp: false });
    await clock.advance(3 * SECOND);
    expect(await activeOf(one)).toBe(spare);
    expect((await one.link.get(used)).operstate).toBe(IF_OPER_UP);
    expect(await failuresOf(one, spare)).toBe(failures);
    const answer = one.ping("2001:db8::2", { count: 2 });
    await clock.advance(12 * SECOND);
    expect(await answer).toMatchObject({ received: 2 });
  });
}

test("a target of IPv6 behind a VLAN is asked with its tag", async ({ machine, clock }) => {
  const { one, left } = await wire6(machine, clock, nsOptions("2001:db8:5::2"));
  await one.link.add({ kind: "vlan", name: "v5", link: "bond0", vlan: { id: 5 }, isUp: true });
  await one.addr.add("2001:db8:5::1/64", { dev: "v5" });
  await clock.advance(5 * SECOND);
  await using atLeft = await left.capture({ dev: "s0" });
  await clock.advance(SECOND);
  const tagged = atLeft.frames.filter(({ bytes, isOutgoing }) => !isOutgoing && bytes[12] === 0x81);
  expect(tagged.length).toBeGreaterThanOrEqual(4);
  expect([...(tagged[0]?.bytes.subarray(12, 18) ?? [])]).toEqual([0x81, 0, 0, 5, 0x86, 0xdd]);
});

test("without an answer by any slave there is no carrier, and each is asked by in turns", async ({
  machine,
  clock,
}) => {
  const { one, left, right, target } = await wire(machine, options(1, [link.IFLA_BOND_ARP_VALIDATE, 3]));
  await clock.advance(5 * SECOND);
  await target.link.set("br0", { isUp: false });
  await clock.advance(3 * SECOND);
  expect(await activeOf(one)).toBeUndefined();
  await using atLeft = await left.capture({ dev: "s0" });
  await using atRight = await right.capture({ dev: "s1" });
  await clock.advance(SECOND);
  for (const { frames } of [atLeft, atRight]) {
    const asked = frames.filter(({ bytes, isOutgoing }) => !isOutgoing && bytes[12] === 8 && bytes[13] === 6);
    // Ten intervals for two slaves.
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(asked.length).toBeLessThanOrEqual(6);
  }
  await target.link.set("br0", { isUp: true });
  await clock.advance(3 * SECOND);
  expect(await activeOf(one)).toMatch(/^a[01]$/);
});

test("balance-rr: a slave on which nothing is heard is left out after two intervals", async ({
  machine,
  clock,
}) => {
  const { one, left } = await wire(machine, options(0));
  await clock.advance(2 * SECOND);
  const status = async (name: string): Promise<number | undefined> =>
    (await one.link.get(name)).linkinfo?.slaveData?.child(link.IFLA_BOND_SLAVE_MII_STATUS)?.u8();
  expect([await status("a0"), await status("a1")]).toEqual([0, 0]);
  await left.link.set("up", { isUp: false });
  await clock.advance(150 * MS);
  expect(await status("a0")).toBe(0);
  await clock.advance(SECOND);
  expect([await status("a0"), await status("a1")]).toEqual([2, 0]);
  await left.link.set("up", { isUp: true });
  await clock.advance(SECOND);
  expect(await status("a0")).toBe(0);
});

test("targets are as many as there are places for, each once, and neither monitor beside the other", async ({
  machine,
}) => {
  const netns = await machine.netns("one");
  await netns.link.add({ kind: "bond", name: "bond0" });
  const set = (data: (writer: MessageWriter) => void): Promise<unknown> =>
    setLink(netns.rtnl, { ifname: "bond0", linkinfo: { kind: "bond", data } });
  const targets =
    (...addresses: number[]) =>
    (writer: MessageWriter): void => {
      const nest = writer.nest(link.IFLA_BOND_ARP_IP_TARGET);
      for (const [index, address] of addresses.entries())
        setBe32(writer.bytes, writer.attribute(index, 4), address);
      writer.endNest(nest);
    };
  const wrong = { code: "EINVAL", message: "invalid option value" };
  await expect(set(targets(TARGET, TARGET))).rejects.toMatchObject(wrong);
  await expect(set(targets(0))).rejects.toMatchObject(wrong);
  await expect(set(targets(0xffff_ffff))).rejects.toMatchObject(wrong);
  await expect(
    set(targets(...Array.from({ length: 17 }, (_, index) => TARGET + index))),
  ).rejects.toMatchObject(wrong);
  await expect(
    set((writer) => writer.u32(link.IFLA_BOND_MIIMON, 100).u32(link.IFLA_BOND_ARP_INTERVAL, 100)),
  ).rejects.toMatchObject({ message: "ARP monitoring cannot be used with MII monitoring" });
  await set((writer) => writer.u32(link.IFLA_BOND_MIIMON, 100));
  await set((writer) => writer.u32(link.IFLA_BOND_ARP_INTERVAL, 100));
  const data = (await netns.link.get("bond0")).linkinfo?.data;
  expect(data?.child(link.IFLA_BOND_MIIMON)?.u32()).toBe(0);
});
