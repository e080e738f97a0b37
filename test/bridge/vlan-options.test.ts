// What: options of single VLANs, and of VLANs of all of the bridge, do to frames what they say.
//
//   h0 ── p0 ┐
//   h1 ── p1 ┼ br0   all in VLANs 1 untagged (PVID) and 5 tagged
//   h2 ── p2 ┘
//
// The live kernel here is built without VLAN filtering. IEEE 802.1Q-2018 8.4 (a port that neither learns nor forwards in a VLAN
// takes nothing of it, one that learns enters stations and forwards nothing), 8.6.1, 13.2 (with MSTP each VLAN is in the state of
// its tree); bridge(8): state, mcast_snooping, mcast_querier, mcast_max_groups; RFC 4541 2.1.

import { expect, test } from "vitest";
import { getU16 } from "../../src/bytes/endian.ts";
import * as br from "../../src/uapi/if_bridge.ts";
import { RTM_DELVLAN, RTM_NEWVLAN, RTNLGRP_BRVLAN } from "../../src/uapi/rtnetlink.ts";
import { Ear, World } from "./world.ts";

const all = "ffffffffffff";
const [a, b] = ["0200000000a0", "0200000000b0"];
const tag = "81000005";
const body = `88b5${"00".repeat(46)}`;

async function build(settings = ""): Promise<{ world: World; ears: Ear[] }> {
  const world = new World();
  await world.do(`ip link add br0 type bridge vlan_filtering 1${settings}`);
  await world.do("ip link set br0 addrgenmode none", "ip link set br0 up");
  for (const number of [0, 1, 2]) await world.port("br0", `p${number}`, `h${number}`);
  for (const number of [0, 1, 2]) await world.do(`bridge vlan add dev p${number} vid 5`);
  await world.do("bridge vlan add dev br0 vid 5 self");
  return { world, ears: [0, 1, 2].map((number) => new Ear(world.device(`h${number}`))) };
}

function end(world: World, ears: readonly Ear[]): void {
  for (const ear of ears) ear.close();
  world.close();
}

/** Which hosts heard anything. */
function heardBy(ears: readonly Ear[]): number[] {
  return ears.flatMap((ear, index) => (ear.take().length > 0 ? [index] : []));
}

test("a port that blocks in a VLAN neither takes nor is given its frames, in others it does", async () => {
  const { world, ears } = await build(" mcast_snooping 0");
  await world.do("bridge vlan set dev p1 vid 5 state blocking");
  await world.send("h0", `${all} ${a} ${tag} ${body}`);
  expect(heardBy(ears)).toEqual([2]);
  await world.send("h1", `${all} ${b} ${tag} ${body}`);
  expect(heardBy(ears)).toEqual([]);
  await world.send("h1", `${all} ${b} ${body}`);
  expect(heardBy(ears)).toEqual([0, 2]);
  expect((await world.try("bridge fdb show br br0 vlan 5 dynamic")).stdout).toBe(
    "02:00:00:00:00:a0 dev p0 vlan 5 master br0 \n",
  );
  end(world, ears);
});

test("a port that learns in a VLAN enters its stations, and forwards nothing", async () => {
  const { world, ears } = await build(" mcast_snooping 0");
  await world.do("bridge vlan set dev p1 vid 5 state learning");
  await world.send("h1", `${all} ${b} ${tag} ${body}`);
  expect(heardBy(ears)).toEqual([]);
  expect((await world.try("bridge fdb show br br0 vlan 5 dynamic")).stdout).toBe(
    "02:00:00:00:00:b0 dev p1 vlan 5 master br0 \n",
  );
  end(world, ears);
});

const group = "01005e010203";
/** An IPv4 packet to 239.1.2.3 from 10.0.0.1 in VLAN 5, and an IGMPv2 report of the group there and in none. */
const data = `${group} ${a} ${tag} 0800 4500001c000000000111becc 0a000001 ef010203 0001000200080000`;
const report = (vlan: string): string =>
  `${group} ${b} ${vlan} 0800 46000020000000000102 29d2 0a000002 ef010203 94040000 1600f8faef010203`;

test("groups are of their VLAN, whose querier is asked for them: one without sees its frames flooded", async () => {
  const { world, ears } = await build(" mcast_vlan_snooping 1 mcast_querier 1");
  // Nobody asks in VLAN 5.
  await world.send("h1", report(tag));
  heardBy(ears);
  await world.send("h0", data);
  expect(heardBy(ears)).toEqual([1, 2]);
  await world.do("bridge vlan global set dev br0 vid 5 mcast_querier 1");
  await world.clock.advance(12_000_000_000);
  const queries = ears.map((ear) => ear.take().filter((frame) => frame.startsWith("01005e000001")));
  // The startup queries, with the VLAN's tag; none in VLAN 1, though the bridge itself is a querier.
  expect(queries.flat().every((query) => query.slice(24, 32) === tag)).toBe(true);
  expect(queries.map((each) => each.length > 0)).toEqual([true, true, true]);
  await world.send("h0", data);
  expect(heardBy(ears)).toEqual([1]);
  await world.do("bridge vlan global set dev br0 vid 5 mcast_snooping 0");
  await world.send("h0", data);
  expect(heardBy(ears)).toEqual([1, 2]);
  end(world, ears);
});

test("with multiple spanning trees the state of a port's tree counts, not the port's", async () => {
  const { world, ears } = await build(" mcast_snooping 0 vlan_default_pvid 0");
  for (const number of [0, 1, 2]) await world.do(`bridge vlan del dev p${number} vid 5`);
  await world.setMst("br0", true);
  for (const number of [0, 1, 2]) {
    await world.do(`bridge vlan add dev p${number} vid 5`, `bridge vlan add dev p${number} vid 6`);
  }
  // VLAN 6 goes into tree 2, in which no port has a state yet.
  await world.setMsti("br0", 6, 2);
  const six = "81000006";
  await world.send("h0", `${all} ${a} ${six} ${body}`);
  expect(heardBy(ears)).toEqual([]);
  for (const port of ["p0", "p2"]) await world.setMstState(port, 2, 3);
  await world.do("bridge link set dev p0 state 2");
  await world.send("h0", `${all} ${a} ${six} ${body}`);
  expect(heardBy(ears)).toEqual([2]);
  // In VLAN 5, of the tree of all, the port only learns, as it is told to itself.
  await world.send("h0", `${all} ${a} ${tag} ${body}`);
  expect(heardBy(ears)).toEqual([]);
  expect(await world.mstStates("p0")).toEqual([
    [0, 2],
    [2, 3],
  ]);
  end(world, ears);
});

test("changed options are told of in runs of VLANs that are alike", async () => {
  const { world, ears } = await build();
  const told: string[] = [];
  const client = await world.openClient();
  client.onNotification = (message) => {
    for (const entry of message.attributes(br.BR_VLAN_MSG_SIZE)) {
      const info = entry.child(br.BRIDGE_VLANDB_ENTRY_INFO);
      const vid = info === undefined ? undefined : getU16(info.bytes, info.start + br.BRIDGE_VLAN_INFO_VID);
      const last = entry.child(br.BRIDGE_VLANDB_ENTRY_RANGE)?.u16();
      told.push(`${message.type} ${vid} ${last} ${entry.child(br.BRIDGE_VLANDB_ENTRY_STATE)?.u8()}`);
    }
  };
  client.join(RTNLGRP_BRVLAN);
  await world.do(
    "bridge vlan add dev p0 vid 30-33",
    "bridge vlan set dev p0 vid 31 state blocking",
    "bridge vlan set dev p0 vid 30-33 state blocking",
    "bridge vlan set dev p0 vid 30-33 state blocking",
    "bridge vlan del dev p0 vid 30-31",
  );
  expect(told).toEqual([
    `${RTM_NEWVLAN} 30 33 3`,
    `${RTM_NEWVLAN} 31 undefined 4`,
    `${RTM_NEWVLAN} 30 undefined 4`,
    `${RTM_NEWVLAN} 32 33 4`,
    `${RTM_DELVLAN} 30 31 undefined`,
  ]);
  client.close();
  end(world, ears);
});
