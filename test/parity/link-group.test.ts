// What: link groups: set at creation, set later, changed as one.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_group_changelink, __rtnl_newlink).

import { IFF_UP } from "../../src/uapi/if.ts";
import { NLM_F_CREATE } from "../../src/uapi/netlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

parity("a link is in group 0 until it is put in another", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", group: 0xffff_ffff });
  expect([(await ctx.link("a")).group, (await ctx.link("b")).group]).toEqual([0xffff_ffff, 0]);
});

parity("RTM_NEWLINK that names only a group changes all its links", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await ctx.newLink({ name: "c", group: 7, vethPeer: { name: "d" } });
  await ctx.newLink({ group: 7, mtu: 1400, flags: IFF_UP, change: IFF_UP }, 0);
  for (const name of ["a", "c"]) {
    const link = await ctx.link(name);
    expect([link.mtu, link.flags & IFF_UP]).toEqual([1400, IFF_UP]);
  }
  expect((await ctx.link("b")).mtu).toBe(1500);
});

parity("RTM_NEWLINK of an empty group changes nothing and succeeds", async (ctx) => {
  await ctx.newLink({ group: 7, mtu: 1400 }, 0);
  expect(await ctx.linkNames()).toEqual(["lo"]);
});

parity("RTM_NEWLINK with NLM_F_CREATE does not change a group", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await expectError(ctx.newLink({ group: 7, mtu: 1400 }, NLM_F_CREATE), {
    code: "EOPNOTSUPP",
    message: "Unknown device type",
  });
});

parity("RTM_SETLINK names a link, not a group", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await expectError(ctx.setLink({ group: 7, mtu: 1400 }), { code: "EINVAL" });
});

parity("a group that holds a link which refuses stops there", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await ctx.newLink({ name: "c", mtu: 100, group: 7, vethPeer: { name: "d" } });
  await expectError(ctx.newLink({ group: 7, mtu: 67 }, 0), {
    code: "EINVAL",
    message: "mtu less than device minimum",
  });
});
