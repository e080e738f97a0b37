// What: RTM_NEWLINK is the kernel's byte for byte: the same attributes in the same order, with the same lengths, flags
// and payloads, inside nests too, in answers, dumps and notifications.
//
// Unlike the other files here this one takes no expectation from its author: the same steps are done on the live kernel
// and on a machine of ours, and what both send is compared. What cannot be the same is listed in `linkExceptions`.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_fill_ifinfo).

import { expect, test } from "vitest";
import type { Message } from "../../src/netlink/message.ts";
import { IFF_UP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import type { TestNetns } from "./context.ts";
import { ParityContext } from "./context.ts";
import { canMakeNamespaces } from "./kernel-child.ts";
import type { Listener } from "./listener.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";
import type { Target } from "./targets.ts";
import type { Exceptions } from "./transcript.ts";
import { linkExceptions, linkLines } from "./transcript.ts";
import { readLink, writeLink } from "./vocabulary.ts";

const inet6 = `${il.IFLA_AF_SPEC}/${AF_INET6}`;

/** Those, and what changes by itself once a device is up. */
const exceptionsWhenUp: Exceptions = {
  ...linkExceptions,
  [`${il.IFLA_STATS}`]: { from: 0, why: "frames that IPv6 sends when it likes" },
  [`${il.IFLA_STATS64}`]: { from: 0, why: "frames that IPv6 sends when it likes" },
  [`${inet6}/${il.IFLA_INET6_STATS}`]: { from: 8, why: "packets that IPv6 sends when it likes" },
  [`${inet6}/${il.IFLA_INET6_ICMP6STATS}`]: { from: 8, why: "packets that IPv6 sends when it likes" },
  [`${inet6}/${il.IFLA_INET6_FLAGS}`]: { from: 0, why: "router solicitations, which are sent a while after" },
};

const masks = [0, 1, 8, 9, 256];

/** Registers a comparison of what `steps` returns on both targets. */
function compare(
  text: string,
  steps: (ctx: ParityContext) => Promise<readonly Message[]>,
  except: Exceptions = linkExceptions,
): void {
  test(`both: ${text}`, { timeout: 20_000 }, async (context) => {
    if (!canMakeNamespaces()) context.skip("Comparing with the kernel takes root");
    const [kernel, uveth] = [await run(kernelTarget, steps), await run(uvethTarget, steps)];
    expect(kernel.length).toBeGreaterThan(0);
    expect(uveth.map((message) => linkLines(message, except))).toEqual(
      kernel.map((message) => linkLines(message, except)),
    );
  });
}

async function run(target: Target, steps: (ctx: ParityContext) => Promise<readonly Message[]>) {
  const machine = await target.start();
  try {
    const ctx = await ParityContext.start(target.name, machine);
    try {
      return await steps(ctx);
    } finally {
      ctx.close();
    }
  } finally {
    await machine.close();
  }
}

/** A pair with addresses that are known beforehand. */
async function addPair(ctx: ParityContext): Promise<void> {
  await ctx.newLink({
    name: "a",
    address: "02:00:00:00:00:0a",
    vethPeer: { name: "b", address: "02:00:00:00:00:0b" },
  });
}

/** A listener to links; its fence takes a `lo` that is up. */
async function listen(netns: TestNetns): Promise<Listener> {
  await netns.up("lo");
  return netns.listen(rt.RTNLGRP_LINK);
}

async function reply(ctx: ParityContext, name: string, extMask = 0): Promise<readonly Message[]> {
  const answer = await ctx.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name, extMask }));
  return answer.messages;
}

function dump(ctx: ParityContext, extMask = 0): Promise<readonly Message[]> {
  return ctx.dump(rt.RTM_GETLINK, (writer) => writeLink(writer, { extMask }));
}

for (const mask of masks) {
  compare(`RTM_GETLINK of a fresh end with IFLA_EXT_MASK ${mask}`, async (ctx) => {
    await addPair(ctx);
    return [...(await reply(ctx, "a", mask)), ...(await reply(ctx, "b", mask))];
  });

  compare(`a dump of a fresh pair with IFLA_EXT_MASK ${mask}`, async (ctx) => {
    await addPair(ctx);
    return dump(ctx, mask);
  });
}

compare(
  "a pair that is up",
  async (ctx) => {
    await addPair(ctx);
    await ctx.quiet("a", "b");
    await ctx.up("a", "b");
    return [...(await reply(ctx, "a")), ...(await reply(ctx, "b"))];
  },
  exceptionsWhenUp,
);

compare(
  "one end up, the other down",
  async (ctx) => {
    await addPair(ctx);
    await ctx.quiet("a", "b");
    await ctx.up("a");
    return [...(await reply(ctx, "a")), ...(await reply(ctx, "b"))];
  },
  exceptionsWhenUp,
);

compare(
  "a pair that was up and is down again",
  async (ctx) => {
    await addPair(ctx);
    await ctx.quiet("a", "b");
    await ctx.up("a", "b");
    await ctx.down("b");
    return [...(await reply(ctx, "a")), ...(await reply(ctx, "b"))];
  },
  exceptionsWhenUp,
);

compare("every attribute that a request may set", async (ctx) => {
  await addPair(ctx);
  await ctx.setLink({
    name: "a",
    broadcast: "02:ff:ff:ff:ff:ff",
    mtu: 1_400,
    txqlen: 77,
    group: 5,
    alias: "the first end",
    linkmode: 1,
    gsoMaxSize: 50_000,
    gsoMaxSegs: 40,
    groMaxSize: 60_000,
    flags: 0x4000,
    change: 0x4000,
  });
  await ctx.request(rt.RTM_NEWLINKPROP, 0, (writer) =>
    writeLink(writer, { name: "a", altnames: ["first", "one/of:two"] }),
  );
  return [...(await reply(ctx, "a")), ...(await reply(ctx, "first"))];
});

compare("queue counts and an ifindex that were asked for", async (ctx) => {
  await ctx.newLink({
    index: 40,
    name: "a",
    address: "02:00:00:00:00:0a",
    numTxQueues: 3,
    numRxQueues: 4,
    vethPeer: { index: 30, name: "b", address: "02:00:00:00:00:0b", numTxQueues: 5 },
  });
  return dump(ctx);
});

compare("a peer in another namespace", async (ctx) => {
  const other = await ctx.otherNetns();
  const vethPeer = { name: "b", address: "02:00:00:00:00:0b", netnsFd: other.fd };
  await ctx.newLink({ name: "a", address: "02:00:00:00:00:0a", vethPeer });
  const there = await other.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name: "b" }));
  const targetNetnsid = 0;
  const from = await ctx.request(rt.RTM_GETLINK, 0, (writer) =>
    writeLink(writer, { name: "b", targetNetnsid }),
  );
  return [...(await dump(ctx)), ...there.messages, ...from.messages];
});

compare("notifications of a pair's creation, change, rename and deletion", async (ctx) => {
  const listener = await listen(ctx);
  await addPair(ctx);
  await ctx.quiet("a", "b");
  await ctx.setLink({ name: "a", mtu: 1_400, txqlen: 5, group: 3, address: "02:00:00:00:00:1a" });
  await ctx.newLink({ index: 3, name: "c" }, 0);
  await ctx.delLink({ name: "c" });
  return (await listener.rest()).map(({ message }) => message);
});

compare("notifications of a move", async (ctx) => {
  const other = await ctx.otherNetns();
  const listeners = [await listen(ctx), await listen(other)];
  await addPair(ctx);
  await ctx.quiet("a", "b");
  await ctx.setLink({ name: "a", netnsFd: other.fd });
  const events = [];
  for (const listener of listeners) events.push(...(await listener.rest()));
  return events.map(({ message }) => message);
});

compare("notifications of the end of a namespace that peers live in", async (ctx) => {
  const other = await ctx.otherNetns();
  const listener = await listen(ctx);
  for (const [name, mac] of [
    ["a", "02:00:00:00:00:0a"],
    ["b", "02:00:00:00:00:0b"],
  ] as const) {
    await ctx.newLink({ name, address: mac, vethPeer: { name: "peer%d", netnsFd: other.fd } });
  }
  const events = await listener.rest();
  other.client.close();
  await other.netns.destroy();
  const isLast = ({ message }: { message: Message }) =>
    message.type === rt.RTM_DELLINK && readLink(message).name === "a";
  events.push(...(await listener.takeUntil(isLast)));
  return events.map(({ message }) => message);
});

compare(
  "notifications of ends that come up, go down and are deleted",
  async (ctx) => {
    await addPair(ctx);
    await ctx.quiet("a", "b");
    const listener = await listen(ctx);
    for (const step of [
      () => ctx.up("a"),
      () => ctx.up("b"),
      () => ctx.setLink({ name: "a", group: 9 }),
      () => ctx.down("b"),
      () => ctx.setLink({ name: "b", flags: IFF_UP, change: IFF_UP, mtu: 1_300 }),
      () => ctx.delLink({ name: "b" }),
    ]) {
      // The kernel works out the state of a device that is down when it comes to it, within a second.
      await ctx.sleep(1_100);
      await step();
    }
    await ctx.sleep(100);
    return (await listener.rest()).map(({ message }) => message);
  },
  exceptionsWhenUp,
);
