// What: the loop of the TAPs writes all that it has read, however long it was at it, and nothing of it is left behind.
//
//   TAP 7 ── read ── receive ── send ── write ── TAP 7: each frame that comes in goes out again
//
// The system calls are of the test: a TAP that has a given number of frames. 3,775 of them take the 64 rounds after which others
// have their turn: 1 frame, 2, 4, 8, 16, 32, and 64 each time from then on.

import { describe, expect } from "vitest";
import { test } from "../../../test/fixtures.ts";
import { setS32 } from "../../bytes/endian.ts";
import { createMachine, SeededRandom, VirtualClock } from "../../index.ts";
import type { Frame } from "../../net/netdevice.ts";
import type { Libc } from "./libc.ts";
import { Tap } from "./tap.ts";
import type { TapCalls } from "./tap-calls.ts";
import { EPOLL_EVENT_SIZE } from "./tap-calls.ts";
import { TapLoop } from "./tap-loop.ts";

const EIO = 5;
const EAGAIN = 11;
const EINVAL = 22;
const EMFILE = 24;
const headerSize = 10;
const frameSize = 60;

/** A kernel with one TAP, 7. */
class FakeKernel implements Partial<TapCalls> {
  /** What the event loop would call when a TAP is ready. */
  onReadable = (): void => {};
  waiting = 0;
  written = 0;
  /** What write(2) returns in place of the length, if negative. */
  refusal = 0;
  /** What epoll_create1(2) returns. */
  epoll = 6;
  readonly libc: Libc = Object.assign(Object.create(null), {
    watch: (_fd: number, onReadable: () => void) => {
      this.onReadable = onReadable;
      return { restart() {}, close() {} };
    },
    close: () => 0,
  });

  readonly ioctl = (): number => 0;
  readonly ioctlBytes = (): number => 0;
  readonly epollCreate = (): number => this.epoll;
  readonly epollCtl = (): number => 0;
  readonly address = (): number => 0;
  readonly open = (): number => -EINVAL;

  readonly epollWait = (_epoll: number, events: Uint8Array): number => {
    if (this.waiting === 0) return 0;
    setS32(events, EPOLL_EVENT_SIZE - 8, 7);
    return 1;
  };

  readonly read = (): number => {
    if (this.waiting === 0) return -EAGAIN;
    this.waiting--;
    return headerSize + frameSize;
  };

  readonly write = (_fd: number, _address: number, length: number): number => {
    this.written++;
    return this.refusal < 0 ? this.refusal : length;
  };
}

test("without a descriptor left it is not made", async ({ machine }) => {
  const kernel = new FakeKernel();
  kernel.epoll = -EMFILE;
  await expect(TapLoop.open(kernel, machine.core, false)).rejects.toMatchObject({ code: "EMFILE" });
});

describe("run", () => {
  test.for([1, 64, 3_774, 3_775, 3_776, 10_000] as const)(
    "writes all of %i frames",
    async (count, { machine }) => {
      const kernel = new FakeKernel();
      const loop = await TapLoop.open(kernel, machine.core, false);
      const port = loop.add(Tap.open(kernel, { name: "t0", fd: 7 }), (frame) => port.send(frame));
      kernel.waiting = count;
      // libuv calls as long as a TAP is ready, and no longer.
      while (kernel.waiting > 0) {
        kernel.onReadable();
        expect(kernel.written).toBe(count - kernel.waiting);
      }
      loop.close();
    },
  );
});

test("loses nothing while there is no memory for a frame", async () => {
  const clock = new VirtualClock();
  const options = { clock, scheduler: clock, random: new SeededRandom(1), frameMemoryBytes: 4 << 20 };
  const { core } = createMachine(options);
  const kernel = new FakeKernel();
  const loop = await TapLoop.open(kernel, core, false);
  let received = 0;
  loop.add(Tap.open(kernel, { name: "t0", fd: 7 }), (frame) => {
    received++;
    frame.pool.free(frame);
  });
  // Lets it have a frame to read into.
  kernel.onReadable();
  const held: Frame[] = [];
  for (let frame = core.frames.alloc(1_500); frame !== null; frame = core.frames.alloc(1_500))
    held.push(frame);
  kernel.waiting = 10;
  kernel.onReadable();
  expect(received + kernel.waiting).toBe(10);
  for (const frame of held) core.frames.free(frame);
  while (kernel.waiting > 0) kernel.onReadable();
  expect(received).toBe(10);
  loop.close();
});

test("counts what a device inside refuses", async ({ machine }) => {
  const kernel = new FakeKernel();
  kernel.refusal = -EIO;
  const loop = await TapLoop.open(kernel, machine.core, false);
  const { loopback } = machine.core.initialNetns;
  if (loopback === null) expect.fail("no lo");
  const port = loop.add(Tap.open(kernel, { name: "t0", fd: 7 }), (frame) => {
    frame.dev = loopback;
    port.send(frame);
  });
  kernel.waiting = 3;
  kernel.onReadable();
  expect(loopback.drops?.get("device-down")).toBe(3);
  loop.close();
});

describe("onAnswer()", () => {
  // The frames that come in are to one receiver, and go out again to one or to many.
  test.for([
    ["a frame to one", 0, 2],
    ["frames to many", 1, 0],
  ] as const)("is called when what comes in follows %s", async ([, first, count], { machine }) => {
    const kernel = new FakeKernel();
    const loop = await TapLoop.open(kernel, machine.core, false);
    let answers = 0;
    loop.onAnswer = () => answers++;
    const port = loop.add(Tap.open(kernel, { name: "t0", fd: 7 }), (frame) => {
      frame.bytes[frame.start] = first;
      port.send(frame);
    });
    for (let times = 0; times < 3; times++) {
      kernel.waiting = 1;
      kernel.onReadable();
    }
    expect(answers).toBe(count);
    loop.close();
  });
});
