// What: groups that a user enters are there at once, are entered once, and leave nothing behind where a limit refuses them.
//
//   br ── p ─── e
//
// Kernel reference: net/bridge/br_mdb.c (br_mdb_add_group, br_mdb_add_group_star_g), net/bridge/br_multicast.c
// (br_multicast_new_port_group).
//
// Surprises: nobody asks for NLM_F_CREATE, and a port with too many groups is out of memory.

import { expect } from "vitest";
import { getBe16, setBe16, setU32 } from "../../src/bytes/endian.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import { RTM_GETMDB, RTM_NEWMDB } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { parity } from "./harness.ts";
import { expectError, ipBytes } from "./vocabulary.ts";

/** A bridge of one port, both up. */
async function build(ctx: ParityContext): Promise<void> {
  await ctx.newLink({ name: "br", kind: "bridge" });
  await ctx.addVeth("p", "e");
  await ctx.quiet("br", "p", "e");
  await ctx.setLink({ name: "p", master: await ctx.index("br") });
  await ctx.up("e", "p", "br");
  await ctx.settle("e", "p", "br");
}

/** Enters a group behind the port for good. */
async function enter(ctx: ParityContext, group: string, flags: number): Promise<unknown> {
  const [bridge, port] = [await ctx.index("br"), await ctx.index("p")];
  return ctx.request(RTM_NEWMDB, flags, (writer) => {
    const header = writer.reserve(mdb.BR_PORT_MSG_SIZE);
    writer.bytes[header + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
    setU32(writer.bytes, header + mdb.BR_PORT_MSG_IFINDEX, bridge);
    const entry = new Uint8Array(mdb.BR_MDB_ENTRY_SIZE);
    setU32(entry, mdb.BR_MDB_ENTRY_IFINDEX, port);
    entry[mdb.BR_MDB_ENTRY_STATE] = mdb.MDB_PERMANENT;
    entry.set(ipBytes(group), mdb.BR_MDB_ENTRY_ADDR);
    setBe16(entry, mdb.BR_MDB_ENTRY_ADDR + 16, ETH_P_IP);
    writer.binary(mdb.MDBA_SET_ENTRY, entry);
  });
}

/** The IPv4 groups of the dump, sorted, without those of hosts themselves. */
async function groups(ctx: ParityContext): Promise<string[]> {
  const messages = await ctx.dump(RTM_GETMDB, (writer) => {
    writer.bytes[writer.reserve(mdb.BR_PORT_MSG_SIZE) + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  });
  return messages
    .flatMap((message) => message.attribute(mdb.MDBA_MDB, mdb.BR_PORT_MSG_SIZE)?.children() ?? [])
    .flatMap((entry) => entry.children())
    .map((info) => info.copy().subarray(mdb.BR_MDB_ENTRY_ADDR))
    .filter((address) => getBe16(address, 16) === ETH_P_IP && address[0] === 239)
    .map((address) => address.subarray(0, 4).join("."))
    .sort();
}

parity("a group is entered whether the request may create or not, but once", async (ctx) => {
  await build(ctx);
  await enter(ctx, "239.1.1.1", 0);
  await enter(ctx, "239.1.1.2", NLM_F_CREATE);
  const text = "bridge: (*, G) group is already joined by port";
  await expectError(enter(ctx, "239.1.1.1", NLM_F_CREATE), { code: "EEXIST", message: text });
  await enter(ctx, "239.1.1.1", NLM_F_REPLACE);
  expect(await groups(ctx)).toEqual(["239.1.1.1", "239.1.1.2"]);
});

parity(
  "a port with as many groups as it may have is refused more, and nothing is left of them",
  async (ctx) => {
    await build(ctx);
    await enter(ctx, "239.1.1.1", NLM_F_CREATE);
    const data = (writer: MessageWriter): void => void writer.u32(link.IFLA_BRPORT_MCAST_MAX_GROUPS, 1);
    await ctx.newLink({ name: "p", slaveInfo: { kind: "bridge", data } }, 0);
    await expectError(enter(ctx, "239.1.1.2", NLM_F_CREATE), {
      code: "ENOMEM",
      message: "bridge: Port is already in 1 groups, and mcast_max_groups=1",
    });
    expect(await groups(ctx)).toEqual(["239.1.1.1"]);
  },
);
