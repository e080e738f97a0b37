// Assembles the rooms into a machine: clock, randomness, memory, kinds of device. There is no global state; two
// machines know nothing of each other.

import { assert } from "./bytes/assert.ts";
import { bond } from "./drivers/bond/bond.ts";
import { bridge } from "./drivers/bridge/bridge.ts";
import { dummy } from "./drivers/dummy.ts";
import { ifb } from "./drivers/ifb.ts";
import { addLoopback } from "./drivers/loopback.ts";
import { macvlan } from "./drivers/macvlan/macvlan.ts";
import { netkit } from "./drivers/netkit.ts";
import { nlmon } from "./drivers/nlmon.ts";
import { tun } from "./drivers/tun.ts";
import { veth } from "./drivers/veth.ts";
import { vlan } from "./drivers/vlan/vlan.ts";
import { vrf } from "./drivers/vrf.ts";
import { vxlan } from "./drivers/vxlan/vxlan.ts";
import { LinkWatchList } from "./net/carrier.ts";
import type { Clock, Scheduler } from "./net/clock.ts";
import type { AllocateMemory } from "./net/counters.ts";
import { CounterArena } from "./net/counters.ts";
import { FramePool } from "./net/frame.ts";
import { FrameLoop } from "./net/loop.ts";
import { createNetns, destroyNetns, getNet, putNet, unregisterAll } from "./net/namespace.ts";
import type {
  AfOps,
  LinkMessage,
  LinkOps,
  MachineContext,
  Netns,
  Origin,
  OuterStacks,
  Outside,
  QdiscOps,
} from "./net/netdevice.ts";
import { PacketHandlers } from "./net/packet-handlers.ts";
import type { Random } from "./net/random.ts";
import { Timers } from "./net/timers.ts";
import { mq } from "./sched/mq.ts";
import { pfifoFast } from "./sched/pfifo-fast.ts";
import { qdiscs } from "./sched/qdiscs.ts";

/** What a machine is made of. Everything it learns of the world comes through here. */
export interface MachineOptions {
  /** Time (net/clock.ts): a VirtualClock, or the real one of `uveth/attach`. */
  readonly clock: Clock;
  /** Runs left-over batches; a VirtualClock is one too. */
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Kinds of device beside the built-in ones. */
  readonly kinds?: readonly LinkOps[];
  /** Finds the kind that a module's alias stands for ("rtnl-link-veth"), when a request names one there is not (request_module). */
  readonly requestModule?: (alias: string) => Promise<LinkOps | undefined>;
  /** What Linux reports as the number of possible CPUs, the default number of queues; 1 by default. */
  readonly possibleCpus?: number;
  /** The most memory frames may take, in bytes; 256 MiB by default, reserved but not touched until needed. */
  readonly frameMemoryBytes?: number;
  /** Frames a device's backlog holds (net.core.netdev_max_backlog); 1,000 by default. */
  readonly maxBacklog?: number;
  /** Fills freed frames with 0xdd, so that use after free shows. */
  readonly poisonFrames?: boolean;
  /** Allocates memory that engine threads share; memory of this thread by default. */
  readonly allocate?: AllocateMemory;
}

/** The shared parts of a machine, made and wired (net/netdevice.ts, MachineContext). */
export class MachineCore implements MachineContext {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly timers: Timers;
  readonly frames: FramePool;
  readonly counters: CounterArena;
  readonly loop: FrameLoop;
  readonly linkWatch: LinkWatchList;
  readonly kinds = new Map<string, LinkOps>();
  readonly qdiscKinds = new Map<string, QdiscOps>();
  readonly defaultQdisc: QdiscOps = pfifoFast;
  readonly defaultMultiQueue: QdiscOps = mq;
  readonly packetHandlers = new PacketHandlers();
  readonly possibleCpus: number;
  readonly maxBacklog: number;
  readonly notifiers: MachineContext["notifiers"] = [];
  readonly afOps: AfOps[] = [];
  readonly namespaces = new Map<number, Netns>();
  readonly netnsNames = new Map<string, Netns>();
  readonly initialNetns: Netns;
  outerStacks: OuterStacks | null = null;
  outside: Outside | null = null;
  announceLink: (message: LinkMessage) => void = () => {};
  announce: MachineContext["announce"] = () => {};
  announceNsid: (netns: Netns, nsid: number, type: "new" | "del", origin?: Origin) => void = () => {};
  announceNetnsName: MachineContext["announceNetnsName"] = () => {};
  readonly #requestModule: (alias: string) => Promise<LinkOps | undefined>;
  #lastPacketId = 0;
  #awake = 0;
  #lastNetnsId = 0;

  /** `join` lets the protocols take their places before the first device is registered. */
  constructor(options: MachineOptions, join: (machine: MachineCore) => void) {
    this.clock = options.clock;
    this.scheduler = options.scheduler;
    this.random = options.random;
    this.linkWatch = new LinkWatchList(options.scheduler);
    this.timers = new Timers(options.clock);
    this.frames = new FramePool({
      limitBytes: options.frameMemoryBytes ?? 256 * 1024 * 1024,
      poison: options.poisonFrames ?? false,
    });
    this.counters = new CounterArena(1, 0, options.allocate ?? ((bytes) => new ArrayBuffer(bytes)));
    this.loop = new FrameLoop(options.scheduler);
    this.possibleCpus = options.possibleCpus ?? 1;
    this.maxBacklog = options.maxBacklog ?? 1_000;
    this.#requestModule = options.requestModule ?? (async () => undefined);
    const kinds: readonly LinkOps[] = [
      bond,
      bridge,
      dummy,
      ifb,
      macvlan,
      netkit,
      nlmon,
      tun,
      veth,
      vlan,
      vrf,
      vxlan,
      ...(options.kinds ?? []),
    ];
    for (const ops of qdiscs) this.qdiscKinds.set(ops.id, ops);
    join(this);
    for (const ops of kinds) this.#addKind(ops);
    this.initialNetns = this.newNetns();
  }

  /** Loads the module behind an alias, once it has been asked for: the kind it holds is there from then on. Says whether it was found. */
  async loadModule(alias: string): Promise<boolean> {
    const ops = await this.#requestModule(alias).catch(() => undefined);
    if (ops === undefined) return false;
    if (!this.kinds.has(ops.kind)) this.#addKind(ops);
    return true;
  }

  /** Makes a kind available, and lets it follow the events of devices (rtnl_link_register). */
  #addKind(ops: LinkOps): void {
    this.kinds.set(ops.kind, ops);
    const { deviceEvent } = ops;
    if (deviceEvent !== undefined) this.notifiers.push((event, dev) => deviceEvent(event, dev));
  }

  keepAwake(change: 1 | -1): void {
    this.#awake += change;
    if (this.#awake === (change > 0 ? 1 : 0)) this.clock.stayAwake?.(change > 0);
  }

  nextPacketId(): number {
    return ++this.#lastPacketId;
  }

  /** Makes a namespace with its `lo`; it has no name yet. */
  newNetns(): Netns {
    return createNetns(this, ++this.#lastNetnsId, addLoopback);
  }

  /** Keeps a namespace alive for one more holder (getNet); `release` gives that up, as it does its maker's part. */
  hold(netns: Netns): void {
    getNet(netns);
  }

  release(netns: Netns): void {
    putNet(netns);
  }

  /** Takes every namespace but the initial one down, then every device of that one. Frames and timers left then have leaked. */
  takeDown(): void {
    for (const netns of [...this.namespaces.values()]) {
      if (netns !== this.initialNetns) destroyNetns(netns);
    }
    assert(this.namespaces.size === 1, "Only the initial namespace is left");
    unregisterAll(this.initialNetns);
  }

  /** Ends the machine: nothing of it runs any more. */
  close(): void {
    // First, as they need not follow what goes.
    this.outerStacks?.close();
    this.outerStacks = null;
    this.takeDown();
    this.timers.clear();
  }
}
