// What: the group policy of a vxlan datagram (gbp) is the mark of the frame in it, and the other way round.
//
//   ns a  [br]                              ns b
//         ├─[x0] vni 42 ~~ [v0]──────[v1]   datagrams for x0 go in here, those of x1 come out
//         └─[x1] vni 43 ~~
//
// Source: draft-smith-vxlan-group-policy; drivers/net/vxlan/vxlan_core.c (vxlan_parse_gbp_hdr, vxlan_build_gbp_hdr); the live
// kernel.

import { setBe16 } from "../../src/bytes/endian.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as il from "../../src/uapi/if_link.ts";
import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { macBytes, makeFrame } from "./vocabulary.ts";

const PORT = 4789;
const V0 = "02:00:00:00:01:01";
const V1 = "02:00:00:00:01:02";
const VXLAN = 14 + 20 + 8;

/** The pair, and the bridge of two devices that read policies or do not; the port at b. */
async function build(ctx: ParityContext, readsPolicies: boolean): Promise<PacketPort> {
  const other = await ctx.otherNetns();
  await ctx.addVeth("v0", "v1", other);
  await ctx.setLink({ name: "v0", address: V0 });
  await other.setLink({ name: "v1", address: V1 });
  await ctx.quiet("v0");
  await other.quiet("v1");
  await ctx.up("v0");
  await other.up("v1");
  await ctx.addAddr("10.0.0.1/24", "v0");
  await ctx.addNeigh("10.0.0.2", "v0", { state: NUD_PERMANENT, lladdr: V1 });
  const snoops = (writer: MessageWriter): void => void writer.u8(il.IFLA_BR_MCAST_SNOOPING, 0);
  await ctx.newLink({ name: "br", info: { kind: "bridge", data: snoops } });
  await ctx.quiet("br");
  for (const [name, vni] of [
    ["x0", 42],
    ["x1", 43],
  ] as const) {
    const data = (writer: MessageWriter): void => {
      writer.u32(il.IFLA_VXLAN_ID, vni);
      setBe16(writer.bytes, writer.attribute(il.IFLA_VXLAN_PORT, 2), PORT);
      writer.binary(il.IFLA_VXLAN_GROUP, Uint8Array.of(10, 0, 0, 2));
      writer.u8(il.IFLA_VXLAN_LEARNING, 0);
      if (readsPolicies) writer.flag(il.IFLA_VXLAN_GBP);
    };
    await ctx.newLink({ name, info: { kind: "vxlan", data } });
    await ctx.quiet(name);
    await ctx.setLink({ name, master: await ctx.index("br") });
    await ctx.up(name);
  }
  await ctx.up("br");
  await ctx.settle("v0", "x0", "x1", "br");
  return other.openPacket("v1", ETH_P_IP);
}

/** A datagram from 10.0.0.2 with a frame for nobody in particular behind this header. */
function datagram(header: string): Uint8Array {
  const inner = makeFrame("02:00:00:00:00:0c", "02:00:00:00:00:0d", 60);
  const frame = makeFrame(V0, V1, VXLAN + 8 + inner.length, ETH_P_IP);
  frame.set(fromHex("45000060 00000000 4011668b 0a000002 0a000001"), 14);
  setBe16(frame, 34, 50_000);
  setBe16(frame, 36, PORT);
  setBe16(frame, 38, 8 + 8 + inner.length);
  setBe16(frame, 40, 0);
  frame.set(fromHex(header), VXLAN);
  frame.set(inner, VXLAN + 8);
  return frame;
}

parity("a policy goes from one network to the other by the mark of its frame", async (ctx) => {
  const outside = await build(ctx, true);
  for (const [header, sent] of [
    // A group; flags that there are and others; a group without the flag that says so; none.
    ["88001234 00002a00", "8800123400002b00"],
    ["88ff1234 00002a00", "8848123400002b00"],
    ["08ff1234 00002a00", "0800000000002b00"],
    ["08000000 00002a00", "0800000000002b00"],
  ] as const) {
    outside.send(datagram(header));
    const { bytes } = await outside.receive();
    expect([header, toHex(bytes.subarray(VXLAN, VXLAN + 8))]).toEqual([header, sent]);
    expect(bytes.subarray(VXLAN + 8, VXLAN + 14)).toEqual(macBytes("02:00:00:00:00:0c"));
  }
  // Bits that still mean nothing.
  outside.send(datagram("89001234 00002a00"));
  await ctx.until(async () => (await ctx.counters("x0")).rxErrors > 0, "an error");
  expect(await ctx.counters("x0")).toMatchObject({ rxPackets: 4, rxErrors: 1 });
});

parity("a device that knows no policies takes no frames with one", async (ctx) => {
  const outside = await build(ctx, false);
  for (const header of ["88001234 00002a00", "08001234 00002a00", "08000000 00002a00"]) {
    outside.send(datagram(header));
  }
  const { bytes } = await outside.receive();
  expect(toHex(bytes.subarray(VXLAN, VXLAN + 8))).toBe("0800000000002b00");
  expect(await ctx.counters("x0")).toMatchObject({ rxPackets: 1, rxErrors: 2 });
});
