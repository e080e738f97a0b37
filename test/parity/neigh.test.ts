// What: neighbours of both families: adding, replacing, deleting, getting, dumping, their states, proxies, errors; and
// resolution between two namespaces.
//
//   a 10.0.0.1/24 ─────── b (in another namespace, 10.0.0.2/24)
//
// Offsets: message header 16, struct ndmsg 12, so the first attribute is at 28, the second (behind an IPv4 address) at 36.
//
// Kernel reference: net/core/neighbour.c (neigh_add, neigh_delete, neigh_get, neigh_dump_info, __neigh_update,
// neigh_fill_info); net/ipv4/arp.c (arp_process); net/ipv6/ndisc.c (ndisc_send_ns, ndisc_recv_ns).
//
// Surprises: before IPv4 has a table, inet_addr_type says broadcast of every address, and so do neighbours. A neighbour
// solicitation that no packet caused is sent from the link-local address, and without one not at all. A new neighbour
// whose state is refused stays behind without a state.

import { setBe16 } from "../../src/bytes/endian.ts";
import { ETH_P_ARP, ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as nd from "../../src/uapi/neighbour.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { NeighRequest } from "./vocabulary.ts";
import { expectError, ipBytes, macBytes, makeFrame, readNeigh, writeNeigh } from "./vocabulary.ts";

const { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } = nl;
const MAC = "02:00:00:00:00:0a";
const MAC2 = "02:00:00:00:00:0b";
const POLICY = "Attribute failed policy validation";
const { NUD_FAILED, NUD_INCOMPLETE, NUD_NOARP, NUD_PERMANENT, NUD_REACHABLE, NUD_STALE } = nd;

/** A pair in one namespace, both ends up; a has index 3. With lo up IPv4 has its tables. */
async function pair(ctx: ParityContext): Promise<void> {
  await ctx.up("lo");
  await ctx.addVeth("a", "b");
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.settle("a", "b");
}

/** The neighbours of both families that are no groups, as "address state". */
async function list(ctx: TestNetns, request: NeighRequest = {}): Promise<string[]> {
  const neighs = await ctx.neighs(request);
  return neighs
    .filter(({ state }) => state !== NUD_NOARP)
    .map(({ dst, lladdr, state }) => [dst, lladdr, `0x${state.toString(16)}`].filter(Boolean).join(" "));
}

// --- Adding -----------------------------------------------------------------------------------------------------------

parity("a neighbour shows with all that is known of it, in the kernel's order", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  expect(await ctx.neighs({ family: AF_INET })).toEqual([
    {
      family: AF_INET,
      index: 3,
      state: NUD_PERMANENT,
      flags: 0,
      type: rt.RTN_UNICAST,
      dst: "10.0.0.2",
      lladdr: MAC,
      probes: 0,
      attributes: [nd.NDA_DST, nd.NDA_LLADDR, nd.NDA_PROBES, nd.NDA_CACHEINFO],
    },
  ]);
});

parity("a neighbour in a namespace without any IPv4 route is of type broadcast", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ type: rt.RTN_BROADCAST, lladdr: MAC });
});

parity("every state that a request may give is kept", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_REACHABLE });
  await ctx.addNeigh("10.0.0.3", "a", { lladdr: MAC, state: NUD_STALE });
  await ctx.addNeigh("10.0.0.4", "a", { lladdr: MAC, state: NUD_NOARP });
  const neighs = await ctx.neighs({ family: AF_INET });
  const states = new Map(neighs.map(({ dst, state, lladdr }) => [dst, [state, lladdr]]));
  expect(states.get("10.0.0.2")).toEqual([NUD_REACHABLE, MAC]);
  expect(states.get("10.0.0.3")).toEqual([NUD_STALE, MAC]);
  expect(states.get("10.0.0.4")).toEqual([NUD_NOARP, MAC]);
});

parity("IPv6 neighbours are neighbours too", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("2001:db8::2", "a", { lladdr: MAC, state: NUD_PERMANENT, flags: nd.NTF_ROUTER });
  const [neigh] = (await ctx.neighs({ family: AF_INET6 })).filter(({ state }) => state === NUD_PERMANENT);
  expect(neigh).toMatchObject({ dst: "2001:db8::2", lladdr: MAC, flags: nd.NTF_ROUTER, index: 3 });
});

parity("a protocol is kept", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT, protocol: 9 });
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ protocol: 9 });
});

parity("a neighbour may be added to a device that is down, and goes when it is taken down", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  await ctx.up("a");
  expect(await list(ctx, { family: AF_INET })).toEqual([`10.0.0.2 ${MAC} 0x80`]);
  await ctx.down("a");
  expect(await list(ctx, { family: AF_INET })).toEqual([]);
});

// --- Existing neighbours ----------------------------------------------------------------------------------------------

parity("a neighbour that is there exists, unless NLM_F_REPLACE changes it", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  const other = { lladdr: MAC2, state: NUD_STALE };
  await expectError(ctx.addNeigh("10.0.0.2", "a", other), { code: "EEXIST" });
  await ctx.addNeigh("10.0.0.2", "a", other, NLM_F_CREATE | NLM_F_REPLACE);
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ lladdr: MAC2, state: NUD_STALE });
});

parity("without NLM_F_REPLACE and NLM_F_EXCL the address of one that is there is kept", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_REACHABLE });
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC2, state: NUD_REACHABLE }, NLM_F_CREATE);
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ lladdr: MAC, state: NUD_REACHABLE });
});

parity("without NLM_F_CREATE a neighbour that is missing is not made", async (ctx) => {
  await pair(ctx);
  await expectError(ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT }, NLM_F_REPLACE), {
    code: "ENOENT",
  });
});

parity("a neighbour is deleted once", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  await ctx.delNeigh("10.0.0.2", "a");
  expect(await list(ctx, { family: AF_INET })).toEqual([]);
  await expectError(ctx.delNeigh("10.0.0.2", "a"), { code: "ENOENT" });
});

// --- Errors -----------------------------------------------------------------------------------------------------------

function add(ctx: ParityContext, request: NeighRequest) {
  return ctx.request(rt.RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeNeigh(writer, request));
}

parity("a neighbour needs an address", async (ctx) => {
  await pair(ctx);
  await expectError(add(ctx, { family: AF_INET, index: 3, lladdr: MAC, state: NUD_PERMANENT }), {
    code: "EINVAL",
    message: "Network address not specified",
  });
  await expectError(
    ctx.request(rt.RTM_DELNEIGH, 0, (writer) => writeNeigh(writer, { family: AF_INET, index: 3 })),
    { code: "EINVAL", message: "Network address not specified" },
  );
});

parity("a neighbour needs a device that is there", async (ctx) => {
  const request = { family: AF_INET, dst: "10.0.0.2", lladdr: MAC, state: NUD_PERMANENT };
  await expectError(add(ctx, { ...request, index: 99 }), { code: "ENODEV" });
  await expectError(add(ctx, request), { code: "EINVAL", message: "Device not specified" });
});

parity("the addresses of a neighbour have their sizes", async (ctx) => {
  await pair(ctx);
  const dst = new Uint8Array(3);
  await expectError(ctx.addNeigh("10.0.0.2", "a", { dst, lladdr: MAC }), {
    code: "EINVAL",
    message: "Invalid network address",
  });
  await expectError(ctx.addNeigh("10.0.0.2", "a", { lladdr: new Uint8Array(5), state: NUD_PERMANENT }), {
    code: "EINVAL",
    message: "Invalid link address",
  });
  await expectError(ctx.addNeigh("10.0.0.2", "a", { lladdr: new Uint8Array(33) }), {
    code: "ERANGE",
    message: POLICY,
    offset: 36,
  });
});

parity("a valid state needs a hardware address", async (ctx) => {
  await pair(ctx);
  for (const [index, state] of [NUD_PERMANENT, NUD_REACHABLE, NUD_STALE, NUD_NOARP].entries()) {
    await expectError(ctx.addNeigh(`10.0.0.${index + 2}`, "a", { state }), {
      code: "EINVAL",
      message: "No link layer address given",
    });
  }
});

parity("a neighbour that was refused its state is there all the same, without one", async (ctx) => {
  await pair(ctx);
  await expectError(ctx.addNeigh("10.0.0.2", "a", { state: NUD_PERMANENT }), {
    code: "EINVAL",
    message: "No link layer address given",
  });
  expect(await list(ctx, { family: AF_INET })).toEqual(["10.0.0.2 0x0"]);
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ state: 0, lladdr: undefined });
});

parity("a family without neighbours is not supported", async (ctx) => {
  await pair(ctx);
  const request = { family: 77, index: 3, dst: "10.0.0.2", lladdr: MAC, state: NUD_PERMANENT };
  await expectError(add(ctx, request), { code: "EAFNOSUPPORT" });
});

parity("a proxy does not keep itself fresh", async (ctx) => {
  await pair(ctx);
  const request = { flags: nd.NTF_PROXY, flagsExt: nd.NTF_EXT_MANAGED };
  await expectError(ctx.addNeigh("10.0.0.2", "a", request), {
    code: "EINVAL",
    message: "Invalid NTF_* flag combination",
  });
});

// --- Getting ----------------------------------------------------------------------------------------------------------

parity("RTM_GETNEIGH of a neighbour that is missing finds none", async (ctx) => {
  await pair(ctx);
  await expectError(ctx.getNeigh("10.0.0.2", "a"), { code: "ENOENT", message: "Neighbour entry not found" });
});

parity("RTM_GETNEIGH needs an address, a device and nothing else", async (ctx) => {
  await pair(ctx);
  const get = (request: NeighRequest) =>
    ctx.request(rt.RTM_GETNEIGH, 0, (writer) => writeNeigh(writer, { family: AF_INET, ...request }));
  await expectError(get({ index: 3 }), { code: "EINVAL", missing: { type: nd.NDA_DST } });
  await expectError(get({ dst: "10.0.0.2" }), { code: "EINVAL", message: "No device specified" });
  await expectError(get({ dst: "10.0.0.2", index: 99 }), {
    code: "ENODEV",
    message: "Unknown device ifindex",
  });
  await expectError(get({ dst: "10.0.0.2", index: 3, state: NUD_STALE }), {
    code: "EINVAL",
    message: "Invalid values in header for neighbor get request",
  });
  await expectError(get({ dst: "10.0.0.2", index: 3, lladdr: MAC }), {
    code: "EINVAL",
    message: "Unsupported attribute in neighbor get request",
  });
  await expectError(get({ dst: new Uint8Array(3), index: 3 }), {
    code: "EINVAL",
    message: "Invalid network address in neighbor get request",
  });
});

// --- Dumping ----------------------------------------------------------------------------------------------------------

parity("a dump filters by device", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_PERMANENT });
  await ctx.addNeigh("10.0.0.3", "b", { lladdr: MAC, state: NUD_PERMANENT });
  const answer = await ctx.client.dump(rt.RTM_GETNEIGH, (writer) =>
    writeNeigh(writer, { family: AF_INET, ifindex: 3 }),
  );
  expect(answer.messages.map((message) => readNeigh(message).dst)).toEqual(["10.0.0.2"]);
  expect(answer.messages.map(({ flags }) => flags)).toEqual([nl.NLM_F_MULTI | nl.NLM_F_DUMP_FILTERED]);
});

parity("a strict dump takes no values in the header", async (ctx) => {
  const message = "Invalid values in header for neighbor dump request";
  await expectError(ctx.neighs({ family: AF_INET, index: 3 }), { code: "EINVAL", message });
  await expectError(ctx.neighs({ family: AF_INET, state: 1 }), { code: "EINVAL", message });
  await expectError(ctx.neighs({ family: AF_INET, type: 1 }), { code: "EINVAL", message });
  await expectError(ctx.neighs({ family: AF_INET, dst: "10.0.0.2" }), {
    code: "EINVAL",
    message: "Unsupported attribute in neighbor dump request",
  });
});

parity("a strict dump of neighbours takes a whole struct ndmsg", async (ctx) => {
  const answer = ctx.dump(rt.RTM_GETNEIGH, (writer) => {
    writer.bytes[writer.reserve(4)] = AF_INET;
  });
  await expectError(answer, { code: "EINVAL", message: "Invalid header for neighbor dump request" });
});

// --- Proxies ----------------------------------------------------------------------------------------------------------

parity("proxies are a list of their own", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.9", "a", { flags: nd.NTF_PROXY });
  expect(await ctx.neighs({ family: AF_INET })).toEqual([]);
  expect(await ctx.neighs({ family: AF_INET, flags: nd.NTF_PROXY })).toEqual([
    {
      family: AF_INET,
      index: 3,
      state: 0,
      flags: nd.NTF_PROXY,
      type: rt.RTN_UNICAST,
      dst: "10.0.0.9",
      attributes: [nd.NDA_DST],
    },
  ]);
  await ctx.delNeigh("10.0.0.9", "a", { flags: nd.NTF_PROXY });
  await expectError(ctx.delNeigh("10.0.0.9", "a", { flags: nd.NTF_PROXY }), { code: "ENOENT" });
});

// --- Resolution -------------------------------------------------------------------------------------------------------

/** A pair to another namespace, both ends up and addressed by both families; a and b have index 2. */
async function connect(ctx: ParityContext): Promise<TestNetns> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: MAC, vethPeer: { name: "b", address: MAC2, netnsFd: red.fd } });
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  await ctx.up("a");
  await ctx.settle("a");
  await red.settle("b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await red.addAddr("10.0.0.2/24", "b");
  await ctx.addReadyAddr("fe80::1/64", "a");
  await red.addReadyAddr("fe80::2/64", "b");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  await red.addReadyAddr("2001:db8::2/64", "b");
  return red;
}

/** An ARP packet. */
function arp(
  operation: number,
  from: [string, string],
  to: [string, string],
  destination: string,
): Uint8Array {
  const frame = makeFrame(destination, from[0], 42, ETH_P_ARP);
  setBe16(frame, 14, 1);
  setBe16(frame, 16, ETH_P_IP);
  frame[18] = 6;
  frame[19] = 4;
  setBe16(frame, 20, operation);
  frame.set(macBytes(from[0]), 22);
  frame.set(ipBytes(from[1]), 28);
  frame.set(macBytes(to[0]), 32);
  frame.set(ipBytes(to[1]), 38);
  return frame;
}

const NOBODY = "00:00:00:00:00:00";
const EVERYBODY = "ff:ff:ff:ff:ff:ff";

parity(
  "an ARP request for an address of this host is answered, and its sender learnt as stale",
  async (ctx) => {
    const red = await connect(ctx);
    const port = await red.openPacket("b", ETH_P_ARP);
    port.send(arp(1, [MAC2, "10.0.0.2"], [NOBODY, "10.0.0.1"], EVERYBODY));
    const { bytes } = await port.receive();
    expect(bytes).toEqual(arp(2, [MAC, "10.0.0.1"], [MAC2, "10.0.0.2"], MAC2));
    expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ lladdr: MAC2, state: NUD_STALE });
  },
);

parity("an ARP request for another's address is not answered, nor its sender learnt", async (ctx) => {
  const red = await connect(ctx);
  const port = await red.openPacket("b", ETH_P_ARP);
  port.send(arp(1, [MAC2, "10.0.0.2"], [NOBODY, "10.0.0.77"], EVERYBODY));
  port.send(arp(1, [MAC2, "10.0.0.2"], [NOBODY, "10.0.0.1"], EVERYBODY));
  const { bytes } = await port.receive();
  expect(bytes.subarray(28, 32)).toEqual(ipBytes("10.0.0.1"));
});

parity("a neighbour that NTF_USE asks for is resolved", async (ctx) => {
  const red = await connect(ctx);
  const port = await red.openPacket("b", ETH_P_ARP);
  await ctx.addNeigh("10.0.0.2", "a", { flags: nd.NTF_USE }, NLM_F_CREATE);
  const { bytes } = await port.receive();
  expect(bytes).toEqual(arp(1, [MAC, "10.0.0.1"], [NOBODY, "10.0.0.2"], EVERYBODY));
  await ctx.until(async () => (await ctx.getNeigh("10.0.0.2", "a")).state === NUD_REACHABLE, "resolution");
  expect(await ctx.getNeigh("10.0.0.2", "a")).toMatchObject({ lladdr: MAC2, state: NUD_REACHABLE });
});

parity(
  "an IPv6 neighbour that NTF_USE asks for is resolved, and learns the asker's link-local address",
  async (ctx) => {
    const red = await connect(ctx);
    await ctx.addNeigh("2001:db8::2", "a", { flags: nd.NTF_USE }, NLM_F_CREATE);
    await ctx.until(
      async () => (await ctx.getNeigh("2001:db8::2", "a")).state === NUD_REACHABLE,
      "resolution",
    );
    expect(await ctx.getNeigh("2001:db8::2", "a")).toMatchObject({ lladdr: MAC2, state: NUD_REACHABLE });
    expect(await red.getNeigh("fe80::1", "b")).toMatchObject({ lladdr: MAC });
  },
);

parity("a neighbour that does not answer is incomplete for three probes, then failed", async (ctx) => {
  await connect(ctx);
  await ctx.addNeigh("10.0.0.99", "a", { flags: nd.NTF_USE }, NLM_F_CREATE);
  expect(await ctx.getNeigh("10.0.0.99", "a")).toMatchObject({ state: NUD_INCOMPLETE });
  await ctx.until(async () => (await ctx.getNeigh("10.0.0.99", "a")).state === NUD_FAILED, "failure");
  expect(await ctx.getNeigh("10.0.0.99", "a")).toMatchObject({ state: NUD_FAILED, lladdr: undefined });
});

parity("a failed neighbour is told in a dump only when it is asked for", async (ctx) => {
  await pair(ctx);
  await ctx.addNeigh("10.0.0.2", "a", { lladdr: MAC, state: NUD_STALE });
  await ctx.addNeigh("10.0.0.2", "a", { state: NUD_FAILED }, NLM_F_CREATE | NLM_F_REPLACE);
  expect(await list(ctx, { family: AF_INET })).toEqual(["10.0.0.2 0x20"]);
});
