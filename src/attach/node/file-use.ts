// Whether anybody has a file open, and the news that somebody no longer has: what keeps a namespace alive on Linux is an open
// file of it, and this tells the same of a regular file.
//
// Mirrors inotify(7) (IN_CLOSE) and fcntl(2): a write lease is granted only while nobody else has the file open. Whoever
// opens it in the moment of the question waits for the answer; the signal that goes with it is one that is ignored.

import { closeSync, openSync } from "node:fs";
import { getS32, getU32 } from "../../bytes/endian.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import type { Watch } from "./libc.ts";
import { loadLibc } from "./libc.ts";

const F_SETSIG = 10;
const F_SETLEASE = 1_024;
const F_WRLCK = 1;
const F_UNLCK = 2;
const SIGURG = 23;
const IN_CLOSE = 0x18;
const IN_NONBLOCK_CLOEXEC = 0x80800;

// struct inotify_event
const EVENT_WD = 0;
const EVENT_LEN = 12;
const EVENT_SIZE = 16;
const READ_SIZE = 4_096;

interface Calls {
  fcntl(fd: number, command: number, argument: number): number;
  addWatch(fd: number, path: string, mask: number): number;
  removeWatch(fd: number, watch: number): number;
  read(fd: number, bytes: Uint8Array): number;
  close(fd: number): number;
  watch(fd: number, onReadable: () => void): Watch;
}

/** One file that is watched. */
export interface FileUse {
  /** Whether anybody but this process has it open. */
  readonly isOpen: boolean;
  /** Stops watching. */
  close(): void;
}

/** Files that are watched. */
export class FileUses {
  readonly #calls: Calls;
  readonly #inotify: number;
  readonly #watch: Watch;
  readonly #listeners = new Map<number, () => void>();
  readonly #bytes = new Uint8Array(new ArrayBuffer(READ_SIZE));

  constructor(calls: Calls, inotify: number) {
    this.#calls = calls;
    this.#inotify = inotify;
    this.#watch = calls.watch(inotify, () => this.#read());
  }

  /** Watches the file `path`; `onClosed` is called when somebody has closed it, who need not have been the last. */
  watch(path: string, onClosed: () => void): FileUse {
    const calls = this.#calls;
    const fd = openSync(path, "r");
    const wd = calls.addWatch(this.#inotify, path, IN_CLOSE);
    if (wd < 0) {
      closeSync(fd);
      throw NetlinkError.fromErrno(wd, `Cannot watch ${path}: ${errnoText(-wd)}`);
    }
    this.#listeners.set(wd, onClosed);
    return {
      get isOpen() {
        // A lease that ends takes the choice of its signal along; that of the next would be SIGIO, which kills.
        calls.fcntl(fd, F_SETSIG, SIGURG);
        if (calls.fcntl(fd, F_SETLEASE, F_WRLCK) < 0) return true;
        calls.fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
      },
      close: () => {
        if (!this.#listeners.delete(wd)) return;
        calls.removeWatch(this.#inotify, wd);
        closeSync(fd);
      },
    };
  }

  /** Stops watching all. */
  close(): void {
    this.#watch.close();
    this.#calls.close(this.#inotify);
  }

  #read(): void {
    const length = this.#calls.read(this.#inotify, this.#bytes);
    const closed = new Set<number>();
    for (let at = 0; at + EVENT_SIZE <= length; at += EVENT_SIZE + getU32(this.#bytes, at + EVENT_LEN)) {
      closed.add(getS32(this.#bytes, at + EVENT_WD));
    }
    for (const wd of closed) this.#listeners.get(wd)?.();
  }
}

/** Loads what it takes; rejects with a NetlinkError where there is no FFI or no inotify. */
export async function loadFileUses(): Promise<FileUses> {
  const libc = await loadLibc();
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const fcntl = library.func("int fcntl(int fd, int command, long argument)");
  const init = library.func("int inotify_init1(int flags)");
  const addWatch = library.func("int inotify_add_watch(int fd, const char *path, uint32_t mask)");
  const removeWatch = library.func("int inotify_rm_watch(int fd, int watch)");
  const read = library.func("intptr_t read(int fd, void *bytes, size_t size)");
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  const calls: Calls = {
    fcntl: (fd, command, argument) => orErrno(fcntl(fd, command, argument)),
    addWatch: (fd, path, mask) => orErrno(addWatch(fd, path, mask)),
    removeWatch: (fd, watch) => orErrno(removeWatch(fd, watch)),
    read: (fd, bytes) => orErrno(read(fd, bytes, bytes.length)),
    close: libc.close,
    watch: libc.watch,
  };
  const inotify = orErrno(init(IN_NONBLOCK_CLOEXEC));
  if (inotify < 0) throw NetlinkError.fromErrno(inotify, `Cannot use inotify: ${errnoText(-inotify)}`);
  return new FileUses(calls, inotify);
}
