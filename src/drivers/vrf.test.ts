// What: two VRFs with the same addresses do not know of one another.
//
//   ns one [a]──[a0]┐         ┌[b0]──[b] ns two        a and b are 10.0.0.2, a0 and b0 10.0.0.1, all in /24
//                  red       blue

import { expect } from "vitest";
import { SECOND, test } from "../../test/fixtures.ts";
import { frameFrom } from "../net/frame.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { echoFrame, ethernetFrame } from "../testkit/frames.ts";

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

test("who looks at a VRF sees what comes in by its ports, but not what stays on their links", async ({
  machine,
  clock,
}) => {
  const host = await machine.netns("host");
  const one = await machine.netns("one");
  await host.link.add({ kind: "vrf", name: "red", isUp: true, vrf: { table: 10 } });
  await host.link.add({ kind: "veth", name: "a0", peer: { name: "a", netns: "one" } });
  await host.link.set("a0", { master: "red", isUp: true });
  await one.link.set("a", { isUp: true });
  for (const [netns, dev, number] of [
    [host, "a0", 1],
    [one, "a", 2],
  ] as const) {
    await netns.addr.add(`10.0.0.${number}/24`, { dev });
    await netns.addr.add(`fd00::${number}/64`, { dev });
  }
  await clock.advance(3 * SECOND);
  await using capture = await host.capture({ dev: "red" });
  for (const address of ["10.0.0.1", "fd00::1"]) {
    const answer = one.ping(address, { count: 1 });
    await clock.advance(11 * SECOND);
    expect(await answer).toMatchObject({ received: 1 });
  }
  // Echo requests, as frames that leave; neither ARP nor neighbour discovery. The answers go by the port itself.
  expect(capture.frames.map(({ bytes, isOutgoing }) => [bytes[12], bytes[13], isOutgoing])).toEqual([
    [0x08, 0x00, true],
    [0x86, 0xdd, true],
  ]);
});

test("a packet that is written to a VRF goes the way its table has, and is counted when there is none", async ({
  machine,
  clock,
}) => {
  const host = await machine.netns("host");
  const one = await machine.netns("one");
  await host.link.add({ kind: "vrf", name: "red", isUp: true, vrf: { table: 10 } });
  await host.link.add({ kind: "veth", name: "a0", peer: { name: "a", netns: "one" } });
  await host.link.set("a0", { master: "red", isUp: true });
  await one.link.set("a", { isUp: true });
  for (const [netns, dev, number] of [
    [host, "a0", 1],
    [one, "a", 2],
  ] as const) {
    await netns.addr.add(`10.0.0.${number}/24`, { dev });
    await netns.addr.add(`fd00::${number}/64`, { dev });
  }
  await clock.advance(3 * SECOND);
  const { core } = machine;
  const red = [...(core.netnsNames.get("host")?.devices.values() ?? [])].find(({ name }) => name === "red");
  const write = async (bytes: Uint8Array): Promise<void> => {
    const frame = frameFrom(core.frames, bytes);
    if (red === undefined || frame === null) throw new Error("Nothing can be written");
    frame.dev = red;
    frame.protocol = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
    devQueueXmit(frame);
    await clock.advance(SECOND);
  };
  await using capture = await one.capture({ dev: "a", filter: "icmp[0] = 8 or icmp6[0] = 128" });
  const echo = (source: string, destination: string): Uint8Array =>
    echoFrame({ from: "02:00:00:00:00:09", to: "02:00:00:00:00:09", source, destination });
  await write(echo("10.0.0.1", "10.0.0.2"));
  await write(echo("fd00::1", "fd00::2"));
  expect(capture.frames).toHaveLength(2);
  const before = (await host.link.get("red")).stats64;
  // The answers came in by a port, and count here too, from their IP headers on.
  expect(before).toMatchObject({ txPackets: 2, txErrors: 0, rxPackets: 2, rxBytes: 28 + 48 });
  // To the host itself: it comes back in by the device; so does the answer.
  await write(echo("10.0.0.1", "10.0.0.1"));
  expect((await host.link.get("red")).stats64).toMatchObject({ txPackets: 4, rxPackets: 4, txErrors: 0 });
  await write(echo("10.0.0.1", "10.9.9.9"));
  await write(ethernetFrame({}, 0x88b5, new Uint8Array(46)));
  expect((await host.link.get("red")).stats64).toMatchObject({ txPackets: 4, txErrors: 2, txDropped: 2 });
});
