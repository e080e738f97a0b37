// Network namespaces of the live kernel: opened by the name `ip netns` gave them, and entered for the moment it takes to
// make a socket, which stays in the namespace it was made in.
//
// Mirrors iproute2's lib/namespace.c (netns_get_fd, netns_switch) without its mounts.

import { closeSync, openSync } from "node:fs";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { CLONE_NEWNET } from "../../uapi/sched.ts";
import type { Libc } from "./libc.ts";

/** Where `ip netns` keeps its names. */
const NETNS_RUN_DIR = "/run/netns";

/** Opens the namespace `name`; the caller closes the descriptor. NetlinkError (ENOENT, EACCES, …) with ip's text. */
export function openNetnsFile(name: string): number {
  return openNetnsPath(`${NETNS_RUN_DIR}/${name}`, name);
}

/** Opens the namespace the calling thread is in; the caller closes the descriptor. */
export function openOwnNetns(): number {
  return openNetnsPath("/proc/thread-self/ns/net", "of this thread");
}

/** Runs `body` with the calling thread in the namespace of `fd`, and comes back whatever happens; `body` must not wait. */
export function inNetns<Result>(libc: Libc, fd: number, body: () => Result): Result {
  const home = openOwnNetns();
  try {
    enter(libc, fd);
    try {
      return body();
    } finally {
      enter(libc, home);
    }
  } finally {
    closeSync(home);
  }
}

function enter(libc: Libc, fd: number): void {
  const result = libc.setns(fd, CLONE_NEWNET);
  if (result < 0)
    throw NetlinkError.fromErrno(result, `setting the network namespace failed: ${errnoText(-result)}`);
}

function openNetnsPath(path: string, name: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const errno =
      error instanceof Error && "errno" in error && typeof error.errno === "number" ? error.errno : -5;
    throw NetlinkError.fromErrno(errno, `Cannot open network namespace "${name}": ${errnoText(-errno)}`);
  }
}
