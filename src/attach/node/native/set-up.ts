// The kernel's namespace for a native one: made by a holder, with users, files and settings as a program there expects them.
//
//   users   the caller as himself, with rights over the network alone; or, asked for, root with a range of subordinate ids
//   files   /proc and /sys of the namespace; /etc/hosts and /etc/resolv.conf of its own
//
// Where root may make namespaces, no user namespace is made: programs run as `ip netns exec` has them.

import { spawnSync } from "node:child_process";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoNumber, errnoText } from "../../../uapi/errno.ts";
import { CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER } from "../../../uapi/sched.ts";
import type { Libc } from "../libc.ts";
import { forbiddenNamespaces } from "./forbidden.ts";
import type { Holder, HolderAnswer, HolderRequest, HolderServer } from "./holder.ts";
import { ask } from "./holder.ts";
import type { KeptFile } from "./inner-link.ts";
import { tapFile } from "./inner-link.ts";
import { rangeOf } from "./subordinate.ts";
import { netlinkSocket } from "./sync-netlink.ts";

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_BIND = 4_096;
const MS_REC = 16_384;
const MS_SLAVE = 1 << 19;
const noPrograms = MS_NOSUID | MS_NODEV | MS_NOEXEC;

const ECANCELED = errnoNumber("ECANCELED");
const EMFILE = errnoNumber("EMFILE");
const ENFILE = errnoNumber("ENFILE");

const namespaces = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID;
/** As many as fit beside the sockets and the file into one answer; further devices open theirs when they are made. */
const mostTaps = 24;
const resolvConf = "# uveth: names are in /etc/hosts; /etc/netns/NAME/resolv.conf would stand here\n";

/** How programs of a namespace see users. */
export interface SetUpOptions {
  /** Root, and a range of subordinate ids behind it (newuidmap). */
  readonly mapsRange?: boolean;
}

/** A namespace that is ready for programs. Its descriptors are whoever's has it. */
export interface SetUp {
  readonly holder: Holder;
  /** Whether its users are root and a range, and not the caller alone. */
  readonly mapsRange: boolean;
  /** The file that is /etc/hosts there, open for writing; -1 where that is the system's. */
  readonly hosts: number;
  /** Sockets of NETLINK_ROUTE there: for requests and for events. */
  readonly rtnl: number;
  readonly events: number;
  /** Files for devices to be made with: as many as there are devices, or fewer. */
  readonly taps: readonly KeptFile[];
}

/** Makes one, for `devices` devices; NetlinkError with the cause and the cure where the system forbids it. */
export function setUpNamespace(
  libc: Libc,
  server: HolderServer,
  { mapsRange = false }: SetUpOptions,
  devices: number,
): SetUp {
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
    const hasRange = isRoot || mapsRange;
    const pingers = hasRange ? "0 2147483647" : `${gid} ${gid}`;
    return { holder, mapsRange: hasRange, ...furnish(libc, holder, pingers, Math.min(devices, mostTaps)) };
  } catch (error) {
    holder.close();
    throw error;
  }
}

/** The caller is himself inside, and nobody else is anybody. */
function mapOne(holder: Holder, uid: number, gid: number): void {
  const [, users, groups] = holder.all([
    // Absent on kernels that have no say in groups.
    ask.write("/proc/self/setgroups", "deny"),
    ask.vital(ask.write("/proc/self/uid_map", `${uid} ${uid} 1\n`)),
    ask.write("/proc/self/gid_map", `${gid} ${gid} 1\n`),
  ]);
  for (const answer of [users, groups]) {
    if (answer !== undefined && answer.result < 0) throw forbiddenNamespaces(answer.result);
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
  const result = holder.do(ask.become(0, 0));
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot become root of the namespace");
}

/** Sets up what a program finds, and opens what the engine needs: all in one request. */
function furnish(libc: Libc, holder: Holder, pingers: string, tapCount: number): Furnished {
  const taps = new Array<HolderRequest>(tapCount).fill(tapFile);
  const requests: readonly HolderRequest[] = [
    // Where this fails, what is mounted here would be mounted everywhere.
    ask.vital(ask.mount("", "/", "", MS_REC | MS_SLAVE)),
    ask.mount("proc", "/proc", "proc", noPrograms),
    // Whoever may be there may ping.
    ask.write("/proc/sys/net/ipv4/ping_group_range", pingers),
    netlinkSocket,
    netlinkSocket,
    ...taps,
    // Two files that lie nowhere but here: on a file system that is then mounted over.
    ask.vital(ask.mount("uveth", "/sys", "tmpfs", noPrograms, "mode=755,size=4m")),
    ask.vital(ask.create("/sys/hosts", "")),
    ask.vital(ask.mount("/sys/hosts", "/etc/hosts", "", MS_BIND)),
    ask.create("/sys/resolv.conf", resolvConf),
    ask.mount("/sys/resolv.conf", "/etc/resolv.conf", "", MS_BIND),
    ask.mount("uveth", "/sys", "sysfs", noPrograms),
  ];
  const answers = holder.all(requests);
  try {
    return furnished(libc, holder, answers, tapCount);
  } catch (error) {
    for (const { fd } of answers) if (fd >= 0) libc.close(fd);
    throw error;
  }
}

type Furnished = Pick<SetUp, "hosts" | "rtnl" | "events" | "taps">;

/** What came of it. Where the system forbids one of the files, what is there stays. */
function furnished(
  libc: Libc,
  holder: Holder,
  answers: readonly HolderAnswer[],
  tapCount: number,
): Furnished {
  const [apart = none, , , rtnl = none, events = none, ...rest] = answers;
  const taps = rest.slice(0, tapCount);
  const [sys = none, hosts = none, bound = none, resolv = none, , inner = none] = rest.slice(tapCount);
  if (apart.result < 0) {
    const why = errnoText(-apart.result);
    throw NetlinkError.fromErrno(apart.result, `Cannot set the namespace's mounts apart: ${why}`);
  }
  for (const { result } of [rtnl, events]) {
    if (result < 0) throw NetlinkError.fromErrno(result, "Cannot open a netlink socket in the namespace");
  }
  for (const { result } of [...taps, hosts, resolv]) {
    if (result === -EMFILE || result === -ENFILE) throw NetlinkError.fromErrno(result, "Cannot open a file");
  }
  if (sys.result >= 0 && inner.result < 0) uncover(holder, inner.result);
  if (resolv.fd >= 0) libc.close(resolv.fd);
  if (hosts.fd >= 0 && bound.result < 0) libc.close(hosts.fd);
  return {
    rtnl: rtnl.fd,
    events: events.fd,
    taps: taps.filter(({ fd }) => fd >= 0).map(({ fd, result }) => ({ fd, number: result })),
    hosts: bound.result < 0 ? -1 : hosts.fd,
  };
}

const none: HolderAnswer = { result: -ECANCELED, fd: -1 };

/** /sys is to be the namespace's own, or what it was. */
function uncover(holder: Holder, result: number): void {
  const again = result === -ECANCELED ? holder.do(ask.mount("uveth", "/sys", "sysfs", noPrograms)) : result;
  if (again < 0) holder.do(ask.umount("/sys"));
}
