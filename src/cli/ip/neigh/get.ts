// `ip neigh get`: words → one request → the neighbour, always as text: there is no JSON of it in iproute2 6.1.

import type { NeighbourRequest } from "../../../client/neigh.ts";
import { getNeighbour } from "../../../client/neigh.ts";
import { NTF_PROXY } from "../../../uapi/neighbour.ts";
import { AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, duplicate, EXIT_FAILURE, EXIT_REFUSED, garbage, usage } from "../../exit.ts";
import { parseAddress } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { NEIGH_USAGE } from "./help.ts";
import { printNeigh } from "./print.ts";

/** Prints the neighbour that the words ask for. */
export async function getNeigh(ip: IpContext, words: Words): Promise<number> {
  const request: NeighbourRequest = { family: ip.options.family, flags: 0 };
  let dev: string | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (matches(word, "proxy")) takeProxy(request, words);
    else takeAddress(request, word === "to" ? words.value() : word);
  }
  const isProxy = request.flags === NTF_PROXY;
  if (request.dst === undefined || request.family === AF_UNSPEC || (dev === undefined && !isProxy)) {
    throw new CommandExit(EXIT_FAILURE, "Device and address are required arguments.\n");
  }
  if (dev !== undefined) request.ifindex = await ip.links.need(dev);
  const answer = getNeighbour(await ip.rtnl(), request);
  const neighbour = await ip.dump(answer, { code: EXIT_REFUSED, text: "" });
  await ip.links.load([neighbour.ifindex]);
  const out = ip.output({ json: false });
  printNeigh(ip, out, neighbour);
  out.flush();
  return 0;
}

function takeProxy(request: NeighbourRequest, words: Words): void {
  const word = words.value();
  if (matches(word, "help")) throw usage(NEIGH_USAGE);
  if (request.dst !== undefined) throw duplicate("address", word);
  takeAddress(request, word);
  request.flags = NTF_PROXY;
}

function takeAddress(request: NeighbourRequest, word: string): void {
  if (matches(word, "help")) throw usage(NEIGH_USAGE);
  if (request.dst !== undefined) throw garbage("to", word);
  const { family, address } = parseAddress(word, request.family);
  request.family = family;
  request.dst = address;
}
