// What: ifi_flags and ifi_change: which flags a request sets, which are the kernel's.
//
// Kernel reference: net/core/dev.c (__dev_change_flags, dev_get_flags), net/core/rtnetlink.c (rtnl_dev_combine_flags).

import {
  IFF_ALLMULTI,
  IFF_BROADCAST,
  IFF_DEBUG,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_UP,
} from "../../src/uapi/if.ts";
import { expect, parity } from "./harness.ts";

const FRESH = IFF_BROADCAST | IFF_MULTICAST;

parity("ifi_change says which flags are meant", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", flags: IFF_UP | IFF_NOARP, change: IFF_NOARP });
  expect((await ctx.link("a")).flags).toBe(FRESH | IFF_NOARP);
  await ctx.setLink({ name: "a", flags: 0, change: IFF_NOARP });
  expect((await ctx.link("a")).flags).toBe(FRESH);
});

parity("without ifi_change the flags are set as they are", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", flags: IFF_NOARP });
  expect((await ctx.link("a")).flags).toBe(IFF_BROADCAST | IFF_NOARP);
});

parity("flags and ifi_change of 0 change nothing", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  await ctx.setLink({ name: "a", mtu: 1400 });
  expect((await ctx.link("a")).flags & IFF_UP).toBe(IFF_UP);
});

parity(
  "DEBUG, NOARP, DYNAMIC, MULTICAST, PORTSEL, AUTOMEDIA, ALLMULTI and PROMISC are a request's to set",
  async (ctx) => {
    await ctx.addVeth("a", "b");
    for (const flag of [IFF_DEBUG, IFF_NOARP, 0x8000, 0x2000, 0x4000, IFF_ALLMULTI, IFF_PROMISC]) {
      await ctx.setLink({ name: "a", flags: flag, change: flag });
      expect((await ctx.link("a")).flags).toBe(FRESH | flag);
      await ctx.setLink({ name: "a", change: flag });
      expect((await ctx.link("a")).flags).toBe(FRESH);
    }
  },
);

parity("BROADCAST, LOOPBACK, POINTOPOINT, RUNNING and LOWER_UP are not", async (ctx) => {
  await ctx.addVeth("a", "b");
  for (const flag of [IFF_LOOPBACK, IFF_POINTOPOINT, IFF_RUNNING, 0x10000, 0x400, 0x800, 0x20000]) {
    await ctx.setLink({ name: "a", flags: flag, change: flag });
    expect((await ctx.link("a")).flags).toBe(FRESH);
  }
  await ctx.setLink({ name: "a", change: IFF_BROADCAST });
  expect((await ctx.link("a")).flags).toBe(FRESH);
});

parity("IFF_PROMISC and IFF_ALLMULTI count in IFLA_PROMISCUITY and IFLA_ALLMULTI", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.setLink({ name: "a", flags: IFF_PROMISC, change: IFF_PROMISC });
  expect(await ctx.link("a")).toMatchObject({ promiscuity: 1 });
  await ctx.setLink({ name: "a", flags: IFF_PROMISC, change: IFF_PROMISC });
  expect(await ctx.link("a")).toMatchObject({ promiscuity: 1 });
  await ctx.setLink({ name: "a", change: IFF_PROMISC });
  expect(await ctx.link("a")).toMatchObject({ promiscuity: 0 });
});

parity("a device has noop until it comes up for the first time, and noqueue from then on", async (ctx) => {
  await ctx.addVeth("a", "b");
  expect((await ctx.link("a")).qdisc).toBe("noop");
  await ctx.up("a");
  expect((await ctx.link("a")).qdisc).toBe("noqueue");
  await ctx.down("a");
  expect((await ctx.link("a")).qdisc).toBe("noqueue");
});

parity("lo that comes up has noqueue", async (ctx) => {
  await ctx.up("lo");
  expect(await ctx.link("lo")).toMatchObject({
    qdisc: "noqueue",
    flags: IFF_LOOPBACK | IFF_UP | IFF_RUNNING | 0x10000,
  });
});
