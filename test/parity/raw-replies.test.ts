// What: what rtnetlink answers about addresses, routes, neighbours, rules, namespace ids, statistics, queueing disciplines and
// settings is the kernel's byte for byte: datagram by datagram, attribute by attribute, with flags, lengths and padding,
// refusals with their extended acknowledgements too.
//
// As raw-link.test.ts this takes no expectation from its author: the same bytes are sent on the live kernel and on a machine of
// ours, and what both answer is compared. What cannot be the same is listed in `EXCEPTIONS`.
//
// Source: the live kernel.

import { expect, test } from "vitest";
import { getS32, getU32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { attributes } from "../../src/netlink/attribute.ts";
import type { Message } from "../../src/netlink/message.ts";
import { messages, NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IFA_CACHEINFO } from "../../src/uapi/if_addr.ts";
import { NDA_CACHEINFO, NTF_PROXY } from "../../src/uapi/neighbour.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET, AF_INET6, AF_UNSPEC } from "../../src/uapi/socket.ts";
import { ParityContext } from "./context.ts";
import { canMakeNamespaces } from "./kernel-child.ts";
import type { RawSocket } from "./raw.ts";
import { makeMessage } from "./raw.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";
import type { Target } from "./targets.ts";
import * as words from "./vocabulary.ts";

/** Bytes in front of the attributes, by the family of message types ((type - RTM_BASE) / 4). */
const HEADER_SIZES: Readonly<Record<number, number>> = {
  0: 16, // link
  1: 8, // address
  2: 12, // route
  3: 12, // neighbour
  4: 12, // rule
  5: 20, // queueing discipline
  16: 4, // settings
  18: 4, // namespace id
  19: 12, // statistics
  22: 8, // next hop object
};

/** Payload bytes that no two runs have in common: message type, attribute, first and last byte. */
const EXCEPTIONS: readonly (readonly [
  type: number,
  attribute: number,
  from: number,
  to: number,
  why: string,
])[] = [
  [rt.RTM_NEWADDR, IFA_CACHEINFO, 8, 16, "when it was made and changed"],
  [rt.RTM_NEWNEIGH, NDA_CACHEINFO, 0, 12, "how long ago it was used, confirmed, updated"],
  [rt.RTM_NEWROUTE, rt.RTA_CACHEINFO, 0, 8, "how many hold a cached route, and how long ago it was used"],
];

const DUMP = nl.NLM_F_REQUEST | nl.NLM_F_DUMP;

/** Whole datagrams that a test sends, each with a name. */
type Questions = (ctx: ParityContext) => Promise<readonly (readonly [name: string, datagram: Uint8Array])[]>;

/** A question: a request of `type` with `flags` (NLM_F_REQUEST alone by default). */
function ask(
  name: string,
  type: number,
  body: (writer: MessageWriter) => void = () => {},
  flags = nl.NLM_F_REQUEST,
): readonly [string, Uint8Array] {
  return [name, makeMessage(type, flags, 7, body)];
}

/** The same header for every type of request: a family and zeros. */
function zeros(family: number, size: number): (writer: MessageWriter) => void {
  return (writer) => {
    writer.bytes[writer.reserve(size)] = family;
  };
}

/** How often the kernel is asked before what it says counts as another answer. */
const KERNEL_RUNS = 3;

/**
 * Registers a comparison of what both targets answer to `questions`, asked strictly and liberally. The kernel sends reports and
 * solicitations when it pleases, and counts them, so it has several runs, each in a new namespace; a machine has one,
 * and must say all that the kernel said in one of its own.
 */
function compare(text: string, prepare: (ctx: ParityContext) => Promise<void>, questions: Questions): void {
  test(`both: ${text}`, { timeout: 60_000 }, async (context) => {
    if (!canMakeNamespaces()) context.skip("Comparing with the kernel takes root");
    const uveth = await answersOf(uvethTarget, prepare, questions);
    for (let run = 1; ; run++) {
      const kernel = await answersOf(kernelTarget, prepare, questions);
      expect(Object.keys(kernel).length).toBeGreaterThan(0);
      const differing = Object.keys(kernel).filter((name) => `${uveth[name]}` !== `${kernel[name]}`);
      if (differing.length > 0 && run < KERNEL_RUNS) continue;
      const of = (answers: Record<string, string[]>) => differing.map((name) => [name, answers[name]]);
      return expect(of(uveth)).toEqual(of(kernel));
    }
  });
}

async function answersOf(
  target: Target,
  prepare: (ctx: ParityContext) => Promise<void>,
  questions: Questions,
): Promise<Record<string, string[]>> {
  const machine = await target.start();
  try {
    const ctx = await ParityContext.start(target.name, machine);
    try {
      await prepare(ctx);
      const answers: Record<string, string[]> = {};
      for (const mode of ["liberal", "strict"] as const) {
        const socket = await ctx.openRaw();
        socket.transport.setOption(nl.NETLINK_EXT_ACK, 1);
        if (mode === "strict") socket.transport.setOption(nl.NETLINK_GET_STRICT_CHK, 1);
        for (const [name, datagram] of await questions(ctx)) {
          answers[`${name}, ${mode}`] = await answerTo(socket, datagram);
        }
      }
      return answers;
    } finally {
      ctx.close();
    }
  } finally {
    await machine.close();
  }
}

async function answerTo(socket: RawSocket, datagram: Uint8Array): Promise<string[]> {
  const isDump = ((datagram[6] ?? 0) | ((datagram[7] ?? 0) << 8)) & nl.NLM_F_DUMP;
  const answer = isDump === nl.NLM_F_DUMP ? await socket.dump(datagram) : await socket.exchange(datagram);
  return answer.flatMap((each) => [
    `datagram of ${each.length}`,
    ...[...messages(each)].flatMap((message) => lines(message, socket.transport.portId)),
  ]);
}

/** A message as lines: its header, then each attribute; an answer's port id is told apart from others only. */
function lines(message: Message, portId: number): string[] {
  const { bytes, type, flags, seq, pid } = message;
  const head = `type ${type} flags ${flags} seq ${seq} ${pid === portId ? "to us" : `to ${pid}`}`;
  const size = HEADER_SIZES[(type - 16) >> 2];
  if (type < 16 || size === undefined) return [`${head} ${refusal(message)}`];
  const found = [`${head} ${toHex(bytes.subarray(NLMSG_HDRLEN, NLMSG_HDRLEN + size))}`];
  for (const attribute of attributes(bytes, NLMSG_HDRLEN + size, bytes.length)) {
    const payload = attribute.copy();
    for (const [of, which, from, to] of EXCEPTIONS) {
      if (of === type && which === attribute.type) payload.fill(0xee, from, to);
    }
    found.push(
      `  ${attribute.type}${attribute.isNested ? " nested" : ""} ${attribute.length} ${toHex(payload)}`,
    );
  }
  return found;
}

/** An acknowledgement, a refusal or the end of a dump: errno, and all that follows as it is. */
function refusal({ bytes, type, flags }: Message): string {
  const errno = getS32(bytes, NLMSG_HDRLEN);
  let at = NLMSG_HDRLEN + 4;
  if (type === nl.NLMSG_ERROR)
    at += (flags & nl.NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : (getU32(bytes, at) + 3) & ~3;
  if ((flags & nl.NLM_F_ACK_TLVS) === 0) return `errno ${errno} ${toHex(bytes.subarray(NLMSG_HDRLEN + 4))}`;
  const details = [...attributes(bytes, at, bytes.length)].map((detail) =>
    detail.type === nl.NLMSGERR_ATTR_MSG ? detail.text() : `${detail.type} ${toHex(detail.copy())}`,
  );
  return `errno ${errno} ${details.join(", ")}`;
}

/** A pair that is up, with addresses and routes, neighbours, a proxy, and a namespace that is known. */
async function furnish(ctx: ParityContext): Promise<void> {
  await ctx.up("lo");
  await ctx.newLink({
    name: "a",
    address: "02:00:00:00:00:0a",
    vethPeer: { name: "b", address: "02:00:00:00:00:0b" },
  });
  await ctx.quiet("a", "b");
  await ctx.settle("a", "b");
  await ctx.up("a");
  await ctx.settle("a", "b");
  await ctx.up("b");
  await ctx.settle("b", "a");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.addAddr("10.0.0.2/24", "a");
  await ctx.addAddr("10.0.1.1/24", "b");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  await ctx.addReadyAddr("2001:db8:1::1/64", "b");
  const [a, b] = [await ctx.index("a"), await ctx.index("b")];
  await ctx.addRoute("10.9.0.0/16", { gateway: "10.0.0.9", oif: a, priority: 5 });
  await ctx.addRoute("10.8.0.0/16", {
    multipath: [
      { oif: a, gateway: "10.0.0.9" },
      { oif: b, gateway: "10.0.1.9" },
    ],
  });
  await ctx.addRoute("10.7.0.0/16", { type: rt.RTN_BLACKHOLE, table: 300 });
  await ctx.addRoute("2001:db8:9::/48", { family: AF_INET6, gateway: "2001:db8::9", oif: a });
  await ctx.addNeigh("10.0.0.77", "a", { lladdr: "02:00:00:00:00:77", state: 0x80 });
  await ctx.addNeigh("2001:db8::77", "a", { lladdr: "02:00:00:00:00:77", state: 0x80 });
  await ctx.addNeigh("10.0.0.66", "a", { flags: NTF_PROXY });
  const other = await ctx.otherNetns();
  await ctx.newNsid({ fd: other.fd, nsid: 5 });
}

/** As `furnish`, without what makes IPv6 report groups, which leaves neighbours behind sooner or later. */
async function furnishNeighbours(ctx: ParityContext): Promise<void> {
  await ctx.newLink({
    name: "a",
    address: "02:00:00:00:00:0a",
    vethPeer: { name: "b", address: "02:00:00:00:00:0b" },
  });
  await ctx.quiet("a", "b");
  await ctx.up("a", "b");
  await ctx.addNeigh("10.0.0.77", "a", { lladdr: "02:00:00:00:00:77", state: 0x80 });
  await ctx.addNeigh("2001:db8::77", "a", { lladdr: "02:00:00:00:00:77", state: 0x80 });
  await ctx.addNeigh("10.0.0.66", "a", { flags: NTF_PROXY });
}

/** All families are asked for rules but AF_UNSPEC: Linux has rules of multicast routing beside (families 128 and 129). */
const FAMILIES = [AF_UNSPEC, AF_INET, AF_INET6, 77];

const GETS: readonly (readonly [name: string, type: number, size: number])[] = [
  ["addresses", rt.RTM_GETADDR, 8],
  ["routes", rt.RTM_GETROUTE, 12],
  ["neighbours", rt.RTM_GETNEIGH, 12],
  ["rules", rt.RTM_GETRULE, 12],
  ["queueing disciplines", rt.RTM_GETQDISC, 20],
  ["settings", rt.RTM_GETNETCONF, 4],
  ["namespace ids", rt.RTM_GETNSID, 4],
  ["statistics", rt.RTM_GETSTATS, 12],
  ["next hop objects", rt.RTM_GETNEXTHOP, 8],
];

for (const [name, type, size] of GETS) {
  const families = type === rt.RTM_GETRULE ? FAMILIES.slice(1) : FAMILIES;
  const prepare = type === rt.RTM_GETNEIGH ? furnishNeighbours : furnish;
  compare(`dumps of ${name}`, prepare, async () => [
    ...families.map((family) => ask(`family ${family}`, type, zeros(family, size), DUMP)),
    ask("a header cut short", type, zeros(AF_INET, 1), DUMP),
    ask(
      "an attribute that there is not",
      type,
      (writer) => {
        zeros(AF_INET, size)(writer);
        writer.u32(500, 1);
      },
      DUMP,
    ),
    ask(
      "bytes behind the attributes",
      type,
      (writer) => {
        zeros(AF_INET, size)(writer);
        writer.reserve(4);
      },
      DUMP,
    ),
    ask(
      "a header of ones",
      type,
      (writer) => {
        const at = writer.reserve(size);
        writer.bytes.fill(1, at + 1, at + size);
        writer.bytes[at] = AF_INET;
      },
      DUMP,
    ),
  ]);

  compare(`gets of ${name} that say nothing`, furnish, async () => [
    ...[AF_UNSPEC, AF_INET, AF_INET6, AF_BRIDGE, 77].map((family) =>
      ask(`family ${family}`, type, zeros(family, size)),
    ),
    ask("a header cut short", type, zeros(AF_INET, 1)),
    ask("no header", type),
    ask("an attribute that there is not", type, (writer) => {
      zeros(AF_INET, size)(writer);
      writer.u32(500, 1);
    }),
  ]);
}

compare("routes that are asked for", furnish, async () => {
  const of =
    (address: string, family: number, more: words.RouteRequest = {}) =>
    (writer: MessageWriter) =>
      words.writeRoute(writer, { ...words.toPrefix(address, family), ...more });
  return [
    ...["10.0.0.1", "10.0.0.5", "10.9.1.1", "10.7.0.1", "172.16.0.1", "224.0.0.1", "127.0.0.1"].map(
      (address) => ask(address, rt.RTM_GETROUTE, of(address, AF_INET)),
    ),
    ...["2001:db8::1", "2001:db8::5", "2001:db8:9::1", "2001:db8:5::1", "::1"].map((address) =>
      ask(address, rt.RTM_GETROUTE, of(address, AF_INET6)),
    ),
    ask("the entry itself", rt.RTM_GETROUTE, of("10.9.1.1", AF_INET, { flags: rt.RTM_F_FIB_MATCH })),
    ask("its table", rt.RTM_GETROUTE, of("10.9.1.1", AF_INET, { flags: rt.RTM_F_LOOKUP_TABLE })),
    ask(
      "the IPv6 entry itself",
      rt.RTM_GETROUTE,
      of("2001:db8:9::1", AF_INET6, { flags: rt.RTM_F_FIB_MATCH }),
    ),
    ask("by a device", rt.RTM_GETROUTE, of("10.9.1.1", AF_INET, { oif: 2, uid: 5, mark: 7 })),
    ask("by a device that there is not", rt.RTM_GETROUTE, of("10.9.1.1", AF_INET, { oif: 99 })),
    ask("into a device", rt.RTM_GETROUTE, of("10.9.1.1", AF_INET, { iif: 3, src: "10.0.0.7" })),
  ];
});

compare("neighbours that are asked for", furnish, async (ctx) => {
  const index = await ctx.index("a");
  const of =
    (dst: string, more: words.NeighRequest = {}) =>
    (writer: MessageWriter) =>
      words.writeNeigh(writer, { family: words.familyOf(dst), index, dst, ...more });
  return [
    ask("10.0.0.77", rt.RTM_GETNEIGH, of("10.0.0.77")),
    ask("2001:db8::77", rt.RTM_GETNEIGH, of("2001:db8::77")),
    ask("a proxy", rt.RTM_GETNEIGH, of("10.0.0.66", { flags: NTF_PROXY })),
    ask("none", rt.RTM_GETNEIGH, of("10.0.0.5")),
    ask("a state", rt.RTM_GETNEIGH, of("10.0.0.77", { state: 1 })),
    ask("no device", rt.RTM_GETNEIGH, of("10.0.0.77", { index: 0 })),
    ask("a device that there is not", rt.RTM_GETNEIGH, of("10.0.0.77", { index: 99 })),
    ask("proxies", rt.RTM_GETNEIGH, of("0.0.0.0", { flags: NTF_PROXY, index: 0 }), DUMP),
  ];
});

compare("namespace ids that are asked for", furnish, async () => [
  ask("5", rt.RTM_GETNSID, (writer) => words.writeNsid(writer, { nsid: 5 })),
  ask("6", rt.RTM_GETNSID, (writer) => words.writeNsid(writer, { nsid: 6 })),
  ask("a descriptor that there is not", rt.RTM_GETNSID, (writer) => words.writeNsid(writer, { fd: 999 })),
  ask("a process that there is not", rt.RTM_GETNSID, (writer) =>
    words.writeNsid(writer, { pid: 99_999_999 }),
  ),
  ask("a taken one", rt.RTM_NEWNSID, (writer) => words.writeNsid(writer, { nsid: 5, fd: 999 })),
]);
