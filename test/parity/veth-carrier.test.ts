// What: a veth pair has carrier when both ends are up, and not otherwise; operstate and the carrier's counters follow.
//
// Kernel reference: drivers/net/veth.c (veth_open, veth_close), net/core/link_watch.c (default_operstate,
// linkwatch_do_dev), net/core/rtnetlink.c (rtnl_fill_ifinfo).
//
// Surprise: the counters of a new end already show one change, to carrier off, made when the pair was created.

import {
  IF_OPER_DOWN,
  IF_OPER_LOWERLAYERDOWN,
  IF_OPER_UP,
  IFF_LOWER_UP,
  IFF_RUNNING,
  IFF_UP,
} from "../../src/uapi/if.ts";
import type { TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { expectError } from "./vocabulary.ts";

const STATE = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;

/** Flags, operstate, carrier and its counters of a link. */
async function state(ctx: TestNetns, name: string) {
  const { flags, operstate, carrier, carrierUpCount, carrierDownCount, carrierChanges } =
    await ctx.link(name);
  return {
    flags: flags & STATE,
    operstate,
    carrier,
    counts: [carrierUpCount, carrierDownCount, carrierChanges],
  };
}

parity("a new end is down, has no carrier and counted its loss once", async (ctx) => {
  await ctx.addVeth("a", "b");
  const fresh = { flags: 0, operstate: IF_OPER_DOWN, carrier: 0, counts: [0, 1, 1] };
  expect(await state(ctx, "a")).toEqual(fresh);
  expect(await state(ctx, "b")).toEqual(fresh);
});

parity("one end up has no carrier, and its lower layer is down", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a");
  expect(await state(ctx, "a")).toEqual({
    flags: IFF_UP,
    operstate: IF_OPER_LOWERLAYERDOWN,
    carrier: 0,
    counts: [0, 1, 1],
  });
  expect(await state(ctx, "b")).toEqual({ flags: 0, operstate: IF_OPER_DOWN, carrier: 0, counts: [0, 1, 1] });
});

parity("both ends up have carrier, and run", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  const running = { flags: STATE, operstate: IF_OPER_UP, carrier: 1, counts: [1, 1, 2] };
  expect(await state(ctx, "a")).toEqual(running);
  expect(await state(ctx, "b")).toEqual(running);
});

parity("one end taken down takes the carrier of both", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.down("b");
  expect(await state(ctx, "a")).toEqual({
    flags: IFF_UP,
    operstate: IF_OPER_LOWERLAYERDOWN,
    carrier: 0,
    counts: [1, 2, 3],
  });
  expect(await state(ctx, "b")).toEqual({ flags: 0, operstate: IF_OPER_DOWN, carrier: 0, counts: [1, 2, 3] });
});

parity("the second end down changes nothing at the carrier", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.down("a", "b");
  expect(await state(ctx, "a")).toEqual({ flags: 0, operstate: IF_OPER_DOWN, carrier: 0, counts: [1, 2, 3] });
});

parity("carrier comes back with the end", async (ctx) => {
  await ctx.addVeth("a", "b");
  await ctx.up("a", "b");
  await ctx.down("a");
  await ctx.up("a");
  expect(await state(ctx, "b")).toEqual({
    flags: STATE,
    operstate: IF_OPER_UP,
    carrier: 1,
    counts: [2, 2, 4],
  });
});

parity("carrier crosses namespaces", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.addVeth("a", "b", red);
  await ctx.up("a");
  await red.up("b");
  expect(await state(ctx, "a")).toMatchObject({ flags: STATE, operstate: IF_OPER_UP, carrier: 1 });
  expect(await state(red, "b")).toMatchObject({ flags: STATE, operstate: IF_OPER_UP, carrier: 1 });
});

parity(
  "without a device of the peer's index in its namespace an end without carrier is just down",
  async (ctx) => {
    const red = await ctx.otherNetns();
    await ctx.newLink({ index: 50, name: "a", vethPeer: { index: 60, name: "b", netnsFd: red.fd } });
    await ctx.up("a");
    expect(await state(ctx, "a")).toMatchObject({ flags: IFF_UP, operstate: IF_OPER_DOWN });
  },
);

parity("an unrelated device that has the peer's index is asked in its place", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ index: 50, name: "a", vethPeer: { index: 60, name: "b", netnsFd: red.fd } });
  await ctx.newLink({ index: 60, name: "c", vethPeer: { name: "d" } });
  await ctx.up("a");
  // The state is worked out when the carrier goes; that of a device that is down may be, up to a second later.
  await red.up("b");
  await red.down("b");
  expect(await state(ctx, "a")).toMatchObject({ flags: IFF_UP, operstate: IF_OPER_LOWERLAYERDOWN });
});

parity("an unrelated device of the peer's index that has carrier makes it just down", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ index: 50, name: "a", vethPeer: { index: 60, name: "b", netnsFd: red.fd } });
  await ctx.newLink({ index: 60, name: "c", vethPeer: { name: "d" } });
  await ctx.up("c", "d");
  await ctx.up("a");
  expect(await state(ctx, "a")).toMatchObject({ flags: IFF_UP, operstate: IF_OPER_DOWN });
});

parity("ends with equal indexes in two namespaces are just down", async (ctx) => {
  const red = await ctx.otherNetns();
  await ctx.newLink({ index: 50, name: "a", vethPeer: { index: 50, name: "b", netnsFd: red.fd } });
  await ctx.up("a");
  expect(await state(ctx, "a")).toMatchObject({ flags: IFF_UP, operstate: IF_OPER_DOWN });
});

parity("veth's carrier cannot be set by hand", async (ctx) => {
  await ctx.addVeth("a", "b");
  await expectError(ctx.setLink({ name: "a", carrier: 1 }), { code: "EOPNOTSUPP" });
});

parity("lo has carrier, and its operstate is unknown once it is up", async (ctx) => {
  await ctx.up("lo");
  expect(await state(ctx, "lo")).toEqual({ flags: STATE, operstate: 0, carrier: 1, counts: [0, 0, 0] });
});
