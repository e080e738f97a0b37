// What: ends in different namespaces: created there, moved there, renamed and renumbered on the way, and what refuses.
//
//   first [a] ─────── [b] red
//
// Kernel reference: drivers/net/veth.c (veth_newlink, veth_get_link_net), net/core/rtnetlink.c (rtnl_link_get_net_capable,
// rtnl_fill_link_netnsid, do_setlink), net/core/dev.c (__dev_change_net_namespace).
//
// Surprise: IFLA_IFNAME of a moving link matters to the move itself only when the link's own name is taken at the
// destination. Otherwise the link moves under its own name, and the rename is a step of its own that can fail behind it.

import { IFF_UP } from "../../src/uapi/if.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { AF_INET } from "../../src/uapi/socket.ts";
import type { TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

/** Gives `other` the id `nsid` in `ctx`. */
function giveNsid(ctx: TestNetns, other: TestNetns, nsid: number) {
  return ctx.newNsid({ nsid, fd: other.fd });
}

// --- Creation ---------------------------------------------------------------------------------------------------------

parity("the peer is created in the namespace its blob names", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", vethPeer: { name: "b", netnsFd: red.fd } });
  expect(await ctx.linkNames()).toEqual(["lo", "a"]);
  expect(await red.linkNames()).toEqual(["lo", "b"]);
});

parity(
  "the main device is created in the namespace the request names, and the peer where the request came from",
  async (ctx) => {
    const red = await ctx.otherNetns();
    await ctx.newLink({ name: "a", netnsFd: red.fd, vethPeer: { name: "b" } });
    expect(await ctx.linkNames()).toEqual(["lo", "b"]);
    expect(await red.linkNames()).toEqual(["lo", "a"]);
  },
);

parity("without a peer blob the peer goes where the main device goes", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", netnsFd: red.fd, kind: "veth" });
  expect(await ctx.linkNames()).toEqual(["lo"]);
  expect(await red.linkNames()).toEqual(["lo", "veth0", "a"]);
});

parity("an empty peer blob leaves the peer with the caller", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", netnsFd: red.fd, vethPeer: {} });
  expect(await ctx.linkNames()).toEqual(["lo", "veth0"]);
  expect(await red.linkNames()).toEqual(["lo", "a"]);
});

parity("IFLA_LINK_NETNSID is where a peer goes that says nothing itself", async (ctx) => {
  const red = await ctx.otherNetns();
  await giveNsid(ctx, red, 7);
  await ctx.newLink({ name: "a", linkNetnsid: 7, vethPeer: { name: "b" } });
  expect(await ctx.linkNames()).toEqual(["lo", "a"]);
  expect(await red.linkNames()).toEqual(["lo", "b"]);
});

parity("the peer's blob counts over IFLA_LINK_NETNSID", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await giveNsid(ctx, red, 7);
  await ctx.newLink({ name: "a", linkNetnsid: 7, vethPeer: { name: "b", netnsFd: blue.fd } });
  expect(await red.linkNames()).toEqual(["lo"]);
  expect(await blue.linkNames()).toEqual(["lo", "b"]);
});

parity("IFLA_TARGET_NETNSID creates in the namespace with that id", async (ctx) => {
  const red = await ctx.otherNetns();
  await giveNsid(ctx, red, 7);
  await ctx.newLink({ name: "a", targetNetnsid: 7, vethPeer: { name: "b" } });
  expect(await ctx.linkNames()).toEqual(["lo", "b"]);
  expect(await red.linkNames()).toEqual(["lo", "a"]);
});

parity("a name that is taken in the target namespace exists, one taken here does not", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.newLink({ name: "a", netnsFd: red.fd, vethPeer: { name: "c" } });
  await expectError(ctx.newLink({ name: "a", netnsFd: red.fd, vethPeer: { name: "d" } }), { code: "EEXIST" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a", "c"]);
  expect(await red.linkNames()).toEqual(["lo", "a"]);
});

parity("a peer's name that is taken in its namespace leaves nothing anywhere", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("b", "x");
  await expectError(ctx.addVeth("a", "b", red), { code: "EEXIST" });
  expect(await ctx.linkNames()).toEqual(["lo"]);
  expect(await red.linkNames()).toEqual(["lo", "x", "b"]);
});

// --- What is told -----------------------------------------------------------------------------------------------------

parity(
  "across namespaces IFLA_LINK comes with IFLA_LINK_NETNSID, an id given when first needed",
  async (ctx) => {
    const red = await ctx.otherNetns();
    await ctx.addVeth("a", "b", red);
    expect(await ctx.link("a")).toMatchObject({ link: 2, linkNetnsid: 0 });
    expect(await red.link("b")).toMatchObject({ link: 2, linkNetnsid: 0 });
    const blue = await ctx.otherNetns();
    await ctx.addVeth("c", "d", blue);
    expect(await ctx.link("c")).toMatchObject({ linkNetnsid: 1 });
  },
);

parity("IFLA_LINK_NETNSID stands before IFLA_LINK", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  const { attributes } = await ctx.link("a");
  expect(attributes.slice(attributes.indexOf(18), attributes.indexOf(18) + 4)).toEqual([18, 37, 5, 6]);
});

parity("a link is told of in another namespace by its id, which the answer repeats", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await giveNsid(ctx, red, 7).catch(() => undefined);
  const { linkNetnsid } = await ctx.link("a");
  const link = await ctx.getLink({ name: "b", targetNetnsid: linkNetnsid ?? -1 });
  expect(link).toMatchObject({ name: "b", targetNetnsid: 0 });
  expect(link.attributes[0]).toBe(46);
  expect(
    (await ctx.links({ targetNetnsid: 0 })).map(({ name, targetNetnsid }) => [name, targetNetnsid]),
  ).toEqual([
    ["lo", 0],
    ["b", 0],
  ]);
});

parity("a target namespace that has no such id is refused", async (ctx) => {
  await expectError(ctx.getLink({ name: "lo", targetNetnsid: 9 }), { code: "EINVAL" });
  await expectError(ctx.delLink({ name: "a", targetNetnsid: 9 }), { code: "EINVAL" });
  await expectError(ctx.setLink({ name: "lo", targetNetnsid: 9 }), { code: "EINVAL" });
});

// --- Moving -----------------------------------------------------------------------------------------------------------

parity("an end that is moved keeps its name, index, address, mtu and peer, and is down", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({
    name: "a",
    address: "02:00:00:00:00:0a",
    mtu: 1400,
    txqlen: 7,
    vethPeer: { name: "b" },
  });
  await ctx.up("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  expect(await ctx.linkNames()).toEqual(["lo", "b"]);
  const moved = await red.link("a");
  expect(moved).toMatchObject({ index: 3, address: "02:00:00:00:00:0a", mtu: 1400, txqlen: 7, link: 2 });
  expect(moved.flags & IFF_UP).toBe(0);
  expect(await ctx.link("b")).toMatchObject({ link: 3, carrier: 0 });
});

parity("a pair works again when the moved end is brought up", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  await red.up("a");
  expect(await ctx.link("b")).toMatchObject({ carrier: 1 });
  expect(await red.link("a")).toMatchObject({ carrier: 1 });
});

parity("a move and IFF_UP in one request leave the device up at its destination", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd, flags: IFF_UP, change: IFF_UP });
  expect((await red.link("a")).flags & IFF_UP).toBe(IFF_UP);
});

parity("an index that is taken at the destination is replaced by a new one", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("x", "y");
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  expect(await red.link("a")).toMatchObject({ index: 4, link: 2 });
  expect(await ctx.link("b")).toMatchObject({ link: 4 });
});

parity("IFLA_NEW_IFINDEX asks for an index at the destination", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd, newIfindex: 99 });
  expect(await red.link("a")).toMatchObject({ index: 99 });
});

parity("IFLA_NEW_IFINDEX that is taken is busy, and nothing moves", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.newLink({ index: 99, name: "x", vethPeer: { name: "y" } });
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", netnsFd: red.fd, newIfindex: 99 }), {
    code: "EBUSY",
    message: "The ifindex 99 is not available in the target netns",
  });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("IFLA_NEW_IFINDEX below 1 is out of range", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", netnsFd: red.fd, newIfindex: 0 }), {
    code: "ERANGE",
    message: "integer out of range",
    offset: 48,
  });
});

parity("IFLA_IFNAME in a move by index is the name at the destination", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.setLink({ index: 3, netnsFd: red.fd, name: "eth0" });
  expect(await red.linkNames()).toEqual(["lo", "eth0"]);
});

parity("a template in a move is filled in at the destination", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("eth0", "x");
  await ctx.addVeth("a", "b");
  await ctx.setLink({ index: 3, netnsFd: red.fd, name: "eth%d" });
  expect((await red.links()).map(({ name }) => name)).toContain("eth1");
});

parity("a name that is taken at the destination exists, and nothing moves", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("a", "x");
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ index: 3, netnsFd: red.fd }), {
    code: "EEXIST",
    message: "An interface with the same name exists in the target netns",
  });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("IFLA_IFNAME is tried at the destination when the name is taken there", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("a", "c");
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", netnsFd: red.fd }), {
    code: "EEXIST",
    message: "Unable to use 'a' for the new interface name in the target netns",
  });
  await expectError(ctx.setLink({ index: 3, netnsFd: red.fd, name: "c" }), {
    code: "EEXIST",
    message: "Unable to use 'c' for the new interface name in the target netns",
  });
  await expectError(ctx.setLink({ index: 3, netnsFd: red.fd, name: "x/y" }), {
    code: "EINVAL",
    message: "Unable to use 'x/y' for the new interface name in the target netns",
  });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity(
  "a device whose own name is free moves first, and is renamed then: that may fail, and leaves it there",
  async (ctx) => {
    const red = await ctx.otherNetns();
    await red.addVeth("c", "d");
    await ctx.addVeth("a", "b");
    await expectError(ctx.setLink({ index: 3, netnsFd: red.fd, name: "c" }), { code: "EEXIST" });
    expect(await ctx.linkNames()).toEqual(["lo", "b"]);
    expect(await red.linkNames()).toContain("a");
  },
);

parity("an alternative name that is taken at the destination exists", async (ctx) => {
  const red = await ctx.otherNetns();
  await red.addVeth("other", "x");
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["other"] });
  await expectError(ctx.setLink({ name: "a", netnsFd: red.fd }), {
    code: "EEXIST",
    message: "An interface with the altname other exists in the target netns",
  });
});

parity("alternative names move along", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["other"] });
  await ctx.setLink({ name: "other", netnsFd: red.fd });
  expect(await red.link("other")).toMatchObject({ name: "a", altnames: ["other"] });
});

parity("lo does not move", async (ctx) => {
  const red = await ctx.otherNetns();
  await expectError(ctx.setLink({ name: "lo", netnsFd: red.fd }), {
    code: "EINVAL",
    message: "The interface netns is immutable",
  });
});

parity("a move to where the device is already changes nothing", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  await ctx.setLink({ name: "a", netnsFd: ctx.fd });
  expect((await ctx.link("a")).flags & IFF_UP).toBe(IFF_UP);
});

parity("addresses and routes stay behind", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("2001:db8::1/64", "a", { flags: ia.IFA_F_NODAD });
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  expect([...(await ctx.addrs()), ...(await red.addrs())]).toEqual([]);
  expect(await ctx.routes({ family: AF_INET })).toEqual([]);
});

parity("alias and group move along", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", alias: "left", group: 5 });
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  expect(await red.link("a")).toMatchObject({ alias: "left", group: 5 });
});

parity("both ends may go to the same place", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  await ctx.setLink({ name: "b", netnsFd: red.fd });
  expect(await red.link("a")).toMatchObject({ link: 2, linkNetnsid: undefined });
  expect(await ctx.linkNames()).toEqual(["lo"]);
});

parity("RTM_NEWLINK moves a link that exists here by index", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.newLink({ index: 3, netnsFd: red.fd }, 0);
  expect(await red.linkNames()).toEqual(["lo", "a"]);
});
