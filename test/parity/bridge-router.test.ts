// What: ports behind which multicast routers are: those that a user says are while they take part, and for a time only.
//
//   br ── p ─────── e
//
// Kernel reference: net/bridge/br_multicast.c (br_multicast_set_port_router, __br_multicast_enable_port_ctx,
// __br_multicast_disable_port_ctx, br_multicast_rport_del_notify), net/bridge/br_mdb.c (br_rports_fill_info).
//
// Surprise: a port that is one for a time (3) becomes one by queries (1) when that is over, or the port goes down.

import { getU32 } from "../../src/bytes/endian.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import * as link from "../../src/uapi/if_link.ts";
import { IFINFOMSG_SIZE, RTM_GETLINK, RTM_GETMDB } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";

async function build(ctx: ParityContext): Promise<void> {
  // A router for a time is one for half a second.
  await ctx.newLink({
    name: "br",
    info: { kind: "bridge", data: (writer) => void writer.u64(link.IFLA_BR_MCAST_QUERIER_INTVL, 50n) },
  });
  await ctx.addVeth("p", "e");
  await ctx.quiet("br", "p", "e");
  await ctx.setLink({ name: "p", master: await ctx.index("br") });
  await ctx.up("e", "p", "br");
  await ctx.settle("e", "p", "br");
}

async function setRouter(ctx: ParityContext, router: number): Promise<void> {
  const data = (writer: MessageWriter): void => void writer.u8(link.IFLA_BRPORT_MULTICAST_ROUTER, router);
  await ctx.newLink({ name: "p", slaveInfo: { kind: "bridge", data } }, 0);
}

/** The router ports in the database, each with the types of its attributes behind the ifindex. */
async function routers(ctx: ParityContext): Promise<string[]> {
  const messages = await ctx.dump(RTM_GETMDB, (writer) => {
    writer.bytes[writer.reserve(mdb.BR_PORT_MSG_SIZE) + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  });
  const index = await ctx.index("p");
  return messages
    .flatMap((message) => message.attribute(mdb.MDBA_ROUTER, mdb.BR_PORT_MSG_SIZE)?.children() ?? [])
    .map((port) => {
      const name = getU32(port.bytes, port.start) === index ? "p" : "another";
      return `${name} ${port.children(4).map(({ type }) => type)}`;
    });
}

/** The port's setting. */
async function setting(ctx: ParityContext): Promise<number | undefined> {
  const messages = await ctx.dump(RTM_GETLINK, (writer) => void writer.reserve(IFINFOMSG_SIZE));
  return messages
    .flatMap(
      (message) =>
        message.attribute(link.IFLA_LINKINFO, IFINFOMSG_SIZE)?.child(link.IFLA_INFO_SLAVE_DATA) ?? [],
    )
    .map((data) => data.child(link.IFLA_BRPORT_MULTICAST_ROUTER)?.u8())[0];
}

parity("a port is a router's for good while it takes part", async (ctx) => {
  await build(ctx);
  await setRouter(ctx, mdb.MDB_RTR_TYPE_PERM);
  const up = await routers(ctx);
  await ctx.down("p");
  await ctx.sleep(100);
  const down = await routers(ctx);
  await ctx.up("p");
  await ctx.settle("p", "br");
  expect([up, down, await routers(ctx), await setting(ctx)]).toEqual([["p 1,2,3,4"], [], ["p 1,2,3,4"], 2]);
});

parity("a port is a router's for a time", async (ctx) => {
  await build(ctx);
  await setRouter(ctx, mdb.MDB_RTR_TYPE_TEMP);
  const first = [await routers(ctx), await setting(ctx)];
  await ctx.sleep(700);
  expect([first, await routers(ctx), await setting(ctx)]).toEqual([[["p 1,2,3,4"], 3], [], 1]);
});
