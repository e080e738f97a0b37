// The first process of a native namespace, as the engine sees it: it keeps the namespace, makes system calls there when asked
// to, and ends, with every program of the namespace, when its socket is closed. One more process makes these holders, since
// Node, with its threads, can neither be one nor fork one.
//
// Mirrors native/netns/serve.c and hold.c, whose requests are described there. Questions are answered within microseconds and
// are waited for; a holder that does not answer for seconds counts as gone.

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
const EMFILE = errnoNumber("EMFILE");
const patienceMs = 10_000;
// struct pollfd
const POLLFD_SIZE = 8;
const POLLFD_EVENTS = 4;
const POLLIN = 1;

/** What came back: the result, what was read, and a descriptor, which is the receiver's to close. */
interface HolderAnswer {
  readonly result: number;
  readonly text: string;
  readonly fd: number;
}

/** The process that makes holders; it is started with the first one. */
export class HolderServer {
  readonly #libc: Libc;
  readonly #buffer: ReceiveBuffer;
  #fd = -1;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#buffer = new ReceiveBuffer(libc, answerSize);
  }

  /** Makes a holder in new namespaces of the kinds in `flags` (CLONE_NEW*), or returns -errno of what forbids it. */
  make(flags: number): Holder | number {
    if (this.#fd < 0) this.#fd = this.#start();
    const request = new Uint8Array(4);
    setU32(request, 0, flags);
    const answer = ask(this.#libc, this.#buffer, this.#fd, request);
    if (answer === undefined) {
      this.close();
      throw new NetlinkError("EIO", "Cannot make a namespace of the kernel: its maker has ended");
    }
    if (answer.result < 0) return answer.result;
    // The kernel leaves out a descriptor that there is no room for; without its socket the holder ends.
    if (answer.fd < 0) return -EMFILE;
    return new Holder(this.#libc, this.#buffer, answer.fd, answer.result);
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
  #isOpen = true;
  /** Called when it has ended by itself, or was killed. */
  onEnd: () => void = () => {};

  constructor(libc: Libc, buffer: ReceiveBuffer, fd: number, pid: number) {
    this.#libc = libc;
    this.#buffer = buffer;
    this.#fd = fd;
    this.pid = pid;
    this.#watch = libc.watch(fd, () => this.#end());
  }

  /** Opens a file there; a descriptor or -errno. */
  open(path: string, flags: number): number {
    return this.#open("O", path, flags);
  }

  /** Makes a socket there; a descriptor or -errno. */
  socket(family: number, type: number, protocol: number): number {
    return this.#open("S", family, type, protocol);
  }

  /** Makes an empty file; 0 or -errno. */
  create(path: string): number {
    const fd = this.#open("C", path);
    if (fd < 0) return fd;
    this.#libc.close(fd);
    return 0;
  }

  /** Writes a file that exists; 0 or -errno. */
  write(path: string, text: string): number {
    return this.#ask("W", path, text).result;
  }

  /** Reads the beginning of a file: its text or -errno. */
  read(path: string): string | number {
    const { result, text } = this.#ask("R", path);
    return result < 0 ? result : text;
  }

  /** Mounts; 0 or -errno. Empty texts stand for NULL. */
  mount(source: string, target: string, type: string, flags: number, data = ""): number {
    return this.#ask("M", source, target, type, flags, data).result;
  }

  umount(target: string): number {
    return this.#ask("U", target).result;
  }

  /** Becomes the user and group; 0 or -errno. */
  become(uid: number, gid: number): number {
    return this.#ask("I", uid, gid).result;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    this.#libc.close(this.#fd);
  }

  #open(what: string, ...words: readonly (string | number)[]): number {
    const { result, fd } = this.#ask(what, ...words);
    if (result < 0) return result;
    return fd < 0 ? -EMFILE : fd;
  }

  #ask(what: string, ...words: readonly (string | number)[]): HolderAnswer {
    if (!this.#isOpen) return { result: -5, text: "", fd: -1 };
    const request = encodeUtf8(`${what}${words.map((word) => `${word}\0`).join("")}`);
    const answer = ask(this.#libc, this.#buffer, this.#fd, request);
    if (answer !== undefined) return answer;
    // Whoever asks must not find it gone while asking.
    queueMicrotask(() => this.#end());
    return { result: -5, text: "", fd: -1 };
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.close();
    this.onEnd();
  }
}

/** Sends a question and waits for the answer; undefined when there is nobody any more. */
function ask(libc: Libc, buffer: ReceiveBuffer, fd: number, request: Uint8Array): HolderAnswer | undefined {
  if (libc.sendto(fd, request, MSG_NOSIGNAL) < 0) return undefined;
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
  if (length < 4) return undefined;
  const bytes = buffer.data(length);
  return {
    result: getS32(bytes, 0),
    text: decodeUtf8(bytes, 4),
    fd: buffer.control(SOL_SOCKET, SCM_RIGHTS) ?? -1,
  };
}
