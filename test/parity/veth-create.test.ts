// What: one RTM_NEWLINK of kind veth makes two devices tied to each other, the peer first.
//
//   a ─────── b
//
// Kernel reference: drivers/net/veth.c (veth_newlink, veth_setup), net/core/rtnetlink.c (rtnl_newlink_create,
// rtnl_configure_link, rtnl_fill_ifinfo).

import { getS32, setS32, setU32 } from "../../src/bytes/endian.ts";
import type { Message } from "../../src/netlink/message.ts";
import { IF_OPER_DOWN, IFF_BROADCAST, IFF_LOOPBACK, IFF_MULTICAST, IFF_UP } from "../../src/uapi/if.ts";
import { ARPHRD_ETHER, ARPHRD_LOOPBACK } from "../../src/uapi/if_arp.ts";
import * as il from "../../src/uapi/if_link.ts";
import {
  IFINFOMSG_CHANGE,
  IFINFOMSG_FLAGS,
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  RTM_GETLINK,
} from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import { VETH_INFO_PEER } from "../../src/uapi/veth.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError, writeLink } from "./vocabulary.ts";

/** The RTM_NEWLINK that answers for `name`. */
async function replyOf(ctx: ParityContext, name: string): Promise<Message | undefined> {
  const { messages } = await ctx.request(RTM_GETLINK, 0, (writer) => writeLink(writer, { name }));
  return messages[0];
}

parity("a fresh namespace holds lo, down, with index 1", async (ctx) => {
  expect(await ctx.links()).toHaveLength(1);
  expect(await ctx.link("lo")).toMatchObject({
    index: 1,
    type: ARPHRD_LOOPBACK,
    flags: IFF_LOOPBACK,
    mtu: 65536,
    minMtu: 0,
    maxMtu: 0,
    txqlen: 1000,
    qdisc: "noop",
    operstate: IF_OPER_DOWN,
    carrier: 1,
    carrierChanges: 0,
    numTxQueues: 1,
    numRxQueues: 1,
    address: "00:00:00:00:00:00",
    broadcast: "00:00:00:00:00:00",
    netnsImmutable: 1,
    kind: undefined,
    link: undefined,
  });
});

parity("the peer is registered first and gets the lower ifindex", async (ctx) => {
  await ctx.newLink({ name: "a", vethPeer: { name: "b" } });
  expect(await ctx.index("b")).toBe(2);
  expect(await ctx.index("a")).toBe(3);
});

parity("each end's IFLA_LINK is the other's ifindex", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect(await ctx.link("a")).toMatchObject({ index: 3, link: 2, linkNetnsid: undefined });
  expect(await ctx.link("b")).toMatchObject({ index: 2, link: 3, linkNetnsid: undefined });
});

parity("a new end is down, without carrier, with Ethernet's numbers", async (ctx) => {
  await ctx.newLink({ name: "a", vethPeer: { name: "b", address: "02:00:00:00:00:0b" } });
  expect(await ctx.link("b")).toMatchObject({
    type: ARPHRD_ETHER,
    flags: IFF_BROADCAST | IFF_MULTICAST,
    change: 0,
    mtu: 1500,
    minMtu: 68,
    maxMtu: 65535,
    txqlen: 1000,
    qdisc: "noop",
    group: 0,
    operstate: IF_OPER_DOWN,
    linkmode: 0,
    carrier: 0,
    carrierChanges: 1,
    carrierUpCount: 0,
    carrierDownCount: 1,
    protoDown: 0,
    promiscuity: 0,
    gsoMaxSize: 65536,
    gsoMaxSegs: 65535,
    groMaxSize: 65536,
    netnsImmutable: 0,
    address: "02:00:00:00:00:0b",
    broadcast: "ff:ff:ff:ff:ff:ff",
    kind: "veth",
    addrgenmode: il.IN6_ADDR_GEN_MODE_EUI64,
    master: undefined,
    alias: undefined,
  });
});

parity("RTM_NEWLINK carries its attributes in the kernel's order", async (ctx) => {
  await ctx.addVeth("a", "b");
  // No IFLA_PAD before IFLA_STATS64 and IFLA_MAP: machines that load unaligned words cheaply do without.
  expect((await ctx.link("a")).attributes).toEqual([
    il.IFLA_IFNAME,
    il.IFLA_TXQLEN,
    il.IFLA_OPERSTATE,
    il.IFLA_LINKMODE,
    il.IFLA_NETNS_IMMUTABLE,
    il.IFLA_MTU,
    il.IFLA_MIN_MTU,
    il.IFLA_MAX_MTU,
    il.IFLA_GROUP,
    il.IFLA_PROMISCUITY,
    il.IFLA_ALLMULTI,
    il.IFLA_NUM_TX_QUEUES,
    il.IFLA_GSO_MAX_SEGS,
    il.IFLA_GSO_MAX_SIZE,
    il.IFLA_GRO_MAX_SIZE,
    il.IFLA_GSO_IPV4_MAX_SIZE,
    il.IFLA_GRO_IPV4_MAX_SIZE,
    il.IFLA_TSO_MAX_SIZE,
    il.IFLA_TSO_MAX_SEGS,
    il.IFLA_MAX_PACING_OFFLOAD_HORIZON,
    il.IFLA_NUM_RX_QUEUES,
    il.IFLA_CARRIER,
    il.IFLA_CARRIER_CHANGES,
    il.IFLA_CARRIER_UP_COUNT,
    il.IFLA_CARRIER_DOWN_COUNT,
    il.IFLA_HEADROOM,
    il.IFLA_TAILROOM,
    il.IFLA_PROTO_DOWN,
    il.IFLA_ADDRESS,
    il.IFLA_BROADCAST,
    il.IFLA_STATS64,
    il.IFLA_STATS,
    il.IFLA_XDP,
    il.IFLA_LINKINFO,
    il.IFLA_LINK,
    il.IFLA_QDISC,
    il.IFLA_AF_SPEC,
    il.IFLA_MAP,
    il.IFLA_DEVLINK_PORT,
    il.IFLA_DPLL_PIN,
  ]);
});

parity(
  "the payloads of RTM_NEWLINK have the kernel's sizes, and two of its nests their flag",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const reply = await replyOf(ctx, "a");
    const sizes = new Map(reply?.attributes(IFINFOMSG_SIZE).map(({ type, length }) => [type, length]));
    expect(reply?.bytes).toHaveLength(1492);
    expect(sizes.get(il.IFLA_IFNAME)).toBe(2);
    expect(sizes.get(il.IFLA_OPERSTATE)).toBe(1);
    expect(sizes.get(il.IFLA_NETNS_IMMUTABLE)).toBe(1);
    expect(sizes.get(il.IFLA_HEADROOM)).toBe(2);
    expect(sizes.get(il.IFLA_STATS64)).toBe(200);
    expect(sizes.get(il.IFLA_STATS)).toBe(96);
    expect(sizes.get(il.IFLA_XDP)).toBe(8);
    expect(sizes.get(il.IFLA_LINKINFO)).toBe(12);
    expect(sizes.get(il.IFLA_QDISC)).toBe(5);
    expect(sizes.get(il.IFLA_AF_SPEC)).toBe(812);
    expect(sizes.get(il.IFLA_MAP)).toBe(32);
    const flagged = reply?.attributes(IFINFOMSG_SIZE).filter(({ isNested }) => isNested);
    expect(flagged?.map(({ type, length }) => [type, length])).toEqual([
      [il.IFLA_DEVLINK_PORT, 0],
      [il.IFLA_DPLL_PIN, 0],
    ]);
  },
);

parity(
  "IFLA_AF_SPEC holds IPv4's conf, and of IPv6 flags, cacheinfo, conf, statistics, token and mode",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const spec = (await replyOf(ctx, "a"))?.attribute(il.IFLA_AF_SPEC, IFINFOMSG_SIZE);
    expect(spec?.children().map(({ type }) => type)).toEqual([AF_INET, AF_INET6]);
    const inet = spec?.child(AF_INET)?.children();
    expect(inet?.map(({ type, length }) => [type, length])).toEqual([[il.IFLA_INET_CONF, 33 * 4]]);
    const inet6 = spec?.child(AF_INET6)?.children();
    expect(inet6?.map(({ type, length }) => [type, length])).toEqual([
      [il.IFLA_INET6_FLAGS, 4],
      [il.IFLA_INET6_CACHEINFO, 16],
      [il.IFLA_INET6_CONF, 60 * 4],
      [il.IFLA_INET6_STATS, 38 * 8],
      [il.IFLA_INET6_ICMP6STATS, 7 * 8],
      [il.IFLA_INET6_TOKEN, 16],
      [il.IFLA_INET6_ADDR_GEN_MODE, 1],
    ]);
  },
);

parity("IPv6's conf of a new device is the kernel's default", async (ctx) => {
  await ctx.addVeth("a", "b");
  const spec = (await replyOf(ctx, "a"))?.attribute(il.IFLA_AF_SPEC, IFINFOMSG_SIZE);
  const conf = spec?.child(AF_INET6)?.child(il.IFLA_INET6_CONF)?.copy() ?? new Uint8Array();
  // IPv4's conf is the initial namespace's (net.core.devconf_inherit_init_net), so the host's and not asserted here.
  expect(Array.from({ length: 60 }, (_, index) => getS32(conf, index * 4))).toEqual([
    0, 64, 1500, 1, 1, 1, 1, -1, 4000, 1000, 0, 604800, 86400, 3, 600, 16, 0, 1, 1, 1, 60000, 0, 0, 0, 0, 0,
    0, 1, 0, 0, 10000, 1000, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 3600000, 0, 0, 1, 0, 0, 0, 0, 0, 1024, 0, 65535,
    -1, 1, 0, 0, 0,
  ]);
});

parity("without names both ends are called veth%d, the peer first", async (ctx) => {
  await ctx.newLink({ kind: "veth" });
  expect((await ctx.links()).map(({ name, index }) => [name, index])).toEqual([
    ["lo", 1],
    ["veth0", 2],
    ["veth1", 3],
  ]);
});

parity("a peer without a name is called veth%d", async (ctx) => {
  await ctx.newLink({ name: "a", vethPeer: {} });
  expect(await ctx.linkNames()).toEqual(["lo", "veth0", "a"]);
});

parity("addresses are random, local and unicast", async (ctx) => {
  await ctx.addVeth("a", "b");
  const addresses = [(await ctx.link("a")).address, (await ctx.link("b")).address];
  for (const address of addresses) expect(address).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  expect(new Set(addresses).size).toBe(2);
});

parity("address, broadcast, mtu, txqlen and group are honoured at both ends", async (ctx) => {
  await ctx.newLink({
    name: "a",
    address: "02:00:00:00:00:0a",
    broadcast: "ff:ff:ff:ff:ff:fa",
    mtu: 9000,
    txqlen: 10,
    group: 7,
    vethPeer: {
      name: "b",
      address: "02:00:00:00:00:0b",
      broadcast: "ff:ff:ff:ff:ff:fb",
      mtu: 1280,
      txqlen: 20,
      group: 8,
    },
  });
  expect(await ctx.link("a")).toMatchObject({
    address: "02:00:00:00:00:0a",
    broadcast: "ff:ff:ff:ff:ff:fa",
    mtu: 9000,
    txqlen: 10,
    group: 7,
  });
  expect(await ctx.link("b")).toMatchObject({
    address: "02:00:00:00:00:0b",
    broadcast: "ff:ff:ff:ff:ff:fb",
    mtu: 1280,
    txqlen: 20,
    group: 8,
  });
});

parity(
  "without a peer blob the request's mtu, txqlen and group hold for both, its name and address do not",
  async (ctx) => {
    await ctx.newLink({
      name: "a",
      address: "02:00:00:00:00:0a",
      mtu: 1400,
      txqlen: 5,
      group: 9,
      kind: "veth",
    });
    expect(await ctx.link("a")).toMatchObject({
      address: "02:00:00:00:00:0a",
      mtu: 1400,
      txqlen: 5,
      group: 9,
    });
    const peer = await ctx.link("veth0");
    expect(peer).toMatchObject({ mtu: 1400, txqlen: 5, group: 9 });
    expect(peer.address).not.toBe("02:00:00:00:00:0a");
  },
);

parity(
  "with an empty peer blob the peer has the defaults, whatever the request says of itself",
  async (ctx) => {
    await ctx.newLink({ name: "a", mtu: 1400, txqlen: 5, group: 9, vethPeer: { name: "b" } });
    expect(await ctx.link("b")).toMatchObject({ mtu: 1500, txqlen: 1000, group: 0 });
  },
);

parity("a txqlen of 0 is what it says", async (ctx) => {
  await ctx.newLink({ name: "a", txqlen: 0, vethPeer: { name: "b" } });
  expect(await ctx.link("a")).toMatchObject({ txqlen: 0, qdisc: "noop" });
});

parity("both ends have as many queues as there are possible CPUs", async (ctx) => {
  await ctx.addVeth("a", "b");
  const queues = { numTxQueues: ctx.possibleCpus, numRxQueues: ctx.possibleCpus };
  expect(await ctx.link("a")).toMatchObject(queues);
  expect(await ctx.link("b")).toMatchObject(queues);
});

parity("queue counts are honoured at both ends", async (ctx) => {
  await ctx.newLink({
    name: "a",
    numTxQueues: 3,
    numRxQueues: 5,
    vethPeer: { name: "b", numTxQueues: 5, numRxQueues: 3 },
  });
  expect(await ctx.link("a")).toMatchObject({ numTxQueues: 3, numRxQueues: 5 });
  expect(await ctx.link("b")).toMatchObject({ numTxQueues: 5, numRxQueues: 3 });
});

parity(
  "operstate and linkmode are taken at creation, and a device that is not running shows DOWN",
  async (ctx) => {
    await ctx.newLink({ name: "a", operstate: 6, linkmode: 1, vethPeer: { name: "b" } });
    expect(await ctx.link("a")).toMatchObject({ operstate: IF_OPER_DOWN, linkmode: 1 });
  },
);

parity("alias, carrier and proto_down are accepted and not applied at creation", async (ctx) => {
  await ctx.newLink({
    name: "a",
    alias: "left",
    carrier: 1,
    protoDown: 1,
    vethPeer: { name: "b", alias: "right" },
  });
  expect(await ctx.link("a")).toMatchObject({ alias: undefined, carrier: 0, protoDown: 0 });
  expect(await ctx.link("b")).toMatchObject({ alias: undefined });
});

parity("an ifindex can be asked for, the peer's only together with the main device's", async (ctx) => {
  await ctx.newLink({ index: 100, name: "a", vethPeer: { index: 200, name: "b" } });
  expect([await ctx.index("a"), await ctx.index("b")]).toEqual([100, 200]);
  await ctx.newLink({ name: "c", vethPeer: { index: 300, name: "d" } });
  expect(await ctx.index("d")).not.toBe(300);
});

parity("after an ifindex was asked for, counting goes on behind the last one given", async (ctx) => {
  await ctx.newLink({ index: 100, name: "a", vethPeer: { name: "b" } });
  await ctx.addVeth("c", "d");
  expect((await ctx.links()).map(({ name, index }) => [name, index])).toEqual([
    ["lo", 1],
    ["b", 2],
    ["d", 3],
    ["c", 4],
    ["a", 100],
  ]);
});

parity("an ifindex is not given again after its device has gone", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.delLink({ name: "a" });
  await ctx.addVeth("a", "b");
  expect([await ctx.index("b"), await ctx.index("a")]).toEqual([4, 5]);
});

parity("IFLA_INFO_KIND may end in a NUL", async (ctx) => {
  await ctx.newLink({
    name: "a",
    more: (writer) => {
      const info = writer.nest(il.IFLA_LINKINFO);
      writer.string(il.IFLA_INFO_KIND, "veth").endNest(info);
    },
  });
  expect(await ctx.link("a")).toMatchObject({ kind: "veth" });
});

parity("nests may be flagged as such", async (ctx) => {
  await ctx.newLink({
    name: "a",
    more: (writer) => {
      const info = writer.nestFlagged(il.IFLA_LINKINFO);
      writer.bareString(il.IFLA_INFO_KIND, "veth");
      const data = writer.nestFlagged(il.IFLA_INFO_DATA);
      const peer = writer.nestFlagged(VETH_INFO_PEER);
      writer.reserve(16);
      writer.string(il.IFLA_IFNAME, "b").endNest(peer).endNest(data).endNest(info);
    },
  });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("the reply names the kind and has no IFLA_INFO_DATA", async (ctx) => {
  await ctx.addVeth("a", "b");
  const info = (await replyOf(ctx, "a"))?.attribute(il.IFLA_LINKINFO, IFINFOMSG_SIZE);
  expect(info?.isNested).toBe(false);
  expect(info?.children().map(({ type, length }) => [type, length])).toEqual([[il.IFLA_INFO_KIND, 5]]);
});

parity("IFF_UP in the request's header brings the main device up", async (ctx) => {
  await ctx.newLink({ name: "a", flags: IFF_UP, change: IFF_UP, vethPeer: { name: "b" } });
  expect((await ctx.link("a")).flags & IFF_UP).toBe(IFF_UP);
  expect((await ctx.link("b")).flags & IFF_UP).toBe(0);
});

parity("IFF_UP in the peer's header is refused with ENOTCONN, and nothing is left", async (ctx) => {
  const up = { flags: IFF_UP, change: IFF_UP };
  await expectError(ctx.newLink({ name: "a", vethPeer: { ...up, name: "b" } }), { code: "ENOTCONN" });
  expect(await ctx.linkNames()).toEqual(["lo"]);
});

parity("flags other than IFF_UP in the peer's header are applied", async (ctx) => {
  const header = new Uint8Array(16);
  setS32(header, IFINFOMSG_INDEX, 0);
  setU32(header, IFINFOMSG_FLAGS, 0x80);
  setU32(header, IFINFOMSG_CHANGE, 0x80);
  await ctx.newLink({ name: "a", vethPeerBytes: header });
  expect(await ctx.link("veth0")).toMatchObject({ flags: IFF_BROADCAST | IFF_MULTICAST | 0x80 });
});

parity("the same name at both ends is fine in two namespaces", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("eth0", "eth0", red);
  expect(await ctx.link("eth0")).toMatchObject({ kind: "veth" });
  expect(await red.link("eth0")).toMatchObject({ kind: "veth" });
});

parity("a hundred pairs are listed in the order of their indexes", async (ctx) => {
  for (let pair = 0; pair < 100; pair++) await ctx.newLink({ kind: "veth" });
  const links = await ctx.links();
  expect(links.map(({ index }) => index)).toEqual(Array.from({ length: 201 }, (_, number) => number + 1));
  expect(links.at(-1)?.name).toBe("veth199");
});
