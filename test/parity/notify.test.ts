// What: which notifications a change sends, in which order, to which group, and who is told what.
//
// Kernel reference: net/core/rtnetlink.c (rtnetlink_event, rtmsg_ifinfo_build_skb, rtnl_notify), net/core/dev.c
// (__dev_notify_flags, __dev_change_net_namespace), devinet.c (rtmsg_ifa), fib_semantics.c (rtmsg_fib), neighbour.c.
//
// Surprises: ifi_change of an event is 0 unless flags changed; a device closed by a move or a deletion has IFF_RUNNING in
// it beside IFF_UP, one set down by a request has not. Alias, group and alternative names of a device that is down are
// not told of. A link's carrier events wait for a work queue, which RTM_GETLINK of that link runs first: settle().

import { IFF_RUNNING, IFF_UP } from "../../src/uapi/if.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import {
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_LISTEN_ALL_NSID,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  NLMSG_ERROR,
} from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import { expect, parity } from "./harness.ts";
import type { Event } from "./listener.ts";
import { makeMessage } from "./raw.ts";
import { readAddr, readLink, readNeigh, readRoute, routeText, writeLink } from "./vocabulary.ts";

const { RTM_DELADDR, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK, RTNLGRP_LINK } = rt;
const ALL = 0xffff_ffff;
const ADDR4 = rt.RTNLGRP_IPV4_IFADDR;
const ADDR6 = rt.RTNLGRP_IPV6_IFADDR;

/** Type, name, ifi_change and IFLA_LINK of link events. */
function links(events: readonly Event[]) {
  return events.map(({ message }) => {
    const { name, change, link, flags } = readLink(message);
    return { type: message.type, name, change, link, isUp: (flags & IFF_UP) !== 0 };
  });
}

// --- Links ------------------------------------------------------------------------------------------------------------

parity("a new pair is told of peer first, not yet tied, all of it changed", async (ctx) => {
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.addVeth("a", "b");
  expect(links(await events.rest())).toEqual([
    { type: RTM_NEWLINK, name: "b", change: ALL, link: 0, isUp: false },
    { type: RTM_NEWLINK, name: "a", change: ALL, link: 2, isUp: false },
  ]);
});

parity("an event answers nobody: sequence number and port id are 0", async (ctx) => {
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.addVeth("a", "b");
  const told = await events.rest();
  expect(told.map(({ message: { seq, pid, flags }, group }) => [seq, pid, flags, group])).toEqual([
    [0, 0, 0, RTNLGRP_LINK],
    [0, 0, 0, RTNLGRP_LINK],
  ]);
});

parity("a socket that joined no group is told nothing", async (ctx) => {
  const client = await ctx.openClient();
  let count = 0;
  client.onNotification = () => count++;
  await ctx.addVeth("a", "b");
  await client.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name: "a" }));
  expect(count).toBe(0);
});

parity("a socket that left a group is told nothing more", async (ctx) => {
  const client = await ctx.openClient();
  let count = 0;
  client.onNotification = () => count++;
  client.join(RTNLGRP_LINK);
  await ctx.addVeth("a", "b");
  await client.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name: "a" }));
  client.leave(RTNLGRP_LINK);
  await ctx.addVeth("c", "d");
  await client.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name: "c" }));
  expect(count).toBe(2);
});

parity(
  "NLM_F_ECHO sends the event to the asker as an answer, and not a second time as an event",
  async (ctx) => {
    const events = await ctx.listen(RTNLGRP_LINK);
    const raw = await ctx.openRaw();
    raw.transport.setOption(NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
    const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO;
    const answers = await raw.ask(
      makeMessage(RTM_NEWLINK, flags, 5, (writer) =>
        writeLink(writer, { name: "a", vethPeer: { name: "b" } }),
      ),
    );
    const port = raw.transport.portId;
    expect(answers.map(({ type, seq, pid }) => [type, seq, pid])).toEqual([
      [RTM_NEWLINK, 0, 0],
      [RTM_NEWLINK, 5, port],
      [NLMSG_ERROR, 5, port],
    ]);
    expect(answers.slice(0, 2).map((message) => readLink(message).name)).toEqual(["b", "a"]);
    const told = await events.rest();
    expect(told.map(({ message }) => [readLink(message).name, message.seq, message.pid])).toEqual([
      ["b", 0, 0],
      ["a", 5, port],
    ]);
  },
);

parity("NLM_F_ECHO of a deletion too", async (ctx) => {
  await ctx.addVeth("a", "b");
  const raw = await ctx.openRaw();
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO;
  const answers = await raw.ask(
    makeMessage(RTM_DELLINK, flags, 5, (writer) => writeLink(writer, { name: "a" })),
  );
  expect(answers.map(({ type, seq }) => [type, seq])).toEqual([
    [RTM_DELLINK, 5],
    [RTM_DELLINK, 5],
    [NLMSG_ERROR, 5],
  ]);
  expect(answers.slice(0, 2).map((message) => readLink(message).name)).toEqual(["a", "b"]);
});

parity("the first end up is told once, with the flag that changed", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.settle("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.up("a");
  await ctx.settle("a", "b");
  expect(links(await events.rest())).toEqual([
    { type: RTM_NEWLINK, name: "a", change: IFF_UP, link: 2, isUp: true },
  ]);
});

parity("the second end up is told, then the carrier of each", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  await ctx.settle("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.up("b");
  await ctx.settle("b", "a");
  const told = await events.rest();
  expect(links(told).map(({ name, change }) => [name, change])).toEqual([
    ["b", IFF_UP],
    ["b", 0],
    ["a", 0],
  ]);
});

parity("one of two ends that are up going down is told, and the other's loss of carrier", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.settle("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.down("a");
  await ctx.settle("a", "b");
  const told = links(await events.rest()).map(({ name, change, isUp }) => [name, change, isUp]);
  expect(told).toEqual([
    ["a", IFF_UP, false],
    ["b", 0, true],
  ]);
});

parity("mtu, address, txqlen and name are told with no flag changed", async (ctx) => {
  await ctx.addVeth("a", "b");
  for (const [change, expected] of [
    [{ mtu: 1400 }, { mtu: 1400 }],
    [{ address: "02:00:00:00:00:0a" }, { address: "02:00:00:00:00:0a" }],
    [{ txqlen: 5 }, { txqlen: 5 }],
    [{ name: "port" }, { name: "port" }],
  ] as const) {
    const events = await ctx.listen(RTNLGRP_LINK);
    await ctx.setLink({ index: 3, ...change });
    const told = await events.rest();
    expect(told.map(({ message }) => message.type)).toEqual([RTM_NEWLINK]);
    expect(told.map(({ message }) => readLink(message))).toMatchObject([{ ...expected, change: 0 }]);
  }
});

parity(
  "alias and group of a device that is down are not told of, of one that is up they are",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const events = await ctx.listen(RTNLGRP_LINK);
    await ctx.setLink({ name: "a", alias: "left" });
    await ctx.setLink({ name: "a", group: 5 });
    expect(await events.rest()).toEqual([]);
    await ctx.up("a");
    await ctx.settle("a", "b");
    await events.rest();
    await ctx.setLink({ name: "a", alias: "right" });
    await ctx.setLink({ name: "a", group: 6 });
    const told = (await events.rest()).map(({ message }) => readLink(message));
    expect(told.map(({ alias, group, change }) => [alias, group, change])).toEqual([
      ["right", 5, 0],
      ["right", 6, 0],
    ]);
  },
);

parity("alternative names are told of while the device is up", async (ctx) => {
  await ctx.addVeth("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.addAltnames({ name: "b", altnames: ["first", "second"] });
  expect(await events.rest()).toEqual([]);
  await ctx.up("b");
  await ctx.settle("a", "b");
  await events.rest();
  await ctx.delAltnames({ name: "b", altnames: ["first"] });
  const told = (await events.rest()).map(({ message }) => readLink(message));
  expect(told.map(({ name, altnames, change }) => [name, altnames, change])).toEqual([["b", ["second"], 0]]);
});

parity("a change that changes nothing is not told of", async (ctx) => {
  await ctx.addVeth("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.setLink({ index: 3, name: "a", mtu: 1500, txqlen: 1000, group: 0 });
  await ctx.setLink({ index: 3, change: IFF_UP });
  expect(await events.rest()).toEqual([]);
});

parity("a change that is refused is not told of", async (ctx) => {
  await ctx.addVeth("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.setLink({ name: "a", mtu: 67 }).catch(() => undefined);
  expect(await events.rest()).toEqual([]);
});

parity("a creation that fails behind the peer is told of: the peer comes and goes", async (ctx) => {
  await ctx.addVeth("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.newLink({ name: "b", vethPeer: { name: "c" } }).catch(() => undefined);
  await ctx.newLink({ name: "c", index: 99, vethPeer: { name: "d", index: 99 } }).catch(() => undefined);
  expect(links(await events.rest()).map(({ type, name }) => [type, name])).toEqual([
    [RTM_NEWLINK, "d"],
    [RTM_DELLINK, "d"],
  ]);
});

parity("the end of a pair is told of in two messages, no longer tied", async (ctx) => {
  await ctx.addVeth("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.delLink({ name: "a" });
  expect(links(await events.rest())).toEqual([
    { type: RTM_DELLINK, name: "a", change: ALL, link: 0, isUp: false },
    { type: RTM_DELLINK, name: "b", change: ALL, link: 0, isUp: false },
  ]);
});

parity("a pair that is up goes down before it goes", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.settle("a", "b");
  const events = await ctx.listen(RTNLGRP_LINK);
  await ctx.delLink({ name: "a" });
  const told = links(await events.rest());
  expect(told.map(({ type, name, change, isUp, link }) => [type, name, change, isUp, link])).toEqual([
    [RTM_NEWLINK, "a", IFF_UP | IFF_RUNNING, false, 0],
    [RTM_NEWLINK, "b", IFF_UP | IFF_RUNNING, false, 0],
    [RTM_DELLINK, "a", ALL, false, 0],
    [RTM_DELLINK, "b", ALL, false, 0],
  ]);
});

// --- Across namespaces ------------------------------------------------------------------------------------------------

parity("each namespace hears of its own end", async (ctx) => {
  const red = await ctx.otherNetns();
  const here = await ctx.listen(RTNLGRP_LINK);
  const there = await red.listen(RTNLGRP_LINK);
  await ctx.addVeth("a", "b", red);
  expect(links(await here.rest()).map(({ name }) => name)).toEqual(["a"]);
  expect(links(await there.rest()).map(({ name }) => name)).toEqual(["b"]);
});

parity("a move is told of as an end here, with where it went, and a beginning there", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  const here = await ctx.listen(RTNLGRP_LINK);
  const there = await red.listen(RTNLGRP_LINK);
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  const gone = (await here.rest()).map(({ message }) => ({ ...readLink(message), rtm: message.type }));
  expect(gone).toMatchObject([
    { rtm: RTM_DELLINK, name: "a", index: 3, newNetnsid: 0, newIfindex: 3, change: ALL },
  ]);
  const come = (await there.rest()).map(({ message }) => ({ ...readLink(message), rtm: message.type }));
  expect(come).toMatchObject([
    { rtm: RTM_NEWLINK, name: "a", index: 3, change: ALL, link: 2, linkNetnsid: 0 },
  ]);
});

parity("a device that is up is told to be down before it moves", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  await ctx.settle("a", "b");
  const here = await ctx.listen(RTNLGRP_LINK);
  await ctx.setLink({ name: "a", netnsFd: red.fd });
  const told = links(await here.rest()).map(({ type, name, change, isUp }) => [type, name, change, isUp]);
  expect(told).toEqual([
    [RTM_NEWLINK, "a", IFF_UP | IFF_RUNNING, false],
    [RTM_DELLINK, "a", ALL, false],
  ]);
});

parity("NETLINK_LISTEN_ALL_NSID hears of namespaces that have an id, and says which", async (ctx) => {
  const red = await ctx.otherNetns();
  const blue = await ctx.otherNetns();
  await ctx.newNsid({ fd: red.fd, nsid: 7 });
  const client = await ctx.openClient();
  const heard: [string | undefined, number | undefined][] = [];
  client.setOption(NETLINK_LISTEN_ALL_NSID, 1);
  client.onNotification = (message, { nsid }) => heard.push([readLink(message).name, nsid]);
  client.join(RTNLGRP_LINK);
  await blue.addVeth("x", "y");
  await red.addVeth("c", "d");
  await ctx.addVeth("a", "b");
  await ctx.until(() => heard.length >= 4, "four events");
  expect(heard).toEqual([
    ["d", 7],
    ["c", 7],
    ["b", undefined],
    ["a", undefined],
  ]);
});

// --- Addresses --------------------------------------------------------------------------------------------------------

parity(
  "an IPv4 address is told of when it comes, changes and goes, with the asker's sequence number",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const events = await ctx.listen(ADDR4);
    await ctx.addAddr("10.0.0.1/24", "a");
    await ctx.delAddr("10.0.0.1/24", "a");
    const told = await events.rest();
    expect(told.map(({ message, group }) => [message.type, readAddr(message).local, group])).toEqual([
      [RTM_NEWADDR, "10.0.0.1", ADDR4],
      [RTM_DELADDR, "10.0.0.1", ADDR4],
    ]);
    expect(told.map(({ message: { pid } }) => pid)).toEqual([ctx.client.portId, ctx.client.portId]);
  },
);

parity("a primary address that goes is told of before its secondaries", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.2/24", "a");
  await ctx.addAddr("10.0.0.3/24", "a");
  const events = await ctx.listen(ADDR4);
  await ctx.delAddr("10.0.0.1/24", "a");
  const told = (await events.rest()).map(({ message }) => [message.type, readAddr(message).local]);
  expect(told).toEqual([
    [RTM_DELADDR, "10.0.0.2"],
    [RTM_DELADDR, "10.0.0.3"],
    [RTM_DELADDR, "10.0.0.1"],
  ]);
});

parity("an IPv6 address without duplicate detection is told of once", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.link("a");
  const events = await ctx.listen(ADDR6);
  await ctx.addAddr("2001:db8::1/64", "a", { flags: ia.IFA_F_NODAD });
  const [first] = await events.take(1);
  expect(first && [first.message.type, readAddr(first.message).address, first.message.seq]).toEqual([
    RTM_NEWADDR,
    "2001:db8::1",
    0,
  ]);
  await ctx.delAddr("2001:db8::1/64", "a");
  const [second] = await events.take(1);
  expect(second && [second.message.type, readAddr(second.message).address]).toEqual([
    RTM_DELADDR,
    "2001:db8::1",
  ]);
});

parity(
  "an IPv6 address is told of when it is made and when it turned out to be no duplicate",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    await ctx.quiet("a", "b");
    await ctx.up("a", "b");
    await ctx.link("a");
    const events = await ctx.listen(ADDR6);
    await ctx.addAddr("2001:db8::1/64", "a");
    const told = await events.takeUntil(({ message }) => readAddr(message).flags === ia.IFA_F_PERMANENT);
    expect(told.map(({ message }) => readAddr(message).flags)).toEqual([
      ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE,
      ia.IFA_F_PERMANENT,
    ]);
  },
);

// --- Routes and neighbours --------------------------------------------------------------------------------------------

parity("a route is told of when it comes and goes, those of the kernel too", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.link("a");
  const events = await ctx.listen(rt.RTNLGRP_IPV4_ROUTE);
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  await ctx.delRoute("10.7.0.0/16");
  const told = (await events.rest()).map(({ message }) => [message.type, routeText(readRoute(message))]);
  expect(told).toEqual([
    [rt.RTM_NEWROUTE, "local 10.0.0.1/32 dev 3 table local proto kernel scope host src 10.0.0.1"],
    [rt.RTM_NEWROUTE, "unicast 10.0.0.0/24 dev 3 table main proto kernel scope link src 10.0.0.1"],
    [rt.RTM_NEWROUTE, "broadcast 10.0.0.255/32 dev 3 table local proto kernel scope link src 10.0.0.1"],
    [rt.RTM_NEWROUTE, "unicast 10.7.0.0/16 via 10.0.0.2 dev 3 table main proto boot scope global"],
    [rt.RTM_DELROUTE, "unicast 10.7.0.0/16 via 10.0.0.2 dev 3 table main proto boot scope global"],
  ]);
});

parity("IPv4 routes that go with their device are not told of", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  const events = await ctx.listen(rt.RTNLGRP_IPV4_ROUTE);
  await ctx.down("a");
  expect(await events.rest()).toEqual([]);
});

parity("IPv6 routes are told of to a group of their own", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.settle("a", "b");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  const events = await ctx.listen(rt.RTNLGRP_IPV6_ROUTE);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await ctx.delRoute("2001:db8:7::/48", { family: AF_INET6 });
  const told = (await events.rest()).map(({ message, group }) => [
    message.type,
    readRoute(message).dst,
    group,
  ]);
  expect(told).toEqual([
    [rt.RTM_NEWROUTE, "2001:db8:7::/48", rt.RTNLGRP_IPV6_ROUTE],
    [rt.RTM_DELROUTE, "2001:db8:7::/48", rt.RTNLGRP_IPV6_ROUTE],
  ]);
});

parity("a neighbour is told of when it comes and when it goes, the latter as failed", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("lo", "a", "b");
  const events = await ctx.listen(rt.RTNLGRP_NEIGH);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: "02:00:00:00:00:0b", state: NUD_PERMANENT });
  await ctx.delNeigh("10.0.0.2", "a");
  const told = (await events.rest()).filter(({ message }) => readNeigh(message).family === AF_INET);
  expect(
    told.map(({ message }) => [message.type, readNeigh(message).state, readNeigh(message).lladdr]),
  ).toEqual([
    [rt.RTM_NEWNEIGH, NUD_PERMANENT, "02:00:00:00:00:0b"],
    [rt.RTM_NEWNEIGH, 0x20, undefined],
    [rt.RTM_DELNEIGH, 0x20, undefined],
  ]);
});

// --- Overrun ----------------------------------------------------------------------------------------------------------

parity("events that are not read in time are lost, which is told once", async (ctx) => {
  const raw = await ctx.openRaw();
  const events = await ctx.openRaw();
  events.transport.setOption(NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
  await ctx.addVeth("a", "b");
  for (let index = 0; index < 3_000; index++) {
    raw.send(
      makeMessage(rt.RTM_SETLINK, NLM_F_REQUEST, index + 1, (writer) =>
        writeLink(writer, { name: "a", txqlen: index }),
      ),
    );
  }
  await ctx.until(() => events.overruns > 0, "the overrun");
  expect(events.overruns).toBe(1);
});
