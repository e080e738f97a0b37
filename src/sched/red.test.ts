// What: red lets short queues be, drops or marks by chance between its bounds, and all above them.
//
//   red [v0 ⇒ tbf ⇒ red]──────[v1] blue
//
// Source: net/sched/sch_red.c, include/net/red.h; RFC 3168 for marks. What tc says of it is in test/corpus/golden/tc-red.txt.

import { afterEach, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { getU32, setBe16, setS32, setU32 } from "../bytes/endian.ts";
import type { Frame, Qdisc } from "../net/netdevice.ts";
import { SeededRandom } from "../net/random.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { RED_DONT_MARK, RED_HARD_MARK, RED_PROB_MARK, RED_STAB_SIZE, RedAverage } from "./red-average.ts";

const CREATE = 0x400;
const root = 0x1_0000;

let pair: QueuePair | undefined;

afterEach(() => {
  expect(pair?.close() ?? []).toEqual([]);
  pair = undefined;
});

async function add(
  on: QueuePair,
  parent: number,
  handle: number,
  kind: string,
  options: (writer: MessageWriter) => void,
) {
  const { rtnl } = await on.machine.netns("red");
  await rtnl.request(rt.RTM_NEWQDISC, CREATE, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_HANDLE, handle);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
    writer.string(rt.TCA_KIND, kind);
    const nest = writer.nest(rt.TCA_OPTIONS);
    options(writer);
    writer.endNest(nest);
  });
}

/** A red whose average is the length itself, from 1,000 to 3,000 bytes, below a tbf that lets one frame go. */
async function start(flags: number): Promise<{ readonly on: QueuePair; readonly sch: Qdisc }> {
  pair = await new QueuePair().start();
  await add(pair, tc.TC_H_ROOT, root, "tbf", (writer) => {
    const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_RATE + tc.TC_RATESPEC_RATE, 1_000);
    writer.bytes[at + tc.TC_TBF_QOPT_RATE + tc.TC_RATESPEC_LINKLAYER] = 1;
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_LIMIT, 100_000);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_BUFFER, Math.ceil((600 * 1_000_000) / 64));
  });
  await add(pair, root | 1, 2 * root, "red", (writer) => {
    const at = writer.attribute(tc.TCA_RED_PARMS, tc.TC_RED_QOPT_SIZE);
    setU32(writer.bytes, at + tc.TC_RED_QOPT_LIMIT, 5_000);
    setU32(writer.bytes, at + tc.TC_RED_QOPT_QTH_MIN, 1_000);
    setU32(writer.bytes, at + tc.TC_RED_QOPT_QTH_MAX, 3_000);
    writer.bytes[at + tc.TC_RED_QOPT_FLAGS] = flags;
    writer.binary(tc.TCA_RED_STAB, new Uint8Array(RED_STAB_SIZE));
    // No chance in between.
    writer.u32(tc.TCA_RED_MAX_P, 1);
  });
  const sch = pair.red.qdiscs?.find(({ ops }) => ops.id === "red");
  if (sch === undefined) throw new Error("There is no red");
  return { on: pair, sch };
}

/** A packet of IPv4 whose sender knows of marks. */
function capable(frame: Frame): void {
  const { bytes, start } = frame;
  frame.protocol = 0x0800;
  setBe16(bytes, start + 12, 0x0800);
  bytes.fill(0, start + 14, frame.end);
  bytes.set([0x45, 0x02, 0, frame.end - start - 14], start + 14);
  setBe16(bytes, start + 16, frame.end - start - 14);
}

test("above its upper bound every frame is dropped early", async () => {
  const { on, sch } = await start(0);
  for (let count = 0; count < 12; count++) on.send(500);
  // One is gone; six fill the queue to the bound, and the others find it there.
  expect([on.arrivals.length, sch.length, sch.drops, sch.overlimits]).toEqual([1, 6, 5, 5]);
  expect(getU32(sch.ops.dumpStats?.(sch) ?? new Uint8Array(4), tc.TC_RED_XSTATS_EARLY)).toBe(5);
});

test("with ecn frames are marked in place of dropping, up to the limit of the queue", async () => {
  const { on, sch } = await start(tc.TC_RED_ECN);
  for (let count = 0; count < 12; count++) on.send(500, capable);
  const stats = sch.ops.dumpStats?.(sch) ?? new Uint8Array(16);
  const of = (at: number) => getU32(stats, at);
  expect([sch.length, of(tc.TC_RED_XSTATS_EARLY), of(tc.TC_RED_XSTATS_MARKED)]).toEqual([10, 0, 5]);
  expect([of(tc.TC_RED_XSTATS_PDROP), sch.drops]).toEqual([1, 1]);
});

test("with harddrop they are dropped all the same above the upper bound", async () => {
  const { on, sch } = await start(tc.TC_RED_ECN | tc.TC_RED_HARDDROP);
  for (let count = 0; count < 12; count++) on.send(500, capable);
  expect([sch.length, sch.drops]).toEqual([6, 5]);
});

test("between the bounds the share of marked frames is the chance of the average", () => {
  // Half way between the bounds, with a greatest chance of 1 in 10.
  const maxP = Math.round(2 ** 32 / 10);
  const params = { min: 1_000, max: 3_000, wlog: 0, plog: 0, scellLog: 0, stab: new Uint8Array(256), maxP };
  const average = new RedAverage(params);
  const random = new SeededRandom(1);
  const counts = [0, 0, 0];
  for (let frame = 0; frame < 100_000; frame++) {
    const what = average.next(2_000, 0, random);
    counts[what] = (counts[what] ?? 0) + 1;
  }
  expect(counts[RED_HARD_MARK]).toBe(0);
  expect((counts[RED_DONT_MARK] ?? 0) + (counts[RED_PROB_MARK] ?? 0)).toBe(100_000);
  // Gaps between marks are even from 1 to 1/p, p being 0.05: their mean is about 10.5 (Floyd and Jacobson, section 7).
  const gap = 100_000 / (counts[RED_PROB_MARK] ?? 1);
  expect(gap).toBeGreaterThan(10);
  expect(gap).toBeLessThan(12.5);
});
