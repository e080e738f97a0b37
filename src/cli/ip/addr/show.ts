// `ip address show`: words → filter → links and addresses → text or JSON.

import type { InterfaceAddress } from "../../../client/addr.ts";
import { dumpAddresses } from "../../../client/addr.ts";
import type { Link } from "../../../client/link.ts";
import { dumpLinks, getLink } from "../../../client/link.ts";
import { IFF_UP } from "../../../uapi/if.ts";
import { AF_INET6, AF_PACKET, AF_UNSPEC } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { ADDRESS_USAGE } from "../help.ts";
import { loadForPrint, printLink } from "../link/print.ts";
import { printBriefStart, printLinkBrief } from "../link/print-brief.ts";
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

async function readLinks(ip: IpContext, { ifindex, master, kind }: ShowFilter): Promise<Link[]> {
  const client = await ip.rtnl();
  const { family } = ip.options;
  const links =
    ifindex === undefined
      ? await ip.dump(dumpLinks(client, { family, kind, master }))
      : [await ip.dump(getLink(client, ifindex, { family }))];
  if (family !== AF_INET6) for (const link of links) ip.links.remember(link);
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
  const hasAddresses = filter.family !== AF_PACKET;
  const isLinkLine = brief || !oneline || !hasAddresses;
  if (isLinkLine && !wantsLink(filter, link)) return;
  const isLinkShown = isLinkLine && filter.label === undefined;
  if (isLinkShown) printLinkPart(ip, out, filter, link);
  if (hasAddresses) {
    out.openArray("addr_info");
    for (const address of addresses) {
      if (address.ifindex !== link.ifindex || !isLookedAt(filter, link, address)) continue;
      out.openObject();
      if (wantsAddress(ip, filter, address)) printAddressPart(ip, out, address);
      out.closeObject();
    }
    out.closeArray();
    if (brief) out.text("\n");
  }
  if (isLinkShown && !brief && stats > 0 && link.stats64 !== undefined) {
    printStats(ip, out, link);
    out.text("\n");
  }
}

/** False for addresses that leave no trace in JSON; the others that are filtered out leave an empty object. */
function isLookedAt(filter: ShowFilter, link: Link, address: InterfaceAddress): boolean {
  if (filter.isUp && (link.flags & IFF_UP) === 0) return false;
  return filter.family === AF_UNSPEC || filter.family === address.family;
}

function printLinkPart(ip: IpContext, out: Output, filter: ShowFilter, link: Link): void {
  if (!ip.options.brief) printLink(ip, out, link, { isLinkCommand: false, family: filter.family });
  else if (filter.family === AF_PACKET) printLinkBrief(ip, out, link);
  else printBriefStart(ip, out, link);
}

function printAddressPart(ip: IpContext, out: Output, address: InterfaceAddress): void {
  if (ip.options.brief) printAddressBrief(out, address);
  else printAddress(ip, out, address, { hasDevice: ip.options.oneline });
}
