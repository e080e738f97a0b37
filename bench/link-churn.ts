// link-churn: 1,000 pairs made, deleted one by one, and deleted by group, as pipelined requests of one client on an open
// socket, first byte to last ACK, daemon against live kernel (which waits for RCU); and what a pair costs in process, in
// time and memory, at 1,000 and at 100,000 pairs.

import { kernelNetlink } from "../src/attach/node/index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../src/index.ts";
import { NetlinkClient } from "../src/netlink/client.ts";
import type { NetlinkProvider } from "../src/netlink/transport.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from "../src/uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK } from "../src/uapi/rtnetlink.ts";
import { quietKernel } from "./af-packet.ts";
import { privateDaemon } from "./daemon.ts";
import type { BenchContext } from "./main.ts";
import { deleteGroup, writeDelete, writePair } from "./pairs.ts";
import type { Comparison } from "./rounds.ts";
import { compare, seconds } from "./rounds.ts";

const defaultRounds = 3;
const pairCount = 1_000;
/** Requests in one datagram: what a pipelining client sends at once. */
const pipelined = 100;
const group = 7;

export async function run(context: BenchContext): Promise<void> {
  const daemon = await privateDaemon();
  try {
    await againstKernel(context, daemon.provider);
  } finally {
    await daemon.stop();
  }
  await inProcess(context);
}

/** Three ways to churn, each timed by itself; every round leaves nothing behind for the next. */
async function againstKernel(
  { rounds = defaultRounds, hasKernel, report, say }: BenchContext,
  daemon: NetlinkProvider,
) {
  const ours = await clientOf(daemon);
  if (hasKernel) quietKernel();
  const theirs = hasKernel ? await clientOf(kernelNetlink()) : undefined;
  const steps: readonly [string, (client: NetlinkClient) => Promise<number>][] = [
    [
      "create",
      async (client) => {
        const took = await create(client, pairCount);
        await deleteGroup(client, group);
        return took;
      },
    ],
    [
      "delete one by one",
      async (client) => {
        await create(client, pairCount);
        return deleteEach(client, pairCount);
      },
    ],
    [
      "delete by group",
      async (client) => {
        await create(client, pairCount);
        return timed(() => deleteGroup(client, group));
      },
    ],
  ];
  for (const [what, step] of steps) {
    say(`link-churn/${what}`);
    const comparison: Comparison = {
      name: `link-churn/${pairCount} pairs, ${what}`,
      unit: "s",
      isMoreBetter: false,
      uveth: () => step(ours),
      ...(theirs === undefined ? {} : { peers: { kernel: () => step(theirs) } }),
    };
    report(await compare(comparison, rounds));
  }
  ours.close();
  theirs?.close();
}

async function clientOf(provider: NetlinkProvider): Promise<NetlinkClient> {
  return new NetlinkClient(await provider.openSocket({ protocol: NETLINK_ROUTE }));
}

async function create(client: NetlinkClient, count: number): Promise<number> {
  return pipeline(client, count, (index) => ({
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: (writer) => writePair(writer, `a${index}`, `b${index}`, group),
  }));
}

async function deleteEach(client: NetlinkClient, count: number): Promise<number> {
  return pipeline(client, count, (index) => ({
    type: RTM_DELLINK,
    flags: 0,
    body: (writer) => writeDelete(writer, `a${index}`),
  }));
}

type Request = Parameters<NetlinkClient["pipeline"]>[0][number];

/** Sends `count` requests, as many at once as fit a datagram, without waiting for answers in between. */
async function pipeline(
  client: NetlinkClient,
  count: number,
  request: (index: number) => Request,
): Promise<number> {
  return timed(async () => {
    const answers: Promise<unknown>[] = [];
    for (let first = 0; first < count; first += pipelined) {
      const indexes = Array.from({ length: Math.min(pipelined, count - first) }, (_, index) => first + index);
      answers.push(...client.pipeline(indexes.map(request)));
    }
    await Promise.all(answers);
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = seconds();
  await work();
  return seconds() - start;
}

/** What a pair costs in process: made, dumped and held, at two sizes. */
async function inProcess({ report, say }: BenchContext): Promise<void> {
  const small = await costOfPairs(1_000, 20, say);
  const large = await costOfPairs(100_000, 1, say);
  for (const [count, cost] of [
    [1_000, small],
    [100_000, large],
  ] as const) {
    report({
      name: `link-churn/${count} pairs in process, create`,
      unit: "µs a pair",
      uveth: cost.createUs,
      rounds: 1,
    });
    report({
      name: `link-churn/${count} pairs in process, dump`,
      unit: "µs a pair",
      uveth: cost.dumpUs,
      rounds: 1,
    });
    report({
      name: `link-churn/${count} pairs in process, RSS`,
      unit: "KiB a pair",
      uveth: cost.rssKiB,
      rounds: 1,
    });
  }
  report({
    name: "link-churn/100,000 against 1,000 pairs",
    unit: "times the time",
    uveth: (large.createUs + large.dumpUs) / (small.createUs + small.dumpUs),
    rounds: 1,
  });
}

/** Makes `count` pairs on `machines` machines one after the other; figures are per pair. */
async function costOfPairs(count: number, machines: number, say: (text: string) => void) {
  say(`link-churn/${count} pairs in process`);
  collect();
  const rssBefore = process.memoryUsage().rss;
  const held: { client: NetlinkClient; machine: ReturnType<typeof createMachine> }[] = [];
  let create = 0;
  let dump = 0;
  for (let index = 0; index < machines; index++) {
    const clock = new VirtualClock();
    const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
    const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
    held.push({ client, machine });
    create += await createInProcess(client, count);
    dump += await timed(() =>
      client.dump(
        RTM_GETLINK,
        (writer) => void writer.reserve(IFINFOMSG_SIZE),
        () => {},
      ),
    );
  }
  collect();
  const rss = process.memoryUsage().rss - rssBefore;
  for (const { client, machine } of held) {
    client.close();
    machine.close();
  }
  const pairs = count * machines;
  return { createUs: (create / pairs) * 1e6, dumpUs: (dump / pairs) * 1e6, rssKiB: rss / pairs / 1024 };
}

async function createInProcess(client: NetlinkClient, count: number): Promise<number> {
  return timed(async () => {
    for (let first = 0; first < count; first += pipelined) {
      const indexes = Array.from({ length: Math.min(pipelined, count - first) }, (_, index) => first + index);
      const requests = indexes.map((index) => ({
        type: RTM_NEWLINK,
        flags: NLM_F_CREATE | NLM_F_EXCL,
        body: (writer: Parameters<Request["body"]>[0]) => writePair(writer, `a${index}`, `b${index}`),
      }));
      await Promise.all(client.pipeline(requests));
    }
  });
}

/** Collects garbage; the benchmark is started with --expose-gc. */
function collect(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}
