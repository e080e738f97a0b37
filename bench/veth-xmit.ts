// veth-xmit: frames sent with devQueueXmit on one end of a pair and delivered to the packet handler of the other, one
// core: the whole walk with its checks, the backlog and the statistics. Its peer is the kernel's veth, driven by
// AF_PACKET sendmmsg in batches of 64 and received by a packet socket. Garbage is counted along the way.

import { GCProfiler } from "node:v8";
import { kernelNetlink } from "../src/attach/node/index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../src/index.ts";
import type { Device, Frame } from "../src/net/netdevice.ts";
import { devQueueXmit } from "../src/net/transmit.ts";
import { NetlinkClient } from "../src/netlink/client.ts";
import { ETH_P_802_EX1 } from "../src/uapi/if_ether.ts";
import { NETLINK_ROUTE } from "../src/uapi/netlink.ts";
import { kernelIfindex, PacketPair, quietKernel } from "./af-packet.ts";
import type { BenchContext } from "./main.ts";
import { addPair, setUp } from "./pairs.ts";
import { compare, seconds } from "./rounds.ts";

const defaultRounds = 9;
const roundSeconds = 0.3;
const framesPerTurn = 20_000;
const garbageFrames = 10_000_000;

export async function run({ rounds = defaultRounds, hasKernel, report, say }: BenchContext): Promise<void> {
  const clock = new VirtualClock();
  const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
  await addPair(client, "v0", "v1");
  await setUp(client, ["v0", "v1"]);
  const dev = machine.core.initialNetns.names.get("v0");
  if (dev === undefined) throw new Error("The pair was not made");

  if (hasKernel) {
    quietKernel();
    const kernel = new NetlinkClient(await kernelNetlink().openSocket({ protocol: NETLINK_ROUTE }));
    await addPair(kernel, "v0", "v1");
    await setUp(kernel, ["v0", "v1"]);
    kernel.close();
  }
  for (const size of [60, 1_514]) {
    const pair = hasKernel ? new PacketPair(kernelIfindex("v0"), kernelIfindex("v1"), size) : undefined;
    const peers =
      pair === undefined ? {} : { peers: { kernel: () => pair.deliveredPerSecond(roundSeconds) } };
    for (const [what, side] of [
      ["handed on", new HandedOn(dev, size)],
      ["copied in", new CopiedIn(dev, size)],
    ] as const) {
      const name = `veth-xmit/${size} B ${what}`;
      say(name);
      const uveth = () => side.deliveredPerSecond(roundSeconds);
      report(await compare({ name, unit: "frames/s", isMoreBetter: true, uveth, ...peers }, rounds));
      report({
        name: `${name}, scavenges`,
        unit: `in ${garbageFrames} frames`,
        uveth: scavenges(side),
        rounds: 1,
      });
    }
    pair?.close();
  }
  client.close();
  machine.close();
}

/** One side of the walk: sends on `dev` and counts what the handler on the other end was given. */
abstract class Side {
  protected readonly dev: Device;
  protected readonly size: number;
  #delivered = 0;

  constructor(dev: Device, size: number) {
    this.dev = dev;
    this.size = size;
  }

  abstract send(count: number): void;

  /** Sends `count` frames and gives how many were delivered. */
  deliver(count: number): number {
    this.dev.machine.packetHandlers.set(ETH_P_802_EX1, (frame) => {
      this.#delivered++;
      frame.pool.free(frame);
    });
    const before = this.#delivered;
    this.send(count);
    return this.#delivered - before;
  }

  deliveredPerSecond(duration: number): number {
    const start = seconds();
    let delivered = 0;
    let elapsed = 0;
    while (elapsed < duration) {
      delivered += this.deliver(framesPerTurn);
      elapsed = seconds() - start;
    }
    return delivered / elapsed;
  }
}

/** Frames from the pool whose header is written in place. */
class HandedOn extends Side {
  send(count: number): void {
    const { dev, size } = this;
    const { frames } = dev.machine;
    for (let sent = 0; sent < count; sent++) {
      const frame = frames.alloc(size);
      if (frame === null) throw new Error("The pool is exhausted");
      writeHeader(frame);
      frame.end = frame.start + size;
      frame.dev = dev;
      devQueueXmit(frame);
    }
  }
}

/** Frames from the pool with all bytes copied in from the caller's buffer. */
class CopiedIn extends Side {
  readonly #source: Uint8Array;

  constructor(dev: Device, size: number) {
    super(dev, size);
    this.#source = new Uint8Array(size).fill(0xff, 0, 6);
    this.#source[12] = ETH_P_802_EX1 >> 8;
    this.#source[13] = ETH_P_802_EX1 & 0xff;
  }

  send(count: number): void {
    const { dev, size } = this;
    const source = this.#source;
    const { frames } = dev.machine;
    for (let sent = 0; sent < count; sent++) {
      const frame = frames.alloc(size);
      if (frame === null) throw new Error("The pool is exhausted");
      frame.bytes.set(source, frame.start);
      frame.end = frame.start + size;
      frame.dev = dev;
      devQueueXmit(frame);
    }
  }
}

/** A broadcast header of the experimental EtherType. */
function writeHeader(frame: Frame): void {
  const { view, start } = frame;
  view.setUint16(start, 0xffff);
  view.setUint32(start + 2, 0xffffffff);
  view.setUint16(start + 12, ETH_P_802_EX1);
}

/** How many collections 10,000,000 frames at steady state cause. */
function scavenges(side: Side): number {
  const profiler = new GCProfiler();
  profiler.start();
  for (let sent = 0; sent < garbageFrames; sent += framesPerTurn) side.send(framesPerTurn);
  return profiler.stop().statistics.length;
}
