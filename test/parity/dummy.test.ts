// What: the kind dummy: one device that throws everything away.
//
// This kernel has no dummy (CONFIG_DUMMY), so its side is skipped. The expectations are drivers/net/dummy.c's and
// Documentation/netlink/specs/rt-link.yaml's: dummy_setup makes an Ethernet device with IFF_NOARP and without
// IFF_MULTICAST, an address of its own and MTU bounds 0 and 0; dummy_xmit counts and frees; carrier is on and can be
// set by hand (dummy_change_carrier); every link of the kind is named dummy%d.

import {
  IF_OPER_UNKNOWN,
  IFF_BROADCAST,
  IFF_LOWER_UP,
  IFF_NOARP,
  IFF_RUNNING,
  IFF_UP,
} from "../../src/uapi/if.ts";
import { expect, parity } from "./harness.ts";
import { expectError, makeFrame } from "./vocabulary.ts";

const skip = { kernel: "this kernel is built without dummy (CONFIG_DUMMY)" };

parity(
  "a dummy is a link of its own, without a peer",
  async (ctx) => {
    await ctx.newLink({ kind: "dummy" });
    const link = await ctx.link("dummy0");
    expect(link).toMatchObject({
      kind: "dummy",
      flags: IFF_BROADCAST | IFF_NOARP,
      link: undefined,
      mtu: 1500,
    });
    expect(link).toMatchObject({ minMtu: 0, maxMtu: 0, qdisc: "noop", carrier: 1, carrierChanges: 0 });
  },
  { skip },
);

parity(
  "a dummy that is up runs, and its operstate is unknown",
  async (ctx) => {
    await ctx.newLink({ name: "d", kind: "dummy" });
    await ctx.up("d");
    const { flags, operstate, qdisc } = await ctx.link("d");
    expect(flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP)).toBe(IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
    expect([operstate, qdisc]).toEqual([IF_OPER_UNKNOWN, "noqueue"]);
  },
  { skip },
);

parity(
  "a dummy counts what it throws away as sent",
  async (ctx) => {
    await ctx.newLink({ name: "d", kind: "dummy" });
    await ctx.quiet("d");
    await ctx.up("d");
    const port = await ctx.openPacket("d");
    port.send(makeFrame("02:00:00:00:00:0b", "02:00:00:00:00:0a", 60));
    expect(await ctx.counters("d")).toMatchObject({ txPackets: 1, txBytes: 60, txDropped: 0, rxPackets: 0 });
  },
  { skip },
);

parity(
  "a dummy's carrier is set by hand",
  async (ctx) => {
    await ctx.newLink({ name: "d", kind: "dummy" });
    await ctx.up("d");
    await ctx.setLink({ name: "d", carrier: 0 });
    expect(await ctx.link("d")).toMatchObject({ carrier: 0 });
    await ctx.setLink({ name: "d", carrier: 1 });
    expect(await ctx.link("d")).toMatchObject({ carrier: 1 });
  },
  { skip },
);

parity(
  "a dummy's address is a station's, checked as any Ethernet device's",
  async (ctx) => {
    await expectError(ctx.newLink({ name: "d", kind: "dummy", address: new Uint8Array(5) }), {
      code: "EINVAL",
    });
    const address = "01:00:5e:00:00:01";
    await expectError(ctx.newLink({ name: "d", kind: "dummy", address }), { code: "EADDRNOTAVAIL" });
    expect(await ctx.linkNames()).toEqual(["lo"]);
  },
  { skip },
);
