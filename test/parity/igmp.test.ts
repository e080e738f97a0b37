// What: a host tells of the IPv4 groups it joins and leaves, and answers the questions of routers of three versions; groups are
// dumped.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24) ─────── b, where a packet socket listens and plays the router 10.0.0.2
//
// Kernel reference: net/ipv4/igmp.c; RFC 3376, RFC 2236.
//
// Surprises: an identification that is not 0 stands in messages with DF, so it is left out here.

import { checksum } from "../../src/bytes/checksum.ts";
import { getBe16, setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { attributeNames, ipBytes, macBytes, messageText } from "./vocabulary.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const GROUP = "239.1.2.3";

async function connect(ctx: ParityContext): Promise<PacketPort> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: A, vethPeer: { name: "b", address: B, netnsFd: red.fd } });
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  const port = await red.openPacket("b", ETH_P_IP);
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.up("a");
  await ctx.settle("a");
  return port;
}

/** The next IGMP message, without identification and header checksum. */
async function next(ctx: ParityContext, port: PacketPort): Promise<string> {
  for (;;) {
    let bytes: Uint8Array = new Uint8Array();
    void port.receive().then((received) => void (bytes = received.bytes));
    // Reports are put off by chance: time must pass.
    await ctx.until(() => bytes.length > 0, "a frame");
    if (getBe16(bytes, 12) !== ETH_P_IP || bytes[23] !== 2) continue;
    const frame = bytes.slice();
    frame.fill(0, 18, 20);
    frame.fill(0, 24, 26);
    return `${toHex(frame, 0, 14)} ${toHex(frame, 14, 38)} ${toHex(frame, 38)}`;
  }
}

/** A question: `body` is the IGMP message without its checksum. */
function query(to: string, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + 24 + body.length);
  frame.set([0x01, 0x00, 0x5e, ...ipBytes(to).subarray(1)], 0);
  frame[3] = (frame[3] ?? 0) & 0x7f;
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IP);
  frame.set([0x46, 0xc0], 14);
  setBe16(frame, 16, 24 + body.length);
  frame.set([1, 2], 22);
  frame.set(ipBytes("10.0.0.2"), 26);
  frame.set(ipBytes(to), 30);
  setBe32(frame, 34, 0x9404_0000);
  updateIpv4Checksum(frame, 14);
  frame.set(body, 38);
  setBe16(frame, 40, checksum(frame, 38, frame.length));
  return frame;
}

const join = (ctx: ParityContext) => ctx.addAddr(`${GROUP}/32`, "a", { flags: ia.IFA_F_MCAUTOJOIN });
const leave = (ctx: ParityContext) => ctx.delAddr(`${GROUP}/32`, "a");

parity("joining and leaving a group is told twice", async (ctx) => {
  const port = await connect(ctx);
  await join(ctx);
  const seen = [await next(ctx, port), await next(ctx, port)];
  await leave(ctx);
  seen.push(await next(ctx, port), await next(ctx, port));
  expect(seen).toMatchInlineSnapshot(`
    [
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200e8f90000000104000000ef010203",
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200e8f90000000104000000ef010203",
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200e9f90000000103000000ef010203",
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200e9f90000000103000000ef010203",
    ]
  `);
});

parity("a router of version 3 is answered for all groups, or for one", async (ctx) => {
  const port = await connect(ctx);
  await join(ctx);
  await next(ctx, port);
  await next(ctx, port);
  port.send(query("224.0.0.1", Uint8Array.of(0x11, 2, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0)));
  const seen = [await next(ctx, port)];
  port.send(query(GROUP, Uint8Array.of(0x11, 2, 0, 0, ...ipBytes(GROUP), 2, 125, 0, 0)));
  seen.push(await next(ctx, port));
  expect(seen).toMatchInlineSnapshot(`
    [
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200eaf90000000102000000ef010203",
      "01005e00001602000000000a0800 46c0002800004000010200000a000001e000001694040000 2200eaf90000000102000000ef010203",
    ]
  `);
});

parity("a router of version 2 is answered as such, and told of who leaves", async (ctx) => {
  const port = await connect(ctx);
  await join(ctx);
  await next(ctx, port);
  await next(ctx, port);
  port.send(query("224.0.0.1", Uint8Array.of(0x11, 2, 0, 0, 0, 0, 0, 0)));
  const seen = [await next(ctx, port)];
  await leave(ctx);
  seen.push(await next(ctx, port));
  expect(seen).toMatchInlineSnapshot(`
    [
      "01005e01020302000000000a0800 46c0002000004000010200000a000001ef01020394040000 1600f8faef010203",
      "01005e00000202000000000a0800 46c0002000004000010200000a000001e000000294040000 1700f7faef010203",
    ]
  `);
});

// The kernel has the loopback in its groups before it is up, which shows nowhere else.
parity("the groups of both families are dumped", async (ctx) => {
  await connect(ctx);
  await join(ctx);
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  const names = attributeNames(ia, "IFA_");
  const dump = async (type: number, family: number) =>
    (await ctx.dump(type, (writer) => void (writer.bytes[writer.reserve(ia.IFADDRMSG_SIZE)] = family)))
      .map((message) =>
        messageText(message, ia.IFADDRMSG_SIZE, names).replace(/(cacheinfo .{16}).{16}/, "$1"),
      )
      .filter((line) => line.includes(" 02000000 "))
      .sort();
  expect([
    await dump(rt.RTM_GETMULTICAST, AF_INET),
    await dump(rt.RTM_GETMULTICAST, AF_INET6),
    await dump(rt.RTM_GETANYCAST, AF_INET6),
  ]).toMatchInlineSnapshot(`
    [
      [
        "02208000 02000000 | multicast 16777440 | cacheinfo ffffffffffffffff",
        "02208000 02000000 | multicast 50463215 | cacheinfo ffffffffffffffff",
      ],
      [
        "0a808000 02000000 | multicast ff010000000000000000000000000001 | cacheinfo ffffffffffffffff",
        "0a808000 02000000 | multicast ff020000000000000000000000000001 | cacheinfo ffffffffffffffff",
        "0a808000 02000000 | multicast ff0200000000000000000001ff000001 | cacheinfo ffffffffffffffff",
      ],
      [],
    ]
  `);
});
