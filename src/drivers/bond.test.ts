// What: two hosts with a bond of two cables each: what goes by which cable, in every mode, and what happens when one is cut.
//
//   ns one  bond0 [a0]───[b0] bond0  ns two      10.0.0.1 and 10.0.0.2
//                 [a1]───[b1]

import { expect } from "vitest";
import type { Machine, NetnsClient } from "../../src/index.ts";
import { SECOND, test } from "../../test/fixtures.ts";
import type { BondOptions } from "../client/kinds/bond.ts";
import { IF_OPER_DOWN, IF_OPER_UP } from "../uapi/if.ts";

interface Hosts {
  readonly one: NetnsClient;
  readonly two: NetnsClient;
}

async function wire(machine: Machine, bond: BondOptions): Promise<Hosts> {
  const [one, two] = [await machine.netns("one"), await machine.netns("two")];
  for (const netns of [one, two]) await netns.link.add({ kind: "bond", name: "bond0", bond });
  for (const number of [0, 1]) {
    await one.link.add({ kind: "veth", name: `a${number}`, peer: { name: `b${number}`, netns: "two" } });
    await one.link.set(`a${number}`, { master: "bond0" });
    await two.link.set(`b${number}`, { master: "bond0" });
  }
  for (const netns of [one, two]) await netns.link.set("bond0", { isUp: true });
  await one.addr.add("10.0.0.1/24", { dev: "bond0" });
  await two.addr.add("10.0.0.2/24", { dev: "bond0" });
  return { one, two };
}

async function sent(netns: NetnsClient, name: string): Promise<number> {
  return (await netns.link.get(name)).stats64?.txPackets ?? 0;
}

for (const mode of ["balance-rr", "active-backup", "balance-xor", "broadcast"] as const) {
  test(`${mode}: the hosts reach each other`, async ({ machine, clock }) => {
    const { one } = await wire(machine, { mode, miimon: 100 });
    await clock.advance(2 * SECOND);
    const before = [await sent(one, "a0"), await sent(one, "a1")];
    const answer = one.ping("10.0.0.2", { count: 8 });
    await clock.advance(30 * SECOND);
    expect(await answer).toMatchObject({ received: 8 });
    const [first = 0, second = 0] = [
      (await sent(one, "a0")) - (before[0] ?? 0),
      (await sent(one, "a1")) - (before[1] ?? 0),
    ];
    if (mode === "active-backup") expect([first >= 8, second]).toEqual([true, 0]);
    if (mode === "balance-xor") expect(Math.min(first, second)).toBeLessThan(2);
    if (mode === "balance-rr") expect(Math.abs(first - second)).toBeLessThan(2);
    if (mode === "broadcast") expect(first).toBe(second);
  });
}

test("a cut cable is noticed at the next look, and the backup takes over", async ({ machine, clock }) => {
  const { one, two } = await wire(machine, { mode: "active-backup", miimon: 100 });
  await clock.advance(SECOND);
  await two.link.set("b0", { isUp: false });
  await clock.advance(SECOND);
  const answer = one.ping("10.0.0.2", { count: 3 });
  await clock.advance(12 * SECOND);
  expect(await answer).toMatchObject({ received: 3 });
  await two.link.set("b1", { isUp: false });
  await clock.advance(SECOND);
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_DOWN });
  await two.link.set("b1", { isUp: true });
  await clock.advance(SECOND);
  expect(await one.link.get("bond0")).toMatchObject({ operstate: IF_OPER_UP });
});

test("slaves have the bond's address and MTU while they are slaves", async ({ machine }) => {
  const { one } = await wire(machine, {});
  const bond = await one.link.get("bond0");
  expect((await one.link.get("a1")).address).toBe(bond.address);
  await one.link.set("bond0", { mtu: 1_400 });
  expect(await one.link.get("a1")).toMatchObject({ mtu: 1_400 });
  await one.link.set("a1", { master: null });
  const freed = await one.link.get("a1");
  expect(freed.mtu).toBe(1_500);
  expect(freed.address).not.toBe(bond.address);
  await one.link.del("a0");
  expect((await one.link.get("bond0")).address).not.toBe(bond.address);
  await expect(one.link.set("bond0", { master: "bond0" })).rejects.toThrow("Cannot enslave bond to itself.");
});

test("what excludes each other is refused", async ({ machine }) => {
  const netns = await machine.netns("one");
  const add = (bond: BondOptions): Promise<unknown> => netns.link.add({ kind: "bond", name: "bond0", bond });
  await expect(add({ upDelay: 100 })).rejects.toMatchObject({ code: "EPERM" });
  await add({ miimon: 30, upDelay: 100 });
  await netns.link.add({ kind: "dummy", name: "d0", isUp: true });
  await expect(netns.link.set("d0", { master: "bond0" })).rejects.toThrow(
    "Device can not be enslaved while up",
  );
});
