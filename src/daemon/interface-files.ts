// What programs read of interfaces in /sys/class/net and /proc/net: written as files when somebody asks for the path, which is
// read from the copy then.
//
//   /sys/class/net            → daemon.ns/show/7/sys/class/net, a folder for each device of namespace 7
//   /sys/class/net/v0/mtu     → …/v0/mtu, written anew each time
//   /proc/net/dev, if_inet6   → daemon.ns/show/7/proc/net/…
//
// Mirrors net/core/net-sysfs.c, net/core/net-procfs.c (dev_seq_show) and net/ipv6/addrconf.c (if6_seq_show). Omitted: writing,
// queues/, the links to devices (lower_*, upper_*, brport), and EINVAL for `carrier` of a device that is down: no such file.

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { dumpAddresses } from "../client/addr.ts";
import type { Link } from "../client/link.ts";
import { dumpLinks } from "../client/link.ts";
import type { LinkStats } from "../client/stats.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IFF_RUNNING, IFF_UP } from "../uapi/if.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_SITE } from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";

const OPERSTATES = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"];
/** The flags that are the device's own, not what it is told to be. */
const OWN_FLAGS = 0xffff & ~IFF_RUNNING;
/** The folder of devices. */
const DEVICES = "/sys/class/net";
/** IPV6_ADDR_LINKLOCAL, _LOOPBACK and _SITELOCAL. */
const SCOPES: ReadonlyMap<number, number> = new Map([
  [RT_SCOPE_LINK, 0x20],
  [RT_SCOPE_HOST, 0x10],
  [RT_SCOPE_SITE, 0x40],
]);

/** Writes below `folder` what `path` shows of the client's namespace; NetlinkError ENOENT for a path that shows nothing. */
export async function showInterfaces(client: NetlinkClient, folder: string, path: string): Promise<void> {
  const links = await dumpLinks(client);
  if (path === "/proc/net/dev") return write(folder, path, deviceTable(links));
  if (path === "/proc/net/if_inet6") return write(folder, path, await addressTable(client, links));
  if (path !== DEVICES && !path.startsWith(`${DEVICES}/`)) throw new NetlinkError("ENOENT");
  const name = path.slice(DEVICES.length + 1).split("/")[0] ?? "";
  if (name === "") return showFolder(folder, links);
  const link = links.find(({ ifname }) => ifname === name);
  if (link === undefined) throw new NetlinkError("ENOENT");
  for (const [attribute, text] of Object.entries(attributesOf(link))) {
    const file = `${DEVICES}/${name}/${attribute}`;
    if (text === undefined) rmSync(join(folder, file), { force: true });
    else write(folder, file, `${text}\n`);
  }
}

/** Makes a folder for each device, and removes those of others. */
function showFolder(folder: string, links: readonly Link[]): void {
  const devices = join(folder, DEVICES);
  mkdirSync(devices, { recursive: true });
  const names = new Set(links.map(({ ifname }) => ifname ?? ""));
  for (const name of names) mkdirSync(join(devices, name), { recursive: true });
  for (const name of readdirSync(devices)) {
    if (!names.has(name)) rmSync(join(devices, name), { recursive: true });
  }
}

/** The files of a device; those that are undefined are not there. */
function attributesOf(link: Link): Record<string, string | number | undefined> {
  const counters = Object.entries(link.stats64 ?? {})
    .filter(([name]) => name !== "rxOtherhostDropped")
    .map(([name, value]) => [`statistics/${underscored(name)}`, value]);
  return {
    addr_len: link.address === undefined ? 0 : link.address.split(":").length,
    address: link.address,
    broadcast: link.broadcast,
    carrier: (link.flags & IFF_UP) === 0 ? undefined : link.carrier,
    carrier_changes: link.carrierChanges,
    carrier_down_count: link.carrierDownCount,
    carrier_up_count: link.carrierUpCount,
    flags: `0x${(link.flags & OWN_FLAGS).toString(16)}`,
    ifalias: link.ifalias ?? "",
    ifindex: link.ifindex,
    iflink: link.link ?? link.ifindex,
    link_mode: link.linkmode,
    mtu: link.mtu,
    netdev_group: link.group,
    operstate: OPERSTATES[link.operstate ?? 0],
    tx_queue_len: link.txqlen,
    type: link.type,
    ...Object.fromEntries(counters),
  };
}

function underscored(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function deviceTable(links: readonly Link[]): string {
  const head =
    "Inter-|   Receive                                                |  Transmit\n" +
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  return head + links.map(({ ifname = "", stats64 }) => deviceRow(ifname, stats64)).join("");
}

/** The width of each column behind the name. */
const WIDTHS = [7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10];

function deviceRow(name: string, s: LinkStats | undefined): string {
  if (s === undefined) return `${name.padStart(6)}: No statistics available.\n`;
  const columns = [
    s.rxBytes,
    s.rxPackets,
    s.rxErrors,
    s.rxDropped + s.rxMissedErrors,
    s.rxFifoErrors,
    s.rxLengthErrors + s.rxOverErrors + s.rxCrcErrors + s.rxFrameErrors,
    s.rxCompressed,
    s.multicast,
    s.txBytes,
    s.txPackets,
    s.txErrors,
    s.txDropped,
    s.txFifoErrors,
    s.collisions,
    s.txCarrierErrors + s.txAbortedErrors + s.txWindowErrors + s.txHeartbeatErrors,
    s.txCompressed,
  ];
  const text = columns.map((value, index) => String(value).padStart(WIDTHS[index] ?? 0)).join(" ");
  return `${name.padStart(6)}: ${text}\n`;
}

async function addressTable(client: NetlinkClient, links: readonly Link[]): Promise<string> {
  const names = new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
  const rows = (await dumpAddresses(client, { family: AF_INET6 })).map((one) => {
    const address = [...(one.local ?? one.address ?? [])].map(hex).join("");
    const numbers = [one.ifindex, one.prefixlen, SCOPES.get(one.scope) ?? 0, one.flags & 0xff].map(hex);
    return `${address} ${numbers.join(" ")} ${(names.get(one.ifindex) ?? "").padStart(8)}\n`;
  });
  return rows.join("");
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** Replaces a file whole, so that nobody reads half of it. */
function write(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode: 0o644 });
  renameSync(`${file}.new`, file);
}
