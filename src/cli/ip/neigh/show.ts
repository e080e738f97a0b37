// `ip neigh show`: words → filter → dump → text or JSON.

import type { Neighbour } from "../../../client/neigh.ts";
import { dumpNeighbours } from "../../../client/neigh.ts";
import { NTF_PROXY } from "../../../uapi/neighbour.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { NeighbourFilter } from "./filter.ts";
import { parseNeighbourFilter, SHOWN_STATES, wantsNeighbour } from "./filter.ts";
import { printNeigh } from "./print.ts";

/** Lists the neighbours that the words ask for. */
export async function showNeighbours(ip: IpContext, words: Words): Promise<number> {
  const filter = await parseNeighbourFilter(ip, words, SHOWN_STATES);
  const neighbours = await findNeighbours(ip, filter);
  await ip.print((out) => {
    for (const neighbour of neighbours) {
      out.openObject();
      printNeigh(ip, out, neighbour, { hasDevice: filter.ifindex === undefined });
      out.closeObject();
    }
  });
  return 0;
}

/** The neighbours that a filter lets through, ready to be printed. */
export async function findNeighbours(ip: IpContext, filter: NeighbourFilter): Promise<Neighbour[]> {
  const { family, ifindex, master, isProxy } = filter;
  const request = { family, ifindex, master, flags: isProxy ? NTF_PROXY : 0 };
  const all = await ip.dump(dumpNeighbours(await ip.rtnl(), request));
  const neighbours = all.filter((neighbour) => wantsNeighbour(filter, neighbour));
  await ip.links.load(neighbours.map((neighbour) => neighbour.ifindex));
  return neighbours;
}
