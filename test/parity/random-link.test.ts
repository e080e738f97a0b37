// What: whatever is asked about links, in whatever order, is answered and told of as by the kernel, byte for byte.
//
//   ns 0: a strict, a liberal and a listening socket      ns 1: the same
//
// Requests drawn at random go to the live kernel and to a machine of ours. Compared are the acknowledgements with their
// texts, offsets and policies, the replies, the dumps, and the notifications in both namespaces, those of the other one
// included. UVETH_RANDOM_SEEDS=N draws more of them.
//
// Kernel reference: net/core/rtnetlink.c, net/core/dev.c, drivers/net/veth.c.

import { expect, test } from "vitest";
import { SeededRandom } from "../../src/net/random.ts";
import { messages } from "../../src/netlink/message.ts";
import * as nl from "../../src/uapi/netlink.ts";
import { RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import type { TestNetns } from "./context.ts";
import { ParityContext } from "./context.ts";
import { canMakeNamespaces } from "./kernel-child.ts";
import type { RandomRequest } from "./random-requests.ts";
import { drawRequest } from "./random-requests.ts";
import type { RawSocket } from "./raw.ts";
import { makeMessage } from "./raw.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";
import type { Target } from "./targets.ts";
import { answerLines, linkExceptions } from "./transcript.ts";
import { writeLink } from "./vocabulary.ts";

const seeds = Number(process.env["UVETH_RANDOM_SEEDS"] ?? 10);
const requestsPerSeed = 40;

/** The sockets of one namespace. */
interface Sockets {
  readonly strict: RawSocket;
  readonly liberal: RawSocket;
  readonly listener: RawSocket;
}

async function openSockets(netns: TestNetns): Promise<Sockets> {
  const [strict, liberal, listener] = [await netns.openRaw(), await netns.openRaw(), await netns.openRaw()];
  strict.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  strict.transport.setOption(nl.NETLINK_GET_STRICT_CHK, 1);
  liberal.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  listener.transport.setOption(nl.NETLINK_LISTEN_ALL_NSID, 1);
  listener.transport.setOption(nl.NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
  return { strict, liberal, listener };
}

/** Does the requests one after the other; what came of each, as lines. */
async function transcript(target: Target, requests: readonly RandomRequest[]): Promise<string[][]> {
  const machine = await target.start();
  try {
    const ctx = await ParityContext.start(target.name, machine);
    const other = await ctx.otherNetns();
    const spaces = [await openSockets(ctx), await openSockets(other)];
    try {
      const steps = [];
      for (const [seq, request] of requests.entries()) {
        steps.push(await step(spaces, request, seq, [ctx.fd, other.fd]));
      }
      return steps;
    } finally {
      ctx.close();
    }
  } finally {
    await machine.close();
  }
}

async function step(
  spaces: Sockets[],
  request: RandomRequest,
  seq: number,
  fds: number[],
): Promise<string[]> {
  const { netns, isStrict, type, flags, link } = request;
  const sockets = spaces[netns];
  if (sockets === undefined) expect.fail("There are two namespaces");
  const socket = isStrict ? sockets.strict : sockets.liberal;
  const bytes = makeMessage(type, nl.NLM_F_REQUEST | nl.NLM_F_ACK | flags, seq, (writer) =>
    writeLink(writer, link(fds)),
  );
  const answer = flags === nl.NLM_F_DUMP ? await socket.dump(bytes) : await socket.exchange(bytes);
  const lines = describe("answer", answer, socket.transport.portId);
  for (const [number, { listener }] of spaces.entries()) {
    lines.push(...describe(`told in ${number}`, await listener.rest(), socket.transport.portId));
  }
  return lines;
}

function describe(what: string, datagrams: readonly Uint8Array[], portId: number): string[] {
  const all = datagrams.flatMap((datagram) => [...messages(datagram)]);
  return all.flatMap((message) => [what, ...answerLines(message, portId, linkExceptions)]);
}

for (let seed = 1; seed <= seeds; seed++) {
  test(`both: random requests, seed ${seed}`, { timeout: 30_000 }, async (context) => {
    if (!canMakeNamespaces()) context.skip("Comparing with the kernel takes root");
    const random = new SeededRandom(seed);
    const requests = Array.from({ length: requestsPerSeed }, () => drawRequest(random));
    const kernel = await transcript(kernelTarget, requests);
    const uveth = await transcript(uvethTarget, requests);
    for (const [index, expected] of kernel.entries()) {
      const { netns, type, flags, link } =
        requests[index] ?? expect.fail("There is a request for every step");
      const shown = JSON.stringify({ step: index, netns, type, flags, link: link([]) });
      expect(uveth[index], shown).toEqual(expected);
    }
  });
}
