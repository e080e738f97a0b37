// Namespaces as files, for programs that run under `uveth run`: to open, stat, list and watch them is the system's business.
//
//   daemon.ns/id/7         the namespace 7; whoever has it open holds the namespace, as on Linux
//   daemon.ns/show/7       what is read of its interfaces in /sys and /proc (interface-files.ts)
//   daemon.ns/netns/red    its name, a hard link to it: what a program sees as /run/netns/red
//
// A process lives in the namespace whose file its descriptor NETNS_FD is open on; fork and exec hand it on. So what a
// descriptor or a process id of a client means is looked up in /proc, for any process, with nothing to keep up to date.
//
// A namespace that somebody was seen to have open is held until nobody has it open any more and it has no name.
//
// Mirrors fs/nsfs.c and the bind mounts of iproute2's ip/ipnetns.c. *Omitted:* a namespace whose name is taken away before
// anybody under `uveth run` has used it is not held by open files.

import {
  fstatSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { FileUse, FileUses } from "../attach/node/file-use.ts";
import type { Machine } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import { codeOf } from "./node-error.ts";
import { NETNS_FD } from "./seqpacket-protocol.ts";

type MachineCore = Machine["core"];
type Netns = MachineCore["initialNetns"];

/** The files of one machine. */
export class NetnsFiles {
  readonly #core: MachineCore;
  readonly #folder: string;
  /** Namespaces by the inode number of their file, and back. */
  readonly #byInode = new Map<number, Netns>();
  readonly #inodes = new Map<Netns, number>();
  readonly #uses: FileUses;
  /** Namespaces that are held because somebody has them open. */
  readonly #held = new Map<Netns, FileUse>();
  /** Names whose files are left. */
  readonly #left = new Set<string>();
  /** Called when a file is open no more. */
  onUnused: () => void = () => {};

  /** Makes the folder anew, with the files of the namespaces there are. */
  constructor(core: MachineCore, folder: string, uses: FileUses) {
    this.#core = core;
    this.#uses = uses;
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    for (const each of ["id", "netns"]) mkdirSync(join(folder, each), { recursive: true, mode: 0o700 });
    for (const netns of core.namespaces.values()) this.fileOf(netns);
    for (const name of core.netnsNames.keys()) this.showName(name);
  }

  /** The path of a namespace's file, which is made when there is none yet. */
  fileOf(netns: Netns): string {
    const path = join(this.#folder, "id", String(netns.id));
    if (!this.#inodes.has(netns)) {
      writeFileSync(path, `uveth netns ${netns.id}\n`, { mode: 0o444 });
      const inode = statSync(path).ino;
      this.#inodes.set(netns, inode);
      this.#byInode.set(inode, netns);
    }
    return path;
  }

  /** The folder for what programs read of its interfaces (interface-files.ts). */
  showFolder(netns: Netns): string {
    return join(this.#folder, "show", String(netns.id));
  }

  /** Lets the name that a namespace has in the machine be seen; replaces the empty file that `ip netns add` makes first. */
  showName(name: string): void {
    const netns = this.#core.netnsNames.get(name);
    if (netns === undefined) return;
    const path = join(this.#folder, "netns", name);
    const file = this.fileOf(netns);
    if (statSync(path, { throwIfNoEntry: false })?.ino === this.#inodes.get(netns)) return;
    try {
      linkSync(file, path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const aside = join(this.#folder, "id", `${netns.id}-name`);
      linkSync(file, aside);
      renameSync(aside, path);
    }
  }

  /** The file of a name is left where it is when the name has gone: whoever took it away removes it. */
  leaveName(name: string): void {
    this.#left.add(name);
  }

  /** Lets a name vanish. */
  hideName(name: string): void {
    if (!this.#left.delete(name)) removeIfThere(join(this.#folder, "netns", name));
  }

  /** The namespace that descriptor `fd` of process `pid` is open on; NetlinkError EINVAL when it is open on something else. */
  netnsOfFd(pid: number, fd: number): Netns | undefined {
    const inode = inodeOf(pid, fd);
    if (inode === undefined) return undefined;
    const netns = this.#holdByInode(inode);
    if (netns === undefined) throw new NetlinkError("EINVAL");
    return netns;
  }

  /** The namespace whose file a descriptor of our own is open on. */
  netnsOfFile(fd: number): Netns | undefined {
    return this.#holdByInode(fstatSync(fd).ino);
  }

  /** The namespace that process `pid` lives in. */
  netnsOfPid(pid: number): Netns | undefined {
    const inode = inodeOf(pid, NETNS_FD);
    return inode === undefined ? undefined : this.#holdByInode(inode);
  }

  /** The namespace of a file that somebody was seen to have open. */
  #holdByInode(inode: number): Netns | undefined {
    const netns = this.#byInode.get(inode);
    if (netns === undefined || !netns.isAlive) return undefined;
    this.hold(netns);
    return netns;
  }

  /** Holds a namespace while its file is open. */
  hold(netns: Netns): void {
    if (this.#held.has(netns)) return;
    this.#held.set(
      netns,
      this.#uses.watch(this.fileOf(netns), () => this.releaseUnused(netns)),
    );
    this.#core.hold(netns);
  }

  /** Lets a namespace go if nobody has its file open and it has no name. */
  releaseUnused(netns: Netns): void {
    const use = this.#held.get(netns);
    if (use === undefined || use.isOpen) return;
    if (netns !== this.#core.initialNetns && !this.#isNamed(netns)) {
      this.#held.delete(netns);
      use.close();
      this.#core.release(netns);
      if (!netns.isAlive) this.#forget(netns);
    }
    this.onUnused();
  }

  #isNamed(netns: Netns): boolean {
    for (const named of this.#core.netnsNames.values()) if (named === netns) return true;
    return false;
  }

  #forget(netns: Netns): void {
    const inode = this.#inodes.get(netns);
    if (inode === undefined) return;
    this.#inodes.delete(netns);
    this.#byInode.delete(inode);
    removeIfThere(join(this.#folder, "id", String(netns.id)));
    rmSync(this.showFolder(netns), { recursive: true, force: true });
  }

  /** Forgets namespaces that have gone down, and lets go of those that nothing keeps. */
  sweep(): void {
    for (const netns of [...this.#inodes.keys()]) {
      if (netns.isAlive) this.releaseUnused(netns);
      else {
        this.#held.get(netns)?.close();
        this.#held.delete(netns);
        this.#forget(netns);
      }
    }
  }

  /** Whether some process lives in a namespace, or has one open. */
  get isAnyOpen(): boolean {
    for (const use of this.#held.values()) if (use.isOpen) return true;
    return false;
  }

  /** Removes the folder. */
  close(): void {
    for (const use of this.#held.values()) use.close();
    this.#held.clear();
    this.#uses.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The file that a descriptor of a process is open on; undefined for no such process or descriptor, or one that may not be looked at. */
function inodeOf(pid: number, fd: number): number | undefined {
  try {
    return statSync(`/proc/${pid}/fd/${fd}`).ino;
  } catch {
    return undefined;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
