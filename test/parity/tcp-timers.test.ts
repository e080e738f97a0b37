// What: TCP's timers go off when Linux's do: repetitions, probes of a tail, of a shut window and of a silent peer, and how long all that
// is kept up.
//
//   a (index 2, 10.0.0.1/24, listens on port 80) ─────── b, where a packet socket plays the peer
//
// Source: the live kernel, which wrote the expectations; RFC 6298, RFC 8985, RFC 9293 3.8.6.1, RFC 1122 4.2.3.6.
//
// The time between two segments is that of the timestamps in them, so that a busy machine does not matter; it is told in powers of
// two of a unit, as what is waited for doubles.

import { expect, parity } from "./harness.ts";
import { ACK, FIN, PSH, SYN } from "./odd-packets.ts";
import type { Peer, Stage, StageTrial } from "./segment-peer.ts";
import { playTogether, setStage, stamp } from "./segment-peer.ts";
import type { StreamSocket } from "./targets.ts";

const mss = [2, 4, 5, 0xb4];
const sackOk = [4, 2, 1, 1];
const withStamps = [...mss, ...stamp(10)];
const withBoth = [...mss, ...sackOk, ...stamp(10)];

/** Times between the lines, in powers of two of `unitMs`: `x1`, `x2`, …; `soon` for less, `–` for next to nothing. */
function gaps({ lines, stamps }: Peer, unitMs: number): string[] {
  return bare(lines).map((line, index) => {
    const gap = (stamps[index] ?? 0) - (stamps[index - 1] ?? Number.NaN);
    if (Number.isNaN(gap)) return line;
    if (gap < 0.6 * unitMs) return `${gap < unitMs / 10 ? "–" : "soon"} ${line}`;
    return `x${2 ** Math.round(Math.log2(gap / unitMs))} ${line}`;
  });
}

/** Lines without PSH, of which Linux makes more where it joins and cuts what it sends again. */
function bare(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^P/, ""));
}

/** A connection that the peer has opened with timestamps, about 20 ms away; a retransmission is due after some 220 ms. */
function opened(
  options: readonly number[],
  run: (peer: Peer, socket: StreamSocket, stage: Stage) => Promise<readonly string[]>,
  window?: number,
): StageTrial[1] {
  return async (stage) => {
    const peer = stage.peer({ showsWindow: false });
    const more = window === undefined ? {} : { window };
    const socket = await stage.accept(async () => {
      await peer.say(SYN, { options, ...more });
      await peer.say(ACK, { seq: 1, ack: 1, options: stamp(11, peer.echo), ...more });
    });
    peer.forget();
    const lines = await run(peer, socket, stage);
    socket.close();
    await peer.hear();
    return lines;
  };
}

const rtoMs = 210;
/** What a segment carries beside timestamps. */
const full = 1_448;

parity("what is not acknowledged goes again, later each time", async (ctx) => {
  const stage = await setStage(ctx, { noDelay: true, resetsOnClose: true });
  expect(
    await playTogether(stage, [
      [
        "without SACK",
        opened(withStamps, async (peer, socket) => {
          socket.write("abc");
          await peer.hear(1_700);
          return gaps(peer, rtoMs);
        }),
      ],
      [
        "with SACK",
        opened(withBoth, async (peer, socket) => {
          socket.write("abc");
          await peer.hear(1_700);
          return gaps(peer, rtoMs);
        }),
      ],
      [
        "three segments, with SACK",
        opened(withBoth, async (peer, socket) => {
          for (let count = 0; count < 3; count++) socket.write("x".repeat(full));
          await peer.hear(1_000);
          return gaps(peer, rtoMs);
        }),
      ],
      [
        "three segments, the last two reported",
        opened(withBoth, async (peer, socket) => {
          for (let count = 0; count < 3; count++) socket.write("x".repeat(full));
          await peer.hear(20);
          await peer.say(ACK, {
            seq: 1,
            ack: 1,
            options: [...stamp(12, peer.echo), 1, 1, ...peer.sackBlock(1 + full, 1 + 3 * full)],
          });
          await peer.hear(60);
          return gaps(peer, rtoMs);
        }),
      ],
      [
        "what was reported is taken back (reneging)",
        opened(withBoth, async (peer, socket) => {
          for (let count = 0; count < 3; count++) socket.write("x".repeat(full));
          await peer.hear(20);
          await peer.say(ACK, {
            seq: 1,
            ack: 1,
            options: [...stamp(12, peer.echo), 1, 1, ...peer.sackBlock(1 + full, 1 + 3 * full)],
          });
          await peer.say(ACK, { seq: 1, ack: 1 + full, options: stamp(13, peer.echo) });
          await peer.hear(60);
          return gaps(peer, rtoMs);
        }),
      ],
      [
        "an end",
        opened(withStamps, async (peer, socket) => {
          socket.end();
          await peer.hear(900);
          return gaps(peer, rtoMs);
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "without SACK: A seq 1 ack 1 +3 <ts> | x1 A seq 1 ack 1 +3 <ts> | x2 A seq 1 ack 1 +3 <ts> | x4 A seq 1 ack 1 +3 <ts>",
      "with SACK: A seq 1 ack 1 +3 <ts> | x1 A seq 1 ack 1 +3 <ts> | x1 A seq 1 ack 1 +3 <ts> | x2 A seq 1 ack 1 +3 <ts>",
      "three segments, with SACK: A seq 1 ack 1 +1448 <ts> | – A seq 1449 ack 1 +1448 <ts> | – A seq 2897 ack 1 +1448 <ts> | soon A seq 2897 ack 1 +1448 <ts> | x1 A seq 1 ack 1 +1448 <ts> | x2 A seq 1 ack 1 +1448 <ts>",
      "three segments, the last two reported: A seq 1 ack 1 +1448 <ts> | – A seq 1449 ack 1 +1448 <ts> | – A seq 2897 ack 1 +1448 <ts> | soon A seq 1 ack 1 +1448 <ts>",
      "what was reported is taken back (reneging): A seq 1 ack 1 +1448 <ts> | – A seq 1449 ack 1 +1448 <ts> | – A seq 2897 ack 1 +1448 <ts> | soon A seq 1 ack 1 +1448 <ts> | soon A seq 1449 ack 1 +1448 <ts>",
      "an end: FA seq 1 ack 1 <ts> | x1 FA seq 1 ack 1 <ts> | x2 FA seq 1 ack 1 <ts>",
    ]
  `);
});

parity("a SYN goes again, and so does its answer", async (ctx) => {
  const stage = await setStage(ctx);
  expect(
    await playTogether(stage, [
      [
        "a SYN",
        async ({ connect }) => {
          const [socket, peer] = await connect();
          await peer.hear(3_200);
          const lines = gaps(peer, 1_000);
          socket.close();
          return lines;
        },
      ],
      [
        "its answer",
        async ({ peer: newPeer }) => {
          const peer = newPeer();
          await peer.say(SYN, { options: withStamps });
          await peer.hear(3_300);
          return gaps(peer, 1_000);
        },
      ],
    ]),
  ).toEqual([
    "a SYN: S seq 0 <mss 1460,sackok,ts,wscale> | x1 S seq 0 <mss 1460,sackok,ts,wscale> | x1 S seq 0 <mss 1460,sackok,ts,wscale> | x1 S seq 0 <mss 1460,sackok,ts,wscale>",
    "its answer: SA seq 0 ack 1 <mss 1460,ts> | x1 SA seq 0 ack 1 <mss 1460,ts> | x2 SA seq 0 ack 1 <mss 1460,ts>",
  ]);
});

parity("a window that is shut is probed, one that is small is waited for", async (ctx) => {
  const stage = await setStage(ctx, { noDelay: true, resetsOnClose: true });
  expect(
    await playTogether(stage, [
      [
        "shut from the start",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("abc");
            await peer.hear(2_400);
            return gaps(peer, rtoMs);
          },
          0,
        ),
      ],
      [
        "shut, and said to be so again",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("abc");
            await peer.hear(300);
            await peer.say(ACK, { seq: 1, ack: 1, window: 0, options: stamp(12, peer.echo) });
            await peer.hear(1_800);
            return gaps(peer, rtoMs);
          },
          0,
        ),
      ],
      [
        "opened in the end",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("abc");
            await peer.hear(300);
            await peer.say(ACK, { seq: 1, ack: 1, window: 9_000, options: stamp(12, peer.echo) });
            return gaps(peer, rtoMs).slice(1);
          },
          0,
        ),
      ],
      [
        "of 100 bytes for 5,000",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("x".repeat(5_000));
            await peer.hear(500);
            return gaps(peer, rtoMs);
          },
          100,
        ),
      ],
      [
        "of 2,000 bytes for 5,000",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("x".repeat(5_000));
            await peer.hear(100);
            return bare(peer.lines);
          },
          2_000,
        ),
      ],
      [
        "shrunk below what is out",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("x".repeat(2 * full));
            await peer.hear(20);
            await peer.say(ACK, { seq: 1, ack: 1, window: 500, options: stamp(12, peer.echo) });
            await peer.say(ACK, { seq: 1, ack: 1_449, window: 0, options: stamp(13, peer.echo) });
            socket.write("more");
            await peer.hear(500);
            return bare(peer.lines);
          },
          9_000,
        ),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "shut from the start: A seq 0 ack 1 <ts> | x2 A seq 0 ack 1 <ts> | x4 A seq 0 ack 1 <ts>",
      "shut, and said to be so again: A seq 0 ack 1 <ts> | x2 A seq 0 ack 1 <ts> | x4 A seq 0 ack 1 <ts>",
      "opened in the end: soon A seq 1 ack 1 +3 <ts>",
      "of 100 bytes for 5,000: A seq 1 ack 1 +100 <ts> | x1 A seq 1 ack 1 +100 <ts>",
      "of 2,000 bytes for 5,000: A seq 1 ack 1 +1000 <ts> | A seq 1001 ack 1 +1000 <ts>",
      "shrunk below what is out: A seq 1 ack 1 +2896 <ts> | A seq 1449 ack 1 +1448 <ts>",
    ]
  `);
});

parity("a silent peer is asked, and left in the end", async (ctx) => {
  const keepAlive = { idleS: 1, intervalS: 1, probes: 2 };
  const stage = await setStage(ctx, { keepAlive });
  expect(
    await playTogether(stage, [
      [
        "it says nothing",
        opened(withStamps, async (peer, socket) => {
          await peer.hear(3_400);
          return [...gaps(peer, 1_000), `read ${socket.read()}`];
        }),
      ],
      [
        "it answers",
        opened(withStamps, async (peer, socket) => {
          await peer.hear(1_200);
          await peer.say(ACK, { seq: 1, ack: 1, options: stamp(12, peer.echo) });
          await peer.hear(1_300);
          return [...gaps(peer, 1_000), `read ${socket.read()}`];
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "it says nothing: A seq 0 ack 1 <ts> | x1 A seq 0 ack 1 <ts> | x1 RA seq 1 ack 1 <ts> | read ETIMEDOUT",
      "it answers: A seq 0 ack 1 <ts> | x1 A seq 0 ack 1 <ts> | read ",
    ]
  `);
});

parity("a peer that acknowledges nothing is left after the user's time", async (ctx) => {
  const stage = await setStage(ctx, { noDelay: true, userTimeoutMs: 1_000 });
  expect(
    await playTogether(stage, [
      [
        "bytes",
        opened(withStamps, async (peer, socket) => {
          socket.write("abc");
          await peer.hear(1_700);
          return [...gaps(peer, rtoMs), `read ${socket.read()}`];
        }),
      ],
      [
        "a shut window",
        opened(
          withStamps,
          async (peer, socket) => {
            socket.write("abc");
            await peer.hear(2_200);
            return [...gaps(peer, rtoMs), `read ${socket.read()}`];
          },
          0,
        ),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "bytes: A seq 1 ack 1 +3 <ts> | x1 A seq 1 ack 1 +3 <ts> | x2 A seq 1 ack 1 +3 <ts> | read ETIMEDOUT",
      "a shut window: A seq 0 ack 1 <ts> | x2 A seq 0 ack 1 <ts> | read ETIMEDOUT",
    ]
  `);
});

parity("an acknowledgement waits for little", async (ctx) => {
  const stage = await setStage(ctx);
  const data = (seq: number, time: number, peer: Peer) => ({
    seq,
    ack: 1,
    body: "abc",
    options: stamp(time, peer.echo),
  });
  expect(
    await playTogether(stage, [
      [
        "a slow talker",
        opened(withStamps, async (peer, socket) => {
          for (let count = 0; count < 3; count++)
            await peer.say(ACK | PSH, data(1 + 3 * count, 12 + count, peer));
          socket.read();
          await peer.say(FIN | ACK, { seq: 10, ack: 1, options: stamp(20, peer.echo) });
          return peer.lines;
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "a slow talker: A seq 1 ack 4 <ts> | A seq 1 ack 7 <ts> | A seq 1 ack 10 <ts> | FA seq 1 ack 11 <ts>",
    ]
  `);
});
