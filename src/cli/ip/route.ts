// `ip route`: finds the command and hands the words on.
//
// *Omitted:* save, showdump and restore, whose format is iproute2's own memory.

import { CommandExit, EXIT_FAILURE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { flushRoutes } from "./route/flush.ts";
import { getRoute } from "./route/get.ts";
import { ROUTE_USAGE } from "./route/help.ts";
import { modifyRoute } from "./route/modify.ts";
import { showRoutes } from "./route/show.ts";

/** In the order they are tried: `a` is add, `r` is replace, `s` is show. */
const COMMANDS = [
  "add",
  "change",
  "chg",
  "replace",
  "prepend",
  "append",
  "test",
  "delete",
  "get",
  "show",
  "list",
  "lst",
  "flush",
  "save",
  "restore",
  "showdump",
  "help",
] as const;

/** Runs `ip route`; without a command it shows the main table. */
export async function route(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showRoutes(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "add":
    case "change":
    case "replace":
    case "prepend":
    case "append":
    case "test":
    case "delete":
      return modifyRoute(ip, words, command);
    case "chg":
      return modifyRoute(ip, words, "change");
    case "get":
      return getRoute(ip, words);
    case "show":
    case "list":
    case "lst":
      return showRoutes(ip, words);
    case "flush":
      return flushRoutes(ip, words);
    case "help":
      throw usage(ROUTE_USAGE);
    case "save":
    case "restore":
    case "showdump":
      throw new CommandExit(EXIT_FAILURE, `Command "${command}" is not supported by uveth.\n`);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip route help".\n`);
  }
}
