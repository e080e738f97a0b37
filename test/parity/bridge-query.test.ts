// What: a bridge that is its segment's querier asks for the members of all groups in both families, soon and then at intervals,
// and of one group when somebody leaves it; another querier with a lower address keeps it from asking.
//
//   br (02:00:00:00:00:b0, fe80::b0) ── p ─────── e, where a packet socket listens and plays host and querier
//
// Kernel reference: net/bridge/br_multicast.c (br_ip4_multicast_alloc_query, br_ip6_multicast_alloc_query,
// br_multicast_leave_group, br_multicast_select_querier); RFC 2236, 3376, 2710, 3810.

import { checksum } from "../../src/bytes/checksum.ts";
import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import {
  BRIDGE_QUERIER_IP_OTHER_TIMER,
  BRIDGE_QUERIER_IP_PORT,
  BRIDGE_QUERIER_IPV6_OTHER_TIMER,
  BRIDGE_QUERIER_IPV6_PORT,
} from "../../src/uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import { IFINFOMSG_SIZE, RTM_GETLINK } from "../../src/uapi/rtnetlink.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import { emitRouterAlertHeader, MLD_DONE, MLD_QUERY, MLD_REPORT } from "../../src/wire/mld.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

const BRIDGE = "02:00:00:00:00:b0";
const HOST = "02:00:00:00:00:0e";
const ETHER = 14;

interface Settings {
  readonly igmp: 2 | 3;
  readonly mld: 1 | 2;
  readonly usesIfaddr?: boolean;
  /** Hundredths of a second from one general query to the next. */
  readonly interval?: bigint;
}

/** The bridge, up, with the addresses 10.0.0.1 and fe80::b0, and the socket behind its port. */
async function build(ctx: ParityContext, settings: Settings): Promise<PacketPort> {
  const data = (writer: MessageWriter): void => {
    writer
      .u8(link.IFLA_BR_MCAST_IGMP_VERSION, settings.igmp)
      .u8(link.IFLA_BR_MCAST_MLD_VERSION, settings.mld);
    writer.u8(link.IFLA_BR_MCAST_QUERY_USE_IFADDR, settings.usesIfaddr === true ? 1 : 0);
    writer
      .u64(link.IFLA_BR_MCAST_STARTUP_QUERY_INTVL, 100n)
      .u64(link.IFLA_BR_MCAST_QUERY_INTVL, settings.interval ?? 200n);
    writer.u64(link.IFLA_BR_MCAST_LAST_MEMBER_INTVL, 20n);
  };
  await ctx.newLink({ name: "br", address: BRIDGE, info: { kind: "bridge", data } });
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "p", vethPeer: { name: "e", address: HOST, netnsFd: red.fd } });
  await ctx.quiet("br", "p");
  await red.quiet("e");
  await red.up("e");
  const port = await red.openPacket("e");
  await ctx.setLink({ name: "p", master: await ctx.index("br") });
  await ctx.up("p", "br");
  await ctx.settle("p", "br");
  await ctx.addAddr("10.0.0.1/24", "br");
  await ctx.addReadyAddr("fe80::b0/64", "br");
  await becomeQuerier(ctx);
  return port;
}

async function becomeQuerier(ctx: ParityContext): Promise<void> {
  const data = (writer: MessageWriter): void => void writer.u8(link.IFLA_BR_MCAST_QUERIER, 1);
  await ctx.newLink({ name: "br", info: { kind: "bridge", data } }, 0);
}

/** Whether a frame is a query of IGMP or MLD. */
function isQuery(bytes: Uint8Array, protocol: number): boolean {
  if (((bytes[12] ?? 0) << 8) + (bytes[13] ?? 0) !== protocol) return false;
  if (protocol === ETH_P_IP) return bytes[ETHER + 9] === 2 && bytes[ETHER + 24] === 0x11;
  return bytes[ETHER + 6] === 0 && bytes[ETHER + 48] === MLD_QUERY;
}

/** The next query of a family: hardware header, network header, message. */
async function nextQuery(ctx: ParityContext, port: PacketPort, protocol: number): Promise<string> {
  for (;;) {
    let bytes: Uint8Array = new Uint8Array();
    void port.receive().then((received) => void (bytes = received.bytes));
    await ctx.until(() => bytes.length > 0, "a frame");
    if (!isQuery(bytes, protocol)) continue;
    const network = protocol === ETH_P_IP ? 24 : 48;
    return `${toHex(bytes, 0, ETHER)} ${toHex(bytes, ETHER, ETHER + network)} ${toHex(bytes, ETHER + network)}`;
  }
}

/** An IGMP message of the host 10.0.0.2. */
function igmp(to: string, type: number, group: string, source = "10.0.0.2"): Uint8Array {
  const frame = new Uint8Array(ETHER + 32);
  frame.set([0x01, 0x00, 0x5e, ...ipBytes(to).subarray(1)]);
  frame.set(macBytes(HOST), 6);
  setBe16(frame, 12, ETH_P_IP);
  frame.set([0x46, 0xc0], ETHER);
  setBe16(frame, ETHER + 2, 32);
  frame.set([1, 2], ETHER + 8);
  frame.set(ipBytes(source), ETHER + 12);
  frame.set(ipBytes(to), ETHER + 16);
  setBe32(frame, ETHER + 20, 0x9404_0000);
  updateIpv4Checksum(frame, ETHER);
  frame[ETHER + 24] = type;
  frame[ETHER + 25] = type === 0x11 ? 100 : 0;
  frame.set(ipBytes(group), ETHER + 28);
  setBe16(frame, ETHER + 26, checksum(frame, ETHER + 24, frame.length));
  return frame;
}

/** An MLD message of version 1. */
function mld(to: string, type: number, group: string, source: string): Uint8Array {
  const frame = new Uint8Array(ETHER + 40 + 8 + 24);
  const destination = ipBytes(to);
  frame.set([0x33, 0x33, ...destination.subarray(12)]);
  frame.set(macBytes(HOST), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  setBe32(frame, ETHER, 0x6000_0000);
  setBe16(frame, ETHER + 4, 32);
  frame[ETHER + 7] = 1;
  frame.set(ipBytes(source), ETHER + 8);
  frame.set(destination, ETHER + 24);
  const at = emitRouterAlertHeader(frame, ETHER + 40);
  frame.set(ipBytes(group), at + 8);
  writeIcmpv6(frame, at, frame.length, ETHER, type, 0, type === MLD_QUERY ? 10_000 * 0x1_0000 : 0);
  return frame;
}

/** General queries of both families, then those for a group of each that the host joins and leaves. */
async function generalAndSpecific(ctx: ParityContext, settings: Settings): Promise<string[]> {
  const port = await build(ctx, settings);
  const seen = [await nextQuery(ctx, port, ETH_P_IP), await nextQuery(ctx, port, ETH_P_IPV6)];
  port.send(igmp("239.1.2.3", 0x16, "239.1.2.3"));
  port.send(igmp("224.0.0.2", 0x17, "239.1.2.3"));
  seen.push(await nextUnlike(ctx, port, ETH_P_IP, seen));
  port.send(mld("ff05::1:3", MLD_REPORT, "ff05::1:3", "fe80::e"));
  port.send(mld("ff02::2", MLD_DONE, "ff05::1:3", "fe80::e"));
  seen.push(await nextUnlike(ctx, port, ETH_P_IPV6, seen));
  return seen;
}

/** The next query that is none of those seen, which may have been on their way. */
async function nextUnlike(
  ctx: ParityContext,
  port: PacketPort,
  protocol: number,
  seen: readonly string[],
): Promise<string> {
  for (;;) {
    const query = await nextQuery(ctx, port, protocol);
    if (!seen.includes(query)) return query;
  }
}

parity("queries of IGMPv2 and MLDv1 are general, and for a group that is left", async (ctx) => {
  expect(await generalAndSpecific(ctx, { igmp: 2, mld: 1 })).toEqual([
    "01005e0000010200000000b00800 46c00020000040000102041700000000e000000194040000 1164ee9b00000000",
    "3333000000010200000000b086dd 6000000000200001fe8000000000000000000000000000b0ff0200000000000000000000000000013a00050200000000 820058682710000000000000000000000000000000000000",
    "01005e0000010200000000b00800 46c00020000040000102041700000000e000000194040000 1102fdf8ef010203",
    "3333000000010200000000b086dd 6000000000200001fe8000000000000000000000000000b0ff0200000000000000000000000000013a00050200000000 82007fa600c80000ff050000000000000000000000010003",
  ]);
});

parity("queries of IGMPv3 and MLDv2 are general, and for a group that is left", async (ctx) => {
  expect(await generalAndSpecific(ctx, { igmp: 3, mld: 2 })).toEqual([
    "01005e0000010200000000b00800 46c00024000040000102041300000000e000000194040000 1164ec990000000002020000",
    "3333000000010200000000b086dd 6000000000240001fe8000000000000000000000000000b0ff0200000000000000000000000000013a00050200000000 82005662271000000000000000000000000000000000000002020000",
    "01005e0000010200000000b00800 46c00024000040000102041300000000e000000194040000 1102fbf6ef01020302020000",
    "3333000000010200000000b086dd 6000000000240001fe8000000000000000000000000000b0ff0200000000000000000000000000013a00050200000000 82007da000c80000ff05000000000000000000000001000302020000",
  ]);
});

parity("IGMP queries may come from the bridge's own address", async (ctx) => {
  const port = await build(ctx, { igmp: 2, mld: 1, usesIfaddr: true });
  expect(await nextQuery(ctx, port, ETH_P_IP)).toBe(
    "01005e0000010200000000b00800 46c00020000040000102fa150a000001e000000194040000 1164ee9b00000000",
  );
});

// The bridge's own IGMP queries come from 0.0.0.0, which counts as no querier: any other one wins.
parity("another querier keeps the bridge from asking if its address is lower", async (ctx) => {
  const port = await build(ctx, { igmp: 2, mld: 1, interval: 100n });
  const heard = new Set<string>();
  const listen = async (): Promise<void> => {
    for (;;) {
      const { bytes } = await port.receive();
      if (isQuery(bytes, ETH_P_IP)) heard.add("igmp");
      if (isQuery(bytes, ETH_P_IPV6)) heard.add("mld");
    }
  };
  void listen();
  /** Whose queries are heard in one and a half intervals, without those that are on their way. */
  const heardNow = async (): Promise<string[]> => {
    await ctx.sleep(100);
    heard.clear();
    await ctx.sleep(1_500);
    return [...heard].sort();
  };
  expect(await heardNow()).toEqual(["igmp", "mld"]);
  port.send(igmp("224.0.0.1", 0x11, "0.0.0.0", "10.0.0.9"));
  port.send(mld("ff02::1", MLD_QUERY, "::", "fe80::e0"));
  expect(await heardNow()).toEqual(["mld"]);
  port.send(mld("ff02::1", MLD_QUERY, "::", "fe80::a0"));
  expect(await heardNow()).toEqual([]);
});

/** Who the bridge says asks, without the timers' values. */
async function querierState(ctx: ParityContext): Promise<string[]> {
  const messages = await ctx.dump(RTM_GETLINK, (writer) => void writer.reserve(IFINFOMSG_SIZE));
  const states = messages
    .flatMap(
      (message) => message.attribute(link.IFLA_LINKINFO, IFINFOMSG_SIZE)?.child(link.IFLA_INFO_DATA) ?? [],
    )
    .flatMap((data) => data.child(link.IFLA_BR_MCAST_QUERIER_STATE)?.children() ?? []);
  const timers = [BRIDGE_QUERIER_IP_OTHER_TIMER, BRIDGE_QUERIER_IPV6_OTHER_TIMER];
  const port = [BRIDGE_QUERIER_IP_PORT, BRIDGE_QUERIER_IPV6_PORT];
  const index = await ctx.index("p");
  return states.map((state) => {
    if (timers.includes(state.type)) return `${state.type} timer of ${state.length} bytes`;
    if (port.includes(state.type)) return `${state.type} ${state.u32() === index ? "p" : "another"}`;
    return `${state.type} ${toHex(state.copy())}`;
  });
}

parity("the bridge says who asks, and by which port another querier is", async (ctx) => {
  const port = await build(ctx, { igmp: 2, mld: 1 });
  await nextQuery(ctx, port, ETH_P_IPV6);
  const own = await querierState(ctx);
  port.send(igmp("224.0.0.1", 0x11, "0.0.0.0", "10.0.0.9"));
  port.send(mld("ff02::1", MLD_QUERY, "::", "fe80::a0"));
  await ctx.sleep(100);
  expect([own, await querierState(ctx)]).toEqual([
    ["1 00000000", "5 fe8000000000000000000000000000b0"],
    [
      "1 0a000009",
      "3 timer of 8 bytes",
      "2 p",
      "5 fe8000000000000000000000000000a0",
      "7 timer of 8 bytes",
      "6 p",
    ],
  ]);
});
