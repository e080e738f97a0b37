// What `uveth doctor` looks at, one function each.

import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { release } from "node:os";
import { delimiter, join } from "node:path";
import { loadLibc } from "../attach/node/libc.ts";
import { cureForNamespaces, forbiddenTun } from "../attach/node/native/forbidden.ts";
import { netnsProgram } from "../attach/node/native/program.ts";
import { rangeOf } from "../attach/node/native/subordinate.ts";
import { findDaemon } from "../daemon/client.ts";
import { daemonPlace, ownUid } from "../daemon/place.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";

/** The answer to one question. */
export interface Finding {
  readonly name: string;
  readonly isOk: boolean;
  /** Whether uveth cannot do without. */
  readonly isRequired: boolean;
  /** What is there, or why it is not. */
  readonly found: string;
  /** What it is good for. */
  readonly purpose: string;
  /** What to do when it is missing. */
  readonly cure: string;
}

type Env = Readonly<Record<string, string | undefined>>;
type Check = (env: Env) => Finding | Promise<Finding>;

const OLDEST_NODE = [20, 19] as const;

const CHECKS: readonly Check[] = [
  node,
  system,
  runtimeFolder,
  daemon,
  ffi,
  netnsHelper,
  userNamespaces,
  tun,
  subordinateIds,
  ioUring,
  program("cc", "building the preload library for real programs", "gcc"),
  program("ip", "comparing with iproute2", "iproute2"),
  program("tcpdump", "reading captures", "tcpdump"),
  program("tshark", "reading captures with their comments", "tshark"),
];

/** Asks everything. */
export async function examine(env: Env): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) findings.push(await check(env));
  return findings;
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  return {
    name: "node",
    isOk: major > oldestMajor || (major === oldestMajor && minor >= oldestMinor),
    isRequired: true,
    found: process.versions.node,
    purpose: "running uveth",
    cure: `Install Node ${oldestMajor}.${oldestMinor} or newer`,
  };
}

function system(): Finding {
  return {
    name: "system",
    isOk: process.platform === "linux",
    isRequired: false,
    found: `${process.platform} ${release()} ${process.arch}`,
    purpose: "the live kernel's netlink and everything by FFI",
    cure: "Use Linux for these; the library and the machine's own commands work here too",
  };
}

function runtimeFolder(env: Env): Finding {
  const finding = { name: "runtime folder", isRequired: true, purpose: "the daemon's socket" };
  const cure = "Remove what is in the way, or set UVETH_SOCKET to a path in a folder of your own";
  try {
    const { socket } = daemonPlace({ env, uid: ownUid() });
    const why = env["UVETH_SOCKET"]
      ? "UVETH_SOCKET"
      : env["XDG_RUNTIME_DIR"]
        ? "XDG_RUNTIME_DIR"
        : "no XDG_RUNTIME_DIR";
    return { ...finding, isOk: true, found: `${socket} (${why})`, cure };
  } catch (error) {
    return { ...finding, isOk: false, found: messageOf(error), cure };
  }
}

async function daemon(env: Env): Promise<Finding> {
  const finding = {
    name: "daemon",
    isRequired: false,
    purpose: "commands",
    cure: 'Type "uveth daemon restart"',
  };
  try {
    const client = await findDaemon(daemonPlace({ env, uid: ownUid() }));
    if (client === undefined) {
      return { ...finding, isOk: true, found: "not running; the first command starts it" };
    }
    const { pid, version } = client.peer;
    client.close();
    const found = version === UVETH_VERSION ? "" : `, this is ${UVETH_VERSION}`;
    return { ...finding, isOk: found === "", found: `running, pid ${pid}, version ${version}${found}` };
  } catch (error) {
    return { ...finding, isOk: false, found: messageOf(error) };
  }
}

async function ffi(): Promise<Finding> {
  const finding = {
    name: "koffi",
    isRequired: false,
    purpose: "uveth --kernel, and for asking who connects to the daemon",
    cure: 'Type "npm install koffi" where uveth is installed',
  };
  try {
    await loadLibc();
    return { ...finding, isOk: true, found: "loaded" };
  } catch (error) {
    return { ...finding, isOk: false, found: messageOf(error) };
  }
}

function userNamespaces(): Finding {
  const { status, stderr, error } = spawnSync("unshare", ["-Urn", "true"], { encoding: "utf8" });
  return {
    name: "user namespaces",
    isOk: status === 0,
    isRequired: false,
    found: status === 0 ? "unshare -Urn works" : (error?.message ?? stderr.trim()),
    purpose: "uveth exec without root, and tests against the kernel",
    cure: cureForNamespaces(status === 0 ? 0 : -1),
  };
}

function netnsHelper(): Finding {
  const finding = {
    name: "uveth-netns",
    isRequired: false,
    purpose: "uveth exec",
    cure: 'Install a C compiler and type "npm run build"',
  };
  try {
    return { ...finding, isOk: true, found: netnsProgram() };
  } catch (error) {
    return { ...finding, isOk: false, found: messageOf(error) };
  }
}

function tun(): Finding {
  const finding = { name: "/dev/net/tun", isRequired: false, purpose: "uveth exec" };
  const forbidden = forbiddenTun();
  if (forbidden === undefined) return { ...finding, isOk: true, found: "opens", cure: "" };
  const [found = "", cure = ""] = forbidden.message.split(/\. /);
  return { ...finding, isOk: false, found, cure };
}

function subordinateIds(): Finding {
  const finding = {
    name: "subordinate ids",
    isRequired: false,
    purpose: "uveth exec --map-auto without root",
  };
  if (ownUid() === 0) return { ...finding, isOk: true, found: "root needs none", cure: "" };
  try {
    const { start, count } = rangeOf("/etc/subuid", ownUid());
    return { ...finding, isOk: true, found: `${start} to ${start + count - 1}`, cure: "" };
  } catch (error) {
    const [found = "", cure = ""] = messageOf(error).split(/\. /);
    return { ...finding, isOk: false, found, cure };
  }
}

function ioUring(): Finding {
  const disabled = readNumber("/proc/sys/kernel/io_uring_disabled");
  const isOk = process.platform === "linux" && (disabled ?? 0) < (ownUid() === 0 ? 2 : 1);
  return {
    name: "io_uring",
    isOk,
    isRequired: false,
    found: disabled === undefined ? "the kernel has no say in it" : `kernel.io_uring_disabled is ${disabled}`,
    purpose: "batched system calls of attachments, which do without it too",
    cure: "sysctl kernel.io_uring_disabled=0",
  };
}

function program(name: string, purpose: string, debianPackage: string): Check {
  return (env) => {
    const path = findProgram(name, env["PATH"] ?? "");
    return {
      name,
      isOk: path !== undefined,
      isRequired: false,
      found: path ?? "not in PATH",
      purpose,
      cure: `Type "apt-get install ${debianPackage}", or what your system has for it`,
    };
  };
}

function findProgram(name: string, path: string): string | undefined {
  // Debian's users do not have the folders of iproute2 and tcpdump in PATH.
  const folders = [...path.split(delimiter), "/usr/sbin", "/sbin"].filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
