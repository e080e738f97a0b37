// What: whatever is asked about IPv4 addresses and routes, in whatever order, is answered, told of and kept as by the kernel.
//
//   [v0]──────[v1], both up, in one namespace
//
// Requests drawn at random go to the live kernel and to a machine of ours. Compared after each are its refusal with text and
// offset, or its answer, the notifications, and all addresses and routes there are then. UVETH_RANDOM_SEEDS=N draws more.
//
// Kernel reference: net/ipv4/devinet.c, net/ipv4/fib_frontend.c, net/ipv4/fib_semantics.c, net/ipv4/fib_trie.c.

import { expect, test } from "vitest";
import type { Random } from "../../src/net/random.ts";
import { randomBelow, SeededRandom } from "../../src/net/random.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET } from "../../src/uapi/socket.ts";
import { ParityContext } from "./context.ts";
import { canMakeNamespaces } from "./kernel-child.ts";
import type { Listener } from "./listener.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";
import type { Target } from "./targets.ts";
import type { AddrRequest } from "./vocabulary/addr.ts";
import { readAddr, writeAddr } from "./vocabulary/addr.ts";
import type { RouteRequest } from "./vocabulary/route.ts";
import { readRoute, toPrefix, writeRoute } from "./vocabulary/route.ts";

const seeds = Number(process.env["UVETH_RANDOM_SEEDS"] ?? 6);
const requestsPerSeed = 40;

const addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "10.0.0.255", "192.168.7.7"];
const prefixes = ["10.9.0.0/16", "10.9.1.0/24", "10.0.0.0/24", "10.9.1.1/32", "default", "10.9.1.1/24"];
const gateways = ["10.0.0.9", "10.0.1.9", "10.0.0.1", "10.7.7.7", "224.0.0.1"];
const destinations = ["10.9.1.1", "10.0.0.9", "10.0.0.1", "127.0.0.1", "8.8.8.8", "10.0.0.255", "224.0.0.5"];
const modes = [
  nl.NLM_F_CREATE | nl.NLM_F_EXCL,
  nl.NLM_F_CREATE,
  nl.NLM_F_CREATE | nl.NLM_F_REPLACE,
  nl.NLM_F_REPLACE,
  nl.NLM_F_CREATE | nl.NLM_F_APPEND,
  0,
];

/** One request: about an address, or about a route. */
type Drawn =
  | { readonly type: number; readonly flags: number; readonly addr: AddrRequest }
  | { readonly type: number; readonly flags: number; readonly route: RouteRequest };

/** Draws: `pick` one of a list, `chance` one in so many. */
class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<Value>(values: readonly [Value, ...Value[]] | readonly Value[]): Value {
    const value = values[randomBelow(this.#random, values.length)];
    if (value === undefined) expect.fail("Nothing to draw from");
    return value;
  }

  chance(oneIn: number): boolean {
    return randomBelow(this.#random, oneIn) === 0;
  }

  /** `value` now and then, else what leaves the attribute out. */
  maybe<Key extends string, Value>(
    oneIn: number,
    key: Key,
    value: () => Value,
  ): { [Name in Key]?: Value } | object {
    return this.chance(oneIn) ? { [key]: value() } : {};
  }

  request(): Drawn {
    const which = randomBelow(this.#random, 10);
    if (which < 3) return { type: rt.RTM_NEWADDR, flags: this.pick(modes), addr: this.address() };
    if (which < 5) return { type: rt.RTM_DELADDR, flags: 0, addr: this.oldAddress() };
    if (which < 8)
      return { type: rt.RTM_NEWROUTE, flags: this.pick(modes), route: this.route(rt.RT_SCOPE_UNIVERSE) };
    if (which < 9) return { type: rt.RTM_DELROUTE, flags: 0, route: this.route(rt.RT_SCOPE_NOWHERE) };
    const flags = this.pick([0, 0, rt.RTM_F_FIB_MATCH, rt.RTM_F_LOOKUP_TABLE]);
    const route = { family: AF_INET, dst: this.pick(destinations), dstLen: 32, flags };
    return {
      type: rt.RTM_GETROUTE,
      flags: 0,
      route: { ...route, ...this.maybe(3, "oif", () => this.ifindex()) },
    };
  }

  ifindex(): number {
    return this.pick([1, 2, 3, 3, 3, 99]);
  }

  address(): AddrRequest {
    const local = this.pick(addresses);
    return {
      family: AF_INET,
      prefixlen: this.pick([24, 24, 16, 32, 30, 31, 8, 33]),
      index: this.ifindex(),
      scope: this.pick([0, 0, 0, rt.RT_SCOPE_LINK, rt.RT_SCOPE_HOST]),
      local,
      address: this.chance(6) ? this.pick(addresses) : local,
      ...this.maybe(2, "broadcast", () => this.pick(["10.0.0.255", "10.255.255.255", "255.255.255.255"])),
      ...this.maybe(5, "priority", () => this.pick([0, 77, 300])),
      ...this.maybe(6, "label", () => this.pick(["v0:1", "x"])),
      ...this.maybe(8, "lifetime", () =>
        this.pick([
          { valid: 0, preferred: 0 },
          { valid: 5, preferred: 10 },
        ]),
      ),
      ...this.maybe(6, "flags", () => this.pick([0, 0x200])),
    };
  }

  oldAddress(): AddrRequest {
    const local = this.pick(addresses);
    const more = this.maybe(2, "address", () => local);
    return { family: AF_INET, prefixlen: this.pick([24, 16, 32, 30]), index: this.ifindex(), local, ...more };
  }

  route(scope: number): RouteRequest {
    return {
      ...toPrefix(this.pick(prefixes), AF_INET),
      type:
        scope === rt.RT_SCOPE_NOWHERE && this.chance(2)
          ? 0
          : this.pick([1, 1, 1, 1, 2, 3, 6, 7, 8, 9, 5, 0, 12]),
      protocol: this.pick([3, 4, 4, 0]),
      scope: this.chance(3) ? this.pick([0, rt.RT_SCOPE_LINK, rt.RT_SCOPE_HOST, 200]) : scope,
      headerTable: this.pick([254, 254, 254, 255, 0, 100]),
      ...this.maybe(2, "oif", () => this.ifindex()),
      ...this.maybe(2, "gateway", () => this.pick(gateways)),
      ...this.maybe(3, "priority", () => this.pick([5, 10, 1024])),
      ...this.maybe(5, "prefsrc", () => this.pick(addresses)),
      ...this.maybe(8, "flags", () => this.pick([rt.RTNH_F_ONLINK, rt.RTNH_F_DEAD, rt.RTNH_F_LINKDOWN])),
      ...this.maybe(8, "tos", () => this.pick([8, 16, 1, 4])),
      ...this.maybe(6, "metrics", () => this.pick([{ 2: 1400 }, { 8: 1460, 2: 9 }, { 10: 300 }])),
    };
  }
}

/** What a request came to. */
async function outcome(ctx: ParityContext, drawn: Drawn): Promise<string[]> {
  try {
    const { messages } = await ctx.request(drawn.type, drawn.flags, (writer) => {
      if ("addr" in drawn) writeAddr(writer, drawn.addr);
      else writeRoute(writer, drawn.route);
    });
    return ["done", ...messages.map((message) => JSON.stringify({ ...readRoute(message), uid: undefined }))];
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return [`${error.code} ${error.message} ${error.offset}`];
  }
}

/** What was told, and what there is then. */
async function state(ctx: ParityContext, listener: Listener): Promise<string[]> {
  const events = (await listener.rest()).map(({ message }) => {
    const isAddress = message.type === rt.RTM_NEWADDR || message.type === rt.RTM_DELADDR;
    return `${message.type} ${message.flags} ${JSON.stringify(isAddress ? readAddr(message) : readRoute(message))}`;
  });
  const addrs = await ctx.addrs({ family: AF_INET });
  const routes = await ctx.routes({ family: AF_INET });
  return [
    ...events,
    ...addrs.map((addr) => JSON.stringify(addr)),
    ...routes.map((route) => JSON.stringify(route)),
  ];
}

async function transcript(target: Target, requests: readonly Drawn[]): Promise<string[][]> {
  const machine = await target.start();
  const ctx = await ParityContext.start(target.name, machine);
  try {
    await ctx.addVeth("v0", "v1");
    await ctx.up("lo", "v0", "v1");
    await ctx.settle("v0", "v1");
    const listener = await ctx.listen(rt.RTNLGRP_IPV4_IFADDR, rt.RTNLGRP_IPV4_ROUTE);
    const steps = [];
    for (const request of requests) {
      steps.push([...(await outcome(ctx, request)), ...(await state(ctx, listener))]);
    }
    return steps;
  } finally {
    ctx.close();
    await machine.close();
  }
}

for (let seed = 1; seed <= seeds; seed++) {
  test(`both: random requests, seed ${seed}`, { timeout: 30_000 }, async (context) => {
    if (!canMakeNamespaces()) context.skip("Comparing with the kernel takes root");
    const draw = new Draw(new SeededRandom(seed));
    const requests = Array.from({ length: requestsPerSeed }, () => draw.request());
    const kernel = await transcript(kernelTarget, requests);
    const uveth = await transcript(uvethTarget, requests);
    for (const [index, expected] of kernel.entries()) {
      expect(uveth[index], `step ${index}: ${JSON.stringify(requests[index])}`).toEqual(expected);
    }
  });
}
