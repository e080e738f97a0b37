// What: what ICMP tells of the MTU of a path counts for its destination, and shows in look-ups with its time.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24, 2001:db8::1/64) ─────── b, where a packet socket plays routers
//
// Kernel reference: net/ipv4/route.c (__ip_rt_update_pmtu), net/ipv6/route.c (rt6_do_update_pmtu).

import { setBe16 } from "../../src/bytes/endian.ts";
import { ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { A, aboutReply4, B, connect, header6 } from "./icmp-frames.ts";
import { macBytes, toPrefix, writeRoute } from "./vocabulary.ts";

/** "Fragmentation needed" about an answer to an echo request: about a request a socket would have to wait for it. */
function tooBig4(to: string, mtu: number): Uint8Array {
  return aboutReply4({ to }, 3, 4, mtu);
}

/** "Packet too big" about an echo request to `to`. */
function tooBig6(to: string, mtu: number): Uint8Array {
  const frame = new Uint8Array(14 + 40 + 8 + 40 + 8);
  frame.set(macBytes(A), 0);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  header6(frame, 14, 56, "2001:db8::2", "2001:db8::1");
  header6(frame, 62, 1460, "2001:db8::1", to);
  frame.set([128, 0, 0, 0, 0, 1, 0, 1], 102);
  writeIcmpv6(frame, 54, frame.length, 14, 2, 0, mtu);
  return frame;
}

/** What a look-up says of the MTU: RTA_METRICS in hexadecimal, and whether it ends. */
async function known(ctx: ParityContext, to: string): Promise<string> {
  const prefix = toPrefix(to, 2);
  const { messages } = await ctx.request(rt.RTM_GETROUTE, 0, (writer) => writeRoute(writer, prefix));
  const [message] = messages;
  const metrics = message?.attribute(rt.RTA_METRICS, rt.RTMSG_SIZE)?.copy().join(".") ?? "no metrics";
  const cache = message?.attribute(rt.RTA_CACHEINFO, rt.RTMSG_SIZE)?.copy().subarray(8, 12) ?? [];
  return `${to}: ${metrics} ${cache.some((byte) => byte !== 0) ? "expires" : "never"}`;
}

parity("a path's MTU is believed for its destination, if it is smaller and not too small", async (ctx) => {
  const port = await connect(ctx);
  port.send(tooBig4("10.9.0.1", 1300));
  port.send(tooBig4("10.9.0.2", 68));
  port.send(tooBig4("10.9.0.3", 1600));
  port.send(tooBig4("10.9.0.4", 1300));
  port.send(tooBig4("10.9.0.4", 1400));
  port.send(tooBig4("10.9.0.5", 1400));
  port.send(tooBig4("10.9.0.5", 1300));
  await ctx.sleep(50);
  const seen: string[] = [];
  for (const host of [1, 2, 3, 4, 5, 6]) seen.push(await known(ctx, `10.9.0.${host}`));
  expect(seen).toMatchInlineSnapshot(`
    [
      "10.9.0.1: 8.0.2.0.20.5.0.0 expires",
      "10.9.0.2: 8.0.1.0.4.0.0.0.8.0.2.0.40.2.0.0 expires",
      "10.9.0.3: no metrics never",
      "10.9.0.4: 8.0.2.0.20.5.0.0 expires",
      "10.9.0.5: 8.0.2.0.20.5.0.0 expires",
      "10.9.0.6: no metrics never",
    ]
  `);
});

parity("the same holds for IPv6", async (ctx) => {
  const port = await connect(ctx);
  port.send(tooBig6("2001:db8:9::1", 1400));
  port.send(tooBig6("2001:db8:9::2", 68));
  port.send(tooBig6("2001:db8:9::3", 1600));
  await ctx.sleep(50);
  const seen: string[] = [];
  for (const host of [1, 2, 3, 4]) seen.push(await known(ctx, `2001:db8:9::${host}`));
  expect(seen).toMatchInlineSnapshot(`
    [
      "2001:db8:9::1: 8.0.2.0.120.5.0.0 expires",
      "2001:db8:9::2: no metrics never",
      "2001:db8:9::3: no metrics never",
      "2001:db8:9::4: no metrics never",
    ]
  `);
});
