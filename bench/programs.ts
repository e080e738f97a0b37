// programs: what real programs get of a wire, iperf3 and ping between two namespaces. The peers carry the same frames by other
// means: the kernel's own veth, vde_switch with a vde_plug2tap at each end, and slirp4netns, which leads from a namespace to the
// host's loopback and does nothing else. A bridge of uveth's with three ports is held against the pair, and how long many hosts take
// to come and go against Mininet. All sides are measured in turn, so that what else the machine does hits all alike.

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { realTime } from "../src/attach/index.ts";
import { openNative } from "../src/attach/node/index.ts";
import type { Machine } from "../src/index.ts";
import { createMachine } from "../src/index.ts";
import type { BenchContext } from "./main.ts";
import type { Measure } from "./rounds.ts";
import { compare, median, seconds } from "./rounds.ts";

const defaultRounds = 3;
const iperfSeconds = 2;
const pings = 100;
const idleNamespaces = 50;
const idleSeconds = 3;
const hostCount = 50;

/** A place that programs run in. */
type Runner = (argv: readonly string[]) => ChildProcess;

/** Two places with a wire between them. */
interface Wire {
  readonly client: Runner;
  readonly server: Runner;
  /** The server's address, as the client sees it. */
  readonly address: string;
  /** UDP datagrams and pings mean something on it. */
  readonly isWhole: boolean;
  close(): void;
}

export async function run({ rounds = defaultRounds, hasKernel, report, say }: BenchContext): Promise<void> {
  if (!hasKernel || !isThere("iperf3")) {
    console.error("programs: left out, it takes namespaces and iperf3");
    return;
  }
  spawnSync("ip", ["link", "set", "lo", "up"]);
  const machine = createMachine(realTime());
  const pair = await uvethWire(machine);
  const bridge = await bridgeWire(machine);
  const wires = new Map<string, Wire>([["uveth", pair]]);
  wires.set("kernel", await kernelWire());
  if (isThere("vde_switch") && isThere("vde_plug2tap")) wires.set("vde", await vdeWire());
  if (isThere("slirp4netns")) wires.set("slirp4netns", await slirpWire());
  const sides = (measure: (wire: Wire) => Measure, isWhole: boolean) => {
    const all = [...wires].filter(([, wire]) => wire.isWhole || !isWhole);
    const [[, uveth] = ["", () => 0] as const, ...others] = all.map(
      ([name, wire]) => [name, measure(wire)] as const,
    );
    return { uveth, peers: Object.fromEntries(others) };
  };
  try {
    report({ name: "programs/system call", unit: "ns", uveth: systemCallNs(), rounds: 1 });
    const row = async (
      name: string,
      unit: string,
      isMoreBetter: boolean,
      of: ReturnType<typeof sides>,
    ): Promise<void> => {
      say(name);
      report(await compare({ name: `programs/${name}`, unit, isMoreBetter, ...of }, rounds));
    };
    await row(
      "TCP, one stream",
      "bit/s",
      true,
      sides((wire) => () => tcp(wire), false),
    );
    await row("TCP through a bridge with three ports", "bit/s", true, {
      uveth: () => tcp(bridge),
      peers: { pair: () => tcp(pair) },
    });
    await row(
      "UDP, 64 bytes",
      "datagrams/s",
      true,
      sides((wire) => () => udp(wire), true),
    );
    await row(
      "ping, median round trip",
      "ms",
      false,
      sides((wire) => () => ping(wire), true),
    );
  } finally {
    for (const wire of wires.values()) wire.close();
    machine.close();
  }
  say("idle");
  report(await idle());
  const name = `programs/${hostCount} hosts up and down`;
  say(name);
  report(await compare({ name, unit: "s", isMoreBetter: false, ...hostSides() }, rounds));
}

/** Bits a second that a TCP stream of iperf3 delivers. */
async function tcp({ client, server, address }: Wire): Promise<number> {
  const { end } = await iperf(client, server, ["-c", address]);
  return end.sum_received.bits_per_second;
}

/** Datagrams of 64 bytes a second that arrive. */
async function udp({ client, server, address }: Wire): Promise<number> {
  const { end } = await iperf(client, server, ["-c", address, "-u", "-b", "0", "-l", "64"]);
  return (end.sum.packets - end.sum.lost_packets) / end.sum.seconds;
}

interface IperfReport {
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number };
    readonly sum: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
  };
}

async function iperf(client: Runner, server: Runner, words: readonly string[]): Promise<IperfReport> {
  const listening = server(["iperf3", "-s", "-1", "--forceflush"]);
  await saying(listening, "Server listening");
  const text = await output(client(["iperf3", ...words, "-t", String(iperfSeconds), "-J"]));
  if (listening.exitCode === null) listening.kill();
  return JSON.parse(text);
}

/** The median round trip in milliseconds. */
async function ping({ client, address }: Wire): Promise<number> {
  const text = await output(client(["ping", "-c", String(pings), "-i", "0.05", address]));
  return median([...text.matchAll(/time=([\d.]+)/g)].map(([, time]) => Number(time)));
}

/** Two native namespaces and a pair between them. */
async function uvethWire(machine: Machine): Promise<Wire> {
  const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
  await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
  await blue.link.set("v1", { isUp: true });
  await red.addr.add("10.1.0.1/24", { dev: "v0" });
  await blue.addr.add("10.1.0.2/24", { dev: "v1" });
  const [client, server] = [await openNative(machine, "red"), await openNative(machine, "blue")];
  return {
    client: (argv) => client.spawn(argv, { stdio: ["ignore", "pipe", "inherit"] }),
    server: (argv) => server.spawn(argv, { stdio: ["ignore", "pipe", "inherit"] }),
    address: "10.1.0.2",
    isWhole: true,
    close() {},
  };
}

/** Two native namespaces and a third one on a bridge of a namespace of its own. */
async function bridgeWire(machine: Machine): Promise<Wire> {
  const sw = await machine.netns("sw");
  await sw.link.add({ kind: "bridge", name: "br0", isUp: true });
  const ends: Runner[] = [];
  for (const index of [1, 2, 3]) {
    const netns = await machine.netns(`b${index}`);
    await netns.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: `p${index}`, netns: "sw" } });
    await sw.link.set(`p${index}`, { master: "br0", isUp: true });
    await netns.addr.add(`10.4.0.${index}/24`, { dev: "v0" });
    const end = await openNative(machine, `b${index}`);
    ends.push((argv) => end.spawn(argv, { stdio: ["ignore", "pipe", "inherit"] }));
  }
  const [client, server] = ends;
  if (client === undefined || server === undefined) throw new Error("A bridge has two ends at least");
  return {
    client,
    server,
    address: "10.4.0.2",
    isWhole: true,
    close() {},
  };
}

/** A network namespace of the kernel, kept by a process. */
class KernelNetns {
  readonly #holder = spawn("unshare", ["-n", "sleep", "infinity"], { stdio: "ignore" });

  /** Resolves when it is there. */
  async ready(): Promise<this> {
    await until(() => readLink(this.pid) !== readLink(process.pid));
    this.ip("link set lo up");
    return this;
  }

  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  readonly run: Runner = (argv) =>
    spawn("nsenter", ["-t", String(this.pid), "-n", "--", ...argv], { stdio: ["ignore", "pipe", "inherit"] });

  ip(line: string): void {
    spawnSync("nsenter", ["-t", String(this.pid), "-n", "--", "ip", ...line.split(" ")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  close(): void {
    this.#holder.kill();
  }
}

async function kernelWire(): Promise<Wire> {
  const [red, blue] = [await new KernelNetns().ready(), await new KernelNetns().ready()];
  red.ip(`link add v0 type veth peer name v1 netns ${blue.pid}`);
  configure(red, "v0", "10.2.0.1/24");
  configure(blue, "v1", "10.2.0.2/24");
  return {
    client: red.run,
    server: blue.run,
    address: "10.2.0.2",
    isWhole: true,
    close() {
      for (const netns of [red, blue]) netns.close();
    },
  };
}

async function vdeWire(): Promise<Wire> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-bench-vde-"));
  const socket = join(folder, "switch");
  const all: ChildProcess[] = [
    spawn("vde_switch", ["-s", socket, "-x"], { stdio: ["pipe", "ignore", "ignore"] }),
  ];
  await until(() => existsSync(join(socket, "ctl")));
  const [red, blue] = [await new KernelNetns().ready(), await new KernelNetns().ready()];
  for (const [netns, address] of [
    [red, "10.3.0.1/24"],
    [blue, "10.3.0.2/24"],
  ] as const) {
    all.push(netns.run(["vde_plug2tap", "-s", socket, "tap0"]));
    await until(() => hasDevice(netns, "tap0"));
    configure(netns, "tap0", address);
  }
  return {
    client: red.run,
    server: blue.run,
    address: "10.3.0.2",
    isWhole: true,
    close() {
      for (const child of all) child.kill();
      for (const netns of [red, blue]) netns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function slirpWire(): Promise<Wire> {
  const netns = await new KernelNetns().ready();
  const path = `/proc/${netns.pid}/ns/net`;
  const words = ["--configure", "--mtu=1500", "--netns-type=path", path, "tap0"];
  const slirp = spawn("slirp4netns", words, { stdio: "ignore" });
  await until(() => hasDevice(netns, "tap0"));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    client: netns.run,
    server: ([file = "", ...args]) => spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] }),
    address: "10.0.2.2",
    isWhole: false,
    close() {
      slirp.kill();
      netns.close();
    },
  };
}

/** What a machine with many native namespaces and nothing to do takes, in percent of a core. */
async function idle() {
  const machine = createMachine(realTime());
  for (let index = 0; index < idleNamespaces; index++) {
    const name = `idle${index}`;
    await machine.netns(name);
    await openNative(machine, name);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = process.cpuUsage();
  const start = seconds();
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000));
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / 1e4 / (seconds() - start);
  machine.close();
  return {
    name: `programs/idle, ${idleNamespaces} namespaces`,
    unit: "% of a core",
    uveth: percent,
    rounds: 1,
  };
}

/** Many hosts on one bridge, up and down again, from the start of a process to its end. */
function hostSides() {
  const program = fileURLToPath(new URL("native-hosts.js", import.meta.url));
  const words = `--switch lxbr --controller none --topo single,${hostCount} --test none`.split(" ");
  const uveth = () => took(process.execPath, [program, String(hostCount)]);
  const hasMininet = isThere("mn") && isThere("brctl");
  if (!hasMininet) console.error("programs: Mininet is left out, it takes mn and brctl");
  return { uveth, peers: hasMininet ? { mininet: () => took("mn", words) } : {} };
}

/** Seconds that a program takes. */
function took(file: string, args: readonly string[]): number {
  const start = seconds();
  const { status, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${stderr}`);
  return seconds() - start;
}

/** The cost of a system call that does nothing. */
function systemCallNs(): number {
  const count = 200_000;
  const start = seconds();
  for (let call = 0; call < count; call++) process.umask();
  return ((seconds() - start) / count) * 1e9;
}

function configure(netns: KernelNetns, dev: string, address: string): void {
  netns.ip(`addr add ${address} dev ${dev}`);
  netns.ip(`link set ${dev} up`);
}

function hasDevice(netns: KernelNetns, dev: string): boolean {
  return readFileSync(`/proc/${netns.pid}/net/dev`, "utf8").includes(`${dev}:`);
}

function readLink(pid: number): string {
  return spawnSync("readlink", [`/proc/${pid}/ns/net`], { encoding: "utf8" }).stdout;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("A peer did not start");
}

/** Resolves when a program says something. */
async function saying(child: ChildProcess, words: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (piece) => {
      text += piece;
      if (text.includes(words)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${text}`)));
  });
}

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (piece) => {
    text += piece;
  });
  await once(child, "close");
  return text;
}

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
