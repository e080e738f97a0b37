// What programs read in /proc/net: written as files when somebody asks for the path, which is read from the copy then.
//
//   /proc/net/route     → daemon.ns/show/7/proc/net/route, written anew each time
//   /proc/net           → …/proc/net, a folder with all of them; …/bonding, one of its folders, with those inside
//   /proc/net/unix      → a link to the system's own: what belongs to no namespace of a network
//
// In a native namespace the live kernel knows, of all files that it has, but for the devices, which are the machine's.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, normalize } from "node:path";
import type { Machine } from "../index.ts";
import { procNetNames, readProcNet } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import { codeOf } from "./node-error.ts";
import { showFile } from "./show-file.ts";

type Netns = Machine["core"]["initialNetns"];

/** The folder, as the preload library spells it for every process's own. */
export const PROC_NET_FOLDER = "/proc/net";
/** Files that are the system's under `uveth run` too. */
const SYSTEM_FILES: readonly string[] = ["protocols", "psched", "softnet_stat", "unix"];

/** Writes below `folder` what `path` shows of `netns`; NetlinkError ENOENT for a path that shows nothing. */
export function showProcNet(netns: Netns, folder: string, path: string): void {
  const name = normalize(path).slice(PROC_NET_FOLDER.length + 1);
  const names = procNetNames(netns);
  const inside = name === "" ? names : names.filter((each) => each.startsWith(`${name}/`));
  if (inside.length > 0) {
    forgetOthers(folder, names);
    for (const each of inside) showOne(netns, folder, each);
    if (name === "") for (const each of SYSTEM_FILES) linkToSystem(folder, each);
  } else if (SYSTEM_FILES.includes(name)) linkToSystem(folder, name);
  else if (!showOne(netns, folder, name)) throw new NetlinkError("ENOENT");
}

/** Removes folders' copies of files of devices that are no more. */
function forgetOthers(folder: string, names: readonly string[]): void {
  const top = join(folder, PROC_NET_FOLDER);
  if (!existsSync(top)) return;
  for (const { name } of readdirSync(top, { withFileTypes: true }).filter((each) => each.isDirectory())) {
    const kept = names
      .filter((each) => each.startsWith(`${name}/`))
      .map((each) => each.slice(name.length + 1));
    for (const file of readdirSync(join(top, name))) {
      if (!kept.includes(file)) rmSync(join(top, name, file), { force: true });
    }
    if (kept.length === 0) rmSync(join(top, name), { force: true, recursive: true });
  }
}

/** Writes one file; false for one that there is not. */
function showOne(netns: Netns, folder: string, name: string): boolean {
  const text = textInside(netns, name) ?? readProcNet(netns, name);
  if (text === undefined) return false;
  showFile(folder, join(PROC_NET_FOLDER, name), text, 0o444);
  return true;
}

/** What the kernel shows in a native namespace; undefined in others, and of devices. */
function textInside({ stack }: Netns, name: string): string | undefined {
  if (stack === null || name === "dev") return undefined;
  try {
    return readFileSync(`/proc/${stack.pid}/net/${name}`, "utf8");
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

function linkToSystem(folder: string, name: string): void {
  const link = join(folder, PROC_NET_FOLDER, name);
  mkdirSync(join(folder, PROC_NET_FOLDER), { recursive: true });
  try {
    // Resolved by the system for whoever opens it, and so not by the preload library.
    symlinkSync(`/proc/self/net/${name}`, link);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}
