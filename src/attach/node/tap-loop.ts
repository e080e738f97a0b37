// The loop that serves TAPs: sleeps on all of them at once in the event loop of its thread, reads what is there in batches
// into frames of the pool, lets the machine run, and writes what came of it with the next batch of reads.
//
// Nothing is read while the machine still has frames to receive: what a program sends then waits in its TAP's queue, as
// behind any busy wire. Order is kept in each direction of each TAP.

import { getS32, setS32 } from "../../bytes/endian.ts";
import { drop } from "../../net/frame.ts";
import type { Frame, MachineContext } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoNumber } from "../../uapi/errno.ts";
import { ETH_HLEN } from "../../uapi/if_ether.ts";
import type { BatchIo } from "./batch-io.ts";
import { SyscallIo } from "./batch-io.ts";
import type { Watch } from "./libc.ts";
import type { TapCalls } from "./tap-calls.ts";
import { EPOLL_EVENT_SIZE } from "./tap-calls.ts";
import { Uring } from "./uring.ts";
import { readVnetHeader, writeVnetHeader } from "./vnet-header.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;

const EOPNOTSUPP = errnoNumber("EOPNOTSUPP");
const EIO = errnoNumber("EIO");

/** Frames read from one TAP in one batch, at most, and bytes that are worth reading before the machine has its turn. */
const readWeight = 64;
const readBytes = 512 * 1024;
/** TAPs that one look at the epoll descriptor can find ready. */
const eventCount = 64;
/** Rounds before the event loop's other guests have their turn, and after which it is asked who else is ready. */
const roundLimit = 64;
const askInterval = 16;
/** So many TAPs are read from without asking which of them is ready, which costs as much as reading in vain. */
const fewPorts = 4;
/** Empty rounds after which a TAP is no longer read until it is ready again. */
const patience = 4;
/** Frames that wait to be written before that is done without waiting for the end of the stretch. */
const writeLimit = 256;
/** Room for the largest frame there is: 64 KiB of packet, header and tag. */
const largestFrame = 65_535 + ETH_HLEN + 4;
/** Before a frame that is read: the header of the TAP, and room for headers that are pushed in front. */
const headroom = 64;
/** Frames up to this size are copied to a slab of their own, so that the large one can be read into again while it is in the cache. */
const copyLimit = 1_984;
/** What tells the token of a write from that of a read. */
const writeToken = 0x4000_0000;

/** What is read from and written to a frame at a time, behind a virtio header: a TAP's file. */
export interface FrameFile {
  readonly fd: number;
  /** Bytes of the header. */
  readonly headerSize: number;
  close(): void;
}

/** Takes over a frame that was read, whose `start` is at its MAC header. */
export type TapReceiver = (frame: Frame) => void;

/** The TAPs of one machine. */
export class TapLoop {
  readonly #calls: TapCalls;
  readonly #machine: MachineContext;
  #io: BatchIo;
  readonly #epoll: number;
  readonly #watch: Watch;
  readonly #ports = new Map<number, TapPort>();
  readonly #events = new Uint8Array(new ArrayBuffer(Math.max(128, eventCount * EPOLL_EVENT_SIZE)));
  readonly #flushSoon = (): void => this.flush();
  /** Where the frames' arena lies; NaN until the first frame was made. */
  #arena = Number.NaN;
  /** Ports that are being read from. */
  readonly #active: TapPort[] = [];
  /** Large frames to read into, and the ports that those of this batch are read from. */
  readonly #slots: (Frame | null)[] = [];
  readonly #slotPorts: (TapPort | null)[] = [];
  /** Frames to write, and the ports they go to; and those being written. */
  readonly #pending: Frame[] = [];
  readonly #targets: TapPort[] = [];
  readonly #writing: (Frame | null)[] = [];
  #isIoRefused = false;
  #isFlushDue = false;
  #isRunning = false;
  #isAnswered = false;
  /** Called when a port that somebody was told something by has been heard of: two are talking. */
  onAnswer: () => void = () => {};

  private constructor(calls: TapCalls, machine: MachineContext, io: BatchIo, epoll: number) {
    this.#calls = calls;
    this.#machine = machine;
    this.#io = io;
    this.#epoll = epoll;
    this.#watch = calls.libc.watch(this.#epoll, () => this.#run());
  }

  /**
   * Makes the loop of a machine, with io_uring where that is allowed and not declined; whoever makes it closes it. Rejects with a
   * NetlinkError when there are no descriptors left (EMFILE, ENFILE).
   */
  static async open(calls: TapCalls, machine: MachineContext, mayUseUring = true): Promise<TapLoop> {
    const io = (mayUseUring ? await Uring.open() : undefined) ?? new SyscallIo(calls);
    const epoll = calls.epollCreate();
    try {
      if (epoll < 0) throw NetlinkError.fromErrno(epoll);
      return new TapLoop(calls, machine, io, epoll);
    } catch (error) {
      if (epoll >= 0) calls.libc.close(epoll);
      io.close();
      throw error;
    }
  }

  /** Serves `file`, which the port closes in the end: `receive` is handed every frame that the kernel sends. */
  add(file: FrameFile, receive: TapReceiver): TapPort {
    const port = new TapPort(this, file, receive);
    this.#ports.set(port.fd, port);
    this.#control(EPOLL_CTL_ADD, port.fd);
    return port;
  }

  /** Takes a port out, and what waits to be written to it. */
  remove(port: TapPort): void {
    if (!this.#ports.delete(port.fd)) return;
    this.#control(EPOLL_CTL_DEL, port.fd);
    const index = this.#active.indexOf(port);
    if (index >= 0) this.#active.splice(index, 1);
  }

  /** Closes all ports and stops. */
  close(): void {
    for (const port of [...this.#ports.values()]) port.close();
    this.flush();
    for (const frame of this.#slots) if (frame !== null) this.#machine.frames.free(frame);
    this.#slots.length = 0;
    this.#watch.close();
    this.#io.close();
    this.#calls.libc.close(this.#epoll);
  }

  #control(operation: number, fd: number): void {
    const event = new Uint8Array(new ArrayBuffer(128));
    event[0] = EPOLLIN;
    setS32(event, EPOLL_EVENT_SIZE - 8, fd);
    this.#calls.epollCtl(this.#epoll, operation, fd, event);
  }

  /** Serves what is ready until nothing is, or others must have their turn. */
  #run(): void {
    this.#isRunning = true;
    try {
      if (this.#ports.size <= fewPorts) for (const port of this.#ports.values()) this.#activate(port);
      else this.#ask();
      for (let round = 0; round < roundLimit; round++) {
        if (round % askInterval === askInterval - 1) this.#ask();
        if (!this.#round() && !this.#ask()) break;
      }
    } finally {
      this.#isRunning = false;
      // The last round may have read what the next one would have written, and no TAP need be ready for that one to come.
      this.flush();
    }
    if (this.#isAnswered) {
      this.#isAnswered = false;
      this.onAnswer();
    }
  }

  /** Looks after all of them now. */
  look(): void {
    if (!this.#isRunning) this.#run();
  }

  /** Asks which TAPs have something to read; false for none. */
  #ask(): boolean {
    const count = this.#calls.epollWait(this.#epoll, this.#events);
    for (let index = 0; index < count; index++) {
      const at = index * EPOLL_EVENT_SIZE + EPOLL_EVENT_SIZE - 8;
      const port = this.#ports.get(getS32(this.#events, at));
      if (port !== undefined) this.#activate(port);
    }
    return count > 0;
  }

  #activate(port: TapPort): void {
    port.emptyRounds = 0;
    if (port.isActive) return;
    port.isActive = true;
    this.#active.push(port);
  }

  /** Writes what waits and reads from the active TAPs, in one batch; false when there was nothing to do. */
  #round(): boolean {
    const { loop } = this.#machine;
    if (!loop.isIdle) {
      // What the machine has left over comes first.
      loop.enter();
      loop.leave();
    }
    const writes = this.#prepareWrites();
    const reads = loop.isIdle && this.#pending.length === 0 ? this.#prepareReads() : 0;
    const found = this.#finish(this.#io.submit());
    if (reads > 0) this.#retire();
    return writes > 0 || found > 0 || this.#pending.length > 0 || !loop.isIdle;
  }

  #prepareReads(): number {
    let slot = 0;
    for (const port of this.#active) {
      const { fd, headerSize } = port;
      port.found = 0;
      for (let count = 0; count < port.batch && this.#io.room > 0; count++) {
        const frame = this.#slots[slot] ?? this.#machine.frames.alloc(largestFrame, headroom);
        // Exhausted: what the programs send waits until frames have been given back.
        if (frame === null) return slot;
        this.#slots[slot] = frame;
        this.#slotPorts[slot] = port;
        this.#io.read(fd, this.#addressOf(frame, frame.start - headerSize), largestFrame + headerSize, slot);
        slot++;
      }
    }
    return slot;
  }

  /** Hands on what a batch has read, in order, and gives back what it has written; returns how many frames were read. */
  #finish(count: number): number {
    let found = 0;
    const io = this.#io;
    this.#isIoRefused = false;
    for (let index = 0; index < count; index++) {
      const token = io.token(index);
      const result = io.result(index);
      if ((token & writeToken) !== 0) {
        const frame = this.#writing[token & ~writeToken];
        if (frame !== undefined && frame !== null) endWrite(frame, result);
        this.#writing[token & ~writeToken] = null;
        continue;
      }
      if (result === -EOPNOTSUPP) this.#isIoRefused = true;
      const port = this.#slotPorts[token];
      if (result <= 0 || port === undefined || port === null) continue;
      found++;
      port.found++;
      this.#take(port, token, result - port.headerSize);
    }
    if (this.#isIoRefused) this.#fallBack();
    return found;
  }

  /** An old kernel's TAPs cannot be told not to wait: one system call for each frame it is. */
  #fallBack(): void {
    this.#io.close();
    this.#io = new SyscallIo(this.#calls);
  }

  /** Hands a frame of `length` bytes on, which was read into a slot behind its header. */
  #take(port: TapPort, slot: number, length: number): void {
    const frame = this.#slots[slot];
    if (frame === undefined || frame === null || length < ETH_HLEN || length >= largestFrame) return;
    const { headerSize } = port;
    const isSmall = length <= copyLimit - headroom;
    const copy = isSmall ? this.#machine.frames.alloc(length, headroom) : null;
    const taken = copy ?? frame;
    // Without memory for a copy it goes itself, and what comes behind it waits.
    if (copy === null) this.#slots[slot] = null;
    else copy.bytes.copyWithin(copy.start - headerSize, frame.start - headerSize, frame.start + length);
    port.largest = Math.max(port.largest, length);
    if (port.isTold && isToOne(frame)) {
      port.isTold = false;
      this.#isAnswered = true;
    }
    taken.end = taken.start + length;
    taken.macHeader = taken.start;
    taken.networkHeader = taken.start + ETH_HLEN;
    if (readVnetHeader(taken, taken.start - headerSize)) port.receive(taken);
    else taken.pool.free(taken);
  }

  /** Reads less from ports that had less, more from those that may have more, and no longer from those that have nothing. */
  #retire(): void {
    let kept = 0;
    for (const port of this.#active) {
      if (port.found === port.batch) {
        const most = Math.max(2, Math.min(readWeight, Math.floor(readBytes / (port.largest + 1))));
        port.batch = Math.min(2 * port.batch, most);
        port.emptyRounds = 0;
      } else if (port.found > 0) {
        port.batch = Math.max(1, port.found + 1);
        port.emptyRounds = 0;
      } else {
        port.batch = 1;
        port.emptyRounds++;
      }
      port.largest = 0;
      if (port.emptyRounds < patience) this.#active[kept++] = port;
      else port.isActive = false;
    }
    this.#active.length = kept;
  }

  /** Queues a frame to be written when the stretch of work ends; see TapPort.send. */
  queue(frame: Frame, port: TapPort): void {
    frame.next = null;
    this.#pending.push(frame);
    this.#targets.push(port);
    if (this.#pending.length >= writeLimit && !this.#isRunning) this.flush();
    else if (!this.#isRunning && !this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(this.#flushSoon);
    }
  }

  /** Writes all that waits. */
  flush(): void {
    this.#isFlushDue = false;
    if (this.#isRunning) return;
    while (this.#pending.length > 0) {
      this.#prepareWrites();
      this.#finish(this.#io.submit());
    }
  }

  /** Prepares to write what waits, as much of it as a batch holds beside some reads; returns how many. */
  #prepareWrites(): number {
    const count = Math.min(this.#pending.length, writeLimit);
    for (let index = 0; index < count; index++) {
      const frame = this.#pending[index];
      const port = this.#targets[index];
      if (frame === undefined || port === undefined) continue;
      if (this.#ports.get(port.fd) !== port) drop(frame, "device-down");
      else if (!this.#prepareWrite(frame, port, index)) drop(frame, "no-memory");
    }
    if (count === this.#pending.length) {
      this.#pending.length = 0;
      this.#targets.length = 0;
    } else {
      this.#pending.splice(0, count);
      this.#targets.splice(0, count);
    }
    return count;
  }

  /** False when memory is short. A device that is down inside refuses the frame (EIO). */
  #prepareWrite(frame: Frame, port: TapPort, index: number): boolean {
    const { fd, headerSize } = port;
    if (!frame.pool.cowHead(frame, headerSize)) return false;
    const start = frame.start - headerSize;
    writeVnetHeader(frame, start, headerSize);
    this.#writing[index] = frame;
    if (isToOne(frame)) port.isTold = true;
    // What is told something often answers at once.
    this.#activate(port);
    this.#io.write(fd, this.#addressOf(frame, start), frame.end - start, writeToken | index);
    return true;
  }

  #addressOf(frame: Frame, offset: number): number {
    if (Number.isNaN(this.#arena)) this.#arena = this.#calls.address(frame.bytes);
    return this.#arena + offset;
  }
}

/** Whether a frame is to one receiver, by its destination. */
function isToOne({ bytes, start }: Frame): boolean {
  return ((bytes[start] ?? 0) & 1) === 0;
}

/** Lets go of a frame that was written, or refused. */
function endWrite(frame: Frame, result: number): void {
  if (result >= 0) frame.pool.free(frame);
  else drop(frame, result === -EIO ? "device-down" : "no-memory");
}

/** A TAP that is served. */
export class TapPort {
  readonly fd: number;
  readonly headerSize: number;
  readonly receive: TapReceiver;
  readonly #file: FrameFile;
  readonly #loop: TapLoop;
  /** What the loop keeps: whether it reads, how many frames at once, how many it found, the largest, rounds without any. */
  isActive = false;
  batch = 1;
  found = 0;
  largest = 0;
  emptyRounds = 0;
  /** Whether somebody was told something in particular, and has not been heard of since. */
  isTold = false;

  constructor(loop: TapLoop, file: FrameFile, receive: TapReceiver) {
    this.#loop = loop;
    this.#file = file;
    this.fd = file.fd;
    this.headerSize = file.headerSize;
    this.receive = receive;
  }

  /** Sends a frame, whose `start` is at its MAC header, into the kernel. Takes ownership. */
  send(frame: Frame): void {
    this.#loop.queue(frame, this);
  }

  /** Closes the TAP. */
  close(): void {
    this.#loop.remove(this);
    this.#file.close();
  }
}
