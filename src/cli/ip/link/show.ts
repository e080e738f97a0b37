// `ip link show`: words → filter → dump or get → text or JSON.

import type { Link } from "../../../client/link.ts";
import { dumpLinks, getLink } from "../../../client/link.ts";
import { AF_PACKET } from "../../../uapi/socket.ts";
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
      if (wantsLink(filter, link)) {
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
  const client = await ip.rtnl();
  if (filter.dev !== undefined && filter.group === undefined) {
    return [await ip.change(getLinkNamed(ip, filter.dev))];
  }
  const { family, master, kind } = filter;
  const links = await ip.dump(dumpLinks(client, { family, kind, master: master === 0 ? undefined : master }));
  for (const link of links) ip.links.remember(link);
  return links;
}

async function getLinkNamed(ip: IpContext, name: string): Promise<Link & { warning: string }> {
  const link = await getLink(await ip.rtnl(), name, { family: AF_PACKET });
  ip.links.remember(link);
  return { ...link, warning: "" };
}
