// What: a host takes in what routers tell: default routes with lifetimes and preferences, prefixes and the addresses made in them,
// routes, MTU, hop limit, timers, options for users; and asks for routers first.
//
//   a (index 2, 02:00:00:00:00:0a) ─────── b, where a packet socket plays the router fe80::1 (02:00:00:00:00:0b)
//
// Kernel reference: net/ipv6/ndisc.c (ndisc_router_discovery), net/ipv6/addrconf.c (addrconf_prefix_rcv, addrconf_rs_timer),
// net/ipv6/route.c (rt6_add_dflt_router, rt6_route_rcv).

import { getBe16, getU32, setBe16, setBe32, setU32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { attributeNames, ipBytes, macBytes, messageText } from "./vocabulary.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const allNodesMac = "33:33:00:00:00:01";

interface Advert {
  readonly source?: string;
  readonly hopLimit?: number;
  readonly packetHopLimit?: number;
  readonly flags?: number;
  readonly lifetimeS?: number;
  readonly reachableMs?: number;
  readonly retransMs?: number;
  readonly options?: readonly Uint8Array[];
}

/** A frame with an ICMPv6 message of `type` from fe80::1 to all nodes; `body` is what stands behind the checksum. */
function frameOf(
  type: number,
  body: Uint8Array,
  { source = "fe80::1", packetHopLimit = 255 }: Advert,
): Uint8Array {
  const frame = new Uint8Array(14 + 40 + 4 + body.length);
  frame.set(macBytes(allNodesMac), 0);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  setBe32(frame, 14, 0x6000_0000);
  setBe16(frame, 18, 4 + body.length);
  frame[20] = 58;
  frame[21] = packetHopLimit;
  frame.set(ipBytes(source), 22);
  frame.set(ipBytes("ff02::1"), 38);
  frame.set(body, 58);
  const rest = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0);
  writeIcmpv6(frame, 54, frame.length, 14, type, 0, rest);
  return frame;
}

function advertisement(advert: Advert): Uint8Array {
  const options = advert.options ?? [];
  const size = options.reduce((sum, { length }) => sum + length, 12);
  const body = new Uint8Array(size);
  body[0] = advert.hopLimit ?? 0;
  body[1] = advert.flags ?? 0;
  setBe16(body, 2, advert.lifetimeS ?? 0);
  setBe32(body, 4, advert.reachableMs ?? 0);
  setBe32(body, 8, advert.retransMs ?? 0);
  let at = 12;
  for (const option of options) {
    body.set(option, at);
    at += option.length;
  }
  return frameOf(134, body, advert);
}

const linkAddress = Uint8Array.of(1, 1, ...macBytes(B));

function prefix(text: string, length: number, flags: number, validS: number, preferredS: number): Uint8Array {
  const option = new Uint8Array(32);
  option.set([3, 4, length, flags]);
  setBe32(option, 4, validS);
  setBe32(option, 8, preferredS);
  option.set(ipBytes(text), 16);
  return option;
}

function mtu(value: number): Uint8Array {
  const option = Uint8Array.of(5, 1, 0, 0, 0, 0, 0, 0);
  setBe32(option, 4, value);
  return option;
}

function routeInfo(text: string, length: number, pref: number, lifetimeS: number): Uint8Array {
  const option = new Uint8Array(24);
  option.set([24, 3, length, pref << 3]);
  setBe32(option, 4, lifetimeS);
  option.set(ipBytes(text), 8);
  return option;
}

function dnsServer(text: string, lifetimeS: number): Uint8Array {
  const option = new Uint8Array(24);
  option.set([25, 3]);
  setBe32(option, 4, lifetimeS);
  option.set(ipBytes(text), 8);
  return option;
}

const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;

interface Link {
  readonly red: TestNetns;
  readonly router: PacketPort;
}

/** The pair, a with its link-local address in use, b silent. Addresses that come later stay tentative for as long as they are looked at. */
async function connect(ctx: ParityContext): Promise<Link> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: A, vethPeer: { name: "b", address: B, netnsFd: red.fd } });
  await red.quiet("b");
  await red.up("b");
  const router = await red.openPacket("b");
  await ctx.up("a");
  await ctx.settle("a");
  await ctx.until(
    async () => (await addresses(ctx)).some((line) => line.endsWith("flags 128 | proto 3")),
    "an address in use",
  );
  await ctx.netns.setSysctl("net.ipv6.conf.a.dad_transmits", 100);
  return { red, router };
}

/** Addresses as they are told; when they were made and changed is left out, and lifetimes are those of at most nine seconds before. */
async function addresses(ctx: TestNetns): Promise<string[]> {
  const names = attributeNames(ia, "IFA_");
  const messages = await ctx.dump(rt.RTM_GETADDR, (writer) => {
    writer.bytes[writer.reserve(ia.IFADDRMSG_SIZE)] = AF_INET6;
  });
  return messages
    .map((message) => messageText(message, ia.IFADDRMSG_SIZE, names))
    .map((line) =>
      line.replace(
        /cacheinfo ([0-9a-f]{8})([0-9a-f]{8})[0-9a-f]{16}/,
        (_, preferred: string, valid: string) => `cacheinfo ${lifetime(preferred)}${lifetime(valid)}`,
      ),
    );
}

/** Seconds, in the hexadecimal digits of a little-endian number, as they were told: in tens. */
function lifetime(text: string): string {
  const bytes = Uint8Array.from(Buffer.from(text, "hex"));
  const seconds = getU32(bytes, 0);
  if (seconds !== 0xffff_ffff) setU32(bytes, 0, Math.ceil(seconds / 10) * 10);
  return toHex(bytes);
}

/** Sends an advertisement and waits until it has been worked off: a router is a neighbour then. */
async function tell(ctx: TestNetns, { router }: Link, advert: Advert): Promise<void> {
  router.send(advertisement(advert));
  // What the kernel still does behind it is done in a second.
  await ctx.until(
    async () => (await ctx.neighs()).some(({ dst }) => dst === (advert.source ?? "fe80::1")),
    "a router",
  );
  await ctx.sleep(30);
}

async function routes(ctx: TestNetns): Promise<string[]> {
  const names = attributeNames(rt, "RTA_");
  const messages = await ctx.dump(rt.RTM_GETROUTE, (writer) => {
    const at = writer.reserve(rt.RTMSG_SIZE);
    writer.bytes[at] = AF_INET6;
    writer.bytes[at + rt.RTMSG_TABLE] = rt.RT_TABLE_MAIN;
  });
  return messages
    .map((message) => messageText(message, rt.RTMSG_SIZE, names))
    .map((line) =>
      line.replace(
        /cacheinfo ([0-9a-f]{16})([0-9a-f]{8})/,
        (_, head: string, expires: string) =>
          `cacheinfo ${head} ${expires === "00000000" ? "never" : "expires"} `,
      ),
    );
}

parity("a host asks for routers when its link-local address can be used", async (ctx) => {
  const { router } = await connect(ctx);
  let frame = await router.receive();
  while (frame.bytes[54] !== 133 || getBe16(frame.bytes, 12) !== ETH_P_IPV6) frame = await router.receive();
  expect(toHex(frame.bytes)).toMatchInlineSnapshot(
    `"33330000000202000000000a86dd6000000000103afffe80000000000000000000fffe00000aff02000000000000000000000000000285007b1a00000000010102000000000a"`,
  );
});

parity("a router becomes the default one, a prefix an address and a route", async (ctx) => {
  const link = await connect(ctx);
  await tell(ctx, link, {
    hopLimit: 42,
    lifetimeS: 1800,
    flags: 0x08,
    options: [linkAddress, prefix("2001:db8:1::", 64, ON_LINK | AUTONOMOUS, 86_400, 14_400), mtu(1400)],
  });
  expect(await addresses(ctx)).toMatchInlineSnapshot(`
    [
      "0a404000 02000000 | address 20010db800010000000000fffe00000a | cacheinfo 4038000080510100 | flags 320 | proto 2",
      "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
    ]
  `);
  expect(await routes(ctx)).toMatchInlineSnapshot(`
    [
      "0a400000 fe020001 00000000 | table 254 | dst 20010db8000100000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 0",
      "0a400000 fe020001 00000000 | table 254 | dst fe800000000000000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 never 0000000000000000000000000000000000000000 | pref 0",
      "0a000000 fe090001 00000000 | table 254 | metrics 080002007805000008000a002a000000 | priority 1024 | gateway fe800000000000000000000000000001 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 1",
    ]
  `);
  const neigh = (await ctx.neighs()).find(({ dst }) => dst === "fe80::1");
  expect(`${neigh?.dst} ${neigh?.lladdr} flags ${neigh?.flags} state ${neigh?.state}`).toMatchInlineSnapshot(
    `"fe80::1 02:00:00:00:00:0b flags 128 state 4"`,
  );
  expect((await ctx.getRoute("2001:db8:9::1")).gateway).toMatchInlineSnapshot(`"fe80::1"`);
});

parity("what is told of again is renewed, with no lifetime it goes", async (ctx) => {
  const link = await connect(ctx);
  const one = prefix("2001:db8:1::", 64, ON_LINK | AUTONOMOUS, 86_400, 14_400);
  await tell(ctx, link, { lifetimeS: 1800, options: [one] });
  await tell(ctx, link, {
    lifetimeS: 1800,
    flags: 0x18,
    options: [prefix("2001:db8:1::", 64, ON_LINK | AUTONOMOUS, 0xffff_ffff, 0xffff_ffff)],
  });
  const seen: unknown[] = [await addresses(ctx), await routes(ctx)];
  await tell(ctx, link, { lifetimeS: 0, options: [prefix("2001:db8:1::", 64, ON_LINK | AUTONOMOUS, 0, 0)] });
  seen.push(await addresses(ctx), await routes(ctx));
  expect(seen).toMatchInlineSnapshot(`
    [
      [
        "0a404000 02000000 | address 20010db800010000000000fffe00000a | cacheinfo ffffffffffffffff | flags 320 | proto 2",
        "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
      ],
      [
        "0a400000 fe020001 00000000 | table 254 | dst 20010db8000100000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 never 0000000000000000000000000000000000000000 | pref 0",
        "0a400000 fe020001 00000000 | table 254 | dst fe800000000000000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 never 0000000000000000000000000000000000000000 | pref 0",
        "0a000000 fe090001 00000000 | table 254 | priority 1024 | gateway fe800000000000000000000000000001 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 3",
      ],
      [
        "0a406000 02000000 | address 20010db800010000000000fffe00000a | cacheinfo 00000000201c0000 | flags 352 | proto 2",
        "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
      ],
      [
        "0a400000 fe020001 00000000 | table 254 | dst fe800000000000000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 never 0000000000000000000000000000000000000000 | pref 0",
      ],
    ]
  `);
});

parity("what cannot be is passed over", async (ctx) => {
  const link = await connect(ctx);
  const flags = ON_LINK | AUTONOMOUS;
  await tell(ctx, link, {
    options: [
      prefix("fe80::", 64, flags, 1000, 1000),
      prefix("ff02::", 64, flags, 1000, 1000),
      prefix("2001:db8:2::", 64, flags, 1000, 2000),
      prefix("2001:db8:3::", 48, flags, 1000, 1000),
      prefix("2001:db8:4::", 64, ON_LINK, 1000, 1000),
      prefix("2001:db8:5::", 64, AUTONOMOUS, 1000, 0),
      prefix("2001:db8:6::1", 127, ON_LINK, 1000, 0),
      mtu(1279),
      mtu(1501),
      routeInfo("2001:db8:7::", 48, 1, 1000),
    ],
  });
  link.router.send(advertisement({ source: "2001:db8::1", lifetimeS: 100 }));
  link.router.send(advertisement({ packetHopLimit: 254, lifetimeS: 100 }));
  link.router.send(advertisement({ lifetimeS: 100, options: [new Uint8Array(8)] }));
  await ctx.sleep(50);
  expect([await addresses(ctx), await routes(ctx)]).toMatchInlineSnapshot(`
    [
      [
        "0a406000 02000000 | address 20010db800050000000000fffe00000a | cacheinfo 00000000e8030000 | flags 352 | proto 2",
        "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
      ],
      [
        "0a300000 fe020001 00000000 | table 254 | dst 20010db8000300000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 0",
        "0a400000 fe020001 00000000 | table 254 | dst 20010db8000400000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 0",
        "0a7f0000 fe020001 00000000 | table 254 | dst 20010db8000600000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 expires 0000000000000000000000000000000000000000 | pref 0",
        "0a400000 fe020001 00000000 | table 254 | dst fe800000000000000000000000000000 | priority 256 | oif 2 | cacheinfo 0000000000000000 never 0000000000000000000000000000000000000000 | pref 0",
      ],
    ]
  `);
});

parity("options for users and prefixes are told to their groups", async (ctx) => {
  const link = await connect(ctx);
  const events = await ctx.listen(rt.RTNLGRP_ND_USEROPT, rt.RTNLGRP_IPV6_PREFIX);
  await tell(ctx, link, {
    options: [
      linkAddress,
      prefix("2001:db8:1::", 64, ON_LINK | AUTONOMOUS, 1000, 500),
      dnsServer("2001:db8::53", 600),
    ],
  });
  const told = (await events.take(3)).map(
    ({ group, message }) => `${group} ${message.type} ${toHex(message.bytes, 16)}`,
  );
  expect(told.sort()).toMatchInlineSnapshot(`
    [
      "18 52 0a000000020000000340c0001400010020010db80001000000000000000000000c000200f4010000e8030000",
      "20 68 0a001800020000008600000000000000190300000000025820010db800000000000000000000005314000100fe800000000000000000000000000001",
      "20 68 0a002000020000008600000000000000030440c0000003e8000001f40000000020010db800010000000000000000000014000100fe800000000000000000000000000001",
    ]
  `);
});

parity("a lifetime is not cut below two hours", async (ctx) => {
  const link = await connect(ctx);
  const flags = ON_LINK | AUTONOMOUS;
  await tell(ctx, link, { options: [prefix("2001:db8:1::", 64, flags, 86_400, 14_400)] });
  await tell(ctx, link, { options: [prefix("2001:db8:1::", 64, flags, 60, 30)] });
  const seen: unknown[] = [await addresses(ctx)];
  await tell(ctx, link, { options: [prefix("2001:db8:1::", 64, flags, 60, 0)] });
  seen.push(await addresses(ctx));
  expect(seen).toMatchInlineSnapshot(`
    [
      [
        "0a404000 02000000 | address 20010db800010000000000fffe00000a | cacheinfo 1e000000201c0000 | flags 320 | proto 2",
        "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
      ],
      [
        "0a406000 02000000 | address 20010db800010000000000fffe00000a | cacheinfo 00000000201c0000 | flags 352 | proto 2",
        "0a4080fd 02000000 | address fe80000000000000000000fffe00000a | cacheinfo ffffffffffffffff | flags 128 | proto 3",
      ],
    ]
  `);
});
