// What: a port in external mode maps VLANs to VXLAN identifiers: a frame of a VLAN goes without its tag, by the identifier, and one
// that comes by it is in the VLAN.
//
//   h0 ── p0 ┐                    10.0.0.1            10.0.0.2
//   h1 ── p1 ┴ br0 ── vx0 (external) ·········· u0 ── u1
//
//   p0 in VLAN 10, p1 in VLAN 11, both untagged (PVID); vx0: VLAN 10 is 1010, VLAN 11 is 1011
//
// The live kernel here is built without VLAN filtering. bridge(8): vlan_tunnel, tunnel_info; RFC 7348 5 (the header: flags 08, the
// identifier in bytes 4 to 6); net/bridge/br_vlan_tunnel.c.

import { expect, test } from "vitest";
import { Ear, World } from "./world.ts";

const all = "ffffffffffff";
const [a, b] = ["0200000000a0", "0200000000b0"];
const body = `88b5${"00".repeat(46)}`;

async function build(): Promise<{ world: World; ears: Ear[]; far: Ear }> {
  const world = new World();
  await world.do("ip link add br0 type bridge mcast_snooping 0 vlan_filtering 1 vlan_default_pvid 0");
  await world.do("ip link set br0 addrgenmode none", "ip link set br0 up");
  for (const number of [0, 1]) {
    await world.port("br0", `p${number}`, `h${number}`);
    await world.do(`bridge vlan add dev p${number} vid 1${number} pvid untagged`);
  }
  await world.do(
    "ip link add u0 address 02:00:00:00:01:01 type veth peer name u1 address 02:00:00:00:01:02",
    "ip link set u0 addrgenmode none",
    "ip link set u1 addrgenmode none",
    "ip link set u1 up",
    "ip link set u0 up",
    "ip addr add 10.0.0.1/24 dev u0",
    "ip neigh add 10.0.0.2 lladdr 02:00:00:00:01:02 dev u0",
    "ip link add vx0 type vxlan external learning dstport 4789",
    "ip link set vx0 addrgenmode none",
    "ip link set vx0 master br0",
    "ip link set vx0 type bridge_slave vlan_tunnel on learning off",
    "bridge vlan add dev vx0 vid 10-11",
    "bridge vlan add dev vx0 vid 10-11 tunnel_info id 1010-1011",
    "bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2 src_vni 1010 self",
    "ip link set vx0 up",
  );
  const ears = [0, 1].map((number) => new Ear(world.device(`h${number}`)));
  return { world, ears, far: new Ear(world.device("u1")) };
}

function end({ world, ears, far }: { world: World; ears: readonly Ear[]; far: Ear }): void {
  for (const ear of [...ears, far]) ear.close();
  world.close();
}

/** What is inside a VXLAN datagram, behind its identifier; the outer headers are 42 bytes. */
function inside(frame: string | undefined): string {
  const vxlan = (frame ?? "").slice(2 * 42);
  return `${vxlan.slice(0, 8)} ${Number.parseInt(vxlan.slice(8, 14), 16)} ${vxlan.slice(16)}`;
}

/** A datagram from 10.0.0.2 with a frame of an identifier. */
function datagram(vni: number, frame: string): string {
  const inner = frame.replace(/\s/g, "");
  const udp = 8 + 8 + inner.length / 2;
  const header = `4500${hex(20 + udp, 4)}00000000401100000a0000020a000001`;
  const words = header.match(/.{4}/g)?.map((word) => Number.parseInt(word, 16)) ?? [];
  const sum = words.reduce((total, word) => total + word, 0);
  const folded = 0xffff - ((sum & 0xffff) + (sum >>> 16));
  const ip = header.slice(0, 20) + hex(folded, 4) + header.slice(24);
  return `020000000101020000000102 0800 ${ip} 100012b5${hex(udp, 4)}0000 08000000${hex(vni, 6)}00 ${inner}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

test("a frame of a VLAN goes by the VLAN's identifier, without a tag", async () => {
  const each = await build();
  await each.world.send("h0", `${all} ${a} ${body}`);
  expect(each.far.take().map(inside)).toEqual([`08000000 1010 ${all}${a}${body}`]);
  // VLAN 11 has no remote.
  await each.world.send("h1", `${all} ${b} ${body}`);
  expect(each.far.take()).toEqual([]);
  end(each);
});

test("a frame that comes by an identifier is in its VLAN, and its sender is known there", async () => {
  const each = await build();
  const { ears, far, world } = each;
  await world.send("u1", datagram(1011, `${all} ${b} ${body}`));
  expect(ears.map((ear) => ear.take())).toEqual([[], [all + b + body]]);
  await world.send("u1", datagram(1010, `${all} ${b} ${body}`));
  expect(ears.map((ear) => ear.take())).toEqual([[all + b + body], []]);
  // The sender was learned under both identifiers, and is sent to by either.
  const shown = (await world.try("bridge fdb show dev vx0")).stdout;
  expect(shown.split("\n").filter((line) => line.startsWith("02:00:00:00:00:b0"))).toEqual([
    "02:00:00:00:00:b0 dst 10.0.0.2 src_vni 1010 self ",
    "02:00:00:00:00:b0 dst 10.0.0.2 src_vni 1011 self ",
  ]);
  await world.send("h1", `${b} ${a} ${body}`);
  expect(far.take().map(inside)).toEqual([`08000000 1011 ${b}${a}${body}`]);
  end(each);
});

test("an identifier that no VLAN is mapped to is in none", async () => {
  const each = await build();
  await each.world.send("u1", datagram(1012, `${all} ${b} ${body}`));
  expect(each.ears.map((ear) => ear.take())).toEqual([[], []]);
  end(each);
});

test("identifiers are told apart and counted with vnifilter", async () => {
  const each = await build();
  const { ears, world } = each;
  await world.do(
    "ip link del vx0",
    "ip link add vx0 type vxlan external vnifilter dstport 4789",
    "ip link set vx0 addrgenmode none",
    "ip link set vx0 master br0",
    "ip link set vx0 type bridge_slave vlan_tunnel on learning off",
    "bridge vlan add dev vx0 vid 10-11",
    "bridge vlan add dev vx0 vid 10-11 tunnel_info id 1010-1011",
    "bridge vni add dev vx0 vni 1010 remote 10.0.0.2",
    "ip link set vx0 up",
  );
  await world.send("u1", datagram(1011, `${all} ${b} ${body}`));
  await world.send("u1", datagram(1010, `${all} ${b} ${body}`));
  expect(ears.map((ear) => ear.take())).toEqual([[all + b + body], []]);
  await world.send("h0", `${all} ${a} ${body}`);
  await world.send("h1", `${all} ${a} ${body}`);
  expect(each.far.take().map(inside)).toEqual([`08000000 1010 ${all}${a}${body}`]);
  // Received without the link header inside, sent with it (vxlan_rcv, vxlan_xmit_one).
  expect((await world.try("bridge -s vni show")).stdout).toBe(
    "dev               vni              group/remote   \n" +
      "vx0                1010           10.0.0.2\n" +
      "                   RX: bytes 46 pkts 1 drops 0 errors 0 \n" +
      "                   TX: bytes 60 pkts 1 drops 0 errors 0 \n\n",
  );
  end(each);
});
