// What: IPv6 addresses: adding, replacing, deleting, dumping, link-local ones, duplicate detection, lifetimes, errors.
//
//   a ─────── b     both in one namespace, down unless a body says otherwise
//
// Offsets: message header 16, struct ifaddrmsg 8, so the first attribute is at 24, the second (behind 16 bytes of
// address) at 44.
//
// Kernel reference: net/ipv6/addrconf.c (inet6_rtm_newaddr, inet6_addr_add, addrconf_notify, addrconf_dad_start,
// inet6_fill_ifaddr).
//
// Surprises: every text carries the prefix "ipv6: ", except where there is none at all (no address in the request, no
// IPv6 on a device of a small MTU).

import { ipv6ToText, linkLocalFromMac } from "../../src/bytes/ipv6.ts";
import { macFromText } from "../../src/bytes/mac.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { IN6_ADDR_GEN_MODE_NONE } from "../../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { Addr, AddrRequest } from "./vocabulary.ts";
import { expectError, FOREVER, readAddr, writeAddr } from "./vocabulary.ts";

/** The IPv6 addresses, as "address/length". */
async function list(ctx: ParityContext): Promise<string[]> {
  return (await ctx.addrs({ family: AF_INET6 })).map(({ address, prefixlen }) => `${address}/${prefixlen}`);
}

async function only(ctx: ParityContext): Promise<Addr | undefined> {
  const addrs = await ctx.addrs({ family: AF_INET6 });
  expect(addrs).toHaveLength(1);
  return addrs[0];
}

function add(ctx: ParityContext, request: AddrRequest) {
  return ctx.request(rt.RTM_NEWADDR, NLM_F_CREATE, (writer) => writeAddr(writer, request));
}

/** A pair whose ends make no addresses of their own. */
async function quietPair(ctx: ParityContext): Promise<void> {
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
}

function linkLocal(mac: string | undefined): string {
  return ipv6ToText(linkLocalFromMac(macFromText(mac ?? "") ?? 0));
}

// --- Adding -----------------------------------------------------------------------------------------------------------

parity("an address on a device that is down is tentative, and shows in the kernel's order", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  expect(await only(ctx)).toEqual({
    family: AF_INET6,
    prefixlen: 64,
    headerFlags: ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE,
    scope: rt.RT_SCOPE_UNIVERSE,
    index: 3,
    address: "2001:db8::1",
    flags: ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE,
    lifetime: { preferred: FOREVER, valid: FOREVER },
    attributes: [ia.IFA_ADDRESS, ia.IFA_CACHEINFO, ia.IFA_FLAGS],
  });
});

parity("IFA_F_NODAD leaves duplicate detection out", async (ctx) => {
  await quietPair(ctx);
  await ctx.up("a", "b");
  await ctx.addAddr("2001:db8::1/64", "a", { flags: ia.IFA_F_NODAD });
  expect(await only(ctx)).toMatchObject({ flags: ia.IFA_F_PERMANENT | ia.IFA_F_NODAD });
});

parity("an address is detected not to be a duplicate within seconds of its device coming up", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  await ctx.up("a", "b");
  expect(await only(ctx)).toMatchObject({ flags: ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE });
  await ctx.until(
    async () => (await only(ctx))?.flags === ia.IFA_F_PERMANENT,
    "the end of duplicate detection",
  );
});

parity("an address of the other end is a duplicate, and stays so", async (ctx) => {
  await quietPair(ctx);
  await ctx.up("a", "b");
  await ctx.addAddr("2001:db8::1/64", "b", { flags: ia.IFA_F_NODAD });
  await ctx.addAddr("2001:db8::1/64", "a");
  const failed = ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE | ia.IFA_F_DADFAILED;
  const onA = async () => (await ctx.addrs({ family: AF_INET6, index: 3 }))[0];
  await ctx.until(async () => (await onA())?.flags === failed, "the duplicate to be found");
});

parity("the scope of an address is its own, whatever the header says", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("fe80::1/64", "a", { scope: rt.RT_SCOPE_UNIVERSE });
  await ctx.addAddr("2001:db8::1/64", "a", { scope: rt.RT_SCOPE_HOST });
  const addrs = await ctx.addrs({ family: AF_INET6 });
  expect(addrs.map(({ address, scope }) => [address, scope])).toEqual([
    ["2001:db8::1", rt.RT_SCOPE_UNIVERSE],
    ["fe80::1", rt.RT_SCOPE_LINK],
  ]);
});

parity("a peer's address makes IFA_LOCAL appear", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a", { address: "2001:db8::2" });
  expect(await only(ctx)).toMatchObject({ local: "2001:db8::1", address: "2001:db8::2" });
});

parity("priority and proto are kept", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a", { priority: 42, proto: 9 });
  expect(await only(ctx)).toMatchObject({
    priority: 42,
    proto: 9,
    attributes: [ia.IFA_ADDRESS, ia.IFA_RT_PRIORITY, ia.IFA_CACHEINFO, ia.IFA_FLAGS, ia.IFA_PROTO],
  });
});

parity("lo gets ::1 when it is brought up, and loses it when it is taken down", async (ctx) => {
  await ctx.up("lo");
  expect(await only(ctx)).toMatchObject({
    address: "::1",
    prefixlen: 128,
    scope: rt.RT_SCOPE_HOST,
    flags: ia.IFA_F_PERMANENT,
    proto: ia.IFAPROT_KERNEL_LO,
  });
  await ctx.down("lo");
  expect(await list(ctx)).toEqual([]);
});

// --- Link-local addresses ---------------------------------------------------------------------------------------------

parity("a device makes its link-local address when it has carrier, not when it is up", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  await ctx.link("a");
  expect(await list(ctx)).toEqual([]);
  await ctx.up("b");
  await ctx.until(async () => (await list(ctx)).length === 2, "two link-local addresses");
  const { address } = await ctx.link("a");
  const [addr] = await ctx.addrs({ family: AF_INET6, index: 3 });
  expect(addr).toMatchObject({
    address: linkLocal(address),
    prefixlen: 64,
    scope: rt.RT_SCOPE_LINK,
    flags: ia.IFA_F_PERMANENT | ia.IFA_F_TENTATIVE,
    proto: ia.IFAPROT_KERNEL_LL,
  });
});

parity("addrgenmode none makes no link-local address", async (ctx) => {
  await quietPair(ctx);
  expect(await ctx.link("a")).toMatchObject({ addrgenmode: IN6_ADDR_GEN_MODE_NONE });
  await ctx.up("a", "b");
  await ctx.link("a");
  expect(await list(ctx)).toEqual([]);
});

parity("all addresses of a device go when it is taken down", async (ctx) => {
  await quietPair(ctx);
  await ctx.up("a", "b");
  await ctx.addAddr("2001:db8::1/64", "a", { flags: ia.IFA_F_NODAD });
  await ctx.addAddr("fe80::77/64", "a", { flags: ia.IFA_F_NODAD });
  await ctx.down("a");
  expect(await list(ctx)).toEqual([]);
});

// --- Lifetimes, replacing, deleting -----------------------------------------------------------------------------------

parity("lifetimes count down", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a", { lifetime: { preferred: 1000, valid: 2000 } });
  const addr = await only(ctx);
  expect(addr).toMatchObject({ flags: ia.IFA_F_TENTATIVE });
  expect(addr?.lifetime?.preferred).toBeGreaterThan(990);
  expect(addr?.lifetime?.valid).toBeLessThanOrEqual(2000);
});

parity("a preferred lifetime of 0 deprecates", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a", { lifetime: { preferred: 0, valid: FOREVER } });
  const addr = await only(ctx);
  expect((addr?.flags ?? 0) & ia.IFA_F_DEPRECATED).toBe(ia.IFA_F_DEPRECATED);
});

parity("a lifetime that is none is invalid", async (ctx) => {
  await quietPair(ctx);
  const message = "ipv6: address lifetime invalid";
  for (const lifetime of [
    { preferred: 0, valid: 0 },
    { preferred: 20, valid: 10 },
  ]) {
    await expectError(ctx.addAddr("2001:db8::1/64", "a", { lifetime }), { code: "EINVAL", message });
  }
});

parity("an address that is there already exists, unless NLM_F_REPLACE changes it", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  await expectError(ctx.addAddr("2001:db8::1/64", "a"), {
    code: "EEXIST",
    message: "ipv6: address already assigned",
  });
  await ctx.addAddr("2001:db8::1/64", "a", { priority: 7 }, NLM_F_CREATE | NLM_F_REPLACE);
  expect(await only(ctx)).toMatchObject({ priority: 7 });
});

parity("the same address is on another device too", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  await ctx.addAddr("2001:db8::1/64", "b");
  expect(await list(ctx)).toEqual(["2001:db8::1/64", "2001:db8::1/64"]);
});

parity("an address is deleted with its prefix length, and not without", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  const message = "ipv6: address not found";
  await expectError(ctx.delAddr("2001:db8::1/65", "a"), { code: "EADDRNOTAVAIL", message });
  await expectError(ctx.delAddr("2001:db8::2/64", "a"), { code: "EADDRNOTAVAIL", message });
  await ctx.delAddr("2001:db8::1/64", "a");
  expect(await list(ctx)).toEqual([]);
});

parity("deleting from a device that is not there is refused", async (ctx) => {
  const request = { family: AF_INET6, prefixlen: 64, index: 99, local: "2001:db8::1" };
  const answer = ctx.request(rt.RTM_DELADDR, 0, (writer) => writeAddr(writer, request));
  await expectError(answer, { code: "ENODEV", message: "ipv6: Unable to find the interface" });
});

// --- Errors -----------------------------------------------------------------------------------------------------------

parity("a prefix longer than 128 is invalid", async (ctx) => {
  await quietPair(ctx);
  await expectError(ctx.addAddr("2001:db8::1/129", "a"), {
    code: "EINVAL",
    message: "ipv6: Invalid prefix length",
  });
});

parity("a multicast, unspecified or loopback address is refused", async (ctx) => {
  await quietPair(ctx);
  await expectError(ctx.addAddr("ff02::1/64", "a"), {
    code: "EADDRNOTAVAIL",
    message: 'ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag',
  });
  await expectError(ctx.addAddr("::/64", "a"), { code: "EADDRNOTAVAIL", message: "ipv6: Invalid address" });
  await expectError(ctx.addAddr("::1/128", "a"), {
    code: "EADDRNOTAVAIL",
    message: "ipv6: Cannot assign loopback address on this device",
  });
});

parity("temporary addresses are made of a prefix of 64 bits", async (ctx) => {
  await quietPair(ctx);
  await expectError(ctx.addAddr("2001:db8::1/65", "a", { flags: ia.IFA_F_MANAGETEMPADDR }), {
    code: "EINVAL",
    message: 'ipv6: address with "mngtmpaddr" flag must have a prefix length of 64',
  });
});

parity("an address without IFA_LOCAL and IFA_ADDRESS is invalid", async (ctx) => {
  await quietPair(ctx);
  const answer = add(ctx, { family: AF_INET6, prefixlen: 64, index: 3 });
  await expectError(answer, { code: "EINVAL" });
});

parity("a device that is not there is not found", async (ctx) => {
  const answer = add(ctx, { family: AF_INET6, prefixlen: 64, index: 99, local: "2001:db8::1" });
  await expectError(answer, { code: "ENODEV", message: "ipv6: Unable to find the interface" });
});

parity("four bytes are no IPv6 address", async (ctx) => {
  await quietPair(ctx);
  const answer = add(ctx, { family: AF_INET6, prefixlen: 64, index: 3, local: new Uint8Array(4) });
  await expectError(answer, { code: "ERANGE", message: "Attribute failed policy validation", offset: 24 });
});

parity("an mtu below 1280 leaves no room for IPv6", async (ctx) => {
  await ctx.newLink({ name: "a", mtu: 1279, vethPeer: { name: "b" } });
  await expectError(ctx.addAddr("2001:db8::1/64", "a"), { code: "EINVAL" });
});

// --- Getting and dumping ----------------------------------------------------------------------------------------------

parity("RTM_GETADDR finds one address", async (ctx) => {
  await quietPair(ctx);
  await ctx.addAddr("2001:db8::1/64", "a");
  const request = { family: AF_INET6, address: "2001:db8::1" };
  const { messages } = await ctx.request(rt.RTM_GETADDR, 0, (writer) => writeAddr(writer, request));
  expect(messages.map(readAddr)).toMatchObject([{ address: "2001:db8::1", index: 3, prefixlen: 64 }]);
  const missing = ctx.request(rt.RTM_GETADDR, 0, (writer) =>
    writeAddr(writer, { family: AF_INET6, address: "2001:db8::2" }),
  );
  await expectError(missing, { code: "EADDRNOTAVAIL" });
});

parity(
  "addresses of a device are listed by scope, the widest first, and the latest first within one",
  async (ctx) => {
    await quietPair(ctx);
    await ctx.addAddr("fe80::1/64", "a");
    await ctx.addAddr("2001:db8::1/64", "a");
    await ctx.addAddr("fe80::2/64", "a");
    await ctx.addAddr("2001:db8::2/64", "a");
    expect(await list(ctx)).toEqual(["2001:db8::2/64", "2001:db8::1/64", "fe80::2/64", "fe80::1/64"]);
  },
);

parity("a strict dump takes no values in the header but the index", async (ctx) => {
  const message = "ipv6: Invalid values in header for address dump request";
  await expectError(ctx.addrs({ family: AF_INET6, prefixlen: 64 }), { code: "EINVAL", message });
  await expectError(ctx.addrs({ family: AF_INET6, index: 99 }), { code: "ENODEV" });
});
