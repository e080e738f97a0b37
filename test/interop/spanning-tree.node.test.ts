// What: uveth's bridge and the live kernel's make one spanning tree of a loop of two wires: the worse bridge blocks one of its
// ports, a frame to all goes once over, and the blocked port takes over when the other wire is cut.
// It is the bridge that blocked that asks afterwards: the other one learns from its questions where it is now.
//
//   machine                          kernel netns
//      pc0 ── br0 ┬ p0 ─ o0 ═══ attached ═══ t0 ┬ br0
//                 └ p1 ─ o1 ═══ attached ═══ t1 ┘
//
// Source: IEEE 802.1D-1998 8.6 to 8.10; the live kernel. Without root they are skipped.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { realTime } from "../../src/attach/index.ts";
import { attachTap } from "../../src/attach/node/attach-tap.ts";
import { Tap } from "../../src/attach/node/tap.ts";
import type { TapCalls } from "../../src/attach/node/tap-calls.ts";
import { loadTapCalls } from "../../src/attach/node/tap-calls.ts";
import { TapLoop } from "../../src/attach/node/tap-loop.ts";
import { run } from "../../src/cli/command.ts";
import type { Machine } from "../../src/index.ts";
import { createMachine, SeededRandom } from "../../src/index.ts";
import { RX_PACKETS, TX_PACKETS } from "../../src/net/counters.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device } from "../../src/net/netdevice.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { quietIo } from "../e2e/scenario.ts";

/** The least forward delay there is, in clock ticks; a port listens and learns for as long each. */
const timing = "forward_delay 200 hello_time 100 max_age 600";
/** What both ports of a bridge need at most to come to rest, and how long they must stay there. */
const patienceMs = 15_000;
const restMs = 500;
const better = 4_096;
const worse = 32_768;
const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)("a loop of uveth's bridge and the live kernel's, which takes root", () => {
  let calls: TapCalls;

  beforeAll(async () => {
    calls = await loadTapCalls();
    expect(calls.libc.unshare(CLONE_NEWNET)).toBe(0);
    spawnSync("sh", ["-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"]);
  });

  test.concurrent("whose root is uveth's: the kernel blocks, and fails over", {
    timeout: 60_000,
  }, async () => {
    const loop = await Loop.make(calls, "a", { uveth: better, kernel: worse });
    try {
      expect(await loop.settled()).toEqual({
        uveth: ["forwarding", "forwarding"],
        kernel: ["forwarding", "blocking"],
      });
      expect(loop.kernelRoot()).toBe(await loop.uvethId());
      await loop.expectOneWay();
      expect(await loop.pingsFromKernel()).toBe(3);
      ip("link set at0 down");
      expect(await loop.settled()).toMatchObject({ kernel: ["disabled", "forwarding"] });
      await loop.expectOneWay();
      expect(await loop.pingsFromKernel()).toBe(3);
    } finally {
      loop.close();
    }
  });

  test.concurrent("whose root is the kernel's: uveth blocks, and fails over", {
    timeout: 60_000,
  }, async () => {
    const loop = await Loop.make(calls, "b", { uveth: worse, kernel: better });
    try {
      expect(await loop.settled()).toEqual({
        uveth: ["forwarding", "blocking"],
        kernel: ["forwarding", "forwarding"],
      });
      expect(await loop.uvethRoot()).toBe(loop.kernelId());
      await loop.expectOneWay();
      expect(await loop.pings()).toBe(3);
      await loop.do("ip link set o0 down");
      expect(await loop.settled()).toMatchObject({ uveth: ["disabled", "forwarding"] });
      await loop.expectOneWay();
      expect(await loop.pings()).toBe(3);
    } finally {
      loop.close();
    }
  });
});

interface States {
  readonly uveth: readonly string[];
  readonly kernel: readonly string[];
}

/** What `ip -d -j link show` says of a bridge, or of a port of one. */
interface Shown {
  readonly linkinfo: {
    readonly info_data?: { readonly bridge_id: string };
    readonly info_slave_data?: { readonly state: string; readonly root_id: string };
  };
}

/** The two bridges; the kernel's devices begin with `name`. */
class Loop {
  readonly #name: string;
  readonly #machine: Machine;
  readonly #taps: TapLoop;

  private constructor(name: string, machine: Machine, taps: TapLoop) {
    this.#name = name;
    this.#machine = machine;
    this.#taps = taps;
  }

  static async make(
    calls: TapCalls,
    name: string,
    priority: { readonly uveth: number; readonly kernel: number },
  ): Promise<Loop> {
    const machine = createMachine({ ...realTime(), random: new SeededRandom(1) });
    const taps = await TapLoop.open(calls, machine.core);
    const loop = new Loop(name, machine, taps);
    const settings = (own: number): string =>
      `type bridge stp_state 1 priority ${own} ${timing} mcast_snooping 0`;
    await loop.do(
      `ip link add br0 ${settings(priority.uveth)}`,
      `ip addr add ${loop.#address(1)}/24 dev br0`,
      "ip link set br0 up",
      "ip link add pc type veth peer name pc0",
      "ip link set pc master br0",
    );
    for (const dev of ["pc0", "pc"]) await loop.do(`ip link set ${dev} up`);
    ip(`link add ${name}br ${settings(priority.kernel)}`);
    ip(`addr add ${loop.#address(2)}/24 dev ${name}br`);
    ip(`link set ${name}br up`);
    for (const number of [0, 1]) {
      await loop.do(
        `ip link add p${number} type veth peer name o${number}`,
        `ip link set p${number} master br0`,
        `ip link set o${number} up`,
      );
      attachTap(taps, Tap.open(calls, { name: `${name}t${number}` }), loop.#device(`o${number}`));
      ip(`link set ${name}t${number} master ${name}br`);
      ip(`link set ${name}t${number} up`);
      await loop.do(`ip link set p${number} up`);
    }
    return loop;
  }

  close(): void {
    for (const number of [0, 1]) this.#device(`o${number}`).rxHandler = null;
    this.#taps.close();
    this.#machine.close();
    ip(`link del ${this.#name}br`);
  }

  /** Runs lines of `ip …` on the machine. */
  async do(...lines: string[]): Promise<void> {
    for (const line of lines) await this.#uveth(line);
  }

  /** The states of the two ports of each bridge, when nothing listens or learns any more, for a while. */
  async settled(): Promise<States> {
    const end = performance.now() + patienceMs;
    let last = "";
    let since = performance.now();
    for (;;) {
      const states = await this.#states();
      const text = JSON.stringify(states);
      const now = performance.now();
      if (text !== last) since = now;
      last = text;
      const isMoving = /listening|learning/.test(text);
      if ((!isMoving && now - since >= restMs) || now >= end) return states;
      await sleep(50);
    }
  }

  /** A frame to all, of a host of the machine, comes to the kernel once and not back; nothing turns round. */
  async expectOneWay(): Promise<void> {
    const host = this.#device("pc0");
    const outer = [this.#device("o0"), this.#device("o1")];
    const crossed = (counter: number): number =>
      outer.reduce((sum, dev) => sum + (dev.counters[counter] ?? 0), 0);
    const before = [crossed(RX_PACKETS), crossed(TX_PACKETS), this.#kernelReceived()];
    const returned = host.counters[RX_PACKETS] ?? 0;
    const sent = 20;
    for (let count = 0; count < sent; count++) {
      const bytes = new Uint8Array(60).fill(0xff, 0, 6);
      bytes.set([2, 0, 0, 0, 0, 0x99, 0x88, 0xb5], 6);
      const frame = frameFrom(this.#machine.core.frames, bytes);
      if (frame === null) throw new Error("The pool is exhausted");
      frame.dev = host;
      frame.protocol = 0x88b5;
      devQueueXmit(frame);
    }
    await sleep(300);
    // Beside them go hellos, and what a host asks or answers; a storm would be thousands.
    const few = 40;
    const received = this.#kernelReceived() - (before[2] ?? 0);
    expect(received).toBeGreaterThanOrEqual(sent);
    expect(received).toBeLessThan(sent + few);
    expect(crossed(RX_PACKETS) - (before[0] ?? 0)).toBeLessThan(2 * sent + few);
    expect(crossed(TX_PACKETS) - (before[1] ?? 0)).toBeLessThan(few);
    expect((host.counters[RX_PACKETS] ?? 0) - returned).toBeLessThan(few / 2);
  }

  /** How many of three echo requests of the machine's bridge the kernel's answers. */
  async pings(): Promise<number> {
    const netns = await this.#machine.netns();
    return (await netns.ping(this.#address(2), { count: 3, intervalMs: 100 })).received;
  }

  /** How many of three echo requests of the kernel's bridge the machine's answers. */
  async pingsFromKernel(): Promise<number> {
    const ping = spawn("ping", ["-c", "3", "-i", "0.2", "-W", "2", this.#address(1)]);
    let text = "";
    ping.stdout.on("data", (part) => (text += part));
    await once(ping, "close");
    return Number(/(\d+) received/.exec(text)?.[1] ?? Number.NaN);
  }

  /** The root as the first port of a bridge has it; what iproute2 6.1 prints for the bridge's own is its identifier. */
  kernelRoot(): string {
    return this.#kernel(`${this.#name}t0`).linkinfo.info_slave_data?.root_id ?? "";
  }

  kernelId(): string {
    return this.#kernel(`${this.#name}br`).linkinfo.info_data?.bridge_id ?? "";
  }

  async uvethRoot(): Promise<string> {
    return (await this.#show("p0")).linkinfo.info_slave_data?.root_id ?? "";
  }

  async uvethId(): Promise<string> {
    return (await this.#show("br0")).linkinfo.info_data?.bridge_id ?? "";
  }

  /** An address of the loop's subnet. */
  #address(host: number): string {
    return `10.0.${this.#name.charCodeAt(0)}.${host}`;
  }

  async #states(): Promise<States> {
    const ports = [0, 1];
    const uveth: string[] = [];
    for (const number of ports) uveth.push(stateOf(await this.#show(`p${number}`)));
    const kernel = ports.map((number) => stateOf(this.#kernel(`${this.#name}t${number}`)));
    return { uveth, kernel };
  }

  async #show(dev: string): Promise<Shown> {
    return shownIn(await this.#uveth(`ip -d -j link show dev ${dev}`));
  }

  #kernel(dev: string): Shown {
    return shownIn(ip(`-d -j link show dev ${dev}`));
  }

  #kernelReceived(): number {
    const [shown] = JSON.parse(ip(`-s -j link show dev ${this.#name}br`));
    return shown.stats64.rx.packets;
  }

  async #uveth(line: string): Promise<string> {
    let stdout = "";
    let stderr = "";
    const io = {
      ...quietIo(this.#machine),
      stdout: (text: string) => void (stdout += text),
      stderr: (text: string) => void (stderr += text),
    };
    if ((await run(line.split(" "), io)) !== 0) throw new Error(`${line}: ${stderr}`);
    return stdout;
  }

  #device(name: string): Device {
    const dev = this.#machine.core.initialNetns.names.get(name);
    if (dev === undefined) throw new Error(`There is no ${name}`);
    return dev;
  }
}

function shownIn(json: string): Shown {
  const [shown] = JSON.parse(json);
  return shown;
}

function stateOf({ linkinfo }: Shown): string {
  return linkinfo.info_slave_data?.state ?? "none";
}

/** Runs `ip` on the live kernel, in the namespace of this thread. */
function ip(line: string): string {
  const { status, stderr, stdout } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
  return stdout;
}
