// The settings of a namespace as the files of /proc/sys/net that programs know them by: written as copies when somebody asks for the
// path, and set when they are written.
//
//   /proc/sys/net/ipv4/ip_forward      → daemon.ns/show/7/proc/sys/net/ipv4/ip_forward, written anew each time
//   /proc/sys/net/ipv4/conf            → …/conf, a folder with what there is now
//
// Mirrors fs/proc/proc_sysctl.c. Omitted: a setting that cannot be read shows nothing, where Linux refuses to read it (EIO, EINVAL).

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, normalize } from "node:path";
import type { UvethClient } from "../client/uveth.ts";
import { NetlinkError } from "../netlink/error.ts";
import { showFile } from "./show-file.ts";

/** The folder that names of settings are paths in. */
const ROOT = "/proc/sys/";
const ROOT_DEPTH = 3;
/** The folder of those of the network. */
export const SYSCTL_FOLDER = `${ROOT}net`;

/** Writes below `folder` what `path` shows; NetlinkError ENOENT for a path that shows nothing. */
export async function showSysctls(client: UvethClient, folder: string, path: string): Promise<void> {
  const wanted = normalize(path)
    .split("/")
    .slice(ROOT_DEPTH)
    .filter((part) => part !== "");
  const value = await readSysctl(client, wanted.join("/"));
  if (value !== undefined) return showFile(folder, join(ROOT, ...wanted), `${value}\n`);
  const all = (await client.listSysctls()).map(([name, text]) => ({ parts: partsOf(name), text }));
  const below = all.filter(({ parts }) => wanted.every((part, at) => parts[at] === part));
  if (below.length === 0) throw new NetlinkError("ENOENT");
  const children = new Set<string>();
  for (const { parts, text = "" } of below) {
    const [child, ...rest] = parts.slice(wanted.length);
    if (rest.length === 0) showFile(folder, join(ROOT, ...parts), `${text}\n`, modeOf(parts));
    else mkdirSync(join(folder, ROOT, ...parts.slice(0, -rest.length)), { recursive: true });
    if (child !== undefined) children.add(child);
  }
  if (children.size === 0) return;
  const shown = join(folder, ROOT, ...wanted);
  for (const name of readdirSync(shown))
    if (!children.has(name)) rmSync(join(shown, name), { recursive: true });
}

/** The value of a setting; undefined for a name there is not, such as a folder's, and for one that cannot be read. */
async function readSysctl(client: UvethClient, name: string): Promise<string | undefined> {
  try {
    return await client.getSysctl(name);
  } catch (error) {
    if (error instanceof NetlinkError && ["ENOENT", "EIO", "EINVAL"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Sets what `path` is the file of; NetlinkError is the errno of the write. */
export async function writeSysctl(client: UvethClient, path: string, text: string): Promise<void> {
  await client.setSysctl(path.slice(ROOT.length), text);
}

/** What a file allows: those that only act can only be written, and who lists all passes them over. */
function modeOf(parts: readonly string[]): number {
  return parts.at(-1) === "flush" ? 0o200 : 0o644;
}

/** The parts of a path that a dotted name stands for, in which a slash is a dot of a device's name. */
function partsOf(name: string): string[] {
  return name.split(".").map((part) => part.replaceAll("/", "."));
}
