// What: the kind macvlan: addresses of their own on one device, in five modes.
//
//   [v1]──────[v0]         v0 is the device below; m0, m1 stand on it
//            /    \
//          [m0]   [m1]
//
// Source: drivers/net/macvlan.c; the live kernel.

import { NetlinkError } from "../../src/netlink/error.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import {
  IF_OPER_DOWN,
  IF_OPER_LOWERLAYERDOWN,
  IF_OPER_UP,
  IFF_BROADCAST,
  IFF_MULTICAST,
  IFF_PROMISC,
} from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
} from "../../src/uapi/if_packet.ts";
import { RTM_DELLINK, RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { Event } from "./listener.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { expectError, macBytes, makeFrame, readLink } from "./vocabulary.ts";

const OUTSIDE = "02:00:00:00:00:01";
const M0 = "02:00:00:00:00:10";
const M1 = "02:00:00:00:00:11";
const EVERYBODY = "ff:ff:ff:ff:ff:ff";
const GROUP = "01:00:5e:00:00:42";

const { MACVLAN_MODE_PRIVATE, MACVLAN_MODE_VEPA, MACVLAN_MODE_BRIDGE } = il;
const { MACVLAN_MODE_PASSTHRU, MACVLAN_MODE_SOURCE } = il;

/** A macvlan named `name` on `lower`, in `mode`. */
async function add(
  ctx: ParityContext,
  name: string,
  mode?: number,
  more: LinkRequest & { readonly lower?: string; readonly data?: (writer: MessageWriter) => void } = {},
): Promise<void> {
  const { lower = "v0", data = () => {}, ...request } = more;
  const info = {
    kind: "macvlan",
    data: (writer: MessageWriter) => {
      if (mode !== undefined) writer.u32(il.IFLA_MACVLAN_MODE, mode);
      data(writer);
    },
  };
  await ctx.newLink({ name, link: await ctx.index(lower), info, ...request });
}

/** The pair `v0`–`v1`, up and quiet. */
async function pair(ctx: ParityContext): Promise<void> {
  await ctx.addVeth("v0", "v1");
  await ctx.quiet("v0", "v1");
  await ctx.up("v0", "v1");
}

/** The pair with `m0` and `m1` of `mode` on `v0`, all up and quiet. */
async function two(ctx: ParityContext, mode: number): Promise<void> {
  await pair(ctx);
  await add(ctx, "m0", mode, { address: M0 });
  await add(ctx, "m1", mode, { address: M1 });
  await ctx.quiet("m0", "m1");
  await ctx.up("m0", "m1");
}

async function dataOf(ctx: ParityContext, name: string): Promise<Record<number, number | readonly string[]>> {
  const values: Record<number, number | readonly string[]> = {};
  for (const attribute of (await ctx.link(name)).infoData ?? []) {
    const { type, length } = attribute;
    if (type === il.IFLA_MACVLAN_MACADDR_DATA) {
      values[type] = attribute
        .children()
        .map((each) => [...each.copy()].map((byte) => byte.toString(16)).join(":"));
    } else values[type] = length === 2 ? attribute.u16() : attribute.u32();
  }
  return values;
}

parity("a macvlan takes over what the device below has, and tells of itself", async (ctx) => {
  await pair(ctx);
  await ctx.setLink({ name: "v0", mtu: 1400 });
  await add(ctx, "m0");
  const link = await ctx.link("m0");
  expect(link).toMatchObject({ kind: "macvlan", mtu: 1400, minMtu: 68, maxMtu: 65535, qdisc: "noop" });
  expect(link).toMatchObject({ flags: IFF_BROADCAST | IFF_MULTICAST, txqlen: 1000, numTxQueues: 1 });
  expect(link).toMatchObject({ link: await ctx.index("v0"), linkNetnsid: undefined, carrier: 1 });
  expect(await dataOf(ctx, "m0")).toEqual({
    [il.IFLA_MACVLAN_MODE]: MACVLAN_MODE_VEPA,
    [il.IFLA_MACVLAN_FLAGS]: 0,
    [il.IFLA_MACVLAN_MACADDR_COUNT]: 0,
    [il.IFLA_MACVLAN_BC_QUEUE_LEN]: 1000,
    [il.IFLA_MACVLAN_BC_QUEUE_LEN_USED]: 1000,
  });
});

parity("a macvlan on a macvlan stands on the same device, wherever that lives", async (ctx) => {
  const other = await ctx.otherNetns();
  await pair(ctx);
  await add(ctx, "m0", undefined, { netnsFd: other.fd });
  const { link, linkNetnsid } = await other.link("m0");
  expect([link, linkNetnsid]).toEqual([await ctx.index("v0"), 0]);
  await other.newLink({ name: "m1", link: await other.index("m0"), kind: "macvlan" });
  expect(await other.link("m1")).toMatchObject({ link: await ctx.index("v0"), linkNetnsid: 0 });
});

parity("a macvlan needs an Ethernet device below it", async (ctx) => {
  await pair(ctx);
  await expectError(ctx.newLink({ name: "m0", kind: "macvlan" }), { code: "EINVAL" });
  await expectError(ctx.newLink({ name: "m0", kind: "macvlan", link: 99 }), { code: "ENODEV" });
  await expectError(add(ctx, "m0", undefined, { lower: "lo" }), { code: "EINVAL" });
  await expectError(add(ctx, "m0", 3), { code: "EINVAL" });
  await expectError(add(ctx, "m0", 0), { code: "EINVAL" });
  await expectError(add(ctx, "m0", undefined, { mtu: 1501 }), { code: "EINVAL" });
  await expectError(add(ctx, "m0", undefined, { mtu: 0x8000_0000 }), {
    code: "EINVAL",
    message: "mtu less than device minimum",
  });
  await expectError(add(ctx, "m0", undefined, { address: GROUP }), { code: "EADDRNOTAVAIL" });
  await expectError(add(ctx, "m0", undefined, { address: new Uint8Array(5) }), { code: "EINVAL" });
  const flags = (writer: MessageWriter) => writer.u16(il.IFLA_MACVLAN_FLAGS, 4);
  await expectError(add(ctx, "m0", undefined, { data: flags }), { code: "EINVAL" });
  const count = (writer: MessageWriter) => writer.u32(il.IFLA_MACVLAN_MACADDR_COUNT, 1);
  await expectError(add(ctx, "m0", undefined, { data: count }), { code: "EINVAL" });
  expect(await ctx.linkNames()).toEqual(["lo", "v1", "v0"]);
});

parity("the MTU of a macvlan is at most that of the device below, and follows it down", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0");
  await expectError(ctx.setLink({ name: "m0", mtu: 1501 }), { code: "EINVAL" });
  await expectError(ctx.setLink({ name: "m0", mtu: 67 }), {
    code: "EINVAL",
    message: "mtu less than device minimum",
  });
  await ctx.setLink({ name: "m0", mtu: 1000 });
  await ctx.setLink({ name: "v0", mtu: 1200 });
  expect((await ctx.link("m0")).mtu).toBe(1000);
  await ctx.setLink({ name: "v0", mtu: 900 });
  expect((await ctx.link("m0")).mtu).toBe(900);
  await ctx.setLink({ name: "v0", mtu: 1500 });
  expect((await ctx.link("m0")).mtu).toBe(900);
});

parity("the device below listens to everything while a macvlan that is up needs it to", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0");
  expect((await ctx.link("v0")).promiscuity).toBe(0);
  await ctx.up("m0");
  const { promiscuity, flags } = await ctx.link("v0");
  expect([promiscuity, flags & IFF_PROMISC]).toEqual([1, 0]);
  await ctx.down("m0");
  expect((await ctx.link("v0")).promiscuity).toBe(0);
  await ctx.up("m0");
  await ctx.delLink({ name: "m0" });
  expect((await ctx.link("v0")).promiscuity).toBe(0);
});

parity("a macvlan that is up has an address nobody else there has", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0", MACVLAN_MODE_BRIDGE, { address: M0 });
  await add(ctx, "m1", MACVLAN_MODE_BRIDGE, { address: M0 });
  await ctx.up("m0");
  await expectError(ctx.up("m1"), { code: "EADDRINUSE" });
  await ctx.setLink({ name: "m1", address: M1 });
  await ctx.up("m1");
  await expectError(ctx.setLink({ name: "m1", address: M0 }), { code: "EADDRINUSE" });
  await expectError(ctx.setLink({ name: "m1", address: GROUP }), { code: "EADDRNOTAVAIL" });
  const { address = "" } = await ctx.link("v0");
  await expectError(ctx.setLink({ name: "m1", address }), { code: "EADDRINUSE" });
  await ctx.setLink({ name: "m1", address: "02:00:00:00:00:12" });
  expect((await ctx.link("m1")).address).toBe("02:00:00:00:00:12");
});

parity("carrier and state come from the device below", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0");
  await ctx.up("m0");
  await ctx.settle("v0", "m0");
  expect(await ctx.link("m0")).toMatchObject({ carrier: 1, operstate: IF_OPER_UP });
  await ctx.down("v1");
  await ctx.settle("v0", "m0");
  expect(await ctx.link("m0")).toMatchObject({ carrier: 0, operstate: IF_OPER_LOWERLAYERDOWN });
  await ctx.up("v1");
  await ctx.settle("v0", "m0");
  expect(await ctx.link("m0")).toMatchObject({ carrier: 1, operstate: IF_OPER_UP });
  await ctx.down("v0");
  await ctx.settle("v0", "m0");
  expect(await ctx.link("m0")).toMatchObject({ carrier: 0, operstate: IF_OPER_LOWERLAYERDOWN });
  await ctx.down("m0");
  expect(await ctx.link("m0")).toMatchObject({ operstate: IF_OPER_DOWN });
});

parity("a macvlan dies with the device below, and says so first", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0");
  await add(ctx, "m1");
  const listener = await ctx.listen(RTNLGRP_LINK);
  await ctx.delLink({ name: "v1" });
  const gone = (await listener.rest()).filter(({ message }) => message.type === RTM_DELLINK);
  expect(gone.map(nameOf)).toEqual(["v1", "m0", "m1", "v0"]);
  expect(await ctx.linkNames()).toEqual(["lo"]);
});

function nameOf({ message }: Event): string | undefined {
  return readLink(message).name;
}

parity("making and deleting a macvlan is told of the device below too", async (ctx) => {
  await pair(ctx);
  await ctx.settle("v0", "v1");
  const listener = await ctx.listen(RTNLGRP_LINK);
  await add(ctx, "m0");
  expect((await listener.rest()).map(nameOf)).toEqual(["v0", "m0"]);
  await ctx.delLink({ name: "m0" });
  expect((await listener.rest()).map((event) => [event.message.type === RTM_DELLINK, nameOf(event)])).toEqual(
    [
      [false, "v0"],
      [true, "m0"],
    ],
  );
});

parity("a device that moves to another namespace keeps its macvlans", async (ctx) => {
  const other = await ctx.otherNetns();
  await pair(ctx);
  await add(ctx, "m0");
  await ctx.setLink({ name: "v0", netnsFd: other.fd });
  expect(await ctx.link("m0")).toMatchObject({ link: await other.index("v0"), linkNetnsid: 0 });
  await other.delLink({ name: "v0" });
  await expectError(ctx.link("m0"), { code: "ENODEV" });
});

parity("the mode is changed, but not to or from passthru", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0", MACVLAN_MODE_BRIDGE);
  const set = (write: (writer: MessageWriter) => void) =>
    ctx.newLink({ name: "m0", info: { kind: "macvlan", data: write } }, 0);
  await set((writer) => writer.u32(il.IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE));
  expect(await dataOf(ctx, "m0")).toMatchObject({ [il.IFLA_MACVLAN_MODE]: MACVLAN_MODE_PRIVATE });
  await expectError(
    set((writer) => writer.u32(il.IFLA_MACVLAN_MODE, MACVLAN_MODE_PASSTHRU)),
    { code: "EINVAL" },
  );
  await set((writer) => writer.u32(il.IFLA_MACVLAN_BC_QUEUE_LEN, 20));
  expect(await dataOf(ctx, "m0")).toMatchObject({
    [il.IFLA_MACVLAN_BC_QUEUE_LEN]: 20,
    [il.IFLA_MACVLAN_BC_QUEUE_LEN_USED]: 20,
  });
  await add(ctx, "m1", MACVLAN_MODE_VEPA);
  expect(await dataOf(ctx, "m0")).toMatchObject({ [il.IFLA_MACVLAN_BC_QUEUE_LEN_USED]: 1000 });
  await set((writer) => writer.s32(il.IFLA_MACVLAN_BC_CUTOFF, 5));
  expect(await dataOf(ctx, "m1")).toMatchObject({ [il.IFLA_MACVLAN_BC_CUTOFF]: 5 });
  await expectError(
    set((writer) => writer.u32(il.IFLA_MACVLAN_MACADDR_MODE, 0)),
    { code: "EINVAL" },
  );
});

parity("passthru is alone on its device and shares its address", async (ctx) => {
  await pair(ctx);
  await ctx.setLink({ name: "v0", address: "02:00:00:00:00:20" });
  await add(ctx, "m0", MACVLAN_MODE_PASSTHRU, { address: M0 });
  await expectError(add(ctx, "m1", MACVLAN_MODE_BRIDGE), { code: "EINVAL" });
  expect((await ctx.link("m0")).address).toBe("02:00:00:00:00:20");
  await ctx.up("m0");
  expect((await ctx.link("v0")).promiscuity).toBe(1);
  await ctx.setLink({ name: "m0", address: M1 });
  expect([(await ctx.link("v0")).address, (await ctx.link("m0")).address]).toEqual([M1, M1]);
  await ctx.setLink({ name: "v0", address: M0 });
  expect((await ctx.link("m0")).address).toBe(M0);
  await ctx.delLink({ name: "m0" });
  await add(ctx, "m0", MACVLAN_MODE_BRIDGE);
  await expectError(add(ctx, "m1", MACVLAN_MODE_PASSTHRU), { code: "EINVAL" });
});

parity("a source list is added to, taken from, set and flushed", async (ctx) => {
  await pair(ctx);
  await add(ctx, "m0", MACVLAN_MODE_SOURCE);
  const change = (mode: number, address?: string, list: readonly string[] = []) =>
    ctx.newLink(
      {
        name: "m0",
        info: {
          kind: "macvlan",
          data: (writer) => {
            writer.u32(il.IFLA_MACVLAN_MACADDR_MODE, mode);
            if (address !== undefined) writer.binary(il.IFLA_MACVLAN_MACADDR, macBytes(address));
            if (list.length === 0) return;
            const nest = writer.nest(il.IFLA_MACVLAN_MACADDR_DATA);
            for (const each of list) writer.binary(il.IFLA_MACVLAN_MACADDR, macBytes(each));
            writer.endNest(nest);
          },
        },
      },
      0,
    );
  await expectError(change(il.MACVLAN_MACADDR_ADD), { code: "EINVAL" });
  await expectError(change(il.MACVLAN_MACADDR_ADD, GROUP), { code: "EADDRNOTAVAIL" });
  await expectError(change(4, M0), { code: "EINVAL" });
  const many = Array.from({ length: 9 }, (_, index) => `02:00:00:00:01:0${index}`);
  for (const each of many) await change(il.MACVLAN_MACADDR_ADD, each);
  await change(il.MACVLAN_MACADDR_ADD, "02:00:00:00:01:03");
  // The order is that of the kernel's hash.
  expect((await dataOf(ctx, "m0"))[il.IFLA_MACVLAN_MACADDR_DATA]).toEqual(
    [6, 5, 4, 3, 2, 1, 0, 8, 7].map((digit) => `2:0:0:0:1:${digit}`),
  );
  await change(il.MACVLAN_MACADDR_DEL, "02:00:00:00:01:03");
  await change(il.MACVLAN_MACADDR_DEL, M0);
  expect(await dataOf(ctx, "m0")).toMatchObject({ [il.IFLA_MACVLAN_MACADDR_COUNT]: 8 });
  await change(il.MACVLAN_MACADDR_SET, undefined, [M0, M1]);
  expect(await dataOf(ctx, "m0")).toMatchObject({ [il.IFLA_MACVLAN_MACADDR_COUNT]: 2 });
  await change(il.MACVLAN_MACADDR_FLUSH);
  expect(await dataOf(ctx, "m0")).toMatchObject({ [il.IFLA_MACVLAN_MACADDR_COUNT]: 0 });
});

parity("frames for a macvlan's address reach it, others stay below", async (ctx) => {
  await two(ctx, MACVLAN_MODE_BRIDGE);
  const outside = await ctx.openPacket("v1");
  const inside = await ctx.openPacket("m0");
  outside.send(makeFrame(M1, OUTSIDE, 60));
  outside.send(makeFrame("02:00:00:00:00:99", OUTSIDE, 60));
  outside.send(makeFrame(M0, OUTSIDE, 80));
  const frame = await inside.receive();
  expect([frame.bytes.length, frame.packetType]).toEqual([80, PACKET_HOST]);
  expect(await ctx.counters("m0")).toMatchObject({ rxPackets: 1, rxBytes: 80, multicast: 0 });
  expect(await ctx.counters("m1")).toMatchObject({ rxPackets: 1, rxBytes: 60 });
  expect(await ctx.counters("v0")).toMatchObject({ rxPackets: 3 });
});

parity("in the mode bridge neighbours reach each other without the world", async (ctx) => {
  await two(ctx, MACVLAN_MODE_BRIDGE);
  const outside = await ctx.openPacket("v1");
  const [one, other] = [await ctx.openPacket("m0"), await ctx.openPacket("m1")];
  one.send(makeFrame(M1, M0, 60));
  expect((await other.receive()).packetType).toBe(PACKET_HOST);
  expect(await ctx.counters("m0")).toMatchObject({ txPackets: 1, txBytes: 60 });
  expect(await ctx.counters("m1")).toMatchObject({ rxPackets: 1, rxBytes: 60 });
  expect(await ctx.counters("v0")).toMatchObject({ rxPackets: 0, txPackets: 0 });
  one.send(makeFrame(EVERYBODY, M0, 60));
  expect((await other.receive()).packetType).toBe(PACKET_BROADCAST);
  expect((await outside.receive()).packetType).toBe(PACKET_BROADCAST);
  expect(await ctx.counters("m1")).toMatchObject({ rxPackets: 2, rxBytes: 134, multicast: 1 });
  one.send(makeFrame(OUTSIDE, M0, 70));
  expect((await outside.receive()).bytes).toHaveLength(70);
});

parity("in the modes vepa and private neighbours do not", async (ctx) => {
  for (const mode of [MACVLAN_MODE_VEPA, MACVLAN_MODE_PRIVATE]) {
    await two(ctx, mode);
    const outside = await ctx.openPacket("v1");
    const one = await ctx.openPacket("m0");
    one.send(makeFrame(M1, M0, 60));
    expect((await outside.receive()).packetType).toBe(PACKET_OTHERHOST);
    one.send(makeFrame(EVERYBODY, M0, 60));
    expect((await outside.receive()).packetType).toBe(PACKET_BROADCAST);
    expect(await ctx.counters("m1")).toMatchObject({ rxPackets: 0 });
    await ctx.delLink({ name: "v0" });
  }
});

parity(
  "a switch that sends vepa's frames back makes neighbours reach each other; private ones still do not",
  async (ctx) => {
    for (const [mode, received] of [
      [MACVLAN_MODE_VEPA, 1],
      [MACVLAN_MODE_PRIVATE, 0],
    ] as const) {
      await two(ctx, mode);
      const outside = await ctx.openPacket("v1");
      const one = await ctx.openPacket("m0");
      outside.send(makeFrame(EVERYBODY, M0, 60));
      // Whoever sent it: back to it in the mode private, to the others in the mode vepa.
      if (received === 0) await one.receive();
      else await ctx.until(async () => (await ctx.counters("m1")).rxPackets === 1, "a frame that came back");
      expect(await ctx.counters("m1")).toMatchObject({ rxPackets: received });
      expect(await ctx.counters("m0")).toMatchObject({ rxPackets: 1 - received, rxBytes: 0 });
      await ctx.delLink({ name: "v0" });
    }
  },
);

parity("a group is heard by those who listen to it, and broadcast by all", async (ctx) => {
  await two(ctx, MACVLAN_MODE_BRIDGE);
  await ctx.setLink({ name: "m1", flags: 0x200, change: 0x200 });
  const outside = await ctx.openPacket("v1");
  const below = await ctx.openPacket("v0");
  const all = await ctx.openPacket("m1");
  outside.send(makeFrame(GROUP, OUTSIDE, 60));
  expect((await all.receive()).packetType).toBe(PACKET_MULTICAST);
  expect((await below.receive()).packetType).toBe(PACKET_MULTICAST);
  expect(await ctx.counters("m0")).toMatchObject({ rxPackets: 0 });
  outside.send(makeFrame(EVERYBODY, OUTSIDE, 60));
  expect((await all.receive()).packetType).toBe(PACKET_BROADCAST);
  await ctx.until(async () => (await ctx.counters("m0")).rxPackets === 1, "broadcast");
  expect(await ctx.counters("m0")).toMatchObject({ rxPackets: 1, rxBytes: 60, multicast: 1 });
});

parity("the mode source lets in what its list names, whomever it is for", async (ctx) => {
  await pair(ctx);
  const list = (writer: MessageWriter) => {
    writer.u32(il.IFLA_MACVLAN_MACADDR_MODE, il.MACVLAN_MACADDR_ADD);
    writer.binary(il.IFLA_MACVLAN_MACADDR, macBytes(OUTSIDE));
  };
  await add(ctx, "m0", MACVLAN_MODE_SOURCE, { address: M0, data: list });
  await ctx.quiet("m0");
  await ctx.up("m0");
  const outside = await ctx.openPacket("v1");
  const inside = await ctx.openPacket("m0");
  const below = await ctx.openPacket("v0");
  outside.send(makeFrame(M0, "02:00:00:00:00:02", 60));
  await below.receive();
  outside.send(makeFrame("02:00:00:00:00:77", OUTSIDE, 61));
  outside.send(makeFrame(M0, OUTSIDE, 62));
  outside.send(makeFrame(EVERYBODY, OUTSIDE, 63));
  const received = [await inside.receive(), await inside.receive(), await inside.receive()];
  expect(received.map(({ bytes, packetType }) => [bytes.length, packetType])).toEqual([
    [61, PACKET_OTHERHOST],
    [62, PACKET_HOST],
    [63, PACKET_BROADCAST],
  ]);
  // They stay below as well.
  expect((await below.receive()).bytes).toHaveLength(61);
});

parity("what cannot be sent below is counted as dropped", async (ctx) => {
  await two(ctx, MACVLAN_MODE_VEPA);
  await ctx.down("v1");
  await ctx.settle("v0", "m0");
  const one = await ctx.openPacket("m0");
  try {
    one.send(makeFrame(OUTSIDE, M0, 60));
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
  expect(await ctx.counters("m0")).toMatchObject({ txPackets: 0, txDropped: 1 });
});
