// What: a bridge that filters VLANs tells them apart as IEEE 802.1Q has it.
//
//   h0 ── p0 ┐  VLAN 1 untagged (PVID)
//   h1 ── p1 ┼ br0   VLANs 1 untagged (PVID), 5 tagged
//   h2 ── p2 ┘  VLAN 5 untagged (PVID)
//
// The live kernel here is built without VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING), so the frames that must come out are
// written down: IEEE 802.1Q-2018 6.9 (an untagged or priority-tagged frame is classified into the port's PVID; one whose VLAN
// the port is no member of is dropped), 8.8.2 (it leaves by members of its VLAN only), 9.6 (TPID 8100, or 88a8 for a provider
// bridge; TCI of priority and VLAN identifier), and bridge(8) for what pvid and untagged mean.

import { describe, expect, test } from "vitest";
import { Ear, World } from "./world.ts";

const all = "ffffffffffff";
const [a, b, c] = ["0200000000a0", "0200000000b0", "0200000000c0"];
const body = `88b5${"00".repeat(46)}`;

async function build(settings = ""): Promise<{ world: World; ears: Ear[] }> {
  const world = new World();
  await world.do(`ip link add br0 type bridge mcast_snooping 0 vlan_filtering 1${settings}`);
  await world.do("ip link set br0 addrgenmode none", "ip link set br0 up");
  for (const number of [0, 1, 2]) await world.port("br0", `p${number}`, `h${number}`);
  await world.do(
    "bridge vlan add dev p1 vid 5",
    "bridge vlan del dev p2 vid 1",
    "bridge vlan add dev p2 vid 5 pvid untagged",
  );
  return { world, ears: [0, 1, 2].map((number) => new Ear(world.device(`h${number}`))) };
}

function end(world: World, ears: readonly Ear[]): void {
  for (const ear of ears) ear.close();
  world.close();
}

describe("802.1Q", () => {
  test("an untagged frame is in the port's PVID, and stays among its members", async () => {
    const { world, ears } = await build();
    await world.send("h0", `${all} ${a} ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [all + a + body], []]);
    end(world, ears);
  });

  test("a tag goes on where the VLAN is tagged, and off where it is not", async () => {
    const { world, ears } = await build();
    await world.send("h2", `${all} ${c} ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [`${all}${c}81000005${body}`], []]);
    await world.send("h1", `${all} ${b} 81006005 ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [], [all + b + body]]);
    end(world, ears);
  });

  test("a frame in a VLAN the port is not in goes nowhere, nor one without a VLAN", async () => {
    const { world, ears } = await build();
    await world.send("h0", `${all} ${a} 81000005 ${body}`);
    await world.send("h1", `${all} ${b} 81000007 ${body}`);
    await world.do("bridge vlan del dev p0 vid 1");
    await world.send("h0", `${all} ${a} ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [], []]);
    end(world, ears);
  });

  test("a priority tag keeps its priority, and gets the PVID", async () => {
    const { world, ears } = await build();
    await world.do("bridge vlan add dev p1 vid 5 pvid", "bridge vlan add dev p0 vid 5");
    await world.send("h1", `${all} ${b} 8100e000 ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[`${all}${b}8100e005${body}`], [], [all + b + body]]);
    end(world, ears);
  });

  test("stations are learned in their VLAN", async () => {
    const { world, ears } = await build();
    await world.send("h1", `${all} ${b} 81000005 ${body}`);
    ears.map((ear) => ear.take());
    // In VLAN 5 the station is known; in VLAN 1 it is not, and is flooded to.
    await world.send("h2", `${b} ${c} ${body}`);
    await world.send("h0", `${b} ${a} ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [`${b}${c}81000005${body}`, b + a + body], []]);
    expect((await world.try("bridge fdb show br br0 vlan 5")).stdout).toContain(
      "02:00:00:00:00:b0 dev p1 vlan 5 master br0",
    );
    end(world, ears);
  });

  test("each VLAN counts its frames", async () => {
    const { world, ears } = await build(" vlan_stats_enabled 1");
    await world.send("h2", `${all} ${c} ${body}`);
    const vlan = (await import("../../src/drivers/bridge/state.ts"))
      .portOf(world.device("p1"))
      ?.vlans.find(5);
    // Shared by the ports: received once by p2 and sent once by p1, in bytes behind the Ethernet header.
    expect(vlan?.stats).toEqual({ rxBytes: 46, rxPackets: 1, txBytes: 46, txPackets: 1 });
    end(world, ears);
  });
});

describe("802.1ad", () => {
  test("a provider bridge takes a customer's tag for content", async () => {
    const { world, ears } = await build(" vlan_protocol 802.1ad");
    await world.send("h2", `${all} ${c} 81000007 ${body}`);
    expect(ears.map((ear) => ear.take())).toEqual([[], [`${all}${c}88a8000581000007${body}`], []]);
    end(world, ears);
  });
});

describe("what is shown", () => {
  test("VLANs by port, runs of them as ranges when asked", async () => {
    const { world, ears } = await build();
    await world.do("bridge vlan add dev p0 vid 10-12");
    expect((await world.try("bridge -com vlan show dev p0")).stdout).toBe(
      "port              vlan-id  \np0                1 PVID Egress Untagged\n                  10-12\n",
    );
    expect((await world.try("bridge -j vlan show dev p2")).stdout).toBe(
      '[{"ifname":"p2","vlans":[{"vlan":5,"flags":["PVID","Egress Untagged"]}]}]\n',
    );
    expect(await world.try("bridge vlan add dev p0 vid 4095")).toMatchObject({
      stderr: "Error: bridge: Vlan id is invalid.\n",
      code: 255,
    });
    end(world, ears);
  });
});
