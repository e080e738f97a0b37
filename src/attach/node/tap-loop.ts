// The loop that serves TAPs: sleeps on all of them at once in the event loop of its thread, reads what is there in batches
// into frames of the pool, lets the machine run, and writes what came of it in one go at the end of that stretch.
//
// Nothing is read while the machine still has frames to receive: what a program sends then waits in its TAP's queue, as
// behind any busy wire. Order is kept in each direction of each TAP.

import { getS32, setS32 } from "../../bytes/endian.ts";
import type { Frame, MachineContext } from "../../net/netdevice.ts";
import { errnoNumber } from "../../uapi/errno.ts";
import { ETH_HLEN } from "../../uapi/if_ether.ts";
import type { Watch } from "./libc.ts";
import type { Tap } from "./tap.ts";
import type { TapCalls } from "./tap-calls.ts";
import { EPOLL_EVENT_SIZE } from "./tap-calls.ts";
import { readVnetHeader, writeVnetHeader } from "./vnet-header.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EAGAIN = errnoNumber("EAGAIN");

/** Frames read from one TAP before the next has its turn. */
const readWeight = 64;
/** TAPs that one look at the epoll descriptor can find ready. */
const eventCount = 64;
/** Rounds before the event loop's other guests have their turn. */
const roundLimit = 64;
/** Frames that wait to be written before that is done without waiting for the end of the stretch. */
const writeLimit = 256;
/** Room for the largest frame there is: 64 KiB of packet, header and tag. */
const largestFrame = 65_535 + ETH_HLEN + 4;
/** Before a frame that is read: the header of the TAP, and room for headers that are pushed in front. */
const headroom = 64;
/** Frames up to this size are copied to a slab of their own, so that the large one can be read into again while it is in the cache. */
const copyLimit = 1_984;

/** Takes over a frame that was read, whose `start` is at its MAC header. */
export type TapReceiver = (frame: Frame) => void;

/** The TAPs of one machine. */
export class TapLoop {
  readonly #calls: TapCalls;
  readonly #machine: MachineContext;
  readonly #epoll: number;
  readonly #watch: Watch;
  readonly #ports = new Map<number, TapPort>();
  readonly #events = new Uint8Array(new ArrayBuffer(Math.max(128, eventCount * EPOLL_EVENT_SIZE)));
  readonly #flushSoon = (): void => this.flush();
  /** Where the frames' arena lies; NaN until the first frame was made. */
  #arena = Number.NaN;
  /** A large frame that is ready to be read into. */
  #spare: Frame | null = null;
  /** Frames to write, a list by `next`, and the ports they go to. */
  #first: Frame | null = null;
  #last: Frame | null = null;
  readonly #targets: (TapPort | undefined)[] = [];
  #isFlushDue = false;
  #isRunning = false;

  constructor(calls: TapCalls, machine: MachineContext) {
    this.#calls = calls;
    this.#machine = machine;
    this.#epoll = calls.epollCreate();
    this.#watch = calls.libc.watch(this.#epoll, () => this.#run());
  }

  /** Serves `tap`, which the port closes in the end: `receive` is handed every frame that the kernel sends. */
  add(tap: Tap, receive: TapReceiver): TapPort {
    const port = new TapPort(this, tap, receive);
    this.#ports.set(tap.fd, port);
    this.#control(EPOLL_CTL_ADD, tap.fd);
    return port;
  }

  /** Takes a port out, and what waits to be written to it. */
  remove(port: TapPort): void {
    if (!this.#ports.delete(port.tap.fd)) return;
    this.#control(EPOLL_CTL_DEL, port.tap.fd);
  }

  /** Closes all ports and stops. */
  close(): void {
    for (const port of [...this.#ports.values()]) port.close();
    this.flush();
    if (this.#spare !== null) this.#machine.frames.free(this.#spare);
    this.#spare = null;
    this.#watch.close();
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
      for (let round = 0; round < roundLimit; round++) if (!this.#round()) break;
    } finally {
      this.#isRunning = false;
    }
  }

  /** Reads from every TAP that is ready and writes what came of it; false when none was. */
  #round(): boolean {
    const { loop } = this.#machine;
    // What the machine has left over comes first.
    loop.enter();
    loop.leave();
    const count = loop.isIdle ? this.#calls.epollWait(this.#epoll, this.#events) : 0;
    for (let index = 0; index < count; index++) {
      const at = index * EPOLL_EVENT_SIZE + EPOLL_EVENT_SIZE - 8;
      const port = this.#ports.get(getS32(this.#events, at));
      if (port === undefined) continue;
      loop.enter();
      this.#read(port);
      loop.leave();
    }
    this.flush();
    return count > 0 || !loop.isIdle;
  }

  /** Reads up to a bound from one TAP. */
  #read(port: TapPort): void {
    for (let count = 0; count < readWeight; count++) {
      const frame = this.#spare ?? this.#machine.frames.alloc(largestFrame, headroom);
      // Exhausted: what the programs send waits until frames have been given back.
      if (frame === null) return;
      this.#spare = frame;
      const { fd, headerSize } = port.tap;
      const address = this.#addressOf(frame, frame.start - headerSize);
      const length = this.#calls.read(fd, address, largestFrame + headerSize);
      if (length < 0) {
        if (length !== -EAGAIN) port.close();
        return;
      }
      this.#take(port, frame, length - headerSize);
    }
  }

  /** Hands a frame of `length` bytes on, which was read into `frame` behind its header. */
  #take(port: TapPort, frame: Frame, length: number): void {
    if (length < ETH_HLEN || length >= largestFrame) return;
    let taken = frame;
    const { headerSize } = port.tap;
    if (length <= copyLimit - headroom) {
      const copy = this.#machine.frames.alloc(length, headroom);
      if (copy === null) return;
      const from = frame.start - headerSize;
      copy.bytes.copyWithin(copy.start - headerSize, from, frame.start + length);
      taken = copy;
    } else this.#spare = null;
    taken.end = taken.start + length;
    taken.macHeader = taken.start;
    taken.networkHeader = taken.start + ETH_HLEN;
    if (readVnetHeader(taken, taken.start - headerSize)) port.receive(taken);
    else taken.pool.free(taken);
  }

  /** Queues a frame to be written when the stretch of work ends; see TapPort.send. */
  queue(frame: Frame, port: TapPort): void {
    frame.next = null;
    if (this.#last === null) this.#first = frame;
    else this.#last.next = frame;
    this.#last = frame;
    this.#targets.push(port);
    if (this.#targets.length >= writeLimit) this.flush();
    else if (!this.#isRunning && !this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(this.#flushSoon);
    }
  }

  /** Writes all that waits. */
  flush(): void {
    this.#isFlushDue = false;
    let index = 0;
    for (let frame = this.#first; frame !== null; frame = this.#first) {
      this.#first = frame.next;
      frame.next = null;
      const port = this.#targets[index++];
      if (port !== undefined && this.#ports.get(port.tap.fd) === port) this.#write(frame, port.tap);
      frame.pool.free(frame);
    }
    this.#last = null;
    this.#targets.length = 0;
  }

  /** Writes one frame. A device that is down inside refuses it (EIO), as a cable that is not plugged in would. */
  #write(frame: Frame, { fd, headerSize }: Tap): void {
    if (!frame.pool.cowHead(frame, headerSize)) return;
    const start = frame.start - headerSize;
    writeVnetHeader(frame, start, headerSize);
    this.#calls.write(fd, this.#addressOf(frame, start), frame.end - start);
  }

  #addressOf(frame: Frame, offset: number): number {
    if (Number.isNaN(this.#arena)) this.#arena = this.#calls.address(frame.bytes);
    return this.#arena + offset;
  }
}

/** A TAP that is served. */
export class TapPort {
  readonly tap: Tap;
  readonly receive: TapReceiver;
  readonly #loop: TapLoop;

  constructor(loop: TapLoop, tap: Tap, receive: TapReceiver) {
    this.#loop = loop;
    this.tap = tap;
    this.receive = receive;
  }

  /** Sends a frame, whose `start` is at its MAC header, into the kernel. Takes ownership. */
  send(frame: Frame): void {
    this.#loop.queue(frame, this);
  }

  /** Closes the TAP. */
  close(): void {
    this.#loop.remove(this);
    this.tap.close();
  }
}
