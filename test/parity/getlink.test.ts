// What: RTM_GETLINK of one link: how it is named, and what strict checking refuses.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_getlink, rtnl_valid_getlink_req).

import type { Answer } from "../../src/netlink/client.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { expectError, readLink, writeLink } from "./vocabulary.ts";

parity("a link is found by index, name or alternative name", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAltnames({ name: "a", altnames: ["other"] });
  for (const request of [
    { index: 3 },
    { name: "a" },
    { altname: "a" },
    { name: "other" },
    { altname: "other" },
  ]) {
    expect(await ctx.getLink(request)).toMatchObject({ index: 3, name: "a" });
  }
});

parity("an index counts over a name, a name over an alternative name", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect(await ctx.getLink({ index: 1, name: "a" })).toMatchObject({ name: "lo" });
  expect(await ctx.getLink({ altname: "b", name: "a" })).toMatchObject({ name: "a" });
});

parity("what is not there is no device", async (ctx) => {
  await expectError(ctx.getLink({ index: 99 }), { code: "ENODEV" });
  await expectError(ctx.getLink({ name: "x" }), { code: "ENODEV" });
  await expectError(ctx.getLink({ altname: "x" }), { code: "ENODEV" });
});

parity("a request that names nothing is invalid", async (ctx) => {
  await expectError(ctx.getLink({}), { code: "EINVAL" });
  await expectError(ctx.getLink({ index: -1 }), { code: "EINVAL" });
});

parity("a request shorter than struct ifinfomsg is refused, strict or not", async (ctx) => {
  for (const strict of [true, false]) {
    const client = await ctx.openClient({ strict });
    const answer = client.request(rt.RTM_GETLINK, 0, (writer) => writer.reserve(12));
    await expectError(answer, { code: "EINVAL", message: "Invalid header for get link" });
  }
});

parity("a strict get takes no values in the header but the index", async (ctx) => {
  const message = "Invalid values in header for get link request";
  await expectError(ctx.getLink({ name: "lo", type: 1 }), { code: "EINVAL", message });
  await expectError(ctx.getLink({ name: "lo", flags: 1 }), { code: "EINVAL", message });
  await expectError(ctx.getLink({ name: "lo", change: 1 }), { code: "EINVAL", message });
});

parity("a strict get takes no attribute it cannot use", async (ctx) => {
  const message = "Unsupported attribute in get link request";
  await expectError(ctx.getLink({ name: "lo", mtu: 1 }), { code: "EINVAL", message });
  await expectError(ctx.getLink({ name: "lo", more: (writer) => writer.u32(200, 1) }), {
    code: "EINVAL",
    message: "Unknown attribute type",
    offset: 40,
  });
});

parity("a get that is not strict takes anything", async (ctx) => {
  const client = await ctx.openClient({ strict: false });
  const request: LinkRequest = {
    name: "lo",
    type: 5,
    flags: 9,
    change: 3,
    mtu: 1,
    more: (writer) => writer.u32(200, 1),
  };
  const { messages }: Answer = await client.request(rt.RTM_GETLINK, 0, (writer) =>
    writeLink(writer, request),
  );
  expect(messages.map((message) => readLink(message).name)).toEqual(["lo"]);
});

parity("a get names no namespace by pid or descriptor", async (ctx) => {
  const client = await ctx.openClient({ strict: false });
  const answer = client.request(rt.RTM_GETLINK, 0, (writer) =>
    writeLink(writer, { name: "lo", netnsFd: ctx.fd }),
  );
  await expectError(answer, { code: "EOPNOTSUPP", message: "specified netns attribute not supported" });
});

parity("RTEXT_FILTER_SKIP_STATS leaves IPv6's statistics out", async (ctx) => {
  const { messages } = await ctx.request(rt.RTM_GETLINK, 0, (writer) =>
    writeLink(writer, { name: "lo", extMask: rt.RTEXT_FILTER_SKIP_STATS }),
  );
  const spec = messages[0]?.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.child(10);
  expect(spec?.child(il.IFLA_INET6_CONF)).toBeDefined();
  expect(spec?.child(il.IFLA_INET6_STATS)).toBeUndefined();
});

parity("RTEXT_FILTER_NAME_ONLY is a bit this kernel does not know, and ignores", async (ctx) => {
  const link = await ctx.getLink({ name: "lo", extMask: rt.RTEXT_FILTER_NAME_ONLY });
  expect(link).toMatchObject({ name: "lo", mtu: 65536 });
});

parity("an extension mask of two bytes fails the policy", async (ctx) => {
  await expectError(ctx.getLink({ name: "lo", more: (writer) => writer.u16(il.IFLA_EXT_MASK, 1) }), {
    code: "ERANGE",
    message: "Attribute failed policy validation",
    offset: 40,
  });
});

parity("the family of the answer is unspecified", async (ctx) => {
  expect(await ctx.getLink({ family: 2, name: "lo" })).toMatchObject({ family: 0, name: "lo" });
});
