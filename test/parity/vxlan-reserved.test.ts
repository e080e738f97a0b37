// What: the bits of a vxlan header that must be 0 are those without a meaning, or the ones that a user names; a frame that has
// one set is counted as broken, of the device and of its identifier.
//
// Source: drivers/net/vxlan/vxlan_core.c (vxlan_nl2conf, vxlan_fill_info) since Linux 6.14; the live kernel.

import { setBe16, setS32 } from "../../src/bytes/endian.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as il from "../../src/uapi/if_link.ts";
import { RTM_GETTUNNEL, RTM_NEWTUNNEL } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { packet4, strangersWire, udp } from "./odd-packets.ts";
import { expectError, makeFrame } from "./vocabulary.ts";

const bits =
  (hex: string) =>
  (writer: MessageWriter): void =>
    void writer.binary(il.IFLA_VXLAN_RESERVED_BITS, fromHex(hex));

async function add(ctx: ParityContext, vni: number, more: (writer: MessageWriter) => void): Promise<string> {
  const data = (writer: MessageWriter): void => {
    writer.u32(il.IFLA_VXLAN_ID, vni);
    setBe16(writer.bytes, writer.attribute(il.IFLA_VXLAN_PORT, 2), 4789);
    more(writer);
  };
  await ctx.newLink({ name: `x${vni}`, info: { kind: "vxlan", data } });
  const { infoData = [] } = await ctx.link(`x${vni}`);
  const at = infoData.findIndex(({ type }) => type === il.IFLA_VXLAN_RESERVED_BITS);
  const before = infoData.slice(0, at).at(-1)?.type;
  const after = infoData.slice(at + 1).map(({ type }) => type);
  return [before, toHex(infoData[at]?.copy() ?? new Uint8Array()), ...after].join(" ");
}

parity("bits that options give a meaning are not reserved", async (ctx) => {
  const range = il.IFLA_VXLAN_PORT_RANGE;
  expect(await add(ctx, 1, () => {})).toBe(`${range} f7ffffff000000ff`);
  expect(await add(ctx, 2, (writer) => void writer.flag(il.IFLA_VXLAN_GBP))).toBe(
    `${il.IFLA_VXLAN_GBP} 77000000000000ff`,
  );
  expect(await add(ctx, 3, (writer) => void writer.u8(il.IFLA_VXLAN_REMCSUM_RX, 1))).toBe(
    `${range} f7dfffff00000000`,
  );
  expect(await add(ctx, 4, bits("00000000000000ff"))).toBe(`${range} 00000000000000ff`);
});

parity("reserved bits are of a size, none that is used, and stay", async (ctx) => {
  await expectError(add(ctx, 1, bits("0800000000000000")), {
    code: "EINVAL",
    message: "Used bits 0x08000000ffffff00 cannot overlap reserved bits 0x0800000000000000",
    offset: 76,
  });
  await expectError(add(ctx, 1, bits("f7ffffff")), {
    code: "ERANGE",
    message: "binary attribute size out of range",
    offset: 76,
  });
  await add(ctx, 1, () => {});
  await expectError(ctx.newLink({ name: "x1", info: { kind: "vxlan", data: bits("0000000000000000") } }, 0), {
    code: "EOPNOTSUPP",
    message: "Cannot change reserved_bits",
    offset: 60,
  });
});

/** Begins a message about identifiers of a device, or asks for what they count. */
function writeTunnel(writer: MessageWriter, ifindex: number, flags = 0): void {
  const at = writer.reserve(il.TUNNEL_MSG_SIZE);
  writer.bytes[at + il.TUNNEL_MSG_FAMILY] = AF_BRIDGE;
  writer.bytes[at + il.TUNNEL_MSG_FLAGS] = flags;
  setS32(writer.bytes, at + il.TUNNEL_MSG_IFINDEX, ifindex);
}

/** What the only identifier of a device counts: packets, drops and errors of what came in. */
async function countsOfVni(ctx: ParityContext, ifindex: number): Promise<number[]> {
  const [message] = await ctx.dump(RTM_GETTUNNEL, (writer) =>
    writeTunnel(writer, ifindex, il.TUNNEL_MSG_FLAG_STATS),
  );
  const [entry] = message?.attributes(il.TUNNEL_MSG_SIZE) ?? [];
  const stats = entry?.child(il.VXLAN_VNIFILTER_ENTRY_STATS);
  return [
    il.VNIFILTER_ENTRY_STATS_RX_PKTS,
    il.VNIFILTER_ENTRY_STATS_RX_DROPS,
    il.VNIFILTER_ENTRY_STATS_RX_ERRORS,
  ].map((type) => stats?.child(type)?.u64Number() ?? -1);
}

parity("a reserved bit counts as an error of the device and of its identifier", async (ctx) => {
  const { wire } = await strangersWire(ctx);
  const data = (writer: MessageWriter): void => {
    setBe16(writer.bytes, writer.attribute(il.IFLA_VXLAN_PORT, 2), 4789);
    writer.u8(il.IFLA_VXLAN_COLLECT_METADATA, 1);
    writer.u8(il.IFLA_VXLAN_VNIFILTER, 1);
  };
  await ctx.newLink({ name: "x", info: { kind: "vxlan", data } });
  await ctx.quiet("x");
  await ctx.up("x");
  const ifindex = await ctx.index("x");
  await ctx.request(RTM_NEWTUNNEL, 0, (writer) => {
    writeTunnel(writer, ifindex);
    const entry = writer.nestFlagged(il.VXLAN_VNIFILTER_ENTRY);
    writer.u32(il.VXLAN_VNIFILTER_ENTRY_START, 5);
    writer.endNest(entry);
  });
  const inside = makeFrame("02:00:00:00:00:0c", "02:00:00:00:00:0d", 60);
  for (const header of ["0800000000000501", "0800000000000500", "0840000000000500"]) {
    wire.send(packet4(17, udp(4789, Uint8Array.from([...fromHex(header), ...inside]))));
  }
  await ctx.until(async () => (await ctx.counters("x")).rxErrors > 1, "an error");
  expect(await ctx.counters("x")).toMatchObject({ rxPackets: 1, rxErrors: 2 });
  expect(await countsOfVni(ctx, ifindex)).toEqual([1, 0, 2]);
});
