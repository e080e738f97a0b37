// What: dumps of links: their flags, order, packing and end, what may be filtered, and what strict checking refuses.
//
// Kernel reference: net/netlink/af_netlink.c (netlink_dump, netlink_dump_done), net/core/rtnetlink.c (rtnl_dumpit,
// rtnl_dump_ifinfo, rtnl_valid_dump_ifinfo_req).
//
// Surprises: a reader's first buffer does not count for the first datagram, which is made when the request is sent.
// RTEXT_FILTER_SKIP_STATS leaves out IPv6's counters only, IFLA_STATS and IFLA_STATS64 stay. The refusal of a dump is an
// NLMSG_DONE with an errno, not an NLMSG_ERROR.

import { getS32, setU16 } from "../../src/bytes/endian.ts";
import type { Message } from "../../src/netlink/message.ts";
import { messages, NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import { errnoNumber } from "../../src/uapi/errno.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { makeMessage } from "./raw.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { expectError, readLink, writeLink } from "./vocabulary.ts";

const { NLM_F_DUMP, NLM_F_DUMP_FILTERED, NLM_F_DUMP_INTR, NLM_F_MULTI, NLM_F_REQUEST, NLMSG_DONE } = nl;

/** A dump request with sequence number `seq`. */
function dump(seq: number, request: LinkRequest = {}): Uint8Array {
  return makeMessage(rt.RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, seq, (writer) => writeLink(writer, request));
}

function split(datagrams: readonly Uint8Array[]): Message[][] {
  return datagrams.map((datagram) => [...messages(datagram)]);
}

/** Makes `count` pairs named veth0, veth1, … */
async function addPairs(ctx: ParityContext, count: number): Promise<void> {
  for (let pair = 0; pair < count; pair++) await ctx.newLink({ kind: "veth" });
}

// --- The shape of the answer ------------------------------------------------------------------------------------------

parity(
  "every message of a dump says NLM_F_MULTI, and NLMSG_DONE comes in a datagram of its own",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    const raw = await ctx.openRaw();
    const [first, second, last, ...more] = split(await raw.dump(dump(4)));
    const link = { type: rt.RTM_NEWLINK, flags: NLM_F_MULTI, seq: 4 };
    const summary = (parts?: Message[]) => parts?.map(({ type, flags, seq }) => ({ type, flags, seq }));
    expect(summary(first)).toEqual([link, link]);
    expect(summary(second)).toEqual([link]);
    expect(summary(last)).toEqual([{ type: NLMSG_DONE, flags: NLM_F_MULTI, seq: 4 }]);
    expect(more).toEqual([]);
  },
);

parity("NLMSG_DONE carries an int of 0", async (ctx) => {
  const raw = await ctx.openRaw();
  const done = split(await raw.dump(dump(4)))
    .at(-1)
    ?.at(-1);
  expect(done?.bytes).toHaveLength(NLMSG_HDRLEN + 4);
  expect(getS32(done?.bytes ?? new Uint8Array(), NLMSG_HDRLEN)).toBe(0);
  expect(done?.pid).toBe(raw.transport.portId);
});

parity("a dump that asks for an ACK gets none", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = dump(4);
  setU16(request, 6, NLM_F_REQUEST | NLM_F_DUMP | nl.NLM_F_ACK);
  await raw.dump(request);
  expect(await raw.rest()).toEqual([]);
});

parity("links come in the order of their indexes, not of their creation", async (ctx) => {
  await ctx.newLink({ index: 50, name: "late", vethPeer: { index: 70, name: "later" } });
  await ctx.newLink({ index: 30, name: "early", vethPeer: { index: 60, name: "middle" } });
  expect(await ctx.linkNames()).toEqual(["lo", "early", "late", "middle", "later"]);
});

parity("NLM_F_ROOT alone or NLM_F_MATCH alone is a dump too", async (ctx) => {
  for (const flag of [nl.NLM_F_ROOT, nl.NLM_F_MATCH]) {
    const raw = await ctx.openRaw();
    const request = dump(4);
    setU16(request, 6, NLM_F_REQUEST | flag);
    expect((await raw.dump(request)).length).toBe(2);
  }
});

parity(
  "datagrams hold whole messages, as many as fit: two in the first 3,776 bytes, then up to 32,448",
  async (ctx) => {
    await addPairs(ctx, 50);
    const raw = await ctx.openRaw();
    const datagrams = await raw.dump(dump(4));
    const sizes = datagrams.map((datagram) => datagram.length);
    const counts = split(datagrams).map((parts) => parts.length);
    expect(counts).toEqual([2, 21, 21, 21, 21, 15, 1]);
    expect(sizes).toEqual([2964, 31416, 31416, 31416, 31416, 22440, 20]);
  },
);

// --- Changes while it runs --------------------------------------------------------------------------------------------

parity("a change while a dump runs shows as NLM_F_DUMP_INTR in what follows", async (ctx) => {
  await addPairs(ctx, 50);
  const raw = await ctx.openRaw();
  const other = await ctx.openRaw();
  const answer = raw.dump(dump(4));
  // Sent before the first datagram of the dump is read, so the second is made after it.
  other.send(
    makeMessage(rt.RTM_NEWLINK, NLM_F_REQUEST | nl.NLM_F_CREATE, 1, (writer) =>
      writeLink(writer, { kind: "veth" }),
    ),
  );
  const flags = split(await answer).map((parts) => parts.map((part) => part.flags & NLM_F_DUMP_INTR));
  expect(flags[0]?.every((flag) => flag === 0)).toBe(true);
  expect(flags[1]?.[0]).toBe(NLM_F_DUMP_INTR);
  expect(flags.flat().filter((flag) => flag !== 0)).toHaveLength(1);
});

parity(
  "a change behind the last link of a dump does not show: NLMSG_DONE comes alone and says nothing",
  async (ctx) => {
    const raw = await ctx.openRaw();
    const other = await ctx.openRaw();
    const answer = raw.dump(dump(4));
    other.send(
      makeMessage(rt.RTM_NEWLINK, NLM_F_REQUEST | nl.NLM_F_CREATE, 1, (writer) =>
        writeLink(writer, { kind: "veth" }),
      ),
    );
    const parts = split(await answer);
    expect(parts.flat().map(({ type, flags }) => [type, flags & NLM_F_DUMP_INTR])).toEqual([
      [rt.RTM_NEWLINK, 0],
      [NLMSG_DONE, 0],
    ]);
  },
);

parity("a second dump on a socket whose first still runs is busy", async (ctx) => {
  await addPairs(ctx, 5);
  const raw = await ctx.openRaw();
  raw.send(dump(1));
  raw.send(dump(2));
  const answers = (await raw.rest()).flatMap((datagram) => [...messages(datagram)]);
  const errors = answers.filter(({ type }) => type === nl.NLMSG_ERROR);
  expect(errors.map(({ seq, bytes }) => [seq, getS32(bytes, NLMSG_HDRLEN)])).toEqual([
    [2, -errnoNumber("EBUSY")],
  ]);
});

// --- Filters ----------------------------------------------------------------------------------------------------------

parity("a filter by kind leaves the others out and says so", async (ctx) => {
  await ctx.addVeth("a", "b");
  const answer = await ctx.client.dump(rt.RTM_GETLINK, (writer) => writeLink(writer, { kind: "veth" }));
  expect(answer.messages.map((message) => readLink(message).name)).toEqual(["b", "a"]);
  expect(answer.messages.map(({ flags }) => flags)).toEqual([
    NLM_F_MULTI | NLM_F_DUMP_FILTERED,
    NLM_F_MULTI | NLM_F_DUMP_FILTERED,
  ]);
});

parity("a filter by an unknown kind finds everything", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect((await ctx.links({ kind: "warp" })).map(({ name }) => name)).toEqual(["lo", "b", "a"]);
});

parity("a filter by master that matches nothing finds nothing", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect(await ctx.links({ master: 77 })).toEqual([]);
});

parity("RTEXT_FILTER_SKIP_STATS leaves IPv6's statistics out, and no others", async (ctx) => {
  const [lo] = await ctx.dump(rt.RTM_GETLINK, (writer) =>
    writeLink(writer, { extMask: rt.RTEXT_FILTER_SKIP_STATS }),
  );
  expect(lo?.attribute(il.IFLA_STATS64, rt.IFINFOMSG_SIZE)?.length).toBe(200);
  expect(lo?.attribute(il.IFLA_STATS, rt.IFINFOMSG_SIZE)?.length).toBe(96);
  const inet6 = lo?.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.child(AF_INET6);
  expect(inet6?.children().map(({ type }) => type)).toEqual([
    il.IFLA_INET6_FLAGS,
    il.IFLA_INET6_CACHEINFO,
    il.IFLA_INET6_CONF,
    il.IFLA_INET6_TOKEN,
    il.IFLA_INET6_ADDR_GEN_MODE,
  ]);
});

parity("RTEXT_FILTER_VF adds nothing to a device without virtual functions", async (ctx) => {
  await ctx.addVeth("a", "b");
  const [lo] = await ctx.links({ extMask: rt.RTEXT_FILTER_VF });
  expect(lo?.attributes).not.toContain(il.IFLA_NUM_VF);
});

parity("unknown bits of IFLA_EXT_MASK are ignored", async (ctx) => {
  expect(await ctx.links({ extMask: 0x8000_0000 })).toHaveLength(1);
});

// --- Strict checking --------------------------------------------------------------------------------------------------

parity("a strict dump takes a whole struct ifinfomsg", async (ctx) => {
  const answer = ctx.dump(rt.RTM_GETLINK, (writer) => writer.reserve(4));
  await expectError(answer, { code: "EINVAL", message: "Invalid header for link dump" });
});

parity("a strict dump takes no values in the header", async (ctx) => {
  const message = "Invalid values in header for link dump request";
  await expectError(ctx.links({ type: 1 }), { code: "EINVAL", message });
  await expectError(ctx.links({ flags: 1 }), { code: "EINVAL", message });
  await expectError(ctx.links({ change: 1 }), { code: "EINVAL", message });
});

parity("a strict dump takes no ifindex", async (ctx) => {
  const message = "Filter by device index not supported for link dumps";
  await expectError(ctx.links({ index: 1 }), { code: "EINVAL", message });
});

parity("a strict dump takes no attribute it cannot use", async (ctx) => {
  const message = "Unsupported attribute in link dump request";
  await expectError(ctx.links({ name: "lo" }), { code: "EINVAL", message });
  await expectError(ctx.links({ extMask: 0, mtu: 5 }), { code: "EINVAL", message });
});

parity("a strict dump takes no unknown attribute and no bytes behind the last", async (ctx) => {
  await expectError(ctx.links({ more: (writer) => writer.u32(200, 1) }), {
    code: "EINVAL",
    message: "Unknown attribute type",
    offset: 32,
  });
  await expectError(ctx.links({ more: (writer) => writer.raw(Uint8Array.of(3, 0, 1, 0)) }), {
    code: "EINVAL",
    message: "bytes leftover after parsing attributes",
  });
});

parity("a strict dump knows the namespace it is asked of", async (ctx) => {
  const message = "Invalid target network namespace id";
  await expectError(ctx.links({ targetNetnsid: 9 }), { code: "EINVAL", message });
});

parity("the refusal of a dump is an NLMSG_DONE with its errno", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_GET_STRICT_CHK, 1);
  const answers = split(await raw.dump(dump(4, { index: 1 }))).flat();
  expect(answers.map(({ type, flags, bytes }) => [type, flags, getS32(bytes, NLMSG_HDRLEN)])).toEqual([
    [NLMSG_DONE, NLM_F_MULTI, -errnoNumber("EINVAL")],
  ]);
});

parity("without strict checking a dump takes anything and tells all", async (ctx) => {
  const client = await ctx.openClient({ strict: false });
  const names = async (request: LinkRequest) => {
    const { messages: links } = await client.dump(rt.RTM_GETLINK, (writer) => writeLink(writer, request));
    return links.map((message) => readLink(message).name);
  };
  await ctx.addVeth("a", "b");
  expect(await names({ index: 1, type: 5, flags: 9, change: 3 })).toEqual(["lo", "b", "a"]);
  expect(await names({ name: "lo" })).toEqual(["lo", "b", "a"]);
  expect(await names({ more: (writer) => writer.u32(200, 1) })).toEqual(["lo", "b", "a"]);
  expect(await names({ kind: "veth" })).toEqual(["b", "a"]);
});

parity("without strict checking a header of four bytes is read as struct rtgenmsg", async (ctx) => {
  const client = await ctx.openClient({ strict: false });
  const { messages: links } = await client.dump(rt.RTM_GETLINK, (writer) => {
    writer.reserve(4);
    writer.u32(il.IFLA_EXT_MASK, rt.RTEXT_FILTER_SKIP_STATS);
  });
  const inet6 = links[0]?.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.child(AF_INET6);
  expect(inet6?.child(il.IFLA_INET6_STATS)).toBeUndefined();
});

parity("a dump of the family bridge finds no ports", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect(await ctx.links({ family: AF_BRIDGE })).toEqual([]);
});
