// What: the kind vlan: a device for one VLAN of another device.
//
//   [v1]──────[v0]──[v0.5]   frames of v0.5 cross the pair with the tag 5
//
// This kernel has no 8021q (CONFIG_VLAN_8021Q), so its side is skipped. The expectations are IEEE 802.1Q's, those of
// <linux/if_vlan.h> and <linux/if_link.h>, and what net/8021q is known to do: texts and errno of vlan_validate and
// vlan_newlink, an identifier below 4095, the MTU at most that of the device below (ERANGE), an address taken over from
// there until one is set, up and down with it unless the binding is loose, counted without the link header inwards.

import { getU32, setBe16, setU32 } from "../../src/bytes/endian.ts";
import type { Attribute } from "../../src/netlink/attribute.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IF_OPER_LOWERLAYERDOWN, IF_OPER_UP, IFF_UP } from "../../src/uapi/if.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../src/uapi/if_ether.ts";
import * as il from "../../src/uapi/if_link.ts";
import { PACKET_HOST } from "../../src/uapi/if_packet.ts";
import {
  VLAN_FLAG_BRIDGE_BINDING,
  VLAN_FLAG_GVRP,
  VLAN_FLAG_LOOSE_BINDING,
  VLAN_FLAG_REORDER_HDR,
} from "../../src/uapi/if_vlan.ts";
import { RTM_DELLINK, RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { ETH_P_EXPERIMENT, expectError, makeFrame, readLink } from "./vocabulary.ts";

const skip = { kernel: "this kernel is built without VLANs (CONFIG_VLAN_8021Q)" };
const OUTSIDE = "02:00:00:00:00:01";
const BELOW = "02:00:00:00:00:10";
const { IFLA_VLAN_INGRESS_QOS, IFLA_VLAN_EGRESS_QOS } = il;

interface VlanWords {
  readonly id?: number;
  readonly protocol?: number;
  readonly flags?: number;
  readonly mask?: number;
  readonly ingress?: readonly (readonly [from: number, to: number])[];
  readonly egress?: readonly (readonly [from: number, to: number])[];
}

function writeVlan(writer: MessageWriter, { id, protocol, flags, mask, ingress, egress }: VlanWords): void {
  if (id !== undefined) writer.u16(il.IFLA_VLAN_ID, id);
  if (protocol !== undefined) {
    const at = writer.attribute(il.IFLA_VLAN_PROTOCOL, 2);
    setBe16(writer.bytes, at, protocol);
  }
  if (flags !== undefined) {
    const at = writer.attribute(il.IFLA_VLAN_FLAGS, il.IFLA_VLAN_FLAGS_SIZE);
    setU32(writer.bytes, at, flags);
    setU32(writer.bytes, at + 4, mask ?? flags);
  }
  for (const [type, map] of [
    [IFLA_VLAN_INGRESS_QOS, ingress],
    [IFLA_VLAN_EGRESS_QOS, egress],
  ] as const) {
    if (map === undefined) continue;
    const nest = writer.nest(type);
    for (const [from, to] of map) {
      const at = writer.attribute(il.IFLA_VLAN_QOS_MAPPING, il.IFLA_VLAN_QOS_MAPPING_SIZE);
      setU32(writer.bytes, at, from);
      setU32(writer.bytes, at + 4, to);
    }
    writer.endNest(nest);
  }
}

async function add(
  ctx: ParityContext,
  name: string,
  words: VlanWords,
  more: LinkRequest = {},
): Promise<void> {
  const info = { kind: "vlan", data: (writer: MessageWriter) => writeVlan(writer, words) };
  await ctx.newLink({ name, link: await ctx.index("v0"), info, ...more });
}

function change(ctx: ParityContext, name: string, words: VlanWords): Promise<unknown> {
  return ctx.newLink({ name, info: { kind: "vlan", data: (writer) => writeVlan(writer, words) } }, 0);
}

/** The pair `v0`–`v1`, up and quiet; v0's address is BELOW. */
async function pair(ctx: ParityContext): Promise<void> {
  await ctx.addVeth("v0", "v1");
  await ctx.setLink({ name: "v0", address: BELOW });
  await ctx.quiet("v0", "v1");
  await ctx.up("v0", "v1");
}

/** A frame with a tag. */
function tagged(frame: Uint8Array, tci: number, tpid = ETH_P_8021Q): Uint8Array {
  const bytes = new Uint8Array(frame.length + 4);
  bytes.set(frame.subarray(0, 12));
  setBe16(bytes, 12, tpid);
  setBe16(bytes, 14, tci);
  bytes.set(frame.subarray(12), 16);
  return bytes;
}

function mapOf(data: readonly Attribute[] | undefined, type: number): number[][] | undefined {
  return data
    ?.find((attribute) => attribute.type === type)
    ?.children()
    .map(({ bytes, start }) => [getU32(bytes, start), getU32(bytes, start + 4)]);
}

parity(
  "a VLAN takes over what the device below has, and tells of itself",
  async (ctx) => {
    await pair(ctx);
    await ctx.setLink({ name: "v0", mtu: 1400 });
    await add(ctx, "v", { id: 5 });
    const link = await ctx.link("v");
    expect(link).toMatchObject({
      kind: "vlan",
      mtu: 1400,
      minMtu: 0,
      maxMtu: 65535,
      address: BELOW,
      carrier: 1,
    });
    expect(link).toMatchObject({ link: await ctx.index("v0"), broadcast: "ff:ff:ff:ff:ff:ff", txqlen: 1000 });
    expect(link.flags & IFF_UP).toBe(0);
    const [protocol, id, flags, ...rest] = link.infoData ?? [];
    expect([protocol?.type, protocol?.copy()]).toEqual([il.IFLA_VLAN_PROTOCOL, Uint8Array.of(0x81, 0)]);
    expect([id?.type, id?.u16()]).toEqual([il.IFLA_VLAN_ID, 5]);
    expect([flags?.type, flags?.copy()]).toEqual([
      il.IFLA_VLAN_FLAGS,
      Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255),
    ]);
    expect(rest).toEqual([]);
  },
  { skip },
);

parity(
  "what a VLAN cannot be is refused with the kernel's texts",
  async (ctx) => {
    await pair(ctx);
    const refused = (
      words: VlanWords,
      code: "EINVAL" | "ERANGE" | "EPROTONOSUPPORT" | "EEXIST",
      message: string,
    ) => expectError(add(ctx, "v", words), { code, message });
    await refused({}, "EINVAL", "8021q: VLAN id not specified");
    await refused({ id: 4095 }, "ERANGE", "8021q: Invalid VLAN id");
    await refused({ id: 5, protocol: 0x9100 }, "EPROTONOSUPPORT", "8021q: Invalid VLAN protocol");
    await refused({ id: 5, flags: 0x20 }, "EINVAL", "8021q: Invalid VLAN flags");
    await refused({ id: 5, flags: 0, mask: 0x20 }, "EINVAL", "");
    await expectError(ctx.newLink({ name: "v", kind: "vlan" }), {
      code: "EINVAL",
      message: "8021q: VLAN properties not specified",
    });
    const info = { kind: "vlan", data: (writer: MessageWriter) => writeVlan(writer, { id: 5 }) };
    await expectError(ctx.newLink({ name: "v", info }), {
      code: "EINVAL",
      message: "8021q: link not specified",
    });
    await expectError(ctx.newLink({ name: "v", info, link: 99 }), {
      code: "ENODEV",
      message: "8021q: link does not exist",
    });
    await expectError(ctx.newLink({ name: "v", info, link: 1 }), {
      code: "EOPNOTSUPP",
      message: "8021q: VLANs not supported on device",
    });
    await expectError(add(ctx, "v", { id: 5 }, { mtu: 1501 }), { code: "EINVAL" });
    await expectError(add(ctx, "v", { id: 5 }, { address: "01:00:00:00:00:00" }), {
      code: "EADDRNOTAVAIL",
      message: "8021q: Invalid link address",
    });
    await add(ctx, "v", { id: 5 });
    await expectError(add(ctx, "w", { id: 5 }), {
      code: "EEXIST",
      message: "8021q: VLAN device already exists",
    });
    await add(ctx, "w", { id: 5, protocol: ETH_P_8021AD });
    await expectError(ctx.setLink({ name: "v", mtu: 1501 }), { code: "ERANGE" });
    expect(await ctx.linkNames()).toEqual(["lo", "v1", "v0", "v", "w"]);
  },
  { skip },
);

parity(
  "flags and maps are changed, the identifier is not",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5, ingress: [[1, 10]], egress: [[10, 3]] });
    await change(ctx, "v", {
      id: 6,
      flags: VLAN_FLAG_LOOSE_BINDING,
      mask: VLAN_FLAG_LOOSE_BINDING | VLAN_FLAG_REORDER_HDR,
      ingress: [
        [3, 7],
        [1, 0],
        [9, 2],
      ],
      egress: [
        [26, 5],
        [4, 1],
        [10, 0],
      ],
    });
    const { infoData } = await ctx.link("v");
    expect(infoData?.find(({ type }) => type === il.IFLA_VLAN_ID)?.u16()).toBe(5);
    expect(infoData?.find(({ type }) => type === il.IFLA_VLAN_FLAGS)?.u32()).toBe(VLAN_FLAG_LOOSE_BINDING);
    // Code points are three bits; what maps to nothing is not told; the order is that of sixteen lists.
    expect(mapOf(infoData, IFLA_VLAN_INGRESS_QOS)).toEqual([
      [1, 2],
      [3, 7],
    ]);
    expect(mapOf(infoData, IFLA_VLAN_EGRESS_QOS)).toEqual([
      [4, 1],
      [26, 5],
    ]);
    await change(ctx, "v", { flags: VLAN_FLAG_GVRP });
  },
  { skip },
);

parity(
  "frames of a VLAN cross with its tag, and only those of its tag come in",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5 });
    await ctx.quiet("v");
    await ctx.up("v");
    const outside = await ctx.openPacket("v1");
    const inside = await ctx.openPacket("v");
    const frame = makeFrame(BELOW, OUTSIDE, 60);
    outside.send(tagged(frame, 6));
    outside.send(tagged(frame, 5, ETH_P_8021AD));
    outside.send(frame);
    outside.send(tagged(frame, 0x6005));
    const received = await inside.receive();
    expect([received.bytes, received.packetType]).toEqual([frame, PACKET_HOST]);
    expect(await ctx.counters("v")).toMatchObject({ rxPackets: 1, rxBytes: 46 });
    inside.send(makeFrame(OUTSIDE, BELOW, 60));
    expect((await outside.receive()).bytes).toEqual(makeFrame(OUTSIDE, BELOW, 60));
    expect(await ctx.counters("v")).toMatchObject({ txPackets: 1, txBytes: 60 });
    expect(await ctx.counters("v1")).toMatchObject({ rxPackets: 1, rxBytes: 60 });
  },
  { skip },
);

parity(
  "VLANs stand on one another, 802.1Q in 802.1ad",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "outer", { id: 7, protocol: ETH_P_8021AD });
    const info = { kind: "vlan", data: (writer: MessageWriter) => writeVlan(writer, { id: 8 }) };
    await ctx.newLink({ name: "inner", link: await ctx.index("outer"), info });
    await ctx.quiet("outer", "inner");
    await ctx.up("outer", "inner");
    const outside = await ctx.openPacket("v1");
    const inside = await ctx.openPacket("inner");
    const frame = makeFrame(BELOW, OUTSIDE, 60);
    outside.send(tagged(tagged(frame, 8), 7, ETH_P_8021AD));
    expect((await inside.receive()).bytes).toEqual(frame);
    // A tag with a priority and no identifier is looked through.
    outside.send(tagged(tagged(tagged(frame, 8), 7, ETH_P_8021AD), 0xe000));
    expect((await inside.receive()).bytes).toEqual(frame);
  },
  { skip },
);

parity(
  "without reordering the VLAN sees its frames with their tag",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5, flags: 0, mask: VLAN_FLAG_REORDER_HDR });
    await ctx.quiet("v");
    await ctx.up("v");
    const outside = await ctx.openPacket("v1");
    const inside = await ctx.openPacket("v");
    const frame = makeFrame(BELOW, OUTSIDE, 60);
    outside.send(tagged(frame, 5));
    expect((await inside.receive()).bytes).toEqual(tagged(frame, 5));
    // One that is sent with the tag goes as it is, others get it beside their bytes.
    const back = makeFrame(OUTSIDE, BELOW, 60);
    inside.send(tagged(back, 5));
    expect((await outside.receive()).bytes).toEqual(back);
    expect(await ctx.counters("v1")).toMatchObject({ rxBytes: 64 });
    inside.send(back);
    expect((await outside.receive()).bytes).toEqual(back);
    expect(await ctx.counters("v1")).toMatchObject({ rxBytes: 124 });
  },
  { skip },
);

parity(
  "a VLAN follows its device up and down, unless it is bound loosely",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5 });
    await add(ctx, "loose", { id: 6, flags: VLAN_FLAG_LOOSE_BINDING });
    await ctx.up("v", "loose");
    await ctx.settle("v0", "v", "loose");
    expect(await ctx.link("v")).toMatchObject({ operstate: IF_OPER_UP, carrier: 1 });
    await ctx.down("v0");
    await ctx.settle("v0", "v", "loose");
    expect((await ctx.link("v")).flags & IFF_UP).toBe(0);
    expect((await ctx.link("loose")).flags & IFF_UP).toBe(IFF_UP);
    await expectError(ctx.up("v"), { code: "ENETDOWN" });
    await ctx.up("v0");
    expect((await ctx.link("v")).flags & IFF_UP).toBe(IFF_UP);
    await ctx.down("v1");
    await ctx.settle("v0", "v");
    expect(await ctx.link("v")).toMatchObject({ operstate: IF_OPER_LOWERLAYERDOWN, carrier: 0 });
  },
  { skip },
);

parity(
  "a VLAN that waits for ports of a bridge has no carrier of its own",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5, flags: VLAN_FLAG_BRIDGE_BINDING });
    await ctx.up("v");
    expect(await ctx.link("v")).toMatchObject({ carrier: 0 });
  },
  { skip },
);

parity(
  "the address is the device's below until one is set; then that one listens to it too",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5 });
    await ctx.up("v");
    await ctx.setLink({ name: "v0", address: "02:00:00:00:00:20" });
    expect((await ctx.link("v")).address).toBe("02:00:00:00:00:20");
    expect((await ctx.link("v0")).promiscuity).toBe(0);
    await ctx.setLink({ name: "v", address: "02:00:00:00:00:30" });
    expect((await ctx.link("v0")).promiscuity).toBe(1);
    await ctx.setLink({ name: "v0", address: "02:00:00:00:00:30" });
    expect((await ctx.link("v0")).promiscuity).toBe(0);
    await ctx.setLink({ name: "v0", address: BELOW });
    expect((await ctx.link("v")).address).toBe("02:00:00:00:00:30");
    expect((await ctx.link("v0")).promiscuity).toBe(1);
    await ctx.delLink({ name: "v" });
    expect((await ctx.link("v0")).promiscuity).toBe(0);
  },
  { skip },
);

parity(
  "a VLAN dies with its device, and follows its MTU down",
  async (ctx) => {
    await pair(ctx);
    await add(ctx, "v", { id: 5 });
    await add(ctx, "w", { id: 4 });
    await ctx.setLink({ name: "v", mtu: 1400 });
    await ctx.setLink({ name: "v0", mtu: 1450 });
    expect([(await ctx.link("v")).mtu, (await ctx.link("w")).mtu]).toEqual([1400, 1450]);
    const listener = await ctx.listen(RTNLGRP_LINK);
    await ctx.delLink({ name: "v0" });
    const gone = (await listener.rest()).filter(({ message }) => message.type === RTM_DELLINK);
    expect(gone.map(({ message }) => readLink(message).name)).toEqual(["w", "v", "v0", "v1"]);
  },
  { skip },
);

parity("frames with the tag of nobody are for others", async (ctx) => {
  await pair(ctx);
  const outside = await ctx.openPacket("v1");
  const below = await ctx.openPacket("v0", ETH_P_EXPERIMENT);
  outside.send(tagged(makeFrame(BELOW, OUTSIDE, 60), 9));
  const { bytes } = await below.receive();
  expect(bytes).toHaveLength(60);
});
