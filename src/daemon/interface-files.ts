// What programs read of interfaces in /sys/class/net: written as files when somebody asks for the path, which is
// read from the copy then.
//
//   /sys/class/net            → daemon.ns/show/7/sys/class/net, a link for each device of namespace 7
//   /sys/class/net/v0/mtu     → …/v0/mtu, written anew each time; what is written to it: interface-writes.ts
//
// Mirrors net/core/net-sysfs.c. Omitted: what is in queues/, power/, and EINVAL for `carrier` and the like of a device that is down: there is no such file.

import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Link } from "../client/link.ts";
import { dumpLinks } from "../client/link.ts";
import { dumpNeighbours } from "../client/neigh.ts";
import type { Machine } from "../index.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IF_OPER_TESTING, IFF_RUNNING, IFF_UP } from "../uapi/if.ts";
import { IFLA_BRPORT_NO } from "../uapi/if_link.ts";
import { NET_NAME_UNKNOWN } from "../uapi/netdevice.ts";
import { AF_BRIDGE } from "../uapi/socket.ts";
import { bridgeFileMode, bridgeFiles, forwardingTable, portFiles } from "./interface-bridge-files.ts";
import { codeOf } from "./node-error.ts";
import { showFile } from "./show-file.ts";

type Netns = Machine["core"]["initialNetns"];
type Device = NonNullable<Netns["loopback"]>;

const BRIDGE = "bridge";
const PORT = "brport";
const FORWARDING = "brforward";
const DUPLEXES: Readonly<Record<number, string>> = { 0: "half", 1: "full", 255: "unknown" };
const OPERSTATES = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"];
/** The flags that are the device's own, not what it is told to be. */
const OWN_FLAGS = 0xffff & ~IFF_RUNNING;
/** The folder of devices. */
const DEVICES = "/sys/class/net";
/** The folder that they really are in: links lead from the other there. */
const DEVICE_FOLDERS = "/sys/devices/virtual/net";
/** Files of a device that can be written. */
const WRITABLE: ReadonlySet<string> = new Set([
  "carrier",
  "flags",
  "gro_flush_timeout",
  "ifalias",
  "mtu",
  "napi_defer_hard_irqs",
  "netdev_group",
  "proto_down",
  "threaded",
  "tx_queue_len",
  "uevent",
]);

/**
 * Writes below `folder` what `path` shows of `netns`, whose client asks for it; NetlinkError ENOENT for a path that shows
 * nothing.
 */
export async function showInterfaces(
  client: NetlinkClient,
  netns: Netns,
  folder: string,
  path: string,
): Promise<void> {
  const below = behindDevices(path);
  if (below === undefined) throw new NetlinkError("ENOENT");
  const links = await dumpLinks(client);
  const [name = "", ...rest] = below;
  if (name === "") return showFolder(folder, links);
  const link = links.find(({ ifname }) => ifname === name);
  const dev = netns.names.get(name);
  if (link === undefined || dev === undefined) throw new NetlinkError("ENOENT");
  linkFolder(folder, name);
  const wanted = rest.join("/");
  const files = filesOf(link, links, dev);
  if (link.linkinfo?.kind === BRIDGE && (wanted === "" || wanted === FORWARDING)) {
    const table = await forwardingOf(client, link, links);
    showDevice(join(folder, DEVICE_FOLDERS, name), wanted, {
      ...files,
      texts: { ...files.texts, [FORWARDING]: table },
    });
  } else showDevice(join(folder, DEVICE_FOLDERS, name), wanted, files);
}

/** The parts of a path behind the folder of devices; undefined for a path that is elsewhere. */
export function behindDevices(path: string): string[] | undefined {
  for (const folder of [DEVICES, DEVICE_FOLDERS]) {
    if (path !== folder && !path.startsWith(`${folder}/`)) continue;
    return path
      .slice(folder.length)
      .split("/")
      .filter((part) => part !== "" && part !== ".");
  }
  return undefined;
}

/** Makes a folder for each device and a link to it, and removes those of others. */
function showFolder(folder: string, links: readonly Link[]): void {
  const names = new Set(links.map(({ ifname }) => ifname ?? ""));
  for (const name of names) linkFolder(folder, name);
  for (const each of [DEVICES, DEVICE_FOLDERS]) {
    for (const name of readdirSync(join(folder, each))) {
      if (!names.has(name)) rmSync(join(folder, each, name), { recursive: true });
    }
  }
}

/** Makes the folder of a device, and the link to it. */
function linkFolder(folder: string, name: string): void {
  mkdirSync(join(folder, DEVICE_FOLDERS, name), { recursive: true });
  mkdirSync(join(folder, DEVICES), { recursive: true });
  try {
    symlinkSync(`../../devices/virtual/net/${name}`, join(folder, DEVICES, name));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** What a bridge shows of its forwarding table. */
async function forwardingOf(
  client: NetlinkClient,
  bridge: Link,
  links: readonly Link[],
): Promise<Uint8Array> {
  const entries = await dumpNeighbours(client, { family: AF_BRIDGE });
  return forwardingTable(
    entries.filter(({ ifindex, master }) => master === bridge.ifindex && ifindex !== bridge.ifindex),
    (ifindex) =>
      links
        .find((each) => each.ifindex === ifindex)
        ?.linkinfo?.slaveData?.child(IFLA_BRPORT_NO)
        ?.u16(),
  );
}

/** What a device shows: texts, folders, and links to other devices. */
interface DeviceFiles {
  readonly texts: Readonly<Record<string, string | number | Uint8Array | undefined>>;
  readonly folders: readonly string[];
  readonly links: Readonly<Record<string, string>>;
}

/** Writes the files of a device at `wanted` and below it, all with "". */
function showDevice(folder: string, wanted: string, { texts, folders, links }: DeviceFiles): void {
  const isWanted = (name: string): boolean =>
    wanted === "" || name === wanted || name.startsWith(`${wanted}/`);
  mkdirSync(folder, { recursive: true });
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, text] of Object.entries(texts)) {
    if (isWanted(name) && text !== undefined) showFile(folder, name, contentOf(text), modeOf(name));
  }
  for (const [name, target] of Object.entries(links)) {
    if (!isWanted(name)) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    rmSync(join(folder, name), { force: true });
    symlinkSync(target, join(folder, name));
  }
  const known = new Set([
    ...Object.keys(texts).filter((name) => texts[name] !== undefined),
    ...folders,
    ...Object.keys(links),
  ]);
  const tops = new Set([...known].map((name) => name.split("/")[0] ?? ""));
  for (const name of readdirSync(folder))
    if (!tops.has(name)) rmSync(join(folder, name), { recursive: true });
}

/** An empty text has no line. */
function contentOf(text: string | number | Uint8Array): string | Uint8Array {
  return text === "" || text instanceof Uint8Array ? text : `${text}\n`;
}

function modeOf(name: string): number {
  const [folder = "", file] = name.split("/");
  if (file !== undefined && (folder === BRIDGE || folder === PORT)) return bridgeFileMode(file);
  return WRITABLE.has(name) ? 0o644 : 0o444;
}

function filesOf(link: Link, all: readonly Link[], dev: Device): DeviceFiles {
  const nameOf = (ifindex: number | undefined): string | undefined =>
    ifindex === undefined ? undefined : all.find((each) => each.ifindex === ifindex)?.ifname;
  const { kind, data, slaveKind, slaveData } = link.linkinfo ?? {};
  const texts: Record<string, string | number | undefined> = textsOf(link, dev);
  const links: Record<string, string> = { subsystem: "../../../../class/net" };
  const folders = ["statistics", "queues"];
  for (let queue = 0; queue < dev.realRxQueues; queue++) folders.push(`queues/rx-${queue}`);
  for (let queue = 0; queue < dev.realTxQueues; queue++) folders.push(`queues/tx-${queue}`);
  for (const { name } of dev.uppers ?? []) links[`upper_${name}`] = `../${name}`;
  for (const { name } of dev.lowers ?? []) links[`lower_${name}`] = `../${name}`;
  const master = nameOf(link.master);
  if (master !== undefined) links["master"] = `../${master}`;
  if (kind === BRIDGE && data !== undefined) {
    put(texts, BRIDGE, bridgeFiles(data));
    folders.push("brif");
    for (const port of all.filter((each) => each.master === link.ifindex)) {
      links[`brif/${port.ifname}`] = `../../${port.ifname}/brport`;
    }
  }
  if (slaveKind === BRIDGE && slaveData !== undefined) {
    put(texts, PORT, portFiles(slaveData, nameOf));
    links[`${PORT}/bridge`] = `../../${master}`;
  }
  return { texts, folders, links };
}

function put(
  texts: Record<string, string | number | undefined>,
  folder: string,
  files: Record<string, string>,
): void {
  for (const [name, text] of Object.entries(files)) texts[`${folder}/${name}`] = text;
}

/** The plain files of a device; those that are undefined are not there. */
function textsOf(link: Link, dev: Device): Record<string, string | number | undefined> {
  const counters = Object.entries(link.stats64 ?? {})
    .filter(([name]) => name !== "rxOtherhostDropped")
    .map(([name, value]) => [`statistics/${underscored(name)}`, value]);
  const isUp = (link.flags & IFF_UP) !== 0;
  const settings = isUp ? dev.ops.ethtool?.linkSettings?.(dev) : undefined;
  return {
    addr_assign_type: dev.addressAssign,
    addr_len: link.address === undefined ? 0 : link.address.split(":").length,
    address: link.address,
    broadcast: link.broadcast,
    carrier: isUp ? link.carrier : undefined,
    carrier_changes: link.carrierChanges,
    carrier_down_count: link.carrierDownCount,
    carrier_up_count: link.carrierUpCount,
    dev_id: "0x0",
    dev_port: 0,
    dormant: isUp ? Number(dev.isDormant) : undefined,
    duplex: settings === undefined ? undefined : DUPLEXES[settings.duplex],
    flags: `0x${(dev.flags & OWN_FLAGS).toString(16)}`,
    gro_flush_timeout: 0,
    ifalias: link.ifalias ?? "",
    ifindex: link.ifindex,
    iflink: link.link ?? link.ifindex,
    link_mode: link.linkmode,
    mtu: link.mtu,
    name_assign_type: dev.nameAssign === NET_NAME_UNKNOWN ? undefined : dev.nameAssign,
    napi_defer_hard_irqs: 0,
    netdev_group: link.group,
    operstate: OPERSTATES[link.operstate ?? 0],
    proto_down: link.protoDown,
    speed: settings?.speed,
    testing: isUp ? Number(link.operstate === IF_OPER_TESTING) : undefined,
    threaded: 0,
    tx_queue_len: link.txqlen,
    type: link.type,
    uevent: `${kindLine(link)}INTERFACE=${link.ifname}\nIFINDEX=${link.ifindex}`,
    ...Object.fromEntries(counters),
  };
}

/** The device type that some kinds have a name for (SET_NETDEV_DEVTYPE). */
function kindLine({ linkinfo }: Link): string {
  const { kind = "" } = linkinfo ?? {};
  return ["bridge", "vlan", "vxlan", "bond"].includes(kind) ? `DEVTYPE=${kind}\n` : "";
}

function underscored(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
