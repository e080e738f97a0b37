// What: a listener and its connections answer segments that are odd or hostile as Linux does.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24, listens on port 80) ─────── b, where a packet socket plays the peer
//
// Source: the live kernel, which wrote the expectations; RFC 9293 3.10, RFC 5961, RFC 7323 5, RFC 1122 4.2.
//
// A line is what the peer sends, `>`, or what comes back, `<`: flags, and sequence numbers counted from the initial ones.

import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { ACK, FIN, PSH, RST, SYN, stranger, strangersWire, URG } from "./odd-packets.ts";
import type { Said } from "./segment-peer.ts";
import { Peer, stamp } from "./segment-peer.ts";

type Trial = readonly [name: string, run: (peer: Peer) => Promise<void>];

async function play(ctx: ParityContext, trials: readonly Trial[]): Promise<string[]> {
  const { wire, heard } = await strangersWire(ctx);
  await ctx.addNeigh(stranger.ip4, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  await ctx.netns.setSysctl("net.ipv4.tcp_invalid_ratelimit", 0);
  await ctx.listenTcp(80);
  await ctx.sleep(50);
  const results: string[] = [];
  let sport = 4_000;
  for (const [name, run] of trials) {
    heard.length = 0;
    const peer = new Peer(ctx, wire, heard, { sport: ++sport });
    await run(peer);
    results.push(`${name}: ${peer.lines.length === 0 ? "–" : peer.lines.join(" | ")}`);
  }
  return results;
}

const mss = [2, 4, 5, 0xb4];

parity("segments to a listener", async (ctx) => {
  const first =
    (flags: number, said: Said = {}): Trial[1] =>
    (peer) =>
      peer.say(flags, said);
  expect(
    await play(ctx, [
      ["SYN", first(SYN)],
      ["SYN with MSS", first(SYN, { options: mss })],
      ["SYN with MSS of 0", first(SYN, { options: [2, 4, 0, 0] })],
      ["SYN with an MSS option that is cut", first(SYN, { options: [2, 3, 5, 0] })],
      ["SYN with SACK", first(SYN, { options: [4, 2, 1, 1] })],
      ["SYN with timestamps", first(SYN, { options: stamp(10) })],
      ["SYN with window scale 15", first(SYN, { options: [3, 3, 15, 1] })],
      ["SYN with an option of length 0", first(SYN, { options: [30, 0, 1, 1] })],
      ["SYN with an option of length 1", first(SYN, { options: [30, 1, 1, 1] })],
      ["SYN with an option beyond the header", first(SYN, { options: [30, 9, 1, 1] })],
      ["SYN with data", first(SYN, { body: "abc" })],
      ["SYN and FIN", first(SYN | FIN)],
      ["SYN and RST", first(SYN | RST)],
      ["SYN and URG", first(SYN | URG, { urgent: 1 })],
      ["SYN and PSH", first(SYN | PSH)],
      ["ACK", first(ACK, { ack: 7 })],
      ["FIN", first(FIN)],
      ["FIN and ACK", first(FIN | ACK, { ack: 7 })],
      ["RST", first(RST)],
      ["SYN and ACK", first(SYN | ACK, { ack: 7 })],
      ["nothing", first(0)],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "SYN: SA seq 0 ack 1 <mss 1460>",
      "SYN with MSS: SA seq 0 ack 1 <mss 1460>",
      "SYN with MSS of 0: SA seq 0 ack 1 <mss 1460>",
      "SYN with an MSS option that is cut: SA seq 0 ack 1 <mss 1460>",
      "SYN with SACK: SA seq 0 ack 1 <mss 1460,sackok>",
      "SYN with timestamps: SA seq 0 ack 1 <mss 1460,ts>",
      "SYN with window scale 15: SA seq 0 ack 1 <mss 1460,wscale>",
      "SYN with an option of length 0: SA seq 0 ack 1 <mss 1460>",
      "SYN with an option of length 1: SA seq 0 ack 1 <mss 1460>",
      "SYN with an option beyond the header: SA seq 0 ack 1 <mss 1460>",
      "SYN with data: SA seq 0 ack 1 <mss 1460>",
      "SYN and FIN: –",
      "SYN and RST: –",
      "SYN and URG: SA seq 0 ack 1 <mss 1460>",
      "SYN and PSH: SA seq 0 ack 1 <mss 1460>",
      "ACK: R seq 7",
      "FIN: –",
      "FIN and ACK: R seq 7",
      "RST: –",
      "SYN and ACK: R seq 7",
      "nothing: –",
    ]
  `);
});

parity("segments to a handshake", async (ctx) => {
  const after =
    (run: (peer: Peer) => Promise<void>): Trial[1] =>
    async (peer) => {
      await peer.say(SYN, { options: mss });
      peer.lines.length = 0;
      await run(peer);
    };
  expect(
    await play(ctx, [
      ["the SYN again", after((peer) => peer.say(SYN, { options: mss }))],
      ["another SYN", after((peer) => peer.say(SYN, { seq: 5 }))],
      ["an ACK of too much", after((peer) => peer.say(ACK, { seq: 1, ack: 2 }))],
      ["an ACK of too little", after((peer) => peer.say(ACK, { seq: 1, ack: 0 }))],
      ["an ACK out of the window", after((peer) => peer.say(ACK, { seq: 90_000, ack: 1 }))],
      [
        "RST in the window, then ACK",
        after(async (peer) => {
          await peer.say(RST, { seq: 1 });
          await peer.say(ACK, { seq: 1, ack: 1 });
        }),
      ],
      [
        "RST out of the window, then data",
        after(async (peer) => {
          await peer.say(RST, { seq: 90_000 });
          await peer.say(ACK, { seq: 1, ack: 1, body: "x" });
        }),
      ],
      ["ACK with data", after((peer) => peer.say(ACK | PSH, { seq: 1, ack: 1, body: "abc" }))],
      ["FIN and ACK", after((peer) => peer.say(FIN | ACK, { seq: 1, ack: 1 }))],
      [
        "FIN with data",
        after(async (peer) => {
          await peer.say(FIN | ACK, { seq: 1, ack: 1, body: "abc" });
          await peer.hear(60);
        }),
      ],
      [
        "a port unreachable, then ACK and data",
        after(async (peer) => {
          await peer.complain(3, 3, 0);
          await peer.say(ACK, { seq: 1, ack: 1, body: "x" });
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "the SYN again: SA seq 0 ack 1 <mss 1460>",
      "another SYN: RA seq 0 ack 6",
      "an ACK of too much: R seq 2",
      "an ACK of too little: R seq 0",
      "an ACK out of the window: A seq 1 ack 1",
      "RST in the window, then ACK: R seq 1",
      "RST out of the window, then data: A seq 1 ack 2",
      "ACK with data: A seq 1 ack 4",
      "FIN and ACK: A seq 1 ack 2",
      "FIN with data: A seq 1 ack 5",
      "a port unreachable, then ACK and data: A seq 1 ack 2",
    ]
  `);
});

parity("segments to a connection", async (ctx) => {
  const open =
    (run: (peer: Peer) => Promise<void>, options: readonly number[] = mss): Trial[1] =>
    async (peer) => {
      await peer.open(options);
      await run(peer);
    };
  /** With time for an acknowledgement that waits. */
  const unhurried = (run: (peer: Peer) => Promise<void>): Trial[1] =>
    open(async (peer) => {
      await run(peer);
      await peer.hear(60);
    });
  const stillOpen = (run: (peer: Peer) => Promise<void>, options?: readonly number[]): Trial[1] =>
    open(async (peer) => {
      await run(peer);
      await peer.say(FIN | ACK, { seq: 1, ack: 1 });
    }, options);
  const sack = [...mss, 4, 2, 1, 1];
  const times = stamp(10);
  expect(
    await play(ctx, [
      ["data out of order", open((peer) => peer.say(ACK, { seq: 5, ack: 1, body: "abc" }))],
      ["data out of order, with SACK", open((peer) => peer.say(ACK, { seq: 5, ack: 1, body: "abc" }), sack)],
      ["data before the window", open((peer) => peer.say(ACK, { seq: -5, ack: 1, body: "abc" }))],
      [
        "data before the window, with SACK",
        open((peer) => peer.say(ACK, { seq: -5, ack: 1, body: "abc" }), sack),
      ],
      ["data beyond the window", open((peer) => peer.say(ACK, { seq: 900_000, ack: 1, body: "abc" }))],
      ["data without ACK", open((peer) => peer.say(PSH, { seq: 1, body: "abc" }))],
      ["an ACK of what was not sent", open((peer) => peer.say(ACK, { seq: 1, ack: 9 }))],
      [
        "data with an ACK of what was not sent",
        open((peer) => peer.say(ACK, { seq: 1, ack: 9, body: "abc" })),
      ],
      ["an ACK far behind", open((peer) => peer.say(ACK, { seq: 1, ack: -900_000 }))],
      ["SYN in the window", stillOpen((peer) => peer.say(SYN, { seq: 1 }))],
      ["SYN out of the window", stillOpen((peer) => peer.say(SYN, { seq: 900_000 }))],
      ["SYN and ACK", stillOpen((peer) => peer.say(SYN | ACK, { seq: 1, ack: 1 }))],
      ["RST exactly", stillOpen((peer) => peer.say(RST, { seq: 1 }))],
      ["RST in the window", stillOpen((peer) => peer.say(RST, { seq: 50 }))],
      ["RST out of the window", stillOpen((peer) => peer.say(RST, { seq: 900_000 }))],
      ["RST and ACK exactly", stillOpen((peer) => peer.say(RST | ACK, { seq: 1, ack: 1 }))],
      ["a keep-alive", open((peer) => peer.say(ACK, { seq: 0, ack: 1 }))],
      ["a keep-alive with a byte", open((peer) => peer.say(ACK, { seq: 0, ack: 1, body: "x" }))],
      ["FIN", open((peer) => peer.say(FIN | ACK, { seq: 1, ack: 1 }))],
      ["FIN with data", unhurried((peer) => peer.say(FIN | ACK, { seq: 1, ack: 1, body: "abc" }))],
      [
        "FIN, then data",
        open(async (peer) => {
          await peer.say(FIN | ACK, { seq: 1, ack: 1 });
          await peer.say(ACK, { seq: 2, ack: 1, body: "abc" });
        }),
      ],
      [
        "FIN twice",
        open(async (peer) => {
          await peer.say(FIN | ACK, { seq: 1, ack: 1 });
          await peer.say(FIN | ACK, { seq: 1, ack: 1 });
        }),
      ],
      ["FIN out of order", open((peer) => peer.say(FIN | ACK, { seq: 5, ack: 1 }))],
      [
        "urgent data",
        open(async (peer) => {
          await peer.say(ACK | URG, { seq: 1, ack: 1, body: "abc", urgent: 2 });
          await peer.hear(60);
        }),
      ],
      [
        "a segment without the timestamps that were agreed on",
        stillOpen((peer) => peer.say(ACK, { seq: 1, ack: 1, body: "abc" }), times),
      ],
      [
        "an old timestamp",
        open((peer) => peer.say(ACK, { seq: 1, ack: 1, body: "abc", options: stamp(5) }), times),
      ],
      [
        "an old timestamp on RST",
        open(async (peer) => {
          await peer.say(RST, { seq: 1, options: stamp(5) });
          await peer.say(FIN | ACK, { seq: 1, ack: 1, options: stamp(11) });
        }, times),
      ],
      ["a port unreachable", stillOpen((peer) => peer.complain(3, 3, 0, 1))],
      ["a host unreachable", stillOpen((peer) => peer.complain(3, 1, 0, 1))],
      ["time exceeded", stillOpen((peer) => peer.complain(11, 0, 0, 1))],
      ["a silly MTU", stillOpen((peer) => peer.complain(3, 4, 20, 1))],
      ["a source quench", stillOpen((peer) => peer.complain(4, 0, 0, 1))],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "data out of order: A seq 1 ack 1",
      "data out of order, with SACK: A seq 1 ack 1 <sack 5-8>",
      "data before the window: A seq 1 ack 1",
      "data before the window, with SACK: A seq 1 ack 1 <sack -5--2>",
      "data beyond the window: A seq 1 ack 1",
      "data without ACK: –",
      "an ACK of what was not sent: A seq 1 ack 1",
      "data with an ACK of what was not sent: A seq 1 ack 1",
      "an ACK far behind: A seq 1 ack 1",
      "SYN in the window: A seq 1 ack 1 | A seq 1 ack 2",
      "SYN out of the window: A seq 1 ack 1 | A seq 1 ack 2",
      "SYN and ACK: A seq 1 ack 1 | A seq 1 ack 2",
      "RST exactly: R seq 1",
      "RST in the window: A seq 1 ack 1 | A seq 1 ack 2",
      "RST out of the window: A seq 1 ack 2",
      "RST and ACK exactly: R seq 1",
      "a keep-alive: A seq 1 ack 1",
      "a keep-alive with a byte: A seq 1 ack 1",
      "FIN: A seq 1 ack 2",
      "FIN with data: A seq 1 ack 5",
      "FIN, then data: A seq 1 ack 2",
      "FIN twice: A seq 1 ack 2 | A seq 1 ack 2",
      "FIN out of order: A seq 1 ack 1",
      "urgent data: A seq 1 ack 4",
      "a segment without the timestamps that were agreed on: A seq 1 ack 4 <ts> | A seq 1 ack 4 <ts>",
      "an old timestamp: A seq 1 ack 1 <ts>",
      "an old timestamp on RST: R seq 1",
      "a port unreachable: A seq 1 ack 2",
      "a host unreachable: A seq 1 ack 2",
      "time exceeded: A seq 1 ack 2",
      "a silly MTU: A seq 1 ack 2",
      "a source quench: A seq 1 ack 2",
    ]
  `);
});

/** Segments of a burst, which takes far less than a second. */
const burst = 160;

/** Opens a connection, sends bursts of SYNs for it in different seconds, and says how many were challenged each time. */
async function challenged(ctx: ParityContext, settings: Readonly<Record<string, number>>, bursts: number) {
  const { wire, heard } = await strangersWire(ctx);
  await ctx.addNeigh(stranger.ip4, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  for (const [name, value] of Object.entries(settings)) await ctx.netns.setSysctl(`net.ipv4.${name}`, value);
  await ctx.listenTcp(80);
  await ctx.sleep(50);
  const peer = new Peer(ctx, wire, heard, { sport: 4_000 });
  await peer.say(SYN, { options: mss });
  await peer.say(ACK, { seq: 1, ack: 1 });
  const counts: number[] = [];
  for (let turn = 0; turn < bursts; turn++) {
    peer.lines.length = 0;
    for (let sent = 0; sent < burst; sent += 16) {
      for (let index = 0; index < 16; index++) peer.send(SYN, { seq: 1 });
      await peer.hear(10);
    }
    await peer.hear(1_000);
    counts.push(peer.lines.filter((line) => line === "A seq 1 ack 1").length);
  }
  return counts;
}

parity("challenges are limited for the host, to a number that is another each second", async (ctx) => {
  const settings = { tcp_invalid_ratelimit: 0, tcp_challenge_ack_limit: 100 };
  const counts = await challenged(ctx, settings, 5);
  // A burst may have lain in two seconds.
  expect(counts.filter((count) => count >= 50 && count < 150).length).toBeGreaterThanOrEqual(4);
  expect(new Set(counts).size).toBeGreaterThan(1);
});

parity("a limit of 0 challenges is none", async (ctx) => {
  const settings = { tcp_invalid_ratelimit: 0, tcp_challenge_ack_limit: 0 };
  expect(await challenged(ctx, settings, 1)).toEqual([burst]);
});

parity("challenges are limited for each connection", async (ctx) => {
  expect(await challenged(ctx, { tcp_invalid_ratelimit: 60_000 }, 2)).toEqual([1, 0]);
});

parity("without limits every segment is challenged", async (ctx) => {
  expect(await challenged(ctx, { tcp_invalid_ratelimit: 0 }, 1)).toEqual([burst]);
});
