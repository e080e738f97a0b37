// Why namespaces of the kernel cannot be made here, and the cure: told by the errno and by what the system says of itself.
//
// Facts: user_namespaces(7), <https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces>, Debian's
// kernel.unprivileged_userns_clone, sysctl user.max_*_namespaces (ENOSPC), seccomp filters of container engines.

import { accessSync, constants, readFileSync } from "node:fs";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoName, errnoText } from "../../../uapi/errno.ts";

/** The error for a namespace that could not be made: `errno` is negative. */
export function forbiddenNamespaces(errno: number): NetlinkError {
  const { cause, cure } = diagnose(errno);
  return NetlinkError.fromErrno(
    errno,
    `Cannot make a namespace of the kernel: ${errnoText(-errno)}; ${cause}. ${cure}`,
  );
}

/** What to do where namespaces cannot be made. */
export function cureForNamespaces(errno: number): string {
  return diagnose(errno).cure;
}

/** The error for what failed because no descriptor is left, with the cure; any other error as it is. */
export function withDescriptorCure(error: unknown): unknown {
  if (!(error instanceof NetlinkError) || !["EMFILE", "ENFILE"].includes(error.code)) return error;
  const cause =
    error.code === "EMFILE"
      ? 'this process has as many files open as it may. Raise the limit (ulimit -n 65536) and start it anew ("uveth daemon restart")'
      : "the system has as many files open as it may. Type: sudo sysctl fs.file-max=1000000";
  return new NetlinkError(error.code, `Cannot let programs into the namespace: ${cause}`);
}

/** The error for /dev/net/tun, when it cannot be used; undefined when it can. */
export function forbiddenTun(): NetlinkError | undefined {
  const path = "/dev/net/tun";
  try {
    accessSync(path, constants.F_OK);
  } catch {
    return new NetlinkError(
      "ENOENT",
      `Cannot make devices for programs: ${path} is not there. Load the module (modprobe tun); start a container with --device ${path}`,
    );
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return new NetlinkError(
      "EACCES",
      `Cannot make devices for programs: ${path} may not be opened by uid ${process.geteuid?.()}. Distributions ship it with mode 0666: sudo chmod 666 ${path}`,
    );
  }
}

interface Diagnosis {
  readonly cause: string;
  readonly cure: string;
}

function diagnose(errno: number): Diagnosis {
  if (readNumber("/proc/sys/user/max_user_namespaces") === 0) {
    return sysctl("the system allows no user namespaces", "user.max_user_namespaces=15000");
  }
  if (errnoName(-errno) === "ENOSPC") {
    return sysctl("there are as many namespaces as it allows", "user.max_net_namespaces=15000");
  }
  if (readNumber("/proc/sys/kernel/unprivileged_userns_clone") === 0) {
    return sysctl("user namespaces are for root alone here", "kernel.unprivileged_userns_clone=1");
  }
  if (readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === 1) {
    return {
      cause: "AppArmor allows user namespaces to known programs alone (Ubuntu's default)",
      cure: "Type: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give uveth-netns a profile with the rule userns",
    };
  }
  if (/^Seccomp:\s*2$/m.test(readText("/proc/self/status") ?? "")) {
    return {
      cause: "a seccomp filter forbids it, as container engines set one",
      cure: "Start the container with --security-opt seccomp=unconfined, or with --cap-add SYS_ADMIN",
    };
  }
  return {
    cause: "the kernel or a security module forbids it",
    cure: 'Type "unshare -Urn true" to see whether it is uveth alone, or run as root',
  };
}

function sysctl(cause: string, setting: string): Diagnosis {
  return { cause, cure: `Type: sudo sysctl ${setting}` };
}

function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text === undefined ? undefined : Number(text);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
