// What: IPv6 routes: those the kernel makes by itself, adding, replacing, appending, deleting, looking up, dumping, errors.
//
//   a 2001:db8::1/64 ─────── b (in another namespace, 2001:db8::2/64)
//
// a has index 2. Offsets: message header 16, struct rtmsg 12, so the first attribute is at 28, the second (behind 16
// bytes of address) at 48.
//
// Kernel reference: net/ipv6/route.c (ip6_route_info_create, fib6_nh_init, inet6_rtm_newroute, inet6_rtm_getroute,
// rt6_fill_node), ip6_fib.c (fib6_add_rt2node, inet6_dump_fib), addrconf.c (addrconf_prefix_route, addrconf_add_mroute).
//
// Surprises: RTM_NEWROUTE without NLM_F_CREATE makes a route all the same (the kernel only logs it). NLM_F_APPEND and a
// plain NLM_F_CREATE merge a route of the same metric into one with several next hops. A strict RTM_GETROUTE refuses
// RTM_F_LOOKUP_TABLE, which IPv4 wants. Local routes have metric 0, and rta_error is 0 in a dump even of reject routes.

import * as ia from "../../src/uapi/if_addr.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { RouteRequest } from "./vocabulary.ts";
import { expectError, routeText, writeRoute } from "./vocabulary.ts";

const { NLM_F_APPEND, NLM_F_CREATE, NLM_F_REPLACE } = nl;

/** The IPv6 routes of `table`, one line each. */
async function list(ctx: TestNetns, table: number): Promise<string[]> {
  return (await ctx.routes({ family: AF_INET6, table })).map(routeText);
}

const main = (ctx: TestNetns) => list(ctx, rt.RT_TABLE_MAIN);
const local = (ctx: TestNetns) => list(ctx, rt.RT_TABLE_LOCAL);

/** A pair to another namespace, both ends up, addresses 2001:db8::1 here and ::2 there; a has index 2. */
async function connect(ctx: ParityContext): Promise<TestNetns> {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  await ctx.up("a");
  // IPv6 makes a device ready when the work queue tells it of the carrier.
  await ctx.settle("a");
  await red.settle("b");
  await red.addReadyAddr("2001:db8::2/64", "b");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  return red;
}

// --- Automatic routes -------------------------------------------------------------------------------------------------

parity("a fresh namespace has no route that a dump tells", async (ctx) => {
  expect(await ctx.routes({ family: AF_INET6 })).toEqual([]);
});

parity("lo that comes up brings a local route alone", async (ctx) => {
  await ctx.up("lo");
  expect(await local(ctx)).toEqual(["local ::1/128 dev 1 table local proto kernel scope global metric 0"]);
  expect(await main(ctx)).toEqual([]);
});

parity("an address brings its network, itself and, with the device, multicast", async (ctx) => {
  await connect(ctx);
  expect(await main(ctx)).toEqual([
    "unicast 2001:db8::/64 dev 2 table main proto kernel scope global metric 256",
  ]);
  expect(await local(ctx)).toEqual([
    "local 2001:db8::1/128 dev 2 table local proto kernel scope global metric 0",
    "multicast ff00::/8 dev 2 table local proto kernel scope global metric 256",
  ]);
});

parity("a link-local address brings fe80::/64", async (ctx) => {
  await connect(ctx);
  await ctx.addReadyAddr("fe80::1/64", "a");
  expect(await main(ctx)).toContain(
    "unicast fe80::/64 dev 2 table main proto kernel scope global metric 256",
  );
  expect(await local(ctx)).toContain(
    "local fe80::1/128 dev 2 table local proto kernel scope global metric 0",
  );
});

parity("an address of 128 bits brings itself in both tables", async (ctx) => {
  await connect(ctx);
  await ctx.addReadyAddr("2001:db8:9::1/128", "a");
  expect(await main(ctx)).toContain(
    "unicast 2001:db8:9::1/128 dev 2 table main proto kernel scope global metric 256",
  );
  expect(await local(ctx)).toContain(
    "local 2001:db8:9::1/128 dev 2 table local proto kernel scope global metric 0",
  );
});

parity(
  "IFA_F_NOPREFIXROUTE keeps the network's route away, IFA_RT_PRIORITY gives it a metric",
  async (ctx) => {
    await connect(ctx);
    await ctx.addReadyAddr("2001:db8:9::1/64", "a", { flags: ia.IFA_F_NOPREFIXROUTE });
    expect(await main(ctx)).toHaveLength(1);
    await ctx.addReadyAddr("2001:db8:8::1/64", "a", { priority: 42 });
    expect(await main(ctx)).toContain(
      "unicast 2001:db8:8::/64 dev 2 table main proto kernel scope global metric 42",
    );
  },
);

parity("an address that is deleted takes its routes along", async (ctx) => {
  await connect(ctx);
  await ctx.delAddr("2001:db8::1/64", "a");
  expect(await main(ctx)).toEqual([]);
  expect(await local(ctx)).toEqual([
    "multicast ff00::/8 dev 2 table local proto kernel scope global metric 256",
  ]);
});

parity("a device that is taken down loses all its routes", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await ctx.down("a");
  expect(await ctx.routes({ family: AF_INET6 })).toEqual([]);
});

parity("forwarding off, there is no anycast address of a router", async (ctx) => {
  await connect(ctx);
  const types = (await ctx.routes({ family: AF_INET6 })).map(({ type }) => type);
  expect(types).not.toContain(rt.RTN_ANYCAST);
});

// --- Adding -----------------------------------------------------------------------------------------------------------

parity("a route has metric 1024 unless it says otherwise, and a preference of medium", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  const route = (await ctx.routes({ family: AF_INET6 })).find(({ dst }) => dst === "2001:db8:7::/48");
  expect(route).toEqual({
    family: AF_INET6,
    dst: "2001:db8:7::/48",
    tos: 0,
    headerTable: rt.RT_TABLE_MAIN,
    table: rt.RT_TABLE_MAIN,
    protocol: rt.RTPROT_BOOT,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: rt.RTN_UNICAST,
    flags: 0,
    gateway: "2001:db8::2",
    oif: 2,
    priority: 1024,
    pref: 0,
    error: 0,
    attributes: [
      rt.RTA_TABLE,
      rt.RTA_DST,
      rt.RTA_PRIORITY,
      rt.RTA_GATEWAY,
      rt.RTA_OIF,
      rt.RTA_CACHEINFO,
      rt.RTA_PREF,
    ],
  });
});

parity("a default route has no RTA_DST", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("default", { family: AF_INET6, gateway: "2001:db8::2" });
  expect(await main(ctx)).toContain(
    "unicast default via 2001:db8::2 dev 2 table main proto boot scope global metric 1024",
  );
});

parity("a link-local gateway needs its device", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "fe80::2", oif: 2 });
  expect(await main(ctx)).toContain(
    "unicast 2001:db8:7::/48 via fe80::2 dev 2 table main proto boot scope global metric 1024",
  );
  await expectError(ctx.addRoute("2001:db8:8::/48", { gateway: "fe80::2" }), {
    code: "EINVAL",
    message: "Egress device not specified",
  });
});

parity("blackhole, unreachable, prohibit and throw are by lo", async (ctx) => {
  const types = [rt.RTN_BLACKHOLE, rt.RTN_UNREACHABLE, rt.RTN_PROHIBIT, rt.RTN_THROW];
  for (const [index, type] of types.entries()) await ctx.addRoute(`2001:db8:${index + 1}::/48`, { type });
  expect(await main(ctx)).toEqual([
    "blackhole 2001:db8:1::/48 dev 1 table main proto boot scope global metric 1024",
    "unreachable 2001:db8:2::/48 dev 1 table main proto boot scope global metric 1024",
    "prohibit 2001:db8:3::/48 dev 1 table main proto boot scope global metric 1024",
    "throw 2001:db8:4::/48 dev 1 table main proto boot scope global metric 1024",
  ]);
});

parity("metrics, source preference and protocol are kept", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", {
    protocol: rt.RTPROT_STATIC,
    gateway: "2001:db8::2",
    prefsrc: "2001:db8::1",
    priority: 7,
    metrics: { [rt.RTAX_MTU]: 1400, [rt.RTAX_HOPLIMIT]: 9 },
    pref: 1,
  });
  expect(await main(ctx)).toContain(
    "unicast 2001:db8:7::/48 via 2001:db8::2 dev 2 table main proto static scope global src 2001:db8::1 metric 7 " +
      "rtax2 1400 rtax10 9 pref 1",
  );
});

parity("a route may have several next hops", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", {
    multipath: [
      { oif: 2, gateway: "2001:db8::2" },
      { oif: 2, gateway: "2001:db8::3", hops: 4 },
    ],
  });
  expect(await main(ctx)).toContain(
    "unicast 2001:db8:7::/48 table main proto boot scope global metric 1024 " +
      "nexthop via 2001:db8::2 dev 2 weight 1 nexthop via 2001:db8::3 dev 2 weight 5",
  );
});

// --- Existing routes --------------------------------------------------------------------------------------------------

parity("a route to the same prefix exists, unless its metric differs", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await expectError(ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::3" }), { code: "EEXIST" });
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::3", priority: 5 });
  expect((await main(ctx)).filter((line) => line.includes("2001:db8:7"))).toEqual([
    "unicast 2001:db8:7::/48 via 2001:db8::3 dev 2 table main proto boot scope global metric 5",
    "unicast 2001:db8:7::/48 via 2001:db8::2 dev 2 table main proto boot scope global metric 1024",
  ]);
});

parity("NLM_F_REPLACE takes the place of the route with its metric", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::3" }, NLM_F_CREATE | NLM_F_REPLACE);
  expect((await main(ctx)).filter((line) => line.includes("2001:db8:7"))).toEqual([
    "unicast 2001:db8:7::/48 via 2001:db8::3 dev 2 table main proto boot scope global metric 1024",
  ]);
});

parity("NLM_F_APPEND, and a plain NLM_F_CREATE, make a second next hop of it", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::3" }, NLM_F_CREATE | NLM_F_APPEND);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::4" }, NLM_F_CREATE);
  expect((await main(ctx)).filter((line) => line.includes("2001:db8:7"))).toEqual([
    "unicast 2001:db8:7::/48 table main proto boot scope global metric 1024 " +
      "nexthop via 2001:db8::2 dev 2 weight 1 nexthop via 2001:db8::3 dev 2 weight 1 nexthop via 2001:db8::4 dev 2 weight 1",
  ]);
});

parity("without NLM_F_CREATE a route that is missing is made all the same", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" }, 0);
  expect(await main(ctx)).toHaveLength(2);
  await expectError(ctx.addRoute("2001:db8:8::/48", { gateway: "2001:db8::2" }, NLM_F_REPLACE), {
    code: "ENOENT",
    message: "Can not replace route - no match found",
  });
});

// --- Errors -----------------------------------------------------------------------------------------------------------

/** Expects that a route to 2001:db8:7::/48 is refused. */
function refuse(
  ctx: ParityContext,
  more: RouteRequest,
  code: "EINVAL" | "EHOSTUNREACH" | "ENETUNREACH" | "ENODEV" | "ENETDOWN",
  message = "",
) {
  return expectError(ctx.addRoute("2001:db8:7::/48", more), { code, message });
}

parity("a gateway must be on a network of the device", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "2001:db8:99::1" }, "EHOSTUNREACH", "");
  await refuse(ctx, { gateway: "2001:db8:99::1", oif: 2 }, "EHOSTUNREACH", "");
});

parity("a gateway must not be an address of this host, nor a group", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "2001:db8::1" }, "EINVAL", "Gateway can not be a local address");
  await refuse(ctx, { gateway: "ff02::1", oif: 2 }, "EINVAL", "Invalid gateway address");
});

parity("a device that is down or not there carries no route", async (ctx) => {
  await ctx.addVeth("a", "b");
  await refuse(ctx, { oif: 3 }, "ENETDOWN", "Nexthop device is not up");
  await refuse(ctx, { oif: 99 }, "ENODEV", "");
  await refuse(ctx, {}, "ENODEV", "");
});

parity("a prefix length beyond 128 is invalid, without a text", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.addRoute("2001:db8:7::/129", { gateway: "2001:db8::2" }), { code: "EINVAL" });
});

parity("bits behind the prefix length are cut off", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::1/48", { gateway: "2001:db8::2" });
  expect((await main(ctx)).filter((line) => line.includes("2001:db8:7::/48"))).toHaveLength(1);
});

parity("a preferred source must be an address of this host", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { gateway: "2001:db8::2", prefsrc: "2001:db8::99" }, "EINVAL", "Invalid source address");
});

parity("RTA_VIA is IPv4's alone", async (ctx) => {
  await connect(ctx);
  await refuse(ctx, { via: "2001:db8::2" }, "EINVAL", "IPv6 does not support RTA_VIA attribute");
});

parity("the kernel's flags and types are not for requests", async (ctx) => {
  await connect(ctx);
  await refuse(
    ctx,
    { gateway: "2001:db8::2", flags: rt.RTM_F_CLONED },
    "EINVAL",
    "Userspace can not set RTF_CACHE",
  );
  await refuse(ctx, { gateway: "2001:db8::2", type: 12 }, "EINVAL", "Invalid route type");
});

parity("an address of the wrong size fails the policy", async (ctx) => {
  await connect(ctx);
  const answer = ctx.addRoute("2001:db8:7::/48", { gateway: new Uint8Array(4) });
  await expectError(answer, { code: "ERANGE", message: "Attribute failed policy validation", offset: 48 });
});

// --- Deleting ---------------------------------------------------------------------------------------------------------

parity("a route is deleted by its prefix, and by whatever else is named", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  await expectError(ctx.delRoute("2001:db8:7::/48", { gateway: "2001:db8::3" }), { code: "ESRCH" });
  await expectError(ctx.delRoute("2001:db8:7::/48", { priority: 4 }), { code: "ESRCH" });
  await expectError(ctx.delRoute("2001:db8:7::/49"), { code: "ESRCH" });
  await expectError(ctx.delRoute("2001:db8:7::/48", { table: 77 }), {
    code: "ESRCH",
    message: "FIB table does not exist",
  });
  await ctx.delRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  expect(await main(ctx)).toHaveLength(1);
});

// --- Looking up -------------------------------------------------------------------------------------------------------

parity("RTM_GETROUTE tells the way and the source", async (ctx) => {
  await connect(ctx);
  expect(await ctx.getRoute("2001:db8::2")).toMatchObject({
    dst: "2001:db8::2/128",
    table: rt.RT_TABLE_MAIN,
    type: rt.RTN_UNICAST,
    protocol: rt.RTPROT_KERNEL,
    flags: 0,
    oif: 2,
    prefsrc: "2001:db8::1",
    priority: 256,
    pref: 0,
    error: 0,
  });
});

parity("RTM_GETROUTE takes the longest prefix, then the lowest metric", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("default", { family: AF_INET6, gateway: "2001:db8::2" });
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::3", priority: 9 });
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::4", priority: 1 });
  await ctx.addRoute("2001:db8:7:7::/64", { gateway: "2001:db8::5" });
  expect((await ctx.getRoute("2001:db9::1")).gateway).toBe("2001:db8::2");
  expect((await ctx.getRoute("2001:db8:7::1")).gateway).toBe("2001:db8::4");
  expect((await ctx.getRoute("2001:db8:7:7::1")).gateway).toBe("2001:db8::5");
});

parity(
  "RTM_GETROUTE of an address of one's own is local, by lo though a dump says otherwise",
  async (ctx) => {
    await connect(ctx);
    await ctx.up("lo");
    expect(await ctx.getRoute("2001:db8::1")).toMatchObject({
      type: rt.RTN_LOCAL,
      table: rt.RT_TABLE_LOCAL,
      oif: 1,
      prefsrc: "2001:db8::1",
      priority: 0,
    });
  },
);

parity("RTM_GETROUTE without a way is unreachable", async (ctx) => {
  await connect(ctx);
  await expectError(ctx.getRoute("2001:db9::1"), { code: "ENETUNREACH" });
});

// --- Dumping ----------------------------------------------------------------------------------------------------------

parity("a strict dump of a table that is not there is refused", async (ctx) => {
  await expectError(ctx.routes({ family: AF_INET6, table: 77 }), {
    code: "ENOENT",
    message: "ipv6: FIB table does not exist",
  });
});

parity("a strict dump filters by protocol, type and device", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("2001:db8:7::/48", { gateway: "2001:db8::2" });
  const byProtocol = await ctx.routes({ family: AF_INET6, protocol: rt.RTPROT_BOOT });
  expect(byProtocol.map(({ dst }) => dst)).toEqual(["2001:db8:7::/48"]);
  const byType = await ctx.routes({ family: AF_INET6, type: rt.RTN_MULTICAST });
  expect(byType.map(({ dst }) => dst)).toEqual(["ff00::/8"]);
  const byDevice = await ctx.dump(rt.RTM_GETROUTE, (writer) =>
    writeRoute(writer, { family: AF_INET6, oif: 2 }),
  );
  expect(byDevice.every(({ flags }) => (flags & nl.NLM_F_DUMP_FILTERED) !== 0)).toBe(true);
});

parity("a dump of all families holds IPv4 before IPv6", async (ctx) => {
  await ctx.up("lo");
  const families = (await ctx.routes()).map(({ family }) => family);
  expect(families).toEqual([2, 2, 2, AF_INET6]);
});
