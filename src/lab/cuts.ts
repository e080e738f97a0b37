// Who does not hear whom: rules between groups of nodes, put into force on the wire in front of each receiver. Connections stay
// open and frames vanish, or wait.

import type { WireHook, WireVerdict } from "../index.ts";
import { bare } from "./address-plan.ts";
import { FrameView } from "./frame-view.ts";
import type { LabLink, LinkEnd } from "./link.ts";
import type { LabNode } from "./node.ts";
import { isBridging } from "./node-kind.ts";

/** Hardware addresses that are kept of those outside. */
const mostHeard = 4_096;

/** Frames of those in `from` do not reach those in `to`. */
interface Cut {
  readonly from: ReadonlySet<LabNode>;
  readonly to: ReadonlySet<LabNode>;
  readonly verdict: "drop" | "hold";
}

/** The rules of one lab. */
export class Cuts {
  readonly #links: readonly LabLink[];
  readonly #wireOf: (end: LinkEnd) => WireHook;
  readonly #cuts = new Set<Cut>();
  #stops: (() => void)[] = [];
  #byAddress = new Map<string, LabNode>();
  /** Who is outside, and by which node: hardware addresses that frames came from while there were rules. */
  readonly #heard = new Map<string, LabNode>();

  constructor(links: readonly LabLink[], wireOf: (end: LinkEnd) => WireHook) {
    this.#links = links;
    this.#wireOf = wireOf;
  }

  /** Adds rules between every two of the groups, or from each to those behind it only; returns how to take them back. */
  between(groups: readonly LabNode[][], verdict: Cut["verdict"], isOneWay = false): () => void {
    const undo: (() => void)[] = [];
    for (const [index, group] of groups.entries()) {
      for (const other of groups.slice(index + 1)) {
        undo.push(this.#add(group, other, verdict));
        if (!isOneWay) undo.push(this.#add(other, group, verdict));
      }
    }
    return () => {
      for (const each of undo) each();
    };
  }

  /** Takes all rules of a kind back, or all there are. */
  clear(verdict?: Cut["verdict"]): void {
    for (const cut of [...this.#cuts])
      if (verdict === undefined || cut.verdict === verdict) this.#remove(cut);
  }

  #add(from: Iterable<LabNode>, to: Iterable<LabNode>, verdict: Cut["verdict"]): () => void {
    const cut = { from: new Set(from), to: new Set(to), verdict };
    this.#cuts.add(cut);
    this.#install();
    return () => this.#remove(cut);
  }

  #remove(cut: Cut): void {
    if (!this.#cuts.delete(cut)) return;
    if (this.#cuts.size === 0) {
      for (const stop of this.#stops.splice(0)) stop();
    }
    if (cut.verdict !== "hold") return;
    // What was held goes on now, in order.
    for (const link of this.#links)
      for (const end of link.ends) if (end.handle !== undefined) this.#wireOf(end).release();
  }

  /** Puts the rules on the links there are now. */
  refresh(): void {
    if (this.#cuts.size === 0) return;
    for (const stop of this.#stops.splice(0)) stop();
    this.#install();
  }

  #install(): void {
    this.#byAddress = new Map();
    for (const link of this.#links) {
      for (const end of link.ends) {
        if (isBridging(end.node.kind)) continue;
        this.#byAddress.set(end.mac, end.node);
        for (const address of end.addresses) this.#byAddress.set(bare(address), end.node);
      }
    }
    if (this.#stops.length > 0) return;
    for (const link of this.#links) {
      for (const [sender, receiver] of [
        [link.a, link.b],
        [link.b, link.a],
      ] as const) {
        if (sender.handle === undefined) continue;
        this.#stops.push(this.#wireOf(sender).add((bytes) => this.#judge(bytes, sender, receiver)));
      }
    }
  }

  /** Whoever is next to a switch or a router is cut off from it too; else it is the packet's source that counts. */
  #judge(bytes: Uint8Array, sender: LinkEnd, receiver: LinkEnd): WireVerdict {
    let source: LabNode | undefined;
    if (sender.node.kind === "outside") this.#hear(bytes, sender, receiver);
    for (const cut of this.#cuts) {
      if (cut.from.has(sender.node) && cut.to.has(receiver.node)) return cut.verdict;
      if (!cut.to.has(receiver.node)) continue;
      source ??= this.#sourceOf(bytes, sender, receiver);
      if (source !== undefined && cut.from.has(source)) return cut.verdict;
    }
    return "pass";
  }

  #sourceOf(bytes: Uint8Array, sender: LinkEnd, receiver: LinkEnd): LabNode | undefined {
    const frame = new FrameView(bytes, sender.node.name, receiver.node.name);
    const { ip, ethernet } = frame;
    const byIp = ip === undefined ? undefined : this.#byAddress.get(ip.source);
    if (byIp !== undefined || ethernet === undefined) return byIp;
    return this.#byAddress.get(ethernet.source) ?? this.#heard.get(ethernet.source);
  }

  /** Nobody has planned the addresses of those outside. */
  #hear(bytes: Uint8Array, sender: LinkEnd, receiver: LinkEnd): void {
    const { ethernet } = new FrameView(bytes, sender.node.name, receiver.node.name);
    if (ethernet === undefined || this.#heard.get(ethernet.source) === sender.node) return;
    if (this.#heard.size >= mostHeard) this.#heard.clear();
    this.#heard.set(ethernet.source, sender.node);
  }
}
