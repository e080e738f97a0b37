// What: the bits of a vxlan header that must be 0 are those without a meaning, or the ones that a user names.
//
// Source: drivers/net/vxlan/vxlan_core.c (vxlan_nl2conf, vxlan_fill_info) since Linux 6.14; the live kernel.

import { setBe16 } from "../../src/bytes/endian.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as il from "../../src/uapi/if_link.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

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
