// The event loop of this thread, slept on from within a callback: what wakes libuv ends the sleep, and whoever slept is running at
// once. Through libuv and the callbacks of Node-API the same takes 0.1 ms when nothing has run for a while, since all of that has
// left the caches meanwhile.
//
// Mirrors uv_backend_fd, uv_backend_timeout and uv_update_time of libuv, as a loop that is embedded in another one is asked for
// them, and the layout of uv_loop_t (uv.h, uv/unix.h), which is part of libuv 1's binary interface. What is being slept on is the
// descriptor that libuv itself sleeps on, so nothing can be missed that it would see. Descriptors that it has yet to put there
// are found in `watcher_queue`.
//
// Omitted: other versions of libuv, for which there is none. Node's own measure of idleness counts the sleep as work.

import { getS32, getU32, setS32, setU16 } from "../../bytes/endian.ts";
import type { Libc } from "./libc.ts";

// struct uv_loop_s where pointers have 64 bits
const LOOP_BACKEND_FD = 64;
const LOOP_WATCHER_QUEUE = 88;
const LOOP_SIZE = 104;
// struct pollfd
const POLLFD_EVENTS = 4;
const POLLFD_SIZE = 8;
const POLLIN = 1;

const twoTo32 = 0x1_0000_0000;

/** How to sleep on libuv's loop. */
export class EventLoop {
  readonly #libc: Libc;
  readonly #loop: Uint8Array;
  readonly #queueAddress: number;
  readonly #pollfd = new Uint8Array(new ArrayBuffer(POLLFD_SIZE));
  readonly #backendTimeout: () => number;
  readonly #updateTime: () => void;

  private constructor(libc: Libc, parts: LoopParts) {
    this.#libc = libc;
    this.#loop = parts.memory;
    this.#queueAddress = parts.address + LOOP_WATCHER_QUEUE;
    this.#backendTimeout = parts.backendTimeout;
    this.#updateTime = parts.updateTime;
    setS32(this.#pollfd, 0, parts.backendFd);
    setU16(this.#pollfd, POLLFD_EVENTS, POLLIN);
  }

  /** That of the calling thread; undefined where libuv is not as it is described here. */
  static async open(libc: Libc): Promise<EventLoop | undefined> {
    if (!process.versions.uv.startsWith("1.") || !["x64", "arm64"].includes(process.arch)) return undefined;
    const { default: koffi } = await import("koffi");
    try {
      const library = koffi.load(null);
      const getLoop = library.func("int napi_get_uv_event_loop(void *env, void *loop)");
      const backendFd = library.func("int uv_backend_fd(uintptr_t loop)");
      const backendTimeout = library.func("int uv_backend_timeout(uintptr_t loop)");
      const updateTime = library.func("void uv_update_time(uintptr_t loop)");
      const pointer = new BigUint64Array(1);
      if (getLoop(koffi.node.env, pointer) !== 0) return undefined;
      const address = Number(pointer[0]);
      const memory = new Uint8Array(koffi.view(BigInt(address), LOOP_SIZE));
      const fd: number = backendFd(address);
      if (getS32(memory, LOOP_BACKEND_FD) !== fd) return undefined;
      return new EventLoop(libc, {
        memory,
        address,
        backendFd: fd,
        backendTimeout: () => backendTimeout(address),
        updateTime: () => updateTime(address),
      });
    } catch {
      // A Node that hides these functions.
      return undefined;
    }
  }

  /**
   * Sleeps as libuv would, for `longestMs` at most; false when libuv would not sleep now, for what it has to do first. The
   * calling callback must be about to end: what others wait for has its turn after it.
   */
  sleep(longestMs: number): boolean {
    if (this.#hasNewWatchers()) return false;
    const timeoutMs = this.#backendTimeout();
    if (timeoutMs === 0) return false;
    this.#libc.poll(this.#pollfd, timeoutMs < 0 ? longestMs : Math.min(timeoutMs, longestMs));
    this.#updateTime();
    return true;
  }

  /** Whether descriptors wait to be watched: the queue, which is a ring, does not lead back to itself. */
  #hasNewWatchers(): boolean {
    const next =
      getU32(this.#loop, LOOP_WATCHER_QUEUE) + getU32(this.#loop, LOOP_WATCHER_QUEUE + 4) * twoTo32;
    return next !== this.#queueAddress;
  }
}

/** What libuv is asked. */
interface LoopParts {
  readonly memory: Uint8Array;
  readonly address: number;
  readonly backendFd: number;
  readonly backendTimeout: () => number;
  readonly updateTime: () => void;
}
