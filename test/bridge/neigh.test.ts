// What: in a bridge that filters VLANs the neighbours of a VLAN are those of the VLAN device on the bridge, an answer is in the
// VLAN of its question, and each VLAN of a port may be spared questions by itself.
//
//   h0 ── p0 ┐  VLANs 1 untagged (PVID), 5 tagged
//            ├ br0 ── br0.5, which knows 10.0.0.2 as 02:00:00:00:00:b0 behind p1
//   h1 ── p1 ┘  VLANs 1 untagged (PVID), 5 tagged; neigh_suppress
//
// The live kernel here is built without VLAN filtering, so the frames that must come out are written down: RFC 826, IEEE
// 802.1Q-2018 9.6, and bridge(8) for what neigh_suppress and neigh_vlan_suppress mean. Without VLANs the kernel is asked: see
// test/parity/bridge-neigh.test.ts and test/frames.

import { expect, test } from "vitest";
import { Ear, World } from "./world.ts";

const all = "ffffffffffff";
const [asker, known] = ["0200000000a0", "0200000000b0"];

function arp(to: string, from: string, tag: string, operation: number, fields: string): string {
  return `${to}${from}${tag}0806 0001 0800 06 04 000${operation} ${fields}`.replaceAll(" ", "");
}

const question = (tag: string) => arp(all, asker, tag, 1, `${asker} 0a000003 000000000000 0a000002`);
const answer = (tag: string) => arp(asker, known, tag, 2, `${known} 0a000002 ${asker} 0a000003`);

async function build(flags: string): Promise<{ world: World; ears: Ear[] }> {
  const world = new World();
  await world.do("ip link add br0 type bridge mcast_snooping 0 vlan_filtering 1");
  await world.do("ip link set br0 addrgenmode none", "ip link set br0 up");
  for (const number of [0, 1]) {
    await world.port("br0", `p${number}`, `h${number}`);
    await world.do(`bridge vlan add dev p${number} vid 5`);
  }
  await world.do(
    "bridge vlan add dev br0 vid 5 self",
    "ip link add link br0 name br0.5 type vlan id 5",
    "ip link set br0.5 addrgenmode none",
    "ip link set br0.5 up",
    "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:b0 dev br0.5",
    "bridge fdb add 02:00:00:00:00:b0 dev p1 vlan 5 master static",
    `ip link set p1 type bridge_slave ${flags}`,
  );
  return { world, ears: [0, 1].map((number) => new Ear(world.device(`h${number}`))) };
}

function end(world: World, ears: readonly Ear[]): void {
  for (const ear of ears) ear.close();
  world.close();
}

test("an answer is in the VLAN of its question, whose neighbours are the VLAN device's", async () => {
  const { world, ears } = await build("neigh_suppress on");
  await world.send("h0", question("81000005"));
  expect(ears.map((ear) => ear.take())).toEqual([[answer("81000005")], []]);
  end(world, ears);
});

test("in a VLAN without a device on the bridge nobody is known", async () => {
  const { world, ears } = await build("neigh_suppress on");
  await world.send("h0", question(""));
  expect(ears.map((ear) => ear.take())).toEqual([[], [question("")]]);
  end(world, ears);
});
