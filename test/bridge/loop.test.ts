// What: bridges in a loop. Without spanning tree a storm turns round, bounded and counted, and the machine answers meanwhile;
// with it one port blocks, and another one takes over when the way to the root goes.
//
//   h0 ── p0 ┬ br0 ┬ a0 ── b0 ┬ br1 ┬ p1 ── h1
//                  └ a1 ── b1 ┘
//
// Source: IEEE 802.1D-1998 8.6 to 8.10; net/bridge/br_stp.c for its timers (forward delay twice, max age).

import { expect, test } from "vitest";
import { Ear, World } from "./world.ts";

const SECOND = 1_000_000_000;
const all = "ffffffffffff";
const body = `88b5${"00".repeat(46)}`;

async function build(stp: 0 | 1, maxBacklog = 1_000): Promise<World> {
  const world = new World({ maxBacklog });
  for (const [number, address] of [
    [0, "02:00:00:00:00:b0"],
    [1, "02:00:00:00:00:b1"],
  ] as const) {
    const settings = `stp_state ${stp} mcast_snooping 0 vlan_default_pvid 0`;
    await world.do(`ip link add br${number} address ${address} type bridge ${settings}`);
    await world.do(`ip link set br${number} addrgenmode none`, `ip link set br${number} up`);
    await world.port(`br${number}`, `p${number}`, `h${number}`);
  }
  for (const number of [0, 1]) {
    await world.port("br0", `a${number}`, `b${number}`);
    await world.do(`ip link set b${number} master br1`);
  }
  return world;
}

async function states(world: World): Promise<string[]> {
  const { stdout } = await world.try("bridge link");
  return [...stdout.matchAll(/(\w+)@.* state (\w+)/g)].map(([, name, state]) => `${name} ${state}`);
}

test("a storm is bounded, its drops are counted, and the machine answers", async () => {
  const world = await build(0, 100);
  for (let sent = 0; sent < 300; sent++) await world.send("h0", `${all} 0200000000a0 ${body}`);
  const names = ["p0", "a0", "a1", "b0", "b1", "p1", "br0", "br1", "h0", "h1"];
  for (const name of names) expect(world.device(name).backlogLength).toBeLessThanOrEqual(100);
  const dropped = names.map((name) => world.device(name).drops?.get("backlog") ?? 0);
  expect(Math.max(...dropped)).toBeGreaterThan(0);
  expect((await world.try("ip link show br0")).code).toBe(0);
  await world.do("ip link set a1 down");
  await world.clock.advance(1_000_000);
  expect(names.map((name) => world.device(name).backlogLength)).toEqual(names.map(() => 0));
  world.close();
});

test("one port of the loop blocks, and frames come once", async () => {
  const world = await build(1);
  await world.clock.advance(35 * SECOND);
  expect(await states(world)).toEqual([
    "p0 forwarding",
    "p1 forwarding",
    "b0 forwarding",
    "a0 forwarding",
    "b1 blocking",
    "a1 forwarding",
  ]);
  const ear = new Ear(world.device("h1"));
  await world.send("h0", `${all} 0200000000a0 ${body}`);
  expect(ear.take()).toEqual([`${all}0200000000a0${body}`]);
  ear.close();
  expect((await world.try("ip -d link show br1")).stdout).toContain("root_port 2 root_path_cost 2 ");
  world.close();
});

test("the blocked port takes over when the other way goes", async () => {
  const world = await build(1);
  await world.clock.advance(35 * SECOND);
  await world.do("ip link set a0 down");
  await world.clock.advance(31 * SECOND);
  expect(await states(world)).toContain("b1 forwarding");
  const ear = new Ear(world.device("h1"));
  await world.send("h0", `${all} 0200000000a0 ${body}`);
  expect(ear.take()).toEqual([`${all}0200000000a0${body}`]);
  ear.close();
  world.close();
});

test("a better bridge becomes the root", async () => {
  const world = await build(1);
  await world.clock.advance(35 * SECOND);
  await world.do("ip link set br1 type bridge priority 4096");
  await world.clock.advance(40 * SECOND);
  const { stdout } = await world.try("ip -d link show br0");
  expect(stdout).toContain("designated_root 1000.2:0:0:0:0:b1 ");
  expect(await states(world)).toContain("a1 blocking");
  world.close();
});

test("towers of bridges and devices on them have eight storeys at most", async () => {
  const world = new World();
  await world.do("ip link add dm0 type dummy");
  let lower = "dm0";
  for (let storey = 2; storey <= 8; storey++) {
    await world.do(`ip link add link ${lower} v${storey} type vlan id ${storey}`);
    lower = `v${storey}`;
  }
  await world.do("ip link add br0 type bridge");
  expect(await world.try(`ip link set ${lower} master br0`)).toMatchObject({
    stderr: "RTNETLINK answers: Too many links\n",
    code: 2,
  });
  world.close();
});
