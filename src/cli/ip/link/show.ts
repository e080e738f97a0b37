// `ip link show`: words → filter → dump or get → text or JSON.

import type { Link } from "../../../client/link.ts";
import { dumpLinks, getLink } from "../../../client/link.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { AF_PACKET } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, refusalText } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { LINK_USAGE } from "../help.ts";
import type { ShowFilter } from "../show-filter.ts";
import { parseFilter, wantsLink } from "../show-filter.ts";
import { loadForPrint, printLink } from "./print.ts";
import { printLinkBrief } from "./print-brief.ts";

/** Lists the links that the words ask for. */
export async function showLinks(ip: IpContext, words: Words): Promise<number> {
  const filter = { ...(await parseFilter(ip, words, LINK_USAGE)), family: AF_PACKET };
  const links = await readLinks(ip, filter);
  await loadForPrint(ip, links);
  await ip.print((out) => {
    for (const link of links) {
      out.openObject();
      if (filter.label === undefined && wantsLink(filter, link)) {
        if (ip.options.brief) printLinkBrief(ip, out, link);
        else printLink(ip, out, link, { isLinkCommand: true, family: AF_PACKET });
      }
      out.closeObject();
    }
  });
  return 0;
}

/** Gets one link when nothing but its name was asked for, else has the kernel list those of a master or kind. */
async function readLinks(ip: IpContext, filter: ShowFilter): Promise<Link[]> {
  const { dev, group, family, master, kind } = filter;
  const links =
    dev !== undefined && group === undefined
      ? [await readLink(ip, dev)]
      : await ip.dump(dumpLinks(await ip.rtnl(), { family, kind, master }));
  for (const link of links) ip.links.remember(link);
  return links;
}

async function readLink(ip: IpContext, name: string): Promise<Link> {
  try {
    return await getLink(await ip.rtnl(), name, { family: AF_PACKET });
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const reason = `Cannot send link get request: ${errnoText(-error.errno)}\n`;
    throw new CommandExit(EXIT_FAILURE, refusalText(error) + reason);
  }
}
