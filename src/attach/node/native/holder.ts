// The first process of a native namespace, as the engine sees it: it keeps the namespace, makes system calls there when asked
// to, and ends, with every program of the namespace, when its socket is closed. One more process makes these holders, since
// Node, with its threads, can neither be one nor fork one.
//
// Mirrors native/netns/serve.c and hold.c, whose requests are described there. Questions go many at a time and are answered
// within microseconds; they are waited for, and a holder that does not answer for seconds counts as gone.

import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { getS32, setS32, setU16, setU32 } from "../../../bytes/endian.ts";
import { decodeUtf8, encodeUtf8 } from "../../../bytes/utf8.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoNumber, errnoText } from "../../../uapi/errno.ts";
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../../uapi/socket.ts";
import type { Libc, Watch } from "../libc.ts";
import { ReceiveBuffer } from "../msghdr.ts";
import { netnsProgram } from "./program.ts";

const answerSize = 8_192;
const EINTR = errnoNumber("EINTR");
const EIO = errnoNumber("EIO");
const EMFILE = errnoNumber("EMFILE");
const patienceMs = 10_000;
// struct pollfd
const POLLFD_SIZE = 8;
const POLLFD_EVENTS = 4;
const POLLIN = 1;

/** One thing to be done: a letter of hold.c's, and its words. */
export interface HolderRequest {
  readonly what: string;
  readonly words: readonly (string | number)[];
  /** Whether what comes behind it in the same batch is left out when it fails. */
  readonly isVital?: boolean;
}

/** What came of one: 0 or more, or -errno, and a descriptor, which is the receiver's to close, or -1. */
export interface HolderAnswer {
  readonly result: number;
  readonly fd: number;
}

/** What came of all when there is nobody any more. */
const gone: HolderAnswer = { result: -EIO, fd: -1 };

/** Letters whose answer is a descriptor when they succeed. */
const opening: ReadonlySet<string> = new Set(["O", "K", "S", "C"]);

/** The requests there are. */
export const ask = {
  /** Opens a file there. */
  open: (path: string, flags: number): HolderRequest => ({ what: "O", words: [path, flags] }),
  /** As `open`; the holder keeps the file open too until it ends or is told to `drop` what the result numbers. */
  keep: (path: string, flags: number): HolderRequest => ({ what: "K", words: [path, flags] }),
  drop: (number: number): HolderRequest => ({ what: "D", words: [number] }),
  socket: (family: number, type: number, protocol: number): HolderRequest => ({
    what: "S",
    words: [family, type, protocol],
  }),
  /** Writes a file that exists. */
  write: (path: string, text: string): HolderRequest => ({ what: "W", words: [path, text] }),
  /** Reads the beginning of a file. */
  read: (path: string): HolderRequest => ({ what: "R", words: [path] }),
  /** Makes a file that was not there, open for writing. */
  create: (path: string, text: string): HolderRequest => ({ what: "C", words: [path, text] }),
  /** Mounts. Empty texts stand for NULL. */
  mount: (source: string, target: string, type: string, flags: number, data = ""): HolderRequest => ({
    what: "M",
    words: [source, target, type, flags, data],
  }),
  umount: (target: string): HolderRequest => ({ what: "U", words: [target] }),
  /** Becomes the user and group. */
  become: (uid: number, gid: number): HolderRequest => ({ what: "I", words: [uid, gid] }),
  /** Any of them, as one without which the rest is not to be done. */
  vital: (request: HolderRequest): HolderRequest => ({ ...request, isVital: true }),
} as const;

/** The process that makes holders; it is started with the first one. */
export class HolderServer {
  readonly #libc: Libc;
  readonly #buffer: ReceiveBuffer;
  #fd = -1;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#buffer = new ReceiveBuffer(libc, answerSize);
  }

  /** Asks for a holder in new namespaces of the kinds in `flags` (CLONE_NEW*), which does `first` at once. */
  begin(flags: number, first: readonly HolderRequest[]): void {
    if (this.#fd < 0) this.#fd = this.#start();
    const requests = encode(first);
    const bytes = new Uint8Array(4 + requests.length);
    setU32(bytes, 0, flags);
    bytes.set(requests, 4);
    // A maker that has ended is found out about when it does not answer.
    this.#libc.sendto(this.#fd, bytes, MSG_NOSIGNAL);
  }

  /** Waits for what was begun: a holder, of which to `collect` what came of its first requests, or -errno of what forbids it. */
  finish(): Holder | number {
    const bytes = receive(this.#libc, this.#buffer, this.#fd);
    if (bytes === undefined) {
      this.close();
      throw new NetlinkError("EIO", "Cannot make a namespace of the kernel: its maker has ended");
    }
    const result = getS32(bytes, 0);
    if (result < 0) return result;
    // The kernel leaves out a descriptor that there is no room for; without its socket the holder ends.
    const fd = this.#buffer.control(SOL_SOCKET, SCM_RIGHTS) ?? -1;
    if (fd < 0) return -EMFILE;
    try {
      return new Holder(this.#libc, this.#buffer, fd, result);
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
  }

  #start(): number {
    const program = netnsProgram();
    const fds = new Int32Array(2);
    const result = this.#libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, fds);
    if (result < 0) throw NetlinkError.fromErrno(result, `Cannot make sockets: ${errnoText(-result)}`);
    const [own = -1, other = -1] = fds;
    try {
      const child = spawn(program, ["serve", "3"], { stdio: ["ignore", "ignore", "inherit", other] });
      child.on("error", () => {});
      if (child.pid !== undefined) {
        child.unref();
        return own;
      }
    } finally {
      closeSync(other);
    }
    this.#libc.close(own);
    throw new NetlinkError(
      "EAGAIN",
      `Cannot make a namespace of the kernel: ${program} cannot be started, for want of descriptors (ulimit -n), processes (ulimit -u) or the right to execute it`,
    );
  }

  /** Ends it. Holders stay. */
  close(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

/** One holder. Closing it ends every program of its namespace. */
export class Holder {
  /** Its process id, in the engine's process id namespace. */
  readonly pid: number;
  readonly #libc: Libc;
  readonly #buffer: ReceiveBuffer;
  readonly #fd: number;
  readonly #watch: Watch;
  /** Answers to what was begun that have not come yet. */
  #owed = 0;
  #isOpen = true;
  /** Called when it has ended by itself, or was killed. */
  onEnd: () => void = () => {};

  constructor(libc: Libc, buffer: ReceiveBuffer, fd: number, pid: number) {
    this.#libc = libc;
    this.#buffer = buffer;
    this.#fd = fd;
    this.pid = pid;
    this.#watch = libc.watch(fd, () => this.#hear());
  }

  /** Does one; a descriptor, for a request that opens, or the result, or -errno. */
  do(request: HolderRequest): number {
    const [{ result, fd } = gone] = this.all([request]);
    return result >= 0 && opening.has(request.what) ? fd : result;
  }

  /** Does some, in their order, and waits until all are done. Not more than 64, and 32 that open. */
  all(requests: readonly HolderRequest[]): readonly HolderAnswer[] {
    return this.#request(requests) ? this.collect(requests) : requests.map(() => gone);
  }

  /** Waits for what comes of `requests`, which it was given when it was made. */
  collect(requests: readonly HolderRequest[]): readonly HolderAnswer[] {
    const bytes = this.#answer();
    if (bytes === undefined) return requests.map(() => gone);
    const fds = this.#buffer.controlWords(SOL_SOCKET, SCM_RIGHTS);
    let next = 0;
    return requests.map(({ what }, index) => {
      const result = getS32(bytes, 4 * index);
      if (result < 0 || !opening.has(what)) return { result, fd: -1 };
      const fd = fds[next++];
      // The kernel leaves out those that there is no room for.
      return fd === undefined ? { result: -EMFILE, fd: -1 } : { result, fd };
    });
  }

  /** Reads the beginning of a file: its text or -errno. */
  read(path: string): string | number {
    const bytes = this.#request([ask.read(path)]) ? this.#answer() : undefined;
    if (bytes === undefined) return -EIO;
    const result = getS32(bytes, 0);
    return result < 0 ? result : decodeUtf8(bytes, 4);
  }

  /** Has something done, and does not wait: whatever is asked afterwards does. */
  begin(request: HolderRequest): void {
    if (this.#isOpen && this.#send([request])) this.#owed++;
  }

  /** Waits until what was begun is done. */
  settle(): void {
    for (; this.#isOpen && this.#owed > 0; this.#owed--) {
      if (receive(this.#libc, this.#buffer, this.#fd) === undefined) return this.#endSoon();
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    this.#libc.close(this.#fd);
  }

  /** Sends questions, after all that was begun is done; false when there is nobody any more. */
  #request(requests: readonly HolderRequest[]): boolean {
    this.settle();
    return this.#isOpen && this.#send(requests);
  }

  #send(requests: readonly HolderRequest[]): boolean {
    const isSent = this.#libc.sendto(this.#fd, encode(requests), MSG_NOSIGNAL) >= 0;
    if (!isSent) this.#endSoon();
    return isSent;
  }

  #answer(): Uint8Array | undefined {
    const bytes = receive(this.#libc, this.#buffer, this.#fd);
    if (bytes === undefined) this.#endSoon();
    return bytes;
  }

  /** Something has come by itself: the end, or an answer that nobody waits for. */
  #hear(): void {
    if (this.#owed === 0 || receive(this.#libc, this.#buffer, this.#fd) === undefined) this.#end();
    else this.#owed--;
  }

  /** Whoever asks must not find it gone while asking. */
  #endSoon(): void {
    queueMicrotask(() => this.#end());
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.close();
    this.onEnd();
  }
}

/** Requests as hold.c reads them. */
function encode(requests: readonly HolderRequest[]): Uint8Array {
  const text = requests.map(({ what, words, isVital = false }) => {
    const letter = isVital ? what.toLowerCase() : what;
    return `${letter}${words.length}${words.map((word) => `${word}\0`).join("")}`;
  });
  return encodeUtf8(text.join(""));
}

/** Waits for an answer; undefined when there is nobody any more. */
function receive(libc: Libc, buffer: ReceiveBuffer, fd: number): Uint8Array | undefined {
  // The socket does not wait by itself: libuv watches it.
  const pollfd = new Uint8Array(new ArrayBuffer(POLLFD_SIZE));
  setS32(pollfd, 0, fd);
  setU16(pollfd, POLLFD_EVENTS, POLLIN);
  // A child that ends meanwhile interrupts.
  for (let ready = -EINTR; ready === -EINTR; ) {
    ready = libc.poll(pollfd, patienceMs);
    if (ready <= 0 && ready !== -EINTR) return undefined;
  }
  const length = buffer.receive(fd, MSG_CMSG_CLOEXEC);
  return length < 4 ? undefined : buffer.data(length);
}
