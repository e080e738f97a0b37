// What: names of links: templates, renaming, alternative names, aliases.
//
// Kernel reference: net/core/dev.c (__dev_alloc_name, dev_change_name, dev_set_alias), net/core/rtnetlink.c
// (rtnl_linkprop, rtnl_alt_ifname).

import * as il from "../../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../../src/uapi/netlink.ts";
import { RTM_NEWLINKPROP } from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError, writeLink } from "./vocabulary.ts";

// --- Templates --------------------------------------------------------------------------------------------------------

parity("a template takes the lowest number that is free", async (ctx) => {
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x0" } });
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x1" } });
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x2" } });
  await ctx.delLink({ name: "eth1" });
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x3" } });
  expect((await ctx.links()).map(({ name }) => name)).toEqual([
    "lo",
    "x0",
    "eth0",
    "x2",
    "eth2",
    "x3",
    "eth1",
  ]);
});

parity("a template may go on behind the number", async (ctx) => {
  await ctx.newLink({ name: "p%dx", vethPeer: { name: "p%dx" } });
  expect(await ctx.linkNames()).toEqual(["lo", "p0x", "p1x"]);
});

parity("numbers with a leading zero do not count", async (ctx) => {
  await ctx.addVeth("eth00", "eth01");
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x" } });
  expect(await ctx.linkNames()).toContain("eth0");
});

parity("alternative names take their numbers too", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["eth0"] });
  await ctx.newLink({ name: "eth%d", vethPeer: { name: "x" } });
  expect(await ctx.linkNames()).toContain("eth1");
});

parity("a template that comes out longer than 15 bytes is cut", async (ctx) => {
  await ctx.newLink({ name: "abcdefghijklm%d", vethPeer: { name: "x" } });
  expect(await ctx.linkNames()).toContain("abcdefghijklm0");
});

// --- Renaming ---------------------------------------------------------------------------------------------------------

parity("a link is renamed by index, up or down", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ index: 3, name: "left" });
  await ctx.up("left");
  await ctx.setLink({ index: 3, name: "port" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "port"]);
  await expectError(ctx.link("a"), { code: "ENODEV" });
});

parity("a link is renamed by a template", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ index: 3, name: "eth%d" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "eth0"]);
});

parity("a name that is taken exists, the link's own is fine", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ index: 3, name: "b" }), { code: "EEXIST" });
  await ctx.setLink({ index: 3, name: "a" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("a bad name is invalid", async (ctx) => {
  await ctx.addVeth("a", "b");
  for (const name of ["x/y", "x y", ".", "x%s"]) {
    await expectError(ctx.setLink({ index: 3, name }), { code: "EINVAL" });
  }
});

parity("an empty name with an index renames nothing", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ index: 3, name: "" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

// --- Alternative names ------------------------------------------------------------------------------------------------

parity("alternative names find the link wherever its name does", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["first", "second"] });
  expect(await ctx.link("a")).toMatchObject({ altnames: ["first", "second"] });
  expect(await ctx.getLink({ name: "second" })).toMatchObject({ name: "a" });
  expect(await ctx.getLink({ altname: "first" })).toMatchObject({ name: "a" });
  await ctx.setLink({ altname: "first", mtu: 1400 });
  await ctx.setLink({ name: "second", txqlen: 3 });
  expect(await ctx.link("a")).toMatchObject({ mtu: 1400, txqlen: 3 });
});

parity("an alternative name may have 127 bytes", async (ctx) => {
  await ctx.addVeth("a", "b");
  const name = "x".repeat(127);
  await ctx.addAltnames({ name: "a", altnames: [name] });
  expect(await ctx.getLink({ altname: name })).toMatchObject({ name: "a" });
  await expectError(ctx.addAltnames({ name: "a", altnames: ["x".repeat(128)] }), {
    code: "ERANGE",
    message: "Attribute failed policy validation",
    offset: 44,
  });
});

parity("an alternative name is taken away by that name, and only as one", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["first", "second"] });
  await ctx.delAltnames({ name: "a", altnames: ["first"] });
  expect(await ctx.link("a")).toMatchObject({ altnames: ["second"] });
  await expectError(ctx.delAltnames({ name: "a", altnames: ["first"] }), { code: "ENOENT" });
  await expectError(ctx.delAltnames({ name: "a", altnames: ["a"] }), { code: "EINVAL" });
  await expectError(ctx.delAltnames({ name: "b", altnames: ["second"] }), { code: "EINVAL" });
});

parity("the last alternative name takes IFLA_PROP_LIST along", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["first"] });
  expect((await ctx.link("a")).attributes).toContain(il.IFLA_PROP_LIST);
  await ctx.delAltnames({ name: "a", altnames: ["first"] });
  expect((await ctx.link("a")).attributes).not.toContain(il.IFLA_PROP_LIST);
});

parity("a name that any link has, of either sort, exists", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["other"] });
  await expectError(ctx.addAltnames({ name: "b", altnames: ["other"] }), { code: "EEXIST" });
  await expectError(ctx.addAltnames({ name: "b", altnames: ["a"] }), { code: "EEXIST" });
  await expectError(ctx.setLink({ index: 2, name: "other" }), { code: "EEXIST" });
  await expectError(ctx.newLink({ name: "other", kind: "veth" }), { code: "EEXIST" });
});

parity("of several names those before the refused one stay", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.addAltnames({ name: "a", altnames: ["first", "b", "last"] }), { code: "EEXIST" });
  expect(await ctx.link("a")).toMatchObject({ altnames: ["first"] });
});

parity("IFLA_PROP_LIST must be flagged as a nest", async (ctx) => {
  await ctx.addVeth("a", "b");
  const answer = ctx.request(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, (writer) =>
    writeLink(writer, {
      name: "a",
      more: () => {
        const list = writer.nest(il.IFLA_PROP_LIST);
        writer.string(il.IFLA_ALT_IFNAME, "other").endNest(list);
      },
    }),
  );
  await expectError(answer, { code: "EINVAL", message: "NLA_F_NESTED is missing", offset: 40 });
});

parity("alternative names need a list, a link and no bad characters", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.addAltnames({ altnames: ["other"] }), { code: "EINVAL" });
  await expectError(ctx.addAltnames({ name: "x", altnames: ["other"] }), { code: "ENODEV" });
  await ctx.addAltnames({ name: "a", altnames: [] });
  expect(await ctx.link("a")).toMatchObject({ altnames: undefined });
});

// --- Alias ------------------------------------------------------------------------------------------------------------

parity("an alias is set, changed and taken away", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", alias: "to the left" });
  expect(await ctx.link("a")).toMatchObject({ alias: "to the left" });
  await ctx.setLink({ name: "a", alias: "ü".repeat(127) });
  expect(await ctx.link("a")).toMatchObject({ alias: "ü".repeat(127) });
  await ctx.setLink({ name: "a", alias: "" });
  expect(await ctx.link("a")).toMatchObject({ alias: undefined });
});

parity("an alias has at most 255 bytes, one of 256 fails the policy", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", alias: "x".repeat(255) });
  await expectError(ctx.setLink({ name: "a", alias: "x".repeat(256) }), {
    code: "ERANGE",
    message: "Attribute failed policy validation",
    offset: 40,
  });
});
