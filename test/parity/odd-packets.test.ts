// What: a host answers packets that are odd, hostile or broken as Linux does: by what it says, or by saying nothing.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24, 2001:db8::1/64, fe80::a) ─────── b, where a packet socket plays the stranger
//
// Source: the live kernel, which wrote the expectations; RFC 791, 792, 1122 3.2, 4443, 8200 4, 4861 7, 6946, 5095.

import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import {
  ACK,
  answerText,
  FIN,
  host,
  icmp4,
  icmp6,
  PSH,
  packet4,
  packet6,
  RST,
  SYN,
  stranger,
  strangersWire,
  tcp,
  textBytes,
  URG,
  udp,
} from "./odd-packets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

/** Sends each frame and says what came back. */
async function answers(
  ctx: ParityContext,
  cases: readonly (readonly [name: string, ...frames: Uint8Array[]])[],
) {
  const { wire, heard } = await strangersWire(ctx);
  for (const name of ["net.ipv4.icmp_ratelimit", "net.ipv6.icmp.ratelimit"])
    await ctx.netns.setSysctl(name, 0);
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  await ctx.addReadyAddr("fe80::a/64", "a");
  for (const address of [stranger.ip4, stranger.ip6, stranger.linkLocal])
    await ctx.addNeigh(address, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  await ctx.sleep(100);
  const lines: string[] = [];
  for (const [name, ...frames] of cases) {
    heard.length = 0;
    for (const frame of frames) wire.send(frame);
    await ctx.sleep(25);
    const texts = heard
      .splice(0)
      .map(answerText)
      .filter((text) => text !== undefined);
    lines.push(`${name}: ${texts.length === 0 ? "–" : texts.join(" and ")}`);
  }
  return lines;
}

const word = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const echo = (odd = {}, size = 4): Uint8Array =>
  packet4(1, icmp4(8, 0, 0x0001_0001, new Uint8Array(size).fill(0x55)), odd);
const echo6 = (odd: Parameters<typeof packet6>[2] = {}): Uint8Array =>
  packet6(58, icmp6(128, 0, 0x0001_0001, textBytes("ping"), odd), odd);

parity("odd packets of IPv4", async (ctx) => {
  expect(
    await answers(ctx, [
      ["an echo", echo()],
      ["an echo with a type of service", echo({ tos: 0xb9 })],
      ["an echo with no hop left", echo({ ttl: 0 })],
      ["an echo with one hop left", echo({ ttl: 1 })],
      ["an echo with DF", echo({ fragment: 0x4000 })],
      ["an echo with the reserved bit", echo({ fragment: 0x8000 })],
      ["an echo of another code", packet4(1, icmp4(8, 5, 1, word(1, 2, 3, 4)))],
      ["an echo without a word", packet4(1, word(8, 0, 0, 0))],
      ["an echo whose checksum is wrong", packet4(1, icmp4(8, 0, 1, word(1, 2), 0x1234))],
      ["a header whose checksum is wrong", echo({ checksum: 0x1234 })],
      ["a header of 4 words", echo({ versionAndLength: 0x44 })],
      ["a version 5", echo({ versionAndLength: 0x55 })],
      ["a packet longer than its frame", echo({ totalLength: 200 })],
      ["a packet shorter than its header", echo({ totalLength: 19 })],
      [
        "padding behind the packet",
        packet4(1, new Uint8Array([...icmp4(8, 0, 1, word(1, 2)), 9, 9, 9]), { totalLength: 30 }),
      ],
      ["from loopback", echo({ from: "127.0.0.1" })],
      ["from nobody", echo({ from: "0.0.0.0" })],
      ["from the host itself", echo({ from: host.ip4 })],
      ["from the broadcast", echo({ from: "10.0.0.255" })],
      ["from all", echo({ from: "255.255.255.255" })],
      ["from a group", echo({ from: "224.0.0.1" })],
      ["from class E", echo({ from: "240.0.0.1" })],
      ["to loopback", echo({ to: "127.0.0.1" })],
      ["to the subnet's broadcast", echo({ to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" })],
      ["to all", echo({ to: "255.255.255.255", mac: "ff:ff:ff:ff:ff:ff" })],
      ["to the host by a broadcast frame", echo({ mac: "ff:ff:ff:ff:ff:ff" })],
      ["to all hosts' group", echo({ to: "224.0.0.1", mac: "01:00:5e:00:00:01" })],
      ["to another host", echo({ to: "10.0.0.77" })],
      ["an option: end of list", echo({ options: [0, 0, 0, 0] })],
      ["an option: nothing", echo({ options: [1, 1, 1, 1] })],
      ["an option: record route, bad pointer", echo({ options: [7, 7, 3, 0, 0, 0, 0, 0] })],
      ["an option: timestamp", echo({ options: [0x44, 8, 5, 0x01, 0, 0, 0, 0] })],
      ["an option: timestamp, 15 overflows", echo({ options: [0x44, 8, 9, 0xf0, 0, 0, 0, 1] })],
      ["an option: timestamp, bad pointer", echo({ options: [0x44, 8, 4, 0x00, 0, 0, 0, 1] })],
      ["an option: loose source route, used up", echo({ options: [131, 7, 8, 10, 0, 0, 9, 0] })],
      ["an option: loose source route onwards", echo({ options: [131, 7, 4, 10, 0, 0, 9, 0] })],
      ["an option: strict source route onwards", echo({ options: [137, 7, 4, 10, 0, 0, 9, 0] })],
      ["two source routes", echo({ options: [131, 7, 8, 10, 0, 0, 9, 131, 7, 8, 10, 0, 0, 9, 0, 0] })],
      ["an option: router alert", echo({ options: [148, 4, 0, 0] })],
      ["an option: security", echo({ options: [130, 4, 0, 0] })],
      ["an unknown option", echo({ options: [200, 4, 0, 0] })],
      ["an option of length 1", echo({ options: [200, 1, 0, 0] })],
      ["an option longer than the header", echo({ options: [200, 9, 0, 0] })],
      ["an unknown protocol", packet4(253, word(1, 2, 3, 4))],
      [
        "an unknown protocol, to the broadcast",
        packet4(253, word(1), { to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" }),
      ],
      ["protocol 0", packet4(0, word(1, 2, 3, 4))],
      ["a timestamp request", packet4(1, icmp4(13, 0, 1, new Uint8Array(12)))],
      ["a timestamp request without times", packet4(1, icmp4(13, 0, 1, new Uint8Array(8)))],
      [
        "a timestamp request to all",
        packet4(1, icmp4(13, 0, 1, new Uint8Array(12)), { to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" }),
      ],
      ["an information request", packet4(1, icmp4(15, 0, 1))],
      ["an address mask request", packet4(1, icmp4(17, 0, 1, new Uint8Array(4)))],
      ["an unknown type", packet4(1, icmp4(100, 0, 1))],
      ["an extended echo", packet4(1, icmp4(42, 0, 1, new Uint8Array(8)))],
      ["an echo reply nobody asked for", packet4(1, icmp4(0, 0, 1))],
      ["a datagram to nobody", packet4(17, udp(9_999, textBytes("hello")))],
      [
        "a datagram to nobody, to the broadcast",
        packet4(17, udp(9_999, textBytes("hi"), { to: "10.0.0.255" }), {
          to: "10.0.0.255",
          mac: "ff:ff:ff:ff:ff:ff",
        }),
      ],
      ["a datagram whose checksum is wrong", packet4(17, udp(9_999, textBytes("hello"), { sum: 0x1234 }))],
      ["a datagram without a checksum", packet4(17, udp(9_999, textBytes("hello"), { sum: 0 }))],
      ["a datagram longer than its packet", packet4(17, udp(9_999, textBytes("hello"), { length: 60 }))],
      ["a datagram shorter than its header", packet4(17, udp(9_999, textBytes("hello"), { length: 7 }))],
      ["a datagram to port 0", packet4(17, udp(0, textBytes("hello")))],
      ["an error about nothing", packet4(1, icmp4(3, 3, 0, new Uint8Array(4)))],
      [
        "a datagram in two pieces",
        packet4(17, udp(9_999, new Uint8Array(24)).subarray(0, 24), { fragment: 0x2000 }),
        packet4(17, udp(9_999, new Uint8Array(24)).subarray(24), { fragment: 3 }),
      ],
      ["a piece that is no multiple of 8", packet4(17, udp(9_999, new Uint8Array(5)), { fragment: 0x2000 })],
      ["a piece beyond 65535", packet4(17, new Uint8Array(64), { fragment: 0x1fff })],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "an echo: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an echo with a type of service: 10.0.0.1 > 10.0.0.2 ttl 64 tos 185 icmp 0/0 10001 55555555",
      "an echo with no hop left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an echo with one hop left: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an echo with DF: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an echo with the reserved bit: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an echo of another code: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/5 1 01020304",
      "an echo without a word: –",
      "an echo whose checksum is wrong: –",
      "a header whose checksum is wrong: –",
      "a header of 4 words: –",
      "a version 5: –",
      "a packet longer than its frame: –",
      "a packet shorter than its header: –",
      "padding behind the packet: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 1 0102",
      "from loopback: –",
      "from nobody: –",
      "from the host itself: –",
      "from the broadcast: 10.0.0.1 > 10.0.0.255 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "from all: –",
      "from a group: –",
      "from class E: –",
      "to loopback: –",
      "to the subnet's broadcast: –",
      "to all: –",
      "to the host by a broadcast frame: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "to all hosts' group: –",
      "to another host: –",
      "an option: end of list: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an option: nothing: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an option: record route, bad pointer: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 4700002812340000400148980a0000020a000001070703000000000008004d530001000155555555",
      "an option: timestamp: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 4700002812340000400109960a0000020a000001440805010000000008004d530001000155555555",
      "an option: timestamp, 15 overflows: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 17000000 4700002812340000400104a60a0000020a000001440809f00000000108004d530001000155555555",
      "an option: timestamp, bad pointer: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 16000000 470000281234000040010a960a0000020a000001440804000000000108004d530001000155555555",
      "an option: loose source route, used up: –",
      "an option: loose source route onwards: –",
      "an option: strict source route onwards: –",
      "two source routes: –",
      "an option: router alert: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an option: security: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an unknown option: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 0/0 10001 55555555",
      "an option of length 1: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 14000000 460000241234000040018ba10a0000020a000001c801000008004d530001000155555555",
      "an option longer than the header: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 12/0 14000000 460000241234000040018b990a0000020a000001c809000008004d530001000155555555",
      "an unknown protocol: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/2 0 450000181234000040fd53b30a0000020a00000101020304",
      "an unknown protocol, to the broadcast: –",
      "protocol 0: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/2 0 4500001812340000400054b00a0000020a00000101020304",
      "a timestamp request: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 14/0 1 00000000 and 2 times",
      "a timestamp request without times: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 icmp 14/0 1 00000000 and 2 times",
      "a timestamp request to all: –",
      "an information request: –",
      "an address mask request: –",
      "an unknown type: –",
      "an extended echo: –",
      "an echo reply nobody asked for: –",
      "a datagram to nobody: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/3 0 4500002112340000401154960a0000020a0000010fa0270f000d715068656c6c6f",
      "a datagram to nobody, to the broadcast: –",
      "a datagram whose checksum is wrong: –",
      "a datagram without a checksum: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/3 0 4500002112340000401154960a0000020a0000010fa0270f000d000068656c6c6f",
      "a datagram longer than its packet: –",
      "a datagram shorter than its header: –",
      "a datagram to port 0: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/3 0 4500002112340000401154960a0000020a0000010fa00000000d985f68656c6c6f",
      "an error about nothing: –",
      "a datagram in two pieces: 10.0.0.1 > 10.0.0.2 ttl 64 tos 192 icmp 3/3 0 4500003412340000401154830a0000020a0000010fa0270f0020b4fc000000000000000000000000000000000000000000000000",
      "a piece that is no multiple of 8: –",
      "a piece beyond 65535: –",
    ]
  `);
});

/** A header of options for a hop or the destination. */
const optionsHeader = (next: number, ...options: number[]): number[] => [
  next,
  (options.length + 2) / 8 - 1,
  ...options,
];

parity("odd packets of IPv6", async (ctx) => {
  const hop = (...options: number[]) => ({ firstHeader: 0, extensions: optionsHeader(58, ...options) });
  const dst = (...options: number[]) => ({ firstHeader: 60, extensions: optionsHeader(58, ...options) });
  const solicit = (target: string, options: readonly number[], odd: Parameters<typeof packet6>[2] = {}) =>
    packet6(
      58,
      icmp6(135, 0, 0, new Uint8Array([...ipBytes(target), ...options]), {
        from: stranger.ip6,
        to: host.ip6,
        ...odd,
      }),
      { hopLimit: 255, ...odd },
    );
  const mac = [...macBytes(stranger.mac)];
  expect(
    await answers(ctx, [
      ["an echo", echo6()],
      ["an echo with no hop left", echo6({ hopLimit: 0 })],
      ["an echo from nobody", echo6({ from: "::" })],
      ["an echo from loopback", echo6({ from: "::1" })],
      ["an echo from a group", echo6({ from: "ff02::1" })],
      ["an echo from a mapped address", echo6({ from: "::ffff:10.0.0.2" })],
      ["an echo to loopback", echo6({ to: "::1" })],
      ["an echo to all nodes", echo6({ to: "ff02::1", from: stranger.linkLocal, mac: "33:33:00:00:00:01" })],
      ["an echo to a reserved scope", echo6({ to: "ff00::1", mac: "33:33:00:00:00:01" })],
      ["an echo to this host's own scope", echo6({ to: "ff01::1", mac: "33:33:00:00:00:01" })],
      ["an echo to another host", echo6({ to: "2001:db8::77" })],
      ["a packet longer than its frame", echo6({ payloadLength: 200 })],
      [
        "a packet shorter than its frame",
        packet6(58, new Uint8Array([...icmp6(128, 0, 1, textBytes("ping")), 7, 7]), { payloadLength: 12 }),
      ],
      ["hop-by-hop: padding", echo6(hop(1, 4, 0, 0, 0, 0))],
      ["hop-by-hop: padding that is not 0", echo6(hop(1, 4, 0, 1, 0, 0))],
      ["hop-by-hop: too much padding", echo6(hop(1, 10, ...new Array(10).fill(0), 0, 0))],
      ["hop-by-hop: eight Pad1", echo6(hop(...new Array(14).fill(0)))],
      ["hop-by-hop: unknown, skip", echo6(hop(0x1e, 4, 0, 0, 0, 0))],
      ["hop-by-hop: unknown, discard", echo6(hop(0x5e, 4, 0, 0, 0, 0))],
      ["hop-by-hop: unknown, discard and tell", echo6(hop(0x9e, 4, 0, 0, 0, 0))],
      ["hop-by-hop: unknown, discard and tell if not to many", echo6(hop(0xde, 4, 0, 0, 0, 0))],
      ["hop-by-hop: router alert", echo6(hop(5, 2, 0, 0, 1, 0))],
      ["hop-by-hop: router alert of a wrong size", echo6(hop(5, 4, 0, 0, 0, 0))],
      ["hop-by-hop: jumbo for a small packet", echo6(hop(0xc2, 4, 0, 0, 0, 20))],
      ["hop-by-hop: jumbo of a packet with a length", echo6(hop(0xc2, 4, 0, 1, 0, 0))],
      ["hop-by-hop: jumbo of a wrong size", echo6(hop(0xc2, 2, 0, 0, 1, 0))],
      ["hop-by-hop: an option beyond the header", echo6(hop(0x1e, 14, 0, 0, 0, 0))],
      ["hop-by-hop beyond the packet", echo6({ firstHeader: 0, extensions: [58, 9, 1, 4, 0, 0, 0, 0] })],
      [
        "hop-by-hop that is not the first",
        echo6({
          firstHeader: 60,
          extensions: [...optionsHeader(0, 1, 4, 0, 0, 0, 0), ...optionsHeader(58, 1, 4, 0, 0, 0, 0)],
        }),
      ],
      ["destination: unknown, skip", echo6(dst(0x1e, 4, 0, 0, 0, 0))],
      ["destination: unknown, discard", echo6(dst(0x5e, 4, 0, 0, 0, 0))],
      ["destination: unknown, discard and tell", echo6(dst(0x9e, 4, 0, 0, 0, 0))],
      [
        "destination: unknown, tell, to a group",
        echo6({
          ...dst(0x9e, 4, 0, 0, 0, 0),
          to: "ff02::1",
          from: stranger.linkLocal,
          mac: "33:33:00:00:00:01",
        }),
      ],
      [
        "destination: unknown, tell if not to many, to a group",
        echo6({
          ...dst(0xde, 4, 0, 0, 0, 0),
          to: "ff02::1",
          from: stranger.linkLocal,
          mac: "33:33:00:00:00:01",
        }),
      ],
      [
        "destination twice",
        echo6({
          firstHeader: 60,
          extensions: [...optionsHeader(60, 1, 4, 0, 0, 0, 0), ...optionsHeader(58, 1, 4, 0, 0, 0, 0)],
        }),
      ],
      [
        "routing header 0, used up",
        echo6({ firstHeader: 43, extensions: [58, 2, 0, 0, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      [
        "routing header 0 onwards",
        echo6({ firstHeader: 43, extensions: [58, 2, 0, 1, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      [
        "routing header 2 onwards",
        echo6({ firstHeader: 43, extensions: [58, 2, 2, 1, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      [
        "routing header 4 onwards",
        echo6({ firstHeader: 43, extensions: [58, 2, 4, 1, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      [
        "routing header 99 onwards",
        echo6({ firstHeader: 43, extensions: [58, 2, 99, 1, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      [
        "routing header 99, used up",
        echo6({ firstHeader: 43, extensions: [58, 2, 99, 0, 0, 0, 0, 0, ...ipBytes("2001:db8::9")] }),
      ],
      ["an unknown header", packet6(253, word(1, 2, 3, 4))],
      [
        "an unknown header, to a group",
        packet6(253, word(1, 2), { to: "ff02::1", from: stranger.linkLocal, mac: "33:33:00:00:00:01" }),
      ],
      [
        "an unknown header behind options",
        packet6(253, word(1, 2), { firstHeader: 60, extensions: optionsHeader(253, 1, 4, 0, 0, 0, 0) }),
      ],
      ["no next header", packet6(59, word(1, 2, 3, 4))],
      ["a whole packet as a fragment", echo6({ firstHeader: 44, extensions: [58, 0, 0, 0, 0, 0, 0, 1] })],
      [
        "a fragment that is no multiple of 8",
        echo6({ firstHeader: 44, extensions: [58, 0, 0, 1, 0, 0, 0, 2] }),
      ],
      [
        "a fragment beyond 65535",
        packet6(58, new Uint8Array(64), { firstHeader: 44, extensions: [58, 0, 0xff, 0xf8, 0, 0, 0, 3] }),
      ],
      [
        "a first fragment without its header",
        packet6(58, new Uint8Array(0), { firstHeader: 44, extensions: [60, 0, 0, 1, 0, 0, 0, 4] }),
      ],
      [
        "a datagram to nobody",
        packet6(17, udp(9_999, textBytes("hello"), { from: stranger.ip6, to: host.ip6 })),
      ],
      ["a datagram without a checksum", packet6(17, udp(9_999, textBytes("hello"), { sum: 0 }))],
      ["an unknown error", packet6(58, icmp6(100, 0, 0, new Uint8Array(48)))],
      ["an unknown message", packet6(58, icmp6(200, 0, 0, new Uint8Array(8)))],
      ["an echo reply nobody asked for", packet6(58, icmp6(129, 0, 1, textBytes("x")))],
      ["a solicitation", solicit(host.ip6, [1, 1, ...mac])],
      ["a solicitation without an option", solicit(host.ip6, [])],
      ["a solicitation with a hop gone", solicit(host.ip6, [1, 1, ...mac], { hopLimit: 254 })],
      [
        "a solicitation of another code",
        packet6(58, icmp6(135, 1, 0, new Uint8Array([...ipBytes(host.ip6), 1, 1, ...mac])), {
          hopLimit: 255,
        }),
      ],
      ["a solicitation with an empty option", solicit(host.ip6, [1, 0, ...mac])],
      ["a solicitation with an option beyond its end", solicit(host.ip6, [1, 4, ...mac])],
      ["a solicitation with unknown options", solicit(host.ip6, [99, 1, 0, 0, 0, 0, 0, 0, 1, 1, ...mac])],
      ["a solicitation for a group", solicit("ff02::1", [1, 1, ...mac])],
      ["a solicitation for another", solicit("2001:db8::77", [1, 1, ...mac])],
      ["a solicitation cut short", packet6(58, icmp6(135, 0, 0, new Uint8Array(8)), { hopLimit: 255 })],
      [
        "a solicitation from nobody",
        solicit(host.ip6, [], { from: "::", to: "ff02::1:ff00:1", mac: "33:33:ff:00:00:01" }),
      ],
      [
        "a solicitation from nobody with an address",
        solicit(host.ip6, [1, 1, ...mac], { from: "::", to: "ff02::1:ff00:1", mac: "33:33:ff:00:00:01" }),
      ],
      ["a solicitation from nobody to the host", solicit(host.ip6, [], { from: "::" })],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "an echo: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "an echo with no hop left: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "an echo from nobody: –",
      "an echo from loopback: –",
      "an echo from a group: –",
      "an echo from a mapped address: –",
      "an echo to loopback: –",
      "an echo to all nodes: fe80::a > fe80::b hops 64 icmp 129/0 10001 70696e67",
      "an echo to a reserved scope: –",
      "an echo to this host's own scope: –",
      "an echo to another host: –",
      "a packet longer than its frame: –",
      "a packet shorter than its frame: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 1 70696e67",
      "hop-by-hop: padding: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "hop-by-hop: padding that is not 0: –",
      "hop-by-hop: too much padding: –",
      "hop-by-hop: eight Pad1: –",
      "hop-by-hop: unknown, skip: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "hop-by-hop: unknown, discard: –",
      "hop-by-hop: unknown, discard and tell: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/2 2a 600000000014004020010db800000000000000000000000220010db80000000000000000000000013a009e0400000000800045710001000170696e67",
      "hop-by-hop: unknown, discard and tell if not to many: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/2 2a 600000000014004020010db800000000000000000000000220010db80000000000000000000000013a00de0400000000800045710001000170696e67",
      "hop-by-hop: router alert: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "hop-by-hop: router alert of a wrong size: –",
      "hop-by-hop: jumbo for a small packet: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2c 600000000014004020010db800000000000000000000000220010db80000000000000000000000013a00c20400000014800045710001000170696e67",
      "hop-by-hop: jumbo of a packet with a length: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2a 600000000014004020010db800000000000000000000000220010db80000000000000000000000013a00c20400010000800045710001000170696e67",
      "hop-by-hop: jumbo of a wrong size: –",
      "hop-by-hop: an option beyond the header: –",
      "hop-by-hop beyond the packet: –",
      "hop-by-hop that is not the first: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/1 28 68 bytes",
      "destination: unknown, skip: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "destination: unknown, discard: –",
      "destination: unknown, discard and tell: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/2 2a 6000000000143c4020010db800000000000000000000000220010db80000000000000000000000013a009e0400000000800045710001000170696e67",
      "destination: unknown, tell, to a group: fe80::a > fe80::b hops 64 icmp 4/2 2a 6000000000143c40fe80000000000000000000000000000bff0200000000000000000000000000013a009e04000000008000a3560001000170696e67",
      "destination: unknown, tell if not to many, to a group: –",
      "destination twice: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "routing header 0, used up: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "routing header 0 onwards: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2a 76 bytes",
      "routing header 2 onwards: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2a 76 bytes",
      "routing header 4 onwards: –",
      "routing header 99 onwards: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2a 76 bytes",
      "routing header 99, used up: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "an unknown header: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/1 6 600000000004fd4020010db800000000000000000000000220010db800000000000000000000000101020304",
      "an unknown header, to a group: –",
      "an unknown header behind options: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/1 28 60000000000a3c4020010db800000000000000000000000220010db8000000000000000000000001fd000104000000000102",
      "no next header: –",
      "a whole packet as a fragment: 2001:db8::1 > 2001:db8::2 hops 64 icmp 129/0 10001 70696e67",
      "a fragment that is no multiple of 8: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 4 6000000000142c4020010db800000000000000000000000220010db80000000000000000000000013a00000100000002800045710001000170696e67",
      "a fragment beyond 65535: 2001:db8::1 > 2001:db8::2 hops 64 icmp 4/0 2a 112 bytes",
      "a first fragment without its header: –",
      "a datagram to nobody: 2001:db8::1 > 2001:db8::2 hops 64 icmp 1/4 0 60000000000d114020010db800000000000000000000000220010db80000000000000000000000010fa0270f000d29de68656c6c6f",
      "a datagram without a checksum: –",
      "an unknown error: –",
      "an unknown message: –",
      "an echo reply nobody asked for: –",
      "a solicitation: 2001:db8::1 > 2001:db8::2 hops 255 icmp 136/0 40000000 20010db8000000000000000000000001",
      "a solicitation without an option: 2001:db8::1 > 2001:db8::2 hops 255 icmp 136/0 40000000 20010db8000000000000000000000001",
      "a solicitation with a hop gone: –",
      "a solicitation of another code: –",
      "a solicitation with an empty option: –",
      "a solicitation with an option beyond its end: –",
      "a solicitation with unknown options: 2001:db8::1 > 2001:db8::2 hops 255 icmp 136/0 40000000 20010db8000000000000000000000001",
      "a solicitation for a group: –",
      "a solicitation for another: –",
      "a solicitation cut short: –",
      "a solicitation from nobody: 2001:db8::1 > ff02::1 hops 255 icmp 136/0 20000000 20010db8000000000000000000000001020102000000000a",
      "a solicitation from nobody with an address: –",
      "a solicitation from nobody to the host: –",
    ]
  `);
});

parity("segments that belong to no connection", async (ctx) => {
  const segment = (odd: Partial<Parameters<typeof tcp>[0]> & { readonly flags: number }, packet = {}) =>
    packet4(6, tcp({ dport: 81, seq: 1_000, ...odd }), packet);
  const raw = (flags: number, more = {}): Uint8Array => segment({ flags, ...more });
  expect(
    await answers(ctx, [
      ["SYN", raw(SYN)],
      ["SYN with data", raw(SYN, { body: textBytes("abc") })],
      ["SYN and FIN", raw(SYN | FIN)],
      ["SYN and ACK", raw(SYN | ACK, { ack: 77 })],
      ["ACK", raw(ACK, { ack: 77 })],
      ["ACK with data", raw(ACK | PSH, { ack: 77, body: textBytes("abc") })],
      ["FIN", raw(FIN)],
      ["RST", raw(RST)],
      ["nothing", raw(0, { body: textBytes("x") })],
      ["all flags", raw(FIN | SYN | PSH | ACK | URG, { ack: 5 })],
      ["a header of 4 words", raw(SYN, { dataOffset: 4 })],
      ["a header beyond the packet", raw(SYN, { dataOffset: 15 })],
      ["a wrong checksum", raw(SYN, { sum: 0x1234 })],
      [
        "to the broadcast",
        segment({ flags: SYN, to: "10.0.0.255" }, { to: "10.0.0.255", mac: "ff:ff:ff:ff:ff:ff" }),
      ],
      ["by a broadcast frame", segment({ flags: SYN }, { mac: "ff:ff:ff:ff:ff:ff" })],
      ["from port 0", raw(SYN, { sport: 0 })],
      ["a cut header", packet4(6, tcp({ dport: 81, seq: 1, flags: SYN }).subarray(0, 12))],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "SYN: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 RA",
      "SYN with data: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 RA",
      "SYN and FIN: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 RA",
      "SYN and ACK: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 R",
      "ACK: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 R",
      "ACK with data: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 R",
      "FIN: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 RA",
      "RST: –",
      "nothing: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 RA",
      "all flags: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 4000 R",
      "a header of 4 words: –",
      "a header beyond the packet: –",
      "a wrong checksum: –",
      "to the broadcast: –",
      "by a broadcast frame: –",
      "from port 0: 10.0.0.1 > 10.0.0.2 ttl 64 tos 0 frag 4000 tcp 0 RA",
      "a cut header: –",
    ]
  `);
});
