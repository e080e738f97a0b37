// What: a refused RTM_NEWLINK of kind veth carries the kernel's errno, text and offset, and leaves nothing behind.
//
// Offsets: the message header takes 16 bytes, struct ifinfomsg 16, so the first attribute is at 32; behind a name of one
// letter (8 bytes) IFLA_LINKINFO is at 40, IFLA_INFO_KIND at 44, IFLA_INFO_DATA at 52, VETH_INFO_PEER at 56, its struct
// ifinfomsg at 60 and its first attribute at 76.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_newlink, __rtnl_newlink, rtnl_newlink_create, validate_linkmsg),
// drivers/net/veth.c (veth_validate, veth_newlink), lib/nlattr.c (validate_nla).

import { IFF_UP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import { VETH_INFO_PEER } from "../../src/uapi/veth.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { LinkRequest, Refusal } from "./vocabulary.ts";
import { expectError } from "./vocabulary.ts";

const POLICY = "Attribute failed policy validation";
const peer = { vethPeer: { name: "b" } };

/** Expects that `request` is refused and that no device comes of it. */
async function expectRefused(ctx: ParityContext, request: LinkRequest, refusal: Refusal): Promise<void> {
  await expectError(ctx.newLink(request), refusal);
  expect(await ctx.linkNames()).toEqual(["lo"]);
}

// --- Policy -----------------------------------------------------------------------------------------------------------

parity("a peer blob shorter than struct ifinfomsg is out of range", async (ctx) => {
  const refusal = { code: "ERANGE", message: POLICY, offset: 56 } as const;
  await expectRefused(ctx, { name: "a", vethPeerBytes: new Uint8Array(15) }, refusal);
  await expectRefused(ctx, { name: "a", vethPeerBytes: new Uint8Array(0) }, refusal);
});

parity("a name of 16 bytes is out of range", async (ctx) => {
  await expectRefused(
    ctx,
    { name: "abcdefghijklmnop", ...peer },
    { code: "ERANGE", message: POLICY, offset: 32 },
  );
});

parity("a name of no bytes is out of range", async (ctx) => {
  const more: LinkRequest["more"] = (writer) => writer.binary(il.IFLA_IFNAME, new Uint8Array(0));
  await expectRefused(ctx, { more, ...peer }, { code: "ERANGE", message: POLICY, offset: 32 });
});

parity("a peer's name of 16 bytes is out of range, and the offset is the one in the blob", async (ctx) => {
  const request = { name: "a", vethPeer: { name: "abcdefghijklmnop" } };
  await expectRefused(ctx, request, { code: "ERANGE", message: POLICY, offset: 76 });
});

parity("a hardware address of more than 32 bytes is out of range", async (ctx) => {
  const refusal = { code: "ERANGE", message: POLICY, offset: 40 } as const;
  await expectRefused(ctx, { name: "a", address: new Uint8Array(33), ...peer }, refusal);
});

parity("an mtu of two bytes is out of range", async (ctx) => {
  const more: LinkRequest["more"] = (writer) => writer.u16(il.IFLA_MTU, 1500);
  await expectRefused(ctx, { name: "a", more, ...peer }, { code: "ERANGE", message: POLICY, offset: 40 });
});

parity("an alias of 256 bytes is out of range", async (ctx) => {
  const request = { name: "a", alias: "x".repeat(256), ...peer };
  await expectRefused(ctx, request, { code: "ERANGE", message: POLICY, offset: 40 });
});

for (const [text, type, size] of [
  ["IFLA_PERM_ADDRESS", il.IFLA_PERM_ADDRESS, 6],
  ["IFLA_TSO_MAX_SIZE", il.IFLA_TSO_MAX_SIZE, 4],
  ["IFLA_TSO_MAX_SEGS", il.IFLA_TSO_MAX_SEGS, 4],
  ["IFLA_ALLMULTI", il.IFLA_ALLMULTI, 4],
  ["IFLA_NETNS_IMMUTABLE", il.IFLA_NETNS_IMMUTABLE, 1],
] as const) {
  parity(`${text} is read-only`, async (ctx) => {
    const more: LinkRequest["more"] = (writer) => writer.binary(type, new Uint8Array(size));
    await expectRefused(ctx, { name: "a", more, ...peer }, { code: "EINVAL", message: POLICY, offset: 40 });
  });
}

parity("an attribute the kernel does not know is ignored", async (ctx) => {
  await ctx.newLink({ name: "a", more: (writer) => writer.u32(200, 1), ...peer });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("a message shorter than struct ifinfomsg is invalid", async (ctx) => {
  const answer = ctx.request(16, NLM_F_CREATE, (writer) => writer.reserve(12));
  await expectError(answer, { code: "EINVAL", message: "Invalid header length" });
});

// --- Addresses and MTU ------------------------------------------------------------------------------------------------

parity("a hardware address that is not six bytes long is invalid", async (ctx) => {
  await expectRefused(ctx, { name: "a", address: new Uint8Array(5), ...peer }, { code: "EINVAL" });
  await expectRefused(ctx, { name: "a", address: new Uint8Array(8).fill(2), ...peer }, { code: "EINVAL" });
  await expectRefused(ctx, { name: "a", vethPeer: { address: new Uint8Array(5) } }, { code: "EINVAL" });
});

parity("a hardware address that is zero or of a group is not available", async (ctx) => {
  for (const address of ["00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"]) {
    await expectRefused(ctx, { name: "a", address, ...peer }, { code: "EADDRNOTAVAIL" });
    await expectRefused(ctx, { name: "a", vethPeer: { address } }, { code: "EADDRNOTAVAIL" });
  }
});

parity("a broadcast address shorter than six bytes is invalid", async (ctx) => {
  await expectRefused(ctx, { name: "a", broadcast: new Uint8Array(5), ...peer }, { code: "EINVAL" });
});

parity("an mtu outside 68 to 65535 is invalid, without a text", async (ctx) => {
  for (const mtu of [0, 67, 65536, 0xffff_ffff]) {
    await expectRefused(ctx, { name: "a", mtu, ...peer }, { code: "EINVAL" });
    await expectRefused(ctx, { name: "a", vethPeer: { mtu } }, { code: "EINVAL" });
  }
});

parity("an mtu of 68 and of 65535 is fine", async (ctx) => {
  await ctx.newLink({ name: "a", mtu: 68, vethPeer: { name: "b", mtu: 65535 } });
  expect([(await ctx.link("a")).mtu, (await ctx.link("b")).mtu]).toEqual([68, 65535]);
});

// --- Names ------------------------------------------------------------------------------------------------------------

for (const name of [".", "..", "a/b", "a:b", "a b", "a\tb", "a\u00a0b"]) {
  parity(`the name ${JSON.stringify(name)} is invalid at either end`, async (ctx) => {
    await expectRefused(ctx, { name, ...peer }, { code: "EINVAL" });
    await expectRefused(ctx, { name: "a", vethPeer: { name } }, { code: "EINVAL" });
  });
}

parity("a name that is a NUL alone is invalid", async (ctx) => {
  await expectRefused(ctx, { name: "", ...peer }, { code: "EINVAL" });
});

for (const name of ["x%d%d", "x%s", "x%", "x%5d", "%d%"]) {
  parity(`the template ${JSON.stringify(name)} is invalid`, async (ctx) => {
    await expectRefused(ctx, { name, ...peer }, { code: "EINVAL" });
  });
}

parity("a name that is taken exists", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.newLink({ name: "a", vethPeer: { name: "c" } }), { code: "EEXIST" });
  await expectError(ctx.newLink({ name: "c", vethPeer: { name: "a" } }), { code: "EEXIST" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("the same name at both ends in one namespace exists", async (ctx) => {
  await expectRefused(ctx, { name: "a", vethPeer: { name: "a" } }, { code: "EEXIST" });
});

// --- Indexes ----------------------------------------------------------------------------------------------------------

parity("a negative ifindex is invalid", async (ctx) => {
  const message = "ifindex can't be negative";
  await expectRefused(ctx, { index: -1, name: "a", ...peer }, { code: "EINVAL", message });
  await expectRefused(ctx, { name: "a", vethPeer: { index: -1 } }, { code: "EINVAL", message, offset: 56 });
});

parity("an ifindex that is taken exists for the main device and is busy for the peer", async (ctx) => {
  await ctx.newLink({ index: 100, name: "a", vethPeer: { index: 200, name: "b" } });
  await expectError(ctx.newLink({ index: 100, name: "c", vethPeer: { name: "d" } }), { code: "EEXIST" });
  await expectError(ctx.newLink({ index: 101, name: "c", vethPeer: { index: 100, name: "d" } }), {
    code: "EBUSY",
  });
  await expectError(ctx.newLink({ index: 101, name: "c", vethPeer: { index: 101, name: "d" } }), {
    code: "EBUSY",
  });
  expect(await ctx.linkNames()).toEqual(["lo", "a", "b"]);
});

// --- Namespaces -------------------------------------------------------------------------------------------------------

parity("two ways to name a namespace are one too many", async (ctx) => {
  const message = "multiple netns identifying attributes specified";
  await expectRefused(
    ctx,
    { name: "a", netnsPid: 0x7fff_fff0, netnsFd: 0, ...peer },
    { code: "EINVAL", message },
  );
  await expectRefused(
    ctx,
    { name: "a", netnsPid: 0x7fff_fff0, targetNetnsid: 0, ...peer },
    { code: "EINVAL", message },
  );
});

parity("a namespace that is not there has its way of saying so", async (ctx) => {
  await expectRefused(ctx, { name: "a", netnsPid: 0x7fff_fff0, ...peer }, { code: "ESRCH" });
  await expectRefused(ctx, { name: "a", netnsFd: 0x7fff_fff0, ...peer }, { code: "EBADF" });
  await expectRefused(ctx, { name: "a", targetNetnsid: 5, ...peer }, { code: "EINVAL" });
  await expectRefused(ctx, { name: "a", vethPeer: { netnsPid: 0x7fff_fff0 } }, { code: "ESRCH" });
  await expectRefused(ctx, { name: "a", vethPeer: { netnsFd: 0x7fff_fff0 } }, { code: "EBADF" });
});

parity("IFLA_TARGET_NETNSID in the peer's blob is ignored", async (ctx) => {
  await ctx.newLink({ name: "a", vethPeer: { name: "b", targetNetnsid: 5 } });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("of two ways to name a namespace in the peer's blob the pid counts", async (ctx) => {
  const red = await ctx.otherNetns();
  await expectRefused(
    ctx,
    { name: "a", vethPeer: { netnsFd: red.fd, netnsPid: 0x7fff_fff0 } },
    { code: "ESRCH" },
  );
});

parity("an unknown link namespace id says so", async (ctx) => {
  const refusal = { code: "EINVAL", message: "Unknown network namespace id" } as const;
  await expectRefused(ctx, { name: "a", linkNetnsid: 5, ...peer }, refusal);
});

// --- What is there already, and what is not ---------------------------------------------------------------------------

parity("a link that exists is not created exclusively, nor replaced, nor given data", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.newLink({ name: "a", kind: "veth" }, NLM_F_CREATE | NLM_F_EXCL), { code: "EEXIST" });
  await expectError(ctx.newLink({ name: "a", kind: "veth" }, NLM_F_CREATE | NLM_F_REPLACE), {
    code: "EOPNOTSUPP",
  });
  await expectError(ctx.newLink({ name: "a", ...peer }, NLM_F_CREATE), { code: "EOPNOTSUPP" });
  await expectError(ctx.newLink({ name: "a", ...peer }, 0), { code: "EOPNOTSUPP" });
});

parity("RTM_NEWLINK of a link that exists, without EXCL, changes it", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.newLink({ name: "a", mtu: 1400 }, NLM_F_CREATE);
  await ctx.newLink({ name: "a", kind: "veth", txqlen: 7 }, 0);
  expect(await ctx.link("a")).toMatchObject({ mtu: 1400, txqlen: 7 });
});

parity("the kind of a link that exists is only looked at together with IFLA_INFO_DATA", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.newLink({ name: "a", kind: "bridge", mtu: 1400 }, 0);
  await ctx.newLink({ name: "b", kind: "warp", mtu: 1300 }, 0);
  expect(await ctx.link("a")).toMatchObject({ kind: "veth", mtu: 1400 });
  expect(await ctx.link("b")).toMatchObject({ kind: "veth", mtu: 1300 });
});

parity("without NLM_F_CREATE a link that is missing is no device", async (ctx) => {
  await expectError(ctx.newLink({ name: "a", ...peer }, 0), { code: "ENODEV" });
});

parity("IFLA_MAP and IFLA_PROTINFO are not supported at creation", async (ctx) => {
  for (const type of [il.IFLA_MAP, il.IFLA_PROTINFO]) {
    const more: LinkRequest["more"] = (writer) => writer.binary(type, new Uint8Array(32));
    await expectRefused(ctx, { name: "a", more, ...peer }, { code: "EOPNOTSUPP" });
  }
});

parity("an unknown kind is an unknown device type", async (ctx) => {
  await expectRefused(
    ctx,
    { name: "a", kind: "warp" },
    { code: "EOPNOTSUPP", message: "Unknown device type" },
  );
});

parity("without a kind there is nothing to create", async (ctx) => {
  await expectRefused(ctx, { name: "a" }, { code: "EOPNOTSUPP", message: "Unknown device type" });
});

// --- Queues, sizes, families ------------------------------------------------------------------------------------------

parity("queue counts outside 1 to 4096 are invalid", async (ctx) => {
  const transmit = { code: "EINVAL", message: "Invalid number of transmit queues" } as const;
  const receive = { code: "EINVAL", message: "Invalid number of receive queues" } as const;
  for (const count of [0, 4097]) {
    await expectRefused(ctx, { name: "a", numTxQueues: count, ...peer }, transmit);
    await expectRefused(ctx, { name: "a", numRxQueues: count, ...peer }, receive);
    await expectRefused(ctx, { name: "a", vethPeer: { numTxQueues: count } }, transmit);
    await expectRefused(ctx, { name: "a", vethPeer: { numRxQueues: count } }, receive);
  }
});

parity("GSO and GRO sizes beyond the kernel's are too big", async (ctx) => {
  for (const [type, message, value] of [
    [il.IFLA_GSO_MAX_SIZE, "too big gso_max_size", 524_281],
    [il.IFLA_GSO_MAX_SEGS, "too big gso_max_segs", 65_536],
    [il.IFLA_GRO_MAX_SIZE, "too big gro_max_size", 524_281],
    [il.IFLA_GSO_IPV4_MAX_SIZE, "too big gso_ipv4_max_size", 524_281],
    [il.IFLA_GRO_IPV4_MAX_SIZE, "too big gro_ipv4_max_size", 524_281],
  ] as const) {
    const more: LinkRequest["more"] = (writer) => writer.u32(type, value);
    await expectRefused(ctx, { name: "a", more, ...peer }, { code: "EINVAL", message });
  }
});

parity("IFLA_AF_SPEC at creation is refused: no family of the device is there yet", async (ctx) => {
  const addrgenmode = il.IN6_ADDR_GEN_MODE_NONE;
  await expectRefused(ctx, { name: "a", addrgenmode, ...peer }, { code: "EAFNOSUPPORT" });
  await expectRefused(ctx, { name: "a", vethPeer: { addrgenmode } }, { code: "EAFNOSUPPORT" });
});

parity("a family that is unknown in IFLA_AF_SPEC is not supported", async (ctx) => {
  const more: LinkRequest["more"] = (writer) => {
    const spec = writer.nest(il.IFLA_AF_SPEC);
    writer.u32(77, 0).endNest(spec);
  };
  await expectRefused(ctx, { name: "a", more, ...peer }, { code: "EAFNOSUPPORT" });
});

// --- Master -----------------------------------------------------------------------------------------------------------

parity("a master that is not there or is none undoes the pair", async (ctx) => {
  await expectRefused(ctx, { name: "a", master: 77, ...peer }, { code: "EINVAL" });
  await expectRefused(ctx, { name: "a", master: 1, ...peer }, { code: "EOPNOTSUPP" });
});

parity("a master in the peer's blob is ignored", async (ctx) => {
  await ctx.newLink({ name: "a", vethPeer: { name: "b", master: 77 } });
  expect(await ctx.link("b")).toMatchObject({ master: undefined });
});

parity("a device that cannot be brought up undoes the pair", async (ctx) => {
  const up = { flags: IFF_UP, change: IFF_UP };
  await expectRefused(ctx, { ...up, name: "a", vethPeer: { ...up, name: "b" } }, { code: "ENOTCONN" });
});

parity("a VETH_INFO_PEER that comes twice counts as the last", async (ctx) => {
  await ctx.newLink({
    name: "a",
    more: (writer) => {
      const info = writer.nest(il.IFLA_LINKINFO);
      writer.bareString(il.IFLA_INFO_KIND, "veth");
      const data = writer.nest(il.IFLA_INFO_DATA);
      for (const name of ["first", "last"]) {
        const blob = writer.nest(VETH_INFO_PEER);
        writer.reserve(16);
        writer.string(il.IFLA_IFNAME, name).endNest(blob);
      }
      writer.endNest(data).endNest(info);
    },
  });
  expect(await ctx.linkNames()).toEqual(["lo", "last", "a"]);
});
