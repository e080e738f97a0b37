// What: the kind netkit: a pair whose policies say what crosses, whose ends have no addresses in the mode "l3".
//
//   ns a [n0]──────[n1] ns b
//
// This kernel has no netkit (CONFIG_NETKIT), so its side is skipped. The expectations are those of <linux/if_link.h>
// (IFLA_NETKIT_*, enum netkit_mode, netkit_action, netkit_scrub), Documentation/netlink/specs/rt-link.yaml, and what
// drivers/net/netkit.c is known to do: defaults l3, pass and scrub; names nk%d; the policy of the sending end decides.

import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IFF_NOARP } from "../../src/uapi/if.ts";
import * as il from "../../src/uapi/if_link.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { expectError, makeFrame, writeLink } from "./vocabulary.ts";

const skip = { kernel: "this kernel is built without netkit (CONFIG_NETKIT)" };
const NOBODY = "00:00:00:00:00:00";

type Write = (writer: MessageWriter) => void;

function add(ctx: TestNetns, name: string, peer: LinkRequest, more: Write = () => {}, own: LinkRequest = {}) {
  const data = (writer: MessageWriter): void => {
    more(writer);
    const nest = writer.nest(il.IFLA_NETKIT_PEER_INFO);
    writeLink(writer, peer);
    writer.endNest(nest);
  };
  return ctx.newLink({ name, info: { kind: "netkit", data }, ...own });
}

function change(ctx: ParityContext, name: string, data: Write): Promise<unknown> {
  return ctx.newLink({ name, info: { kind: "netkit", data } }, 0);
}

async function dataOf(ctx: TestNetns, name: string): Promise<(readonly [type: number, value: number])[]> {
  const { infoData = [] } = await ctx.link(name);
  return infoData.map((each) => [
    each.type,
    each.length === 1 ? each.u8() : each.length === 2 ? each.u16() : each.u32(),
  ]);
}

parity(
  "a pair without words is of the mode l3, and passes all",
  async (ctx) => {
    await ctx.newLink({ kind: "netkit" });
    expect(await ctx.linkNames()).toEqual(["lo", "nk0", "nk1"]);
    const link = await ctx.link("nk1");
    expect(link).toMatchObject({
      address: NOBODY,
      mtu: 1500,
      minMtu: 68,
      maxMtu: 65535,
      link: await ctx.index("nk0"),
    });
    expect(link.flags & IFF_NOARP).toBe(IFF_NOARP);
    expect(await dataOf(ctx, "nk1")).toEqual([
      [il.IFLA_NETKIT_PRIMARY, 1],
      [il.IFLA_NETKIT_POLICY, il.NETKIT_PASS],
      [il.IFLA_NETKIT_MODE, il.NETKIT_L3],
      [il.IFLA_NETKIT_SCRUB, il.NETKIT_SCRUB_DEFAULT],
      [il.IFLA_NETKIT_HEADROOM, 0],
      [il.IFLA_NETKIT_TAILROOM, 0],
      [il.IFLA_NETKIT_PEER_POLICY, il.NETKIT_PASS],
      [il.IFLA_NETKIT_PEER_SCRUB, il.NETKIT_SCRUB_DEFAULT],
    ]);
    expect((await dataOf(ctx, "nk0"))[0]).toEqual([il.IFLA_NETKIT_PRIMARY, 0]);
  },
  { skip },
);

parity(
  "in the mode l2 the ends have addresses, in the mode l3 none can be given",
  async (ctx) => {
    const l2 = (writer: MessageWriter) => writer.u32(il.IFLA_NETKIT_MODE, il.NETKIT_L2);
    await add(ctx, "n0", { name: "n1", address: "02:00:00:00:00:11" }, l2);
    expect((await ctx.link("n0")).address).not.toBe(NOBODY);
    expect((await ctx.link("n0")).flags & IFF_NOARP).toBe(0);
    expect(await ctx.link("n1")).toMatchObject({ address: "02:00:00:00:00:11" });
    await ctx.setLink({ name: "n0", address: "02:00:00:00:00:10" });
    await ctx.delLink({ name: "n1" });
    await expectError(add(ctx, "n0", { name: "n1", address: "02:00:00:00:00:11" }), { code: "EOPNOTSUPP" });
    await expectError(add(ctx, "n0", { name: "n1" }, undefined, { address: "02:00:00:00:00:10" }), {
      code: "EOPNOTSUPP",
    });
    await add(ctx, "n0", { name: "n1" });
    await expectError(ctx.setLink({ name: "n0", address: "02:00:00:00:00:10" }), { code: "EOPNOTSUPP" });
  },
  { skip },
);

parity(
  "settings are changed by the primary end, and only policies at that",
  async (ctx) => {
    await add(ctx, "n0", { name: "n1" });
    await change(ctx, "n0", (writer) => {
      writer.u32(il.IFLA_NETKIT_POLICY, il.NETKIT_DROP).u32(il.IFLA_NETKIT_PEER_POLICY, il.NETKIT_DROP);
    });
    expect(await dataOf(ctx, "n1")).toContainEqual([il.IFLA_NETKIT_POLICY, il.NETKIT_DROP]);
    // A request is 16 bytes of header, 16 of ifinfomsg, 8 of the name, 4, 4 + 8 of the kind, 4, then the attribute.
    const offset = 60;
    await expectError(
      change(ctx, "n1", (writer) => writer.u32(il.IFLA_NETKIT_POLICY, 0)),
      {
        code: "EACCES",
        message: "netkit link settings can be changed only through the primary device",
      },
    );
    await expectError(
      change(ctx, "n0", (writer) => writer.u32(il.IFLA_NETKIT_MODE, 0)),
      {
        code: "EACCES",
        message: "netkit link operating mode cannot be changed after device creation",
        offset,
      },
    );
    await expectError(
      change(ctx, "n0", (writer) => writer.u16(il.IFLA_NETKIT_HEADROOM, 0)),
      {
        code: "EACCES",
        message: "netkit link headroom cannot be changed after device creation",
        offset,
      },
    );
    await expectError(
      change(ctx, "n0", (writer) => writer.u32(il.IFLA_NETKIT_POLICY, 1)),
      {
        code: "EINVAL",
        message: "Provided default xmit policy not supported",
        offset,
      },
    );
    await expectError(
      change(ctx, "n0", (writer) => writer.u8(il.IFLA_NETKIT_PRIMARY, 1)),
      {
        code: "EINVAL",
        message: "Primary attribute is read-only",
        offset,
      },
    );
  },
  { skip },
);

parity(
  "the policy of the end that sends decides",
  async (ctx) => {
    const other = await ctx.otherNetns();
    const drop = (writer: MessageWriter) => writer.u32(il.IFLA_NETKIT_PEER_POLICY, il.NETKIT_DROP);
    await add(ctx, "n0", { name: "n1", netnsFd: other.fd }, drop);
    await ctx.quiet("n0");
    await other.quiet("n1");
    await ctx.up("n0");
    expect(await ctx.link("n0")).toMatchObject({ carrier: 0, linkNetnsid: 0 });
    await other.up("n1");
    expect(await ctx.link("n0")).toMatchObject({ carrier: 1 });
    const [one, two] = [await ctx.openPacket("n0"), await other.openPacket("n1")];
    one.send(makeFrame(NOBODY, NOBODY, 60));
    expect((await two.receive()).bytes).toHaveLength(60);
    try {
      two.send(makeFrame(NOBODY, NOBODY, 60));
    } catch {
      // The driver's refusal may reach the sender.
    }
    expect(await other.counters("n1")).toMatchObject({
      rxPackets: 1,
      rxBytes: 60,
      txPackets: 0,
      txDropped: 1,
    });
    expect(await ctx.counters("n0")).toMatchObject({ txPackets: 1, txBytes: 60, rxPackets: 0 });
    await other.delLink({ name: "n1" });
    await expectError(ctx.link("n0"), { code: "ENODEV" });
  },
  { skip },
);
