// What: a vxlan device that knows its far neighbours answers for them (proxy), sends to them past the router (rsc), and tells
// of what it does not know (l2miss, l3miss).
//
//   ns a [x0]~~(udp)~~ [v0]──────[v1] ~~(udp)~~[x1] ns b
//        10.0.0.1/24 on v0, 10.0.0.2/24 on v1
//
// Source: drivers/net/vxlan/vxlan_core.c (arp_reduce, neigh_reduce, route_shortcircuit, vxlan_fdb_miss, vxlan_ip_miss); the
// live kernel.

import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { ETH_P_ARP, ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as il from "../../src/uapi/if_link.ts";
import { PACKET_HOST } from "../../src/uapi/if_packet.ts";
import * as nd from "../../src/uapi/neighbour.ts";
import { NLM_F_CREATE } from "../../src/uapi/netlink.ts";
import { RTM_GETNEIGH, RTM_NEWNEIGH, RTNLGRP_NEIGH } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { Listener } from "./listener.ts";
import { ipBytes, macBytes, makeFrame } from "./vocabulary.ts";

const X0 = "02:00:00:00:00:10";
const X1 = "02:00:00:00:00:11";
const FAR = "02:00:00:00:00:0c";
const ROUTER = "02:00:00:00:00:0d";
const HERE = "02:00:00:00:00:0e";
const PORT = 4789;
const VNI = 42;
const permanent = { state: nd.NUD_PERMANENT };

async function add(ctx: TestNetns, name: string, address: string, flags: readonly number[], remote?: number) {
  const data = (writer: MessageWriter): void => {
    writer.u32(il.IFLA_VXLAN_ID, VNI);
    setBe16(writer.bytes, writer.attribute(il.IFLA_VXLAN_PORT, 2), PORT);
    if (remote !== undefined) writer.binary(il.IFLA_VXLAN_GROUP, Uint8Array.of(10, 0, 0, remote));
    for (const flag of flags) writer.u8(flag, 1);
  };
  await ctx.newLink({ name, address, info: { kind: "vxlan", data } });
  await ctx.quiet(name);
  await ctx.up(name);
}

/** An entry of the forwarding table of `x0`. */
async function fdb(ctx: TestNetns, address: string, dst: readonly number[], flags = 0): Promise<void> {
  const index = await ctx.index("x0");
  await ctx.request(RTM_NEWNEIGH, NLM_F_CREATE, (writer) => {
    const at = writer.reserve(nd.NDMSG_SIZE);
    writer.bytes[at] = AF_BRIDGE;
    writer.bytes[at + nd.NDMSG_IFINDEX] = index;
    writer.bytes[at + nd.NDMSG_STATE] = nd.NUD_PERMANENT;
    writer.bytes[at + nd.NDMSG_FLAGS] = nd.NTF_SELF | flags;
    writer.binary(nd.NDA_LLADDR, macBytes(address));
    writer.binary(nd.NDA_DST, Uint8Array.from(dst));
  });
}

/** A question by ARP of 10.1.0.1 at X0. */
function arpRequest(last: number, operation = 1): Uint8Array {
  const frame = makeFrame("ff:ff:ff:ff:ff:ff", X0, 42, ETH_P_ARP);
  frame.set(
    [0, 1, 8, 0, 6, 4, 0, operation, ...macBytes(X0), 10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 10, 1, 0, last],
    14,
  );
  return frame;
}

/** A solicitation from fd00::e at X0, which says it is at HERE. */
function solicitation(target: string): Uint8Array {
  const frame = makeFrame("33:33:ff:00:00:09", X0, 14 + 40 + 32, ETH_P_IPV6);
  setBe32(frame, 14, 0x6000_0000);
  setBe16(frame, 18, 32);
  frame.set([58, 255], 20);
  frame.set(ipBytes("fd00::e"), 22);
  frame.set(ipBytes("ff02::1:ff00:9"), 38);
  frame.set([0, 0, 0, 0], 54);
  frame.set(ipBytes(target), 62);
  frame.set([1, 1, ...macBytes(HERE)], 78);
  writeIcmpv6(frame, 54, frame.length, 14, 135, 0, 0);
  return frame;
}

/** A packet to 10.1.0.`last` by the router. */
function routed(last: number): Uint8Array {
  const frame = makeFrame(ROUTER, X0, 60, 0x0800);
  frame.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 253, 0, 0, 10, 1, 0, 1, 10, 1, 0, last], 14);
  return frame;
}

/** What was asked of neighbours since the last time: family, state and attributes, without the times. */
async function misses(listener: Listener): Promise<string[]> {
  const asked = (await listener.rest()).filter(({ message }) => message.type === RTM_GETNEIGH);
  return asked.map(({ message }) => {
    const header = message.bytes.subarray(NLMSG_HDRLEN);
    const attributes = message
      .attributes(nd.NDMSG_SIZE)
      .filter(({ type }) => type !== nd.NDA_CACHEINFO)
      .map((attribute) => `${attribute.type}=${toHex(attribute.copy())}`);
    const head = [header[0], header[nd.NDMSG_STATE], header[nd.NDMSG_FLAGS], header[nd.NDMSG_TYPE]];
    return [...head, ...attributes].join(" ");
  });
}

async function proxy(ctx: ParityContext): Promise<void> {
  await add(ctx, "x0", X0, [il.IFLA_VXLAN_PROXY, il.IFLA_VXLAN_L2MISS, il.IFLA_VXLAN_L3MISS]);
  for (const [address, lladdr] of [
    ["10.1.0.9", FAR],
    ["fd00::9", FAR],
    ["10.1.0.7", HERE],
  ] as const) {
    await ctx.addNeigh(address, "x0", { ...permanent, lladdr });
  }
  await ctx.addNeigh("10.1.0.6", "x0", { state: nd.NUD_STALE, lladdr: FAR });
  await fdb(ctx, FAR, [10, 0, 0, 2], nd.NTF_ROUTER);
  await fdb(ctx, HERE, [0, 0, 0, 0]);
}

parity("a vxlan device answers for neighbours it knows to be far away", async (ctx) => {
  await proxy(ctx);
  const inside = await ctx.openPacket("x0");
  // Not for sure, at this end, a loopback, a group, no question: none is answered, nor sent.
  for (const frame of [arpRequest(6), arpRequest(7), arpRequest(9, 2)]) inside.send(frame);
  inside.send(arpRequest(9));
  const reply = await inside.receive();
  expect([toHex(reply.bytes), reply.packetType]).toEqual([
    "02000000001002000000000c0806" + "000108000604000202000000000c0a0100090200000000100a010001",
    PACKET_HOST,
  ]);
  inside.send(solicitation("fd00::9"));
  const advertisement = await inside.receive();
  expect([toHex(advertisement.bytes.subarray(0, 54)), advertisement.packetType]).toEqual([
    "02000000000e02000000000c86dd" +
      "6000000000203afffd000000000000000000000000000009fd00000000000000000000000000000e",
    PACKET_HOST,
  ]);
  expect(toHex(advertisement.bytes.subarray(58))).toBe(
    "e0000000fd000000000000000000000000000009020102000000000c",
  );
  expect(await ctx.counters("x0")).toMatchObject({ txPackets: 0, txDropped: 0 });
});

parity("a vxlan device tells of addresses it does not know", async (ctx) => {
  await proxy(ctx);
  const inside = await ctx.openPacket("x0");
  const listener = await ctx.listen(RTNLGRP_NEIGH);
  await misses(listener);
  inside.send(arpRequest(8));
  expect(await misses(listener)).toEqual([`${AF_INET} 4 0 1 1=0a010008 7=00000001`]);
  inside.send(solicitation("fd00::8"));
  expect(await misses(listener)).toEqual([`${AF_INET6} 4 0 1 1=fd000000000000000000000000000008 7=00000001`]);
  inside.send(makeFrame(X1, X0, 60));
  expect(await misses(listener)).toEqual([`${AF_INET} 4 0 1 2=020000000011 7=00000000`]);
  // Groups are asked for nowhere.
  inside.send(makeFrame("ff:ff:ff:ff:ff:ff", X0, 60));
  expect(await misses(listener)).toEqual([]);
});

parity("a vxlan device sends past the router to neighbours it knows", async (ctx) => {
  const other = await ctx.otherNetns();
  await ctx.addVeth("v0", "v1", other);
  for (const [netns, name, last, peer] of [
    [ctx, "v0", 1, 2],
    [other, "v1", 2, 1],
  ] as const) {
    await netns.setLink({ name, address: `02:00:00:00:01:0${last}` });
    await netns.quiet(name);
    await netns.up(name);
    await netns.addAddr(`10.0.0.${last}/24`, name);
    await netns.addNeigh(`10.0.0.${peer}`, name, { ...permanent, lladdr: `02:00:00:00:01:0${peer}` });
  }
  await add(ctx, "x0", X0, [il.IFLA_VXLAN_RSC, il.IFLA_VXLAN_L3MISS], 2);
  await add(other, "x1", X1, [], 1);
  await ctx.settle("v0", "x0");
  await other.settle("v1", "x1");
  await fdb(ctx, ROUTER, [10, 0, 0, 2], nd.NTF_ROUTER);
  await fdb(ctx, HERE, [0, 0, 0, 0]);
  await ctx.addNeigh("10.1.0.9", "x0", { ...permanent, lladdr: X1 });
  await ctx.addNeigh("10.1.0.7", "x0", { ...permanent, lladdr: HERE });
  const [inside, outside] = [await ctx.openPacket("x0"), await other.openPacket("x1")];
  const listener = await ctx.listen(RTNLGRP_NEIGH);
  const ends = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 12));
  await misses(listener);
  inside.send(routed(9));
  expect(ends((await outside.receive()).bytes)).toBe("02000000001102000000000d");
  expect(await misses(listener)).toEqual([]);
  // Nobody knows this one: it goes to the router, and is asked for.
  inside.send(routed(8));
  expect(ends((await outside.receive()).bytes)).toBe("02000000000d020000000010");
  expect(await misses(listener)).toEqual([`${AF_INET} 4 0 1 1=0a010008 7=00000001`]);
  // This one is at this end.
  inside.send(routed(7));
  const back = await inside.receive();
  expect([ends(back.bytes), back.packetType]).toEqual(["02000000000e02000000000d", PACKET_HOST]);
});
