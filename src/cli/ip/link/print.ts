// A link as `ip link show` and `ip address show` print it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1. *Omitted:* virtual functions, port profiles and XDP programs.

import type { Link } from "../../../client/link.ts";
import { IFF_POINTOPOINT } from "../../../uapi/if.ts";
import { AF_PACKET, AF_UNSPEC } from "../../../uapi/socket.ts";
import { commandKind } from "../../kinds/table.ts";
import type { Output } from "../../output.ts";
import type { IpContext } from "../context.ts";
import { deviceGroups } from "../tables.ts";
import { EVENTS, flagNames, LINK_MODES, linkTypeName, OPERSTATES } from "./names.ts";
import { printDetails } from "./print-details.ts";
import { printStats } from "./print-stats.ts";

/** How a link is to be printed. */
export interface LinkStyle {
  /** True for `ip link`, which says more of the link than `ip address`. */
  readonly isLinkCommand: boolean;
  /** The family that was asked for; the addresses of other families and those of the link layer are left out. */
  readonly family: number;
  /** True in `ip monitor`, which leaves the length of the queue out. */
  readonly isMonitor?: boolean;
  /** True for a link that is gone, in `ip monitor`. */
  readonly isDeleted?: boolean;
}

/** Asks for what printing `links` needs: names of masters and lower links, names of namespaces. */
export async function loadForPrint(ip: IpContext, links: readonly Link[]): Promise<void> {
  for (const link of links) {
    await ip.links.load([link.ifindex, link.master, link.linkNetnsid === undefined ? link.link : undefined]);
    await ip.links.load(linksInData(link));
  }
  if (links.some(({ linkNetnsid = -1, newNetnsid = -1 }) => linkNetnsid >= 0 || newNetnsid >= 0)) {
    await ip.netnsNames.load();
  }
}

/** Prints a link; the lines after the first are indented. */
export function printLink(ip: IpContext, out: Output, link: Link, style: LinkStyle): void {
  const { options } = ip;
  const { isLinkCommand } = style;
  if (style.isDeleted === true) out.field("deleted", true, "Deleted ");
  out.field("ifindex", link.ifindex, `${link.ifindex}: `);
  printName(ip, out, link, (name) => `${name}: `);
  printFlags(ip, out, link);
  if (link.mtu !== undefined) out.field("mtu", link.mtu, `mtu ${link.mtu} `);
  if (link.qdisc !== undefined) out.field("qdisc", link.qdisc, `qdisc ${link.qdisc} `);
  if (link.master !== undefined) {
    const master = ip.links.name(link.master);
    out.field("master", master, `master ${master} `);
  }
  if (link.operstate !== undefined) printOperstate(out, link.operstate);
  if (isLinkCommand && link.linkmode !== undefined) {
    const mode = LINK_MODES[link.linkmode];
    if (mode === undefined) out.field("linkmode_index", link.linkmode, `mode ${link.linkmode} `);
    else out.field("linkmode", mode, `mode ${mode} `);
  }
  if (link.group !== undefined) {
    const group = deviceGroups.nameOf(link.group, options.numeric);
    out.field("group", group, `group ${group} `);
  }
  if (style.isMonitor !== true) printTxqlen(out, link.txqlen ?? ip.links.get(link.ifindex)?.txqlen);
  if (link.event !== undefined) {
    const event = EVENTS[link.event] ?? String(link.event);
    out.field("event", event, `event ${event} `);
  }
  if (style.family === AF_UNSPEC || style.family === AF_PACKET || options.details)
    printAddress(ip, out, link);
  printNamespaces(ip, out, link);
  printProtoDown(out, link);
  if (options.details) printDetails(ip, out, link, isLinkCommand);
  if ((isLinkCommand || options.details) && link.ifalias !== undefined) {
    out.newline();
    out.field("ifalias", link.ifalias, `    alias ${link.ifalias}`);
  }
  if (isLinkCommand && options.stats > 0 && link.stats64 !== undefined) {
    out.newline();
    printStats(ip, out, link);
  }
  printAltnames(out, link);
  out.text("\n");
}

/** Prints "v0@v1", padded by `layout`; the part behind the @ is the lower link or peer, by index if it is elsewhere. */
export function printName(ip: IpContext, out: Output, link: Link, layout: (name: string) => string): void {
  const name = link.ifname ?? "<nil>";
  let lower = "";
  if (link.link !== undefined && link.linkNetnsid !== undefined) {
    out.json("link_index", link.link);
    lower = `@if${link.link}`;
  } else if (link.link !== undefined) {
    const lowerName = link.link === 0 ? undefined : ip.links.name(link.link);
    out.json("link", lowerName ?? null);
    lower = `@${lowerName ?? "NONE"}`;
  }
  out.field("ifname", name, layout(name + lower), "ifname");
}

/** Prints "<BROADCAST,UP> ". */
export function printFlags(ip: IpContext, out: Output, link: Link): void {
  const lower = link.linkNetnsid === undefined ? link.link : undefined;
  const isLowerDown = lower !== undefined && lower !== 0 && ip.links.isDown(lower);
  out.openArray("flags", "<");
  for (const [index, name] of flagNames(link.flags, isLowerDown).entries()) {
    out.item(name, index === 0 ? name : `,${name}`);
  }
  out.closeArray("> ");
}

/** The kernel's u32, which iproute2 shows as an int. AF_INET6's list of links does not have it: it is asked for apart. */
function printTxqlen(out: Output, txqlen = 0): void {
  const length = txqlen | 0;
  if (length !== 0) out.field("txqlen", length, `qlen ${length}`);
}

function printOperstate(out: Output, operstate: number): void {
  const name = OPERSTATES[operstate];
  out.text("state ");
  if (name === undefined) out.field("operstate_index", operstate, `${operstate} `);
  else out.field("operstate", name, `${name} `, operstateColor(name));
}

/** Up is green, down is red, the rest is as it is. */
export function operstateColor(name: string): "up" | "down" | undefined {
  return name === "UP" ? "up" : name === "DOWN" ? "down" : undefined;
}

function printAddress(ip: IpContext, out: Output, link: Link): void {
  const type = linkTypeName(link.type, ip.options.numeric);
  out.newline();
  out.field("link_type", type, `    link/${type} `);
  if (link.address !== undefined) out.field("address", link.address, link.address, "mac");
  if (link.broadcast !== undefined) {
    if ((link.flags & IFF_POINTOPOINT) !== 0) out.field("link_pointtopoint", true, " peer ");
    else out.text(" brd ");
    out.field("broadcast", link.broadcast, link.broadcast, "mac");
  }
  if (link.permAddress !== undefined && link.permAddress !== link.address) {
    out.text(" permaddr ");
    out.field("permaddr", link.permAddress, link.permAddress, "mac");
  }
}

function printNamespaces(ip: IpContext, out: Output, link: Link): void {
  const { linkNetnsid, newNetnsid, newIfindex } = link;
  if (linkNetnsid !== undefined) printNetns(ip, out, "link", linkNetnsid);
  if (newNetnsid !== undefined) printNetns(ip, out, "new", newNetnsid);
  if (newIfindex !== undefined) out.field("new_ifindex", newIfindex, ` new-ifindex ${newIfindex}`);
}

function printNetns(ip: IpContext, out: Output, prefix: "link" | "new", nsid: number): void {
  const name = ip.netnsNames.name(nsid);
  const words = nsid < 0 ? ` ${prefix}-netnsid unknown` : ` ${prefix}-netnsid ${nsid}`;
  out.field(`${prefix}_netnsid`, nsid, name === undefined ? words : ` ${prefix}-netns ${name}`);
}

function printProtoDown(out: Output, link: Link): void {
  if (link.protoDown === undefined || link.protoDown === 0) return;
  out.field("proto_down", true, " protodown on ");
  const reasons = link.protoDownReason?.value ?? 0;
  if (reasons === 0) return;
  out.openArray("proto_down_reason", "protodown_reason <");
  let separator = "";
  for (let bit = 0; bit < 32; bit++) {
    if ((reasons & (1 << bit)) === 0) continue;
    out.item(String(bit), `${separator}${bit}`);
    separator = ",";
  }
  out.closeArray(">");
}

function printAltnames(out: Output, link: Link): void {
  if (link.altnames === undefined || link.altnames.length === 0) return;
  out.openArray("altnames");
  for (const altname of link.altnames) {
    out.newline();
    out.item(altname, `    altname ${altname}`);
  }
  out.closeArray();
}

/** Links that the data of the kind, and of the master's kind, name. */
function linksInData({ linkinfo }: Link): readonly (number | undefined)[] {
  const { kind = "", data, slaveKind = "", slaveData } = linkinfo ?? {};
  const own = data === undefined ? [] : (commandKind(kind)?.indexes?.(data) ?? []);
  const slave =
    slaveData === undefined ? [] : (commandKind(`${slaveKind}_slave`)?.indexes?.(slaveData) ?? []);
  return [...own, ...slave];
}
