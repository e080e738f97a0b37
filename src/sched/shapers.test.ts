// What: shapers let through what they are told to, classes share and borrow, flows get their turns, filters at the door decide.
//
//   red [v0 ⇒ discipline]──────[v1] blue
//
// Source: net/sched/sch_tbf.c, sch_htb.c, sch_prio.c, sch_fq_codel.c, cls_matchall.c, act_gact.c, act_mirred.c; RFC 8290. tc's own
// words for all of it are compared with Linux in test/corpus/tc-*.txt.

import { afterEach, describe, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { getU32, setS32, setU16, setU32 } from "../bytes/endian.ts";
import { TX_PACKETS } from "../net/counters.ts";
import { readCounter } from "../net/device.ts";
import type { Frame } from "../net/netdevice.ts";
import type { WriteBody } from "../netlink/client.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import * as tc from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";
import * as gact from "../uapi/tc_gact.ts";
import * as mirred from "../uapi/tc_mirred.ts";

const MS = 1_000_000;
const SECOND = 1_000 * MS;
const CREATE = 0x400;
const root = 0x1_0000;

let pair: QueuePair | undefined;

afterEach(() => {
  expect(pair?.close() ?? []).toEqual([]);
  pair = undefined;
});

async function start(): Promise<QueuePair> {
  pair = await new QueuePair().start();
  return pair;
}

/** Asks for a discipline, class or filter on v0. */
async function ask(
  on: QueuePair,
  type: number,
  {
    parent = tc.TC_H_ROOT,
    handle = 0,
    info = 0,
    kind,
  }: { parent?: number; handle?: number; info?: number; kind: string },
  options?: (writer: MessageWriter) => void,
): Promise<void> {
  const body: WriteBody = (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_HANDLE, handle);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
    setU32(writer.bytes, at + rt.TCMSG_INFO, info);
    writer.string(rt.TCA_KIND, kind);
    if (options === undefined) return;
    const nest = writer.nest(rt.TCA_OPTIONS);
    options(writer);
    writer.endNest(nest);
  };
  await (await on.machine.netns("red")).rtnl.request(type, CREATE, body);
}

/** struct tc_ratespec of so many bytes a second, with room for `bytes` in the bucket in ticks. */
function rateInto(writer: MessageWriter, at: number, bytesPerSec: number): void {
  setU32(writer.bytes, at + tc.TC_RATESPEC_RATE, bytesPerSec);
  writer.bytes[at + tc.TC_RATESPEC_LINKLAYER] = 1;
}

const ticksOf = (bytes: number, bytesPerSec: number): number =>
  Math.ceil((bytes * SECOND) / bytesPerSec / 64);

test("tbf lets a burst through at once, then its rate, and drops what does not fit", async () => {
  const on = await start();
  const rate = 100_000;
  await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "tbf" }, (writer) => {
    const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
    rateInto(writer, at + tc.TC_TBF_QOPT_RATE, rate);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_LIMIT, 10_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_BUFFER, ticksOf(3_000, rate));
  });
  const from = on.clock.now();
  for (let sent = 0; sent < 20; sent++) on.send(1_000);
  await on.clock.advance(SECOND);
  const times = on.arrivals.map(({ atNs }) => Math.round((atNs - from) / MS));
  // Three of the bucket, ten that waited, a hundred a second; seven had no room.
  expect(times).toEqual([0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(on.red.qdisc).toMatchObject({ packets: 13, bytes: 13_000, drops: 7, length: 0, backlog: 0 });
});

test("prio serves the first band that holds a frame", async () => {
  const on = await start();
  await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "tbf" }, (writer) => {
    const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
    rateInto(writer, at + tc.TC_TBF_QOPT_RATE, 100_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_LIMIT, 100_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_BUFFER, ticksOf(1_000, 100_000));
  });
  await (await on.machine.netns("red")).rtnl.request(rt.RTM_NEWQDISC, CREATE, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_HANDLE, 2 * root);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, root | 1);
    writer.string(rt.TCA_KIND, "prio");
    const options = writer.attribute(rt.TCA_OPTIONS, tc.TC_PRIO_QOPT_SIZE);
    setS32(writer.bytes, options, 3);
    writer.bytes.set([1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], options + tc.TC_PRIO_QOPT_PRIOMAP);
  });
  for (const priority of [2, 2, 0, 0, 6, 6]) on.send(1_000, (frame) => void (frame.priority = priority));
  await on.clock.advance(SECOND);
  // The first was gone before the others came.
  expect(on.arrivals.map(({ number }) => number)).toEqual([0, 4, 5, 2, 3, 1]);
});

test("htb shares by rate, lends what is not used, and keeps to the ceiling", async () => {
  const on = await start();
  await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "htb" }, (writer) => {
    const at = writer.attribute(tc.TCA_HTB_INIT, tc.TC_HTB_GLOB_SIZE);
    setU32(writer.bytes, at + tc.TC_HTB_GLOB_VERSION, 3);
    setU32(writer.bytes, at + tc.TC_HTB_GLOB_RATE2QUANTUM, 10);
    setU32(writer.bytes, at + tc.TC_HTB_GLOB_DEFCLS, 3);
  });
  const addClass = (minor: number, parent: number, rate: number, ceil: number) =>
    ask(on, rt.RTM_NEWTCLASS, { parent, handle: root | minor, kind: "htb" }, (writer) => {
      const at = writer.attribute(tc.TCA_HTB_PARMS, tc.TC_HTB_OPT_SIZE);
      rateInto(writer, at + tc.TC_HTB_OPT_RATE, rate);
      rateInto(writer, at + tc.TC_HTB_OPT_CEIL, ceil);
      setU32(writer.bytes, at + tc.TC_HTB_OPT_BUFFER, ticksOf(2_000, rate));
      setU32(writer.bytes, at + tc.TC_HTB_OPT_CBUFFER, ticksOf(2_000, ceil));
      setU32(writer.bytes, at + tc.TC_HTB_OPT_QUANTUM, 1_000);
    });
  await addClass(1, root, 100_000, 100_000);
  await addClass(2, root | 1, 75_000, 100_000);
  await addClass(3, root | 1, 25_000, 100_000);
  const two = (frame: Frame) => void (frame.priority = root | 2);
  for (let sent = 0; sent < 400; sent++) {
    on.send(1_000, two);
    on.send(500);
  }
  const from = on.clock.now();
  const before = on.arrivals.length;
  await on.clock.advance(2 * SECOND);
  const shared = on.arrivals.slice(before);
  const bytesOf = (length: number) => shared.filter((each) => each.length === length).length * length;
  expect(bytesOf(1_000) / 150_000).toBeCloseTo(1, 1);
  expect(bytesOf(500) / 50_000).toBeCloseTo(1, 1);
  await on.clock.advance(20 * SECOND);
  const last = on.arrivals.at(-1)?.atNs ?? 0;
  // 600,000 bytes in all at 100,000 a second: nobody waited while there was something to lend.
  expect((last - from) / SECOND).toBeCloseTo(6, 0);
  expect(on.arrivals).toHaveLength(800);
});

test("fq_codel gives a thin flow its turn before a fat one, and drops from what stands too long", async () => {
  const on = await start();
  await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "htb" }, (writer) => {
    const at = writer.attribute(tc.TCA_HTB_INIT, tc.TC_HTB_GLOB_SIZE);
    setU32(writer.bytes, at + tc.TC_HTB_GLOB_VERSION, 3);
    setU32(writer.bytes, at + tc.TC_HTB_GLOB_DEFCLS, 1);
  });
  await ask(on, rt.RTM_NEWTCLASS, { parent: root, handle: root | 1, kind: "htb" }, (writer) => {
    const at = writer.attribute(tc.TCA_HTB_PARMS, tc.TC_HTB_OPT_SIZE);
    for (const part of [tc.TC_HTB_OPT_RATE, tc.TC_HTB_OPT_CEIL]) rateInto(writer, at + part, 100_000);
    for (const part of [tc.TC_HTB_OPT_BUFFER, tc.TC_HTB_OPT_CBUFFER])
      setU32(writer.bytes, at + part, ticksOf(2_000, 100_000));
  });
  await ask(on, rt.RTM_NEWQDISC, { parent: root | 1, handle: 2 * root, kind: "fq_codel" });
  const udp = (port: number) => (frame: Frame) => {
    const { bytes, start } = frame;
    bytes.set(
      [
        0x08,
        0x00,
        0x45,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        64,
        17,
        0,
        0,
        10,
        0,
        0,
        1,
        10,
        0,
        0,
        2,
        port >> 8,
        port & 255,
        0,
        9,
      ],
      start + 12,
    );
    bytes[start + 16] = (frame.end - start - 14) >> 8;
    bytes[start + 17] = (frame.end - start - 14) & 255;
    frame.protocol = 0x0800;
  };
  for (let sent = 0; sent < 300; sent++) on.send(1_000, udp(1_000));
  await on.clock.advance(500 * MS);
  const from = on.clock.now();
  on.send(200, udp(2_000));
  await on.clock.advance(20 * SECOND);
  const thin = on.arrivals.find(({ length }) => length === 200);
  expect((thin?.atNs ?? 0) - from).toBeLessThan(40 * MS);
  const codel = on.red.qdiscs?.find(({ ops }) => ops.id === "fq_codel");
  expect(codel?.drops).toBeGreaterThan(5);
  expect(on.arrivals.length + (codel?.drops ?? 0)).toBe(301);
});

/** A tbf at the root that lets one frame of 1,000 bytes go at once, and none after it before time passes. */
async function slowTbf(on: QueuePair): Promise<void> {
  await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "tbf" }, (writer) => {
    const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
    rateInto(writer, at + tc.TC_TBF_QOPT_RATE, 1_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_LIMIT, 1_000_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_BUFFER, ticksOf(1_500, 1_000));
  });
}

const insideTbf = { parent: root | 1, handle: 2 * root };

function child(on: QueuePair) {
  const sch = on.red.qdiscs?.find(({ handle }) => handle === 2 * root);
  if (sch === undefined) throw new Error("There is no discipline 2:");
  return sch;
}

test("tbf does not count what netem below it loses", async () => {
  const on = await start();
  await slowTbf(on);
  await ask(on, rt.RTM_NEWQDISC, { ...insideTbf, kind: "netem" }, (writer) => {
    // The options of netem begin with struct tc_netem_qopt, without a header of their own.
    const at = writer.reserve(tc.TC_NETEM_QOPT_SIZE);
    setU32(writer.bytes, at + tc.TC_NETEM_QOPT_LIMIT, 1_000);
    setU32(writer.bytes, at + tc.TC_NETEM_QOPT_LOSS, 0xffff_ffff);
  });
  for (let sent = 0; sent < 5; sent++) on.send();
  // NET_XMIT_SUCCESS | __NET_XMIT_STOLEN is no drop to those above (net_xmit_drop_count).
  expect(child(on).drops).toBe(5);
  expect(on.red.qdisc).toMatchObject({ drops: 0, length: 0, backlog: 0 });
});

describe("fq_codel", () => {
  const flows = (value: number) => (writer: MessageWriter) => void writer.u32(tc.TCA_FQ_CODEL_FLOWS, value);
  const limit = (value: number) => (writer: MessageWriter) => {
    writer.u32(tc.TCA_FQ_CODEL_LIMIT, value);
    writer.u32(tc.TCA_FQ_CODEL_DROP_BATCH_SIZE, 2);
  };

  test("is told once how many flows it has, and refuses a silly quantum", async () => {
    const on = await start();
    const fqCodel = { handle: root, kind: "fq_codel" };
    await ask(on, rt.RTM_NEWQDISC, fqCodel, flows(16));
    await expect(ask(on, rt.RTM_NEWQDISC, fqCodel, flows(16))).rejects.toMatchObject({ code: "EINVAL" });
    const quantum = (value: number) =>
      ask(on, rt.RTM_NEWQDISC, fqCodel, (writer) => void writer.u32(tc.TCA_FQ_CODEL_QUANTUM, value));
    await quantum(0);
    await expect(quantum((1 << 20) + 1)).rejects.toMatchObject({
      code: "EINVAL",
      message: "Invalid quantum",
    });
  });

  test("drops from the fattest flow when it is full, and tells that flow's CoDel", async () => {
    const on = await start();
    await slowTbf(on);
    await ask(on, rt.RTM_NEWQDISC, { ...insideTbf, kind: "fq_codel" }, limit(10));
    const before = child(on);
    // One goes; the eleventh that waits is one too many, and two are dropped for it.
    for (let sent = 0; sent < 13; sent++) on.send(1_000);
    expect(before).toMatchObject({ drops: 2, length: 10, backlog: 10_000 });
    expect(on.red.qdisc).toMatchObject({ length: 10, backlog: 10_000 });
    const ops = before.ops.classes;
    const [cl] = ops?.walk(before) ?? [];
    const app = (cl && ops?.stats?.(before, cl).app) ?? new Uint8Array();
    expect(getU32(app, 4 + tc.TC_FQ_CODEL_CL_STATS_COUNT)).toBe(2);
  });

  test("lets go of what is beyond a new limit, in turn and uncounted, and those above know", async () => {
    const on = await start();
    await slowTbf(on);
    await ask(on, rt.RTM_NEWQDISC, { ...insideTbf, kind: "fq_codel" });
    for (let sent = 0; sent < 9; sent++) on.send(1_000);
    await ask(on, rt.RTM_NEWQDISC, { ...insideTbf, kind: "fq_codel" }, limit(3));
    expect(child(on)).toMatchObject({ drops: 0, length: 3, backlog: 3_000 });
    expect(on.red.qdisc).toMatchObject({ length: 3, backlog: 3_000 });
  });

  test("says nothing of the largest frame before it has looked at one", async () => {
    const on = await start();
    await ask(on, rt.RTM_NEWQDISC, { handle: root, kind: "fq_codel" });
    const said = () => getU32(on.red.qdisc?.ops.dumpStats?.(on.red.qdisc) ?? new Uint8Array(8), 4);
    expect(said()).toBe(0);
    on.send(777);
    expect(said()).toBe(777);
  });

  test("takes the flow that the priority names", async () => {
    const on = await start();
    await slowTbf(on);
    await ask(on, rt.RTM_NEWQDISC, { ...insideTbf, kind: "fq_codel" });
    const named = (minor: number) => (frame: Frame) => void (frame.priority = (2 * root) | minor);
    for (const minor of [3, 7, 7, 1_024, 1_024]) on.send(1_000, named(minor));
    const sch = child(on);
    expect([...(sch.ops.classes?.walk(sch) ?? [])].map(({ classid }) => classid)).toEqual([
      (2 * root) | 7,
      (2 * root) | 1_024,
    ]);
  });
});

/** A matchall filter with one action at a door of v0. */
function addFilter(on: QueuePair, minor: number, kind: string, options: (writer: MessageWriter) => void) {
  return ask(
    on,
    rt.RTM_NEWTFILTER,
    { parent: (0xffff_0000 | minor) >>> 0, info: 0x0300, kind: "matchall" },
    (writer) => {
      const list = writer.nest(cls.TCA_MATCHALL_ACT);
      const action = writer.nest(1);
      writer.string(cls.TCA_ACT_KIND, kind);
      const nest = writer.nest(cls.TCA_ACT_OPTIONS);
      options(writer);
      writer.endNest(nest).endNest(action).endNest(list);
    },
  );
}

test("matchall drops at the door on the way out, and counts it", async () => {
  const on = await start();
  await ask(on, rt.RTM_NEWQDISC, { parent: tc.TC_H_CLSACT, handle: 0xffff_0000, kind: "clsact" });
  await addFilter(on, tc.TC_H_MIN_EGRESS, "gact", (writer) => {
    const at = writer.attribute(gact.TCA_GACT_PARMS, gact.TC_GACT_SIZE);
    setS32(writer.bytes, at + gact.TC_GACT_ACTION, cls.TC_ACT_SHOT);
  });
  on.send();
  on.send();
  expect(on.arrivals).toEqual([]);
  expect(on.red.drops?.get("filtered")).toBe(2);
  expect(on.red.ingressQdisc).toMatchObject({ packets: 2, drops: 2 });
});

/** struct tc_gact, and struct tc_gact_p where another verdict is told of every `of` frames one. */
function writeGact(writer: MessageWriter, verdict: number, of = 0, other = 0): void {
  const at = writer.attribute(gact.TCA_GACT_PARMS, gact.TC_GACT_SIZE);
  setS32(writer.bytes, at + gact.TC_GACT_ACTION, verdict);
  if (of === 0) return;
  const chance = writer.attribute(gact.TCA_GACT_PROB, gact.TC_GACT_P_SIZE);
  setU16(writer.bytes, chance + gact.TC_GACT_P_PTYPE, gact.PGACT_DETERM);
  setU16(writer.bytes, chance + gact.TC_GACT_P_PVAL, of);
  setS32(writer.bytes, chance + gact.TC_GACT_P_PACTION, other);
}

test("gact tells another verdict of every third frame", async () => {
  const on = await start();
  await ask(on, rt.RTM_NEWQDISC, { parent: tc.TC_H_CLSACT, handle: 0xffff_0000, kind: "clsact" });
  await addFilter(on, tc.TC_H_MIN_EGRESS, "gact", (writer) =>
    writeGact(writer, cls.TC_ACT_OK, 3, cls.TC_ACT_SHOT),
  );
  for (let count = 0; count < 7; count++) on.send();
  expect(on.arrivals).toHaveLength(5);
  expect(on.red.drops?.get("filtered")).toBe(2);
});

test("a jump goes on behind as many actions of the list, and one that leads nowhere passes the frame", async () => {
  for (const [to, arrivals] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 1],
  ] as const) {
    const on = await start();
    await ask(on, rt.RTM_NEWQDISC, { parent: tc.TC_H_CLSACT, handle: 0xffff_0000, kind: "clsact" });
    const place = { parent: (0xffff_0000 | tc.TC_H_MIN_EGRESS) >>> 0, info: 0x0300, kind: "matchall" };
    await ask(on, rt.RTM_NEWTFILTER, place, (writer) => {
      const list = writer.nest(cls.TCA_MATCHALL_ACT);
      for (const [index, verdict] of [cls.TC_ACT_JUMP | to, cls.TC_ACT_SHOT, cls.TC_ACT_OK].entries()) {
        const action = writer.nest(index + 1);
        writer.string(cls.TCA_ACT_KIND, "gact");
        const nest = writer.nest(cls.TCA_ACT_OPTIONS);
        writeGact(writer, verdict);
        writer.endNest(nest).endNest(action);
      }
      writer.endNest(list);
    });
    on.send();
    expect(on.arrivals).toHaveLength(arrivals);
    expect(on.close()).toEqual([]);
  }
  pair = undefined;
});

test("mirred sends a copy by another device, and the frame itself goes on", async () => {
  const on = await start();
  const red = await on.machine.netns("red");
  await red.link.add({ kind: "dummy", name: "d0" });
  await red.link.set("d0", { addrGenMode: "none", isUp: true });
  const { ifindex } = await red.link.get("d0");
  await ask(on, rt.RTM_NEWQDISC, { parent: tc.TC_H_CLSACT, handle: 0xffff_0000, kind: "clsact" });
  await addFilter(on, tc.TC_H_MIN_EGRESS, "mirred", (writer) => {
    const at = writer.attribute(mirred.TCA_MIRRED_PARMS, mirred.TC_MIRRED_SIZE);
    setS32(writer.bytes, at + mirred.TC_MIRRED_ACTION, cls.TC_ACT_PIPE);
    setS32(writer.bytes, at + mirred.TC_MIRRED_EACTION, mirred.TCA_EGRESS_MIRROR);
    setU32(writer.bytes, at + mirred.TC_MIRRED_IFINDEX, ifindex);
  });
  await on.clock.advance(SECOND);
  const sentBy = () => readCounter(on.red.netns.devices.get(ifindex)!, TX_PACKETS);
  const before = sentBy();
  on.send();
  await on.clock.advance(MS);
  expect(on.arrivals).toHaveLength(1);
  expect(sentBy() - before).toBe(1);
});
