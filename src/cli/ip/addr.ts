// `ip address`: finds the command and hands the words on.
//
// *Omitted:* save, showdump and restore, whose format is iproute2's own memory.

import { CommandExit, EXIT_FAILURE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import { flushAddresses } from "./addr/flush.ts";
import { modifyAddress } from "./addr/modify.ts";
import { showAddresses } from "./addr/show.ts";
import type { IpContext } from "./context.ts";
import { ADDRESS_USAGE } from "./help.ts";

/** In the order they are tried: `r` is replace, `s` is show. */
const COMMANDS = [
  "add",
  "change",
  "chg",
  "replace",
  "delete",
  "show",
  "list",
  "lst",
  "flush",
  "save",
  "showdump",
  "restore",
  "help",
] as const;

/** Runs `ip address`; without a command it shows all addresses. */
export async function addr(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showAddresses(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "add":
    case "replace":
    case "delete":
      return modifyAddress(ip, words, command);
    case "change":
    case "chg":
      return modifyAddress(ip, words, "change");
    case "show":
    case "list":
    case "lst":
      return showAddresses(ip, words);
    case "flush":
      return flushAddresses(ip, words);
    case "help":
      throw usage(ADDRESS_USAGE);
    case "save":
    case "showdump":
    case "restore":
      throw new CommandExit(EXIT_FAILURE, `Command "${command}" is not supported by uveth.\n`);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip address help".\n`);
  }
}
