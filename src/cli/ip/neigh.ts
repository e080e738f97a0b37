// `ip neigh`: finds the command and hands the words on.

import { usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { flushNeighbours } from "./neigh/flush.ts";
import { getNeigh } from "./neigh/get.ts";
import { NEIGH_USAGE } from "./neigh/help.ts";
import { modifyNeighbour } from "./neigh/modify.ts";
import { showNeighbours } from "./neigh/show.ts";

/** In the order they are tried: `c` is change, `l` is list. */
const COMMANDS = [
  "add",
  "change",
  "chg",
  "replace",
  "delete",
  "get",
  "show",
  "list",
  "lst",
  "flush",
  "help",
] as const;

/** Runs `ip neigh`; without a command it shows all neighbours. */
export async function neigh(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showNeighbours(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "add":
    case "change":
    case "replace":
    case "delete":
      return modifyNeighbour(ip, words, command);
    case "chg":
      return modifyNeighbour(ip, words, "change");
    case "get":
      return getNeigh(ip, words);
    case "show":
    case "list":
    case "lst":
      return showNeighbours(ip, words);
    case "flush":
      return flushNeighbours(ip, words);
    case "help":
      throw usage(NEIGH_USAGE);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip neigh help".\n`);
  }
}
