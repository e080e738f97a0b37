// What: IPv4 addresses: adding, replacing, deleting, dumping, their labels, lifetimes, primaries and secondaries, errors.
//
//   a ─────── b     both in one namespace, down unless a body says otherwise
//
// Offsets: message header 16, struct ifaddrmsg 8, so the first attribute is at 24, the second (behind 4 bytes of address)
// at 32, the third at 40.
//
// Kernel reference: net/ipv4/devinet.c (inet_rtm_newaddr, rtm_to_ifaddr, __inet_insert_ifa, __inet_del_ifa,
// inet_dump_ifaddr, inet_fill_ifaddr).
//
// Surprises: every text of this file carries the prefix "ipv4: ". A deprecated address without end shows a preferred
// lifetime without end too. With a primary its secondaries go (net.ipv4.conf.*.promote_secondaries is 0 in a fresh
// namespace).

import { IFF_UP } from "../../src/uapi/if.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { NLM_F_CREATE, NLM_F_DUMP_FILTERED, NLM_F_MULTI, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTM_GETADDR,
  RTM_NEWADDR,
} from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { Addr, AddrRequest } from "./vocabulary.ts";
import { expectError, FOREVER, writeAddr } from "./vocabulary.ts";

/** The IPv4 addresses, as "address/length" and whether they are secondary. */
async function list(ctx: ParityContext): Promise<string[]> {
  const addrs = await ctx.addrs({ family: AF_INET });
  return addrs.map(({ local, prefixlen, headerFlags }) => {
    return `${local}/${prefixlen}${(headerFlags & ia.IFA_F_SECONDARY) === 0 ? "" : " secondary"}`;
  });
}

async function only(ctx: ParityContext): Promise<Addr | undefined> {
  const addrs = await ctx.addrs({ family: AF_INET });
  expect(addrs).toHaveLength(1);
  return addrs[0];
}

function add(ctx: ParityContext, request: AddrRequest) {
  return ctx.request(RTM_NEWADDR, NLM_F_CREATE, (writer) => writeAddr(writer, request));
}

// --- Adding -----------------------------------------------------------------------------------------------------------

parity("an address shows with all that is known of it, in the kernel's order", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  expect(await only(ctx)).toEqual({
    family: AF_INET,
    prefixlen: 24,
    headerFlags: ia.IFA_F_PERMANENT,
    scope: RT_SCOPE_UNIVERSE,
    index: 3,
    address: "10.0.0.1",
    local: "10.0.0.1",
    broadcast: undefined,
    label: "a",
    flags: ia.IFA_F_PERMANENT,
    lifetime: { preferred: FOREVER, valid: FOREVER },
    attributes: [ia.IFA_ADDRESS, ia.IFA_LOCAL, ia.IFA_LABEL, ia.IFA_FLAGS, ia.IFA_CACHEINFO],
  });
});

parity("broadcast, scope, label, priority and proto are kept", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", {
    broadcast: "10.0.0.255",
    scope: RT_SCOPE_LINK,
    label: "a:1",
    priority: 42,
    proto: 9,
  });
  expect(await only(ctx)).toMatchObject({
    scope: RT_SCOPE_LINK,
    broadcast: "10.0.0.255",
    label: "a:1",
    priority: 42,
    proto: 9,
    attributes: [
      ia.IFA_ADDRESS,
      ia.IFA_LOCAL,
      ia.IFA_BROADCAST,
      ia.IFA_LABEL,
      ia.IFA_PROTO,
      ia.IFA_FLAGS,
      ia.IFA_RT_PRIORITY,
      ia.IFA_CACHEINFO,
    ],
  });
});

parity("without a broadcast address none is made up", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  expect((await only(ctx))?.broadcast).toBeUndefined();
});

parity("without IFA_ADDRESS the local address stands for it", async (ctx) => {
  await ctx.addVeth("a", "b");
  await add(ctx, { family: AF_INET, prefixlen: 24, index: 3, local: "10.0.0.1" });
  expect(await only(ctx)).toMatchObject({ local: "10.0.0.1", address: "10.0.0.1" });
});

parity("a peer's address is kept apart from the local one", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/32", "a", { address: "10.9.9.9" });
  expect(await only(ctx)).toMatchObject({ local: "10.0.0.1", address: "10.9.9.9", prefixlen: 32 });
});

parity("lo has no address until it is brought up", async (ctx) => {
  expect(await ctx.addrs()).toEqual([]);
  await ctx.up("lo");
  expect(await ctx.addrs({ family: AF_INET })).toMatchObject([
    { local: "127.0.0.1", address: "127.0.0.1", prefixlen: 8, scope: RT_SCOPE_HOST, label: "lo", index: 1 },
  ]);
});

parity("127.0.0.1 stays when lo is taken down", async (ctx) => {
  await ctx.up("lo");
  await ctx.down("lo");
  expect(await list(ctx)).toEqual(["127.0.0.1/8"]);
});

parity("an address stays when its device is taken down, and goes with it", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.up("a");
  await ctx.down("a");
  expect(await list(ctx)).toEqual(["10.0.0.1/24"]);
  await ctx.delLink({ name: "b" });
  expect(await list(ctx)).toEqual([]);
});

parity("the same address may be on two devices", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.1/24", "b");
  expect((await ctx.addrs({ family: AF_INET })).map(({ index }) => index)).toEqual([2, 3]);
});

parity("a prefix of any length from 0 to 32 is taken", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/0", "a");
  await ctx.addAddr("10.0.0.2/31", "a");
  expect(await list(ctx)).toEqual(["10.0.0.1/0", "10.0.0.2/31"]);
});

// --- Flags and lifetimes ----------------------------------------------------------------------------------------------

parity("IFA_FLAGS counts over the header's flags", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", { headerFlags: ia.IFA_F_HOMEADDRESS, flags: ia.IFA_F_NOPREFIXROUTE });
  expect(await only(ctx)).toMatchObject({
    headerFlags: ia.IFA_F_PERMANENT,
    flags: ia.IFA_F_PERMANENT | ia.IFA_F_NOPREFIXROUTE,
  });
});

parity("a lifetime takes the place of permanence", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", { lifetime: { preferred: 1000, valid: 2000 } });
  const addr = await only(ctx);
  expect(addr).toMatchObject({ flags: 0 });
  expect(addr?.lifetime?.preferred).toBeGreaterThan(990);
  expect(addr?.lifetime?.preferred).toBeLessThanOrEqual(1000);
  expect(addr?.lifetime?.valid).toBeGreaterThan(1990);
});

parity("a preferred lifetime of 0 deprecates", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", { lifetime: { preferred: 0, valid: FOREVER } });
  expect(await only(ctx)).toMatchObject({
    flags: ia.IFA_F_PERMANENT | ia.IFA_F_DEPRECATED,
    lifetime: { preferred: FOREVER, valid: FOREVER },
  });
});

parity("an address goes when its lifetime ends", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", { lifetime: { preferred: 1, valid: 1 } });
  await ctx.addAddr("10.0.0.2/24", "a", { lifetime: { preferred: 900, valid: 900 } });
  await ctx.until(async () => (await list(ctx)).length === 0, "the primary, and its secondary with it");
});

parity("a valid lifetime of 0, or one shorter than the preferred, is invalid", async (ctx) => {
  await ctx.addVeth("a", "b");
  const message = "ipv4: address lifetime invalid";
  for (const lifetime of [
    { preferred: 0, valid: 0 },
    { preferred: 20, valid: 10 },
  ]) {
    await expectError(ctx.addAddr("10.0.0.1/24", "a", { lifetime }), { code: "EINVAL", message });
  }
});

// --- Primary and secondary --------------------------------------------------------------------------------------------

parity("further addresses of a subnet are secondary, those of another are not", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.2/24", "a");
  await ctx.addAddr("10.0.1.1/24", "a");
  await ctx.addAddr("10.0.0.3/25", "a");
  expect(await list(ctx)).toEqual(["10.0.0.1/24", "10.0.1.1/24", "10.0.0.3/25", "10.0.0.2/24 secondary"]);
});

parity("with the primary its secondaries go", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.2/24", "a");
  await ctx.addAddr("10.0.0.3/24", "a");
  await ctx.delAddr("10.0.0.1/24", "a");
  expect(await list(ctx)).toEqual([]);
});

parity("a secondary goes alone", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.2/24", "a");
  await ctx.delAddr("10.0.0.2/24", "a");
  expect(await list(ctx)).toEqual(["10.0.0.1/24"]);
});

parity("addresses of one subnet have one scope", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await expectError(ctx.addAddr("10.0.0.2/24", "a", { scope: RT_SCOPE_LINK }), {
    code: "EINVAL",
    message: "ipv4: Invalid scope value",
  });
});

parity("addresses of a device are kept in the order of their scopes, the narrowest first", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.1.1/24", "a", { scope: RT_SCOPE_HOST });
  await ctx.addAddr("10.0.2.1/24", "a", { scope: RT_SCOPE_LINK });
  await ctx.addAddr("10.0.3.1/24", "a");
  expect(await list(ctx)).toEqual(["10.0.1.1/24", "10.0.2.1/24", "10.0.0.1/24", "10.0.3.1/24"]);
});

// --- Replacing and deleting -------------------------------------------------------------------------------------------

parity("an address that is there already exists", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  const message = "ipv4: Address already assigned";
  await expectError(ctx.addAddr("10.0.0.1/24", "a"), { code: "EEXIST", message });
  await expectError(ctx.addAddr("10.0.0.1/24", "a", {}, NLM_F_CREATE), { code: "EEXIST", message });
});

parity("NLM_F_REPLACE changes lifetimes and flags of the address that is there", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a", { broadcast: "10.0.0.255" });
  const lifetime = { preferred: 500, valid: 600 };
  await ctx.addAddr("10.0.0.1/24", "a", { lifetime, priority: 7 }, NLM_F_CREATE | NLM_F_REPLACE);
  expect(await only(ctx)).toMatchObject({ flags: 0, priority: 7, broadcast: "10.0.0.255", label: "a" });
});

parity("an address is deleted by address and prefix, by label, or by device alone", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await expectError(ctx.delAddr("10.0.0.1/25", "a"), {
    code: "EADDRNOTAVAIL",
    message: "ipv4: Address not found",
  });
  await ctx.delAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.1.1/24", "a", { label: "a:x" });
  await ctx.request(RTM_NEWADDR + 1, 0, (writer) =>
    writeAddr(writer, { family: AF_INET, index: 3, label: "a:x" }),
  );
  await ctx.addAddr("10.0.2.1/24", "a");
  await ctx.request(RTM_NEWADDR + 1, 0, (writer) => writeAddr(writer, { family: AF_INET, index: 3 }));
  expect(await list(ctx)).toEqual([]);
});

parity("what is not there cannot be deleted", async (ctx) => {
  await ctx.addVeth("a", "b");
  const message = "ipv4: Address not found";
  await expectError(ctx.delAddr("10.0.0.1/24", "a"), { code: "EADDRNOTAVAIL", message });
  await expectError(
    ctx.request(RTM_NEWADDR + 1, 0, (writer) => writeAddr(writer, { family: AF_INET, index: 99 })),
    { code: "ENODEV", message: "ipv4: Device not found" },
  );
});

// --- Errors -----------------------------------------------------------------------------------------------------------

parity("a prefix longer than 32 is invalid", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.addAddr("10.0.0.1/33", "a"), {
    code: "EINVAL",
    message: "ipv4: Invalid prefix length",
  });
});

parity("an address without IFA_LOCAL is invalid", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(add(ctx, { family: AF_INET, prefixlen: 24, index: 3, address: "10.0.0.1" }), {
    code: "EINVAL",
    message: "ipv4: Local address is not supplied",
  });
});

parity("an address without a device, or of one that is not there, is refused", async (ctx) => {
  const message = "ipv4: Device not found";
  await expectError(add(ctx, { family: AF_INET, prefixlen: 24, local: "10.0.0.1" }), {
    code: "ENODEV",
    message,
  });
  await expectError(add(ctx, { family: AF_INET, prefixlen: 24, index: 99, local: "10.0.0.1" }), {
    code: "ENODEV",
    message,
  });
});

parity("an address of the wrong size fails the policy", async (ctx) => {
  await ctx.addVeth("a", "b");
  const local = new Uint8Array(3);
  await expectError(add(ctx, { family: AF_INET, prefixlen: 24, index: 3, local }), {
    code: "ERANGE",
    message: "Attribute failed policy validation",
    offset: 24,
  });
});

parity("a label of 16 bytes fails the policy", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.addAddr("10.0.0.1/24", "a", { label: "abcdefghijklmnop" }), {
    code: "ERANGE",
    message: "Attribute failed policy validation",
    offset: 40,
  });
});

parity("the family of an address must be one that has addresses", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(add(ctx, { family: 77, prefixlen: 24, index: 3, local: "10.0.0.1" }), {
    code: "EOPNOTSUPP",
  });
  await expectError(add(ctx, { family: 0, prefixlen: 24, index: 3, local: "10.0.0.1" }), {
    code: "EOPNOTSUPP",
  });
});

parity("a request shorter than struct ifaddrmsg is invalid", async (ctx) => {
  const answer = ctx.request(RTM_NEWADDR, NLM_F_CREATE, (writer) => {
    writer.bytes[writer.reserve(4)] = AF_INET;
  });
  await expectError(answer, { code: "EINVAL", message: "Invalid header length" });
});

parity("RTM_GETADDR of one IPv4 address is not supported", async (ctx) => {
  await ctx.up("lo");
  const answer = ctx.request(RTM_GETADDR, 0, (writer) => writeAddr(writer, { family: AF_INET, index: 1 }));
  await expectError(answer, { code: "EOPNOTSUPP" });
});

// --- Dumping ----------------------------------------------------------------------------------------------------------

parity("a dump goes by device, then by the order the kernel keeps", async (ctx) => {
  await ctx.up("lo");
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.1.1/24", "b");
  expect(await list(ctx)).toEqual(["127.0.0.1/8", "10.0.1.1/24", "10.0.0.1/24"]);
});

parity("a strict dump of one device finds its addresses and says it is filtered", async (ctx) => {
  await ctx.up("lo");
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  const answer = await ctx.client.dump(RTM_GETADDR, (writer) =>
    writeAddr(writer, { family: AF_INET, index: 3 }),
  );
  expect(answer.messages.map(({ flags }) => flags)).toEqual([NLM_F_MULTI | NLM_F_DUMP_FILTERED]);
});

parity("a strict dump of a device that is not there is refused", async (ctx) => {
  await expectError(ctx.addrs({ family: AF_INET, index: 99 }), { code: "ENODEV" });
});

parity("a strict dump of addresses takes no other values", async (ctx) => {
  const message = "ipv4: Invalid values in header for address dump request";
  await expectError(ctx.addrs({ family: AF_INET, prefixlen: 24 }), { code: "EINVAL", message });
  await expectError(ctx.addrs({ family: AF_INET, scope: 1 }), { code: "EINVAL", message });
  await expectError(ctx.addrs({ family: AF_INET, headerFlags: 1 }), { code: "EINVAL", message });
  await expectError(ctx.addrs({ family: AF_INET, label: "x" }), {
    code: "EINVAL",
    message: "ipv4: Unsupported attribute in dump request",
  });
});

parity("a strict dump of addresses takes a whole struct ifaddrmsg", async (ctx) => {
  const answer = ctx.dump(RTM_GETADDR, (writer) => {
    writer.bytes[writer.reserve(4)] = AF_INET;
  });
  await expectError(answer, { code: "EINVAL", message: "ipv4: Invalid header for address dump request" });
});

parity("a dump of all families holds IPv4 before IPv6", async (ctx) => {
  await ctx.up("lo");
  const families = (await ctx.addrs()).map(({ family }) => family);
  expect(families).toEqual([AF_INET, AF_INET6]);
});

parity("IFF_UP is no condition for an address", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addAddr("10.0.0.1/24", "a");
  expect((await ctx.link("a")).flags & IFF_UP).toBe(0);
});
