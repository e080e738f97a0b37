// What: a router tells a sender only so often that there is no way for its packets, whatever the limits of other errors say, which
// then count what was told.
//
//   b, where a packet socket plays strangers ─── a (10.0.0.1/24)   router
//
// Source: the live kernel, which wrote the expectations; net/ipv4/route.c (ip_error), net/ipv4/inetpeer.c (inet_peer_xrlim_allow).

import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { answerText, icmp4, packet4, stranger, strangersWire, textBytes } from "./odd-packets.ts";

const other = "10.0.0.3";
/** Packets at a time: far more than are answered, and sent in far less than a second. */
const burst = 20;

/** How many errors strangers get for bursts of packets, one after the other, a moment after the one before. */
async function told(
  ctx: ParityContext,
  settings: Readonly<Record<string, number>>,
  bursts: readonly (readonly [from: string, to: string, pauseMs: number])[],
): Promise<number[]> {
  const { wire, heard } = await strangersWire(ctx);
  for (const [name, value] of Object.entries({ ip_forward: 1, ...settings }))
    await ctx.netns.setSysctl(`net.ipv4.${name}`, value);
  for (const address of [stranger.ip4, other])
    await ctx.addNeigh(address, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  await ctx.sleep(50);
  const counts: number[] = [];
  for (const [from, to, pauseMs] of bursts) {
    await ctx.sleep(pauseMs);
    heard.length = 0;
    const frame = packet4(1, icmp4(8, 0, 1, textBytes("ping")), { from, to });
    for (let sent = 0; sent < burst; sent++) wire.send(frame);
    await ctx.sleep(50);
    counts.push(heard.filter((bytes) => answerText(bytes)?.includes(`> ${from} `)).length);
  }
  return counts;
}

parity("a sender is told of no way five times at once, then once a second", async (ctx) => {
  const counts = await told(ctx, { icmp_ratemask: 0 }, [
    [stranger.ip4, "10.9.0.1", 0],
    [stranger.ip4, "10.9.0.2", 0],
    [other, "10.9.0.1", 0],
    [stranger.ip4, "10.9.0.1", 1_200],
  ]);
  expect(counts).toEqual([5, 0, 5, 1]);
});

parity("what is told counts twice where errors have a limit of their own", async (ctx) => {
  const counts = await told(ctx, {}, [
    [stranger.ip4, "10.9.0.1", 0],
    [other, "10.9.0.1", 0],
    [other, "10.9.0.1", 1_200],
  ]);
  expect(counts).toEqual([2, 2, 0]);
});
