// Scripts that an ordinary user runs, uid 54321, where root runs the tests: in mounts of his own that have what a distribution
// gives him: a name, a device file that he may open and, asked for, subordinate ids.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeMissing } from "../fixtures/native-missing.ts";
import { COMMAND } from "./uveth.ts";

const id = 54321;

const device = `mount -t tmpfs tmpfs /mnt
mknod -m 666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
{ cat /etc/passwd; echo uveth-user:x:${id}:${id}::/tmp:/bin/sh; } > /mnt/passwd
mount --bind /mnt/passwd /etc/passwd`;

/** He has 65,536 ids from 100,000 on. */
const range = `for file in subuid subgid; do
  echo uveth-user:100000:65536 > /mnt/$file
  mount --bind /mnt/$file /etc/$file
done`;

/** What a script finds: the command, and a folder of his own as $HOME, with the daemon's socket in it. */
const prelude = `uveth() { "${process.execPath}" "${COMMAND}" "$@"; }
cd "$HOME"
`;

/** Why he cannot be had here; undefined when he can. */
export const userMissing =
  nativeMissing ??
  (spawnSync("setpriv", ["--reuid", `${id}`, "--clear-groups", "test", "-r", COMMAND]).status === 0
    ? undefined
    : "an ordinary user cannot read this checkout");

/** Why he cannot have subordinate ids here. */
export const rangeMissing =
  userMissing ??
  (isProgram("newuidmap") && existsSync("/etc/subuid") && existsSync("/etc/subgid")
    ? undefined
    : "Debian's package uidmap is missing");

/** Whether a program can be found. */
export function isProgram(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}

/** What a script said. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script of sh as him, with nothing of this process but PATH. It stops its daemon itself; `look` is given his folder
 * before that is deleted.
 */
export async function asOrdinaryUser(
  script: string,
  { hasRange = false, look = (_folder: string): void => {} } = {},
): Promise<Said> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-user-"));
  chownSync(folder, id, id);
  // His other users find their way through it.
  chmodSync(folder, 0o711);
  // Subordinate ids are had by a program that is root's.
  const limits = hasRange ? "" : "--no-new-privs";
  const become = `setpriv --reuid ${id} --regid ${id} --clear-groups ${limits}`;
  const outer = `set -e
${device}
${hasRange ? range : ""}
exec ${become} env -i PATH="$PATH:/usr/sbin:/sbin" HOME="$1" UVETH_SOCKET="$1/daemon.sock" sh -c "$2"`;
  const words = ["-m", "sh", "-c", outer, "sh", folder, `${prelude}${script}`];
  const child = spawn("unshare", words, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  await once(child, "close");
  try {
    look(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { stdout, stderr };
}
