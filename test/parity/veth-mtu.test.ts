// What: the MTU of each end is its own, within veth's bounds.
//
// Kernel reference: net/core/dev.c (netif_set_mtu_ext, dev_validate_mtu), drivers/net/veth.c (veth_setup).

import { IF_OPER_UP } from "../../src/uapi/if.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

parity("an mtu is set at one end only", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", mtu: 9000 });
  expect([(await ctx.link("a")).mtu, (await ctx.link("b")).mtu]).toEqual([9000, 1500]);
});

parity("the bounds are 68 and 65535, and setting beyond them says which", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", mtu: 68 });
  await ctx.setLink({ name: "a", mtu: 65535 });
  for (const mtu of [0, 67]) {
    await expectError(ctx.setLink({ name: "a", mtu }), {
      code: "EINVAL",
      message: "mtu less than device minimum",
    });
  }
  await expectError(ctx.setLink({ name: "a", mtu: 65536 }), {
    code: "EINVAL",
    message: "mtu greater than device maximum",
  });
  expect((await ctx.link("a")).mtu).toBe(65535);
});

parity("an mtu beyond 31 bits is below the minimum", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", mtu: 0x8000_0000 }), {
    code: "EINVAL",
    message: "mtu less than device minimum",
  });
});

parity("the mtu of an end that is up may be set, and its carrier stays", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.setLink({ name: "a", mtu: 1280 });
  expect(await ctx.link("a")).toMatchObject({ mtu: 1280, carrier: 1, operstate: IF_OPER_UP });
});

parity("lo has no bounds", async (ctx) => {
  for (const mtu of [0, 1, 65536, 0x7fff_ffff]) {
    await ctx.setLink({ name: "lo", mtu });
    expect((await ctx.link("lo")).mtu).toBe(mtu);
  }
});
