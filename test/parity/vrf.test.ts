// What: the kind vrf: a device that gives its ports a routing table of their own.
//
// This kernel has no VRF (CONFIG_NET_VRF), so its side is skipped. The expectations are Documentation/networking/vrf.rst's,
// those of <linux/if_link.h> (IFLA_VRF_*), and what drivers/net/vrf.c is known to do: its texts; an MTU of 65575 with a
// minimum of 1280; the routes of a port's addresses in the table of the VRF; rules of priority 1000 for both families.

import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IF_OPER_UP, IFF_MASTER, IFF_NOARP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import { RTM_GETRULE, RTNH_F_ONLINK } from "../../src/uapi/rtnetlink.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
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

parity(
  "gateways are judged by the addresses of the VRF alone (tools/testing/selftests/net/fib-onlink-tests.sh, fib_tests.sh)",
  async (ctx) => {
    await addRed(ctx);
    await ctx.addVeth("v0", "v1");
    await ctx.addVeth("w0", "w1");
    await ctx.quiet("v0", "v1", "w0", "w1", "red");
    const master = await ctx.index("red");
    for (const name of ["v1", "w1"]) await ctx.setLink({ name, master });
    await ctx.up("red", "v0", "v1", "w0", "w1");
    for (const [prefix, dev] of [
      ["10.0.0.1/24", "v0"],
      ["10.0.0.2/24", "v1"],
      ["10.0.1.2/24", "w1"],
      ["2001:db8::1/64", "v0"],
      ["2001:db8::2/64", "v1"],
      ["2001:db8:1::2/64", "w1"],
    ] as const) {
      await ctx.addAddr(prefix, dev);
    }
    const ownIpv4 = { code: "EINVAL", message: "Nexthop has invalid gateway" } as const;
    const ownIpv6 = { code: "EINVAL", message: "Gateway can not be a local address" } as const;
    const elsewhere = {
      code: "EINVAL",
      message: "Nexthop has invalid gateway or device mismatch",
    } as const;
    const [v0, v1] = [await ctx.index("v0"), await ctx.index("v1")];
    const onlink = { flags: RTNH_F_ONLINK };
    // The host's own address in the VRF is none of the others' business, and the other way round.
    await ctx.addRoute("2001:db8:8::/64", { gateway: "2001:db8::2", oif: v0 });
    await ctx.addRoute("2001:db8:9::/64", { gateway: "2001:db8::1", oif: v1, table: TABLE });
    await ctx.addRoute("10.8.0.0/16", { gateway: "10.0.0.2", oif: v0, ...onlink });
    await expectError(
      ctx.addRoute("10.9.0.0/16", { gateway: "10.0.0.2", oif: v1, table: TABLE, ...onlink }),
      ownIpv4,
    );
    await expectError(
      ctx.addRoute("10.9.0.0/16", { gateway: "10.0.1.2", oif: v1, table: TABLE, ...onlink }),
      ownIpv4,
    );
    await expectError(
      ctx.addRoute("2001:db8:a::/64", { gateway: "2001:db8::2", oif: v1, table: TABLE }),
      ownIpv6,
    );
    await expectError(
      ctx.addRoute("2001:db8:a::/64", { gateway: "2001:db8:1::64", oif: v1, table: TABLE, ...onlink }),
      elsewhere,
    );
  },
  { skip },
);
