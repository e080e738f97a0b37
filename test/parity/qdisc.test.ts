// What: RTM_GETQDISC dumps the root queueing discipline of every device that has been up: noqueue for virtual ones.
//
// Kernel reference: net/sched/sch_api.c (tc_dump_qdisc, tc_fill_qdisc).
//
// Surprise: the ifindex in the request's header filters nothing; `tc qdisc show dev X` filters by itself.

import { getS32, getU32 } from "../../src/bytes/endian.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import { NLM_F_MULTI } from "../../src/uapi/netlink.ts";
import { TC_H_ROOT } from "../../src/uapi/pkt_sched.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

/** The disciplines that a dump tells of. */
function qdiscs(ctx: ParityContext, ifindex = 0): Promise<readonly Message[]> {
  return ctx.dump(rt.RTM_GETQDISC, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    writer.bytes[at + rt.TCMSG_IFINDEX] = ifindex;
  });
}

const indexes = (messages: readonly Message[]): number[] =>
  messages.map(({ bytes }) => getS32(bytes, NLMSG_HDRLEN + rt.TCMSG_IFINDEX));

parity("a device that never was up is not told of", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect(await qdiscs(ctx)).toEqual([]);
});

parity("a device keeps noqueue when it is taken down, and loses it when it moves", async (ctx) => {
  const other = await ctx.otherNetns();
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  expect(indexes(await qdiscs(ctx))).toEqual([2, 3]);
  await ctx.down("a");
  expect(indexes(await qdiscs(ctx))).toEqual([2, 3]);
  await ctx.setLink({ name: "a", netnsFd: other.fd });
  await other.setLink({ name: "a", netnsFd: ctx.fd });
  expect(indexes(await qdiscs(ctx))).toEqual([2]);
});

parity("noqueue is a root without a handle that counts nothing", async (ctx) => {
  await ctx.up("lo");
  const [qdisc] = await qdiscs(ctx);
  const bytes = qdisc?.bytes ?? new Uint8Array();
  expect(qdisc?.flags).toBe(NLM_F_MULTI);
  expect(qdisc?.type).toBe(rt.RTM_NEWQDISC);
  expect(getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_HANDLE)).toBe(0);
  expect(getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_PARENT)).toBe(TC_H_ROOT);
  expect(getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_INFO)).toBe(2);
  const attributes = qdisc?.attributes(rt.TCMSG_SIZE) ?? [];
  expect(attributes.map(({ type, length, isNested }) => [type, length, isNested])).toEqual([
    [rt.TCA_KIND, 8, false],
    [rt.TCA_HW_OFFLOAD, 1, false],
    [rt.TCA_STATS2, 44, false],
    [rt.TCA_STATS, 40, false],
  ]);
  expect(attributes[0]?.text()).toBe("noqueue");
  expect(attributes[2]?.children().map(({ type, length }) => [type, length])).toEqual([
    [1, 16],
    [3, 20],
  ]);
  const counters = [attributes[1], ...(attributes[2]?.children() ?? []), attributes[3]];
  expect(counters.every((attribute) => attribute?.copy().every((byte) => byte === 0))).toBe(true);
});

parity("an ifindex in the header filters nothing", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("lo", "a");
  expect(indexes(await qdiscs(ctx, 3))).toEqual([1, 3]);
});

parity("a request shorter than struct tcmsg is refused", async (ctx) => {
  const answer = ctx.dump(rt.RTM_GETQDISC, (writer) => writer.reserve(rt.TCMSG_SIZE - 4));
  await expectError(answer, { code: "EINVAL", message: "Invalid header length" });
});
