// What: mq gives each transmit queue a discipline, keeps the frames of a queue in order, and tells the sum of what they count.
//
//   red [v0 ⇒ mq ⇒ pfifo, tbf]──────[v1] blue
//
// Source: net/sched/sch_mq.c. What tc says of it is compared with Linux in test/corpus/tc-qdisc.txt.

import { afterEach, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { setS32, setU32 } from "../bytes/endian.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";

const CREATE = 0x400;
const REPLACE = 0x100;
const root = 0x1_0000;

let pair: QueuePair | undefined;

afterEach(() => {
  expect(pair?.close() ?? []).toEqual([]);
  pair = undefined;
});

async function start(): Promise<QueuePair> {
  pair = await new QueuePair().start(2);
  await add(pair, tc.TC_H_ROOT, root, "mq");
  return pair;
}

async function add(
  on: QueuePair,
  parent: number,
  handle: number,
  kind: string,
  options?: (writer: MessageWriter) => void,
) {
  const { rtnl } = await on.machine.netns("red");
  await rtnl.request(rt.RTM_NEWQDISC, CREATE | REPLACE, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_HANDLE, handle);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
    writer.string(rt.TCA_KIND, kind);
    options?.(writer);
  });
}

/** A tbf that lets one frame through and keeps `limit` bytes. */
function tight(limit: number): (writer: MessageWriter) => void {
  return (writer) => {
    const options = writer.nest(rt.TCA_OPTIONS);
    const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_RATE + tc.TC_RATESPEC_RATE, 1_000);
    writer.bytes[at + tc.TC_TBF_QOPT_RATE + tc.TC_RATESPEC_LINKLAYER] = 1;
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_LIMIT, limit);
    setU32(writer.bytes, at + tc.TC_TBF_QOPT_BUFFER, Math.ceil((120 * 1_000_000) / 64));
    writer.endNest(options);
  };
}

test("a queue that waits keeps its frames in order, and counts them above", async () => {
  const on = await start();
  await add(on, root | 2, 2 * root, "tbf", tight(1_000));
  for (let count = 0; count < 4; count++) on.send(100, (frame) => void (frame.queue = 1));
  expect(on.arrivals.map(({ number }) => number)).toEqual([0]);
  const sch = on.red.qdisc!;
  expect([sch.length, sch.backlog]).toEqual([3, 300]);
  await on.clock.advance(100_000_000);
  expect(on.arrivals.map(({ number }) => number)).toEqual([0, 1]);
  await on.clock.advance(1_000_000_000);
  expect(on.arrivals.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
  expect([sch.length, sch.backlog]).toEqual([0, 0]);
});

test("a queue whose discipline is taken away drops, and the sums are those of the queues there are", async () => {
  const on = await start();
  const sch = on.red.qdisc!;
  for (let count = 0; count < 3; count++) on.send(100, (frame) => void (frame.queue = 1));
  expect(on.arrivals).toHaveLength(3);
  const { classes } = sch.ops;
  const second = classes?.find(sch, root | 2) ?? null;
  expect(second && classes?.stats?.(sch, second)).toMatchObject({ packets: 3, bytes: 300 });
  await add(on, root | 2, 2 * root, "pfifo");
  const { rtnl } = await on.machine.netns("red");
  await rtnl.request(rt.RTM_DELQDISC, 0, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, root | 2);
  });
  on.send(100, (frame) => void (frame.queue = 1));
  expect(on.arrivals).toHaveLength(3);
  expect(await rtnl.dump(rt.RTM_GETQDISC, (writer) => void writer.reserve(rt.TCMSG_SIZE))).not.toEqual([]);
  expect([sch.packets, sch.bytes]).toEqual([0, 0]);
});
