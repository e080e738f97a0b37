// What: namespace ids: given by hand, given when needed, looked up, listed, told of, taken back.
//
// Kernel reference: net/core/net_namespace.c (rtnl_net_newid, rtnl_net_getid, rtnl_net_dumpid, peernet2id_alloc).

import { NLM_F_MULTI } from "../../src/uapi/netlink.ts";
import { RTM_DELNSID, RTM_GETNSID, RTM_NEWNSID, RTNLGRP_NSID } from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError, readNsid, writeNsid } from "./vocabulary.ts";

parity("a namespace has no id until it is given one", async (ctx) => {
  const red = await ctx.otherNetns();
  expect(await ctx.getNsid({ fd: red.fd })).toEqual({ nsid: -1 });
  await ctx.newNsid({ fd: red.fd, nsid: 12 });
  expect(await ctx.getNsid({ fd: red.fd })).toEqual({ nsid: 12 });
});

parity("a negative id asks for the next that is free", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: -1 });
  await ctx.newNsid({ fd: blue.fd, nsid: -1 });
  expect((await ctx.nsids()).map(({ nsid }) => nsid)).toEqual([0, 1]);
});

parity("an id is known in one direction only", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 3 });
  expect(await red.getNsid({ fd: ctx.fd })).toEqual({ nsid: -1 });
});

parity("a namespace may have an id for itself", async (ctx) => {
  await ctx.newNsid({ fd: ctx.fd, nsid: 5 });
  expect(await ctx.getNsid({ fd: ctx.fd })).toEqual({ nsid: 5 });
});

parity("an id needs an id and a namespace", async (ctx) => {
  const red = await ctx.otherNetns();
  await expectError(ctx.newNsid({ fd: red.fd }), { code: "EINVAL", message: "nsid is missing" });
  await expectError(ctx.newNsid({ nsid: 5 }), { code: "EINVAL", message: "Peer netns reference is missing" });
});

parity("a reference that leads nowhere is invalid", async (ctx) => {
  const message = "Peer netns reference is invalid";
  await expectError(ctx.newNsid({ fd: 0x7fff_fff0, nsid: 5 }), { code: "EBADF", message, offset: 20 });
  await expectError(ctx.newNsid({ pid: 0x7fff_fff0, nsid: 5 }), { code: "ESRCH", message, offset: 20 });
  await expectError(ctx.getNsid({ fd: 0x7fff_fff0 }), { code: "EBADF", message, offset: 20 });
});

parity("a namespace has one id, and an id one namespace", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 5 });
  await expectError(ctx.newNsid({ fd: red.fd, nsid: 6 }), {
    code: "EEXIST",
    message: "Peer netns already has a nsid assigned",
    offset: 20,
  });
  await expectError(ctx.newNsid({ fd: blue.fd, nsid: 5 }), {
    code: "EEXIST",
    message: "The specified nsid is already used",
    offset: 28,
  });
});

parity("an id can be looked up as such", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 5 });
  expect(await ctx.getNsid({ nsid: 5 })).toEqual({ nsid: 5 });
  await expectError(ctx.getNsid({ nsid: 6 }), {
    code: "ENOENT",
    message: "Peer netns reference is invalid",
    offset: 20,
  });
});

parity("a look-up for another namespace tells its id there, and the one here", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 5 });
  await ctx.newNsid({ fd: blue.fd, nsid: 6 });
  await red.newNsid({ fd: blue.fd, nsid: 77 });
  expect(await ctx.getNsid({ fd: blue.fd, targetNsid: 5 })).toEqual({ nsid: 77, currentNsid: 6 });
  await expectError(ctx.getNsid({ fd: blue.fd, targetNsid: 99 }), {
    code: "EINVAL",
    message: "Target netns reference is invalid",
    offset: 28,
  });
});

parity("a look-up needs a reference", async (ctx) => {
  await expectError(ctx.getNsid({}), { code: "EINVAL", message: "Peer netns reference is missing" });
});

parity("a dump lists all ids", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 9 });
  await ctx.newNsid({ fd: blue.fd, nsid: 2 });
  const answer = await ctx.client.dump(RTM_GETNSID, (writer) => writeNsid(writer, {}));
  expect(answer.messages.map((message) => [readNsid(message).nsid, message.type, message.flags])).toEqual([
    [2, RTM_NEWNSID, NLM_F_MULTI],
    [9, RTM_NEWNSID, NLM_F_MULTI],
  ]);
});

parity("ids that are given are told to RTNLGRP_NSID", async (ctx) => {
  const red = await ctx.otherNetns();
  const events = await ctx.listen(RTNLGRP_NSID);
  await ctx.newNsid({ fd: red.fd, nsid: 9 });
  const told = await events.rest();
  expect(told.map(({ message }) => [message.type, readNsid(message).nsid])).toEqual([[RTM_NEWNSID, 9]]);
});

parity("an id given because a veth's peer is there is told too", async (ctx) => {
  const red = await ctx.otherNetns();
  const events = await ctx.listen(RTNLGRP_NSID);
  await ctx.addVeth("a", "b", red);
  const told = await events.rest();
  expect(told.map(({ message }) => [message.type, readNsid(message).nsid, message.seq, message.pid])).toEqual(
    [[RTM_NEWNSID, 0, 0, 0]],
  );
});

parity("an id is taken back when its namespace dies", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 9 });
  const events = await ctx.listen(RTNLGRP_NSID);
  red.client.close();
  await red.netns.destroy();
  const [told] = await events.take(1);
  expect(told && [told.message.type, readNsid(told.message).nsid]).toEqual([RTM_DELNSID, 9]);
  expect(await ctx.nsids()).toEqual([]);
});

parity("RTM_DELNSID is the kernel's alone", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 9 });
  const answer = ctx.request(RTM_DELNSID, 0, (writer) => writeNsid(writer, { fd: red.fd }));
  await expectError(answer, { code: "EOPNOTSUPP" });
});
