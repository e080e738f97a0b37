// What: received frames wait in bounded backlogs and are served in turn and in order; what is left over goes on later.
//
//   [a0]──────[a1]      [b0]──────[b1]
//
// Kernel reference: net/core/dev.c (net_rx_action, enqueue_to_backlog).

import { describe, expect, test } from "vitest";
import { veth } from "../drivers/veth.ts";
import { MachineCore } from "../machine.ts";
import { IFF_UP } from "../uapi/if.ts";
import { ETH_P_802_EX1 } from "../uapi/if_ether.ts";
import { NET_NAME_USER } from "../uapi/netdevice.ts";
import { VirtualClock } from "./clock.ts";
import { RX_DROPPED, RX_PACKETS, TX_DROPPED, TX_PACKETS } from "./counters.ts";
import { createLink } from "./create-link.ts";
import { readCounter } from "./device.ts";
import { devChangeFlags } from "./flags.ts";
import { frameFrom } from "./frame.ts";
import type { Device, Frame } from "./netdevice.ts";
import { SeededRandom } from "./random.ts";
import { unregisterDevices } from "./register.ts";
import { devQueueXmit } from "./transmit.ts";

const MS = 1_000_000;

/** A machine with a handler for the experimental EtherType, and pairs that are up. */
function setup({ maxBacklog = 1_000 } = {}) {
  const clock = new VirtualClock();
  const options = {
    clock,
    scheduler: clock,
    random: new SeededRandom(1),
    maxBacklog,
    frameMemoryBytes: 4 << 20,
  };
  const machine = new MachineCore(options, () => {});
  const pair = (name: string): [Device, Device] => {
    const netns = machine.initialNetns;
    const dev = createLink({ netns, ops: veth, name, nameAssign: NET_NAME_USER, attrs: {} });
    const request = { dev, sourceNetns: netns, linkNetns: undefined, attrs: {}, data: undefined };
    veth.newLink?.({ ...request, peer: undefined, peerNetns: netns, warn: () => {} });
    const { peer } = dev.state;
    if (peer === null) throw new Error("no peer");
    for (const end of [dev, peer]) devChangeFlags(end, end.flags | IFF_UP);
    return [dev, peer];
  };
  return {
    clock,
    machine,
    pair,
    on: (handle: (frame: Frame) => void) => machine.packetHandlers.set(ETH_P_802_EX1, handle),
  };
}

/** A broadcast frame that carries `number`. */
function numbered(dev: Device, number: number): Frame {
  const bytes = new Uint8Array(60).fill(0xff, 0, 6);
  bytes[12] = ETH_P_802_EX1 >> 8;
  bytes[13] = ETH_P_802_EX1 & 0xff;
  bytes[14] = number >> 8;
  bytes[15] = number & 0xff;
  const frame = frameFrom(dev.machine.frames, bytes);
  if (frame === null) throw new Error("no memory");
  frame.dev = dev;
  return frame;
}

function numberOf(frame: Frame): number {
  return ((frame.bytes[frame.start] ?? 0) << 8) | (frame.bytes[frame.start + 1] ?? 0);
}

describe("the poll loop", () => {
  test("delivers in the order of sending, alone and in batches", async () => {
    const { clock, machine, pair, on } = setup();
    const [a0] = pair("a0");
    const received: number[] = [];
    on((frame) => {
      received.push(numberOf(frame));
      frame.pool.free(frame);
    });
    devQueueXmit(numbered(a0, 0));
    expect(received).toEqual([0]);
    machine.loop.enter();
    for (let number = 1; number <= 700; number++) devQueueXmit(numbered(a0, number));
    machine.loop.leave();
    await clock.advance(MS);
    expect(received).toEqual(Array.from({ length: 701 }, (_, number) => number));
    expect(machine.frames.inUse).toBe(0);
  });

  test("gives the sender control back after a budget and goes on when scheduled", async () => {
    const { clock, machine, pair, on } = setup();
    const [a0] = pair("a0");
    let received = 0;
    on((frame) => {
      received++;
      frame.pool.free(frame);
    });
    machine.loop.enter();
    for (let number = 0; number < 900; number++) devQueueXmit(numbered(a0, number));
    machine.loop.leave();
    expect(received).toBeGreaterThanOrEqual(300);
    expect(received).toBeLessThan(900);
    await clock.advance(MS);
    expect(received).toBe(900);
  });

  test("serves a quiet pair while a busy one has a full backlog", () => {
    const { machine, pair, on } = setup();
    const [busy] = pair("a0");
    const [quiet, quietEnd] = pair("b0");
    const order: string[] = [];
    on((frame) => {
      order.push(frame.dev === quietEnd ? "quiet" : "busy");
      frame.pool.free(frame);
    });
    machine.loop.enter();
    for (let number = 0; number < 500; number++) devQueueXmit(numbered(busy, number));
    devQueueXmit(numbered(quiet, 0));
    machine.loop.leave();
    expect(order.indexOf("quiet")).toBe(64);
  });

  test("drops what a full backlog cannot hold and counts it on both ends", async () => {
    const { clock, machine, pair, on } = setup({ maxBacklog: 100 });
    const [a0, a1] = pair("a0");
    on((frame) => frame.pool.free(frame));
    machine.loop.enter();
    for (let number = 0; number < 150; number++) devQueueXmit(numbered(a0, number));
    machine.loop.leave();
    await clock.advance(MS);
    const dropped = readCounter(a1, RX_DROPPED);
    expect(dropped).toBe(50);
    expect(a1.drops?.get("backlog")).toBe(50);
    expect(readCounter(a0, TX_DROPPED)).toBe(50);
    expect(readCounter(a0, TX_PACKETS)).toBe(100);
    expect(readCounter(a1, RX_PACKETS)).toBe(100);
    expect(machine.frames.inUse).toBe(0);
  });

  test("lets a storm between two handlers fill time, not stop it", async () => {
    const { clock, machine, pair, on } = setup();
    const [a0, a1] = pair("a0");
    let hops = 0;
    on((frame) => {
      hops++;
      const from = frame.dev === a1 ? a1 : a0;
      frame.start = frame.macHeader;
      frame.dev = from;
      devQueueXmit(frame);
    });
    devQueueXmit(numbered(a0, 1));
    expect(hops).toBe(300);
    await clock.advance(MS);
    expect(hops).toBeGreaterThan(100_000);
    unregisterDevices([a0, a1]);
    await clock.advance(MS);
    expect(machine.frames.inUse).toBe(0);
  });

  test("survives a handler that throws", () => {
    const { machine, pair, on } = setup();
    const [a0] = pair("a0");
    on((frame) => {
      frame.pool.free(frame);
      throw new RangeError("a bug");
    });
    expect(() => devQueueXmit(numbered(a0, 1))).toThrow("a bug");
    let received = 0;
    on((frame) => {
      received++;
      frame.pool.free(frame);
    });
    devQueueXmit(numbered(a0, 2));
    expect(received).toBe(1);
    expect(machine.frames.inUse).toBe(0);
  });
});
