// What: RTM_SETLINK takes its attributes in an order of its own, and what came before a refusal stays.
//
// Kernel reference: net/core/rtnetlink.c (do_setlink, rtnl_setlink, validate_linkmsg), net/ethernet/eth.c.

import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IFF_UP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

parity(
  "address, mtu, group, name, alias, broadcast, flags and txqlen are set by one request",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    await ctx.setLink({
      index: 3,
      flags: IFF_UP,
      change: IFF_UP,
      txqlen: 9,
      broadcast: "ff:ff:ff:ff:ff:00",
      alias: "left",
      name: "port",
      group: 4,
      mtu: 1400,
      address: "02:00:00:00:00:0a",
    });
    const link = await ctx.link("port");
    expect(link).toMatchObject({
      txqlen: 9,
      broadcast: "ff:ff:ff:ff:ff:00",
      alias: "left",
      group: 4,
      mtu: 1400,
      address: "02:00:00:00:00:0a",
    });
    expect(link.flags & IFF_UP).toBe(IFF_UP);
  },
);

parity(
  "an mtu that is refused comes behind the address and before the group, however they are written",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    await expectError(ctx.setLink({ name: "a", group: 4, mtu: 67, address: "02:00:00:00:00:0a" }), {
      code: "EINVAL",
      message: "mtu less than device minimum",
    });
    expect(await ctx.link("a")).toMatchObject({ group: 0, mtu: 1500, address: "02:00:00:00:00:0a" });
  },
);

parity("a name that is refused comes behind the group and before the alias", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ index: 3, alias: "left", name: "b", group: 4 }), { code: "EEXIST" });
  expect(await ctx.link("a")).toMatchObject({ group: 4, alias: undefined });
});

parity("a master that is refused comes behind the flags and before the txqlen", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", txqlen: 5, master: 77, flags: IFF_UP, change: IFF_UP }), {
    code: "EINVAL",
  });
  const link = await ctx.link("a");
  expect([link.flags & IFF_UP, link.txqlen]).toEqual([IFF_UP, 1000]);
});

parity("a carrier that is refused comes before the txqlen", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", txqlen: 5, carrier: 1 }), { code: "EOPNOTSUPP" });
  expect((await ctx.link("a")).txqlen).toBe(1000);
});

parity("proto_down is not veth's", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", protoDown: 1 }), {
    code: "EOPNOTSUPP",
    message: "Protodown not supported by device",
  });
});

parity("an address is checked before anything is changed", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", mtu: 1400, address: new Uint8Array(5) }), { code: "EINVAL" });
  await expectError(ctx.setLink({ name: "a", mtu: 1400, broadcast: new Uint8Array(5) }), { code: "EINVAL" });
  expect(await ctx.link("a")).toMatchObject({ mtu: 1500 });
});

parity("an address that is no station's is not available", async (ctx) => {
  await ctx.addVeth("a", "b");
  for (const address of ["01:00:5e:00:00:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]) {
    await expectError(ctx.setLink({ name: "a", address }), { code: "EADDRNOTAVAIL" });
  }
});

parity("veth's address may be set while it is up", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.setLink({ name: "a", address: "02:00:00:00:00:0a" });
  expect(await ctx.link("a")).toMatchObject({ address: "02:00:00:00:00:0a", carrier: 1 });
});

parity("a master of 0 where there is none is fine", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", master: 0 });
  expect(await ctx.link("a")).toMatchObject({ master: undefined });
});

parity("operstate and linkmode are taken, and show while the device runs", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", linkmode: 1 });
  await ctx.up("a", "b");
  expect(await ctx.link("a")).toMatchObject({ linkmode: 1, operstate: 5 });
  await ctx.setLink({ name: "a", operstate: 6 });
  expect(await ctx.link("a")).toMatchObject({ operstate: 6 });
});

parity("GSO and GRO sizes are set within bounds", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", gsoMaxSize: 32768, gsoMaxSegs: 100, groMaxSize: 16384 });
  expect(await ctx.link("a")).toMatchObject({ gsoMaxSize: 32768, gsoMaxSegs: 100, groMaxSize: 16384 });
  await expectError(ctx.setLink({ name: "a", gsoMaxSize: 524_281 }), {
    code: "EINVAL",
    message: "too big gso_max_size",
  });
});

parity("addrgenmode is set in IFLA_AF_SPEC, an unknown one is invalid", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", addrgenmode: il.IN6_ADDR_GEN_MODE_NONE });
  expect(await ctx.link("a")).toMatchObject({ addrgenmode: il.IN6_ADDR_GEN_MODE_NONE });
  await expectError(ctx.setLink({ name: "a", addrgenmode: 9 }), { code: "EINVAL" });
});

parity("an unknown family in IFLA_AF_SPEC is not supported", async (ctx) => {
  await ctx.addVeth("a", "b");
  const answer = ctx.setLink({
    name: "a",
    mtu: 1400,
    more: (writer) => {
      const spec = writer.nest(il.IFLA_AF_SPEC);
      const family = writer.nest(77);
      writer.endNest(family).endNest(spec);
    },
  });
  await expectError(answer, { code: "EAFNOSUPPORT" });
  expect(await ctx.link("a")).toMatchObject({ mtu: 1500 });
});

parity(
  "IPv6's part of IFLA_AF_SPEC must hold a token or a mode, and may hold what is unknown besides",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const set = (attributes: (writer: MessageWriter) => void) =>
      ctx.setLink({
        name: "a",
        more: (writer) => {
          const spec = writer.nest(il.IFLA_AF_SPEC);
          const inet6 = writer.nest(AF_INET6);
          attributes(writer);
          writer.endNest(inet6).endNest(spec);
        },
      });
    await expectError(
      set((writer) => writer.u32(99, 1)),
      { code: "EINVAL" },
    );
    await set((writer) => writer.u32(99, 1).u8(il.IFLA_INET6_ADDR_GEN_MODE, il.IN6_ADDR_GEN_MODE_NONE));
  },
);

parity("RTM_SETLINK needs a link that is there", async (ctx) => {
  await expectError(ctx.setLink({ mtu: 1400 }), { code: "EINVAL" });
  await expectError(ctx.setLink({ index: 99, mtu: 1400 }), { code: "ENODEV" });
  await expectError(ctx.setLink({ name: "x", mtu: 1400 }), { code: "ENODEV" });
  await expectError(ctx.setLink({ index: -1, mtu: 1400 }), { code: "EINVAL" });
});

parity("veth has no settings of its own to change", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.newLink({ name: "a", vethPeer: { name: "c" } }, 0), { code: "EOPNOTSUPP" });
});
