// What: two VRFs with the same addresses do not know of one another.
//
//   ns one [a]──[a0]┐         ┌[b0]──[b] ns two        a and b are 10.0.0.2, a0 and b0 10.0.0.1, all in /24
//                  red       blue

import { expect } from "vitest";
import { SECOND, test } from "../../test/fixtures.ts";

test("a host with two VRFs answers in each, by the table of each", async ({ machine, clock }) => {
  const host = await machine.netns();
  const [one, two] = [await machine.netns("one"), await machine.netns("two")];
  for (const [vrf, table, port, name, netns] of [
    ["red", 10, "a0", "a", one],
    ["blue", 11, "b0", "b", two],
  ] as const) {
    await host.link.add({ kind: "vrf", name: vrf, isUp: true, vrf: { table } });
    const peer = { name, netns: netns === one ? "one" : "two" };
    await host.link.add({ kind: "veth", name: port, peer });
    await host.link.set(port, { master: vrf, isUp: true });
    await netns.link.set(name, { isUp: true });
    await host.addr.add("10.0.0.1/24", { dev: port });
    await host.addr.add("fd00::1/64", { dev: port });
    await netns.addr.add("10.0.0.2/24", { dev: name });
    await netns.addr.add("fd00::2/64", { dev: name });
  }
  await clock.advance(3 * SECOND);
  for (const [netns, address] of [
    [one, "10.0.0.1"],
    [two, "10.0.0.1"],
    [one, "fd00::1"],
    [two, "fd00::1"],
  ] as const) {
    const answer = netns.ping(address, { count: 1 });
    await clock.advance(11 * SECOND);
    expect(await answer, address).toMatchObject({ received: 1 });
  }
  // The other way the table is chosen by the device that is named; without one there is no route.
  for (const [address, dev, received] of [
    ["10.0.0.2", "red", 1],
    ["10.0.0.2", "blue", 1],
    ["fd00::2", "red", 1],
    ["10.0.0.1", "red", 1],
  ] as const) {
    const answer = host.ping(address, { count: 1, dev });
    await clock.advance(11 * SECOND);
    expect(await answer, `${address} ${dev}`).toMatchObject({ received });
  }
});
