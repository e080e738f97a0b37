// `ip link`: finds the command and hands the words on.

import { CommandExit, EXIT_FAILURE, EXIT_USAGE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { kindHelp } from "./link/kind-help.ts";
import { modifyLink } from "./link/modify.ts";
import { changeProperties } from "./link/property.ts";
import { showLinks } from "./link/show.ts";

/** In the order they are tried: `s` is set, `l` is list. */
const COMMANDS = [
  "add",
  "set",
  "change",
  "replace",
  "delete",
  "show",
  "list",
  "lst",
  "xstats",
  "afstats",
  "property",
  "help",
] as const;

/** Runs `ip link`; without a command it shows all links. */
export async function link(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showLinks(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "add":
    case "set":
    case "change":
    case "replace":
    case "delete":
      return modifyLink(ip, words, command);
    case "show":
    case "list":
    case "lst":
      return showLinks(ip, words);
    case "property":
      return changeProperties(ip, words);
    case "help":
      return kindHelp(ip, words);
    case "xstats":
    case "afstats":
      throw new CommandExit(EXIT_FAILURE, `Command "${command}" is not supported by uveth.\n`);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip link help".\n`, EXIT_USAGE);
  }
}
