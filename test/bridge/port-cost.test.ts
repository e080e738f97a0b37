// What: a port costs in spanning tree what the speed of its link says.
//
// Kernel reference: net/bridge/br_if.c (port_cost). Costs are those the live kernel gives TAP devices whose speed is set by
// `ethtool -s`, as `bridge link` shows them.

import { expect, test } from "vitest";
import { dummy } from "../../src/drivers/dummy.ts";
import { unknownLinkSettings } from "../../src/net/ethtool.ts";
import type { Device, LinkOps } from "../../src/net/netdevice.ts";
import { World } from "./world.ts";

/** A dummy whose name ends with its speed in Mbit/s. */
const wire: LinkOps = {
  ...dummy,
  kind: "wire",
  device: {
    ...dummy.device,
    ethtool: {
      driverInfo: () => ({ driver: "wire", version: "", busInfo: "", firmware: "" }),
      hasLink: () => true,
      linkSettings: ({ name }: Device) => ({
        ...unknownLinkSettings,
        speed: Number(name.replace(/^[a-z]+/, "")),
      }),
    },
  },
};

test("a port's cost is that of its link's speed, or of its name", async () => {
  const world = new World({ kinds: [wire] });
  const wires = ["w10", "w40", "w100", "w1000", "w2500", "w5000", "w10000", "w20000", "w100000"];
  await world.do("ip link add br0 type bridge");
  for (const name of [...wires, "lec7", "plip7"]) {
    await world.do(`ip link add ${name} type wire`, `ip link set ${name} master br0`);
  }
  await world.do("ip link add v0 type veth peer name v1", "ip link set v0 master br0");
  const { stdout } = await world.try("bridge link");
  const costs = [...stdout.matchAll(/^\d+: (\w+).* cost (\d+)/gm)].map(([, name, cost]) => `${name} ${cost}`);
  expect(costs).toEqual([
    "w10 100",
    "w40 100",
    "w100 19",
    "w1000 5",
    "w2500 4",
    "w5000 3",
    "w10000 2",
    "w20000 1",
    "w100000 1",
    "lec7 7",
    "plip7 2500",
    "v0 2",
  ]);
  world.close();
});
