// `ip neigh flush`: deletes what `ip neigh show` with the same words would list, in rounds, until nothing is left. Without
// `nud`, neighbours that are permanent or need no address stay.
//
// Facts: the behaviour of iproute2 6.1.

import type { Neighbour } from "../../../client/neigh.ts";
import { writeNeighbour } from "../../../client/neigh.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { RTM_DELNEIGH } from "../../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { FLUSHED_STATES, parseNeighbourFilter } from "./filter.ts";
import { printNeigh } from "./print.ts";
import { findNeighbours } from "./show.ts";

const MAX_ROUNDS = 10;

/** Flushes the neighbours that the words ask for. */
export async function flushNeighbours(ip: IpContext, words: Words): Promise<number> {
  if (words.count === 0) throw new CommandExit(EXIT_FAILURE, "Flush requires arguments.\n");
  const filter = await parseNeighbourFilter(ip, words, FLUSHED_STATES);
  const { stats } = ip.options;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await findNeighbours(ip, filter);
    if (found.length === 0) return complete(ip, round);
    if (stats > 1) printAll(ip, found, filter.ifindex === undefined);
    await deleteAll(ip, found);
    if (stats > 0) ip.io.stdout(`\n*** Round ${round + 1}, deleting ${found.length} entries ***\n`);
  }
  ip.io.stdout(`*** Flush not complete bailing out after ${MAX_ROUNDS} rounds\n`);
  return EXIT_FAILURE;
}

function complete(ip: IpContext, rounds: number): number {
  if (ip.options.stats === 0) return 0;
  ip.io.stdout(
    rounds === 0
      ? "Nothing to flush.\n"
      : `*** Flush is complete after ${rounds} round${rounds > 1 ? "s" : ""} ***\n`,
  );
  return 0;
}

/** Lists them as text: there is no JSON of a flush. */
function printAll(ip: IpContext, neighbours: readonly Neighbour[], hasDevice: boolean): void {
  const out = ip.output({ json: false });
  for (const neighbour of neighbours) printNeigh(ip, out, neighbour, { hasDevice });
  out.flush();
}

async function deleteAll(ip: IpContext, neighbours: readonly Neighbour[]): Promise<void> {
  const client = await ip.rtnl();
  const deletions = client.pipeline(
    neighbours.map(({ family, ifindex, state, flags, dst }) => ({
      type: RTM_DELNEIGH,
      flags: 0,
      body: (writer) => writeNeighbour(writer, { family, ifindex, state, flags, dst }),
    })),
  );
  for (const deletion of await Promise.allSettled(deletions)) {
    if (deletion.status === "fulfilled") continue;
    const error: unknown = deletion.reason;
    if (!(error instanceof NetlinkError)) throw error;
    throw new CommandExit(EXIT_FAILURE, `Failed to send flush request: ${errnoText(-error.errno)}\n`);
  }
}
