// What: nexthop objects: adding, replacing, deleting, groups, what is refused, routes that go by them.
//
//   a 10.0.0.1/24 (index 2), 2001:db8::1/64 ─────── b 10.0.0.2/24 (in another namespace)
//
// Kernel reference: net/ipv4/nexthop.c, net/ipv4/fib_semantics.c, net/ipv6/route.c.
//
// Surprises: an event carries the flags of the request that caused it; when a device loses its carrier the objects by it go, and
// nobody is told.

import { setU16, setU32 } from "../../src/bytes/endian.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as nh from "../../src/uapi/nexthop.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { attributeNames, ipBytes, messageText, routeText } from "./vocabulary.ts";

interface Request {
  readonly family?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly flags?: number;
  readonly id?: number;
  readonly oif?: number;
  readonly gateway?: string;
  readonly blackhole?: boolean;
  readonly fdb?: boolean;
  /** Ids, or ids and weights. */
  readonly group?: readonly (number | readonly [id: number, weight: number])[];
  readonly groupType?: number;
  readonly more?: (writer: MessageWriter) => void;
}

function write(writer: MessageWriter, request: Request): void {
  const at = writer.reserve(nh.NHMSG_SIZE);
  const isGroup = request.group !== undefined;
  writer.bytes[at + nh.NHMSG_FAMILY] = request.family ?? (isGroup ? 0 : AF_INET);
  writer.bytes[at + nh.NHMSG_SCOPE] = request.scope ?? 0;
  writer.bytes[at + nh.NHMSG_PROTOCOL] = request.protocol ?? 0;
  setU32(writer.bytes, at + nh.NHMSG_FLAGS, request.flags ?? 0);
  if (request.id !== undefined) writer.u32(nh.NHA_ID, request.id);
  if (request.oif !== undefined) writer.u32(nh.NHA_OIF, request.oif);
  if (request.gateway !== undefined) writer.binary(nh.NHA_GATEWAY, ipBytes(request.gateway));
  if (request.blackhole === true) writer.flag(nh.NHA_BLACKHOLE);
  if (request.fdb === true) writer.flag(nh.NHA_FDB);
  if (request.groupType !== undefined) writer.u16(nh.NHA_GROUP_TYPE, request.groupType);
  if (request.group !== undefined) {
    let member = writer.attribute(nh.NHA_GROUP, request.group.length * nh.NEXTHOP_GRP_SIZE);
    for (const entry of request.group) {
      const [id, weight] = typeof entry === "number" ? [entry, 1] : entry;
      setU32(writer.bytes, member, id);
      setU16(writer.bytes, member + nh.NEXTHOP_GRP_WEIGHT, weight - 1);
      member += nh.NEXTHOP_GRP_SIZE;
    }
  }
  request.more?.(writer);
}

const CREATE = nl.NLM_F_CREATE | nl.NLM_F_EXCL;
const REPLACE = nl.NLM_F_CREATE | nl.NLM_F_REPLACE;

async function attempt(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "done",
    (error: { code: string; message: string; offset?: number }) =>
      `${error.code} ${error.message}${error.offset === undefined ? "" : ` @${error.offset}`}`,
  );
}

const add = (ctx: TestNetns, request: Request, flags = CREATE) =>
  ctx.request(rt.RTM_NEWNEXTHOP, flags, (writer) => write(writer, request));
const del = (ctx: TestNetns, id: number) =>
  ctx.request(rt.RTM_DELNEXTHOP, 0, (writer) => write(writer, { family: 0, id }));
const text = (message: Parameters<typeof messageText>[0]) =>
  messageText(message, nh.NHMSG_SIZE, attributeNames(nh, "NHA_"));
const list = async (ctx: TestNetns, request: Request = {}) =>
  (await ctx.dump(rt.RTM_GETNEXTHOP, (writer) => write(writer, { family: 0, ...request }))).map(text);

/** A pair to another namespace, both ends up; lo too, which blackholes need. */
async function connect(ctx: ParityContext): Promise<TestNetns> {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.up("lo", "a");
  await ctx.settle("a");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  return red;
}

const objects: readonly Request[] = [
  { id: 1, oif: 2, gateway: "10.0.0.2" },
  { id: 2, oif: 2 },
  { id: 3, blackhole: true },
  { id: 4, family: AF_INET6, oif: 2, gateway: "fe80::1" },
  { family: AF_INET6, oif: 2, gateway: "2001:db8::2" },
  { id: 6, gateway: "10.0.0.3", fdb: true },
  { id: 7, group: [1, [2, 200]], protocol: 4 },
  { id: 9, group: [6], fdb: true },
  { id: 10, oif: 2, gateway: "10.9.0.77", flags: rt.RTNH_F_ONLINK, protocol: 4 },
  { id: 12, family: AF_INET6, blackhole: true },
  { id: 13, family: AF_INET6, oif: 2 },
  { id: 14, group: [4, 13] },
  { id: 15, group: [3] },
  { oif: 2, gateway: "10.0.0.4" },
];

parity("an object says in the dump what was asked for", async (ctx) => {
  await connect(ctx);
  for (const request of objects) await add(ctx, request);
  expect(await list(ctx)).toMatchInlineSnapshot(`
    [
      "02fd0000 00000000 | id 1 | oif 2 | gateway 33554442",
      "02fe0000 00000000 | id 2 | oif 2",
      "02000000 00000000 | id 3 | blackhole",
      "0afd0000 00000000 | id 4 | oif 2 | gateway fe800000000000000000000000000001",
      "0afd0000 00000000 | id 5 | oif 2 | gateway 20010db8000000000000000000000002",
      "02fd0000 00000000 | id 6 | fdb | gateway 50331658",
      "00000400 00000000 | id 7 | group_type 0 | group 010000000000000002000000c7000000 | op_flags 2147483648",
      "02fd0000 00000000 | id 8 | oif 2 | gateway 67108874",
      "00000000 00000000 | id 9 | fdb | group_type 0 | group 0600000000000000 | op_flags 2147483648",
      "02fd0400 04000000 | id 10 | oif 2 | gateway 1291847946",
      "0a000000 00000000 | id 12 | blackhole",
      "0afd0000 00000000 | id 13 | oif 2",
      "00000000 00000000 | id 14 | group_type 0 | group 04000000000000000d00000000000000 | op_flags 2147483648",
      "00000000 00000000 | id 15 | group_type 0 | group 0300000000000000 | op_flags 2147483648",
    ]
  `);
});

parity("a dump holds what its filter says", async (ctx) => {
  await connect(ctx);
  for (const request of objects) await add(ctx, request);
  const ids = async (request: Request) =>
    (await list(ctx, request)).map((line) => /id (\d+)/.exec(line)?.[1]).join(" ");
  expect([
    await ids({ family: AF_INET }),
    await ids({ family: AF_INET6 }),
    await ids({ oif: 2 }),
    await ids({ oif: 1 }),
    await ids({ fdb: true }),
    await ids({ more: (writer) => writer.flag(nh.NHA_GROUPS) }),
  ]).toMatchInlineSnapshot(`
    [
      "1 2 3 6 8 10",
      "4 5 12 13",
      "1 2 4 5 8 10 13",
      "3 12",
      "1 2 3 4 5 6 7 8 9 10 12 13 14 15",
      "7 9 14 15",
    ]
  `);
  expect([
    await attempt(list(ctx, { protocol: 3 })),
    await attempt(list(ctx, { oif: 0xffff_ffff })),
    await attempt(list(ctx, { id: 3 })),
  ]).toMatchInlineSnapshot(`
    [
      "EINVAL Invalid values in header for nexthop dump request",
      "EINVAL Invalid device index",
      "EINVAL Unsupported attribute @24",
    ]
  `);
});

const refusals: readonly Request[] = [
  { id: 1, family: 0, oif: 2 },
  { id: 1, family: 9, oif: 2 },
  { id: 1, scope: 3, oif: 2 },
  { id: 1, flags: 1, oif: 2 },
  { id: 1 },
  { id: 1, oif: 99 },
  { id: 1, oif: 3 },
  { id: 1, oif: 2, flags: rt.RTNH_F_ONLINK },
  { id: 1, oif: 2, gateway: "2001:db8::2" },
  { id: 1, family: AF_INET6, oif: 2, gateway: "10.0.0.2" },
  { id: 1, oif: 2, gateway: "10.9.0.2" },
  { id: 1, oif: 2, gateway: "10.0.0.1" },
  { id: 1, family: AF_INET6, oif: 2, gateway: "2001:db8:9::2" },
  { id: 1, family: AF_INET6, oif: 2, gateway: "2001:db8::1" },
  { id: 1, family: AF_INET6, gateway: "2001:db8::1" },
  { id: 1, blackhole: true, oif: 2 },
  { id: 1, fdb: true, oif: 2 },
  { id: 1, fdb: true, flags: rt.RTNH_F_ONLINK, gateway: "10.0.0.2" },
  { id: 1, group: [] },
  { id: 1, group: [50, 50] },
  { id: 1, group: [77] },
  { id: 1, group: [50], family: AF_INET },
  { id: 1, group: [50], oif: 2 },
  { id: 1, group: [50], groupType: 2 },
  { id: 1, group: [50, 51] },
  { id: 1, group: [52] },
  { id: 1, group: [53] },
  { id: 1, group: [50], fdb: true },
  { id: 1, group: [[50, 65_536]] },
  { id: 1, more: (writer) => writer.binary(nh.NHA_GROUP, new Uint8Array(9)), family: 0 },
  { id: 50, oif: 2 },
  { id: 1, oif: 2, more: (writer) => writer.u32(nh.NHA_MASTER, 1) },
  { id: 1, oif: 2, more: (writer) => writer.u32(99, 1) },
];

parity("an object that cannot be is refused with the kernel's words", async (ctx) => {
  await connect(ctx);
  await ctx.addVeth("c", "d");
  await add(ctx, { id: 50, oif: 2, gateway: "10.0.0.2" });
  await add(ctx, { id: 51, blackhole: true });
  await add(ctx, { id: 52, group: [50] });
  await add(ctx, { id: 53, fdb: true, gateway: "10.0.0.2" });
  const said: string[] = [];
  for (const request of refusals) said.push(await attempt(add(ctx, request)));
  expect(said).toMatchInlineSnapshot(`
    [
      "EINVAL Invalid address family",
      "EINVAL Invalid address family",
      "EINVAL Invalid values in ancillary header",
      "EINVAL Invalid nexthop flags in ancillary header",
      "EINVAL Device attribute required for non-blackhole and non-fdb nexthops",
      "EINVAL Invalid device index",
      "ENETDOWN Nexthop device is not up",
      "EINVAL ONLINK flag can not be set for nexthop without a gateway",
      "EINVAL Invalid gateway",
      "EINVAL Invalid gateway",
      "ENETUNREACH Nexthop has invalid gateway",
      "done",
      "EHOSTUNREACH ",
      "EINVAL Gateway can not be a local address",
      "EINVAL Device attribute required for non-blackhole and non-fdb nexthops",
      "EINVAL Blackhole attribute can not be used with gateway, oif, encap or fdb",
      "EINVAL Fdb attribute can not be used with encap, oif or blackhole",
      "EINVAL Unsupported nexthop flags in ancillary header",
      "EINVAL Invalid length for nexthop group attribute",
      "EINVAL Nexthop id can not be used twice in a group",
      "EINVAL Invalid nexthop id",
      "EINVAL Invalid family for group",
      "EINVAL No other attributes can be set in nexthop groups",
      "EINVAL Invalid group type",
      "EINVAL Blackhole nexthop can not be used in a group with more than 1 path",
      "EINVAL Hash-threshold group can not be a nexthop within a group",
      "EINVAL Non FDB nexthop group cannot have fdb nexthops",
      "EINVAL FDB nexthop group can only have fdb nexthops",
      "EINVAL Invalid value for weight",
      "EINVAL Invalid length for nexthop group attribute",
      "EEXIST ",
      "EINVAL Unsupported attribute @40",
      "EINVAL Unknown attribute type @40",
    ]
  `);
});

parity("an object is got and deleted by its id alone", async (ctx) => {
  await connect(ctx);
  await add(ctx, { id: 5, oif: 2 });
  const get = (request: Request) => ctx.request(rt.RTM_GETNEXTHOP, 0, (writer) => write(writer, request));
  const { messages } = await get({ family: 0, id: 5 });
  expect(messages.map(text)).toMatchInlineSnapshot(`
    [
      "02fe0000 00000000 | id 5 | oif 2",
    ]
  `);
  expect([
    await attempt(get({ family: 0, id: 6 })),
    await attempt(get({ family: 0 })),
    await attempt(get({ family: 0, id: 0 })),
    await attempt(get({ family: 0, id: 5, protocol: 3 })),
    await attempt(get({ family: 0, id: 5, oif: 2 })),
    await attempt(del(ctx, 6)),
    await attempt(del(ctx, 5)),
    await attempt(del(ctx, 5)),
  ]).toMatchInlineSnapshot(`
    [
      "ENOENT ",
      "EINVAL Nexthop id is missing",
      "EINVAL Invalid nexthop id",
      "EINVAL Invalid values in header",
      "EINVAL Unsupported attribute @32",
      "ENOENT ",
      "done",
      "ENOENT ",
    ]
  `);
});

parity("replacing changes an object, with its groups and routes", async (ctx) => {
  await connect(ctx);
  await add(ctx, { id: 1, oif: 2, gateway: "10.0.0.2" });
  await add(ctx, { id: 2, oif: 2, gateway: "10.0.0.3" });
  await add(ctx, { id: 3, group: [1, 2] });
  await ctx.addRoute("10.5.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 1) });
  await ctx.addRoute("10.6.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 3), scope: 0 });
  await add(ctx, { id: 1, oif: 2, gateway: "10.0.0.9" }, REPLACE);
  const routes = async () => (await ctx.routes({ family: AF_INET, table: rt.RT_TABLE_MAIN })).map(routeText);
  const seen: unknown[] = [await list(ctx), await routes()];
  await add(ctx, { id: 3, group: [2] }, REPLACE);
  seen.push(await list(ctx), await routes());
  seen.push([
    await attempt(add(ctx, { id: 3, oif: 2 }, REPLACE)),
    await attempt(add(ctx, { id: 2, group: [1] }, REPLACE)),
    await attempt(add(ctx, { id: 8, oif: 2 }, nl.NLM_F_REPLACE)),
    await attempt(add(ctx, { oif: 2 }, REPLACE)),
    await attempt(add(ctx, { id: 8, oif: 2 }, REPLACE)),
    await attempt(add(ctx, { id: 2, blackhole: true }, REPLACE)),
  ]);
  seen.push(await list(ctx), await routes());
  expect(seen).toMatchInlineSnapshot(`
    [
      [
        "02fd0000 00000000 | id 1 | oif 2 | gateway 150994954",
        "02fd0000 00000000 | id 2 | oif 2 | gateway 50331658",
        "00000000 00000000 | id 3 | group_type 0 | group 01000000000000000200000000000000 | op_flags 2147483648",
      ],
      [
        "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
        "unicast 10.5.0.0/16 via 10.0.0.9 dev 2 table main proto boot scope link",
        "unicast 10.6.0.0/16 table main proto boot scope global nexthop via 10.0.0.9 dev 2 weight 1 nexthop via 10.0.0.3 dev 2 weight 1",
      ],
      [
        "02fd0000 00000000 | id 1 | oif 2 | gateway 150994954",
        "02fd0000 00000000 | id 2 | oif 2 | gateway 50331658",
        "00000000 00000000 | id 3 | group_type 0 | group 0200000000000000 | op_flags 2147483648",
      ],
      [
        "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
        "unicast 10.5.0.0/16 via 10.0.0.9 dev 2 table main proto boot scope link",
        "unicast 10.6.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global",
      ],
      [
        "EINVAL Can not replace a nexthop group with a nexthop.",
        "EINVAL Can not replace a nexthop with a nexthop group.",
        "ENOENT Replace specified without create and no entry exists",
        "EINVAL Replace requires nexthop id",
        "done",
        "done",
      ],
      [
        "02fd0000 00000000 | id 1 | oif 2 | gateway 150994954",
        "02000000 00000000 | id 2 | blackhole",
        "00000000 00000000 | id 3 | group_type 0 | group 0200000000000000 | op_flags 2147483648",
        "02fe0000 00000000 | id 8 | oif 2",
      ],
      [
        "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
        "unicast 10.5.0.0/16 via 10.0.0.9 dev 2 table main proto boot scope link",
        "blackhole 10.6.0.0/16 dev 1 table main proto boot scope global",
      ],
    ]
  `);
});

parity("what goes takes routes along, and groups when it was their last member", async (ctx) => {
  await connect(ctx);
  await add(ctx, { id: 1, oif: 2, gateway: "10.0.0.2" });
  await add(ctx, { id: 2, oif: 2, gateway: "10.0.0.3" });
  await add(ctx, { id: 3, group: [1, 2] });
  await add(ctx, { id: 4, group: [1] });
  await ctx.addRoute("10.5.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 1) });
  await ctx.addRoute("10.6.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 3), scope: 0 });
  await ctx.addRoute("10.7.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 4), scope: 0 });
  const events = await ctx.listen(rt.RTNLGRP_NEXTHOP, rt.RTNLGRP_IPV4_ROUTE);
  await del(ctx, 1);
  const told = (await events.take(3)).map(
    ({ message }) => `${message.type} flags ${message.flags} ${text(message)}`,
  );
  const routes = (await ctx.routes({ family: AF_INET, table: rt.RT_TABLE_MAIN })).map(routeText);
  expect([told, await list(ctx), routes]).toMatchInlineSnapshot(`
    [
      [
        "105 flags 5 02fd0000 00000000 | id 1 | oif 2 | gateway 33554442",
        "105 flags 5 00000000 00000000 | id 4 | group_type 0 | group 0100000000000000 | op_flags 2147483648",
        "104 flags 5 00000000 00000000 | id 3 | group_type 0 | group 0200000000000000 | op_flags 2147483648",
      ],
      [
        "02fd0000 00000000 | id 2 | oif 2 | gateway 50331658",
        "00000000 00000000 | id 3 | group_type 0 | group 0200000000000000 | op_flags 2147483648",
      ],
      [
        "unicast 10.0.0.0/24 dev 2 table main proto kernel scope link src 10.0.0.1",
        "unicast 10.6.0.0/16 via 10.0.0.3 dev 2 table main proto boot scope global",
      ],
    ]
  `);
});

parity("events carry the flags of the request", async (ctx) => {
  await connect(ctx);
  const events = await ctx.listen(rt.RTNLGRP_NEXTHOP);
  await add(ctx, { id: 1, oif: 2, gateway: "10.0.0.2" });
  await add(ctx, { id: 1, oif: 2, gateway: "10.0.0.3" }, REPLACE);
  await del(ctx, 1);
  const told = (await events.take(3)).map(
    ({ message }) => `${message.type} flags ${message.flags} ${text(message)}`,
  );
  expect(told).toMatchInlineSnapshot(`
    [
      "104 flags 1541 02fd0000 00000000 | id 1 | oif 2 | gateway 33554442",
      "104 flags 1285 02fd0000 00000000 | id 1 | oif 2 | gateway 50331658",
      "105 flags 5 02fd0000 00000000 | id 1 | oif 2 | gateway 50331658",
    ]
  `);
});

parity("a device that loses its carrier takes its objects along", async (ctx) => {
  const red = await connect(ctx);
  for (const request of objects) await add(ctx, request);
  await red.down("b");
  await ctx.settle("a");
  await ctx.until(async () => (await list(ctx)).length < objects.length - 5, "objects to go");
  expect(await list(ctx)).toMatchInlineSnapshot(`
    [
      "02000000 00000000 | id 3 | blackhole",
      "02fd0000 00000000 | id 6 | fdb | gateway 50331658",
      "00000000 00000000 | id 9 | fdb | group_type 0 | group 0600000000000000 | op_flags 2147483648",
      "0a000000 00000000 | id 12 | blackhole",
      "00000000 00000000 | id 15 | group_type 0 | group 0300000000000000 | op_flags 2147483648",
    ]
  `);
});

const routeRequests = [
  ["10.5.0.0/16", 1, {}],
  ["10.6.0.0/16", 7, { scope: 0 }],
  ["10.7.0.0/16", 3, {}],
  ["10.8.0.0/16", 5, { scope: 0 }],
  ["10.9.0.0/16", 6, {}],
  ["10.10.0.0/16", 99, {}],
  ["10.11.0.0/16", 1, { oif: 2 }],
  ["10.12.0.0/16", 1, { gateway: "10.0.0.2" }],
  ["10.13.0.0/16", 1, { scope: 254, type: rt.RTN_LOCAL }],
  ["10.14.0.0/16", 7, { scope: 254, type: rt.RTN_LOCAL }],
  ["10.15.0.0/16", 10, {}],
  ["10.16.0.0/16", 15, {}],
  ["2001:db8:1::/48", 4, {}],
  ["2001:db8:2::/48", 1, {}],
  ["2001:db8:3::/48", 12, {}],
  ["2001:db8:4::/48", 14, {}],
  ["2001:db8:5::/48", 7, {}],
  ["2001:db8:6::/48", 4, { oif: 2 }],
  ["2001:db8:7::/48", 99, {}],
] as const;

parity("routes go by objects", async (ctx) => {
  await connect(ctx);
  for (const request of objects) await add(ctx, request);
  const said: string[] = [];
  for (const [prefix, id, more] of routeRequests) {
    said.push(
      await attempt(ctx.addRoute(prefix, { ...more, more: (writer) => writer.u32(rt.RTA_NH_ID, id) })),
    );
  }
  const names = attributeNames(rt, "RTA_");
  const dump = async (family: number) =>
    (
      await ctx.dump(rt.RTM_GETROUTE, (writer) => {
        const at = writer.reserve(rt.RTMSG_SIZE);
        writer.bytes[at] = family;
        writer.bytes[at + rt.RTMSG_TABLE] = rt.RT_TABLE_MAIN;
      })
    )
      .map((message) => messageText(message, rt.RTMSG_SIZE, names))
      .filter((line) => line.includes("nh_id"));
  expect([said, await dump(AF_INET), await dump(AF_INET6)]).toMatchInlineSnapshot(`
    [
      [
        "done",
        "done",
        "done",
        "done",
        "EINVAL Route cannot point to a fdb nexthop",
        "EINVAL Nexthop id does not exist",
        "EINVAL Nexthop specification and nexthop id are mutually exclusive",
        "EINVAL Nexthop specification and nexthop id are mutually exclusive",
        "EINVAL Route with host scope can not have a gateway",
        "EINVAL Route with host scope can not have multiple nexthops",
        "EINVAL Scope mismatch with nexthop",
        "done",
        "done",
        "EINVAL IPv6 routes can not use an IPv4 nexthop",
        "done",
        "done",
        "EINVAL IPv6 routes can not use an IPv4 nexthop",
        "EINVAL Nexthop specification and nexthop id are mutually exclusive",
        "EINVAL Nexthop id does not exist",
      ],
      [
        "02100000 fe03fd01 00000000 | table 254 | dst 1290 | nh_id 1 | gateway 33554442 | oif 2",
        "02100000 fe030001 00000000 | table 254 | dst 1546 | nh_id 7 | multipath 1000000002000000080005000a000002080000c702000000",
        "02100000 fe03fd06 00000000 | table 254 | dst 1802 | nh_id 3 | oif 1",
        "02100000 fe030001 00000000 | table 254 | dst 2058 | nh_id 5 | via 0a0020010db8000000000000000000000002 | oif 2",
        "02100000 fe03fd06 00000000 | table 254 | dst 4106 | nh_id 15 | oif 1",
      ],
      [
        "0a300000 fe030001 00000000 | table 254 | dst 20010db8000100000000000000000000 | priority 1024 | nh_id 4 | gateway fe800000000000000000000000000001 | oif 2 | cacheinfo 0000000000000000000000000000000000000000000000000000000000000000 | pref 0",
        "0a300000 fe030006 00000000 | table 254 | dst 20010db8000300000000000000000000 | priority 1024 | nh_id 12 | oif 1 | cacheinfo 0000000000000000000000000000000000000000000000000000000000000000 | pref 0",
        "0a300000 fe030001 00000000 | table 254 | dst 20010db8000400000000000000000000 | priority 1024 | nh_id 14 | multipath 1c0000000200000014000500fe8000000000000000000000000000010800000002000000 | cacheinfo 0000000000000000000000000000000000000000000000000000000000000000 | pref 0",
      ],
    ]
  `);
  expect([
    await attempt(ctx.getRoute("10.7.1.1")),
    await attempt(ctx.getRoute("10.16.1.1")),
    await attempt(ctx.getRoute("2001:db8:3::1")),
    (await ctx.getRoute("10.8.1.1")).oif,
    (await ctx.getRoute("2001:db8:1::1")).gateway,
    await attempt(ctx.delRoute("10.5.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 2) })),
    await attempt(ctx.delRoute("10.5.0.0/16", { oif: 2 })),
    await attempt(ctx.delRoute("10.5.0.0/16", { more: (writer) => writer.u32(rt.RTA_NH_ID, 1) })),
    await attempt(ctx.delRoute("2001:db8:1::/48", { more: (writer) => writer.u32(rt.RTA_NH_ID, 2) })),
    await attempt(ctx.delRoute("2001:db8:1::/48", { more: (writer) => writer.u32(rt.RTA_NH_ID, 4) })),
  ]).toMatchInlineSnapshot(`
    [
      "EINVAL ",
      "EINVAL ",
      "EINVAL ",
      2,
      "fe80::1",
      "ESRCH ",
      "ESRCH ",
      "done",
      "ESRCH ",
      "done",
    ]
  `);
});

// --- Resilient groups -------------------------------------------------------------------------------------------------

interface BucketRequest {
  readonly id?: number;
  readonly oif?: number;
  readonly master?: number;
  readonly groups?: true;
  readonly protocol?: number;
  /** What is in NHA_RES_BUCKET. */
  readonly bucket?: (writer: MessageWriter) => unknown;
}

function writeBucket(writer: MessageWriter, request: BucketRequest): void {
  const at = writer.reserve(nh.NHMSG_SIZE);
  writer.bytes[at + nh.NHMSG_PROTOCOL] = request.protocol ?? 0;
  if (request.id !== undefined) writer.u32(nh.NHA_ID, request.id);
  if (request.oif !== undefined) writer.u32(nh.NHA_OIF, request.oif);
  if (request.groups === true) writer.flag(nh.NHA_GROUPS);
  if (request.master !== undefined) writer.u32(nh.NHA_MASTER, request.master);
  if (request.bucket === undefined) return;
  const nest = writer.nestFlagged(nh.NHA_RES_BUCKET);
  request.bucket(writer);
  writer.endNest(nest);
}

const resilient =
  (write: (writer: MessageWriter) => unknown): ((writer: MessageWriter) => void) =>
  (writer) => {
    const nest = writer.nestFlagged(nh.NHA_RES_GROUP);
    write(writer);
    writer.endNest(nest);
  };
const buckets = (count: number) => resilient((writer) => writer.u16(nh.NHA_RES_GROUP_BUCKETS, count));

parity(
  "what is asked of resilient groups and their buckets is checked in the kernel's order",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    await ctx.up("a", "b");
    await ctx.addAddr("10.0.0.1/24", "a");
    const oif = await ctx.index("a");
    await add(ctx, { id: 1, oif, gateway: "10.0.0.2" });
    await add(ctx, { id: 2, oif, gateway: "10.0.0.3" });
    const groupType = nh.NEXTHOP_GRP_TYPE_RES;
    await add(ctx, { id: 50, group: [1, 2] });
    await add(ctx, { id: 100, group: [1, 2], groupType, more: buckets(4) });
    const get = (request: BucketRequest) =>
      attempt(ctx.request(rt.RTM_GETNEXTHOPBUCKET, 0, (writer) => writeBucket(writer, request)));
    const dump = (request: BucketRequest) =>
      attempt(ctx.dump(rt.RTM_GETNEXTHOPBUCKET, (writer) => writeBucket(writer, request)));
    const index = (at: number) => (writer: MessageWriter) => writer.u16(nh.NHA_RES_BUCKET_INDEX, at);
    const nhId = (id: number) => (writer: MessageWriter) => writer.u32(nh.NHA_RES_BUCKET_NH_ID, id);
    expect([
      await get({}),
      await get({ id: 100 }),
      await get({ id: 0, bucket: index(0) }),
      await get({ id: 77, bucket: index(0) }),
      await get({ id: 100, bucket: () => undefined }),
      await get({ id: 100, bucket: index(3) }),
      await get({ id: 100, bucket: index(4) }),
      await get({ id: 100, bucket: nhId(1) }),
      await get({ id: 50, bucket: index(0) }),
      await get({ id: 1, bucket: index(0) }),
      await get({ id: 100, protocol: 4, bucket: index(0) }),
      await get({ id: 100, oif, bucket: index(0) }),
    ]).toEqual([
      "EINVAL Nexthop id is missing",
      "EINVAL Bucket information is missing",
      "EINVAL Invalid nexthop id",
      "ENOENT ",
      "EINVAL Bucket index is missing",
      "done",
      "ENOENT Bucket index out of bounds",
      "EINVAL Unknown attribute type @36",
      "EINVAL Nexthop group not of type resilient",
      "EINVAL Not a nexthop group",
      "EINVAL Invalid values in header",
      "EINVAL Unsupported attribute @32",
    ]);
    const large = 0x8000_0000;
    expect([
      await dump({ id: 0, oif: large, protocol: 4 }),
      await dump({ id: 50 }),
      await dump({ id: 1 }),
      await dump({ id: 77 }),
      await dump({ oif: large, bucket: index(1) }),
      await dump({ oif: large, bucket: nhId(0) }),
      await dump({ oif: large, master: large }),
      await dump({ master: large, protocol: 4 }),
      await dump({ protocol: 4 }),
      await dump({ groups: true }),
      await dump({ id: 100, oif, bucket: nhId(2) }),
    ]).toEqual([
      "EINVAL Invalid nexthop id",
      "EINVAL Nexthop group not of type resilient",
      "EINVAL Not a nexthop group",
      "ENOENT ",
      "EINVAL Unsupported attribute @36",
      "EINVAL Invalid nexthop id",
      "EINVAL Invalid device index",
      "EINVAL Invalid master device index",
      "EINVAL Invalid values in header for nexthop dump request",
      "EINVAL ",
      "done",
    ]);
    const time = resilient((writer) => writer.u64(nh.NHA_RES_GROUP_UNBALANCED_TIME, 1));
    expect([
      await attempt(add(ctx, { id: 200, group: [1], groupType })),
      await attempt(add(ctx, { id: 200, group: [1], groupType, more: resilient(() => undefined) })),
      await attempt(add(ctx, { id: 200, group: [77], groupType, more: buckets(0) })),
      await attempt(add(ctx, { id: 200, group: [77], groupType, oif, more: buckets(0) })),
      await attempt(add(ctx, { id: 200, group: [1], groupType, more: time })),
      await attempt(add(ctx, { id: 200, group: [1], groupType: 0, more: buckets(2) })),
      await attempt(add(ctx, { id: 200, group: [77], oif })),
      await attempt(add(ctx, { id: 100, group: [1], groupType })),
      await attempt(add(ctx, { id: 300, group: [2], groupType }, REPLACE)),
      await attempt(add(ctx, { id: 300, group: [2], groupType }, nl.NLM_F_REPLACE)),
      await attempt(add(ctx, { id: 50, group: [2], groupType, more: buckets(4) }, REPLACE)),
      await attempt(add(ctx, { id: 100, group: [2] }, REPLACE)),
      await attempt(add(ctx, { id: 100, group: [2], groupType, more: buckets(5) }, REPLACE)),
      await attempt(add(ctx, { id: 100, group: [2], groupType, protocol: 4 }, REPLACE)),
      await attempt(add(ctx, { id: 201, group: [100] })),
    ]).toEqual([
      "EINVAL Number of buckets not specified for nexthop group insertion",
      "EINVAL Number of buckets not specified for nexthop group insertion",
      "EINVAL Number of buckets needs to be non-0",
      "EINVAL No other attributes can be set in nexthop groups",
      "EINVAL Unknown attribute type @56",
      "EINVAL No other attributes can be set in nexthop groups",
      "EINVAL No other attributes can be set in nexthop groups",
      "EEXIST ",
      "EINVAL Number of buckets not specified for nexthop group insertion",
      "ENOENT Replace specified without create and no entry exists",
      "EINVAL Can not replace a nexthop group with one of a different type.",
      "EINVAL Can not replace a nexthop group with one of a different type.",
      "EINVAL Can not change number of buckets of a resilient nexthop group.",
      "done",
      "EINVAL Resilient group can not be a nexthop within a group",
    ]);
  },
);
