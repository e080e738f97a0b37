// The kernel's namespace for a native one: made by a holder, with users, files and settings as a program there expects them.
//
//   users   the caller as himself, with rights over the network alone; or, asked for, root with a range of subordinate ids
//   files   /proc and /sys of the namespace; /etc/hosts and /etc/resolv.conf of its own
//
// Where root may make namespaces, no user namespace is made: programs run as `ip netns exec` has them.

import { spawnSync } from "node:child_process";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER } from "../../../uapi/sched.ts";
import { forbiddenNamespaces } from "./forbidden.ts";
import type { Holder, HolderServer } from "./holder.ts";
import { rangeOf } from "./subordinate.ts";

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_BIND = 4_096;
const MS_REC = 16_384;
const MS_SLAVE = 1 << 19;

const namespaces = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID;

/** How programs of a namespace see users. */
export interface SetUpOptions {
  /** Root, and a range of subordinate ids behind it (newuidmap). */
  readonly mapsRange?: boolean;
}

/** A namespace that is ready for programs. */
export interface SetUp {
  readonly holder: Holder;
  /** Whether its users are root and a range, and not the caller alone. */
  readonly mapsRange: boolean;
  /** Whether /etc/hosts and /etc/resolv.conf are its own, and not the system's. */
  readonly hasFiles: boolean;
}

/** Makes one; NetlinkError with the cause and the cure where the system forbids it. */
export function setUpNamespace(server: HolderServer, options: SetUpOptions): SetUp {
  const { mapsRange = false } = options;
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  let made = uid === 0 ? server.make(namespaces) : -1;
  const isRoot = typeof made !== "number";
  if (!isRoot) made = server.make(namespaces | CLONE_NEWUSER);
  if (typeof made === "number") throw forbiddenNamespaces(made);
  const holder = made;
  try {
    if (!isRoot && mapsRange) mapRange(holder, uid, gid);
    else if (!isRoot) mapOne(holder, uid, gid);
    const hasFiles = mountFiles(holder);
    // Whoever may be there may ping.
    holder.write(
      "/proc/sys/net/ipv4/ping_group_range",
      isRoot || mapsRange ? "0 2147483647" : `${gid} ${gid}`,
    );
    return { holder, mapsRange: isRoot || mapsRange, hasFiles };
  } catch (error) {
    holder.close();
    throw error;
  }
}

/** The caller is himself inside, and nobody else is anybody. */
function mapOne(holder: Holder, uid: number, gid: number): void {
  // Absent on kernels that have no say in groups.
  holder.write("/proc/self/setgroups", "deny");
  for (const [file, id] of [
    ["uid_map", uid],
    ["gid_map", gid],
  ] as const) {
    const result = holder.write(`/proc/self/${file}`, `${id} ${id} 1\n`);
    if (result < 0) throw forbiddenNamespaces(result);
  }
}

/** The caller is root inside, and the ids from 1 on are his subordinate ids. */
function mapRange(holder: Holder, uid: number, gid: number): void {
  for (const [program, own, file] of [
    ["newuidmap", uid, "/etc/subuid"],
    ["newgidmap", gid, "/etc/subgid"],
  ] as const) {
    const { start, count } = rangeOf(file, uid);
    const words = [holder.pid, 0, own, 1, 1, start, count].map(String);
    const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
    if (status === 0) continue;
    const why = error === undefined ? stderr.trim() : `${program} is missing (Debian's package uidmap)`;
    throw new NetlinkError("EPERM", `Cannot use a range of subordinate ids: ${why}`);
  }
  const result = holder.become(0, 0);
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot become root of the namespace");
}

/**
 * Mounts what a program finds; where the system forbids one of them, what is there stays. Tells whether the files in /etc may
 * be written.
 */
function mountFiles(holder: Holder): boolean {
  const result = holder.mount("", "/", "", MS_REC | MS_SLAVE);
  if (result < 0) {
    throw NetlinkError.fromErrno(result, `Cannot set the namespace's mounts apart: ${errnoText(-result)}`);
  }
  holder.mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
  // Two files that lie nowhere but here: on a file system that is then mounted over.
  if (holder.mount("uveth", "/sys", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4m") < 0)
    return false;
  const isBound = ["hosts", "resolv.conf"].map(
    (file) =>
      holder.create(`/sys/${file}`) === 0 && holder.mount(`/sys/${file}`, `/etc/${file}`, "", MS_BIND) === 0,
  );
  if (holder.mount("uveth", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC) < 0) holder.umount("/sys");
  return isBound.every((isOne) => isOne);
}
