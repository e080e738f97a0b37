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
/** Groups, as ping_group_range has them. */
const everyone = "0 2147483647";
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

/**
 * Makes one, for `devices` devices; NetlinkError with the cause and the cure where the system forbids it. `meanwhile` is done
 * while the kernel is at it.
 */
export function setUpNamespace(
  libc: Libc,
  server: HolderServer,
  { mapsRange = false }: SetUpOptions,
  devices: number,
  meanwhile: () => void,
): SetUp {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  const tapCount = Math.min(devices, mostTaps);
  const furniture = (pingers: string) => furnish(pingers, tapCount);
  if (uid === 0) {
    const requests = furniture(everyone);
    const holder = make(server, namespaces, requests, meanwhile);
    if (typeof holder !== "number") {
      return finish(holder, true, () => furnished(libc, holder, requests, holder.collect(requests)));
    }
  }
  const own = mapsRange ? [] : [...mapOne(uid, gid), ...furniture(`${gid} ${gid}`)];
  const holder = make(server, namespaces | CLONE_NEWUSER, own, uid === 0 ? () => {} : meanwhile);
  if (typeof holder === "number") throw forbiddenNamespaces(holder);
  return finish(holder, mapsRange, () => {
    if (!mapsRange) {
      const answers = holder.collect(own);
      for (const { result } of answers.slice(1, 3)) if (result < 0) throw forbiddenNamespaces(result);
      return furnished(libc, holder, own.slice(3), answers.slice(3));
    }
    mapRange(holder, uid, gid);
    const requests = furniture(everyone);
    return furnished(libc, holder, requests, holder.all(requests));
  });
}

/** Asks for a holder; it is there, or refused, in any case when this returns. */
function make(
  server: HolderServer,
  flags: number,
  first: readonly HolderRequest[],
  meanwhile: () => void,
): Holder | number {
  server.begin(flags, first);
  try {
    meanwhile();
  } catch (error) {
    const holder = server.finish();
    if (typeof holder !== "number") holder.close();
    throw error;
  }
  return server.finish();
}

/** Adds what a holder has; ends it where that fails. */
function finish(holder: Holder, mapsRange: boolean, furniture: () => Furnished): SetUp {
  try {
    return { holder, mapsRange, ...furniture() };
  } catch (error) {
    holder.close();
    throw error;
  }
}

/** The caller is himself inside, and nobody else is anybody. */
function mapOne(uid: number, gid: number): readonly HolderRequest[] {
  return [
    // Absent on kernels that have no say in groups.
    ask.write("/proc/self/setgroups", "deny"),
    ask.vital(ask.write("/proc/self/uid_map", `${uid} ${uid} 1\n`)),
    ask.vital(ask.write("/proc/self/gid_map", `${gid} ${gid} 1\n`)),
  ];
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

/** What a program finds, and what the engine needs open. */
function furnish(pingers: string, tapCount: number): readonly HolderRequest[] {
  return [
    // Where this fails, what is mounted here would be mounted everywhere.
    ask.vital(ask.mount("", "/", "", MS_REC | MS_SLAVE)),
    ask.mount("proc", "/proc", "proc", noPrograms),
    // Whoever may be there may ping.
    ask.write("/proc/sys/net/ipv4/ping_group_range", pingers),
    netlinkSocket,
    netlinkSocket,
    ...new Array<HolderRequest>(tapCount).fill(tapFile),
    // Two files that lie nowhere but here: on a file system that is then mounted over.
    ask.vital(ask.mount("uveth", "/sys", "tmpfs", noPrograms, "mode=755,size=4m")),
    ask.vital(ask.create("/sys/hosts", "")),
    ask.vital(ask.mount("/sys/hosts", "/etc/hosts", "", MS_BIND)),
    ask.create("/sys/resolv.conf", resolvConf),
    ask.mount("/sys/resolv.conf", "/etc/resolv.conf", "", MS_BIND),
    ask.mount("uveth", "/sys", "sysfs", noPrograms),
  ];
}

type Furnished = Pick<SetUp, "hosts" | "rtnl" | "events" | "taps">;

/** What came of it. Where the system forbids one of the files, what is there stays. */
function furnished(
  libc: Libc,
  holder: Holder,
  requests: readonly HolderRequest[],
  answers: readonly HolderAnswer[],
): Furnished {
  const taps = answers.filter((_, index) => requests[index] === tapFile);
  const [apart = none, , , rtnl = none, events = none, ...rest] = answers;
  const [sys = none, hosts = none, bound = none, resolv = none, , inner = none] = rest.slice(taps.length);
  try {
    if (apart.result < 0) {
      const why = errnoText(-apart.result);
      throw NetlinkError.fromErrno(apart.result, `Cannot set the namespace's mounts apart: ${why}`);
    }
    for (const { result } of [rtnl, events]) {
      if (result < 0) throw NetlinkError.fromErrno(result, "Cannot open a netlink socket in the namespace");
    }
    for (const { result } of [...taps, hosts, resolv]) {
      if (result === -EMFILE || result === -ENFILE)
        throw NetlinkError.fromErrno(result, "Cannot open a file");
    }
  } catch (error) {
    for (const { fd } of answers) if (fd >= 0) libc.close(fd);
    throw error;
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
