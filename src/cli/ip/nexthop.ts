// `ip nexthop`: finds the command and hands the words on.

import { usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { IpContext } from "./context.ts";
import { nexthopBucket } from "./nexthop/bucket.ts";
import { NEXTHOP_USAGE } from "./nexthop/help.ts";
import { getObject, modifyObject } from "./nexthop/modify.ts";
import { flushObjects, showObjects } from "./nexthop/show.ts";

/** In the order they are tried. A name with a `!` is typed whole. */
const COMMANDS = [
  "add",
  "replace",
  "delete",
  "list",
  "show",
  "lst",
  "get",
  "bucket",
  "flush",
  "help",
] as const;

/** Runs `ip nexthop`; without a command it shows all objects. */
export async function nexthop(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return showObjects(ip, words);
  const command = firstMatch(word, COMMANDS);
  switch (command) {
    case "add":
    case "replace":
    case "delete":
      return modifyObject(ip, words, command);
    case "list":
    case "show":
    case "lst":
      return showObjects(ip, words);
    case "get":
      return getObject(ip, words);
    case "flush":
      return flushObjects(ip, words);
    case "bucket":
      return nexthopBucket(ip, words);
    case "help":
      throw usage(NEXTHOP_USAGE);
    case undefined:
      throw usage(`Command "${word}" is unknown, try "ip nexthop help".\n`);
  }
}
