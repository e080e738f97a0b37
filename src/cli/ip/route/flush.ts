// `ip route flush`: deletes what `ip route show` with the same words would list, in rounds, until nothing is left.
//
// Facts: the behaviour of iproute2 6.1. Deleting a route may take others along, or bring one back, so it takes a round in which
// nothing is found to be sure. *Omitted:* the IPv4 routing cache, for which there is no request: uveth has none.

import type { Route } from "../../../client/route.ts";
import { parseRoute, writeRoute } from "../../../client/route.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Message } from "../../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { RTM_DELROUTE, RTM_GETROUTE, RTN_UNREACHABLE } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { RouteFilter } from "./filter.ts";
import { wantsRoute } from "./filter.ts";
import { parseRouteFilter } from "./filter-parse.ts";
import { loadForRoutes, printRoute } from "./print.ts";
import { dumpRequest } from "./show.ts";

/** How long rounds go on. */
const TIME_LIMIT_MS = 30_000;

const REFUSED = { code: EXIT_REFUSED, text: "Flush terminated\n" };

/** A route, and the message that brought it, which is sent back to delete it. */
interface Found {
  readonly route: Route;
  readonly message: Message;
}

/** Flushes the routes that the words ask for. */
export async function flushRoutes(ip: IpContext, words: Words): Promise<number> {
  if (words.count === 0) throw new CommandExit(EXIT_FAILURE, '"ip route flush" requires arguments.\n');
  const filter = await parseRouteFilter(ip, words);
  const { stats } = ip.options;
  if (filter.isCached === true && filter.family !== AF_INET6) {
    if (stats > 0) ip.io.stdout("*** IPv4 routing cache is flushed.\n");
    if (dumpRequest(filter).family === AF_INET) return 0;
  }
  const start = ip.io.now().getTime();
  for (let round = 0; ; round++) {
    const found = await findRoutes(ip, filter);
    if (found.length === 0) return complete(ip, round);
    if (stats > 1) await printFound(ip, found, filter);
    await deleteAll(ip, found);
    if (stats > 0) ip.io.stdout(`\n*** Round ${round + 1}, deleting ${found.length} entries ***\n`);
    const seconds = Math.floor((ip.io.now().getTime() - start) / 1000);
    if (seconds * 1000 > TIME_LIMIT_MS) {
      ip.io.stdout(
        `\n*** Flush not completed after ${seconds} seconds, ${found.length} entries remain ***\n`,
      );
      return EXIT_FAILURE;
    }
  }
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

async function findRoutes(ip: IpContext, filter: RouteFilter): Promise<Found[]> {
  const client = await ip.rtnl();
  const request = dumpRequest(filter);
  const { messages } = await ip.dump(
    client.dump(RTM_GETROUTE, (writer) => writeRoute(writer, request)),
    REFUSED,
  );
  return messages
    .map((message) => ({ route: parseRoute(message), message }))
    .filter(({ route }) => wantsRoute(filter, route) && !isPermanent(route));
}

/** The kernel's own last resort, which refuses what has no route, cannot be deleted. */
function isPermanent({ family, dstLen, type, priority }: Route): boolean {
  return family === AF_INET6 && dstLen === 0 && type === RTN_UNREACHABLE && priority === 0xffff_ffff;
}

/** Lists them as text: there is no JSON of a flush. */
async function printFound(ip: IpContext, found: readonly Found[], filter: RouteFilter): Promise<void> {
  const routes = found.map(({ route }) => route);
  await loadForRoutes(ip, routes);
  const out = ip.output({ json: false });
  for (const route of routes) printRoute(ip, out, route, { filter });
  out.flush();
}

async function deleteAll(ip: IpContext, found: readonly Found[]): Promise<void> {
  const client = await ip.rtnl();
  const deletions = client.pipeline(
    found.map(({ message }) => ({
      type: RTM_DELROUTE,
      flags: 0,
      body: (writer) => writer.raw(message.bytes.subarray(NLMSG_HDRLEN)),
    })),
  );
  for (const deletion of await Promise.allSettled(deletions)) {
    if (deletion.status === "fulfilled") continue;
    const error: unknown = deletion.reason;
    if (!(error instanceof NetlinkError)) throw error;
    throw new CommandExit(EXIT_REFUSED, `Failed to send flush request: ${errnoText(-error.errno)}\n`);
  }
}
