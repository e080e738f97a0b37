// The lock that makes one daemon per place. Node has no flock(2), and a file made with O_EXCL outlives a killed process;
// whoever clears such a file away may clear away the next one's. So the lock is a directory with one Unix socket in it:
//
//   daemon.lock/1234-89abcd      held: the socket of process 1234 accepts
//   daemon.lock/1234-89abcd      stale: the socket refuses, as process 1234 is gone
//
// - Taking it is one rename(2) of a directory prepared aside, which the kernel does only onto an empty directory or none.
// - Clearing a stale one is unlink(2) of the socket by its name, which no other daemon ever has.
// - Waiting needs no polling: the holder writes to the socket when it is ready, and its end closes the connection.

import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { codeOf } from "./node-error.ts";

/** The lock, while this process holds it. */
export class DaemonLock {
  readonly #path: string;
  readonly #beacon: Beacon;

  private constructor(path: string, beacon: Beacon) {
    this.#path = path;
    this.#beacon = beacon;
  }

  /** Takes the lock at `path`; undefined when another process holds it. */
  static async acquire(path: string): Promise<DaemonLock | undefined> {
    const beacon = await Beacon.listen(path);
    try {
      while (!beacon.moveTo(path)) {
        const holder = await findHolder(path);
        if (holder === undefined) continue;
        holder.close();
        beacon.remove();
        return undefined;
      }
    } catch (error) {
      beacon.remove();
      throw error;
    }
    await sweep(path);
    return new DaemonLock(path, beacon);
  }

  /** Tells those who wait, and those who will ask, that the daemon can be connected to. */
  markReady(): void {
    this.#beacon.setReady(true);
  }

  /** Lets those who ask from now on wait for the end of this process. */
  markStopping(): void {
    this.#beacon.setReady(false);
  }

  /** Gives the lock up; nothing of it is left behind. Synchronous, for process.on("exit"). */
  release(): void {
    this.#beacon.remove();
    removeIfEmpty(this.#path);
  }
}

/** The process that holds a lock, as others see it. */
export interface LockHolder {
  readonly pid: number;
  /** Resolves with true when the daemon is ready, with false when it has ended. */
  readonly ready: Promise<boolean>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Stops watching. */
  close(): void;
}

/** Finds the process that holds the lock at `path`, clearing away what dead ones left; undefined when there is none. */
export async function findHolder(path: string): Promise<LockHolder | undefined> {
  for (const name of namesIn(path)) {
    const stream = await connectTo(join(path, name));
    if (stream !== undefined) return watch(stream, Number.parseInt(name, 10));
    removeIfThere(join(path, name));
  }
  return undefined;
}

/** The longest path that a socket of the lock at `path` has. */
export function longestBeaconPath(path: string): string {
  return `${path}-89abcd/4194304-89abcd`;
}

function watch(stream: Socket, pid: number): LockHolder {
  let close = (): void => {};
  const ended = new Promise<void>((resolve) => {
    close = () => resolve();
    stream.once("close", close);
  });
  const ready = new Promise<boolean>((resolve) => {
    stream.once("data", () => resolve(true));
    void ended.then(() => resolve(false));
  });
  return { pid, ready, ended, close: () => stream.destroy() };
}

/** How many may come before this process looks. */
const BACKLOG = 4_096;

/** The socket whose listening shows that this process lives. */
class Beacon {
  readonly #server: Server;
  readonly #watchers = new Set<Socket>();
  readonly #name: string;
  #folder: string;
  #isReady = false;

  private constructor(server: Server, folder: string, name: string) {
    this.#server = server;
    this.#folder = folder;
    this.#name = name;
    server.on("connection", (stream) => this.#welcome(stream));
  }

  /** Listens in a directory of its own beside `path`. */
  static async listen(path: string): Promise<Beacon> {
    const id = Math.random().toString(16).slice(2, 8);
    const beacon = new Beacon(createServer(), `${path}-${id}`, `${process.pid}-${id}`);
    mkdirSync(beacon.#folder, { mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      beacon.#server.once("error", reject);
      beacon.#server.listen({ path: join(beacon.#folder, beacon.#name), backlog: BACKLOG }, resolve);
    });
    return beacon;
  }

  /** Makes the directory the lock; false when there is one already. */
  moveTo(path: string): boolean {
    try {
      renameSync(this.#folder, path);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOTEMPTY" || code === "EEXIST") return false;
      throw error;
    }
    this.#folder = path;
    return true;
  }

  setReady(isReady: boolean): void {
    this.#isReady = isReady;
    if (isReady) for (const stream of this.#watchers) stream.write("\n");
  }

  /** Stops listening and removes the socket. Those who watch learn of it by the end of the process. */
  remove(): void {
    removeIfThere(join(this.#folder, this.#name));
    removeIfEmpty(this.#folder);
    this.#server.close();
    this.#server.unref();
  }

  #welcome(stream: Socket): void {
    this.#watchers.add(stream);
    stream.on("error", () => {});
    stream.once("close", () => this.#watchers.delete(stream));
    stream.resume();
    stream.unref();
    if (this.#isReady) stream.write("\n");
  }
}

/** Clears away the directories of processes that were killed while they took the lock. */
async function sweep(path: string): Promise<void> {
  for (const name of namesIn(dirname(path))) {
    if (!name.startsWith(`${basename(path)}-`)) continue;
    const folder = join(dirname(path), name);
    if (namesIn(folder).length === 0) continue;
    const holder = await findHolder(folder);
    if (holder === undefined) rmSync(folder, { recursive: true, force: true });
    else holder.close();
  }
}

/** Connects to a socket; undefined when nobody listens on it any more. Any other failure counts as somebody. */
function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const stream = connect(path);
    stream.once("connect", () => {
      stream.on("error", () => {});
      resolve(stream);
    });
    stream.once("error", (error) => {
      const code = codeOf(error);
      if (code === "ECONNREFUSED" || code === "ECONNRESET" || code === "ENOENT") resolve(undefined);
      else reject(error);
    });
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "ENOENT" && code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}
