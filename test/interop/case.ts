// What is tried between uveth's TCP and Linux's, and how one trial runs.
//
//   kernel netns [t0] ═══ attached ═══ [v1]──ill wire──[v0] netns red of a machine
//     10.0.0.2, fd00::2                                  10.0.0.1, fd00::1
//
// The caller's thread is in a network namespace of its own, as root there. Streams are compared by hash.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realTime } from "../../src/attach/index.ts";
import { attachTap } from "../../src/attach/node/attach-tap.ts";
import { Tap } from "../../src/attach/node/tap.ts";
import type { TapCalls } from "../../src/attach/node/tap-calls.ts";
import { TapLoop } from "../../src/attach/node/tap-loop.ts";
import type { Connection, Machine, MachineNetns } from "../../src/index.ts";
import { createMachine, SeededRandom } from "../../src/index.ts";
import { setSysctl } from "../../src/inet/sysctl.ts";
import { NETIF_F_ALL_TSO, NETIF_F_HW_CSUM, updateFeatures } from "../../src/net/features.ts";
import type { Device, Netns } from "../../src/net/netdevice.ts";
import type { Disease } from "../sim/disease.ts";
import { IllWire } from "../sim/disease.ts";

/** One trial. */
export interface InteropCase {
  readonly name: string;
  readonly family: 4 | 6;
  /** Who sends. */
  readonly from: "uveth" | "linux";
  readonly bytes: number;
  readonly mtu?: number;
  readonly disease?: Partial<Disease>;
  /** What uveth lets wait to be read. */
  readonly receiveBufferBytes?: number;
  /** Settings of either side, by their names without `net.ipv4.`. */
  readonly settings?: {
    readonly uveth?: Readonly<Record<string, string>>;
    readonly linux?: Readonly<Record<string, string>>;
  };
  /** Have tshark judge a capture. */
  readonly judged?: boolean;
}

/** What came of it. */
export interface InteropResult {
  readonly isSame: boolean;
  readonly receivedBytes: number;
  readonly seconds: number;
  /** What tshark found wrong; undefined when it was not asked. */
  readonly complaints: string | undefined;
  /** Segments that echoed a mark, and that answered the echo; undefined when tshark was not asked. */
  readonly echoes: number | undefined;
  readonly answers: number | undefined;
}

const port = 5_201;
/** How many trials were begun: each has ports of its own, for the kernel may still hold the connection of the one before. */
let trials = 0;
/** Whatever a trial before has left. */
const usualLinux = { tcp_ecn: "2", tcp_timestamps: "1" };
const healthy: Disease = {
  lossPpm: 0,
  duplicatePpm: 0,
  corruptPpm: 0,
  reorderPpm: 0,
  reorderNs: 0,
  delayNs: 0,
  jitterNs: 0,
  rateBytesPerSec: 0,
  limitFrames: 10_000,
};

/** Runs one trial. */
export async function runCase(calls: TapCalls, trial: InteropCase): Promise<InteropResult> {
  const trialLab = await InteropLab.make(calls, trial);
  try {
    return await trialLab.run();
  } finally {
    trialLab.close();
  }
}

class InteropLab {
  readonly #machine: Machine;
  readonly #red: MachineNetns;
  readonly #trial: InteropCase;
  readonly #loop: TapLoop;
  readonly #devices: readonly Device[];
  readonly #wires: readonly IllWire[];
  readonly #pcap = join(tmpdir(), `uveth-interop-${process.pid}.pcapng`);

  private constructor(parts: {
    readonly machine: Machine;
    readonly red: MachineNetns;
    readonly trial: InteropCase;
    readonly loop: TapLoop;
    readonly devices: readonly Device[];
    readonly wires: readonly IllWire[];
  }) {
    this.#machine = parts.machine;
    this.#red = parts.red;
    this.#trial = parts.trial;
    this.#loop = parts.loop;
    this.#devices = parts.devices;
    this.#wires = parts.wires;
  }

  static async make(calls: TapCalls, trial: InteropCase): Promise<InteropLab> {
    const machine = createMachine({ ...realTime(), random: new SeededRandom(++trials) });
    const { mtu = 1_500 } = trial;
    const [red, outside] = [await machine.netns("red"), await machine.netns("outside")];
    await red.link.add({ kind: "veth", name: "v0", mtu, isUp: true, peer: { name: "v1", netns: "outside" } });
    await outside.link.set("v1", { isUp: true, mtu });
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    if (trial.family === 6) await red.addr.add("fd00::1/64", { dev: "v0", noDad: true });
    const devices = [deviceOf(machine, "red", "v0"), deviceOf(machine, "outside", "v1")];
    if (hasSmallFrames(trial)) {
      for (const dev of devices) {
        dev.wantedFeatures &= ~(NETIF_F_ALL_TSO | NETIF_F_HW_CSUM);
        updateFeatures(dev);
      }
    }
    const disease = { ...healthy, ...trial.disease };
    const wires = devices.map((dev, index) => new IllWire(dev, new SeededRandom(index + 1), disease));
    const loop = await TapLoop.open(calls, machine.core);
    const tap = Tap.open(calls, { name: "t0", ...(hasSmallFrames(trial) ? { offloads: 0 } : {}) });
    attachTap(loop, tap, devices[1] ?? deviceOf(machine, "outside", "v1"));
    ip("link set lo up");
    const { linux = {}, uveth = {} } = trial.settings ?? {};
    for (const [name, value] of Object.entries({ ...usualLinux, ...linux })) {
      writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
    }
    for (const [name, value] of Object.entries(uveth))
      setSysctl(netnsOf(machine, "red"), `net.ipv4.${name}`, value);
    ip(`link set t0 mtu ${mtu} up`);
    ip("addr add 10.0.0.2/24 dev t0");
    // Whatever the system's default is: both ends are to judge congestion alike.
    ip("route change 10.0.0.0/24 dev t0 src 10.0.0.2 congctl cubic");
    if (trial.family === 6) {
      ip("-6 addr add fd00::2/64 dev t0 nodad");
      ip("-6 route replace fd00::/64 dev t0 congctl cubic");
    }
    return new InteropLab({ machine, red, trial, loop, devices, wires });
  }

  async run(): Promise<InteropResult> {
    const blocks: Uint8Array[] = [];
    const { judged } = this.#trial;
    const stop =
      judged === true
        ? this.#machine.captureToPcapng({ netns: ["red"], write: (block) => void blocks.push(block.slice()) })
        : undefined;
    const started = performance.now();
    const [sent, received] = this.#trial.from === "uveth" ? await this.#fromUveth() : await this.#fromLinux();
    const seconds = (performance.now() - started) / 1_000;
    stop?.();
    if (judged === true) writeFileSync(this.#pcap, Buffer.concat(blocks));
    return {
      isSame: sent.hash === received.hash && sent.bytes === received.bytes,
      receivedBytes: received.bytes,
      seconds,
      complaints: judged === true ? judge(this.#pcap) : undefined,
      echoes: judged === true ? countIn(this.#pcap, "tcp.flags.syn == 0 && tcp.flags.ece == 1") : undefined,
      answers: judged === true ? countIn(this.#pcap, "tcp.flags.syn == 0 && tcp.flags.cwr == 1") : undefined,
    };
  }

  async #fromUveth(): Promise<[Sum, Sum]> {
    const server = createServer();
    const received = new Promise<Sum>((resolve, reject) => {
      server.on("connection", (socket) => {
        const digest = new Digest();
        socket.on("data", (bytes) => digest.add(bytes));
        socket.on("end", () => {
          socket.end();
          resolve(digest.sum());
        });
        socket.on("error", reject);
      });
    });
    const host = this.#trial.family === 4 ? "10.0.0.2" : "fd00::2";
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    const connection = await this.#red.connect({ host, port });
    const sent = await send(connection, this.#trial.bytes);
    const result = await received;
    while ((await connection.read()) !== null);
    connection.close();
    await new Promise((resolve) => server.close(resolve));
    return [sent, result];
  }

  async #fromLinux(): Promise<[Sum, Sum]> {
    const { bytes, family, receiveBufferBytes } = this.#trial;
    const listener = this.#red.listen({
      port,
      ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
    });
    const socket = connect(port, family === 4 ? "10.0.0.1" : "fd00::1");
    const failed = new Promise<never>((_resolve, reject) => socket.on("error", reject));
    const digest = new Digest();
    const writing = (async () => {
      for (let at = 0; at < bytes; at += chunkBytes) {
        const chunk = pattern(at, Math.min(chunkBytes, bytes - at));
        digest.add(chunk);
        if (!socket.write(chunk)) await new Promise<void>((resolve) => socket.once("drain", () => resolve()));
      }
      socket.end();
    })();
    const connection = await Promise.race([listener.accept(), failed]);
    if (connection === null) throw new Error("Nobody came");
    const got = new Digest();
    for (let part = await connection.read(); part !== null; part = await connection.read()) got.add(part);
    await writing;
    connection.end();
    await new Promise((resolve) => {
      socket.once("close", resolve);
      socket.resume();
    });
    connection.close();
    listener.close();
    return [digest.sum(), got.sum()];
  }

  close(): void {
    for (const wire of this.#wires) wire.reset();
    for (const dev of this.#devices) dev.rxHandler = null;
    this.#loop.close();
    this.#machine.close();
    rmSync(this.#pcap, { force: true });
  }
}

/** An ill wire loses segments, not 64 KiB at a time; tshark wants to see finished ones. */
function hasSmallFrames({ disease, judged }: InteropCase): boolean {
  return judged === true || Object.keys(disease ?? {}).length > 0;
}

const chunkBytes = 61_234;

async function send(connection: Connection, bytes: number): Promise<Sum> {
  const digest = new Digest();
  for (let at = 0; at < bytes; at += chunkBytes) {
    const chunk = pattern(at, Math.min(chunkBytes, bytes - at));
    digest.add(chunk);
    await connection.write(chunk);
  }
  connection.end();
  return digest.sum();
}

/** Bytes that differ wherever one looks. */
function pattern(from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = Math.imul(from + index, 0x9e3779b1) >>> 24;
  return bytes;
}

interface Sum {
  readonly hash: string;
  readonly bytes: number;
}

class Digest {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  sum(): Sum {
    return { hash: this.#hash.digest("hex"), bytes: this.#bytes };
  }
}

function netnsOf(machine: Machine, name: string): Netns {
  const netns = machine.core.netnsNames.get(name);
  if (netns === undefined) throw new Error(`No namespace ${name}`);
  return netns;
}

function deviceOf(machine: Machine, netns: string, name: string): Device {
  const dev = netnsOf(machine, netns).names.get(name);
  if (dev === undefined) throw new Error(`No device ${name} in ${netns}`);
  return dev;
}

function ip(line: string): void {
  const { status, stderr } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
}

/** How many frames of a capture a filter of tshark's lets through. */
function countIn(path: string, filter: string): number {
  const { stdout } = spawnSync("tshark", ["-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number"], {
    encoding: "utf8",
  });
  return stdout.split("\n").filter((line) => line !== "").length;
}

/** What tshark finds malformed or wrongly summed in a capture; "" when it finds nothing. */
function judge(path: string): string {
  const filter = "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0";
  const { status, stderr, stdout } = spawnSync(
    "tshark",
    [
      ...["-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"],
      // Streams put together by tshark itself trip over what was sent twice.
      ...["-o", "tcp.desegment_tcp_streams:FALSE"],
      ...["-Y", filter],
    ],
    { encoding: "utf8" },
  );
  const count = spawnSync("tshark", ["-r", path, "-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.number"], {
    encoding: "utf8",
  }).stdout.trim();
  if (status !== 0) return `tshark failed: ${stderr}`;
  if (count === "" || readFileSync(path).length === 0) return "the capture shows no bytes of TCP";
  return stdout.trim();
}
