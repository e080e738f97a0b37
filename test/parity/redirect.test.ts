// What: a redirect of the router that a packet goes to now counts for its destination, if the new one can be and is known.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24, 2001:db8::1/64) ─────── b, where a packet socket plays routers
//
// Kernel reference: net/ipv4/route.c (__ip_do_redirect, rt_fill_info), net/ipv6/route.c (rt6_do_redirect, rt6_fill_node).

import { getBe32, setBe16 } from "../../src/bytes/endian.ts";
import { ipv6ToText } from "../../src/bytes/ipv6.ts";
import { ICMP_REDIRECT } from "../../src/uapi/icmp.ts";
import { ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import { emitRedirect, ND_REDIRECT, ND_REDIRECT_SIZE } from "../../src/wire/nd.ts";
import { emitNdLinkLayerAddress, ND_OPT_TARGET_LL_ADDR } from "../../src/wire/nd-option.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { A, aboutReply4, B, connect, header6 } from "./icmp-frames.ts";
import { ipBytes, macBytes, toPrefix, writeRoute } from "./vocabulary.ts";

function redirect(to: string, gateway: string, code: number, from = "10.0.0.2"): Uint8Array {
  return aboutReply4({ to, from }, ICMP_REDIRECT, code, getBe32(ipBytes(gateway), 0));
}

/** The gateway that a look-up names, its flags, and whether that ends. */
async function known(ctx: ParityContext, to: string): Promise<string> {
  const prefix = toPrefix(to, 2);
  const { messages } = await ctx.request(rt.RTM_GETROUTE, 0, (writer) => writeRoute(writer, prefix));
  const [message] = messages;
  const gateway = message?.attribute(rt.RTA_GATEWAY, rt.RTMSG_SIZE)?.copy().join(".") ?? "none";
  const cache = message?.attribute(rt.RTA_CACHEINFO, rt.RTMSG_SIZE)?.copy().subarray(8, 12) ?? [];
  const flags = (message?.bytes[16 + 10] ?? 0).toString(16);
  return `${to} via ${gateway} flags ${flags} ${cache.some((byte) => byte !== 0) ? "expires" : "never"}`;
}

parity("a redirect is believed from whom the packet went to, about whom is a neighbour", async (ctx) => {
  const port = await connect(ctx);
  for (const [host, mac] of [
    ["10.0.0.2", "02:00:00:00:00:02"],
    ["10.0.0.3", "02:00:00:00:00:03"],
  ] as const) {
    await ctx.addNeigh(host, "a", { lladdr: mac, state: NUD_PERMANENT });
  }
  port.send(redirect("10.9.0.1", "10.0.0.3", 1));
  port.send(redirect("10.9.0.2", "10.0.0.3", 0));
  port.send(redirect("10.9.0.3", "10.0.0.3", 4));
  port.send(redirect("10.9.0.4", "10.0.0.3", 1, "10.0.0.9"));
  port.send(redirect("10.9.0.5", "10.0.0.2", 1));
  port.send(redirect("10.9.0.6", "10.0.0.1", 1));
  port.send(redirect("10.9.0.7", "10.0.0.7", 1));
  port.send(redirect("10.9.0.8", "224.0.0.1", 1));
  port.send(redirect("10.9.0.9", "10.0.0.255", 1));
  port.send(redirect("10.0.0.44", "10.0.0.3", 1));
  await ctx.sleep(50);
  const seen: string[] = [];
  for (const host of [1, 2, 3, 4, 5, 6, 7, 8, 9]) seen.push(await known(ctx, `10.9.0.${host}`));
  seen.push(await known(ctx, "10.0.0.44"));
  expect(seen).toEqual([
    "10.9.0.1 via 10.0.0.3 flags 4 expires",
    "10.9.0.2 via 10.0.0.3 flags 4 expires",
    "10.9.0.3 via 10.0.0.2 flags 0 never",
    "10.9.0.4 via 10.0.0.2 flags 0 never",
    "10.9.0.5 via 10.0.0.2 flags 0 never",
    "10.9.0.6 via 10.0.0.2 flags 0 never",
    "10.9.0.7 via 10.0.0.2 flags 0 never",
    "10.9.0.8 via 10.0.0.2 flags 0 never",
    "10.9.0.9 via 10.0.0.2 flags 0 never",
    "10.0.0.44 via none flags 0 never",
  ]);
});

parity("who was redirected may be so again, by whom it goes to now", async (ctx) => {
  const port = await connect(ctx);
  for (const host of [2, 3, 4]) {
    await ctx.addNeigh(`10.0.0.${host}`, "a", { lladdr: `02:00:00:00:00:0${host}`, state: NUD_PERMANENT });
  }
  port.send(redirect("10.9.0.1", "10.0.0.3", 1));
  await ctx.sleep(20);
  port.send(redirect("10.9.0.1", "10.0.0.4", 1));
  await ctx.sleep(20);
  const first = await known(ctx, "10.9.0.1");
  port.send(redirect("10.9.0.1", "10.0.0.4", 1, "10.0.0.3"));
  await ctx.sleep(20);
  expect([first, await known(ctx, "10.9.0.1")]).toEqual([
    "10.9.0.1 via 10.0.0.3 flags 4 expires",
    "10.9.0.1 via 10.0.0.4 flags 4 expires",
  ]);
});

/** A redirect of neighbour discovery, with the hardware address of whom it tells of. */
function redirect6(
  to: string,
  target: string,
  { from = "fe80::2", hopLimit = 255, hasAddress = true } = {},
): Uint8Array {
  const size = ND_REDIRECT_SIZE + (hasAddress ? 8 : 0);
  const frame = new Uint8Array(14 + 40 + size);
  frame.set(macBytes(A), 0);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  header6(frame, 14, size, from, "2001:db8::1");
  frame[21] = hopLimit;
  const next = emitRedirect(frame, 54, ipBytes(target), ipBytes(to));
  if (hasAddress) emitNdLinkLayerAddress(frame, next, ND_OPT_TARGET_LL_ADDR, 0x0200_0000_0003);
  writeIcmpv6(frame, 54, frame.length, 14, ND_REDIRECT, 0, 0);
  return frame;
}

async function known6(ctx: ParityContext, to: string): Promise<string> {
  const prefix = toPrefix(to, 10);
  const { messages } = await ctx.request(rt.RTM_GETROUTE, 0, (writer) => writeRoute(writer, prefix));
  const [message] = messages;
  const gateway = message?.attribute(rt.RTA_GATEWAY, rt.RTMSG_SIZE)?.copy();
  const flags = (message?.bytes[16 + 9] ?? 0).toString(16);
  return `${to} via ${gateway === undefined ? "none" : ipv6ToText(gateway)} flags ${flags}`;
}

parity("a redirect of neighbour discovery is believed from the router in use alone", async (ctx) => {
  const port = await connect(ctx);
  await ctx.delRoute("default", { family: AF_INET6, gateway: "2001:db8::2" });
  await ctx.addRoute("default", { family: AF_INET6, gateway: "fe80::2", oif: 2 });
  await ctx.addNeigh("fe80::2", "a", { lladdr: "02:00:00:00:00:02", state: NUD_PERMANENT });
  port.send(redirect6("2001:db8:9::1", "fe80::3"));
  port.send(redirect6("2001:db8:9::2", "fe80::3", { hasAddress: false }));
  port.send(redirect6("2001:db8:9::3", "2001:db8:9::3"));
  port.send(redirect6("2001:db8:9::4", "fe80::3", { hopLimit: 64 }));
  port.send(redirect6("2001:db8:9::5", "fe80::3", { from: "fe80::9" }));
  port.send(redirect6("2001:db8:9::6", "2001:db8::3"));
  port.send(redirect6("2001:db8:9::7", "fe80::3", { from: "2001:db8::2" }));
  port.send(redirect6("2001:db8:9::1", "fe80::5", { from: "fe80::3" }));
  await ctx.sleep(50);
  const seen: string[] = [];
  for (const host of [1, 2, 3, 4, 5, 6, 7]) seen.push(await known6(ctx, `2001:db8:9::${host}`));
  expect(seen).toEqual([
    "2001:db8:9::1 via fe80::5 flags 2",
    "2001:db8:9::2 via fe80::3 flags 2",
    "2001:db8:9::3 via none flags 2",
    "2001:db8:9::4 via fe80::2 flags 0",
    "2001:db8:9::5 via fe80::2 flags 0",
    "2001:db8:9::6 via fe80::2 flags 0",
    "2001:db8:9::7 via fe80::2 flags 0",
  ]);
});
