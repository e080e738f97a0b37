// What: a bond that balances loads: by which cable what is sent goes and what is received comes, what addresses its slaves have,
// what switches and clients are told.
//
//   ns host  bond0 [a0]──[s0]             ┌─[p2]──[eth0] ns c2     10.0.0.1, clients 10.0.0.2 and 10.0.0.3
//                  [a1]──[s1] ns switch br0 ─[p3]──[eth0] ns c3
//
// Source: Documentation/networking/bonding.rst (balance-tlb, balance-alb, tlb_dynamic_lb, lp_interval); the times are those of
// include/net/bond_alb.h.

import { expect } from "vitest";
import type { Machine, NetnsClient } from "../../src/index.ts";
import { MS, SECOND, test } from "../../test/fixtures.ts";
import { setLink } from "../client/link.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as link from "../uapi/if_link.ts";

const A0 = "02:00:00:00:00:a0";
const A1 = "02:00:00:00:00:a1";
const BOND = "02:00:00:00:00:bb";
const TLB = 5;
const ALB = 6;
const LOOPBACK_TYPE = 0x9000;

interface World {
  readonly host: NetnsClient;
  readonly hub: NetnsClient;
  readonly clients: readonly NetnsClient[];
}

type Captured = Awaited<ReturnType<NetnsClient["capture"]>>["frames"][number];

async function setBond(netns: NetnsClient, data: (writer: MessageWriter) => void): Promise<void> {
  await setLink(netns.rtnl, { ifname: "bond0", linkinfo: { kind: "bond", data } });
}

async function wire(machine: Machine, mode: number, data?: (writer: MessageWriter) => void): Promise<World> {
  const [host, hub] = [await machine.netns("host"), await machine.netns("hub")];
  await hub.link.add({ kind: "bridge", name: "br0", isUp: true });
  await host.link.add({ kind: "bond", name: "bond0", address: BOND });
  await setBond(host, (writer) => {
    writer.u8(link.IFLA_BOND_MODE, mode);
    data?.(writer);
  });
  for (const [name, address] of [
    ["a0", A0],
    ["a1", A1],
  ] as const) {
    const port = name.replace("a", "s");
    await host.link.add({ kind: "veth", name, address, peer: { name: port, netns: "hub" } });
    await hub.link.set(port, { master: "br0", isUp: true });
    await host.link.set(name, { master: "bond0" });
  }
  await host.link.set("bond0", { isUp: true });
  await host.addr.add("10.0.0.1/24", { dev: "bond0" });
  const clients: NetnsClient[] = [];
  for (const number of [2, 3]) {
    const client = await machine.netns(`c${number}`);
    const peer = { name: `p${number}`, netns: "hub" };
    await client.link.add({ kind: "veth", name: "eth0", isUp: true, peer });
    await hub.link.set(`p${number}`, { master: "br0", isUp: true });
    await client.addr.add(`10.0.0.${number}/24`, { dev: "eth0" });
    clients.push(client);
  }
  return { host, hub, clients };
}

async function addressesOf(netns: NetnsClient): Promise<(string | undefined)[]> {
  return [(await netns.link.get("a0")).address, (await netns.link.get("a1")).address];
}

/** How many of the frames that the switch got at a port hold an ICMP echo request. */
function echoes(frames: readonly Captured[]): number {
  return frames.filter(({ bytes, isOutgoing }) => !isOutgoing && typeOf(bytes) === 0x800 && bytes[34] === 8)
    .length;
}

function typeOf(bytes: Uint8Array): number {
  return ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
}

function macAt(bytes: Uint8Array, at: number): string {
  return [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

async function pingAll(
  { host }: World,
  clock: { advance(ns: number): Promise<void> },
  count: number,
): Promise<void> {
  const answers = [2, 3].map((number) => host.ping(`10.0.0.${number}`, { count, intervalMs: 100 }));
  await clock.advance(count * 100 * MS + 5 * SECOND);
  for (const answer of answers) expect(await answer).toMatchObject({ received: count });
}

for (const [mode, name] of [
  [TLB, "balance-tlb"],
  [ALB, "balance-alb"],
] as const) {
  test(`${name}: the active slave has the bond's address, the other one its own`, async ({ machine }) => {
    const { host } = await wire(machine, mode);
    expect(await addressesOf(host)).toEqual([BOND, A1]);
    // They change addresses when another one becomes active.
    const a1 = (await host.link.get("a1")).ifindex;
    await setBond(host, (writer) => writer.u32(link.IFLA_BOND_ACTIVE_SLAVE, a1));
    expect(await addressesOf(host)).toEqual([A1, BOND]);
    await host.link.set("a1", { master: null });
    expect(await addressesOf(host)).toEqual([BOND, A1]);
    await host.link.set("a0", { master: null });
    expect(await addressesOf(host)).toEqual([A0, A1]);
  });

  test(`${name}: clients are reached by both slaves, once it is known how much each conversation sends`, async ({
    machine,
    clock,
  }) => {
    const world = await wire(machine, mode);
    // What is not known yet goes by the first slave; ten seconds later it is balanced.
    await pingAll(world, clock, 60);
    await clock.advance(10 * SECOND);
    await using left = await world.hub.capture({ dev: "s0" });
    await using right = await world.hub.capture({ dev: "s1" });
    await pingAll(world, clock, 10);
    expect([echoes(left.frames), echoes(right.frames)].sort((one, other) => one - other)).toEqual([10, 10]);
    // Each slave sends from its own address.
    for (const [{ frames }, address] of [
      [left, BOND],
      [right, A1],
    ] as const) {
      for (const { bytes, isOutgoing } of frames) if (!isOutgoing) expect(macAt(bytes, 6)).toBe(address);
    }
  });

  test(`${name}: a slave whose link is cut is left for the other`, async ({ machine, clock }) => {
    const world = await wire(machine, mode);
    await pingAll(world, clock, 5);
    await world.hub.link.set("s0", { isUp: false });
    // Clients are told within three seconds.
    await clock.advance(4 * SECOND);
    expect(await addressesOf(world.host)).toEqual([A1, BOND]);
    await pingAll(world, clock, 5);
    await world.hub.link.set("s0", { isUp: true });
    await world.hub.link.set("s1", { isUp: false });
    await clock.advance(4 * SECOND);
    await pingAll(world, clock, 5);
  });

  test(`${name}: switches are told each lp_interval where the addresses are`, async ({ machine, clock }) => {
    const { hub } = await wire(machine, mode, (writer) => writer.u32(link.IFLA_BOND_LP_INTERVAL, 3));
    await clock.advance(4 * SECOND);
    for (const [port, address] of [
      ["s0", BOND],
      ["s1", A1],
    ] as const) {
      await using capture = await hub.capture({ dev: port });
      await clock.advance(9 * SECOND);
      const told = capture.frames.filter(
        ({ bytes, isOutgoing }) => !isOutgoing && typeOf(bytes) === LOOPBACK_TYPE,
      );
      expect(told.map(({ bytes }) => [macAt(bytes, 0), macAt(bytes, 6), bytes.length])).toEqual(
        new Array(3).fill([address, address, 60]),
      );
    }
  });
}

test("balance-tlb: all is received by the active slave", async ({ machine, clock }) => {
  const world = await wire(machine, TLB);
  await pingAll(world, clock, 3);
  await using right = await world.hub.capture({ dev: "s1" });
  const answers = world.clients.map((client) => client.ping("10.0.0.1", { count: 4, intervalMs: 100 }));
  await clock.advance(10 * SECOND);
  for (const answer of answers) expect(await answer).toMatchObject({ received: 4 });
  expect(right.frames.filter(({ bytes, isOutgoing }) => isOutgoing && typeOf(bytes) === 0x800)).toEqual([]);
});

test("balance-tlb without tlb_dynamic_lb: a hash chooses, and again the same", async ({ machine, clock }) => {
  const world = await wire(machine, TLB, (writer) =>
    writer.u8(link.IFLA_BOND_XMIT_HASH_POLICY, 2).u8(link.IFLA_BOND_TLB_DYNAMIC_LB, 0),
  );
  await using left = await world.hub.capture({ dev: "s0" });
  await using right = await world.hub.capture({ dev: "s1" });
  await pingAll(world, clock, 10);
  await clock.advance(30 * SECOND);
  await pingAll(world, clock, 10);
  // All 20 to each client by one slave.
  expect((echoes(left.frames) % 20) + (echoes(right.frames) % 20)).toBe(0);
  // Nothing is told from time to time: there is no clock.
  expect(right.frames.filter(({ bytes }) => typeOf(bytes) === LOOPBACK_TYPE)).toEqual([]);
});

test("balance-alb: each client is told another slave's address, and sends to that", async ({
  machine,
  clock,
}) => {
  const world = await wire(machine, ALB);
  await pingAll(world, clock, 5);
  await clock.advance(10 * SECOND);
  const told: (string | undefined)[] = [];
  for (const client of world.clients) {
    const neighbours = await client.neigh.list();
    told.push(neighbours.find(({ address }) => address === "10.0.0.1")?.lladdr);
  }
  expect(told.sort()).toEqual([A1, BOND]);
  await using left = await world.hub.capture({ dev: "s0" });
  await using right = await world.hub.capture({ dev: "s1" });
  const answers = world.clients.map((client) => client.ping("10.0.0.1", { count: 4, intervalMs: 100 }));
  await clock.advance(10 * SECOND);
  for (const answer of answers) expect(await answer).toMatchObject({ received: 4 });
  for (const { frames } of [left, right]) {
    const received = frames.filter(({ bytes, isOutgoing }) => isOutgoing && typeOf(bytes) === 0x800);
    expect(received).toHaveLength(4);
  }
});

test("balance-alb: clients of a slave that is gone are told the other one's address", async ({
  machine,
  clock,
}) => {
  const world = await wire(machine, ALB);
  await pingAll(world, clock, 5);
  await clock.advance(10 * SECOND);
  await world.hub.link.set("s1", { isUp: false });
  await clock.advance(5 * SECOND);
  for (const client of world.clients) {
    const neighbours = await client.neigh.list();
    expect(neighbours.find(({ address }) => address === "10.0.0.1")?.lladdr).toBe(BOND);
  }
  // The active slave hears for ten seconds what is still sent to the address of the other.
  expect((await world.host.link.get("a0")).promiscuity).toBe(1);
  await clock.advance(10 * SECOND);
  expect((await world.host.link.get("a0")).promiscuity).toBe(0);
});

test("balance-alb: what is for all comes by both slaves, and is received once", async ({
  machine,
  clock,
}) => {
  const { host, clients } = await wire(machine, ALB);
  await clock.advance(SECOND);
  await using capture = await host.capture({ dev: "bond0" });
  const answer = clients[0]?.ping("10.0.0.99", { count: 1 });
  await clock.advance(20 * SECOND);
  expect(await answer).toMatchObject({ received: 0 });
  const asked = capture.frames.filter(({ bytes, isOutgoing }) => !isOutgoing && typeOf(bytes) === 0x806);
  expect(asked).toHaveLength(3);
});

test("balance-alb: a slave of the bond's own address gets a free one", async ({ machine }) => {
  const { host } = await wire(machine, ALB);
  await host.link.add({ kind: "veth", name: "a2", address: BOND, peer: { name: "s2", netns: "hub" } });
  await host.link.set("a2", { master: "bond0" });
  expect((await host.link.get("a2")).address).toBe(A0);
  await host.link.set("a2", { master: null });
  expect((await host.link.get("a2")).address).toBe(BOND);
});

test("balance-alb: the active slave follows the bond to another address", async ({ machine }) => {
  const { host } = await wire(machine, ALB);
  await host.link.set("bond0", { address: "02:00:00:00:00:cc" });
  expect(await addressesOf(host)).toEqual(["02:00:00:00:00:cc", A1]);
  // One that another slave has: they change.
  await host.link.set("bond0", { address: A1 });
  expect(await addressesOf(host)).toEqual([A1, "02:00:00:00:00:cc"]);
});
