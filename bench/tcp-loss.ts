// tcp, over a wire that loses: 100 Mbit/s, a round trip of 20 ms, one frame in a hundred lost in each direction. The same wire of
// uveth's, with the same seeds, between uveth and the kernel, between two namespaces of uveth's, and by two TAPs between the
// kernel and itself. All run at once: none takes more than a few thousand frames a second.
//
//   the kernel's netns [t0]═[w0]──ill wire──[w1]═[t1] the other netns
//                      [t2]═[v1]──ill wire──[v0] red     black [b0]──ill wire──[b1] blue

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { realTime } from "../src/attach/index.ts";
import { attachTap } from "../src/attach/node/attach-tap.ts";
import { Tap } from "../src/attach/node/tap.ts";
import type { TapCalls } from "../src/attach/node/tap-calls.ts";
import { loadTapCalls } from "../src/attach/node/tap-calls.ts";
import { TapLoop } from "../src/attach/node/tap-loop.ts";
import { setNetem } from "../src/client/netem.ts";
import type { Connection, Listener, Machine, MachineNetns } from "../src/index.ts";
import { createMachine } from "../src/index.ts";
import { NETIF_F_ALL_TSO, NETIF_F_GSO, updateFeatures } from "../src/net/features.ts";
import type { Device } from "../src/net/netdevice.ts";
import { serveIperf3 } from "./iperf3.ts";
import type { BenchContext } from "./main.ts";
import { median } from "./rounds.ts";

const defaultRounds = 7;
const seconds = 10;
const port = "5201";
const illness = { rate: "100mbit", delay: "10ms", loss: "1%", limit: 1_000 };

export async function run({ rounds = defaultRounds, hasKernel, report, say }: BenchContext): Promise<void> {
  if (!hasKernel || spawnSync("iperf3", ["--version"]).status !== 0) {
    console.error("tcp-loss: left out, it takes namespaces and iperf3");
    return;
  }
  const calls = await loadTapCalls();
  const figures: Record<string, number>[] = [];
  for (let seed = 1; seed <= rounds; seed++) {
    say(`tcp/1 % loss, seed ${seed}`);
    figures.push(await runSeed(calls, seed));
  }
  for (const way of ["uveth to the kernel", "the kernel to uveth", "uveth to uveth"]) {
    const pick = (name: string) => figures.map((each) => each[name] ?? Number.NaN);
    const own = pick(way);
    const kernel = pick("kernel");
    report({
      name: `tcp/100 Mbit/s, 20 ms, 1 % loss, ${way}`,
      unit: "bit/s",
      uveth: median(own),
      peers: { kernel: median(kernel) },
      ratio: { kernel: median(own) / median(kernel) },
      rounds,
    });
  }
}

/** All ways at once over wires of this seed; bits a second each. */
async function runSeed(calls: TapCalls, seed: number): Promise<Record<string, number>> {
  const other = spawn("unshare", ["-n", "sleep", "600"], { stdio: "ignore" });
  const machine = createMachine(realTime());
  const loop = await TapLoop.open(calls, machine.core);
  try {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return await new Wires(calls, machine, loop, other, seed).run();
  } finally {
    loop.close();
    machine.close();
    other.kill();
  }
}

class Wires {
  readonly #calls: TapCalls;
  readonly #machine: Machine;
  readonly #loop: TapLoop;
  readonly #other: ChildProcess;
  readonly #seed: number;

  constructor(calls: TapCalls, machine: Machine, loop: TapLoop, other: ChildProcess, seed: number) {
    this.#calls = calls;
    this.#machine = machine;
    this.#loop = loop;
    this.#other = other;
    this.#seed = seed;
  }

  async run(): Promise<Record<string, number>> {
    const red = await this.#machine.netns("red");
    const blue = await this.#machine.netns("blue");
    const black = await this.#machine.netns("black");
    const [w0, w1] = await this.#pair("outside", "w0", "outside", "w1");
    const [, v1] = await this.#pair("red", "v0", "outside", "v1");
    await this.#pair("black", "b0", "blue", "b1");
    await red.addr.add("10.9.0.1/24", { dev: "v0" });
    await black.addr.add("10.7.0.2/24", { dev: "b0" });
    await blue.addr.add("10.7.0.1/24", { dev: "b1" });
    for (const [name, dev] of [
      ["t0", w0],
      ["t1", w1],
      ["t2", v1],
    ] as const) {
      attachTap(this.#loop, Tap.open(this.#calls, { name, offloads: 0 }), dev);
    }
    const inside = ["-t", String(this.#other.pid), "-n"];
    command("ip", `link set t1 netns ${this.#other.pid}`);
    for (const line of ["link set lo up", "addr add 10.8.0.2/24 dev t0", "link set t0 up"])
      command("ip", line);
    for (const line of ["addr add 10.9.0.2/24 dev t2", "link set t2 up"]) command("ip", line);
    for (const line of ["link set lo up", "addr add 10.8.0.1/24 dev t1", "link set t1 up"]) {
      command("nsenter", `${inside.join(" ")} ip ${line}`);
    }
    const listener = red.listen({ port: Number(port) });
    const server = spawn("nsenter", [...inside, "iperf3", "-s", "-1", "-p", port], { stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [kernel, fromKernel, toKernel, own] = await Promise.all([
      iperf3("10.8.0.1"),
      this.#fromKernel(listener),
      toKernelOf(red),
      between(black, blue),
    ]);
    server.kill();
    listener.close();
    const { sender_tcp_congestion, sum_received } = JSON.parse(kernel).end;
    if (sender_tcp_congestion !== "cubic") throw new Error(`The kernel sends by ${sender_tcp_congestion}`);
    return {
      kernel: Number(sum_received.bits_per_second),
      "the kernel to uveth": fromKernel,
      "uveth to the kernel": toKernel,
      "uveth to uveth": own,
    };
  }

  /** A pair that is ill both ways, and whose frames are as large as those on a wire. */
  async #pair(one: string, name: string, other: string, peer: string): Promise<[Device, Device]> {
    const [near, far] = [await this.#machine.netns(one), await this.#machine.netns(other)];
    await near.link.add({ kind: "veth", name, isUp: true, peer: { name: peer, netns: other } });
    await far.link.set(peer, { isUp: true });
    const devices = [this.#device(one, name), this.#device(other, peer)] as const;
    for (const [index, dev] of devices.entries()) {
      dev.wantedFeatures &= ~(NETIF_F_ALL_TSO | NETIF_F_GSO);
      updateFeatures(dev);
      await setNetem((index === 0 ? near : far).rtnl, dev.ifindex, {
        ...illness,
        seed: 2 * this.#seed + index,
      });
    }
    return [...devices];
  }

  #device(netns: string, name: string): Device {
    const dev = this.#machine.core.netnsNames.get(netns)?.names.get(name);
    if (dev === undefined) throw new Error(`No ${name}`);
    return dev;
  }

  async #fromKernel(listener: Listener): Promise<number> {
    const [figure] = await Promise.all([serveIperf3(listener), iperf3("10.9.0.1")]);
    return figure;
  }
}

/** From a namespace of uveth's to a server of this process. */
async function toKernelOf(red: MachineNetns): Promise<number> {
  const server = createServer();
  let bytes = 0;
  server.on("connection", (socket) => {
    socket.on("data", (part) => {
      bytes += part.length;
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(5_202, "10.9.0.2", resolve));
  const connection = await red.connect({ host: "10.9.0.2", port: 5_202 });
  const elapsed = await keepWriting(connection);
  const measured = bytes;
  connection.reset();
  server.close();
  return (measured * 8) / elapsed;
}

async function between(black: MachineNetns, blue: MachineNetns): Promise<number> {
  const listener = blue.listen({ port: 5_203 });
  const [from, to] = await Promise.all([black.connect({ host: "10.7.0.1", port: 5_203 }), listener.accept()]);
  if (to === null) throw new Error("Nobody came");
  let bytes = 0;
  const reading = (async () => {
    const target = new Uint8Array(256 * 1024);
    for (let count = -1; count !== 0; bytes += Math.max(count, 0))
      count = await to.readInto(target).catch(() => 0);
  })();
  const elapsed = await keepWriting(from);
  const measured = bytes;
  from.reset();
  await reading;
  listener.close();
  return (measured * 8) / elapsed;
}

/** Writes for as long as a run takes; returns how long that was. */
async function keepWriting(connection: Connection): Promise<number> {
  const start = performance.now();
  const part = new Uint8Array(64 * 1024).fill(0x55);
  const elapsed = () => (performance.now() - start) / 1_000;
  while (elapsed() < seconds) await connection.write(part);
  return elapsed();
}

async function iperf3(host: string): Promise<string> {
  const client = spawn("iperf3", ["-c", host, "-p", port, "-C", "cubic", "-t", String(seconds), "-J"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const part of client.stdout) text += String(part);
  return text;
}

function command(program: string, line: string): void {
  const { status, stderr } = spawnSync(program, line.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${line}: ${stderr}`);
}
