// `ip address show`: words → filter → links and addresses → text or JSON.

import type { InterfaceAddress } from "../../../client/addr.ts";
import { dumpAddresses } from "../../../client/addr.ts";
import type { Link } from "../../../client/link.ts";
import { dumpLinks, getLink } from "../../../client/link.ts";
import { AF_PACKET } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { ADDRESS_USAGE } from "../help.ts";
import { loadForPrint, printLink } from "../link/print.ts";
import { printBriefStart } from "../link/print-brief.ts";
import { printStats } from "../link/print-stats.ts";
import type { ShowFilter } from "../show-filter.ts";
import { parseFilter, wantsLink } from "../show-filter.ts";
import { linksWithAddresses, wantsAddress } from "./filter.ts";
import { printAddress, printAddressBrief } from "./print.ts";

/** Lists the links and addresses that the words ask for. */
export async function showAddresses(ip: IpContext, words: Words): Promise<number> {
  const filter = await parseFilter(ip, words, ADDRESS_USAGE);
  const all = await readLinks(ip, filter);
  await loadForPrint(ip, all);
  const addresses = filter.family === AF_PACKET ? [] : await readAddresses(ip, filter);
  const links = filter.family === AF_PACKET ? all : linksWithAddresses(ip, filter, all, addresses);
  await ip.print((out) => {
    for (const link of links) {
      out.openObject();
      printLinkWithAddresses(ip, out, filter, link, addresses);
      out.closeObject();
    }
  });
  return 0;
}

async function readLinks(ip: IpContext, filter: ShowFilter): Promise<Link[]> {
  const client = await ip.rtnl();
  const { family, ifindex, master, kind } = filter;
  const links =
    ifindex === undefined
      ? await ip.dump(dumpLinks(client, { family, kind, master: master === 0 ? undefined : master }))
      : [await ip.dump(getLink(client, ifindex, { family }))];
  for (const link of links) ip.links.remember(link);
  return links;
}

async function readAddresses(ip: IpContext, { family, ifindex }: ShowFilter): Promise<InterfaceAddress[]> {
  return ip.dump(dumpAddresses(await ip.rtnl(), { family, ifindex }));
}

function printLinkWithAddresses(
  ip: IpContext,
  out: Output,
  filter: ShowFilter,
  link: Link,
  addresses: readonly InterfaceAddress[],
): void {
  const { brief, oneline, stats } = ip.options;
  const isLinkShown = brief || !oneline || filter.family === AF_PACKET;
  if (isLinkShown) {
    if (!wantsLink(filter, link)) return;
    if (brief) printBriefStart(ip, out, link);
    else printLink(ip, out, link, { isLinkCommand: false, family: filter.family });
  }
  if (filter.family !== AF_PACKET) {
    out.openArray("addr_info");
    for (const address of addresses) {
      if (address.ifindex !== link.ifindex || !wantsAddress(ip, filter, address)) continue;
      out.openObject();
      if (brief) printAddressBrief(out, address);
      else printAddress(ip, out, address, { hasDevice: oneline });
      out.closeObject();
    }
    out.closeArray();
  }
  if (brief) out.text("\n");
  else if (isLinkShown && stats > 0 && link.stats64 !== undefined) {
    printStats(ip, out, link);
    out.text("\n");
  }
}
