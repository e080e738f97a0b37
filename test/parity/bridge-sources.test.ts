// What: what the records of IGMPv3 reports make of the sources of a group behind a port, and for how long.
//
//   br ── p ─────── e, where a packet socket plays hosts
//
// Kernel reference: net/bridge/br_multicast.c (br_multicast_toin).
//
// Surprise: a source that a record names twice is counted twice, so that another one is not asked for.

import { checksum } from "../../src/bytes/checksum.ts";
import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import { RTM_GETMDB } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import { IGMP3_CHANGE_TO_INCLUDE, IGMP3_REPORT } from "../../src/wire/igmp.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, ipText, macBytes } from "./vocabulary.ts";

const ETHER = 14;
const GROUP = "239.1.2.3";

/** A bridge that speaks IGMPv3, its port `p`, and a socket on the other end of that. */
async function build(ctx: ParityContext): Promise<PacketPort> {
  await ctx.newLink({
    name: "br",
    info: { kind: "bridge", data: (writer) => void writer.u8(link.IFLA_BR_MCAST_IGMP_VERSION, 3) },
  });
  await ctx.addVeth("p", "e");
  await ctx.quiet("br", "p", "e");
  await ctx.setLink({ name: "p", master: await ctx.index("br") });
  await ctx.up("e", "p", "br");
  await ctx.settle("e", "p", "br");
  return ctx.openPacket("e");
}

/** A report of one record by the host 10.0.0.`host`. */
function report(host: number, type: number, sources: readonly string[]): Uint8Array {
  const size = 8 + 8 + 4 * sources.length;
  const frame = new Uint8Array(ETHER + 24 + size);
  frame.set([0x01, 0x00, 0x5e, 0, 0, 0x16]);
  frame.set(macBytes("02:00:00:00:00:0e"), 6);
  frame[11] = host;
  setBe16(frame, 12, ETH_P_IP);
  frame.set([0x46, 0xc0], ETHER);
  setBe16(frame, ETHER + 2, 24 + size);
  frame.set([1, 2], ETHER + 8);
  frame.set([10, 0, 0, host], ETHER + 12);
  frame.set(ipBytes("224.0.0.22"), ETHER + 16);
  setBe32(frame, ETHER + 20, 0x9404_0000);
  updateIpv4Checksum(frame, ETHER);
  const at = ETHER + 24;
  frame[at] = IGMP3_REPORT;
  frame[at + 7] = 1;
  frame[at + 8] = type;
  setBe16(frame, at + 10, sources.length);
  frame.set(ipBytes(GROUP), at + 12);
  for (const [index, source] of sources.entries()) frame.set(ipBytes(source), at + 16 + 4 * index);
  setBe16(frame, at + 2, checksum(frame, at, frame.length));
  return frame;
}

/** The sources of the group behind the port, with the whole seconds left of each. */
async function sources(ctx: ParityContext): Promise<string[]> {
  const messages = await ctx.dump(RTM_GETMDB, (writer) => {
    writer.bytes[writer.reserve(mdb.BR_PORT_MSG_SIZE) + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  });
  return messages
    .flatMap((message) => message.attribute(mdb.MDBA_MDB, mdb.BR_PORT_MSG_SIZE)?.children() ?? [])
    .flatMap((entry) => entry.children())
    .flatMap((info) => info.child(mdb.MDBA_MDB_EATTR_SRC_LIST, mdb.BR_MDB_ENTRY_SIZE)?.children() ?? [])
    .map((source) => {
      const left = source.child(mdb.MDBA_MDB_SRCATTR_TIMER)?.u32() ?? 0;
      return `${ipText(source.child(mdb.MDBA_MDB_SRCATTR_ADDRESS))} ${Math.ceil(left / 100)}`;
    });
}

parity("CHANGE_TO_INCLUDE asks for the sources it does not name, but counts one twice", async (ctx) => {
  const port = await build(ctx);
  const toInclude = async (...named: string[]): Promise<string[]> => {
    port.send(report(2, IGMP3_CHANGE_TO_INCLUDE, named));
    await ctx.sleep(50);
    return sources(ctx);
  };
  expect([
    await toInclude("10.9.0.1"),
    await toInclude("10.9.0.2", "10.9.0.2"),
    await toInclude("10.9.0.3"),
  ]).toEqual([
    ["10.9.0.1 260"],
    ["10.9.0.2 260", "10.9.0.1 260"],
    ["10.9.0.3 260", "10.9.0.2 2", "10.9.0.1 2"],
  ]);
});
