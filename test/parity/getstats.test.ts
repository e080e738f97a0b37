// What: RTM_GETSTATS: the statistics of one link or of all, chosen by a mask.
//
// Offsets: message header 16, struct if_stats_msg 12.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_stats_get, rtnl_stats_dump, rtnl_valid_stats_req, rtnl_fill_statsinfo).

import { getS32, getU32, setS32, setU32 } from "../../src/bytes/endian.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as il from "../../src/uapi/if_link.ts";
import { NLM_F_MULTI } from "../../src/uapi/netlink.ts";
import { RTM_GETSTATS, RTM_NEWSTATS } from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

const LINK_64 = 1 << (il.IFLA_STATS_LINK_64 - 1);
const AF_SPEC = 1 << (il.IFLA_STATS_AF_SPEC - 1);

/** Writes struct if_stats_msg. */
function header(writer: MessageWriter, index: number, mask: number): void {
  const at = writer.reserve(il.IF_STATS_MSG_SIZE);
  setS32(writer.bytes, at + il.IF_STATS_MSG_IFINDEX, index);
  setU32(writer.bytes, at + il.IF_STATS_MSG_FILTER_MASK, mask);
}

function summary(message: Message) {
  return {
    type: message.type,
    flags: message.flags,
    index: getS32(message.bytes, NLMSG_HDRLEN + il.IF_STATS_MSG_IFINDEX),
    mask: getU32(message.bytes, NLMSG_HDRLEN + il.IF_STATS_MSG_FILTER_MASK),
    attributes: message.attributes(il.IF_STATS_MSG_SIZE).map(({ type, length }) => [type, length]),
  };
}

parity("the 64 bit statistics of one link", async (ctx) => {
  await ctx.addVeth("a", "b");
  const { messages } = await ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, 3, LINK_64));
  expect(messages.map(summary)).toEqual([
    { type: RTM_NEWSTATS, flags: 0, index: 3, mask: LINK_64, attributes: [[il.IFLA_STATS_LINK_64, 200]] },
  ]);
});

parity("the statistics of all links, in the order of their indexes", async (ctx) => {
  await ctx.addVeth("a", "b");
  const { messages } = await ctx.client.dump(RTM_GETSTATS, (writer) => header(writer, 0, LINK_64));
  expect(messages.map(summary).map(({ index, flags }) => [index, flags])).toEqual([
    [1, NLM_F_MULTI],
    [2, NLM_F_MULTI],
    [3, NLM_F_MULTI],
  ]);
});

parity("a mask whose statistics a link has not brings the header alone", async (ctx) => {
  await ctx.addVeth("a", "b");
  const mask = 1 << (il.IFLA_STATS_LINK_XSTATS - 1);
  const { messages } = await ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, 3, mask));
  expect(messages.map(summary).map(({ attributes }) => attributes)).toEqual([[]]);
});

parity("the protocols' statistics of a link without any", async (ctx) => {
  await ctx.addVeth("a", "b");
  const { messages } = await ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, 3, AF_SPEC));
  expect(messages.map(summary).map(({ attributes }) => attributes)).toEqual([[[il.IFLA_STATS_AF_SPEC, 0]]]);
});

parity("statistics need a mask", async (ctx) => {
  const message = "Filter mask must be set for stats get";
  const get = ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, 1, 0));
  await expectError(get, { code: "EINVAL", message });
  const dump = ctx.dump(RTM_GETSTATS, (writer) => header(writer, 0, 0));
  await expectError(dump, { code: "EINVAL", message: "Filter mask must be set for stats dump" });
});

parity("statistics of a link that is not there are no device, of none invalid", async (ctx) => {
  const get = (index: number) => ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, index, LINK_64));
  await expectError(get(99), { code: "ENODEV" });
  await expectError(get(0), { code: "EINVAL" });
});

parity("a strict request has a whole header, no family, no unknown bits", async (ctx) => {
  const short = ctx.request(RTM_GETSTATS, 0, (writer) => writer.reserve(8));
  await expectError(short, { code: "EINVAL", message: "Invalid header for stats dump" });
  const bits = ctx.request(RTM_GETSTATS, 0, (writer) => header(writer, 1, 0x100 | LINK_64));
  await expectError(bits, { code: "EINVAL", message: "Invalid stats requested through filter mask" });
  const dump = ctx.dump(RTM_GETSTATS, (writer) => header(writer, 1, LINK_64));
  await expectError(dump, { code: "EINVAL", message: "Invalid values in header for stats dump request" });
});
