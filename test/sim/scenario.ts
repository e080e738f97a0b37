// One run: hosts on ill wires, connections between them, users who write, read, wait, end and reset as the seed decides. All of
// it in virtual time; the same seed is the same run.
//
//   two hosts    a ──── b
//   eight hosts  a … h, each with a wire to a router between them

import { ipNetns } from "../../src/inet/slots.ts";
import { setSysctl } from "../../src/inet/sysctl.ts";
import { tcpTable } from "../../src/inet/tcp/table.ts";
import { devSetMtu } from "../../src/net/change.ts";
import { NETIF_F_GSO, updateFeatures } from "../../src/net/features.ts";
import type { Device, Netns } from "../../src/net/netdevice.ts";
import { randomBelow, SeededRandom } from "../../src/net/random.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import { connectIn } from "../../src/sockets/connect.ts";
import type { Connection } from "../../src/sockets/connection.ts";
import { Listener } from "../../src/sockets/listener.ts";
import { InetLab, MS, S } from "../fixtures/inet.ts";
import { BrokenRule, StreamChecker, streamBytes, WindowChecker } from "./checkers.ts";
import type { Disease } from "./disease.ts";
import { IllWire } from "./disease.ts";

/** What came of a run that broke no rule. */
export interface SimResult {
  readonly seed: number;
  readonly hosts: number;
  readonly connections: number;
  /** Connections that ended well in both directions, and those that were reset or timed out. */
  readonly completed: number;
  readonly broken: number;
  readonly bytes: number;
  readonly segments: number;
  readonly virtualSeconds: number;
}

interface Host {
  readonly netns: Netns;
  readonly dev: Device;
  readonly address: string;
}

const port = 80;
/** Settings that a host may have otherwise, and the most they may be. */
const settings: readonly (readonly [name: string, most: number])[] = [
  ["tcp_dsack", 1],
  ["tcp_early_retrans", 3],
  ["tcp_ecn", 2],
  ["tcp_frto", 2],
  ["tcp_moderate_rcvbuf", 1],
  ["tcp_sack", 1],
  ["tcp_slow_start_after_idle", 1],
  ["tcp_syncookies", 2],
  ["tcp_timestamps", 2],
  ["tcp_tw_reuse", 2],
  ["tcp_window_scaling", 1],
];
/** Without it, who waits for a peer that has gone, and whose reset was lost, waits for ever. */
const keepAliveMs = 60_000;
/** By then everything must have come to an end: a connection gives up after a quarter of an hour at most, both ends one after the other. */
const longestNs = 4_000 * S;
const lastWordsNs = 1_200 * S;

/** Runs one seed; throws BrokenRule. */
export async function simulate(seed: number): Promise<SimResult> {
  const run = new Run(seed);
  try {
    return await run.run();
  } finally {
    run.abandon();
  }
}

class Run {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #lab: InetLab;
  readonly #wires: IllWire[] = [];
  readonly #hosts: Host[] = [];
  readonly #checkers: WindowChecker[] = [];
  readonly #listeners: Listener[] = [];
  #completed = 0;
  #broken = 0;
  #bytes = 0;
  /** Ends of connections that their users have and are not done with. */
  #open = 0;
  #failure: Error | undefined;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#lab = new InetLab({ seed, frameMemoryBytes: 16 << 20 });
  }

  async run(): Promise<SimResult> {
    const lab = this.#lab;
    const count = this.#below(4) === 0 ? 8 : 2;
    if (count === 2) this.#buildPair();
    else this.#buildStar(count);
    await lab.clock.advance(2 * S);
    for (const host of this.#hosts) this.#serve(host);
    const connections = 1 + this.#below(count === 2 ? 3 : 8);
    this.#open = connections;
    for (let index = 0; index < connections; index++) this.#connect(index);
    const cuts = this.#below(3) === 0 ? 1 + this.#below(3) : 0;
    for (let index = 0; index < cuts; index++) this.#cutLater();
    const start = lab.clock.now();
    while (this.#open > 0 && lab.clock.now() - start < longestNs && this.#failure === undefined) {
      await lab.clock.advance(S);
    }
    const virtualSeconds = Math.round((lab.clock.now() - start) / S);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#open > 0) throw new BrokenRule(`${this.#open} ends of connections are stuck`);
    for (const listener of this.#listeners) listener.close();
    await this.#waitForEnd();
    for (const wire of this.#wires) wire.reset();
    lab.close();
    if (lab.machine.timers.size > 0) throw new BrokenRule(`${lab.machine.timers.size} timers are left`);
    return {
      seed: this.#seed,
      hosts: count,
      connections,
      completed: this.#completed,
      broken: this.#broken,
      bytes: this.#bytes,
      segments: this.#checkers.reduce((sum, checker) => sum + checker.segments, 0),
      virtualSeconds,
    };
  }

  /** What is in TIME-WAIT goes, and whoever lost its peer gives up: in the end there is no connection left. */
  async #waitForEnd(): Promise<void> {
    const { clock } = this.#lab;
    const end = clock.now() + lastWordsNs;
    const left = (): number => this.#hosts.reduce((sum, { netns }) => sum + tcpTable(ipNetns(netns)).size, 0);
    while (left() > 0 && clock.now() < end) await clock.advance(10 * S);
    if (left() > 0) throw new BrokenRule(`${left()} connections are left`);
  }

  /** Lets go of everything after a rule was broken. */
  abandon(): void {
    for (const wire of this.#wires) wire.reset();
  }

  #below(limit: number): number {
    return randomBelow(this.#random, limit);
  }

  #buildPair(): void {
    const lab = this.#lab;
    const [a, b] = [lab.netns(), lab.netns()];
    const [one, other] = lab.pair(a, "v0", b, "v0");
    this.#join(one, other);
    this.#addHost(a, one, "10.0.0.1");
    this.#addHost(b, other, "10.0.0.2");
  }

  #buildStar(count: number): void {
    const lab = this.#lab;
    const router = lab.netns();
    lab.router(router);
    for (let index = 1; index <= count; index++) {
      const netns = lab.netns();
      const [dev, far] = lab.pair(netns, "v0", router, `r${index}`);
      this.#join(dev, far);
      lab.address(far, `10.0.${index}.1/24`);
      this.#addHost(netns, dev, `10.0.${index}.2`);
      lab.route(netns, "0.0.0.0/0", `10.0.${index}.1`);
    }
  }

  #addHost(netns: Netns, dev: Device, address: string): void {
    this.#lab.address(dev, `${address}/24`);
    this.#hosts.push({ netns, dev, address });
    this.#checkers.push(new WindowChecker(dev));
    // Half of the hosts are as they come.
    if (this.#below(2) === 0) return;
    for (const [name, most] of settings) setSysctl(netns, `net.ipv4.${name}`, `${this.#below(most + 1)}`);
    setSysctl(netns, "net.ipv4.tcp_congestion_control", this.#below(2) === 0 ? "reno" : "cubic");
  }

  /** Makes a wire ill in both directions, and as large or small as the seed has it. */
  #join(one: Device, other: Device): void {
    const disease = this.#disease();
    const mtu = [1_500, 1_500, 9_000, 576][this.#below(4)] ?? 1_500;
    const hasLargeFrames = this.#below(3) === 0;
    for (const dev of [one, other]) {
      devSetMtu(dev, mtu);
      if (!hasLargeFrames) {
        dev.wantedFeatures &= ~NETIF_F_GSO;
        updateFeatures(dev);
      }
      this.#wires.push(new IllWire(dev, this.#random, disease));
    }
  }

  #disease(): Disease {
    const pick = (values: readonly number[]): number => values[this.#below(values.length)] ?? 0;
    return {
      lossPpm: pick([0, 0, 1_000, 10_000, 50_000, 100_000]),
      duplicatePpm: pick([0, 0, 10_000, 50_000]),
      corruptPpm: pick([0, 0, 5_000, 20_000]),
      markPpm: pick([0, 0, 10_000, 100_000]),
      reorderPpm: pick([0, 0, 20_000, 100_000]),
      reorderNs: pick([MS, 5 * MS, 50 * MS]),
      delayNs: pick([0, MS / 10, 5 * MS, 50 * MS]),
      jitterNs: pick([0, 0, MS, 10 * MS]),
      rateBytesPerSec: pick([0, 125_000, 1_250_000, 12_500_000]),
      limitFrames: pick([20, 100, 1_000]),
    };
  }

  #cutLater(): void {
    const wire = this.#wires[this.#below(this.#wires.length)];
    const { timers } = this.#lab.machine;
    timers.after(this.#below(20_000) * MS, () => {
      if (wire === undefined) return;
      wire.isCut = true;
      timers.after((1 + this.#below(30_000)) * MS, () => {
        wire.isCut = false;
      });
    });
  }

  #serve({ netns }: Host): void {
    const receiveBufferBytes = this.#below(3) === 0 ? 2_000 + this.#below(60_000) : undefined;
    const options = {
      port,
      keepAliveMs,
      ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
    };
    const listener = new Listener(netns, options);
    this.#listeners.push(listener);
    void this.#guard(async () => {
      for await (const connection of listener) void this.#guard(() => this.#server(connection));
    });
  }

  /** The first four bytes a client sends say which of the planned connections it is. */
  readonly #plans: { readonly toServer: number; readonly toClient: number; readonly isReset: boolean }[] = [];

  #connect(index: number): void {
    const from = this.#below(this.#hosts.length);
    const to = (from + 1 + this.#below(this.#hosts.length - 1)) % this.#hosts.length;
    const [client, server] = [this.#hosts[from], this.#hosts[to]];
    const size = (): number => [0, 1, 100, 5_000, 40_000, 150_000, 500_000][this.#below(7)] ?? 0;
    this.#plans.push({ toServer: size(), toClient: size(), isReset: this.#below(12) === 0 });
    if (client === undefined || server === undefined) return;
    void this.#guard(async () => {
      const options = { host: server.address, port, keepAliveMs };
      const connection = await connectIn(client.netns, options).catch(() => undefined);
      if (connection === undefined) {
        this.#broken++;
        this.#open--;
        return;
      }
      await this.#client(connection, index);
    });
  }

  async #client(connection: Connection, index: number): Promise<void> {
    const plan = this.#plans[index];
    const name = Uint8Array.of(index, index, index, index);
    const isNamed = await settled(connection.write(name));
    await this.#talk(connection, {
      isNamed,
      sends: plan?.toServer ?? 0,
      sendSalt: 2 * index,
      expects: plan?.toClient ?? 0,
      expectSalt: 2 * index + 1,
      resetAfter: plan?.isReset === true ? this.#below(40_000) : -1,
      first: new Uint8Array(0),
    });
    this.#open--;
  }

  async #server(connection: Connection): Promise<void> {
    this.#open++;
    const name = new Uint8Array(4);
    let known = 0;
    let first = new Uint8Array(0);
    while (known < 4) {
      const bytes = await connection.read().catch(() => null);
      if (bytes === null) break;
      const count = Math.min(4 - known, bytes.length);
      name.set(bytes.subarray(0, count), known);
      known += count;
      first = bytes.slice(count);
    }
    const index = name[0] ?? 0;
    const plan = this.#plans[index];
    if (known < 4 || plan === undefined) {
      // It broke before it said who it is.
      connection.reset();
      this.#broken++;
      this.#open--;
      return;
    }
    await this.#talk(connection, {
      isNamed: true,
      sends: plan.toClient,
      sendSalt: 2 * index + 1,
      expects: plan.toServer,
      expectSalt: 2 * index,
      resetAfter: -1,
      first,
    });
    this.#open--;
  }

  /** Sends and receives at once, then closes. */
  async #talk(connection: Connection, talk: Talk): Promise<void> {
    const checker = new StreamChecker(talk.expectSalt, talk.expects);
    checker.take(talk.first);
    const [isSent, isReceived] = await Promise.all([
      talk.isNamed ? this.#send(connection, talk) : false,
      this.#receive(connection, checker),
    ]);
    this.#bytes += checker.received;
    if (isSent && isReceived) {
      this.#completed++;
      connection.close();
    } else {
      this.#broken++;
      connection.reset();
    }
  }

  async #send(connection: Connection, { resetAfter, sendSalt, sends }: Talk): Promise<boolean> {
    for (let at = 0; at < sends; ) {
      if (resetAfter >= 0 && at >= resetAfter) {
        connection.reset();
        return false;
      }
      const size = Math.min(sends - at, 1 + this.#below(this.#below(2) === 0 ? 100 : 30_000));
      const bytes = streamBytes(sendSalt, at, size);
      if (!(await settled(connection.write(bytes)))) return false;
      at += size;
      if (this.#below(10) === 0) await this.#pause();
    }
    connection.end();
    return true;
  }

  async #receive(connection: Connection, checker: StreamChecker): Promise<boolean> {
    for (;;) {
      const bytes = await connection.read().catch((error: unknown) => {
        if (!(error instanceof NetlinkError)) throw error;
        return undefined;
      });
      if (bytes === undefined) return false;
      if (bytes === null) break;
      checker.take(bytes);
      if (this.#below(20) === 0) await this.#pause();
    }
    // A connection this end gave up reads as at its end.
    if (!connection.isReset) checker.end();
    return !connection.isReset;
  }

  #pause(): Promise<void> {
    const ms = [1, 50, 500, 5_000][this.#below(4)] ?? 1;
    return new Promise((resolve) => {
      this.#lab.machine.timers.after(ms * MS, resolve);
    });
  }

  async #guard(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new BrokenRule(String(error));
    }
  }
}

interface Talk {
  readonly isNamed: boolean;
  readonly sends: number;
  readonly sendSalt: number;
  readonly expects: number;
  readonly expectSalt: number;
  readonly resetAfter: number;
  readonly first: Uint8Array;
}

/** Whether a promise was fulfilled; NetlinkErrors alone may reject it. */
async function settled(promise: Promise<void>): Promise<boolean> {
  try {
    await promise;
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return false;
  }
}
