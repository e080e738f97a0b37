// A lab: hosts, routers and switches with links between them, on one machine of its own; nothing of it is left when it is closed.
//
// What is declared is made by `start()`, which every call that needs it makes itself. Time is the world's, or virtual: then
// nothing happens unless the lab is told to advance, and the same seed gives the same run, byte for byte.

import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { FrameChannel } from "../attach/index.ts";
import { realTime } from "../attach/index.ts";
import type { NativeNamespace } from "../attach/node/index.ts";
import type { Machine, Time, WireHook } from "../index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../index.ts";
import { ETH_DATA_LEN } from "../uapi/if_ether.ts";
import { attachOutside } from "./attach.ts";
import { Cuts } from "./cuts.ts";
import type { Disposer } from "./disposer.ts";
import { disposer } from "./disposer.ts";
import { macOf } from "./hash.ts";
import { LabError } from "./lab-error.ts";
import type { LabOptions } from "./lab-options.ts";
import { LabTime } from "./lab-time.ts";
import type { LinkCaptureOptions, LinkOptions } from "./link.ts";
import { LabLink, LinkEnd } from "./link.ts";
import { Maker, SPANNING_TREE_NS } from "./maker.ts";
import { Host, interfaceNameForm, LabNode, nodeNameForm, Outside, Router, Switch } from "./node.ts";
import type { PartitionArguments } from "./partition.ts";
import { readPartition } from "./partition.ts";
import type { PingAllResult } from "./ping-all.ts";
import { pingEach } from "./ping-all.ts";
import type { ProgramRunner } from "./programs.ts";
import type { LabEvent } from "./recording.ts";
import { captureEnds, Recording } from "./recording.ts";

const nsPerMs = 1_000_000;

/** A network in a box. Close it, or let `await using` do so. */
export class Lab {
  readonly seed: number;
  readonly machine: Machine;
  readonly nodes = new Map<string, LabNode>();
  readonly links: LabLink[] = [];
  readonly events: LabEvent[] = [];
  readonly isVirtual: boolean;
  readonly hasIpv6: boolean;
  readonly #time: LabTime;
  readonly #maker: Maker;
  readonly #cuts: Cuts;
  #settledAtNs = 0;
  readonly #listeners = new Set<(event: LabEvent) => void>();
  readonly #history: number;
  /** Somebody else joins what is outside. */
  readonly #isTrial: boolean;
  /** What has been captured since the first start, when the lab records. */
  readonly recording: Recording | undefined;
  #programs: ProgramRunner | undefined;
  #started: Promise<void> = Promise.resolve();
  #isClosed = false;
  #hasStarted = false;

  constructor(options: LabOptions = {}) {
    const { seed, time = "real", ipv6 = true, epochNs, programs, history = 0, record = false } = options;
    this.#isTrial = options.attach !== undefined;
    const world = realTime();
    this.seed = seed ?? world.random.u32();
    this.#history = history;
    this.#programs = programs;
    const random = new SeededRandom(this.seed);
    const clock = time === "virtual" ? new VirtualClock(epochNs) : undefined;
    this.machine = createMachine(
      clock === undefined ? { ...world, random } : { clock, scheduler: clock, random },
    );
    this.#time = new LabTime(this.machine, clock);
    this.recording = record ? new Recording(this.machine, this.seed, this.events) : undefined;
    this.hasIpv6 = ipv6;
    this.#maker = new Maker(this.machine, this.links, ipv6, options.attach ?? attachOutside);
    this.isVirtual = this.#time.isVirtual;
    this.#cuts = new Cuts(this.links, (end) => this.wireOf(end));
  }

  // --- Building -------------------------------------------------------------------------------------------------------

  /** A host of this name. */
  host(name: string): Host {
    return this.#add(new Host(this, name));
  }

  /** Several hosts at once. */
  hosts(...names: string[]): Host[] {
    return names.map((name) => this.host(name));
  }

  /** A host that passes packets on. */
  router(name: string): Router {
    return this.#add(new Router(this, name));
  }

  /** A learning switch; `stp` for shapes with loops. */
  switch(name: string, { stp = false }: { readonly stp?: boolean } = {}): Switch {
    if (!this.machine.core.kinds.has("bridge"))
      throw new LabError(
        "Cannot make a switch: this uveth has no bridges. Link hosts to one another or to a router instead",
      );
    return this.#add(new Switch(this, name, stp));
  }

  /**
   * What is not of the lab, by an endpoint as `uveth attach` takes it (`listen:/tmp/vm0.sock`, `vde:/tmp/switch`, …) or by a channel
   * of messages (a WebSocket, …). Link it as any node; the wire that leads out has an MTU of its own, 1500 by default. An endpoint
   * takes real time. LabError from `start()` when it cannot be had.
   */
  outside(
    name: string,
    endpoint: string | FrameChannel,
    { mtu = ETH_DATA_LEN }: { readonly mtu?: number | undefined } = {},
  ): Outside {
    if (this.isVirtual && !this.#isTrial && typeof endpoint === "string")
      throw new LabError(`Cannot join "${name}": what is outside takes real time, and this lab's is virtual`);
    return this.#add(new Outside(this, name, endpoint, mtu));
  }

  #add<Node extends LabNode>(node: Node): Node {
    if (!nodeNameForm.test(node.name))
      throw new LabError(`Cannot name a node "${node.name}": letters, digits, ".", "_" and "-", 64 at most`);
    if (this.nodes.has(node.name)) throw new LabError(`There is a node "${node.name}" already`);
    this.nodes.set(node.name, node);
    return node;
  }

  /** A link between two nodes, named or as they are. */
  link(a: LabNode | string, b: LabNode | string, options: LinkOptions = {}): LabLink {
    const [one, other] = [this.node(a), this.node(b)];
    if (one === other) throw new LabError(`Cannot link "${one.name}" to itself`);
    const base = options.name ?? `${one.name}-${other.name}`;
    let name = base;
    for (let number = 2; this.links.some((link) => link.name === name); number++) {
      if (options.name !== undefined) throw new LabError(`There is a link "${base}" already`);
      name = `${base}-${number}`;
    }
    const ends = [one, other].map((node, index) => {
      const ifname = options.interfaces?.[index] ?? node.freeName();
      if (!interfaceNameForm.test(ifname) || !node.hasNameFree(ifname))
        throw new LabError(`Cannot have an interface "${ifname}" in "${node.name}"`);
      return new LinkEnd(node, ifname, macOf(`${node.name}/${ifname}`));
    });
    const [endA, endB] = ends;
    if (endA === undefined || endB === undefined) throw new LabError("A link has two ends");
    const link = new LabLink(this, name, endA, endB, options);
    this.links.push(link);
    one.links.push(link);
    other.links.push(link);
    return link;
  }

  /** A node by name. */
  node(name: LabNode | string): LabNode {
    if (name instanceof LabNode) return name;
    const node = this.nodes.get(name);
    if (node === undefined) throw new LabError(`There is no node "${name}"`);
    return node;
  }

  /** A host or router by name. */
  get(name: string): Host {
    const node = this.node(name);
    if (!(node instanceof Host)) throw new LabError(`"${name}" is no host`);
    return node;
  }

  /** Every host and router. */
  get allHosts(): Host[] {
    return [...this.nodes.values()].filter((node) => node instanceof Host);
  }

  // --- Making ---------------------------------------------------------------------------------------------------------

  /** Makes what has been declared and is not there yet. Calls may be repeated; they do nothing when all is there. */
  start(): Promise<void> {
    this.#started = this.#started.then(() => this.#make());
    return this.#started;
  }

  async #make(): Promise<void> {
    if (this.#isClosed) throw new LabError("The lab is closed");
    const nodes = [...this.nodes.values()].filter((node) => !node.isMade);
    const links = this.links.filter((link) => !link.isMade);
    if (nodes.length === 0 && links.length === 0) return;
    await this.#maker.make(nodes, links);
    if (this.#hasStarted) {
      for (const { name, kind } of nodes) this.note(`${name}: ${kind} added`, "node");
      for (const { name } of links) this.note(`${name}: added`, "link");
    }
    this.#hasStarted = true;
    for (const link of links) if (this.#history > 0) link.remember(this.#history);
    if (links.some(({ ends }) => ends.some(({ node }) => node instanceof Switch && node.isStp)))
      this.#settledAtNs = this.now() + SPANNING_TREE_NS;
    this.#cuts.refresh();
    this.recording?.start();
  }

  /**
   * Resolves when switches that run the spanning tree have had the time to choose their ports: five seconds after a link of
   * theirs was made, and at once where there are none. Virtual time moves on.
   */
  async settle(): Promise<void> {
    await this.start();
    const left = this.#settledAtNs - this.now();
    if (left > 0) await this.#time.pass(left / nsPerMs);
  }

  /** See LinkOwner. */
  mended(link: LabLink): Promise<void> {
    return this.#maker.mend(link);
  }

  /** Takes a link away, with its devices. What is returned makes it again as it was, with its addresses and faults. */
  async removeLink(link: LabLink): Promise<() => Promise<void>> {
    await this.start();
    const index = this.links.indexOf(link);
    if (index < 0) throw new LabError(`There is no link "${link.name}"`);
    const faults = link.ends.map((end) => end.faults);
    const places = link.ends.map(({ node }) => node.links.indexOf(link));
    this.links.splice(index, 1);
    for (const [end, { node }] of link.ends.entries()) node.links.splice(places[end] ?? 0, 1);
    const removed = await this.#maker.unmakeLink(link);
    this.#cuts.refresh();
    this.note(`${link.name}: removed`, "link");
    return async () => {
      this.links.splice(index, 0, link);
      for (const [end, { node }] of link.ends.entries()) node.links.splice(places[end] ?? 0, 0, link);
      this.#maker.restore(removed);
      await this.start();
      await link.restoreFaults(faults);
    };
  }

  /** Takes a node away, with its links and programs. */
  async removeNode(node: LabNode): Promise<void> {
    await this.start();
    if (this.nodes.get(node.name) !== node) throw new LabError(`There is no node "${node.name}"`);
    for (const link of [...node.links]) if (link instanceof LabLink) await this.removeLink(link);
    this.nodes.delete(node.name);
    await this.#programs?.end(node.name);
    await this.#maker.unmakeNode(node);
    this.note(`${node.name}: removed`, "node");
  }

  // --- Names, time, events --------------------------------------------------------------------------------------------

  /**
   * The IPv4 address of a node's name, one that `from` has a link to if there is; an address is its own, and `localhost` is
   * 127.0.0.1 unless a node is called so.
   */
  resolve(name: string, from?: Host): string {
    const node = this.nodes.get(name);
    if (node instanceof Host) return from === undefined ? node.ip : node.ipFrom(from);
    if (node !== undefined) throw new LabError(`"${name}" is no host and has no address`);
    if (/^[0-9.]+$/.test(name) || name.includes(":")) return name;
    if (name === "localhost") return "127.0.0.1";
    throw new LabError(`There is no host "${name}" in the lab`);
  }

  /** Moves virtual time on by "10s" or milliseconds; promises that become ready run in between. LabError in real time. */
  async advance(time: Time): Promise<void> {
    if (this.isVirtual) await this.start();
    await this.#time.advance(time);
  }

  /** Awaits `promise`; virtual time runs on until it is settled. `settle`: see VirtualClock.advance. */
  until<Result>(promise: Promise<Result>, settle?: () => Promise<void>): Promise<Result> {
    return this.#time.until(promise, settle);
  }

  /** Nanoseconds since the lab's start. */
  now(): number {
    return this.#time.now();
  }

  /** Resolves when so much of the lab's time has passed. */
  sleep(time: Time): Promise<void> {
    return this.#time.sleep(time);
  }

  /** Runs `run` once so many nanoseconds of the lab's time have passed; returns how to take that back. */
  after(delayNs: number, run: () => void): () => void {
    return this.#time.after(delayNs, run);
  }

  /** Waits until something holds, for at most so long; virtual time runs meanwhile. */
  waitUntil(isReached: () => boolean, withinNs: number): Promise<void> {
    return this.#time.waitUntil(isReached, withinNs);
  }

  /** See LabLink.capture. */
  captureEnds(ends: readonly LinkEnd[], options: LinkCaptureOptions): () => Uint8Array {
    return captureEnds(this.machine, this.seed, ends, options);
  }

  /** Adds a line to the timeline. */
  note(text: string, event: LabEvent["event"] = "fault"): void {
    const noted = { atNs: this.now(), event, text };
    this.events.push(noted);
    for (const listener of this.#listeners) listener(noted);
  }

  /** Tells `listener` what happens to the lab: links, faults, programs. Returns how to stop. */
  onEvent(listener: (event: LabEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wireOf(end: LinkEnd): WireHook {
    return this.machine.wire(end.node.name, end.ifname);
  }

  // --- Faults ---------------------------------------------------------------------------------------------------------

  /**
   * Keeps groups of nodes from hearing one another, both ways, until healed: frames vanish, connections stay open. One way
   * with `{ oneWay: true }`: the first group is not heard by the others.
   */
  async partition(...args: PartitionArguments): Promise<Disposer> {
    await this.start();
    const { groups, isOneWay, text } = readPartition(args, (node) => this.node(node));
    const undo = this.#cuts.between(groups, "drop", isOneWay);
    this.note(`partition ${text}`);
    return disposer(() => {
      undo();
      this.note(`healed ${text}`);
    });
  }

  /** Cuts a node off from all others. */
  isolate(node: LabNode | string): Promise<Disposer> {
    const alone = this.node(node);
    return this.partition(
      [alone],
      [...this.nodes.values()].filter((other) => other !== alone),
    );
  }

  /** Takes every partition and hold back, and every netem, fault of TCP and downed link. */
  async heal(): Promise<void> {
    this.#cuts.clear();
    for (const link of this.links) {
      if (!link.isMade) continue;
      await link.netem(null);
      await link.tcp(null);
      await link.up();
    }
    this.note("healed");
  }

  /** Keeps what groups send one another waiting on the wire, until `release()`, when it goes on in order. */
  async hold(from: readonly (LabNode | string)[], to: readonly (LabNode | string)[]): Promise<Disposer> {
    await this.start();
    const [one, other] = [from.map((node) => this.node(node)), to.map((node) => this.node(node))];
    const undo = this.#cuts.between([one, other], "hold");
    this.note(`hold ${one.map(({ name }) => name).join(",")} | ${other.map(({ name }) => name).join(",")}`);
    return disposer(undo);
  }

  /** Lets everything go that is held. */
  release(): void {
    this.#cuts.clear("hold");
    this.note("released");
  }

  // --- Assertions, captures, programs ---------------------------------------------------------------------------------

  /** Pings from every host to every other once; names the pairs that had no answer. */
  async pingAll({ timeoutMs = 1_000 }: { readonly timeoutMs?: number } = {}): Promise<PingAllResult> {
    await this.settle();
    return pingEach(
      this.allHosts.filter((host) => host.addresses.length > 0),
      timeoutMs,
    );
  }

  /** See NodeOwner. */
  nativeOf(node: Host): NativeNamespace | undefined {
    return this.#programs?.nativeOf(node.name);
  }

  /** See Host.spawn. */
  async spawnIn(node: Host, argv: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
    if (this.isVirtual)
      throw new LabError(`Cannot run "${argv[0] ?? ""}": programs take real time, and this lab's is virtual`);
    this.#programs ??= (await import("./programs.ts")).createPrograms(this.machine);
    const child = await this.#programs.spawn(node.name, argv, options);
    const text = `${node.name}: ${argv.join(" ")}`;
    this.note(`${text}: started, pid ${child.pid ?? 0}`, "program");
    child.once("exit", (code, signal) =>
      this.note(`${text}: ended, ${signal === null ? `exit code ${code ?? 0}` : signal}`, "program"),
    );
    return child;
  }

  // --- End ------------------------------------------------------------------------------------------------------------

  /** Ends programs, connections, captures and devices: nothing is left. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#started.catch(() => undefined);
    this.#isClosed = true;
    this.recording?.stop();
    await this.#programs?.close();
    this.#cuts.clear();
    for (const link of this.links) {
      for (const end of link.ends) if (end.handle !== undefined) this.wireOf(end).clear();
    }
    this.machine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Makes an empty lab. */
export function createLab(options: LabOptions = {}): Lab {
  return new Lab(options);
}
