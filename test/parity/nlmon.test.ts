// What: the kind nlmon: a device that every netlink datagram of its namespace is sent on.
//
// This kernel has no nlmon (CONFIG_NLMON), so its side is skipped. The expectations are drivers/net/nlmon.c's: no address
// (EINVAL for one), type ARPHRD_NETLINK, no ARP, an MTU of NLMSG_GOODSIZE with a minimum of a message's header and no
// maximum, datagrams counted as received.

import { IFF_NOARP } from "../../src/uapi/if.ts";
import { ARPHRD_NETLINK } from "../../src/uapi/if_arp.ts";
import { RTM_GETLINK, RTM_NEWLINK } from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

const skip = { kernel: "this kernel is built without nlmon (CONFIG_NLMON)" };

parity(
  "nlmon is a device without an address",
  async (ctx) => {
    await expectError(ctx.newLink({ name: "n", kind: "nlmon", address: "02:00:00:00:00:01" }), {
      code: "EINVAL",
    });
    await ctx.newLink({ name: "n", kind: "nlmon" });
    const link = await ctx.link("n");
    expect(link).toMatchObject({ type: ARPHRD_NETLINK, flags: IFF_NOARP, mtu: 3776, minMtu: 16, maxMtu: 0 });
    expect(link).toMatchObject({ address: undefined });
    await expectError(ctx.setLink({ name: "n", address: "02:00:00:00:00:01" }), { code: "EOPNOTSUPP" });
  },
  { skip },
);

parity(
  "nlmon shows requests and answers while it is up",
  async (ctx) => {
    await ctx.newLink({ name: "n", kind: "nlmon" });
    await ctx.link("n");
    expect((await ctx.counters("n")).rxPackets).toBe(0);
    await ctx.up("n");
    const port = await ctx.openPacket("n");
    await ctx.link("lo");
    const types: number[] = [];
    for (let index = 0; index < 8 && !types.includes(RTM_NEWLINK); index++) {
      const { bytes } = await port.receive();
      types.push((bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8));
    }
    expect(types).toContain(RTM_GETLINK);
    expect(types).toContain(RTM_NEWLINK);
    await ctx.down("n");
    const { rxPackets } = await ctx.counters("n");
    await ctx.link("lo");
    expect((await ctx.counters("n")).rxPackets).toBe(rxPackets);
  },
  { skip },
);
