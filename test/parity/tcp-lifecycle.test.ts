// What: connections open and end, at once from both sides too, and what is left of them answers, as on Linux.
//
//   a (index 2, 10.0.0.1/24, 2001:db8::1/64, listens on port 80) ─────── b, where a packet socket plays the peer
//
// Source: the live kernel, which wrote the expectations; RFC 9293 3.5, 3.6, 3.10; RFC 1337; RFC 6191; RFC 4987; RFC 6093.

import { expect, parity } from "./harness.ts";
import { ACK, FIN, PSH, RST, SYN, URG } from "./odd-packets.ts";
import type { Peer, Stage, StageTrial } from "./segment-peer.ts";
import { playOn, setStage, stamp } from "./segment-peer.ts";
import type { StreamSocket } from "./targets.ts";

const mss = [2, 4, 5, 0xb4];

/** A trial of a connection that is open and accepted; what the socket tells stands between the lines as `read`. */
function opened(
  run: (peer: Peer, socket: StreamSocket, stage: Stage) => Promise<void>,
  { options = mss, family = 4 as 4 | 6 } = {},
): StageTrial[1] {
  return async (stage) => {
    const peer = stage.peer({ family });
    const socket = await stage.accept(() => peer.open(options));
    await run(peer, socket, stage);
    const lines = [...peer.lines];
    socket.close();
    await peer.hear();
    return lines;
  };
}

/** Notes what the socket has to be read. */
function read(peer: Peer, socket: StreamSocket): void {
  peer.lines.push(`read ${JSON.stringify(socket.read())}`);
}

/** Both ends have said all, the host first: it is in TIME-WAIT. */
const closedByHost =
  (run: (peer: Peer, stage: Stage) => Promise<void>, options: readonly number[] = mss): StageTrial[1] =>
  async (stage) => {
    const peer = stage.peer();
    const socket = await stage.accept(() => peer.open(options));
    socket.close();
    await peer.hear();
    const hasStamps = options[2] === 8;
    await peer.say(FIN | ACK, { seq: 1, ack: 2, ...(hasStamps && { options: stamp(20) }) });
    peer.forget();
    await run(peer, stage);
    const lines = [...peer.lines];
    await peer.say(RST, { seq: 2, ...(hasStamps && { options: stamp(99) }) });
    return lines;
  };

parity("both ends open or close at once, or one of them by halves", async (ctx) => {
  const stage = await setStage(ctx);
  const trials: StageTrial[] = [];
  for (const family of [4, 6] as const) {
    trials.push(
      [
        `both open at once, IPv${family}`,
        async ({ connect }) => {
          const [socket, peer] = await connect({}, { family });
          await peer.hear();
          await peer.say(SYN, { options: mss });
          await peer.say(SYN | ACK, { ack: 1, options: mss });
          await peer.say(ACK | PSH, { seq: 1, ack: 1, body: "abc" });
          await peer.hear(60);
          read(peer, socket);
          peer.lines.push(`wrote ${socket.write("def")}`);
          await peer.hear();
          const lines = [...peer.lines];
          socket.close();
          await peer.say(RST, { seq: 4, ack: 1 });
          return lines;
        },
      ],
      [
        `both open at once, the answer a bare ACK, IPv${family}`,
        async ({ connect }) => {
          const [socket, peer] = await connect({}, { family });
          await peer.hear();
          await peer.say(SYN, { options: mss });
          await peer.say(ACK, { seq: 1, ack: 1 });
          peer.lines.push(`wrote ${socket.write("def")}`);
          await peer.hear();
          const lines = [...peer.lines];
          socket.close();
          await peer.say(RST, { seq: 1, ack: 1 });
          return lines;
        },
      ],
      [
        `both close at once, IPv${family}`,
        opened(
          async (peer, socket) => {
            socket.end();
            await peer.hear();
            await peer.say(FIN | ACK, { seq: 1, ack: 1 });
            await peer.say(ACK, { seq: 2, ack: 2 });
            read(peer, socket);
            await peer.say(FIN | ACK, { seq: 1, ack: 2 });
          },
          { family },
        ),
      ],
      [
        `the host ends its half, IPv${family}`,
        opened(
          async (peer, socket) => {
            socket.end();
            await peer.hear();
            await peer.say(ACK, { seq: 1, ack: 2 });
            await peer.say(ACK | PSH, { seq: 1, ack: 2, body: "abc" });
            await peer.hear(60);
            read(peer, socket);
            peer.lines.push(`wrote ${socket.write("x")}`);
            await peer.say(FIN | ACK, { seq: 4, ack: 2 });
            read(peer, socket);
          },
          { family },
        ),
      ],
      [
        `the peer ends its half, IPv${family}`,
        opened(
          async (peer, socket) => {
            await peer.say(FIN | ACK, { seq: 1, ack: 1 });
            read(peer, socket);
            peer.lines.push(`wrote ${socket.write("more")}`);
            await peer.hear();
            await peer.say(ACK, { seq: 2, ack: 5 });
            socket.end();
            await peer.hear();
            await peer.say(ACK, { seq: 2, ack: 6 });
            await peer.say(ACK, { seq: 2, ack: 6 });
          },
          { family },
        ),
      ],
    );
  }
  trials.push(
    [
      "the SYN is answered by what acknowledges something else",
      async ({ connect }) => {
        const [socket, peer] = await connect();
        await peer.hear();
        await peer.say(SYN | ACK, { ack: 7, options: mss });
        await peer.say(ACK, { seq: 1, ack: 7 });
        await peer.say(RST, { seq: 0 });
        await peer.say(RST | ACK, { seq: 0, ack: 7 });
        await peer.say(FIN | ACK, { seq: 0, ack: 1 });
        await peer.say(RST | ACK, { seq: 0, ack: 1 });
        read(peer, socket);
        socket.close();
        return peer.lines;
      },
    ],
    [
      "the SYN is answered with data",
      async ({ connect }) => {
        const [socket, peer] = await connect();
        await peer.hear();
        await peer.say(SYN | ACK, { ack: 1, options: mss, body: "abc" });
        await peer.hear(60);
        read(peer, socket);
        const lines = [...peer.lines];
        socket.close();
        await peer.say(RST, { seq: 1, ack: 1 });
        return lines;
      },
    ],
    [
      "data after the host has closed",
      opened(async (peer, socket) => {
        socket.close();
        await peer.hear();
        await peer.say(ACK, { seq: 1, ack: 2 });
        await peer.say(ACK | PSH, { seq: 1, ack: 2, body: "abc" });
        await peer.say(ACK | PSH, { seq: 1, ack: 2, body: "abc" });
      }),
    ],
    [
      "bytes are unread when the host closes",
      opened(async (peer, socket) => {
        await peer.say(ACK | PSH, { seq: 1, ack: 1, body: "abc" });
        peer.lines.length = 0;
        socket.close();
        await peer.hear();
      }),
    ],
    [
      "a reset with data",
      opened(async (peer, socket) => {
        await peer.say(RST, { seq: 1, body: "goodbye" });
        read(peer, socket);
        read(peer, socket);
        peer.lines.push(`wrote ${socket.write("x")}`);
      }),
    ],
    [
      "a reset behind the peer's end",
      opened(async (peer, socket) => {
        await peer.say(FIN | ACK, { seq: 1, ack: 1 });
        await peer.say(RST, { seq: 2 });
        peer.lines.push(`wrote ${socket.write("x")}`);
        read(peer, socket);
      }),
    ],
    [
      "a reset in the last ACK",
      opened(async (peer, socket) => {
        await peer.say(FIN | ACK, { seq: 1, ack: 1 });
        socket.end();
        await peer.hear();
        await peer.say(RST | ACK, { seq: 2, ack: 1 });
        read(peer, socket);
      }),
    ],
  );
  expect(await playOn(stage, trials)).toMatchInlineSnapshot(`
    [
      "both open at once, IPv4: S seq 0 <mss 1460,sackok,ts,wscale> | SA seq 0 ack 1 <mss 1460,sackok,ts,wscale> | A seq 1 ack 1 | A seq 1 ack 4 | read "abc" | wrote 3 | PA seq 1 ack 4 +3",
      "both open at once, the answer a bare ACK, IPv4: S seq 0 <mss 1460,sackok,ts,wscale> | SA seq 0 ack 1 <mss 1460,sackok,ts,wscale> | wrote 3 | PA seq 1 ack 1 +3",
      "both close at once, IPv4: FA seq 1 ack 1 | A seq 2 ack 2 | read "end" | A seq 2 ack 2",
      "the host ends its half, IPv4: FA seq 1 ack 1 | A seq 2 ack 4 | read "abc" | wrote EPIPE | A seq 2 ack 5 | read "end"",
      "the peer ends its half, IPv4: A seq 1 ack 2 | read "end" | wrote 4 | PA seq 1 ack 2 +4 | FA seq 5 ack 2 | R seq 6",
      "both open at once, IPv6: S seq 0 <mss 1440,sackok,ts,wscale> | SA seq 0 ack 1 <mss 1440,sackok,ts,wscale> | A seq 1 ack 1 | A seq 1 ack 4 | read "abc" | wrote 3 | PA seq 1 ack 4 +3",
      "both open at once, the answer a bare ACK, IPv6: S seq 0 <mss 1440,sackok,ts,wscale> | SA seq 0 ack 1 <mss 1440,sackok,ts,wscale> | wrote 3 | PA seq 1 ack 1 +3",
      "both close at once, IPv6: FA seq 1 ack 1 | A seq 2 ack 2 | read "end" | A seq 2 ack 2",
      "the host ends its half, IPv6: FA seq 1 ack 1 | A seq 2 ack 4 | read "abc" | wrote EPIPE | A seq 2 ack 5 | read "end"",
      "the peer ends its half, IPv6: A seq 1 ack 2 | read "end" | wrote 4 | PA seq 1 ack 2 +4 | FA seq 5 ack 2 | R seq 6",
      "the SYN is answered by what acknowledges something else: S seq 0 <mss 1460,sackok,ts,wscale> | R seq 7 | S seq 0 <mss 1460,sackok,ts,wscale> | R seq 7 | read "ECONNREFUSED"",
      "the SYN is answered with data: S seq 0 <mss 1460,sackok,ts,wscale> | A seq 1 ack 1 | read """,
      "data after the host has closed: FA seq 1 ack 1 | R seq 2 | R seq 2",
      "bytes are unread when the host closes: RA seq 1 ack 4",
      "a reset with data: read "ECONNRESET" | read "end" | wrote EPIPE",
      "a reset behind the peer's end: A seq 1 ack 2 | wrote EPIPE | read "end"",
      "a reset in the last ACK: A seq 1 ack 2 | FA seq 1 ack 2 | read "end"",
    ]
  `);
});

parity("what is left of a connection answers, and makes way for the next", async (ctx) => {
  const stage = await setStage(ctx);
  const times = stamp(10);
  const again =
    (said: object): ((peer: Peer) => Promise<void>) =>
    (peer) =>
      peer.say(SYN, { options: mss, ...said });
  expect(
    await playOn(stage, [
      ["the FIN again", closedByHost((peer) => peer.say(FIN | ACK, { seq: 1, ack: 2 }))],
      ["an ACK", closedByHost((peer) => peer.say(ACK, { seq: 2, ack: 2 }))],
      ["data", closedByHost((peer) => peer.say(ACK, { seq: 2, ack: 2, body: "abc" }))],
      ["data from long ago", closedByHost((peer) => peer.say(ACK, { seq: -9, ack: 2, body: "abc" }))],
      ["a SYN that is later", closedByHost(again({ seq: 900 }))],
      ["a SYN that is earlier", closedByHost(again({ seq: -900 }))],
      ["the same SYN", closedByHost(again({ seq: 0 }))],
      ["a SYN that is earlier, of later time", closedByHost(again({ seq: -900, options: stamp(30) }), times)],
      ["a SYN that is later, of earlier time", closedByHost(again({ seq: 900, options: stamp(5) }), times)],
      ["a SYN that is later, without time", closedByHost(again({ seq: 900 }), times)],
      [
        "a reset, then a SYN that is earlier (assassinated, RFC 1337)",
        closedByHost(async (peer) => {
          await peer.say(RST, { seq: 2 });
          peer.renew();
          await peer.say(SYN, { seq: -900 });
        }),
      ],
      [
        "a reset elsewhere, then a SYN that is earlier",
        closedByHost(async (peer) => {
          await peer.say(RST, { seq: 700 });
          await peer.say(SYN, { seq: -900 });
        }),
      ],
      [
        "a reset that is not heeded (tcp_rfc1337), then a SYN that is earlier",
        closedByHost(async (peer) => {
          await ctx.netns.setSysctl("net.ipv4.tcp_rfc1337", 1);
          await peer.say(RST, { seq: 2 });
          await peer.say(SYN, { seq: -900 });
          await ctx.netns.setSysctl("net.ipv4.tcp_rfc1337", 0);
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "the FIN again: A seq 2 ack 2",
      "an ACK: –",
      "data: A seq 2 ack 2",
      "data from long ago: A seq 2 ack 2",
      "a SYN that is later: SA seq 65539 ack 901 <mss 1460>",
      "a SYN that is earlier: A seq 2 ack 2",
      "the same SYN: A seq 2 ack 2",
      "a SYN that is earlier, of later time: SA seq 65539 ack -899 <mss 1460,ts>",
      "a SYN that is later, of earlier time: A seq 2 ack 2 <ts>",
      "a SYN that is later, without time: SA seq 65539 ack 901 <mss 1460>",
      "a reset, then a SYN that is earlier (assassinated, RFC 1337): SA seq 0 ack -899 <mss 1460>",
      "a reset elsewhere, then a SYN that is earlier: A seq 2 ack 2",
      "a reset that is not heeded (tcp_rfc1337), then a SYN that is earlier: A seq 2 ack 2",
    ]
  `);
});

parity("a listener under pressure", async (ctx) => {
  const { peer: newPeer, listener } = await setStage(ctx, { backlog: 1 });
  const lines: string[] = [];
  const say = (name: string, peer: Peer): void =>
    void lines.push(`${name}: ${peer.lines.join(" | ") || "–"}`);
  const three = [newPeer(), newPeer(), newPeer()];
  for (const [index, peer] of three.entries()) {
    await peer.say(SYN, { options: mss });
    await peer.say(ACK, { seq: 1, ack: 1 });
    say(`connection ${index}`, peer);
  }
  const sockets = [listener.accept(), listener.accept(), listener.accept()];
  lines.push(`accepted: ${sockets.filter((socket) => socket !== undefined).length}`);
  for (const socket of sockets) socket?.close();
  // Who does not finish fills the other queue; the rest are answered by cookies.
  const many = Array.from({ length: 5 }, () => newPeer());
  for (const [index, peer] of many.entries()) {
    await peer.say(SYN, { options: [...mss, 4, 2, 1, 1, 1, 3, 3, 7] });
    say(`half open ${index}`, peer);
  }
  for (const [index, peer] of many.entries()) {
    peer.forget();
    await peer.say(ACK | PSH, { seq: 1, ack: 1, body: "abc" });
    say(`finished ${index}`, peer);
    const socket = listener.accept();
    lines.push(`it reads ${socket?.read()}`);
    socket?.close();
  }
  const late = newPeer();
  await late.say(ACK | PSH, { seq: 1, ack: 77_777, body: "abc" });
  say("a cookie that is none", late);
  expect(lines).toMatchInlineSnapshot(`
    [
      "connection 0: SA seq 0 ack 1 <mss 1460>",
      "connection 1: SA seq 0 ack 1 <mss 1460>",
      "connection 2: R seq 1",
      "accepted: 2",
      "half open 0: SA seq 0 ack 1 <mss 1460,sackok,wscale>",
      "half open 1: SA seq 0 ack 1 <mss 1460,sackok,wscale>",
      "half open 2: SA seq 0 ack 1 <mss 1460>",
      "half open 3: SA seq 0 ack 1 <mss 1460>",
      "half open 4: SA seq 0 ack 1 <mss 1460>",
      "finished 0: A seq 1 ack 4",
      "it reads abc",
      "finished 1: A seq 1 ack 4",
      "it reads abc",
      "finished 2: A seq 1 ack 4",
      "it reads abc",
      "finished 3: A seq 1 ack 4",
      "it reads abc",
      "finished 4: A seq 1 ack 4",
      "it reads abc",
      "a cookie that is none: R seq 77777",
    ]
  `);
});

parity("urgent bytes", async (ctx) => {
  const stage = await setStage(ctx);
  expect(
    await playOn(stage, [
      [
        "the second of three",
        opened(async (peer, socket) => {
          await peer.say(ACK | PSH | URG, { seq: 1, ack: 1, body: "abc", urgent: 2 });
          await peer.hear(60);
          read(peer, socket);
          read(peer, socket);
          read(peer, socket);
        }),
      ],
      [
        "the last of three",
        opened(async (peer, socket) => {
          await peer.say(ACK | PSH | URG, { seq: 1, ack: 1, body: "abc", urgent: 3 });
          read(peer, socket);
          read(peer, socket);
          await peer.say(ACK | PSH, { seq: 4, ack: 1, body: "def" });
          read(peer, socket);
        }),
      ],
      [
        "one that is still to come",
        opened(async (peer, socket) => {
          await peer.say(ACK | PSH | URG, { seq: 1, ack: 1, body: "abc", urgent: 5 });
          read(peer, socket);
          await peer.say(ACK | PSH, { seq: 4, ack: 1, body: "def" });
          read(peer, socket);
          read(peer, socket);
        }),
      ],
      [
        "a pointer to nothing",
        opened(async (peer, socket) => {
          await peer.say(ACK | PSH | URG, { seq: 1, ack: 1, body: "abc", urgent: 0 });
          read(peer, socket);
          read(peer, socket);
        }),
      ],
      [
        "one after another, the first unread",
        opened(async (peer, socket) => {
          await peer.say(ACK | PSH | URG, { seq: 1, ack: 1, body: "abc", urgent: 2 });
          await peer.say(ACK | PSH | URG, { seq: 4, ack: 1, body: "def", urgent: 2 });
          await peer.hear(60);
          for (let count = 0; count < 4; count++) read(peer, socket);
        }),
      ],
    ]),
  ).toMatchInlineSnapshot(`
    [
      "the second of three: A seq 1 ack 4 | read "a" | read "c" | read """,
      "the last of three: A seq 1 ack 4 | read "ab" | read "" | A seq 1 ack 7 | read "def"",
      "one that is still to come: A seq 1 ack 4 | read "abc" | A seq 1 ack 7 | read "d" | read "f"",
      "a pointer to nothing: A seq 1 ack 4 | read "bc" | read """,
      "one after another, the first unread: A seq 1 ack 4 | A seq 1 ack 7 | read "abcd" | read "f" | read "" | read """,
    ]
  `);
});
