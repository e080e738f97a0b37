// What tests of the whole are given: a machine under a virtual clock, and a pair in two namespaces, made over netlink like
// everything else. Each ends with a check that nothing is left: no frame, timer, device, socket.
//
//   netns red [v0]──────[v1] netns blue

import { test as base, expect } from "vitest";
import { writeVethPeer } from "../src/client/kinds/veth.ts";
import { addLink, setLink } from "../src/client/link.ts";
import { UvethClient } from "../src/client/uveth.ts";
import type { Machine, VirtualClock } from "../src/index.ts";
import type { Device } from "../src/net/netdevice.ts";
import { NetlinkClient } from "../src/netlink/client.ts";
import { closeAndFindLeaks, createTestMachine } from "../src/testkit/index.ts";
import { IFF_UP } from "../src/uapi/if.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE } from "../src/uapi/netlink.ts";

/** Nanoseconds in a millisecond and in a second. */
export const MS = 1_000_000;
export const SECOND = 1_000 * MS;

/** A pair whose ends are up in `red` and `blue`. */
export interface Pair {
  /** `v0` in `red` and `v1` in `blue`. */
  readonly red: Device;
  readonly blue: Device;
}

/** What a test can ask for by name. */
export interface Fixtures {
  /** A machine of its own, and what moves its time. */
  readonly world: { readonly machine: Machine; readonly clock: VirtualClock };
  readonly machine: Machine;
  readonly clock: VirtualClock;
  /** Clients in the initial namespace. */
  readonly route: NetlinkClient;
  readonly uveth: UvethClient;
  readonly pair: Pair;
}

/** Vitest's `test` with the fixtures of this file. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  world: async ({}, use) => {
    const world = createTestMachine();
    await use(world);
    expect(closeAndFindLeaks(world.machine)).toEqual([]);
  },
  machine: ({ world }, use) => use(world.machine),
  clock: ({ world }, use) => use(world.clock),
  route: async ({ machine }, use) => {
    const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
    await use(client);
    client.close();
  },
  uveth: async ({ machine }, use) => {
    const client = await openUveth(machine);
    await use(client);
    client.close();
  },
  pair: async ({ machine, uveth }, use) => {
    await uveth.addNetns("red");
    await uveth.addNetns("blue");
    await use(await addPair(machine));
  },
});

/** A client of the family `uveth` in the namespace `netns`, by default the initial one. Whoever opens it closes it. */
export async function openUveth(machine: Machine, netns?: string): Promise<UvethClient> {
  return UvethClient.open(new NetlinkClient(await machine.openSocket({ protocol: NETLINK_GENERIC, netns })));
}

async function addPair(machine: Machine): Promise<Pair> {
  const red = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE, netns: "red" }));
  const blue = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE, netns: "blue" }));
  const target = await machine.openNetns("blue");
  const peer = { ifname: "v1", netNsFd: target.fd };
  const linkinfo = {
    kind: "veth",
    data: (writer: Parameters<typeof writeVethPeer>[0]) => writeVethPeer(writer, peer),
  };
  await addLink(red, { ifname: "v0", linkinfo });
  target.close();
  await setLink(red, { ifname: "v0", flags: IFF_UP, change: IFF_UP });
  await setLink(blue, { ifname: "v1", flags: IFF_UP, change: IFF_UP });
  red.close();
  blue.close();
  return { red: deviceOf(machine, "red", "v0"), blue: deviceOf(machine, "blue", "v1") };
}

function deviceOf(machine: Machine, netns: string, name: string): Device {
  const dev = machine.core.netnsNames.get(netns)?.names.get(name);
  if (dev === undefined) expect.fail(`No device ${name} in the namespace ${netns}`);
  return dev;
}
