// What: a host tells routers to whom it listens in a group, in the words of IGMPv3 and MLDv2; what several sockets ask for is put
// together; what others send is not heard; questions for senders are answered; routers of older versions are told of groups alone.
//
//   a (index 2, 02:00:00:00:00:0a, sockets) ─────── b, where a packet socket listens, and plays the router and the senders
//
// Kernel reference: net/ipv4/igmp.c, net/ipv6/mcast.c; RFC 3376, RFC 3810, RFC 3678.

import { checksum } from "../../src/bytes/checksum.ts";
import { getBe16, getBe32, setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { ipv4MulticastMac } from "../../src/bytes/ipv4.ts";
import { ipv6MulticastMac } from "../../src/bytes/ipv6.ts";
import { addressText } from "../../src/client/address-text.ts";
import { ETH_P_ALL } from "../../src/uapi/if_ether.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import { emitRouterAlertHeader } from "../../src/wire/mld.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { GroupSocket, LinkName, PacketPort } from "./targets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const port = 5_000;
/** All reports of a change have gone by then, and all answers to a question, for which it leaves a tenth of a second. */
const settledMs = 400;

interface Family {
  readonly version: 4 | 6;
  readonly own: string;
  readonly router: string;
  readonly group: string;
  readonly other: string;
  readonly senders: readonly [string, string, string];
}

const families: readonly Family[] = [
  {
    version: 4,
    own: "10.0.0.1/24",
    router: "10.0.0.2",
    group: "239.1.2.3",
    other: "239.1.2.4",
    senders: ["10.0.0.5", "10.0.0.6", "10.0.0.7"],
  },
  {
    version: 6,
    own: "fe80::1/64",
    router: "fe80::2",
    group: "ff05::123",
    other: "ff05::124",
    senders: ["2001:db8::5", "2001:db8::6", "2001:db8::7"],
  },
];

interface World extends Family {
  readonly ctx: ParityContext;
  readonly dev: LinkName;
  readonly wire: PacketPort;
  readonly frames: Uint8Array[];
  readonly socket: GroupSocket;
  readonly second: GroupSocket;
}

async function connect(ctx: ParityContext, family: Family): Promise<World> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: A, vethPeer: { name: "b", address: B, netnsFd: red.fd } });
  await ctx.quiet("a");
  await red.quiet("b");
  for (const name of ["ipv4.conf.a.igmpv3", "ipv6.conf.a.mldv2"])
    await ctx.netns.setSysctl(`net.${name}_unsolicited_report_interval`, 1);
  await red.up("b");
  const wire = await red.openPacket("b", ETH_P_ALL);
  await ctx.up("a");
  await ctx.settle("a");
  if (family.version === 4) await ctx.addAddr(family.own, "a");
  else await ctx.addReadyAddr(family.own, "a");
  const frames: Uint8Array[] = [];
  const read = async (): Promise<void> => {
    for (;;) frames.push((await wire.receive()).bytes);
  };
  read().catch(() => {});
  // What the addresses themselves had told of is over.
  await ctx.sleep(settledMs);
  frames.length = 0;
  const dev = { name: "a", ifindex: await ctx.index("a") };
  const socket = await ctx.openGroupSocket(family.version, port);
  const second = await ctx.openGroupSocket(family.version, port + 1);
  return { ...family, ctx, dev, wire, frames, socket, second };
}

const recordNames = ["?", "is-in", "is-ex", "to-in", "to-ex", "allow", "block"];

/** What a frame tells of groups; undefined for any other. */
function reportText(frame: Uint8Array): string | undefined {
  const isFour = getBe16(frame, 12) === 0x0800;
  if (isFour ? frame[23] !== 2 : getBe16(frame, 12) !== 0x86dd || frame[20] !== 0 || frame[54] !== 58)
    return undefined;
  const at = isFour ? 38 : 62;
  const size = isFour ? 4 : 16;
  const address = (offset: number): string => addressText(frame.slice(offset, offset + size));
  const old: Record<number, string> = {
    18: "v1 report",
    22: "v2 report",
    23: "v2 leave",
    131: "v1 report",
    132: "v1 done",
  };
  const type = frame[at] ?? 0;
  if (type !== (isFour ? 0x22 : 143)) {
    const to = addressText(isFour ? frame.slice(30, 34) : frame.slice(38, 54));
    return `${old[type]} ${address(isFour ? at + 4 : at + 8)} to ${to}`;
  }
  const records: string[] = [];
  let next = at + 8;
  for (let left = getBe16(frame, at + 6); left > 0; left--) {
    const count = getBe16(frame, next + 2);
    const first = next + 4 + size;
    const sources = Array.from({ length: count }, (_, index) => address(first + index * size));
    records.push(`${recordNames[frame[next] ?? 0]} ${address(next + 4)} {${sources.sort().join(" ")}}`);
    next = first + count * size;
  }
  return records.sort().join(", ");
}

/** What is told within the time that all repetitions take. */
async function told(world: World): Promise<string[]> {
  await world.ctx.sleep(settledMs);
  return world.frames
    .splice(0)
    .map(reportText)
    .filter((text) => text !== undefined);
}

/** A frame from a neighbour: `body` is behind the IP header, whose protocol is `protocol`. */
function packet(
  family: Family,
  from: string,
  to: string,
  protocol: number,
  body: Uint8Array,
  ttl = 1,
): Uint8Array {
  const [source, destination] = [ipBytes(from), ipBytes(to)];
  const isFour = family.version === 4;
  const headerSize = isFour ? 20 : 40;
  const frame = new Uint8Array(14 + headerSize + body.length);
  const mac = isFour ? ipv4MulticastMac(getBe32(destination, 0)) : ipv6MulticastMac(destination);
  setBe16(frame, 0, Math.floor(mac / 2 ** 32));
  setBe32(frame, 2, mac >>> 0);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, isFour ? 0x0800 : 0x86dd);
  if (isFour) {
    frame[14] = 0x45;
    setBe16(frame, 16, headerSize + body.length);
    frame.set([ttl, protocol], 22);
    frame.set(source, 26);
    frame.set(destination, 30);
    updateIpv4Checksum(frame, 14);
  } else {
    frame[14] = 0x60;
    setBe16(frame, 18, body.length);
    frame.set([protocol, ttl], 20);
    frame.set(source, 22);
    frame.set(destination, 38);
  }
  frame.set(body, 14 + headerSize);
  return frame;
}

/** A question for a group (all: ""), for some senders to it. `version` 3 is MLD's 2. */
function query(world: World, group: string, sources: readonly string[], version: 2 | 3 = 3): Uint8Array {
  const isFour = world.version === 4;
  const size = isFour ? 4 : 16;
  const address = group === "" ? new Uint8Array(size) : ipBytes(group);
  const to = group === "" ? (isFour ? "224.0.0.1" : "ff02::1") : group;
  if (isFour) {
    const body = new Uint8Array(version === 2 ? 8 : 12 + 4 * sources.length);
    body.set([0x11, 1]);
    body.set(address, 4);
    if (version === 3) {
      body.set([2, 125], 8);
      setBe16(body, 10, sources.length);
      for (const [index, source] of sources.entries()) body.set(ipBytes(source), 12 + 4 * index);
    }
    setBe16(body, 2, checksum(body, 0, body.length));
    return packet(world, world.router, to, 2, body);
  }
  const message = version === 2 ? 24 : 28 + 16 * sources.length;
  const frame = packet(world, world.router, to, 0, new Uint8Array(8 + message));
  const at = emitRouterAlertHeader(frame, 54);
  setBe16(frame, at + 4, 100);
  frame.set(address, at + 8);
  if (version === 3) {
    frame.set([2, 125], at + 24);
    setBe16(frame, at + 26, sources.length);
    for (const [index, source] of sources.entries()) frame.set(ipBytes(source), at + 28 + 16 * index);
  }
  writeIcmpv6(frame, at, frame.length, 14, 130, 0, 100 * 65_536);
  return frame;
}

/** A datagram of a sender to the group. */
function datagram(world: World, from: string, text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const body = new Uint8Array(8 + payload.length);
  setBe16(body, 0, 9);
  setBe16(body, 2, port);
  setBe16(body, 4, body.length);
  body.set(payload, 8);
  if (world.version === 6) {
    const pseudo = new Uint8Array(40 + body.length);
    pseudo.set(ipBytes(from), 0);
    pseudo.set(ipBytes(world.group), 16);
    setBe32(pseudo, 32, body.length);
    pseudo[39] = 17;
    pseudo.set(body, 40);
    setBe16(body, 6, checksum(pseudo, 0, pseudo.length));
  }
  return packet(world, from, world.group, 17, body, 8);
}

/** Which of the senders the first socket hears. */
async function heard(world: World): Promise<string> {
  world.socket.received();
  for (const sender of world.senders) world.wire.send(datagram(world, sender, sender));
  await world.ctx.sleep(50);
  world.frames.length = 0;
  return world.socket.received().join(" ");
}

/** As the expectations write them: by their place. */
function named(world: World, texts: readonly string[]): string[] {
  return texts.map((text) =>
    text
      .replaceAll(world.group, "G")
      .replaceAll(world.other, "H")
      .replaceAll(world.senders[0], "1")
      .replaceAll(world.senders[1], "2")
      .replaceAll(world.senders[2], "3"),
  );
}

for (const family of families) {
  const suffix = `, IPv${family.version}`;

  parity(`senders are added and taken off by name${suffix}`, async (ctx) => {
    const world = await connect(ctx, family);
    const { dev, group, senders, socket } = world;
    const [one, two, three] = senders;
    const seen: string[] = [];
    const step = async (what: string, result: string): Promise<void> => {
      seen.push(`${what}: ${result}`, ...(await told(world)), `hears ${await heard(world)}`);
    };
    await step("join 1", socket.join(group, dev, one));
    await step("join 2", socket.join(group, dev, two));
    await step("leave 1", socket.leave(group, dev, one));
    await step("filter ex 3", socket.filter(group, dev, "exclude", [three]));
    await step("block 1", socket.block(group, dev, one));
    await step("unblock 3", socket.unblock(group, dev, three));
    await step("filter in 1 2", socket.filter(group, dev, "include", [one, two]));
    await step("leave", socket.leave(group, dev));
    expect(named(world, seen)).toEqual([
      "join 1: ",
      "allow G {1}",
      "allow G {1}",
      "hears 1",
      "join 2: ",
      "allow G {2}",
      "allow G {2}",
      "hears 1 2",
      "leave 1: ",
      "block G {1}",
      "block G {1}",
      "hears 2",
      "filter ex 3: ",
      "to-ex G {3}",
      "to-ex G {3}",
      "hears 1 2",
      "block 1: ",
      "block G {1}",
      "block G {1}",
      "hears 2",
      "unblock 3: ",
      "allow G {3}",
      "allow G {3}",
      "hears 2 3",
      "filter in 1 2: ",
      "to-in G {1 2}",
      "to-in G {1 2}",
      "hears 1 2",
      "leave: ",
      "block G {1 2}",
      "block G {1 2}",
      "hears ",
    ]);
  });

  parity(`what two sockets ask for is put together${suffix}`, async (ctx) => {
    const world = await connect(ctx, family);
    const { dev, group, second, senders, socket } = world;
    const [one, two, three] = senders;
    const seen: string[] = [];
    const step = async (what: string, ...results: string[]): Promise<void> => {
      seen.push(`${what}: ${results.join("")}`, ...(await told(world)), `hears ${await heard(world)}`);
    };
    await step("1st in 1", socket.join(group, dev, one));
    await step("2nd in 1 2", second.join(group, dev, one), second.join(group, dev, two));
    await step("2nd ex 1 3", second.filter(group, dev, "exclude", [one, three]));
    await step("1st leaves", socket.leave(group, dev));
    await step("2nd leaves", second.leave(group, dev));
    expect(named(world, seen)).toEqual([
      "1st in 1: ",
      "allow G {1}",
      "allow G {1}",
      "hears 1",
      "2nd in 1 2: ",
      "allow G {2}",
      "allow G {2}",
      "hears 1",
      "2nd ex 1 3: ",
      "to-ex G {3}",
      "to-ex G {3}",
      "hears 1",
      "1st leaves: ",
      "block G {1}",
      "block G {1}",
      "hears 2",
      "2nd leaves: ",
      "to-in G {}",
      "to-in G {}",
      "hears ",
    ]);
  });

  parity(`calls are refused with the errno they have${suffix}`, async (ctx) => {
    const { dev, group, other, second, senders, socket } = await connect(ctx, family);
    const [one, two] = senders;
    const many = Array.from({ length: family.version === 4 ? 11 : 65 }, (_, index) =>
      family.version === 4 ? `10.0.1.${index + 1}` : `2001:db8::1:${(index + 1).toString(16)}`,
    );
    expect([
      socket.leave(group, dev),
      socket.leave(group, dev, one),
      socket.block(group, dev, one),
      socket.unblock(group, dev, one),
      socket.filter(group, dev, "exclude", []),
      socket.filter(group, dev, "include", []),
      socket.join(senders[0], dev),
      socket.join(senders[0], dev, one),
    ]).toMatchInlineSnapshot(`
      [
        "EADDRNOTAVAIL",
        "EINVAL",
        "EINVAL",
        "EINVAL",
        "EINVAL",
        "EADDRNOTAVAIL",
        "EINVAL",
        "EINVAL",
      ]
    `);
    expect([
      socket.join(group, dev),
      socket.join(group, dev),
      socket.block(group, dev, one),
      socket.block(group, dev, one),
      socket.join(group, dev, two),
      socket.leave(group, dev, one),
      socket.unblock(group, dev, two),
      socket.unblock(group, dev, one),
      socket.join(group, dev, two),
      socket.join(group, dev, two),
      socket.join(group, dev),
      socket.block(group, dev, one),
      socket.leave(group, dev, one),
      socket.leave(group, dev, two),
      socket.leave(group, dev),
    ]).toMatchInlineSnapshot(`
      [
        "",
        "EADDRINUSE",
        "",
        "EADDRNOTAVAIL",
        "EINVAL",
        "EINVAL",
        "EADDRNOTAVAIL",
        "",
        "EINVAL",
        "EINVAL",
        "EADDRINUSE",
        "",
        "EINVAL",
        "EINVAL",
        "",
      ]
    `);
    expect(second.join(other, dev)).toBe("");
    expect(second.filter(other, dev, "exclude", many)).toBe("ENOBUFS");
    expect(second.filter(other, dev, "exclude", many.slice(1))).toBe("");
    expect(second.block(other, dev, one)).toBe("ENOBUFS");
  });

  parity(`questions for a group and for senders are answered${suffix}`, async (ctx) => {
    const world = await connect(ctx, family);
    const { dev, group, other, senders, socket, wire } = world;
    const [one, two, three] = senders;
    socket.join(group, dev, one);
    socket.join(group, dev, two);
    socket.join(other, dev);
    socket.block(other, dev, three);
    await told(world);
    const answers: string[] = [];
    for (const [what, sources] of [
      [group, []],
      [group, [two, three]],
      [group, [three]],
      [other, []],
      [other, [one, three]],
      [other, [three]],
    ] as const) {
      wire.send(query(world, what, sources));
      const [answer = "silence", ...more] = await told(world);
      answers.push([answer, ...more].join(" and "));
    }
    expect(named(world, answers)).toEqual([
      "is-in G {1 2}",
      "is-in G {2}",
      "silence",
      "is-ex H {3}",
      "is-ex H {3}",
      "silence",
    ]);
  });

  parity(`routers of an older version are told of the group alone${suffix}`, async (ctx) => {
    const world = await connect(ctx, family);
    const { dev, group, senders, socket, wire } = world;
    wire.send(query(world, "", [], 2));
    await told(world);
    const seen: string[] = [];
    // A report is repeated by chance, within ten seconds.
    const step = async (what: string, result: string): Promise<void> => {
      const fresh = new Set(await told(world));
      seen.push(`${what}: ${result}`, ...[...fresh].filter((text) => !seen.includes(text)));
    };
    await step("join 1", socket.join(group, dev, senders[0]));
    await step("join 2", socket.join(group, dev, senders[1]));
    await step("leave", socket.leave(group, dev));
    const [report, done, routers] =
      family.version === 4 ? ["v2 report", "v2 leave", "224.0.0.2"] : ["v1 report", "v1 done", "ff02::2"];
    expect(named(world, seen)).toEqual([
      "join 1: ",
      `${report} G to G`,
      "join 2: ",
      "leave: ",
      `${done} G to ${routers}`,
    ]);
  });
}
