// What: groups that a user enters are there at once, are entered once, and leave nothing behind where a limit refuses them.
//
//   br ── p ─── e
//
// Kernel reference: net/bridge/br_mdb.c (br_mdb_add_group, br_mdb_add_group_star_g), net/bridge/br_multicast.c
// (br_multicast_new_port_group).
//
// Surprises: nobody asks for NLM_F_CREATE, and a port with too many groups is out of memory.

import { getBe16, setBe16, setU32 } from "../../src/bytes/endian.ts";

import type { MessageWriter } from "../../src/netlink/writer.ts";
import type { ErrnoName } from "../../src/uapi/errno.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../src/uapi/netlink.ts";
import { RTM_GETMDB, RTM_NEWMDB } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
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

/** How a group is entered by a request that names sources. */
interface Sources {
  readonly mode?: number;
  readonly list?: readonly string[];
  readonly source?: string;
  readonly protocol?: number;
  readonly port?: string;
  readonly state?: number;
}

/** Enters a group, for some sources or all but those. */
async function enterSources(
  ctx: ParityContext,
  group: string,
  how: Sources,
  flags: number,
): Promise<unknown> {
  const [bridge, port] = [await ctx.index("br"), await ctx.index(how.port ?? "p")];
  return ctx.request(RTM_NEWMDB, flags, (writer) => {
    const header = writer.reserve(mdb.BR_PORT_MSG_SIZE);
    writer.bytes[header + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
    setU32(writer.bytes, header + mdb.BR_PORT_MSG_IFINDEX, bridge);
    const entry = new Uint8Array(mdb.BR_MDB_ENTRY_SIZE);
    setU32(entry, mdb.BR_MDB_ENTRY_IFINDEX, port);
    entry[mdb.BR_MDB_ENTRY_STATE] = how.state ?? mdb.MDB_PERMANENT;
    entry.set(ipBytes(group), mdb.BR_MDB_ENTRY_ADDR);
    setBe16(entry, mdb.BR_MDB_ENTRY_ADDR + 16, ETH_P_IP);
    writer.binary(mdb.MDBA_SET_ENTRY, entry);
    const attrs = writer.nestFlagged(mdb.MDBA_SET_ENTRY_ATTRS);
    if (how.source !== undefined) writer.binary(mdb.MDBE_ATTR_SOURCE, ipBytes(how.source));
    if (how.list !== undefined) {
      const list = writer.nestFlagged(mdb.MDBE_ATTR_SRC_LIST);
      for (const source of how.list) {
        const one = writer.nestFlagged(mdb.MDBE_SRC_LIST_ENTRY);
        writer.binary(mdb.MDBE_SRCATTR_ADDRESS, ipBytes(source)).endNest(one);
      }
      writer.endNest(list);
    }
    if (how.mode !== undefined) writer.u8(mdb.MDBE_ATTR_GROUP_MODE, how.mode);
    if (how.protocol !== undefined) writer.u8(mdb.MDBE_ATTR_RTPROT, how.protocol);
    writer.endNest(attrs);
  });
}

/** The entries of 239/8: group, source, flags, mode, protocol, sources; timers as whether they run. */
async function entries(ctx: ParityContext): Promise<string[]> {
  const messages = await ctx.dump(RTM_GETMDB, (writer) => {
    writer.bytes[writer.reserve(mdb.BR_PORT_MSG_SIZE) + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  });
  return messages
    .flatMap((message) => message.attribute(mdb.MDBA_MDB, mdb.BR_PORT_MSG_SIZE)?.children() ?? [])
    .flatMap((entry) => entry.children())
    .filter(({ bytes, start }) => bytes[start + mdb.BR_MDB_ENTRY_ADDR] === 239)
    .map((info) => {
      const child = (type: number) => info.child(type, mdb.BR_MDB_ENTRY_SIZE);
      const at = info.start + mdb.BR_MDB_ENTRY_ADDR;
      const running = (timer: number | undefined) => ((timer ?? 0) > 0 ? "running" : "stopped");
      const list = (child(mdb.MDBA_MDB_EATTR_SRC_LIST)?.children() ?? []).map((source) => {
        const address = source.child(mdb.MDBA_MDB_SRCATTR_ADDRESS)?.copy().join(".");
        return ` ${address}/${running(source.child(mdb.MDBA_MDB_SRCATTR_TIMER)?.u32())}`;
      });
      const source = child(mdb.MDBA_MDB_EATTR_SOURCE)?.copy().join(".") ?? "*";
      const [state, flags] = [info.bytes[info.start + 4], info.bytes[info.start + 5]];
      const mode = child(mdb.MDBA_MDB_EATTR_GROUP_MODE)?.u8();
      const protocol = child(mdb.MDBA_MDB_EATTR_RTPROT)?.u8();
      const timer = running(child(mdb.MDBA_MDB_EATTR_TIMER)?.u32());
      const group = info.bytes.subarray(at, at + 4).join(".");
      return `${source},${group} ${state}:${flags} mode ${mode} proto ${protocol} ${timer}${list.join("")}`;
    })
    .sort();
}

/** Makes the bridge speak IGMPv3. */
async function speakVersion3(ctx: ParityContext): Promise<void> {
  const data = (writer: MessageWriter): void => void writer.u8(link.IFLA_BR_MCAST_IGMP_VERSION, 3);
  await ctx.newLink({ name: "br", info: { kind: "bridge", data } }, 0);
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

const [EXCLUDE, INCLUDE] = [0, 1];

parity("groups are entered with sources, and replaced", async (ctx) => {
  await build(ctx);
  await speakVersion3(ctx);
  const two = ["10.0.0.1", "10.0.0.2"];
  await enterSources(ctx, "239.1.1.1", { mode: INCLUDE, list: two, state: mdb.MDB_TEMPORARY }, NLM_F_CREATE);
  await enterSources(ctx, "239.1.1.2", { mode: EXCLUDE, list: two, protocol: 99 }, NLM_F_CREATE);
  expect(await entries(ctx)).toEqual([
    "*,239.1.1.1 0:0 mode 1 proto 4 stopped 10.0.0.2/running 10.0.0.1/running",
    "*,239.1.1.2 1:0 mode 0 proto 99 stopped 10.0.0.2/stopped 10.0.0.1/stopped",
    "10.0.0.1,239.1.1.1 0:0 mode 1 proto 4 stopped",
    "10.0.0.1,239.1.1.2 1:8 mode 1 proto 99 stopped",
    "10.0.0.2,239.1.1.1 0:0 mode 1 proto 4 stopped",
    "10.0.0.2,239.1.1.2 1:8 mode 1 proto 99 stopped",
  ]);
  const other = { mode: EXCLUDE, list: ["10.0.0.2", "10.0.0.3"], state: mdb.MDB_TEMPORARY };
  await enterSources(ctx, "239.1.1.1", other, NLM_F_REPLACE);
  await enterSources(ctx, "239.1.1.2", { mode: EXCLUDE }, NLM_F_REPLACE);
  expect(await entries(ctx)).toEqual([
    "*,239.1.1.1 0:0 mode 0 proto 4 running 10.0.0.3/stopped 10.0.0.2/stopped",
    "*,239.1.1.2 1:0 mode 0 proto 4 stopped",
    "10.0.0.2,239.1.1.1 0:8 mode 1 proto 4 stopped",
    "10.0.0.3,239.1.1.1 0:8 mode 1 proto 4 stopped",
  ]);
});

parity(
  "sources that are not to be named, or not like that, are refused, and nothing is left of them",
  async (ctx) => {
    await build(ctx);
    await speakVersion3(ctx);
    const refused = async (how: Sources, message: string, code: ErrnoName = "EINVAL"): Promise<void> =>
      expectError(enterSources(ctx, "239.1.1.1", how, NLM_F_CREATE), { code, message: `bridge: ${message}` });
    await refused({ mode: INCLUDE }, "Cannot add (*, G) INCLUDE with an empty source list");
    await refused({ list: ["10.0.0.1"] }, "Source list cannot be set without filter mode");
    await refused({ source: "10.0.0.1", mode: EXCLUDE }, "Filter mode can only be set for (*, G) entries");
    await refused(
      { source: "10.0.0.1", list: ["10.0.0.2"] },
      "Source list can only be set for (*, G) entries",
    );
    const host = { port: "br", state: mdb.MDB_TEMPORARY };
    await refused({ ...host, mode: EXCLUDE }, "Filter mode cannot be set for host groups");
    await refused({ ...host, list: ["10.0.0.1"] }, "Source list cannot be set for host groups");
    await refused({ ...host, protocol: 99 }, "Protocol cannot be set for host groups");
    await refused({ ...host, source: "10.0.0.1" }, "Groups with sources cannot be manually host joined");
    await refused({ mode: EXCLUDE, list: ["239.0.0.1"] }, "IPv4 multicast source address is not allowed");
    await refused({ mode: EXCLUDE, list: ["fd00::1"] }, "IPv4 invalid source address length");
    await refused({ mode: EXCLUDE, list: ["10.0.0.1", "10.0.0.1"] }, "Source entry already exists", "EEXIST");
    await refused({ mode: EXCLUDE, list: ["0.0.0.0"] }, "Failed to add new source entry", "ENOSPC");
    expect(await entries(ctx)).toEqual([]);
  },
);
