// What: the kind vxlan: frames in UDP datagrams, to the hosts that its forwarding table knows.
//
//   ns a [x0]~~(udp)~~ [v0]──────[v1] ~~(udp)~~[x1] ns b
//        10.0.0.1/24 on v0, 10.0.0.2/24 on v1
//
// Source: drivers/net/vxlan/vxlan_core.c; RFC 7348; the live kernel.

import { getBe16, getBe24, setBe16, setU32 } from "../../src/bytes/endian.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as il from "../../src/uapi/if_link.ts";
import { PACKET_HOST, PACKET_OUTGOING } from "../../src/uapi/if_packet.ts";
import * as nd from "../../src/uapi/neighbour.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import * as nh from "../../src/uapi/nexthop.ts";
import {
  RTM_DELNEIGH,
  RTM_DELNEXTHOP,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
  RTM_NEWNEXTHOP,
} from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET } from "../../src/uapi/socket.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError, macBytes, makeFrame } from "./vocabulary.ts";

const X0 = "02:00:00:00:00:10";
const X1 = "02:00:00:00:00:11";
const EVERYBODY = "ff:ff:ff:ff:ff:ff";
const NOBODY = "00:00:00:00:00:00";
const PORT = 4789;
const VNI = 42;
/** Where the datagram's parts are in a frame of the pair. */
const UDP = 14 + 20;
const VXLAN = UDP + 8;
const INNER = VXLAN + 8;

type Write = (writer: MessageWriter) => void;

function add(ctx: TestNetns, name: string, address: string, more: Write = () => {}): Promise<unknown> {
  const data = (writer: MessageWriter): void => {
    writer.u32(il.IFLA_VXLAN_ID, VNI);
    setBe16(writer.bytes, writer.attribute(il.IFLA_VXLAN_PORT, 2), PORT);
    more(writer);
  };
  return ctx.newLink({ name, address, info: { kind: "vxlan", data } });
}

const remote =
  (last: number): Write =>
  (writer) =>
    writer.binary(il.IFLA_VXLAN_GROUP, Uint8Array.of(10, 0, 0, last));

/** Both ends, up and quiet; `x0` sends to b, `x1` to a. Hosts know each other's hardware addresses. */
async function ends(ctx: ParityContext, more: Write = () => {}): Promise<TestNetns> {
  const other = await ctx.otherNetns();
  await ctx.addVeth("v0", "v1", other);
  for (const [netns, name, last, end, address, peer] of [
    [ctx, "v0", 1, "x0", X0, 2],
    [other, "v1", 2, "x1", X1, 1],
  ] as const) {
    await netns.setLink({ name, address: `02:00:00:00:01:0${last}` });
    await add(netns, end, address, (writer) => {
      remote(peer)(writer);
      more(writer);
    });
    await netns.quiet(name, end);
    await netns.up(name);
    await netns.addAddr(`10.0.0.${last}/24`, name);
    await netns.addNeigh(`10.0.0.${peer}`, name, {
      state: nd.NUD_PERMANENT,
      lladdr: `02:00:00:00:01:0${peer}`,
    });
    await netns.up(end);
  }
  await ctx.settle("v0", "x0");
  await other.settle("v1", "x1");
  return other;
}

interface Entry {
  readonly address: string;
  readonly dst: string;
  readonly state: number;
  readonly flags: number;
}

async function entriesOf(ctx: TestNetns, name: string): Promise<Entry[]> {
  const index = await ctx.index(name);
  const messages = await ctx.dump(RTM_GETNEIGH, (writer) => {
    const at = writer.reserve(nd.NDMSG_SIZE);
    writer.bytes[at] = AF_BRIDGE;
  });
  const hex = (bytes: Uint8Array | undefined) =>
    [...(bytes ?? [])].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  return messages
    .filter((message) => (message.bytes[16 + nd.NDMSG_IFINDEX] ?? 0) === index)
    .map((message) => ({
      address: hex(message.attribute(nd.NDA_LLADDR, nd.NDMSG_SIZE)?.copy()),
      dst: [...(message.attribute(nd.NDA_DST, nd.NDMSG_SIZE)?.copy() ?? [])].join("."),
      state: message.bytes[16 + nd.NDMSG_STATE] ?? 0,
      flags: message.bytes[16 + nd.NDMSG_FLAGS] ?? 0,
    }))
    .sort((one, two) => `${one.address}${one.dst}`.localeCompare(`${two.address}${two.dst}`));
}

/** RTM_NEWNEIGH or RTM_DELNEIGH about the table of `name`. */
async function fdb(
  ctx: TestNetns,
  type: number,
  name: string,
  words: {
    readonly address: string;
    readonly dst?: readonly number[];
    readonly nhId?: number;
    readonly state?: number;
    readonly flags?: number;
  },
): Promise<unknown> {
  const index = await ctx.index(name);
  return ctx.request(type, words.flags ?? 0, (writer) => {
    const at = writer.reserve(nd.NDMSG_SIZE);
    writer.bytes[at] = AF_BRIDGE;
    writer.bytes[at + nd.NDMSG_IFINDEX] = index;
    writer.bytes[at + nd.NDMSG_STATE] = words.state ?? nd.NUD_PERMANENT;
    writer.bytes[at + nd.NDMSG_FLAGS] = nd.NTF_SELF;
    writer.binary(nd.NDA_LLADDR, macBytes(words.address));
    if (words.dst !== undefined) writer.binary(nd.NDA_DST, Uint8Array.from(words.dst));
    if (words.nhId !== undefined) writer.u32(nd.NDA_NH_ID, words.nhId);
  });
}

const CREATE = NLM_F_CREATE | NLM_F_EXCL;

parity("attributes are told in the kernel's order", async (ctx) => {
  await add(ctx, "x0", X0, remote(2));
  const { infoData = [] } = await ctx.link("x0");
  const told = infoData.map(({ type }) => type).filter((type) => type <= il.IFLA_VXLAN_LABEL_POLICY);
  expect(told).toEqual([
    il.IFLA_VXLAN_ID,
    il.IFLA_VXLAN_GROUP,
    il.IFLA_VXLAN_TTL,
    il.IFLA_VXLAN_TTL_INHERIT,
    il.IFLA_VXLAN_TOS,
    il.IFLA_VXLAN_DF,
    il.IFLA_VXLAN_LABEL,
    il.IFLA_VXLAN_LABEL_POLICY,
    il.IFLA_VXLAN_LEARNING,
    il.IFLA_VXLAN_PROXY,
    il.IFLA_VXLAN_RSC,
    il.IFLA_VXLAN_L2MISS,
    il.IFLA_VXLAN_L3MISS,
    il.IFLA_VXLAN_COLLECT_METADATA,
    il.IFLA_VXLAN_AGEING,
    il.IFLA_VXLAN_LIMIT,
    il.IFLA_VXLAN_PORT,
    il.IFLA_VXLAN_UDP_CSUM,
    il.IFLA_VXLAN_UDP_ZERO_CSUM6_TX,
    il.IFLA_VXLAN_UDP_ZERO_CSUM6_RX,
    il.IFLA_VXLAN_REMCSUM_TX,
    il.IFLA_VXLAN_REMCSUM_RX,
    il.IFLA_VXLAN_LOCALBYPASS,
    il.IFLA_VXLAN_PORT_RANGE,
  ]);
});

parity("a frame travels in a datagram to the default destination, and its sender is learned", async (ctx) => {
  const other = await ends(ctx);
  const [inside, wire, outside] = [
    await ctx.openPacket("x0"),
    await other.openPacket("v1"),
    await other.openPacket("x1"),
  ];
  const frame = makeFrame(X1, X0, 80);
  inside.send(frame);
  const received = await outside.receive();
  expect([received.bytes, received.packetType]).toEqual([frame, PACKET_HOST]);
  const { bytes } = await wire.receive();
  expect(bytes).toHaveLength(INNER + 80);
  expect([getBe16(bytes, UDP + 2), bytes[VXLAN], getBe24(bytes, VXLAN + 4)]).toEqual([PORT, 8, VNI]);
  expect(getBe16(bytes, UDP)).toBeGreaterThanOrEqual(32_768);
  expect([bytes[14 + 1], bytes[14 + 8], getBe16(bytes, 14 + 6)]).toEqual([0, 64, 0]);
  expect(bytes.slice(INNER)).toEqual(frame);
  expect(await entriesOf(other, "x1")).toEqual([
    { address: NOBODY, dst: "10.0.0.1", state: nd.NUD_REACHABLE | nd.NUD_PERMANENT, flags: nd.NTF_SELF },
    { address: X0, dst: "10.0.0.1", state: nd.NUD_REACHABLE, flags: nd.NTF_SELF },
  ]);
  expect(await ctx.counters("x0")).toMatchObject({ txPackets: 1, txBytes: 66, txDropped: 0 });
  expect(await other.counters("x1")).toMatchObject({ rxPackets: 1, rxBytes: 66 });
});

parity("what was learned is forgotten when the device goes down", async (ctx) => {
  const other = await ends(ctx);
  const [inside, outside] = [await ctx.openPacket("x0"), await other.openPacket("x1")];
  inside.send(makeFrame(EVERYBODY, X0, 60));
  await outside.receive();
  expect((await entriesOf(other, "x1")).map(({ address }) => address)).toEqual([NOBODY, X0]);
  await other.down("x1");
  expect((await entriesOf(other, "x1")).map(({ address }) => address)).toEqual([NOBODY]);
});

parity("type of service and TTL are as set, or as those of the packet inside", async (ctx) => {
  const other = await ends(ctx, (writer) => writer.u8(il.IFLA_VXLAN_TOS, 1).flag(il.IFLA_VXLAN_TTL_INHERIT));
  const [inside, wire] = [await ctx.openPacket("x0"), await other.openPacket("v1")];
  const frame = makeFrame(X1, X0, 60, 0x0800);
  frame.set([0x45, 0xb8, 0, 46, 0, 0, 0, 0, 33, 59], 14);
  inside.send(frame);
  const { bytes } = await wire.receive();
  expect([bytes[14 + 1], bytes[14 + 8]]).toEqual([0xb8, 33]);
});

parity("without a checksum of its own a datagram says so", async (ctx) => {
  const other = await ends(ctx, (writer) => writer.u8(il.IFLA_VXLAN_UDP_CSUM, 0).u8(il.IFLA_VXLAN_DF, 1));
  const [inside, wire, outside] = [
    await ctx.openPacket("x0"),
    await other.openPacket("v1"),
    await other.openPacket("x1"),
  ];
  inside.send(makeFrame(X1, X0, 60));
  await outside.receive();
  const { bytes } = await wire.receive();
  expect([getBe16(bytes, UDP + 6), getBe16(bytes, 14 + 6)]).toEqual([0, 0x4000]);
});

parity("entries are added, replaced, appended to and deleted", async (ctx) => {
  await add(ctx, "x0", X0);
  await fdb(ctx, RTM_NEWNEIGH, "x0", { address: X1, dst: [10, 0, 0, 2], flags: CREATE });
  await expectError(fdb(ctx, RTM_NEWNEIGH, "x0", { address: X1, dst: [10, 0, 0, 3], flags: CREATE }), {
    code: "EEXIST",
  });
  await fdb(ctx, RTM_NEWNEIGH, "x0", {
    address: X1,
    dst: [10, 0, 0, 3],
    flags: NLM_F_CREATE | NLM_F_REPLACE,
  });
  for (const last of [4, 5, 5]) {
    await fdb(ctx, RTM_NEWNEIGH, "x0", {
      address: NOBODY,
      dst: [10, 0, 0, last],
      flags: NLM_F_CREATE | NLM_F_APPEND,
    });
  }
  expect((await entriesOf(ctx, "x0")).map(({ address, dst }) => [address, dst])).toEqual([
    [NOBODY, "10.0.0.4"],
    [NOBODY, "10.0.0.5"],
    [X1, "10.0.0.3"],
  ]);
  await fdb(ctx, RTM_DELNEIGH, "x0", { address: NOBODY, dst: [10, 0, 0, 4] });
  await fdb(ctx, RTM_DELNEIGH, "x0", { address: X1 });
  expect((await entriesOf(ctx, "x0")).map(({ address, dst }) => [address, dst])).toEqual([
    [NOBODY, "10.0.0.5"],
  ]);
});

parity("what an entry cannot be is refused", async (ctx) => {
  await add(ctx, "x0", X0, (writer) => writer.u32(il.IFLA_VXLAN_LIMIT, 1));
  const added = (words: Parameters<typeof fdb>[3]) =>
    fdb(ctx, RTM_NEWNEIGH, "x0", { flags: CREATE, ...words });
  await expectError(added({ address: X1 }), { code: "EINVAL" });
  await expectError(added({ address: X1, dst: [10, 0, 0, 2], state: nd.NUD_STALE }), { code: "EINVAL" });
  await expectError(added({ address: X1, dst: [10, 0, 0] }), {
    code: "EAFNOSUPPORT",
    message: "Unsupported address family",
  });
  await expectError(added({ address: X1, dst: Array.from({ length: 16 }, () => 1) }), {
    code: "EAFNOSUPPORT",
  });
  await expectError(added({ address: X1, dst: [10, 0, 0, 2], flags: 0 }), { code: "ENOENT" });
  await expectError(added({ address: NOBODY, dst: [10, 0, 0, 2], flags: NLM_F_CREATE | NLM_F_REPLACE }), {
    code: "EOPNOTSUPP",
  });
  await added({ address: X1, dst: [10, 0, 0, 2] });
  await expectError(added({ address: X0, dst: [10, 0, 0, 2] }), { code: "ENOSPC" });
  await expectError(fdb(ctx, RTM_DELNEIGH, "x0", { address: X0 }), { code: "ENOENT" });
  await fdb(ctx, RTM_DELNEIGH, "x0", { address: X1, dst: [10, 0, 0, 9] });
  expect((await entriesOf(ctx, "x0")).map(({ dst }) => dst)).toEqual(["10.0.0.2"]);
});

parity("frames without a destination are dropped", async (ctx) => {
  await add(ctx, "x0", X0);
  await ctx.quiet("x0");
  await ctx.up("x0");
  const inside = await ctx.openPacket("x0");
  inside.send(makeFrame(X1, X0, 60));
  expect(await ctx.counters("x0")).toMatchObject({ txPackets: 0, txDropped: 1 });
});

parity("every remote of a group gets a copy", async (ctx) => {
  const other = await ends(ctx);
  await other.addAddr("10.0.0.3/24", "v1");
  await ctx.addNeigh("10.0.0.3", "v0", { state: nd.NUD_PERMANENT, lladdr: "02:00:00:00:01:02" });
  await fdb(ctx, RTM_NEWNEIGH, "x0", {
    address: NOBODY,
    dst: [10, 0, 0, 3],
    flags: NLM_F_CREATE | NLM_F_APPEND,
  });
  const [inside, wire] = [await ctx.openPacket("x0"), await other.openPacket("v1")];
  inside.send(makeFrame(EVERYBODY, X0, 60));
  const frames = [await wire.receive(), await wire.receive()].filter(
    (each) => each.packetType !== PACKET_OUTGOING,
  );
  expect(frames.map(({ bytes }) => bytes[14 + 19]).sort()).toEqual([2, 3]);
});

/** An FDB nexthop to 10.0.0.`last`, whose id is `last`. */
function addHop(ctx: TestNetns, last: number): Promise<unknown> {
  return ctx.request(RTM_NEWNEXTHOP, CREATE, (writer) => {
    writer.bytes[writer.reserve(nh.NHMSG_SIZE) + nh.NHMSG_FAMILY] = AF_INET;
    writer.u32(nh.NHA_ID, last);
    writer.flag(nh.NHA_FDB);
    writer.binary(nh.NHA_GATEWAY, Uint8Array.of(10, 0, 0, last));
  });
}

/** A group of such; with `buckets` a resilient one. */
function addGroup(ctx: TestNetns, id: number, members: readonly number[], buckets: number): Promise<unknown> {
  return ctx.request(RTM_NEWNEXTHOP, CREATE, (writer) => {
    writer.reserve(nh.NHMSG_SIZE);
    writer.u32(nh.NHA_ID, id);
    writer.flag(nh.NHA_FDB);
    const at = writer.attribute(nh.NHA_GROUP, members.length * nh.NEXTHOP_GRP_SIZE);
    for (const [place, member] of members.entries()) {
      setU32(writer.bytes, at + place * nh.NEXTHOP_GRP_SIZE, member);
    }
    if (buckets === 0) return;
    writer.u16(nh.NHA_GROUP_TYPE, nh.NEXTHOP_GRP_TYPE_RES);
    const nest = writer.nestFlagged(nh.NHA_RES_GROUP);
    writer.u16(nh.NHA_RES_GROUP_BUCKETS, buckets);
    writer.endNest(nest);
  });
}

/** A frame for X1 with a packet of UDP from `port`. */
function flowFrame(port: number): Uint8Array {
  const frame = makeFrame(X1, X0, 60, 0x0800);
  frame.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 1, 1, 10, 1, 1, 2], 14);
  setBe16(frame, 34, port);
  setBe16(frame, 36, 9);
  setBe16(frame, 38, 26);
  return frame;
}

for (const buckets of [0, 16]) {
  parity(`flows are spread over a group of nexthops, ${buckets || "without"} buckets`, async (ctx) => {
    const other = await ends(ctx);
    await ctx.addNeigh("10.0.0.3", "v0", { state: nd.NUD_PERMANENT, lladdr: "02:00:00:00:01:02" });
    for (const last of [2, 3]) await addHop(ctx, last);
    await addGroup(ctx, 10, [2, 3], buckets);
    await fdb(ctx, RTM_NEWNEIGH, "x0", { address: X1, nhId: 10, flags: CREATE });
    const [inside, wire] = [await ctx.openPacket("x0"), await other.openPacket("v1")];
    const hostOf = async (port: number): Promise<number> => {
      inside.send(flowFrame(port));
      for (;;) {
        const { bytes } = await wire.receive();
        // What v1 itself sends, ICMP errors about 10.0.0.3 among it, is none of the tunnel's.
        if (getBe16(bytes, UDP + 2) === PORT && bytes[14 + 9] === 17) return bytes[14 + 19] ?? 0;
      }
    };
    const ports = Array.from({ length: 64 }, (_, index) => 1000 + index);
    const hosts: number[] = [];
    for (const port of ports) hosts.push(await hostOf(port));
    expect(new Set(hosts)).toEqual(new Set([2, 3]));
    for (const [index, port] of ports.entries()) expect(await hostOf(port)).toBe(hosts[index]);
    // A host that goes leaves all flows to the other.
    await ctx.request(RTM_DELNEXTHOP, 0, (writer) => {
      writer.reserve(nh.NHMSG_SIZE);
      writer.u32(nh.NHA_ID, 2);
    });
    for (const port of ports.slice(0, 16)) expect(await hostOf(port)).toBe(3);
  });
}

parity("two devices of one host reach each other without a datagram", async (ctx) => {
  await ctx.addVeth("v0", "v1");
  await ctx.quiet("v0", "v1");
  await ctx.up("lo", "v0", "v1");
  await ctx.addAddr("10.0.0.1/24", "v0");
  await add(ctx, "x0", X0, remote(1));
  await ctx.quiet("x0");
  await ctx.up("x0");
  const inside = await ctx.openPacket("x0");
  inside.send(makeFrame(X1, "02:00:00:00:00:77", 60));
  const { bytes } = await inside.receive();
  expect(bytes).toEqual(makeFrame(X1, "02:00:00:00:00:77", 60));
  expect((await entriesOf(ctx, "x0")).map(({ address, dst }) => [address, dst])).toEqual([
    [NOBODY, "10.0.0.1"],
    ["02:00:00:00:00:77", "127.0.0.1"],
  ]);
});
