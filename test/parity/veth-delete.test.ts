// What: a pair dies as one, whichever end is named, wherever the ends are, and with a namespace that holds one.
//
// Kernel reference: drivers/net/veth.c (veth_dellink), net/core/rtnetlink.c (rtnl_dellink, rtnl_group_dellink),
// net/core/dev.c (default_device_exit_batch).

import { RTM_DELLINK, RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError, readLink } from "./vocabulary.ts";

parity("deleting either end deletes both", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.delLink({ name: "a" });
  expect(await ctx.linkNames()).toEqual(["lo"]);
  await ctx.addVeth("a", "b");
  await ctx.delLink({ name: "b" });
  expect(await ctx.linkNames()).toEqual(["lo"]);
});

parity("deleting an end deletes the other in another namespace", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await red.delLink({ name: "b" });
  expect([...(await ctx.linkNames()), ...(await red.linkNames())]).toEqual(["lo", "lo"]);
});

parity("a link is deleted by index, name or alternative name", async (ctx) => {
  for (const by of [{ index: 3 }, { name: "b" }, { altname: "other" }, { name: "other" }]) {
    const blue = await ctx.otherNetns();
    await blue.addVeth("a", "b");
    await blue.addAltnames({ index: 3, altnames: ["other"] });
    await blue.delLink(by);
    expect(await blue.linkNames()).toEqual(["lo"]);
  }
});

parity("an index counts over a name", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addVeth("c", "d");
  await ctx.delLink({ index: 3, name: "c" });
  expect(await ctx.linkNames()).toEqual(["lo", "d", "c"]);
});

parity("what is not there cannot be deleted", async (ctx) => {
  await expectError(ctx.delLink({ index: 99 }), { code: "ENODEV" });
  await expectError(ctx.delLink({ name: "x" }), { code: "ENODEV" });
  await expectError(ctx.delLink({ altname: "x" }), { code: "ENODEV" });
});

parity("a delete that names nothing is invalid", async (ctx) => {
  await expectError(ctx.delLink({}), { code: "EINVAL" });
});

parity("a negative index names nothing", async (ctx) => {
  await expectError(ctx.delLink({ index: -1 }), { code: "EINVAL" });
});

parity("lo cannot be deleted", async (ctx) => {
  await expectError(ctx.delLink({ name: "lo" }), { code: "EOPNOTSUPP" });
});

parity("a delete names no namespace by pid or descriptor", async (ctx) => {
  await ctx.addVeth("a", "b");
  const message = "specified netns attribute not supported";
  await expectError(ctx.delLink({ netnsFd: ctx.fd, name: "a" }), { code: "EOPNOTSUPP", message });
  await expectError(ctx.delLink({ name: "a", netnsPid: 1 }), { code: "EOPNOTSUPP", message });
});

parity("a namespace that dies takes the ends in it along, and their peers elsewhere", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await ctx.addVeth("c", "d");
  const events = await ctx.listen(RTNLGRP_LINK);
  red.client.close();
  await red.netns.destroy();
  await events.takeUntil(({ message }) => message.type === RTM_DELLINK && readLink(message).name === "a");
  expect(await ctx.linkNames()).toEqual(["lo", "d", "c"]);
});

// --- By group ---------------------------------------------------------------------------------------------------------

parity("all links of a group go at once, their peers with them", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await ctx.newLink({ name: "c", group: 7, vethPeer: { name: "d", group: 7 } });
  await ctx.newLink({ name: "e", vethPeer: { name: "f" } });
  await ctx.delLink({ group: 7 });
  expect(await ctx.linkNames()).toEqual(["lo", "f", "e"]);
});

parity("group 0 cannot be deleted", async (ctx) => {
  await expectError(ctx.delLink({ group: 0 }), { code: "EPERM" });
});

parity("an empty group is no device", async (ctx) => {
  await expectError(ctx.delLink({ group: 7 }), { code: "ENODEV" });
});

parity("a group that holds a link that cannot be deleted stays whole", async (ctx) => {
  await ctx.newLink({ name: "a", group: 7, vethPeer: { name: "b" } });
  await ctx.setLink({ name: "lo", group: 7 });
  await expectError(ctx.delLink({ group: 7 }), { code: "EOPNOTSUPP" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});
