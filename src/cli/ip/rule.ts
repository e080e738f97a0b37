// `ip rule`: finds the command and hands the words on.
//
// *Omitted:* save and restore, whose format is iproute2's own memory.

import { CommandExit, EXIT_FAILURE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { RULE_USAGE } from "./rule/help.ts";
import { modifyRule } from "./rule/modify.ts";
import { flushRules, showRules } from "./rule/show.ts";

/** In the order they are tried: `s` is show, `l` is list. */
const COMMANDS = ["list", "lst", "show", "save", "restore", "add", "delete", "flush", "help"] as const;

/** Runs `ip rule`; without a command it shows the rules. */
export async function rule(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showRules(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "list":
    case "lst":
    case "show":
      return showRules(ip, words);
    case "add":
    case "delete":
      return modifyRule(ip, words, command);
    case "flush":
      return flushRules(ip, words);
    case "help":
      throw usage(RULE_USAGE);
    case "save":
      if (words.count > 0)
        throw new CommandExit(EXIT_FAILURE, '"ip rule save" does not take any arguments.\n');
      throw notSupported(command);
    case "restore":
      throw notSupported(command);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip rule help".\n`);
  }
}

function notSupported(command: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `Command "${command}" is not supported by uveth.\n`);
}
