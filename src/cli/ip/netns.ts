// `ip netns`: namespaces by name. What iproute2 does with files, bind mounts and setns is here the family `uveth`; the
// ids are rtnetlink's. Any program but uveth's own commands is refused by `exec`.
//
// Facts: the output of iproute2 6.1. *Omitted:* attach, whose process is not one of ours.

import { CommandExit, EXIT_USAGE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { exec, identify, pids } from "./netns/exec.ts";
import { NETNS_USAGE } from "./netns/help.ts";
import { listIds, setId } from "./netns/ids.ts";
import { monitor } from "./netns/monitor.ts";
import { add, attach, list, remove } from "./netns/names.ts";

type NetnsCommand = (ip: IpContext, words: Words) => Promise<number>;

/** The commands in the order in which abbreviations find them. */
const COMMANDS: Readonly<Record<string, NetnsCommand>> = {
  list,
  show: list,
  lst: list,
  "list-id": listIds,
  help,
  add,
  set: setId,
  delete: remove,
  identify,
  pids,
  exec,
  monitor,
  attach,
};

/** Runs `ip netns`; without a word it lists. */
export async function netns(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return list(ip);
  const name = firstMatch(word, Object.keys(COMMANDS));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined) {
    throw new CommandExit(EXIT_USAGE, `Command "${word}" is unknown, try "ip netns help".\n`);
  }
  if (command !== list && command !== listIds && !isName(words.peek ?? "name")) {
    throw new CommandExit(EXIT_USAGE, `Invalid netns name "${words.peek ?? ""}"\n`);
  }
  return command(ip, words);
}

function help(): Promise<number> {
  throw usage(NETNS_USAGE);
}

/** Whether a file in /run/netns could be called so. */
function isName(name: string): boolean {
  return name !== "" && name.length < 255 && !name.includes("/") && name !== "." && name !== "..";
}
