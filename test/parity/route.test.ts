// What: IPv4 routes: those the kernel makes by itself, adding, replacing, appending, deleting, looking up, dumping, errors.
//
//   a 10.0.0.1/24 ─────── b (in another namespace, 10.0.0.2/24)
//
// a has index 3 where b is in the same namespace and 2 where it is in another. Offsets: message header 16, struct rtmsg
// 12, so the first attribute is at 28, the second (behind 4 bytes of address) at 36, the third at 44.
//
// Kernel reference: net/ipv4/fib_frontend.c (fib_magic, fib_add_ifaddr, inet_rtm_newroute), fib_semantics.c
// (fib_create_info, fib_check_nh, fib_dump_info), fib_trie.c (fib_table_insert), route.c (inet_rtm_getroute).
//
// Surprises: the texts of the fib_* files have no prefix, those of the requests' own checks "ipv4: ", and "FIB table does
// not exist" comes in both forms. As long as no rule was ever added, the local table's routes are found in the main table,
// so a look-up of an own address answers with table main. 0x80000000 in rtm_flags is RTCF_LOCAL.

import * as ia from "../../src/uapi/if_addr.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { RouteRequest } from "./vocabulary.ts";
import { expectError, routeText, writeRoute } from "./vocabulary.ts";

const { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } = nl;

/** The IPv4 routes of `table`, one line each. */
async function list(ctx: TestNetns, table: number): Promise<string[]> {
  return (await ctx.routes({ family: AF_INET, table })).map(routeText);
}

const main = (ctx: TestNetns) => list(ctx, rt.RT_TABLE_MAIN);
const local = (ctx: TestNetns) => list(ctx, rt.RT_TABLE_LOCAL);

/** A pair to another namespace, both ends up, addresses 10.0.0.1 here and 10.0.0.2 there; a has index 2. */
async function connect(ctx: ParityContext): Promise<TestNetns> {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await ctx.quiet("a");
  await red.quiet("b");
  await red.addAddr("10.0.0.2/24", "b");
  await red.up("b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.up("a");
  await ctx.settle("a");
  return red;
}

// --- Automatic routes -------------------------------------------------------------------------------------------------

parity("a fresh namespace has no table and no route", async (ctx) => {
  expect(await ctx.routes({ family: AF_INET })).toEqual([]);
});

parity("lo that comes up brings its own routes", async (ctx) => {
  await ctx.up("lo");
  expect(await local(ctx)).toEqual([
    "local 127.0.0.0/8 dev 1 table local proto kernel scope host src 127.0.0.1",
    "local 127.0.0.1/32 dev 1 table local proto kernel scope host src 127.0.0.1",
    "broadcast 127.255.255.255/32 dev 1 table local proto kernel scope link src 127.0.0.1",
  ]);
});

parity(
  "an address on a device that is up brings its network, itself and the broadcast address",
  async (ctx) => {
    await connect(ctx);
    expect(await main(ctx)).toEqual([
      "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
    ]);
    expect(await local(ctx)).toEqual([
      "local 10.0.0.1/32 dev 2 table local proto kernel scope host src 10.0.0.1",
      "broadcast 10.0.0.255/32 dev 2 table local proto kernel scope link src 10.0.0.1",
    ]);
  },
);

parity("an address on a device that is down brings itself alone", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  expect(await main(ctx)).toEqual([]);
  expect(await local(ctx)).toEqual([
    "local 10.0.0.1/32 dev 3 table local proto kernel scope host src 10.0.0.1",
  ]);
});

parity(
  "without carrier the routes of a device say RTNH_F_DEAD and RTNH_F_LINKDOWN where they are",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    await ctx.addAddr("10.0.0.1/24", "a");
    await ctx.up("a");
    await ctx.link("a");
    expect(await main(ctx)).toEqual([
      "unicast 10.0.0.0/24 dev 3 table main proto kernel scope link src 10.0.0.1 flags 16",
    ]);
  },
);

parity("routes come and go with the device, the one to its own address stays", async (ctx) => {
  await connect(ctx);
  await ctx.down("a");
  expect(await main(ctx)).toEqual([]);
  expect(await local(ctx)).toEqual([
    "local 10.0.0.1/32 dev 2 table local proto kernel scope host src 10.0.0.1",
  ]);
  await ctx.up("a");
  expect(await main(ctx)).toHaveLength(1);
  expect(await local(ctx)).toHaveLength(2);
});

parity("a host address brings no network", async (ctx) => {
  await connect(ctx);
  await ctx.addAddr("10.9.0.1/32", "a");
  expect(await main(ctx)).toHaveLength(1);
  expect(await local(ctx)).toContain(
    "local 10.9.0.1/32 dev 2 table local proto kernel scope host src 10.9.0.1",
  );
});

parity("a network of two addresses has no broadcast address", async (ctx) => {
  await connect(ctx);
  await ctx.delAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.9.0.0/31", "a");
  expect(await main(ctx)).toEqual([
    "unicast 10.9.0.0/31 dev 2 table main proto kernel scope link src 10.9.0.0",
  ]);
  expect(await local(ctx)).toEqual([
    "local 10.9.0.0/32 dev 2 table local proto kernel scope host src 10.9.0.0",
  ]);
});

parity("a broadcast address of one's own is routed beside the network's", async (ctx) => {
  await connect(ctx);
  await ctx.delAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.9.0.1/24", "a", { broadcast: "10.9.0.77" });
  expect(await local(ctx)).toEqual([
    "local 10.9.0.1/32 dev 2 table local proto kernel scope host src 10.9.0.1",
    "broadcast 10.9.0.77/32 dev 2 table local proto kernel scope link src 10.9.0.1",
    "broadcast 10.9.0.255/32 dev 2 table local proto kernel scope link src 10.9.0.1",
  ]);
});

parity("a peer's address brings a route to it alone", async (ctx) => {
  await connect(ctx);
  await ctx.delAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.9.0.1/32", "a", { address: "10.8.0.1" });
  expect(await main(ctx)).toEqual([
    "unicast 10.8.0.1/32 dev 2 table main proto kernel scope link src 10.9.0.1",
  ]);
});

parity(
  "IFA_F_NOPREFIXROUTE keeps the network's route away, IFA_RT_PRIORITY gives it a metric",
  async (ctx) => {
    await connect(ctx);
    await ctx.delAddr("10.0.0.1/24", "a");
    await ctx.addAddr("10.9.0.1/24", "a", { flags: ia.IFA_F_NOPREFIXROUTE });
    expect(await main(ctx)).toEqual([]);
    await ctx.addAddr("10.8.0.1/24", "a", { priority: 42 });
    expect(await main(ctx)).toEqual([
      "unicast 10.8.0.0/24 dev 2 table main proto kernel scope link src 10.8.0.1 metric 42",
    ]);
  },
);

parity(
  "a secondary address brings itself alone, with the primary as source, and its route goes with it",
  async (ctx) => {
    await connect(ctx);
    await ctx.addAddr("10.0.0.9/24", "a");
    expect(await main(ctx)).toHaveLength(1);
    expect(await local(ctx)).toContain(
      "local 10.0.0.9/32 dev 2 table local proto kernel scope host src 10.0.0.1",
    );
    await ctx.delAddr("10.0.0.9/24", "a");
    expect(await local(ctx)).toHaveLength(2);
  },
);

parity("the routes of a device that goes away go too", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  await ctx.delLink({ name: "a" });
  expect([...(await main(ctx)), ...(await local(ctx))]).toEqual([]);
});

parity("a route whose preferred source goes away goes too", async (ctx) => {
  await connect(ctx);
  await ctx.addAddr("10.9.0.1/32", "a");
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", prefsrc: "10.9.0.1" });
  await ctx.delAddr("10.9.0.1/32", "a");
  expect(await main(ctx)).toHaveLength(1);
});

// --- Adding -----------------------------------------------------------------------------------------------------------

parity("a route via a gateway finds its device", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  expect(await main(ctx)).toContain(
    "unicast 10.7.0.0/16 via 10.0.0.2 dev 2 table main proto boot scope global",
  );
});

parity("a default route has no RTA_DST, and comes first", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("default", { gateway: "10.0.0.2" });
  const [route] = await ctx.routes({ family: AF_INET, table: rt.RT_TABLE_MAIN });
  expect(route).toEqual({
    family: AF_INET,
    dst: "default",
    tos: 0,
    headerTable: rt.RT_TABLE_MAIN,
    table: rt.RT_TABLE_MAIN,
    protocol: rt.RTPROT_BOOT,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: rt.RTN_UNICAST,
    flags: 0,
    gateway: "10.0.0.2",
    oif: 2,
    attributes: [rt.RTA_TABLE, rt.RTA_GATEWAY, rt.RTA_OIF],
  });
});

parity("all a route can carry comes back in the kernel's order", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", {
    tos: 8,
    protocol: rt.RTPROT_STATIC,
    gateway: "10.0.0.2",
    oif: 2,
    prefsrc: "10.0.0.1",
    priority: 99,
    metrics: { [rt.RTAX_MTU]: 1400, [rt.RTAX_ADVMSS]: 1300, [rt.RTAX_HOPLIMIT]: 9 },
  });
  const route = (await ctx.routes({ family: AF_INET })).find(({ dst }) => dst === "10.7.0.0/16");
  expect(route).toMatchObject({
    tos: 8,
    protocol: rt.RTPROT_STATIC,
    prefsrc: "10.0.0.1",
    priority: 99,
    metrics: { [rt.RTAX_MTU]: 1400, [rt.RTAX_ADVMSS]: 1300, [rt.RTAX_HOPLIMIT]: 9 },
    attributes: [
      rt.RTA_TABLE,
      rt.RTA_DST,
      rt.RTA_PRIORITY,
      rt.RTA_METRICS,
      rt.RTA_PREFSRC,
      rt.RTA_GATEWAY,
      rt.RTA_OIF,
    ],
  });
});

parity("blackhole, unreachable, prohibit and throw need no device", async (ctx) => {
  const types = [rt.RTN_BLACKHOLE, rt.RTN_UNREACHABLE, rt.RTN_PROHIBIT, rt.RTN_THROW];
  for (const [index, type] of types.entries()) {
    await ctx.addRoute(`10.${index}.0.0/16`, { type, scope: rt.RT_SCOPE_UNIVERSE });
  }
  expect(await main(ctx)).toEqual([
    "blackhole 10.0.0.0/16 table main proto boot scope global",
    "unreachable 10.1.0.0/16 table main proto boot scope global",
    "prohibit 10.2.0.0/16 table main proto boot scope global",
    "throw 10.3.0.0/16 table main proto boot scope global",
  ]);
});

parity("tables are kept apart, those above 255 named in RTA_TABLE only", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", table: 100 });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", table: 1000 });
  expect(await list(ctx, 100)).toEqual([
    "unicast 10.7.0.0/16 via 10.0.0.2 dev 2 table 100 proto boot scope global",
  ]);
  const [far] = await ctx.routes({ family: AF_INET, table: 1000 });
  expect(far).toMatchObject({ headerTable: rt.RT_TABLE_COMPAT, table: 1000 });
  expect(await main(ctx)).toHaveLength(1);
});

parity("a route may have several next hops", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", {
    multipath: [
      { oif: 2, gateway: "10.0.0.2" },
      { oif: 2, gateway: "10.0.0.3", hops: 4 },
    ],
  });
  expect(await main(ctx)).toContain(
    "unicast 10.7.0.0/16 table main proto boot scope global " +
      "nexthop via 10.0.0.2 dev 2 weight 1 nexthop via 10.0.0.3 dev 2 weight 5",
  );
});

parity("RTNH_F_ONLINK takes a gateway that no route leads to", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "192.0.2.1", oif: 2, flags: rt.RTNH_F_ONLINK });
  expect(await main(ctx)).toContain(
    "unicast 10.7.0.0/16 via 192.0.2.1 dev 2 table main proto boot scope global flags 4",
  );
});

// --- Existing routes --------------------------------------------------------------------------------------------------

parity(
  "a route to the same prefix exists, whatever its gateway, unless its metric or tos differ",
  async (ctx) => {
    await connect(ctx);
    await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
    await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" }), { code: "EEXIST" });
    await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3" }), { code: "EEXIST" });
    await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3", priority: 5 });
    await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3", tos: 8 });
    expect(await main(ctx)).toEqual([
      "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
      "unicast 10.7.0.0/16 tos 8 via 10.0.0.3 dev 2 table main proto boot scope global",
      "unicast 10.7.0.0/16 via 10.0.0.2 dev 2 table main proto boot scope global",
      "unicast 10.7.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global metric 5",
    ]);
  },
);

parity("NLM_F_REPLACE puts the new route in the place of the first", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3" }, NLM_F_CREATE | NLM_F_REPLACE);
  await ctx.addRoute("10.8.0.0/16", { gateway: "10.0.0.3" }, NLM_F_CREATE | NLM_F_REPLACE);
  expect((await main(ctx)).slice(1)).toEqual([
    "unicast 10.7.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global",
    "unicast 10.8.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global",
  ]);
});

parity("NLM_F_APPEND puts it behind, no flag but NLM_F_CREATE before", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3" }, NLM_F_CREATE | NLM_F_APPEND);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.4" }, NLM_F_CREATE);
  const gateways = (await ctx.routes({ family: AF_INET })).filter(({ dst }) => dst === "10.7.0.0/16");
  expect(gateways.map(({ gateway }) => gateway)).toEqual(["10.0.0.4", "10.0.0.2", "10.0.0.3"]);
});

parity(
  "a route that is the same in all exists also for NLM_F_APPEND and for a plain NLM_F_CREATE",
  async (ctx) => {
    await connect(ctx);
    await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
    for (const flags of [NLM_F_CREATE | NLM_F_APPEND, NLM_F_CREATE]) {
      await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" }, flags), { code: "EEXIST" });
    }
  },
);

parity("without NLM_F_CREATE a route that is missing is not made", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" }, 0), { code: "ENOENT" });
  await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" }, NLM_F_REPLACE), { code: "ENOENT" });
});

// --- Errors -----------------------------------------------------------------------------------------------------------

/** Expects that a route to 10.7.0.0/16 is refused. */
function refuse(
  ctx: ParityContext,
  more: RouteRequest,
  code: "EINVAL" | "ENETUNREACH" | "ENODEV" | "ENETDOWN",
  message = "",
) {
  return expectError(ctx.addRoute("10.7.0.0/16", more), { code, message });
}

parity("a gateway must be on a network of the device", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "192.0.2.1" }, "ENETUNREACH", "Nexthop has invalid gateway");
  await refuse(ctx, { gateway: "192.0.2.1", oif: 2 }, "ENETUNREACH", "Nexthop has invalid gateway");
});

parity("a gateway may be an address of this host, but not a broadcast address", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "10.0.0.255" }, "EINVAL", "Nexthop has invalid gateway");
  await refuse(ctx, { gateway: "224.0.0.5", oif: 2 }, "ENETUNREACH", "Nexthop has invalid gateway");
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.1" });
});

parity("a gateway that a route with a gateway leads to is none", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.6.0.0/16", { gateway: "10.0.0.2" });
  await refuse(ctx, { gateway: "10.6.0.1" }, "ENETUNREACH", "Nexthop has invalid gateway");
});

parity("a device that is down carries no route, and a device that is not there none either", async (ctx) => {
  await ctx.addVeth("a", "b");
  await refuse(ctx, { oif: 3 }, "ENETDOWN", "Device for nexthop is not up");
  await refuse(ctx, { oif: 99 }, "ENODEV", "");
  await refuse(ctx, {}, "ENODEV", "");
});

parity("RTNH_F_ONLINK wants a device that is up, and a scope that is global", async (ctx) => {
  await connect(ctx);
  const onlink = { gateway: "192.0.2.1", flags: rt.RTNH_F_ONLINK };
  await refuse(ctx, onlink, "ENODEV", "Nexthop device required for onlink");
  await refuse(ctx, { ...onlink, oif: 99 }, "ENODEV", "Nexthop device required for onlink");
  await refuse(ctx, { ...onlink, oif: 2, scope: rt.RT_SCOPE_LINK }, "EINVAL", "Nexthop has invalid scope");
});

parity("RTNH_F_DEAD and RTNH_F_LINKDOWN are the kernel's to set", async (ctx) => {
  await connect(ctx);
  const message = "Invalid rtm_flags - can not contain DEAD or LINKDOWN";
  await refuse(ctx, { gateway: "10.0.0.2", flags: rt.RTNH_F_DEAD }, "EINVAL", message);
  await refuse(ctx, { gateway: "10.0.0.2", flags: rt.RTNH_F_LINKDOWN }, "EINVAL", message);
});

parity("a prefix has no bits behind its length", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("10.7.0.1/16", { gateway: "10.0.0.2" }), {
    code: "EINVAL",
    message: "Invalid prefix for given prefix length",
  });
});

parity("a prefix length beyond 32 is invalid", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("10.7.0.0/33", { gateway: "10.0.0.2" }), {
    code: "EINVAL",
    message: "Invalid prefix length",
  });
});

parity("a preferred source must be an address of this host", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "10.0.0.2", prefsrc: "192.0.2.9" }, "EINVAL", "Invalid prefsrc address");
});

parity("a scope must be wider than the one of the way to the gateway", async (ctx) => {
  await connect(ctx);
  await refuse(
    ctx,
    { gateway: "10.0.0.2", scope: rt.RT_SCOPE_HOST },
    "EINVAL",
    "Route with host scope can not have a gateway",
  );
  await refuse(
    ctx,
    { gateway: "10.0.0.2", scope: rt.RT_SCOPE_LINK },
    "ENETUNREACH",
    "Nexthop has invalid gateway",
  );
});

parity("a route of an unknown type is invalid", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "10.0.0.2", type: 12 }, "EINVAL", "Invalid route type");
});

parity("RTA_GATEWAY and RTA_VIA exclude each other", async (ctx) => {
  await connect(ctx);
  await refuse(
    ctx,
    { gateway: "10.0.0.2", via: "10.0.0.2" },
    "EINVAL",
    "Nexthop configuration can not contain both GATEWAY and VIA",
  );
});

parity("the metrics of a route have their limits", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", metrics: { 99: 1 } }), {
    code: "EINVAL",
    message: "Invalid metric type",
  });
});

parity("attributes of the wrong size fail the policy", async (ctx) => {
  await connect(ctx);
  const message = "Attribute failed policy validation";
  const dst = new Uint8Array(3);
  await expectError(
    ctx.request(rt.RTM_NEWROUTE, NLM_F_CREATE, (writer) =>
      writeRoute(writer, { family: AF_INET, dstLen: 24, type: rt.RTN_UNICAST, dst, oif: 2 }),
    ),
    { code: "ERANGE", message, offset: 28 },
  );
  await expectError(ctx.addRoute("10.7.0.0/16", { gateway: new Uint8Array(3) }), {
    code: "ERANGE",
    message,
    offset: 36,
  });
});

// --- Deleting ---------------------------------------------------------------------------------------------------------

parity("a route is deleted by its prefix, and by whatever else is named", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  await expectError(ctx.delRoute("10.7.0.0/16", { gateway: "10.0.0.3" }), { code: "ESRCH" });
  await expectError(ctx.delRoute("10.7.0.0/16", { priority: 4 }), { code: "ESRCH" });
  await expectError(ctx.delRoute("10.7.0.0/17"), { code: "ESRCH" });
  await expectError(ctx.delRoute("10.7.0.0/16", { table: 77 }), {
    code: "ESRCH",
    message: "FIB table does not exist",
  });
  await ctx.delRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  expect(await main(ctx)).toHaveLength(1);
});

parity("of several routes to a prefix the first goes", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", priority: 1 });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3", priority: 2 });
  await ctx.delRoute("10.7.0.0/16");
  expect((await main(ctx)).slice(1)).toEqual([
    "unicast 10.7.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global metric 2",
  ]);
});

// --- Looking up -------------------------------------------------------------------------------------------------------

parity("RTM_GETROUTE tells the way, the source and that the answer is a clone", async (ctx) => {
  await connect(ctx);
  expect(await ctx.getRoute("10.0.0.2")).toMatchObject({
    dst: "10.0.0.2/32",
    headerTable: rt.RT_TABLE_MAIN,
    table: rt.RT_TABLE_MAIN,
    type: rt.RTN_UNICAST,
    scope: rt.RT_SCOPE_UNIVERSE,
    protocol: rt.RTPROT_UNSPEC,
    flags: rt.RTM_F_CLONED,
    oif: 2,
    prefsrc: "10.0.0.1",
    uid: 0,
    error: 0,
    attributes: [rt.RTA_TABLE, rt.RTA_DST, rt.RTA_OIF, rt.RTA_PREFSRC, rt.RTA_UID, rt.RTA_CACHEINFO],
  });
});

parity("RTM_GETROUTE takes the longest prefix, then the lowest metric", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("default", { gateway: "10.0.0.2" });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.3", priority: 9 });
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.4", priority: 1 });
  await ctx.addRoute("10.7.7.0/24", { gateway: "10.0.0.5" });
  expect((await ctx.getRoute("192.0.2.1")).gateway).toBe("10.0.0.2");
  expect((await ctx.getRoute("10.7.1.1")).gateway).toBe("10.0.0.4");
  expect((await ctx.getRoute("10.7.7.1")).gateway).toBe("10.0.0.5");
});

parity("RTM_GETROUTE of an address of one's own is local, by lo", async (ctx) => {
  await connect(ctx);
  await ctx.up("lo");
  expect(await ctx.getRoute("10.0.0.1")).toMatchObject({
    type: rt.RTN_LOCAL,
    table: rt.RT_TABLE_MAIN,
    oif: 1,
    prefsrc: "10.0.0.1",
    flags: 0x8000_0000 + rt.RTM_F_CLONED,
  });
});

parity("RTM_GETROUTE of a broadcast address says so", async (ctx) => {
  await connect(ctx);
  expect(await ctx.getRoute("10.0.0.255")).toMatchObject({ type: rt.RTN_BROADCAST, oif: 2 });
});

parity("RTM_GETROUTE without a way is unreachable", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.getRoute("192.0.2.1"), { code: "ENETUNREACH" });
  await ctx.addRoute("192.0.2.0/24", { type: rt.RTN_UNREACHABLE, scope: rt.RT_SCOPE_UNIVERSE });
  await expectError(ctx.getRoute("192.0.2.1"), { code: "EHOSTUNREACH" });
  await ctx.addRoute("192.0.3.0/24", { type: rt.RTN_PROHIBIT, scope: rt.RT_SCOPE_UNIVERSE });
  await expectError(ctx.getRoute("192.0.3.1"), { code: "EACCES" });
  await ctx.addRoute("192.0.4.0/24", { type: rt.RTN_BLACKHOLE, scope: rt.RT_SCOPE_UNIVERSE });
  await expectError(ctx.getRoute("192.0.4.1"), { code: "EINVAL" });
});

parity("RTM_F_FIB_MATCH tells the route itself", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2", priority: 3 });
  const route = await ctx.getRoute("10.7.1.1", { flags: rt.RTM_F_FIB_MATCH });
  expect(routeText(route)).toBe(
    "unicast 10.7.0.0/16 via 10.0.0.2 dev 2 table main proto boot scope global metric 3",
  );
});

parity("a strict RTM_GETROUTE takes no prefix shorter than an address", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.getRoute("10.0.0.0/24"), {
    code: "EINVAL",
    message: "ipv4: Invalid values in header for route get request",
  });
});

// --- Dumping ----------------------------------------------------------------------------------------------------------

parity("a dump of all tables comes in the order of their making, local before main", async (ctx) => {
  await ctx.up("lo");
  await connect(ctx);
  const tables = (await ctx.routes({ family: AF_INET })).map(({ table }) => table);
  expect(tables).toEqual([254, 255, 255, 255, 255, 255]);
});

parity("a strict dump of a table that is not there is refused", async (ctx) => {
  await expectError(ctx.routes({ family: AF_INET, table: 77 }), {
    code: "ENOENT",
    message: "ipv4: FIB table does not exist",
  });
});

parity("a strict dump filters by protocol, type and device, and says so", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" });
  const byProtocol = await ctx.routes({ family: AF_INET, protocol: rt.RTPROT_BOOT });
  expect(byProtocol.map(({ dst }) => dst)).toEqual(["10.7.0.0/16"]);
  const byType = await ctx.routes({ family: AF_INET, type: rt.RTN_BROADCAST });
  expect(byType.map(({ dst }) => dst)).toEqual(["10.0.0.255/32"]);
  const byDevice = await ctx.dump(rt.RTM_GETROUTE, (writer) =>
    writeRoute(writer, { family: AF_INET, oif: 2 }),
  );
  expect(byDevice.map(({ flags }) => flags & nl.NLM_F_DUMP_FILTERED)).toEqual(
    byDevice.map(() => nl.NLM_F_DUMP_FILTERED),
  );
});

parity("a strict dump takes no other values in the header", async (ctx) => {
  const message = "Invalid values in header for FIB dump request";
  await expectError(ctx.routes({ family: AF_INET, dstLen: 8 }), { code: "EINVAL", message });
  await expectError(ctx.routes({ family: AF_INET, tos: 8 }), { code: "EINVAL", message });
  await expectError(ctx.routes({ family: AF_INET, scope: 8 }), { code: "EINVAL", message });
});

parity("NLM_F_EXCL without NLM_F_CREATE finds nothing to make", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("10.7.0.0/16", { gateway: "10.0.0.2" }, NLM_F_EXCL), { code: "ENOENT" });
});
