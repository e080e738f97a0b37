// A link of a lab: two ends, one in each node, and what may be wrong with the wire between them.

import type { LinkHandle, NetemOptions, Time, WireHook } from "../index.ts";
import { nanoseconds, netemComplaint, SeededRandom } from "../index.ts";
import { ETH_DATA_LEN } from "../uapi/if_ether.ts";
import { Filter } from "../wire/filter/filter.ts";
import type { Disposer } from "./disposer.ts";
import { disposer } from "./disposer.ts";
import { FrameView } from "./frame-view.ts";
import { hash64 } from "./hash.ts";
import { LabError } from "./lab-error.ts";
import type { LabNode } from "./node.ts";
import type { Preset } from "./presets.ts";
import { presetOf } from "./presets.ts";
import type { TcpFaults } from "./tcp-faults.ts";
import { TcpFaulter } from "./tcp-faults.ts";

/** Both ways, or the frames that one node sends. */
export type Direction = "both" | "to" | "from" | LabNode | string;

/** What is wrong with a link. What is not said stays as it was; null takes one away. */
export type LinkFaults = { readonly [Key in keyof NetemOptions]?: NetemOptions[Key] | null } & {
  /** "both" by default; "to" is from the first node to the second, "from" the other way, a node's name what it sends. */
  readonly direction?: Direction;
};

/** How a link is made. */
export interface LinkOptions extends LinkFaults {
  /** "h1-h2" by default, with a number behind when there are several. */
  readonly name?: string;
  readonly mtu?: number;
  /** What the first and the second end are called; the next of eth0, eth1, … where it is not said. */
  readonly interfaces?: readonly [string | undefined, string | undefined];
  /** Addresses with prefixes in place of planned ones: of the first and of the second end. */
  readonly addresses?: readonly [readonly string[], readonly string[]];
  /** A kind of access with a name: "3g", "satellite", … */
  readonly preset?: Preset;
}

/** What a function says of a frame. */
export type FrameVerdict = "pass" | "drop" | { readonly delayMs: number } | Uint8Array | undefined;

/** A frame that has crossed a link. */
export interface CarriedFrame {
  readonly atNs: number;
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
  /** In one line. */
  readonly text: string;
}

/** What to capture of a link. */
export interface LinkCaptureOptions {
  /** In the words of pcap-filter(7). */
  readonly filter?: string | undefined;
  readonly snaplen?: number | undefined;
  readonly write?: ((block: Uint8Array) => void) | undefined;
}

/** One end of a link. */
export class LinkEnd {
  readonly node: LabNode;
  readonly ifname: string;
  readonly mac: string;
  /** Addresses with prefixes, once the lab has started. */
  addresses: readonly string[] = [];
  handle: LinkHandle | undefined;
  faults: NetemOptions = {};

  constructor(node: LabNode, ifname: string, mac: string) {
    this.node = node;
    this.ifname = ifname;
    this.mac = mac;
  }
}

/** What a link needs of its lab. */
export interface LinkOwner {
  readonly seed: number;
  start(): Promise<void>;
  wireOf(end: LinkEnd): WireHook;
  after(delayNs: number, run: () => void): () => void;
  note(text: string, event?: "link"): void;
  now(): number;
  waitUntil(isReached: () => boolean, withinNs: number): Promise<void>;
  /** Gives nodes what they lost with a device that went down: IPv6 addresses, and routes. */
  mended(link: LabLink): Promise<void>;
  captureEnds(ends: readonly LinkEnd[], options: LinkCaptureOptions): () => Uint8Array;
}

/** A wire between two nodes. */
export class LabLink {
  readonly name: string;
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  #options: LinkOptions;
  /** Frames that the lab remembers, oldest first. */
  readonly history: CarriedFrame[] = [];
  readonly #lab: LinkOwner;
  readonly #tcpFaulters = new Set<TcpFaulter>();
  isMade = false;
  #isDown = false;

  constructor(lab: LinkOwner, name: string, a: LinkEnd, b: LinkEnd, options: LinkOptions) {
    this.#lab = lab;
    this.name = name;
    this.a = a;
    this.b = b;
    this.#options = options;
  }

  /** What it was declared with, or has been changed to. */
  get options(): LinkOptions {
    return this.#options;
  }

  /** Somebody has taken it down. */
  get isDown(): boolean {
    return this.#isDown;
  }

  get ends(): readonly [LinkEnd, LinkEnd] {
    return [this.a, this.b];
  }

  /** The end in a node. */
  endOf(node: LabNode | string): LinkEnd {
    const end = this.ends.find((each) => each.node === node || each.node.name === node);
    if (end === undefined)
      throw new LabError(
        `The link "${this.name}" has no end in "${typeof node === "string" ? node : node.name}"`,
      );
    return end;
  }

  /**
   * Makes frames late, lost, doubled, damaged or slow. Options given later are merged with those before; null takes one, or
   * with `netem(null)` all, away. Heals what it changed when it is disposed of.
   */
  async netem(faults: LinkFaults | null): Promise<Disposer> {
    await this.#lab.start();
    const { direction = "both", ...changes } = faults ?? {};
    const ends = this.#sending(direction);
    const before = ends.map((end) => end.faults);
    const wanted = ends.map((end) => (faults === null ? {} : merge(end.faults, changes)));
    // Of two ends both, or none.
    for (const all of wanted) refuseWhatCannotBe(this.name, all);
    for (const [index, end] of ends.entries()) await this.#apply(end, wanted[index] ?? {});
    const way = ends.length === 2 ? "" : ` from ${ends[0]?.node.name ?? ""}`;
    this.#lab.note(`${this.name}: netem ${faults === null ? "off" : JSON.stringify(changes, plain)}${way}`);
    return disposer(async () => {
      for (const [index, end] of ends.entries()) await this.#apply(end, before[index] ?? {});
    });
  }

  /** Gives the link what a kind of access has: "3g", "dsl", "satellite", … */
  preset(name: Preset): Promise<Disposer> {
    return this.netem(presetOf(name));
  }

  /** Applies the faults that the link was declared with; the lab does so when it has made it. */
  async applyOptions(): Promise<void> {
    const {
      name: _name,
      mtu: _mtu,
      interfaces: _interfaces,
      addresses: _addresses,
      preset,
      direction = "both",
      ...faults
    } = this.options;
    const all = merge(preset === undefined ? {} : presetOf(preset), faults);
    if (Object.keys(all).length === 0) return;
    for (const end of this.#sending(direction)) await this.#apply(end, all);
  }

  /** Gives both ends the faults that they had. */
  async restoreFaults(faults: readonly NetemOptions[]): Promise<void> {
    for (const [index, end] of this.ends.entries()) await this.#apply(end, faults[index] ?? {});
  }

  /**
   * Makes it what other options describe, but for its name and addresses, and takes it up. What is returned makes it again what
   * it was; so does a refusal.
   */
  async change(options: LinkOptions): Promise<() => Promise<void>> {
    const [before, isDown] = [this.#options, this.#isDown];
    const faults = this.ends.map((end) => end.faults);
    const undo = async (): Promise<void> => {
      this.#options = before;
      await this.#setMtu();
      await this.restoreFaults(faults);
      if (isDown) await this.down();
    };
    try {
      this.#options = options;
      await this.#setMtu();
      await this.restoreFaults([]);
      await this.applyOptions();
      if (isDown) await this.up();
    } catch (error) {
      await undo();
      throw error;
    }
    this.#lab.note(`${this.name}: changed`, "link");
    return undo;
  }

  async #setMtu(): Promise<void> {
    for (const end of this.ends) await end.handle?.set({ mtu: this.#options.mtu ?? ETH_DATA_LEN });
  }

  /** The nodes' ends that send in a direction. */
  #sending(direction: Direction): LinkEnd[] {
    if (direction === "both") return [this.a, this.b];
    if (direction === "to") return [this.a];
    return direction === "from" ? [this.b] : [this.endOf(direction)];
  }

  async #apply(end: LinkEnd, faults: NetemOptions): Promise<void> {
    const { handle } = end;
    if (handle === undefined) throw new LabError(`The link "${this.name}" has not been made`);
    end.faults = faults;
    if (Object.keys(faults).length === 0) return handle.netem(null);
    const seed = hash64(`${this.#lab.seed}/${this.name}/${end.node.name}`);
    await handle.netem({ perSegment: true, seed, ...faults });
  }

  /**
   * Harms TCP connections over the link, those that match `filter` (pcap-filter(7)) and of them the share `toxicity`, 1 by default:
   * see TcpFaults; null takes away what there is. `direction` says whose data it is, as for `netem`. Heals when it is disposed of;
   * a connection that was reset stays so.
   */
  async tcp(
    faults:
      | (TcpFaults & {
          readonly direction?: Direction;
          readonly filter?: string;
          readonly toxicity?: number;
        })
      | null,
  ): Promise<Disposer> {
    await this.#lab.start();
    if (faults === null) {
      for (const faulter of this.#tcpFaulters) faulter.stop();
      this.#tcpFaulters.clear();
      return disposer(() => {});
    }
    const { direction = "both", filter, toxicity = 1, ...wrong } = faults;
    if (!(toxicity >= 0 && toxicity <= 1)) throw new LabError(`toxicity is 0 to 1, not ${toxicity}`);
    const faulter = new TcpFaulter(
      wrong,
      { filter: filter === undefined ? undefined : new Filter(filter), toxicity },
      {
        random: new SeededRandom(Number(hash64(`${this.#lab.seed}/${this.name}/tcp`) & 0xffff_ffffn)),
        mtu: this.#options.mtu ?? ETH_DATA_LEN,
        now: () => this.#lab.now(),
        after: (delayNs, run) => this.#lab.after(delayNs, run),
      },
      this.ends.map((end) => this.#lab.wireOf(end)),
      new Set(this.#sending(direction).map((end) => this.#lab.wireOf(end))),
    );
    this.#tcpFaulters.add(faulter);
    this.#lab.note(`${this.name}: tcp ${JSON.stringify(wrong)}`);
    return disposer(() => {
      this.#tcpFaulters.delete(faulter);
      faulter.stop();
    });
  }

  /** Cuts the wire: both ends lose their carrier's other half. It is mended when the result is disposed of. */
  async down(): Promise<Disposer> {
    await this.#lab.start();
    for (const end of this.ends) await end.handle?.down();
    this.#isDown = true;
    this.#lab.note(`${this.name}: down`, "link");
    return disposer(() => this.up());
  }

  async up(): Promise<void> {
    await this.#lab.start();
    for (const end of this.ends) await end.handle?.up();
    await this.#lab.mended(this);
    this.#isDown = false;
    this.#lab.note(`${this.name}: up`, "link");
  }

  /** Takes the link down and up again and again: for half of `every` each. */
  async flap({ every }: { readonly every: Time }): Promise<Disposer> {
    await this.#lab.start();
    const half = nanoseconds(every) / 2;
    let stop = (): void => {};
    let isUp = true;
    const turn = (): void => {
      isUp = !isUp;
      void (isUp ? this.up() : this.down());
      stop = this.#lab.after(half, turn);
    };
    turn();
    return disposer(async () => {
      stop();
      await this.up();
    });
  }

  /**
   * Shows every frame to `listener`, in both directions, which says what becomes of it: nothing or "pass", "drop",
   * `{ delayMs }`, or other bytes to go in its place. Returns how to stop.
   */
  on(event: "frame", listener: (frame: FrameView) => FrameVerdict): () => void {
    if (event !== "frame") throw new LabError(`A link has no event "${String(event)}", only "frame"`);
    const stops = this.ends.map((end) => {
      const other = end === this.a ? this.b : this.a;
      return this.#lab.wireOf(end).add((bytes) => {
        const verdict = listener(new FrameView(bytes, end.node.name, other.node.name));
        if (typeof verdict !== "object" || verdict instanceof Uint8Array) return verdict;
        return { delayNs: nanoseconds(verdict.delayMs) };
      });
    });
    return () => {
      for (const stop of stops) stop();
    };
  }

  /**
   * The first frame that matches `filter` (pcap-filter(7)): of those that have crossed, as far as the lab remembers them, or of
   * those that do `within` a time. Undefined when there is none.
   */
  async carries(
    filter: string,
    { within = 0 }: { readonly within?: Time } = {},
  ): Promise<CarriedFrame | undefined> {
    await this.#lab.start();
    const matcher = new Filter(filter);
    const known = this.history.find(({ bytes }) => matcher.matches(bytes));
    if (known !== undefined) return known;
    let found: CarriedFrame | undefined;
    const stop = this.tap((frame) => {
      if (found === undefined && matcher.matches(frame.bytes)) found = this.#carried(frame);
    });
    await this.#lab.waitUntil(() => found !== undefined, nanoseconds(within));
    stop();
    return found;
  }

  /** Begins to remember frames, the last `limit` of them; the lab does so when it is asked to. */
  remember(limit: number): void {
    this.tap((frame) => {
      this.history.push(this.#carried(frame));
      if (this.history.length > limit) this.history.shift();
    });
  }

  #carried(frame: FrameView): CarriedFrame {
    return {
      atNs: this.#lab.now(),
      from: frame.from,
      to: frame.to,
      bytes: frame.copy(),
      text: frame.describe(),
    };
  }

  /**
   * Captures both ends into a pcapng, until the function it returns is called, which gives the file; `write` gets it block by
   * block instead.
   */
  async capture({ filter, snaplen, write }: LinkCaptureOptions = {}): Promise<() => Uint8Array> {
    await this.#lab.start();
    return this.#lab.captureEnds(this.ends, { filter, snaplen, write });
  }

  /** Shows every frame to `listener`, which only looks. Returns how to stop. */
  tap(listener: (frame: FrameView) => void): () => void {
    return this.on("frame", (frame) => {
      listener(frame);
      return "pass";
    });
  }
}

function refuseWhatCannotBe(name: string, faults: NetemOptions): void {
  const complaint = netemComplaint(faults);
  if (complaint !== undefined) throw new LabError(`Cannot break the link "${name}": ${complaint.text}`);
}

function merge(before: NetemOptions, changes: Omit<LinkFaults, "direction">): NetemOptions {
  const merged = { ...before, ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter(([, value]) => value !== null && value !== undefined),
  );
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
