// netem: what 1,000,000 frames make of its chances, against three standard errors; how late frames are in real time with a delay of
// 10 ms; and how many frames a second pass a netem that delays, one core, against none.

import { realTime } from "../src/attach/index.ts";
import type { NetemOptions } from "../src/client/netem.ts";
import { setNetem } from "../src/client/netem.ts";
import { createMachine, VirtualClock } from "../src/index.ts";
import { frameFrom } from "../src/net/frame.ts";
import type { Device } from "../src/net/netdevice.ts";
import { devQueueXmit } from "../src/net/transmit.ts";
import type { BenchContext } from "./main.ts";

const frames = 1_000_000;
const perTurn = 500;

/** Cases: the options, and the share of frames that `seen` tells of. */
const CHANCES: readonly (readonly [name: string, options: NetemOptions, share: number])[] = [
  ["loss 1%", { loss: "1%" }, 0.99],
  ["loss 30%", { loss: "30%" }, 0.7],
  ["duplicate 10%", { duplicate: "10%" }, 1.1],
];

export async function run({ report, say }: BenchContext): Promise<void> {
  for (const [name, options, share] of CHANCES) {
    say(`netem/${name}`);
    const received = await pass({ ...options, limit: frames, seed: 1 });
    const chance = Math.abs(1 - share);
    const allowed = 3 * Math.sqrt((chance * (1 - chance)) / frames);
    report({
      name: `netem/${name}, deviation`,
      unit: "three standard errors",
      rounds: 1,
      uveth: Math.abs(received / frames - share) / allowed,
    });
  }
  say("netem/delay 10 ms in real time");
  report({ name: "netem/delay 10 ms, within 1 ms of due", unit: "%", rounds: 1, uveth: await punctual() });
  say("netem/rate");
  const began = performance.now();
  await pass({ delay: "1ms", limit: frames, seed: 1 });
  report({
    name: "netem/frames through a delay",
    unit: "frames/s",
    rounds: 1,
    uveth: frames / ((performance.now() - began) / 1_000),
  });
}

interface Ends {
  readonly sender: Device;
  received: number;
  onFrame: () => void;
}

async function pairOn(machine: ReturnType<typeof createMachine>, options: NetemOptions): Promise<Ends> {
  const netns = await machine.netns("bench");
  await netns.link.add({ kind: "veth", name: "v0", peer: { name: "v1" } });
  for (const name of ["v0", "v1"]) await netns.link.set(name, { addrGenMode: "none", isUp: true });
  const names = machine.core.netnsNames.get("bench")?.names;
  const [sender, receiver] = [names?.get("v0"), names?.get("v1")];
  if (sender === undefined || receiver === undefined) throw new Error("The pair was not made");
  await setNetem(netns.rtnl, sender.ifindex, options);
  const ends: Ends = { sender, received: 0, onFrame: () => {} };
  receiver.rxHandler = (frame) => {
    ends.received++;
    ends.onFrame();
    frame.pool.free(frame);
    return true;
  };
  return ends;
}

const bytes = Uint8Array.from(
  { length: 60 },
  (_, at) => [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5][at] ?? 0,
);

function send(sender: Device): void {
  const frame = frameFrom(sender.machine.frames, bytes);
  if (frame === null) throw new Error("No memory for a frame");
  frame.dev = sender;
  frame.protocol = 0x88b5;
  devQueueXmit(frame);
}

/** Sends all frames in virtual time and says how many arrived. */
async function pass(options: NetemOptions): Promise<number> {
  const clock = new VirtualClock();
  const machine = createMachine({ clock, scheduler: clock, random: realTime().random, maxBacklog: frames });
  const ends = await pairOn(machine, options);
  for (let sent = 0; sent < frames; sent += perTurn) {
    for (let one = 0; one < perTurn; one++) send(ends.sender);
    await clock.advance(1_000_000);
  }
  await clock.advance(10_000_000_000);
  machine.close();
  return ends.received;
}

/** The share of frames that come within a millisecond of when they are due, in per cent; 0 when any is early. */
async function punctual(): Promise<number> {
  const machine = createMachine(realTime());
  machine.core.clock.stayAwake?.(true);
  const ends = await pairOn(machine, { delay: "10ms" });
  const due: number[] = [];
  let good = 0;
  let isEarly = false;
  ends.onFrame = () => {
    const late = machine.core.clock.now() - (due.shift() ?? 0);
    if (late < 0) isEarly = true;
    else if (late <= 1_000_000) good++;
  };
  const count = 1_000;
  for (let sent = 0; sent < count; sent++) {
    due.push(machine.core.clock.now() + 10_000_000);
    send(ends.sender);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  machine.core.clock.stayAwake?.(false);
  machine.close();
  return isEarly ? 0 : (100 * good) / count;
}
