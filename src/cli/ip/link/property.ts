// `ip link property add|del dev DEVICE altname NAME …`.

import { changeAltnames } from "../../../client/link.ts";
import { CommandExit, EXIT_USAGE, garbage, usage, wrongArgument } from "../../exit.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { LINK_USAGE } from "../help.ts";
import { isAltname, validName } from "./ifname.ts";

/** Adds alternative names to a link, or takes them away. */
export async function changeProperties(ip: IpContext, words: Words): Promise<number> {
  const verb = words.take();
  if (verb === undefined || matches(verb, "help")) throw usage(LINK_USAGE);
  const isAdd = matches(verb, "add");
  if (!isAdd && !matches(verb, "del")) throw new CommandExit(EXIT_USAGE, "Operator required\n");
  const { dev, altnames } = parseProperties(words);
  const ifindex = await ip.links.need(dev);
  await ip.change(changeAltnames(await ip.rtnl(), isAdd ? "add" : "del", ifindex, altnames));
  return 0;
}

function parseProperties(words: Words): { dev: string; altnames: string[] } {
  let dev: string | undefined;
  const altnames: string[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (matches(word, "altname")) {
      altnames.push(altname(words.value()));
    } else if (matches(word, "help")) {
      throw usage(LINK_USAGE);
    } else {
      const name = word === "dev" ? words.value() : word;
      if (dev !== undefined) throw garbage("dev", name);
      dev = validName(name, "dev", isAltname);
    }
  }
  if (dev === undefined) {
    throw new CommandExit(EXIT_USAGE, 'Not enough of information: "dev" argument is required.\n');
  }
  return { dev, altnames };
}

function altname(name: string): string {
  if (!isAltname(name)) throw wrongArgument(name, "not a valid altname");
  return name;
}
