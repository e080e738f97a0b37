// What: which questions and answers about groups count, for a host and for a bridge that snoops: RFC 3810 5.1.14 and 6.2 (a
// link-local source, hop limit 1, router alert), RFC 3376 4.1.12 and 6.1, RFC 4541 2.1.
//
//   a ─────── b, where a packet socket plays the router                    br ── p ─────── e, and q ─────── f
//
// Kernel reference: net/ipv6/mcast.c (__mld_query_work), net/ipv4/igmp.c (igmp_heard_query), net/ipv6/mcast_snoop.c,
// net/ipv4/igmp.c (ip_mc_check_igmp), net/bridge/br_multicast.c.
//
// Surprises: a bridge asks for neither router alert nor hop limit, only for some hop-by-hop header; IGMP's router alert and TTL
// nobody asks for. A packet without payload, and a question that is not as it must be, go no further in a bridge.

import { checksum } from "../../src/bytes/checksum.ts";
import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import { IFINFOMSG_SIZE, RTM_GETLINK } from "../../src/uapi/rtnetlink.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const ETHER = 14;
const GROUP6 = "ff05::1:3";
const GROUP4 = "239.1.2.3";

/** A question by MLD, as RFC 3810 has it but for what is said here. */
interface Question6 {
  readonly source?: string;
  readonly to?: string;
  readonly hopLimit?: number;
  /** The extension headers between IPv6 and ICMPv6, as hexadecimal text, and the number of the first. */
  readonly headers?: string;
  readonly first?: number;
  readonly group?: string;
  readonly sources?: number;
  /** Bytes of the message. */
  readonly size?: number;
}

const routerAlert = "3a00050200000100";

function query6(question: Question6): Uint8Array {
  const { source = "fe80::b", to = "ff02::1", hopLimit = 1, headers = routerAlert, group = "::" } = question;
  const { first = 0, size = 28, sources = 0 } = question;
  const extensions = Buffer.from(headers, "hex");
  const at = ETHER + 40 + extensions.length;
  const frame = new Uint8Array(at + size);
  frame.set([0x33, 0x33, ...ipBytes(to).subarray(12)]);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  setBe32(frame, ETHER, 0x6000_0000);
  setBe16(frame, ETHER + 4, extensions.length + size);
  frame[ETHER + 6] = first;
  frame[ETHER + 7] = hopLimit;
  frame.set(ipBytes(source), ETHER + 8);
  frame.set(ipBytes(to), ETHER + 24);
  frame.set(extensions, ETHER + 40);
  if (size > 8) frame.set(ipBytes(group).subarray(0, size - 8), at + 8);
  if (size >= 28) setBe16(frame, at + 26, sources);
  // 10 milliseconds to answer in.
  if (size > 0) writeIcmpv6(frame, at, frame.length, ETHER, 130, 0, 10 * 0x1_0000);
  return frame;
}

/** A question by IGMPv3, or of `size` bytes, as RFC 3376 has it but for what is said here. */
interface Question4 {
  readonly to?: string;
  readonly source?: string;
  readonly ttl?: number;
  readonly hasAlert?: boolean;
  readonly group?: string;
  readonly sources?: number;
  readonly size?: number;
  readonly isSummed?: boolean;
}

function query4(question: Question4): Uint8Array {
  const { to = "224.0.0.1", source = "10.0.0.2", ttl = 1, hasAlert = true, group = "0.0.0.0" } = question;
  const { isSummed = true, size = 12, sources = 0 } = question;
  const at = ETHER + (hasAlert ? 24 : 20);
  const frame = new Uint8Array(at + size);
  frame.set([0x01, 0x00, 0x5e, ...ipBytes(to).subarray(1)]);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IP);
  frame.set([hasAlert ? 0x46 : 0x45, 0xc0], ETHER);
  setBe16(frame, ETHER + 2, frame.length - ETHER);
  frame.set([ttl, 2], ETHER + 8);
  frame.set(ipBytes(source), ETHER + 12);
  frame.set(ipBytes(to), ETHER + 16);
  if (hasAlert) setBe32(frame, ETHER + 20, 0x9404_0000);
  updateIpv4Checksum(frame, ETHER);
  frame.set([0x11, 1], at);
  frame.set(ipBytes(group), at + 4);
  if (size >= 12) setBe16(frame, at + 10, sources);
  setBe16(frame, at + 2, checksum(frame, at, frame.length) ^ (isSummed ? 0 : 1));
  return frame;
}

// --- A host --------------------------------------------------------------------------------------------------------------

/** A host in a group of each family, whose reports of joining are over. */
async function joined(ctx: ParityContext): Promise<{ port: PacketPort; answers: () => Promise<number> }> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: A, vethPeer: { name: "b", address: B, netnsFd: red.fd } });
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  const port = await red.openPacket("b");
  await ctx.up("a");
  await ctx.settle("a");
  await ctx.addReadyAddr("fe80::a/64", "a");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr(`${GROUP6}/128`, "a", { flags: ia.IFA_F_MCAUTOJOIN | ia.IFA_F_NODAD });
  await ctx.addAddr(`${GROUP4}/32`, "a", { flags: ia.IFA_F_MCAUTOJOIN });
  await ctx.sleep(2_500);
  let heard = 0;
  void (async () => {
    for (;;) {
      const { bytes } = await port.receive();
      const text = toHex(bytes);
      if (text.includes("ff050000000000000000000000010003") || text.includes("ef010203")) heard++;
    }
  })();
  // The socket hears what it has sent, too, unless that names no group.
  const answers = async (): Promise<number> => {
    heard = 0;
    await ctx.sleep(200);
    return heard;
  };
  return { port, answers };
}

parity("a host answers questions by MLD that come from its link, alone", async (ctx) => {
  const { port, answers } = await joined(ctx);
  const isAnswered = async (question: Question6): Promise<boolean> => {
    port.send(query6(question));
    return (await answers()) > 0;
  };
  expect({
    asTheyMustBe: await isAnswered({}),
    withoutHeader: await isAnswered({ headers: "", first: 58 }),
    withoutAlert: await isAnswered({ headers: "3a00010400000000" }),
    alertOfAnother: await isAnswered({ headers: "3a00050200010100" }),
    fromAfar: await isAnswered({ hopLimit: 64 }),
    fromGlobal: await isAnswered({ source: "2001:db8::b" }),
    fromNobody: await isAnswered({ source: "::" }),
    forNoGroup: await isAnswered({ group: "2001:db8::1" }),
    between: await isAnswered({ size: 26 }),
    forAllWithSources: await isAnswered({ size: 44, sources: 1 }),
    sourcesMissing: await isAnswered({ group: GROUP6, to: GROUP6, sources: 2 }),
    again: await isAnswered({}),
  }).toEqual({
    asTheyMustBe: true,
    withoutHeader: false,
    withoutAlert: false,
    alertOfAnother: false,
    fromAfar: false,
    fromGlobal: false,
    fromNobody: false,
    forNoGroup: false,
    between: false,
    forAllWithSources: false,
    sourcesMissing: false,
    again: true,
  });
});

parity("a host answers questions by IGMP that are whole", async (ctx) => {
  const { port, answers } = await joined(ctx);
  const isAnswered = async (question: Question4): Promise<boolean> => {
    port.send(query4(question));
    return (await answers()) > 0;
  };
  expect({
    asTheyMustBe: await isAnswered({}),
    withoutAlert: await isAnswered({ hasAlert: false }),
    fromAfar: await isAnswered({ ttl: 64 }),
    badSum: await isAnswered({ isSummed: false }),
    between: await isAnswered({ size: 10 }),
    forAllWithSources: await isAnswered({ size: 16, sources: 1 }),
    again: await isAnswered({}),
  }).toEqual({
    asTheyMustBe: true,
    withoutAlert: true,
    fromAfar: true,
    badSum: false,
    between: false,
    forAllWithSources: false,
    again: true,
  });
});

// --- A bridge ------------------------------------------------------------------------------------------------------------

/** What becomes of questions in a bridge: whether each is forwarded, and heeded. */
async function inBridge(
  ctx: ParityContext,
  family: 4 | 6,
  questions: Readonly<Record<string, (number: number) => Uint8Array>>,
): Promise<Record<string, string>> {
  await ctx.newLink({ name: "br", info: { kind: "bridge" } });
  await ctx.addVeth("p", "e");
  await ctx.addVeth("q", "f");
  await ctx.quiet("br", "p", "e", "q", "f");
  for (const name of ["p", "q"]) await ctx.setLink({ name, master: await ctx.index("br") });
  await ctx.up("e", "f", "p", "q", "br");
  await ctx.settle("e", "f", "p", "q", "br");
  const [from, to] = [await ctx.openPacket("e"), await ctx.openPacket("f")];
  // What the bridge itself would ask at its start is over.
  await ctx.sleep(500);
  let forwarded = 0;
  const type = family === 4 ? ETH_P_IP : ETH_P_IPV6;
  void (async () => {
    for (;;) {
      const { bytes } = await to.receive();
      if ((bytes[12] ?? 0) * 256 + (bytes[13] ?? 0) === type && toHex(bytes, 6, 12) === "02000000000b")
        forwarded++;
    }
  })();
  const seen: Record<string, string> = {};
  // Each comes from a lower address than the one before, so that it would be the querier.
  let number = 99;
  for (const [name, make] of Object.entries(questions)) {
    forwarded = 0;
    from.send(make(--number));
    await ctx.sleep(60);
    const isHeeded = (await querier(ctx, family)) === number;
    seen[name] = `${forwarded > 0 ? "forwarded" : "dropped"}${isHeeded ? ", heeded" : ""}`;
  }
  return seen;
}

/** The last byte of the querier's address, in decimal digits. */
async function querier(ctx: ParityContext, family: 4 | 6): Promise<number> {
  const messages = await ctx.dump(RTM_GETLINK, (writer) => void writer.reserve(IFINFOMSG_SIZE));
  const type = family === 4 ? mdb.BRIDGE_QUERIER_IP_ADDRESS : mdb.BRIDGE_QUERIER_IPV6_ADDRESS;
  const address = messages
    .flatMap(
      (message) => message.attribute(link.IFLA_LINKINFO, IFINFOMSG_SIZE)?.child(link.IFLA_INFO_DATA) ?? [],
    )
    .flatMap((data) => data.child(link.IFLA_BR_MCAST_QUERIER_STATE)?.child(type) ?? [])[0]
    ?.copy();
  return Number(toHex(Uint8Array.of(address?.at(-1) ?? 0)));
}

const from6 = (number: number): string => `fe80::${number}`;

parity("a bridge heeds questions by MLD from the link with any hop-by-hop header", async (ctx) => {
  const ask =
    (more: Question6 = {}) =>
    (number: number): Uint8Array =>
      query6({ source: from6(number), ...more });
  expect(
    await inBridge(ctx, 6, {
      asTheyMustBe: ask(),
      version1: ask({ size: 24 }),
      withoutHeader: ask({ headers: "", first: 58 }),
      withoutAlert: ask({ headers: "3a00010400000000" }),
      withAnotherHeader: ask({ headers: `3c00050200000100${"3a00010400000000"}` }),
      fromAfar: ask({ hopLimit: 64 }),
      fromGlobal: (number) => query6({ source: `2001:db8::${number}` }),
      fromNobody: ask({ source: "::" }),
      toAnotherGroup: ask({ to: "ff02::2" }),
      between: ask({ size: 26 }),
      tooShort: ask({ size: 8 }),
      noPayload: ask({ headers: "", first: 59, size: 0 }),
      noNext: ask({ headers: "3b00010400000000" }),
      again: ask(),
    }),
  ).toEqual({
    asTheyMustBe: "forwarded, heeded",
    version1: "forwarded, heeded",
    withoutHeader: "forwarded",
    withoutAlert: "forwarded, heeded",
    withAnotherHeader: "forwarded, heeded",
    fromAfar: "forwarded, heeded",
    fromGlobal: "dropped",
    fromNobody: "dropped",
    toAnotherGroup: "dropped",
    between: "dropped",
    tooShort: "forwarded",
    noPayload: "dropped",
    noNext: "dropped",
    again: "forwarded, heeded",
  });
});

parity("a bridge heeds questions by IGMP that are whole", async (ctx) => {
  const ask =
    (more: Question4 = {}) =>
    (number: number): Uint8Array =>
      query4({ source: `10.0.0.${Number.parseInt(String(number), 16)}`, ...more });
  expect(
    await inBridge(ctx, 4, {
      asTheyMustBe: ask(),
      version2: ask({ size: 8 }),
      withoutAlert: ask({ hasAlert: false }),
      fromAfar: ask({ ttl: 64 }),
      toAnotherGroup: ask({ to: "224.0.0.2" }),
      badSum: ask({ isSummed: false }),
      between: ask({ size: 10 }),
      again: ask(),
    }),
  ).toEqual({
    asTheyMustBe: "forwarded, heeded",
    version2: "forwarded, heeded",
    withoutAlert: "forwarded, heeded",
    fromAfar: "forwarded, heeded",
    toAnotherGroup: "dropped",
    badSum: "dropped",
    between: "dropped",
    again: "forwarded, heeded",
  });
});
