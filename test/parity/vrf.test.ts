// What: the kind vrf: a device that gives its ports a routing table of their own.
//
// This kernel has no VRF (CONFIG_NET_VRF), so its side is skipped. The expectations are Documentation/networking/vrf.rst's,
// those of <linux/if_link.h> (IFLA_VRF_*), and what drivers/net/vrf.c is known to do: its texts; an MTU of 65575 with a
// minimum of 1280; the routes of a port's addresses in the table of the VRF; rules of priority 1000 for both families.

import { expect } from "vitest";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IF_OPER_UP, IFF_MASTER, IFF_NOARP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import { RTM_GETRULE } from "../../src/uapi/rtnetlink.ts";
import type { ParityContext } from "./context.ts";
import { parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

const skip = { kernel: "this kernel is built without VRFs (CONFIG_NET_VRF)" };
const TABLE = 10;

function add(ctx: ParityContext, name: string, data: (writer: MessageWriter) => void): Promise<unknown> {
  return ctx.newLink({ name, info: { kind: "vrf", data } });
}

function addRed(ctx: ParityContext): Promise<unknown> {
  return add(ctx, "red", (writer) => writer.u32(il.IFLA_VRF_TABLE, TABLE));
}

parity(
  "a VRF is a master without ARP, and tells its table",
  async (ctx) => {
    await addRed(ctx);
    const link = await ctx.link("red");
    expect(link).toMatchObject({ flags: IFF_MASTER | IFF_NOARP, mtu: 65575, minMtu: 1280, maxMtu: 65575 });
    expect(link).toMatchObject({ netnsImmutable: 1, link: undefined });
    expect(link.infoData?.map((each) => [each.type, each.u32()])).toEqual([[il.IFLA_VRF_TABLE, TABLE]]);
    await ctx.up("red");
    expect(await ctx.link("red")).toMatchObject({ operstate: IF_OPER_UP });
    expect(await ctx.dump(RTM_GETRULE, (writer) => writer.reserve(12))).toHaveLength(3 + 2 + 2);
  },
  { skip },
);

parity(
  "what a VRF cannot be is refused with the kernel's texts",
  async (ctx) => {
    await expectError(ctx.newLink({ name: "red", kind: "vrf" }), {
      code: "EINVAL",
      message: "VRF table id is missing",
    });
    await expectError(
      add(ctx, "red", (writer) => writer.u32(il.IFLA_VRF_TABLE, 0)),
      {
        code: "EINVAL",
        message: "Invalid VRF table id",
        offset: 56,
      },
    );
    await addRed(ctx);
    await ctx.addVeth("v0", "v1");
    const other = await ctx.otherNetns();
    await expectError(ctx.setLink({ name: "red", netnsFd: other.fd }), {
      code: "EINVAL",
      message: "The interface netns is immutable",
    });
    const master = await ctx.index("red");
    await expectError(ctx.setLink({ name: "lo", master }), {
      code: "EOPNOTSUPP",
      message: "Can not enslave loopback device to a VRF",
    });
    await add(ctx, "blue", (writer) => writer.u32(il.IFLA_VRF_TABLE, 11));
    await expectError(ctx.setLink({ name: "blue", master }), {
      code: "EINVAL",
      message: "Can not enslave an L3 master device to a VRF",
    });
    const info = { kind: "vrf", data: (writer: MessageWriter) => writer.u32(il.IFLA_VRF_TABLE, 12) };
    await expectError(ctx.newLink({ name: "red", info }, 0), { code: "EOPNOTSUPP" });
  },
  { skip },
);

parity(
  "the routes of a port are those of its VRF",
  async (ctx) => {
    await addRed(ctx);
    await ctx.addVeth("v0", "v1");
    await ctx.quiet("v0", "v1", "red");
    await ctx.up("red", "v0", "v1");
    await ctx.addAddr("10.0.0.1/24", "v0");
    const tablesOf = async () =>
      (await ctx.routes()).filter(({ dst }) => dst?.startsWith("10.0.0.") === true).map(({ table }) => table);
    expect(new Set(await tablesOf())).toEqual(new Set([254, 255]));
    await ctx.setLink({ name: "v0", master: await ctx.index("red") });
    expect(new Set(await tablesOf())).toEqual(new Set([TABLE]));
    const { slaveKind, slaveData, master } = await ctx.link("v0");
    expect([slaveKind, master]).toEqual(["vrf", await ctx.index("red")]);
    expect(slaveData?.map((each) => [each.type, each.u32()])).toEqual([[il.IFLA_VRF_PORT_TABLE, TABLE]]);
    await ctx.setLink({ name: "v0", master: 0 });
    expect(new Set(await tablesOf())).toEqual(new Set([254, 255]));
    await ctx.setLink({ name: "v0", master: await ctx.index("red") });
    await ctx.delLink({ name: "red" });
    expect(new Set(await tablesOf())).toEqual(new Set([254, 255]));
    expect((await ctx.link("v0")).master).toBeUndefined();
  },
  { skip },
);
