// What: policy rules: those that are there, adding, deleting, what is refused, and the look-ups that go by them.
//
//   a 10.0.0.1/24 ─────── b 10.0.0.2/24 (in another namespace)      c ─────── d likewise, 10.1.0.x
//
// Offsets: message header 16, struct fib_rule_hdr 12, so the first attribute is at 28.
//
// Kernel reference: net/core/fib_rules.c, net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c.
//
// Surprises: a rule without a priority goes before the second one, not before the last; with NLM_F_EXCL a rule without
// addresses is the same as one with any; from the first change of rules on the local table is told by its own name.

import * as fr from "../../src/uapi/fib_rules.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { RuleRequest } from "./vocabulary.ts";
import { expectError, ruleText, writeRule } from "./vocabulary.ts";

parity("a fresh namespace has the rules of the local, main and default table", async (ctx) => {
  expect(await ctx.rules(AF_INET)).toMatchInlineSnapshot(`
    [
      "02000000 ff000001 00000000 | table 255 | suppress_prefixlen 4294967295 | protocol 2",
      "02000000 fe000001 00000000 | table 254 | suppress_prefixlen 4294967295 | protocol 2 | priority 32766",
      "02000000 fd000001 00000000 | table 253 | suppress_prefixlen 4294967295 | protocol 2 | priority 32767",
    ]
  `);
  expect(await ctx.rules(AF_INET6)).toMatchInlineSnapshot(`
    [
      "0a000000 ff000001 00000000 | table 255 | suppress_prefixlen 4294967295 | protocol 2",
      "0a000000 fe000001 00000000 | table 254 | suppress_prefixlen 4294967295 | protocol 2 | priority 32766",
    ]
  `);
});

/** Everything a rule can say. */
const full: readonly RuleRequest[] = [
  { table: 100 },
  { table: 1000, priority: 1000 },
  { headerTable: 9, fwmark: 5 },
  { table: 9, fwmark: 5, fwmask: 7, protocol: 4 },
  { action: fr.FR_ACT_NOP, fwmask: 7, priority: 40_000 },
  { action: fr.FR_ACT_GOTO, goto: 40_000, priority: 30 },
  { action: fr.FR_ACT_GOTO, goto: 41_000, priority: 31 },
  { table: 7, iifname: "lo", oifname: "nope", priority: 50 },
  { table: 7, uidRange: [0, 100], priority: 51 },
  { table: 8, ipProto: 6, sportRange: [10, 20], dportRange: [33, 33], priority: 52 },
  { table: 8, sportRange: [16, 16], sportMask: 0xfff0, priority: 52 },
  { table: 254, srcLen: 32, src: "1.2.3.4", flags: fr.FIB_RULE_INVERT, suppressPrefixlen: 0, priority: 53 },
  { table: 254, srcLen: 31, src: "1.2.3.5", suppressIfgroup: 3, suppressPrefixlen: 2, priority: 54 },
  { l3mdev: 1, priority: 1000 },
  {
    action: fr.FR_ACT_BLACKHOLE,
    dst: "1.2.3.0",
    dstLen: 24,
    tos: 0x10,
    protocol: 11,
    priority: 55,
    flow: 0x30004,
  },
  { action: fr.FR_ACT_PROHIBIT, priority: 56 },
  { action: fr.FR_ACT_UNREACHABLE, priority: 57 },
  { action: 0, priority: 58 },
  { action: 200, priority: 59 },
  { table: 3, tunId: 5n, priority: 60 },
  { table: 3, dscp: 12, priority: 61 },
  { table: 3, dscp: 12, dscpMask: 60, priority: 62 },
  { priority: 63 },
  { priority: 64 },
];

parity("a rule says in the dump what was asked for", async (ctx) => {
  for (const request of full) await ctx.addRule(request);
  expect(await ctx.rules()).toMatchInlineSnapshot(`
    [
      "02000000 ff000001 00000000 | table 255 | suppress_prefixlen 4294967295 | protocol 2",
      "02000000 00000002 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 30 | goto 40000",
      "02000000 00000002 04000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 31 | goto 41000",
      "02000000 07000001 10000000 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | iifname 6c6f00 | oifname 6e6f706500 | priority 50",
      "02000000 07000001 00000000 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | priority 51 | uid_range 0000000064000000",
      "02000000 08000001 00000000 | table 8 | suppress_prefixlen 4294967295 | protocol 0 | priority 52 | sport_range 1310730 | dport_range 2162721 | dport_mask 65535 | ip_proto 6",
      "02000000 08000001 00000000 | table 8 | suppress_prefixlen 4294967295 | protocol 0 | priority 52 | sport_range 1048592 | sport_mask 65520",
      "02002000 fe000001 02000000 | table 254 | suppress_prefixlen 0 | protocol 0 | priority 53 | src 67305985",
      "02001f00 fe000001 00000000 | table 254 | suppress_prefixlen 2 | protocol 0 | priority 54 | suppress_ifgroup 3 | src 84083201",
      "02180010 00000006 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 11 | priority 55 | dst 197121 | flow 196612",
      "02000000 00000008 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 56",
      "02000000 00000007 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 57",
      "02000000 00000000 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 58",
      "02000000 000000c8 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 59",
      "02000000 03000001 00000000 | table 3 | suppress_prefixlen 4294967295 | protocol 0 | priority 60 | tun_id 0500000000000000",
      "02000000 03000001 00000000 | table 3 | suppress_prefixlen 4294967295 | protocol 0 | priority 61 | dscp 12 | dscp_mask 63",
      "02000000 03000001 00000000 | table 3 | suppress_prefixlen 4294967295 | protocol 0 | priority 62 | dscp 12 | dscp_mask 60",
      "02000000 01000001 00000000 | table 1 | suppress_prefixlen 4294967295 | protocol 0 | priority 63",
      "02000000 02000001 00000000 | table 2 | suppress_prefixlen 4294967295 | protocol 0 | priority 64",
      "02000000 09000001 00000000 | table 9 | suppress_prefixlen 4294967295 | protocol 4 | priority 998 | fwmark 5 | fwmask 7",
      "02000000 09000001 00000000 | table 9 | suppress_prefixlen 4294967295 | protocol 0 | priority 999 | fwmark 5 | fwmask 4294967295",
      "02000000 fc000001 00000000 | table 1000 | suppress_prefixlen 4294967295 | protocol 0 | priority 1000",
      "02000000 00000001 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 1000 | l3mdev 1",
      "02000000 64000001 00000000 | table 100 | suppress_prefixlen 4294967295 | protocol 0 | priority 32765",
      "02000000 fe000001 00000000 | table 254 | suppress_prefixlen 4294967295 | protocol 2 | priority 32766",
      "02000000 fd000001 00000000 | table 253 | suppress_prefixlen 4294967295 | protocol 2 | priority 32767",
      "02000000 00000003 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 40000 | fwmask 7",
    ]
  `);
});

parity("a rule of IPv6 says in the dump what was asked for", async (ctx) => {
  const requests: readonly RuleRequest[] = [
    { table: 5, src: "2001:db8::", srcLen: 32 },
    { table: 6, tos: 0x80 },
    { table: 7, dst: "2001:db8:1::1", dstLen: 64, iifname: "lo", priority: 9 },
    { action: fr.FR_ACT_PROHIBIT, priority: 10, dscp: 5 },
    { table: 7, flags: fr.FIB_RULE_FIND_SADDR, src: "2001:db8:2::", srcLen: 48, priority: 11 },
    { table: 7, priority: 12, flow: 0x30004 },
  ];
  for (const request of requests) await ctx.addRule({ family: AF_INET6, ...request });
  expect(await ctx.rules(AF_INET6)).toMatchInlineSnapshot(`
    [
      "0a000000 ff000001 00000000 | table 255 | suppress_prefixlen 4294967295 | protocol 2",
      "0a400000 07000001 00000000 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | iifname 6c6f00 | priority 9 | dst 20010db8000100000000000000000001",
      "0a000000 00000008 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 10 | dscp 5 | dscp_mask 63",
      "0a003000 07000001 00000100 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | priority 11 | src 20010db8000200000000000000000000",
      "0a000000 07000001 00000000 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | priority 12",
      "0a000080 06000001 00000000 | table 6 | suppress_prefixlen 4294967295 | protocol 0 | priority 32764",
      "0a002000 05000001 00000000 | table 5 | suppress_prefixlen 4294967295 | protocol 0 | priority 32765 | src 20010db8000000000000000000000000",
      "0a000000 fe000001 00000000 | table 254 | suppress_prefixlen 4294967295 | protocol 2 | priority 32766",
    ]
  `);
});

parity("deleting takes the first rule that fits what the request says", async (ctx) => {
  for (const request of full) await ctx.addRule(request);
  await ctx.delRule({ action: 0, table: 7 });
  await ctx.delRule({ action: 0, priority: 40_000 });
  await ctx.delRule({ action: 0, fwmark: 5 });
  await ctx.delRule({ action: 0, src: "1.2.3.5", srcLen: 31 });
  await ctx.delRule({ action: 0, dst: "1.2.3.0", dstLen: 24, tos: 16 });
  await ctx.delRule({ action: 0, sportRange: [10, 20] });
  await ctx.delRule({ action: 0, l3mdev: 1 });
  await ctx.delRule({ action: 0, dscp: 12 });
  await ctx.delRule({ action: 0, priority: 0 });
  await ctx.delRule({ action: 0 });
  expect(await ctx.rules()).toMatchInlineSnapshot(`
    [
      "02000000 00000002 04000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 31 | goto 41000",
      "02000000 07000001 00000000 | table 7 | suppress_prefixlen 4294967295 | protocol 0 | priority 51 | uid_range 0000000064000000",
      "02000000 08000001 00000000 | table 8 | suppress_prefixlen 4294967295 | protocol 0 | priority 52 | sport_range 1048592 | sport_mask 65520",
      "02002000 fe000001 02000000 | table 254 | suppress_prefixlen 0 | protocol 0 | priority 53 | src 67305985",
      "02000000 00000008 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 56",
      "02000000 00000007 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 57",
      "02000000 00000000 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 58",
      "02000000 000000c8 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 59",
      "02000000 03000001 00000000 | table 3 | suppress_prefixlen 4294967295 | protocol 0 | priority 60 | tun_id 0500000000000000",
      "02000000 03000001 00000000 | table 3 | suppress_prefixlen 4294967295 | protocol 0 | priority 62 | dscp 12 | dscp_mask 60",
      "02000000 01000001 00000000 | table 1 | suppress_prefixlen 4294967295 | protocol 0 | priority 63",
      "02000000 02000001 00000000 | table 2 | suppress_prefixlen 4294967295 | protocol 0 | priority 64",
      "02000000 09000001 00000000 | table 9 | suppress_prefixlen 4294967295 | protocol 4 | priority 998 | fwmark 5 | fwmask 7",
      "02000000 fc000001 00000000 | table 1000 | suppress_prefixlen 4294967295 | protocol 0 | priority 1000",
      "02000000 64000001 00000000 | table 100 | suppress_prefixlen 4294967295 | protocol 0 | priority 32765",
      "02000000 fe000001 00000000 | table 254 | suppress_prefixlen 4294967295 | protocol 2 | priority 32766",
      "02000000 fd000001 00000000 | table 253 | suppress_prefixlen 4294967295 | protocol 2 | priority 32767",
    ]
  `);
  await expectError(ctx.delRule({ table: 4711 }), { code: "ENOENT" });
  await expectError(ctx.delRule({ src: "9.9.9.9", srcLen: 32 }), { code: "ENOENT" });
});

parity(
  "a rule that others go on at hands them to the next of its priority, or leaves them unresolved",
  async (ctx) => {
    await ctx.addRule({ action: fr.FR_ACT_GOTO, goto: 200, priority: 100 });
    await ctx.addRule({ table: 1, priority: 200 });
    await ctx.addRule({ table: 2, priority: 200 });
    await ctx.delRule({ table: 1, priority: 200 });
    const gotos = async () => (await ctx.rules()).filter((rule) => rule.includes("goto"));
    expect(await gotos()).toMatchInlineSnapshot(`
    [
      "02000000 00000002 00000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 100 | goto 200",
    ]
  `);
    await ctx.delRule({ table: 2, priority: 200 });
    expect(await gotos()).toMatchInlineSnapshot(`
    [
      "02000000 00000002 04000000 | table 0 | suppress_prefixlen 4294967295 | protocol 0 | priority 100 | goto 200",
    ]
  `);
  },
);

/** What is refused, and how. */
const refusals: readonly RuleRequest[] = [
  { family: 77, table: 1 },
  { table: 1, src: "1.2.3.4", srcLen: 33 },
  { table: 1, srcLen: 8 },
  { table: 1, src: "2001:db8::", srcLen: 8 },
  { table: 1, dst: "2001:db8::", dstLen: 8 },
  { table: 1, l3mdev: 1 },
  { l3mdev: 2 },
  { table: 1, goto: 5 },
  { action: fr.FR_ACT_GOTO },
  { action: fr.FR_ACT_GOTO, goto: 5, priority: 6 },
  { table: 1, uidRange: [5, 4] },
  { table: 1, uidRange: [5, 0xffff_ffff] },
  { table: 1, sportRange: [0, 4] },
  { table: 1, sportRange: [5, 4] },
  { table: 1, dportRange: [5, 0xffff] },
  { table: 1, dportMask: 5 },
  { table: 1, dportRange: [5, 9], dportMask: 5 },
  { table: 1, dportRange: [5, 5], dportMask: 4 },
  { table: 1, tos: 1 },
  { table: 1, tos: 0x80 },
  { table: 1, tos: 0x10, dscp: 4 },
  { table: 1, dscp: 64 },
  { table: 1, dscpMask: 4 },
  { table: 1, dscp: 5, dscpMask: 4 },
  { table: 1, dscp: 5, dscpMask: 0xff },
  { table: 1, iifname: "a-name-that-is-too-long" },
  { table: 1, more: (writer) => writer.u16(fr.FRA_PRIORITY, 1) },
  { table: 1, more: (writer) => writer.u32(fr.FRA_FLOWLABEL, 1) },
  { family: AF_INET6, table: 0 },
  { family: AF_INET6, table: 3, tos: 1 },
  { family: AF_INET6, table: 3, src: "1.2.3.4", srcLen: 8 },
];

parity("a rule that cannot be is refused with the kernel's words", async (ctx) => {
  const said: string[] = [];
  for (const request of refusals) {
    const outcome = await ctx.addRule(request).then(
      () => "done",
      (error: { code: string; message: string; offset?: number }) =>
        `${error.code} ${error.message} @${error.offset ?? "-"}`,
    );
    said.push(outcome);
  }
  expect(said).toMatchInlineSnapshot(`
    [
      "EAFNOSUPPORT Rule family not supported @-",
      "EINVAL Invalid source address @-",
      "EINVAL Invalid source address @-",
      "EINVAL Invalid source address @-",
      "EINVAL Invalid dst address @-",
      "EINVAL l3mdev and table are mutually exclusive @-",
      "EINVAL Invalid l3mdev attribute @-",
      "EINVAL Unexpected goto @-",
      "EINVAL Missing goto target for action goto @-",
      "EINVAL Backward goto not supported @-",
      "EINVAL Invalid uid range @-",
      "EINVAL Invalid uid range @-",
      "EINVAL Invalid sport range @-",
      "EINVAL Invalid sport range @-",
      "EINVAL Invalid dport range @-",
      "EINVAL Cannot specify port mask without port value @36",
      "EINVAL Cannot specify port mask for port range @44",
      "EINVAL Invalid port mask @44",
      "EINVAL Invalid dsfield (tos): ECN bits must be 0 @-",
      "EINVAL Invalid tos @-",
      "EINVAL Cannot specify both TOS and DSCP @-",
      "ERANGE Error parsing msg @36",
      "EINVAL Cannot specify DSCP mask without DSCP value @36",
      "EINVAL Invalid DSCP mask @44",
      "EINVAL Error parsing msg @44",
      "ERANGE Error parsing msg @36",
      "ERANGE Error parsing msg @36",
      "EINVAL Flow label cannot be specified for IPv4 FIB rules @-",
      "EINVAL Invalid table @-",
      "EINVAL Invalid dsfield (tos): ECN bits must be 0 @-",
      "EINVAL Invalid source address @-",
    ]
  `);
});

parity("NLM_F_EXCL refuses a rule that is there, without it there are two", async (ctx) => {
  await ctx.addRule({ table: 100, src: "10.0.0.0", srcLen: 8, priority: 100 });
  await expectError(ctx.addRule({ table: 100, src: "10.0.0.0", srcLen: 8, priority: 100 }), {
    code: "EEXIST",
  });
  await expectError(ctx.addRule({ table: 100, priority: 100 }), { code: "EEXIST" });
  await ctx.addRule({ table: 100, src: "10.0.0.0", srcLen: 9, priority: 100 });
  await ctx.addRule({ table: 100, src: "10.0.0.0", srcLen: 8, priority: 100 }, nl.NLM_F_CREATE);
  expect(await ctx.rules()).toHaveLength(6);
});

parity("rules are told to their groups", async (ctx) => {
  const events = await ctx.listen(rt.RTNLGRP_IPV4_RULE, rt.RTNLGRP_IPV6_RULE);
  await ctx.addRule({ table: 100, priority: 5 });
  await ctx.addRule({ family: AF_INET6, table: 100, priority: 6 });
  await ctx.delRule({ priority: 5 });
  const told = await events.take(3);
  expect(
    told.map(({ group, message }) => `${group} ${message.type} ${ruleText(message)}`),
  ).toMatchInlineSnapshot(`
    [
      "8 32 02000000 64000001 00000000 | table 100 | suppress_prefixlen 4294967295 | protocol 0 | priority 5",
      "19 32 0a000000 64000001 00000000 | table 100 | suppress_prefixlen 4294967295 | protocol 0 | priority 6",
      "8 33 02000000 64000001 00000000 | table 100 | suppress_prefixlen 4294967295 | protocol 0 | priority 5",
    ]
  `);
});

parity("a strict dump of rules takes nothing but the family", async (ctx) => {
  const dump = (request: RuleRequest) =>
    ctx.dump(rt.RTM_GETRULE, (writer) => writeRule(writer, { action: 0, ...request }));
  await expectError(dump({ table: 5 }), {
    code: "EINVAL",
    message: "Invalid data after header in fib rule dump request",
  });
  await expectError(dump({ headerTable: 5 }), {
    code: "EINVAL",
    message: "Invalid values in header for fib rule dump request",
  });
  await expectError(
    ctx.dump(rt.RTM_GETRULE, (writer) => writer.reserve(4)),
    { code: "EINVAL", message: "Invalid header for fib rule dump request" },
  );
  await expectError(dump({ family: 77 }), { code: "EAFNOSUPPORT" });
  const all = await dump({ family: AF_UNSPEC });
  expect(all.filter(({ bytes }) => bytes[16] === AF_INET || bytes[16] === AF_INET6)).toHaveLength(5);
  await expectError(
    ctx.request(rt.RTM_GETRULE, 0, (writer) => writeRule(writer, {})),
    { code: "EOPNOTSUPP" },
  );
});

parity("rules follow the devices they name", async (ctx) => {
  await ctx.addRule({ table: 7, iifname: "a", oifname: "x", priority: 50 });
  const flags = async () => (await ctx.rules())[1]?.slice(0, 26);
  const seen = [await flags()];
  await ctx.addVeth("a", "b");
  seen.push(await flags());
  await ctx.setLink({ index: await ctx.index("b"), name: "x" });
  seen.push(await flags());
  await ctx.setLink({ index: await ctx.index("a"), name: "y" });
  seen.push(await flags());
  await ctx.delLink({ name: "x" });
  seen.push(await flags());
  expect(seen).toMatchInlineSnapshot(`
    [
      "02000000 07000001 18000000",
      "02000000 07000001 10000000",
      "02000000 07000001 00000000",
      "02000000 07000001 08000000",
      "02000000 07000001 18000000",
    ]
  `);
});

// --- Look-ups ---------------------------------------------------------------------------------------------------------

/** Two pairs to another namespace: a 10.0.0.1 (index 2), c 10.1.0.1 (index 3). */
async function connect(ctx: ParityContext): Promise<TestNetns> {
  const red = await ctx.otherNetns();
  for (const [name, peer, net] of [
    ["a", "b", "10.0.0"],
    ["c", "d", "10.1.0"],
  ] as const) {
    await ctx.addVeth(name, peer, red);
    await ctx.quiet(name);
    await red.quiet(peer);
    await red.addAddr(`${net}.2/24`, peer);
    await red.up(peer);
    await ctx.addAddr(`${net}.1/24`, name);
    await ctx.up(name);
    await ctx.settle(name);
  }
  await ctx.up("lo");
  return red;
}

parity("a look-up goes by the rules", async (ctx) => {
  await connect(ctx);
  await ctx.addRoute("default", { gateway: "10.0.0.2" });
  await ctx.addRoute("default", { gateway: "10.1.0.2", table: 100 });
  await ctx.addRoute("10.9.0.0/16", { gateway: "10.1.0.2", table: 101 });
  const way = async (request: Parameters<TestNetns["getRoute"]>[1] = {}, address = "10.9.9.9") => {
    const told = await ctx.getRoute(address, request).catch((error: { code: string }) => error.code);
    return typeof told === "string" ? told : `${told.gateway} dev ${told.oif} table ${told.table}`;
  };
  const seen: string[] = [await way(), await way({}, "10.0.0.1")];
  await ctx.addRule({ table: 100, fwmark: 1, priority: 10 });
  seen.push(await way(), await way({ mark: 1 }), await way({}, "10.0.0.1"));
  await ctx.addRule({ table: 101, uidRange: [7, 9], priority: 11 });
  seen.push(await way({ uid: 7 }), await way({ uid: 10 }), await way({ uid: 7 }, "10.8.8.8"));
  await ctx.addRule({ action: fr.FR_ACT_PROHIBIT, dst: "10.7.0.0", dstLen: 16, priority: 12 });
  await ctx.addRule({ action: fr.FR_ACT_UNREACHABLE, dst: "10.6.0.0", dstLen: 16, priority: 12 });
  await ctx.addRule({ action: fr.FR_ACT_BLACKHOLE, dst: "10.5.0.0", dstLen: 16, priority: 12 });
  seen.push(await way({}, "10.7.0.1"), await way({}, "10.6.0.1"), await way({}, "10.5.0.1"));
  await ctx.addRule({ action: fr.FR_ACT_GOTO, goto: 32_767, dst: "10.4.0.0", dstLen: 16, priority: 13 });
  seen.push(await way({}, "10.4.0.1"));
  await ctx.addRule({ table: 254, suppressPrefixlen: 0, priority: 20, dst: "10.3.0.0", dstLen: 16 });
  await ctx.addRule({ table: 100, priority: 21, dst: "10.3.0.0", dstLen: 16 });
  seen.push(await way({}, "10.3.0.1"));
  await ctx.addRule({ table: 100, oifname: "c", priority: 22 });
  seen.push(await way({ oif: 3 }, "10.2.0.1"));
  await ctx.addRule({
    table: 100,
    src: "10.0.0.1",
    srcLen: 32,
    flags: fr.FIB_RULE_INVERT,
    priority: 23,
    dst: "10.1.9.0",
    dstLen: 24,
  });
  seen.push(await way({}, "10.1.9.1"), await way({ src: "10.0.0.1" }, "10.1.9.1"));
  expect(seen).toMatchInlineSnapshot(`
    [
      "10.0.0.2 dev 2 table 254",
      "undefined dev 1 table 254",
      "10.0.0.2 dev 2 table 254",
      "10.1.0.2 dev 3 table 100",
      "undefined dev 1 table 255",
      "10.1.0.2 dev 3 table 101",
      "10.0.0.2 dev 2 table 254",
      "10.0.0.2 dev 2 table 254",
      "EACCES",
      "ENETUNREACH",
      "EINVAL",
      "ENETUNREACH",
      "10.1.0.2 dev 3 table 100",
      "10.1.0.2 dev 3 table 100",
      "10.1.0.2 dev 3 table 100",
      "EINVAL",
    ]
  `);
});

parity("without any rule there is no way", async (ctx) => {
  await connect(ctx);
  for (let count = 0; count < 3; count++) await ctx.delRule({ action: 0 });
  await expectError(ctx.getRoute("10.0.0.2"), { code: "ENETUNREACH" });
});

parity("a look-up of IPv6 goes by the rules", async (ctx) => {
  await connect(ctx);
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  await ctx.addReadyAddr("2001:db8:1::1/64", "c");
  await ctx.addRoute("default", { family: AF_INET6, gateway: "2001:db8::2" });
  await ctx.addRoute("default", { family: AF_INET6, gateway: "2001:db8:1::2", table: 100 });
  const way = async (request: Parameters<TestNetns["getRoute"]>[1] = {}, address = "2001:db8:9::1") => {
    const told = await ctx.getRoute(address, request).catch((error: { code: string }) => error.code);
    return typeof told === "string" ? told : `${told.gateway} dev ${told.oif} table ${told.table}`;
  };
  const of6 = { family: AF_INET6 };
  const seen: string[] = [await way()];
  await ctx.addRule({ ...of6, table: 100, fwmark: 1, priority: 10 });
  seen.push(await way(), await way({ mark: 1 }));
  await ctx.addRule({ ...of6, table: 100, src: "2001:db8:1::", srcLen: 48, priority: 11 });
  seen.push(await way({}), await way({ src: "2001:db8:1::1" }));
  await ctx.addRule({ ...of6, action: fr.FR_ACT_PROHIBIT, dst: "2001:db8:7::", dstLen: 48, priority: 12 });
  await ctx.addRule({ ...of6, action: fr.FR_ACT_UNREACHABLE, dst: "2001:db8:6::", dstLen: 48, priority: 12 });
  await ctx.addRule({ ...of6, action: fr.FR_ACT_BLACKHOLE, dst: "2001:db8:5::", dstLen: 48, priority: 12 });
  seen.push(await way({}, "2001:db8:7::1"), await way({}, "2001:db8:6::1"), await way({}, "2001:db8:5::1"));
  await ctx.addRule({
    ...of6,
    table: 254,
    suppressPrefixlen: 0,
    priority: 20,
    dst: "2001:db8:3::",
    dstLen: 48,
  });
  await ctx.addRule({ ...of6, table: 100, priority: 21, dst: "2001:db8:3::", dstLen: 48 });
  seen.push(await way({}, "2001:db8:3::1"));
  expect(seen).toMatchInlineSnapshot(`
    [
      "2001:db8::2 dev 2 table 254",
      "2001:db8::2 dev 2 table 254",
      "2001:db8:1::2 dev 3 table 100",
      "2001:db8::2 dev 2 table 254",
      "EINVAL",
      "EACCES",
      "ENETUNREACH",
      "EINVAL",
      "2001:db8:1::2 dev 3 table 100",
    ]
  `);
});
