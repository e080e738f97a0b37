// netem: what 1,000,000 frames make of its chances, against three standard errors (1 is the bound); what a rate lets through in ten
// seconds; how late frames are in real time with a delay of 10 ms; and how many frames a second pass a netem that delays, one core.

import { realTime } from "../src/attach/index.ts";
import { setNetem } from "../src/client/netem.ts";
import type { NetemOptions } from "../src/client/netem-options.ts";
import { createMachine, VirtualClock } from "../src/index.ts";
import { frameFrom } from "../src/net/frame.ts";
import type { Device, Frame } from "../src/net/netdevice.ts";
import { devQueueXmit } from "../src/net/transmit.ts";
import type { BenchContext } from "./main.ts";

const frames = 1_000_000;
const perTurn = 500;
/** The delay of those that keep their order. */
const DELAY_NS = 10_000_000;
const turnNs = 20_000_000;

/** Cases: the options, the chance, and how often what it stands for has happened. */
const CHANCES: readonly (readonly [
  name: string,
  options: NetemOptions,
  chance: number,
  happened: (seen: Seen) => number,
])[] = [
  ["loss 1%", { loss: "1%" }, 0.01, ({ received }) => frames - received],
  ["loss 30%", { loss: "30%" }, 0.3, ({ received }) => frames - received],
  ["duplicate 10%", { duplicate: "10%" }, 0.1, ({ received }) => received - frames],
  ["corrupt 5%", { corrupt: "5%" }, 0.05, ({ damaged }) => damaged],
  ["reorder 25%", { delay: "10ms", reorder: "25%" }, 0.25, ({ early }) => early],
];

/** What came of the frames of one case. */
interface Seen {
  received: number;
  /** Not as they were sent. */
  damaged: number;
  /** Before the delay of the others was over; all of a turn are there before the next. */
  early: number;
}

export async function run({ report, say }: BenchContext): Promise<void> {
  for (const [name, options, chance, happened] of CHANCES) {
    say(`netem/${name}`);
    const seen = await pass({ ...options, limit: frames, seed: 1 });
    const allowed = 3 * Math.sqrt((chance * (1 - chance)) / frames);
    report({
      name: `netem/${name}, deviation`,
      unit: "three standard errors",
      rounds: 1,
      uveth: Math.abs(happened(seen) / frames - chance) / allowed,
    });
  }
  say("netem/rate 100mbit");
  report({
    name: "netem/rate 100mbit over 10 s, deviation",
    unit: "%",
    rounds: 1,
    uveth: Math.abs(100 * (await share100Mbit()) - 100),
  });
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
  onFrame: (frame: Frame) => void;
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
    ends.onFrame(frame);
    frame.pool.free(frame);
    return true;
  };
  return ends;
}

/** A frame of so many bytes, all header and zeros. */
function frameOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  return bytes;
}

const small = frameOf(60);

function send(sender: Device, bytes = small): void {
  const frame = frameFrom(sender.machine.frames, bytes);
  if (frame === null) throw new Error("No memory for a frame");
  frame.dev = sender;
  frame.protocol = 0x88b5;
  devQueueXmit(frame);
}

/** Sends all frames in virtual time and says what came of them. */
async function pass(options: NetemOptions): Promise<Seen> {
  const { machine, clock } = virtualMachine();
  const ends = await pairOn(machine, options);
  const seen = { received: 0, damaged: 0, early: 0 };
  let sentAtNs = 0;
  ends.onFrame = (frame) => {
    if (!isAsSent(frame)) seen.damaged++;
    if (clock.now() - sentAtNs < DELAY_NS) seen.early++;
  };
  for (let sent = 0; sent < frames; sent += perTurn) {
    sentAtNs = clock.now();
    for (let one = 0; one < perTurn; one++) send(ends.sender);
    await clock.advance(turnNs);
  }
  await clock.advance(10_000_000_000);
  seen.received = ends.received;
  machine.close();
  return seen;
}

function virtualMachine() {
  const clock = new VirtualClock();
  const random = realTime().random;
  return { clock, machine: createMachine({ clock, scheduler: clock, random, maxBacklog: frames }) };
}

function isAsSent({ bytes, macHeader, end }: Frame): boolean {
  if (end - macHeader !== small.length) return false;
  for (let at = 0; at < small.length; at++) if (bytes[macHeader + at] !== small[at]) return false;
  return true;
}

/** What share of 100 Mbit a second arrives in ten seconds of virtual time, when more is sent all the while. */
async function share100Mbit(): Promise<number> {
  const { machine, clock } = virtualMachine();
  const ends = await pairOn(machine, { rate: "100mbit", limit: 200, seed: 1 });
  const full = frameOf(1_514);
  let received = 0;
  ends.onFrame = ({ macHeader, end }) => {
    received += end - macHeader;
  };
  for (let turn = 0; turn < 10_000; turn++) {
    for (let one = 0; one < 20; one++) send(ends.sender, full);
    await clock.advance(1_000_000);
  }
  machine.close();
  return received / (10 * 12_500_000);
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
