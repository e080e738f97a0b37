// What: what one end sends the other receives, counted at both; what cannot be received is dropped and counted.
//
//   a ─────── b     in two namespaces, with a packet socket at either end
//
// Frames carry an EtherType nobody handles, so that only the packet sockets and the counters see them.
//
// Kernel reference: drivers/net/veth.c (veth_xmit, veth_get_stats64), net/core/dev.c (__dev_forward_skb,
// __netif_receive_skb_core).

import { setBe16 } from "../../src/bytes/endian.ts";
import { IFF_NOARP } from "../../src/uapi/if.ts";
import { ETH_P_8021Q } from "../../src/uapi/if_ether.ts";
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
} from "../../src/uapi/if_packet.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { ETH_P_EXPERIMENT, expectError, makeFrame } from "./vocabulary.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const NONE = {
  rxPackets: 0,
  txPackets: 0,
  rxBytes: 0,
  txBytes: 0,
  rxDropped: 0,
  txDropped: 0,
  rxErrors: 0,
  txErrors: 0,
  multicast: 0,
};

interface Pair {
  readonly red: TestNetns;
  readonly a: PacketPort;
  readonly b: PacketPort;
}

/** A pair that sends nothing by itself, up at both ends. */
async function pair(
  ctx: ParityContext,
  mtu: { readonly a?: number; readonly b?: number } = {},
): Promise<Pair> {
  const red = await ctx.otherNetns();
  await ctx.newLink({
    name: "a",
    address: A,
    mtu: mtu.a ?? 1500,
    vethPeer: { name: "b", address: B, mtu: mtu.b ?? 1500, netnsFd: red.fd },
  });
  await ctx.quiet("a");
  await red.quiet("b");
  await ctx.up("a");
  await red.up("b");
  await ctx.settle("a");
  await red.settle("b");
  const [a, b] = [await ctx.openPacket("a", ETH_P_EXPERIMENT), await red.openPacket("b", ETH_P_EXPERIMENT)];
  return { red, a, b };
}

parity("frames arrive as they were sent, in order", async (ctx) => {
  const { a, b } = await pair(ctx);
  const sent = [60, 14, 15, 1514, 100].map((size) => makeFrame(B, A, size));
  for (const frame of sent) a.send(frame);
  for (const frame of sent) expect((await b.receive()).bytes).toEqual(frame);
});

parity("both directions carry at once", async (ctx) => {
  const { a, b } = await pair(ctx);
  a.send(makeFrame(B, A, 60));
  b.send(makeFrame(A, B, 61));
  expect((await b.receive()).bytes).toHaveLength(60);
  expect((await a.receive()).bytes).toHaveLength(61);
});

parity(
  "tx of one end is rx of the other, in packets and in bytes from the Ethernet header on",
  async (ctx) => {
    const { red, a, b } = await pair(ctx);
    const sizes = [60, 1514, 333];
    for (const size of sizes) a.send(makeFrame(B, A, size));
    for (const size of sizes) expect((await b.receive()).bytes).toHaveLength(size);
    expect(await ctx.counters("a")).toEqual({ ...NONE, txPackets: 3, txBytes: 1907 });
    expect(await red.counters("b")).toEqual({ ...NONE, rxPackets: 3, rxBytes: 1907 });
  },
);

parity("a frame nobody takes is received, and dropped", async (ctx) => {
  const { red, a } = await pair(ctx);
  a.send(makeFrame(B, A, 60, 0x88b6));
  await ctx.until(async () => (await red.counters("b")).rxDropped > 0, "the drop");
  expect(await ctx.counters("a")).toEqual({ ...NONE, txPackets: 1, txBytes: 60 });
  expect(await red.counters("b")).toEqual({ ...NONE, rxPackets: 1, rxBytes: 60, rxDropped: 1 });
});

parity("frames to all, to a group and to others arrive too, and say for whom they are", async (ctx) => {
  const { a, b } = await pair(ctx);
  for (const [to, packetType] of [
    [B, PACKET_HOST],
    ["ff:ff:ff:ff:ff:ff", PACKET_BROADCAST],
    ["01:00:5e:00:00:63", PACKET_MULTICAST],
    ["02:00:00:00:00:99", PACKET_OTHERHOST],
  ] as const) {
    a.send(makeFrame(to, A, 60));
    expect((await b.receive()).packetType).toBe(packetType);
  }
});

parity("a peer that is down loses frames, which the sender counts", async (ctx) => {
  const { red, a } = await pair(ctx);
  await red.down("b");
  await ctx.settle("a");
  a.send(makeFrame(B, A, 60));
  expect(await ctx.counters("a")).toEqual({ ...NONE, txDropped: 1 });
  expect(await red.counters("b")).toEqual(NONE);
});

parity("a frame over the receiver's mtu is dropped, and both count it", async (ctx) => {
  const { red, a, b } = await pair(ctx, { a: 9000, b: 1500 });
  a.send(makeFrame(B, A, 1519));
  a.send(makeFrame(B, A, 1518));
  expect((await b.receive()).bytes).toHaveLength(1518);
  expect(await ctx.counters("a")).toEqual({ ...NONE, txPackets: 1, txBytes: 1518, txDropped: 1 });
  expect(await red.counters("b")).toEqual({ ...NONE, rxPackets: 1, rxBytes: 1518, rxDropped: 1 });
});

parity("a frame over the sender's own mtu is refused", async (ctx) => {
  const { a } = await pair(ctx);
  await expectError(
    Promise.resolve().then(() => a.send(makeFrame(B, A, 1515))),
    { code: "EMSGSIZE" },
  );
  expect(await ctx.counters("a")).toEqual(NONE);
});

parity("a VLAN tag makes room for itself", async (ctx) => {
  const { red, a } = await pair(ctx);
  const b = await red.openPacket("b");
  const frame = makeFrame(B, A, 1518, ETH_P_8021Q);
  setBe16(frame, 14, 7);
  setBe16(frame, 16, ETH_P_EXPERIMENT);
  a.send(frame);
  await b.receive();
  expect(await red.counters("b")).toMatchObject({ rxPackets: 1, rxBytes: 1518 });
});

parity("a packet socket takes no frame shorter than an Ethernet header", async (ctx) => {
  const { a } = await pair(ctx);
  await expectError(
    Promise.resolve().then(() => a.send(new Uint8Array(13))),
    { code: "EINVAL" },
  );
  expect(await ctx.counters("a")).toEqual(NONE);
});

parity("a device that is down sends nothing", async (ctx) => {
  const { a } = await pair(ctx);
  await ctx.down("a");
  await expectError(
    Promise.resolve().then(() => a.send(makeFrame(B, A, 60))),
    { code: "ENETDOWN" },
  );
});

parity("counters go with the device when it moves", async (ctx) => {
  const { red, a, b } = await pair(ctx);
  a.send(makeFrame(B, A, 60));
  await b.receive();
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  expect(await red.counters("a")).toEqual({ ...NONE, txPackets: 1, txBytes: 60 });
});

parity("IFF_NOARP and a foreign source address hinder no frame", async (ctx) => {
  const { a, b } = await pair(ctx);
  await ctx.setLink({ name: "a", flags: IFF_NOARP, change: IFF_NOARP });
  a.send(makeFrame(B, "02:00:00:00:00:77", 60));
  expect((await b.receive()).bytes).toHaveLength(60);
});

parity("the largest mtu carries the largest frame", async (ctx) => {
  const { a, b } = await pair(ctx, { a: 65535, b: 65535 });
  a.send(makeFrame(B, A, 65549));
  expect((await b.receive()).bytes).toHaveLength(65549);
});
