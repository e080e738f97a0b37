// What: a host and a router write into IPv4 options, follow source routes where they may, and send options back, as Linux does.
//
//   b, where a packet socket plays strangers ─── a (10.0.0.1/24)   router   c (10.1.0.1/24) ─── d, where another listens
//
// Source: the live kernel, which wrote the expectations; RFC 791 3.1, 1122 3.2.1.8 and 3.2.2, 1812 5.2.4 and 5.3.13, 2113.

import { ETH_P_ALL } from "../../src/uapi/if_ether.ts";
import { IFLA_VRF_TABLE } from "../../src/uapi/if_link.ts";
import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import {
  answerText,
  icmp4,
  packet4,
  SYN,
  stranger,
  strangersWire,
  tcp,
  textBytes,
  udp,
} from "./odd-packets.ts";

const otherMac = "02:00:00:00:00:0d";

/** Sends each frame and says what came to the stranger's end and, behind "on:", to the other one. */
async function answers(
  ctx: ParityContext,
  cases: readonly (readonly [name: string, ...frames: Uint8Array[]])[],
  settings: Readonly<Record<string, number>> = {},
  prepare: () => Promise<void> = async () => {},
) {
  const { wire, heard } = await strangersWire(ctx);
  const blue = await ctx.otherNetns();
  await ctx.newLink({ name: "c", vethPeer: { name: "d", address: otherMac, netnsFd: blue.fd } });
  await ctx.quiet("c");
  await blue.quiet("d");
  await blue.up("d");
  const other = await blue.openPacket("d", ETH_P_ALL);
  await ctx.addAddr("10.1.0.1/24", "c");
  await ctx.up("c");
  await ctx.settle("c");
  await prepare();
  const beyond: Uint8Array[] = [];
  const read = async (): Promise<void> => {
    for (;;) beyond.push((await other.receive()).bytes);
  };
  read().catch(() => {});
  const always = {
    icmp_ratelimit: 0,
    ip_forward: 1,
    "conf.all.send_redirects": 0,
    "conf.a.send_redirects": 0,
  };
  for (const [name, value] of Object.entries({ ...always, ...settings }))
    await ctx.netns.setSysctl(`net.ipv4.${name}`, value);
  for (const address of [stranger.ip4, "10.0.0.9"])
    await ctx.addNeigh(address, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  for (const address of ["10.1.0.2", "10.1.0.9"])
    await ctx.addNeigh(address, "c", { state: NUD_PERMANENT, lladdr: otherMac });
  await ctx.sleep(100);
  const lines: string[] = [];
  for (const [name, ...frames] of cases) {
    heard.length = 0;
    beyond.length = 0;
    for (const frame of frames) wire.send(frame);
    await ctx.sleep(25);
    const [near, far] = [heard, beyond].map((list) =>
      list.map(answerText).filter((text) => text !== undefined),
    );
    const texts = [...(near ?? []), ...(far ?? []).map((text) => `on: ${text}`)];
    lines.push(`${name}: ${texts.length === 0 ? "–" : texts.join(" and ")}`);
  }
  return lines;
}

const far = "10.1.0.2";
const echo = (options: readonly number[], odd = {}) =>
  packet4(1, icmp4(8, 0, 1, textBytes("ping")), { options, ...odd });
/** So long that what an error quotes of it, which has times, is not shown. */
const long = (options: readonly number[], odd = {}) =>
  packet4(1, icmp4(8, 0, 1, new Uint8Array(64)), { options, ...odd });
const datagram = (options: readonly number[], odd: { readonly to?: string } = {}, size = 4) =>
  packet4(17, udp(9_999, new Uint8Array(size), odd), { options, ...odd });
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
/** Record route with room for `slots`, of which some are taken. */
const record = (slots: number, ...taken: number[]): number[] => [
  7,
  3 + slots * 4,
  4 + taken.length,
  ...taken,
  ...zeros(slots * 4 - taken.length),
];
/** A timestamp option: its kind, its pointer, what follows. */
const stamp = (kind: number, pointer: number, ...rest: number[]): number[] => [
  68,
  4 + rest.length,
  pointer,
  kind,
  ...rest,
];
/** A source route. */
const route = (type: number, pointer: number, ...hops: string[]): number[] => [
  type,
  3 + hops.length * 4,
  pointer,
  ...hops.flatMap((hop) => hop.split(".").map(Number)),
];

const onHost: readonly (readonly [string, ...Uint8Array[]])[] = [
  ["record route", echo([...record(2), 0])],
  ["record route, one taken", echo([...record(2, 9, 9, 9, 9), 0])],
  ["record route, full", echo([...record(1, 9, 9, 9, 9), 0])],
  ["record route without room at all", echo([7, 3, 4, 0])],
  ["record route, pointer inside a slot", echo([7, 11, 6, ...zeros(8), 0])],
  ["record route, three bytes left", echo([7, 10, 8, ...zeros(7), 0, 0])],
  ["record route of length 2", echo([7, 2, 0, 0])],
  ["record route twice", echo([...record(1), ...record(1), 0, 0])],
  ["record route behind nothing", echo([1, ...record(1)])],
  ["record route and bytes behind the end", echo([...record(1), 0, 5, 6, 7, 8])],
  ["bytes behind the end alone", echo([0, 5, 6, 7])],
  ["record route to the broadcast", echo([...record(1), 0], { to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" })],
  ["record route with a bad option behind it", echo([...record(2), 200, 0, 0, 0, 0])],
  ["timestamp", echo(stamp(0, 5, ...zeros(8)))],
  ["timestamp, one taken", echo(stamp(0, 9, 0, 0, 0, 7, ...zeros(4)))],
  ["timestamp, full", echo(stamp(0, 9, 0, 0, 0, 7))],
  ["timestamp, full, 14 found no room", echo(stamp(0xe0, 9, 0, 0, 0, 7))],
  ["timestamp and address", echo(stamp(1, 5, ...zeros(16)))],
  ["timestamp and address, full", echo(stamp(1, 13, ...zeros(8)))],
  ["timestamp and address, four bytes left", echo(stamp(1, 5, ...zeros(4)))],
  ["timestamps asked of this host", echo(stamp(3, 5, 10, 0, 0, 1, ...zeros(4)))],
  [
    "timestamps asked of this host twice",
    echo(stamp(3, 5, 10, 0, 0, 1, ...zeros(4), 10, 0, 0, 1, ...zeros(4))),
  ],
  ["timestamps asked of another", echo(stamp(3, 5, 10, 0, 0, 77, ...zeros(4)))],
  [
    "timestamps asked of another after this host",
    echo(stamp(3, 5, 10, 0, 0, 1, ...zeros(4), 10, 0, 0, 9, ...zeros(4))),
  ],
  ["timestamps asked of all, full", echo(stamp(3, 13, 10, 0, 0, 1, ...zeros(4)))],
  ["timestamp of an unknown kind", echo(stamp(2, 5, ...zeros(8)))],
  ["timestamp of an unknown kind, full", echo(stamp(2, 9, ...zeros(4)))],
  ["timestamp twice", long([...stamp(0, 5, ...zeros(4)), ...stamp(0, 5, ...zeros(4))])],
  ["record route and timestamp", echo([...stamp(0, 5, ...zeros(4)), ...record(1), 0])],
  ["router alert and record route", echo([148, 4, 0, 0, ...record(1), 0])],
  ["router alert cut short", echo([148, 3, 0, 0])],
  ["an unknown option and record route", echo([200, 4, 1, 2, ...record(1), 0])],
  [
    "a time asked for, with record route",
    packet4(1, icmp4(13, 0, 1, new Uint8Array(12)), { options: [...record(2), 0] }),
  ],
  ["nobody's port, with record route", datagram([...record(2), 0])],
  ["nobody's port, with a timestamp", datagram(stamp(1, 5, ...zeros(16)), {}, 40)],
  ["nobody's port, with options and much behind them", datagram([...record(9), 0], {}, 600)],
  ["nobody's protocol, with record route", packet4(253, textBytes("what"), { options: [...record(1), 0] })],
  [
    "nobody's port of TCP, with record route",
    packet4(6, tcp({ dport: 81, seq: 1, flags: SYN }), { options: [...record(2), 0] }),
  ],
  [
    "record route in the first of two pieces",
    packet4(1, icmp4(8, 0, 1, new Uint8Array(16)).subarray(0, 16), {
      fragment: 0x2000,
      options: [...record(1), 0],
    }),
    packet4(1, icmp4(8, 0, 1, new Uint8Array(16)).subarray(16), { fragment: 2 }),
  ],
];

const onRouter: readonly (readonly [string, ...Uint8Array[]])[] = [
  // The first error: of these Linux sends few to one host, whatever icmp_ratelimit says.
  ["record route, no way", echo([...record(2), 0], { to: "10.9.0.1" })],
  ["record route", echo([...record(2), 0], { to: far })],
  ["record route, one taken", echo([...record(2, 9, 9, 9, 9), 0], { to: far })],
  ["record route, full", echo([...record(1, 9, 9, 9, 9), 0], { to: far })],
  ["timestamp", echo(stamp(0, 5, ...zeros(8)), { to: far })],
  ["timestamp, full", echo(stamp(0, 9, 0, 0, 0, 7), { to: far })],
  ["timestamp and address", echo(stamp(1, 5, ...zeros(16)), { to: far })],
  ["timestamps asked of this router", echo(stamp(3, 5, 10, 1, 0, 1, ...zeros(4)), { to: far })],
  ["timestamps asked of another", echo(stamp(3, 5, 10, 1, 0, 2, ...zeros(4)), { to: far })],
  ["router alert", echo([148, 4, 0, 0], { to: far })],
  ["router alert with a value", echo([148, 4, 0, 1], { to: far })],
  ["bytes behind the end", echo([0, 5, 6, 7], { to: far })],
  ["an unknown option", echo([200, 4, 1, 2], { to: far })],
  ["a bad option", echo([200, 1, 1, 2], { to: far })],
  ["record route, no hop left", echo([...record(2), 0], { to: far, ttl: 1 })],
  ["timestamp, no hop left", long(stamp(1, 5, ...zeros(16)), { to: far, ttl: 1 })],
];

const sourceRoutes: readonly (readonly [string, ...Uint8Array[]])[] = [
  ["loose, used up", echo([...route(131, 8, "10.0.0.9"), 0])],
  ["loose, used up after two hops", echo([...route(131, 12, "10.0.0.9", "10.0.0.1"), 0])],
  ["loose, used up, from whom it began with", echo([...route(131, 12, "10.0.0.2", "10.0.0.9"), 0])],
  ["loose, onwards", echo([...route(131, 4, far), 0])],
  ["loose, onwards by one more", echo([...route(131, 4, "10.1.0.9", far), 0])],
  ["loose, by this host itself", echo([...route(131, 4, "10.1.0.1", far), 0])],
  ["loose, to this host at last", echo([...route(131, 4, "10.1.0.1"), 0])],
  ["loose, to nowhere", echo([...route(131, 4, "10.9.0.1"), 0])],
  ["loose, to all", echo([...route(131, 4, "255.255.255.255"), 0])],
  ["loose, passing by", echo([...route(131, 4, "10.1.0.9"), 0], { to: far })],
  ["loose, beyond its end", echo([...route(131, 5, far), 0])],
  ["loose, a pointer of 3", echo([...route(131, 3, far), 0])],
  ["loose, of length 2", echo([131, 2, 0, 0])],
  ["two of them", echo([...route(131, 8, "10.0.0.9"), ...route(131, 8, "10.0.0.9"), 0, 0])],
  ["strict, onwards", echo([...route(137, 4, far), 0])],
  ["strict, to nobody near", echo([...route(137, 4, "10.2.0.1"), 0])],
  ["strict, passing by", echo([...route(137, 4, "10.1.0.9"), 0], { to: far })],
  ["strict, used up", echo([...route(137, 8, "10.0.0.9"), 0])],
  ["loose and record route", echo([...route(131, 4, far), ...record(2), 0, 0])],
  ["loose, and timestamp and address", echo([...route(131, 4, far), ...stamp(1, 5, ...zeros(16)), 0])],
  ["loose, onwards, no hop left", echo([...route(131, 4, far), 0], { ttl: 1 })],
  ["loose, used up, for nobody's port", datagram([...route(131, 12, "10.0.0.9", "10.0.0.7"), 0])],
  [
    "loose, to the broadcast",
    echo([...route(131, 4, far), 0], { to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" }),
  ],
  ["loose, by a frame for many", echo([...route(131, 4, far), 0], { mac: "ff:ff:ff:ff:ff:ff" })],
];

parity("options of IPv4 to a host", async (ctx) => {
  expect(await answers(ctx, onHost)).toMatchInlineSnapshot(`
    [
      "record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 070b0c0a0000010a000001 00 icmp 0/0 1 70696e67",
      "record route, one taken: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 070b0c090909090a000001 00 icmp 0/0 1 70696e67",
      "record route, full: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 07070809090909 00 icmp 0/0 1 70696e67",
      "record route without room at all: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 070304 00 icmp 0/0 1 70696e67",
      "record route, pointer inside a slot: –",
      "record route, three bytes left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 4800002c12340000400142910a0000020a000001070a080000000000000000000800192e0000000170696e67",
      "record route of length 2: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 15000000 460000241234000040014ca10a0000020a000001070200000800192e0000000170696e67",
      "record route twice: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 0707080a000001 00 icmp 12/0 1b000000 490000301234000040013e850a0000020a0000010707080a0000010707040000000000000800192e0000000170696e67",
      "record route behind nothing: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 00 icmp 0/0 1 70696e67",
      "record route and bytes behind the end: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 00 icmp 0/0 1 70696e67",
      "bytes behind the end alone: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 1 70696e67",
      "record route to the broadcast: –",
      "record route with a bad option behind it: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 070b0c0a0000010a000001 00 icmp 12/0 1f000000 4900003012340000400144c40a0000020a000001070b080a00000100000000c8000000000800192e0000000170696e67",
      "timestamp: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0d00/time/time icmp 0/0 1 70696e67",
      "timestamp, one taken: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0d00/00000007/time icmp 0/0 1 70696e67",
      "timestamp, full: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 44080910/00000007 icmp 0/0 1 70696e67",
      "timestamp, full, 14 found no room: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440809f0/00000007 icmp 0/0 1 70696e67",
      "timestamp and address: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 44141501/0a000001/time/0a000001/time icmp 0/0 1 70696e67",
      "timestamp and address, full: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0d11/00000000/00000000 icmp 0/0 1 70696e67",
      "timestamp and address, four bytes left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 4700002812340000400109960a0000020a00000144080501000000000800192e0000000170696e67",
      "timestamps asked of this host: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0d03/0a000001/time icmp 0/0 1 70696e67",
      "timestamps asked of this host twice: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 44141503/0a000001/time/0a000001/time icmp 0/0 1 70696e67",
      "timestamps asked of another: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0503/0a00004d/00000000 icmp 0/0 1 70696e67",
      "timestamps asked of another after this host: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 44140d03/0a000001/time/0a000009/00000000 icmp 0/0 1 70696e67",
      "timestamps asked of all, full: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0d03/0a000001/00000000 icmp 0/0 1 70696e67",
      "timestamp of an unknown kind: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 440c0502/00000000/00000000 icmp 0/0 1 70696e67",
      "timestamp of an unknown kind, full: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 44080912/00000000 icmp 0/0 1 70696e67",
      "timestamp twice: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 44080900/time icmp 12/0 1c000000 108 bytes",
      "record route and timestamp: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 44080900/time 00 icmp 0/0 1 70696e67",
      "router alert and record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 00 icmp 0/0 1 70696e67",
      "router alert cut short: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 15000000 46000024123400004001bf9f0a0000020a000001940300000800192e0000000170696e67",
      "an unknown option and record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 00 icmp 0/0 1 70696e67",
      "a time asked for, with record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 070b0c0a0000010a000001 00 icmp 14/0 1 00000000 and 2 times",
      "nobody's port, with record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 070b0c0a0000010a000001 00 icmp 3/3 0 4800002c12340000401146800a0000020a000001070b080a00000100000000000fa0270f000cb52400000000",
      "nobody's port, with a timestamp: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 44141501/0a000001/time/0a000001/time icmp 3/3 0 88 bytes",
      "nobody's port, with options and much behind them: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 07270c0a0000010a00000100000000000000000000000000000000000000000000000000000000 00 icmp 3/3 0 508 bytes",
      "nobody's protocol, with record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 0707080a000001 00 icmp 3/2 0 470000201234000040fd46a40a0000020a0000010707080a0000010077686174",
      "nobody's port of TCP, with record route: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 options 070b0c0a0000010a000001 00 tcp 4000 RA",
      "record route in the first of two pieces: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 options 0707080a000001 00 icmp 0/0 1 00000000000000000000000000000000",
    ]
  `);
});

parity("options of IPv4 through a router", async (ctx) => {
  expect(await answers(ctx, onRouter)).toMatchInlineSnapshot(`
    [
      "record route, no way: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 070b0c0a0000010a000001 00 icmp 3/0 0 4800002c12340000400146870a0000020a090001070b080a00000100000000000800192e0000000170696e67",
      "record route: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 070b080a01000100000000 00 icmp 8/0 1 70696e67",
      "record route, one taken: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 070b0c090909090a010001 00 icmp 8/0 1 70696e67",
      "record route, full: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 07070809090909 00 icmp 8/0 1 70696e67",
      "timestamp: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 440c0900/time/00000000 icmp 8/0 1 70696e67",
      "timestamp, full: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 44080910/00000007 icmp 8/0 1 70696e67",
      "timestamp and address: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 44140d01/0a000001/time/00000000/00000000 icmp 8/0 1 70696e67",
      "timestamps asked of this router: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 440c0d03/0a010001/time icmp 8/0 1 70696e67",
      "timestamps asked of another: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 440c0503/0a010002/00000000 icmp 8/0 1 70696e67",
      "router alert: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 94040000 icmp 8/0 1 70696e67",
      "router alert with a value: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 94040001 icmp 8/0 1 70696e67",
      "bytes behind the end: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 00 00 00 00 icmp 8/0 1 70696e67",
      "an unknown option: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options c8040102 icmp 8/0 1 70696e67",
      "a bad option: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 14000000 460000241234000040018a9d0a0000020a010002c80101020800192e0000000170696e67",
      "record route, no hop left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 070b0c0a0000010a000001 00 icmp 11/0 0 4800002c123400000101858e0a0000020a010002070b080a00000100000000000800192e0000000170696e67",
      "timestamp, no hop left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 options 44141501/0a000001/time/0a000001/time icmp 11/0 0 112 bytes",
    ]
  `);
});

parity("source routes are not followed unless told to", async (ctx) => {
  expect(await answers(ctx, sourceRoutes)).toMatchInlineSnapshot(`
    [
      "loose, used up: –",
      "loose, used up after two hops: –",
      "loose, used up, from whom it began with: –",
      "loose, onwards: –",
      "loose, onwards by one more: –",
      "loose, by this host itself: –",
      "loose, to this host at last: –",
      "loose, to nowhere: –",
      "loose, to all: –",
      "loose, passing by: –",
      "loose, beyond its end: –",
      "loose, a pointer of 3: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 47000028123400004001c98d0a0000020a0000018307030a010002000800192e0000000170696e67",
      "loose, of length 2: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 15000000 46000024123400004001d0a00a0000020a000001830200000800192e0000000170696e67",
      "two of them: 10.0.0.1 > 10.0.0.9 ttl 64 tos 192 options 8307040a000002 00 icmp 12/0 1b000000 49000030123400004001aaf10a0000020a0000018307080a0000098307080a00000900000800192e0000000170696e67",
      "strict, onwards: –",
      "strict, to nobody near: –",
      "strict, passing by: –",
      "strict, used up: –",
      "loose and record route: –",
      "loose, and timestamp and address: –",
      "loose, onwards, no hop left: –",
      "loose, used up, for nobody's port: –",
      "loose, to the broadcast: –",
      "loose, by a frame for many: –",
    ]
  `);
});

parity("source routes that may be followed", async (ctx) => {
  const allowed = { "conf.all.accept_source_route": 1, "conf.a.accept_source_route": 1 };
  expect(await answers(ctx, sourceRoutes, allowed)).toMatchInlineSnapshot(`
    [
      "loose, used up: 10.0.0.1 > 10.0.0.9 ttl 64 tos 0 options 8307040a000002 00 icmp 0/0 1 70696e67",
      "loose, used up after two hops: –",
      "loose, used up, from whom it began with: 10.0.0.1 > 10.0.0.9 ttl 64 tos 0 options 8307040a000002 00 icmp 0/0 1 70696e67",
      "loose, onwards: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 8307080a010001 00 icmp 8/0 1 70696e67",
      "loose, onwards by one more: on: 10.0.0.2 > 10.1.0.9 ttl 63 tos 0 options 830b080a0100010a010002 00 icmp 8/0 1 70696e67",
      "loose, by this host itself: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 830b0c0a0100010a010001 00 icmp 8/0 1 70696e67",
      "loose, to this host at last: 10.1.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 1 70696e67",
      "loose, to nowhere: –",
      "loose, to all: –",
      "loose, passing by: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 8307040a010009 00 icmp 8/0 1 70696e67",
      "loose, beyond its end: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 47000028123400004001c78d0a0000020a0000018307050a010002000800192e0000000170696e67",
      "loose, a pointer of 3: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 47000028123400004001c98d0a0000020a0000018307030a010002000800192e0000000170696e67",
      "loose, of length 2: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 15000000 46000024123400004001d0a00a0000020a000001830200000800192e0000000170696e67",
      "two of them: 10.0.0.1 > 10.0.0.9 ttl 64 tos 192 options 8307040a000002 00 icmp 12/0 1b000000 49000030123400004001aaf10a0000020a0000018307080a0000098307080a00000900000800192e0000000170696e67",
      "strict, onwards: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 8907080a010001 00 icmp 8/0 1 70696e67",
      "strict, to nobody near: –",
      "strict, passing by: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 10000000 47000028123400004001bb8b0a0000020a0100028907040a010009000800192e0000000170696e67",
      "strict, used up: 10.0.0.1 > 10.0.0.9 ttl 64 tos 0 options 8907040a000002 00 icmp 0/0 1 70696e67",
      "loose and record route: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 8307080a010001 070b080a01000100000000 00 00 icmp 8/0 1 70696e67",
      "loose, and timestamp and address: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 8307080a010001 44140d01/0a010001/time/00000000/00000000 00 icmp 8/0 1 70696e67",
      "loose, onwards, no hop left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 11/0 0 47000028123400000101078e0a0000020a0000018307040a010002000800192e0000000170696e67",
      "loose, used up, for nobody's port: –",
      "loose, to the broadcast: –",
      "loose, by a frame for many: –",
    ]
  `);
});

parity(
  "the addresses written in a VRF are those of that VRF",
  async (ctx) => {
    const cases = [["timestamp and address", echo(stamp(1, 5, ...zeros(16)), { to: far })]] as const;
    const seen = await answers(ctx, cases, {}, async () => {
      // Outside of it a route to everywhere.
      await ctx.addVeth("e", "f");
      await ctx.up("e", "f");
      await ctx.addAddr("10.7.0.1/24", "e");
      await ctx.addRoute("0.0.0.0/0", { gateway: "10.7.0.2" });
      await ctx.newLink({
        name: "red",
        info: { kind: "vrf", data: (writer) => writer.u32(IFLA_VRF_TABLE, 10) },
      });
      await ctx.up("red");
      const master = await ctx.index("red");
      for (const name of ["a", "c"]) await ctx.setLink({ name, master });
    });
    expect(seen).toEqual([
      "timestamp and address: on: 10.0.0.2 > 10.1.0.2 ttl 63 tos 0 options 44140d01/0a000001/time/00000000/00000000 icmp 8/0 1 70696e67",
    ]);
  },
  { skip: { kernel: "this kernel is built without VRFs (CONFIG_NET_VRF)" } },
);
