// Filters: a block holds chains of them, a chain has them in order of priority, each asks its classifier, and a filter that matches
// says what becomes of the frame, or leads on to another chain.
//
// Mirrors net/sched/cls_api.c (tcf_classify, tcf_chain_get, tcf_chain_put, tcf_block_flush_all_chains). Omitted: shared blocks, offload
// to hardware.

import type { Attribute } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_P_ALL } from "../uapi/if_ether.ts";
import {
  TC_ACT_EXT_VAL_MASK,
  TC_ACT_GOTO_CHAIN,
  TC_ACT_RECLASSIFY,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
} from "../uapi/pkt_cls.ts";
import type { FilterBlock, Frame, Netns, Qdisc, Warn } from "./netdevice.ts";

/** How often RECLASSIFY and GOTO_CHAIN take one frame to the beginning of a chain. */
const maxRounds = 16;

/** What a filter says of a frame beside the verdict. */
export interface FilterResult {
  /** The class it goes to. */
  classid: number;
  /** Where TC_ACT_GOTO_CHAIN leads. */
  chain: TcfChain | null;
}

/** A kind of classifier (`struct tcf_proto_ops`): one table at the top of one file of sched/. */
export interface ClassifierOps<State = unknown> {
  readonly kind: string;
  createState(block: TcfBlock, priority: number): State;
  /** TC_ACT_*, TC_ACT_UNSPEC when nothing matches; with another verdict `result` is set. */
  classify(frame: Frame, proto: TcfProto<State>, result: FilterResult): number;
  find(proto: TcfProto<State>, handle: number): Filter | null;
  walk(proto: TcfProto<State>): Iterable<Filter>;
  /** Makes a filter (`request.filter` null) or changes one; throws NetlinkError to refuse. */
  change(proto: TcfProto<State>, request: FilterRequest): Filter;
  /** Takes a filter away. */
  delete(proto: TcfProto<State>, filter: Filter): void;
  /** No filter is left. */
  isEmpty(proto: TcfProto<State>): boolean;
  /** All are gone, and with them what the classifier holds. */
  destroy(proto: TcfProto<State>): void;
  /** Writes TCA_OPTIONS, header included. */
  dump(proto: TcfProto<State>, filter: Filter, writer: MessageWriter): void;
  /** What filters of a chain may match, from TCA_OPTIONS; without it EOPNOTSUPP (tmplt_create). */
  readTemplate?(netns: Netns, options: Attribute | undefined): ChainTemplate;
}

/** What the filters of a chain are held to, all of one kind. */
export interface ChainTemplate {
  /** Writes TCA_OPTIONS, header included. */
  dump(writer: MessageWriter): void;
}

/** One filter, as far as all classifiers have it. */
export interface Filter {
  readonly handle: number;
}

/** What is asked of a filter (RTM_NEWTFILTER). */
export interface FilterRequest {
  readonly netns: Netns;
  readonly filter: Filter | null;
  readonly handle: number;
  /** The discipline's handle or the class the filters hang on. */
  readonly parent: number;
  readonly options: Attribute | undefined;
  readonly isReplace: boolean;
  readonly warn: Warn;
}

/** The filters of one priority, protocol and kind (`struct tcf_proto`). */
export class TcfProto<State = unknown> {
  readonly ops: ClassifierOps<State>;
  readonly chain: TcfChain;
  readonly block: TcfBlock;
  readonly priority: number;
  /** The EtherType it looks at, in host order. */
  readonly protocol: number;
  readonly state: State;

  constructor(ops: ClassifierOps<State>, chain: TcfChain, priority: number, protocol: number) {
    this.ops = ops;
    this.chain = chain;
    this.block = chain.block;
    this.priority = priority;
    this.protocol = protocol;
    this.state = ops.createState(chain.block, priority);
  }
}

/**
 * Filters that a frame is led through one after the other. It is there as long as somebody holds it: the user who made it, its
 * filters, actions that lead to it. Users do not hear of one that only actions hold (`struct tcf_chain`).
 */
export class TcfChain {
  readonly block: TcfBlock;
  readonly index: number;
  /** In order of priority. */
  readonly protos: TcfProto[] = [];
  /** Made by the user, and held until the user deletes it. */
  isExplicit = false;
  /** The kind of its filters and what they may match. */
  template: { readonly ops: ClassifierOps; readonly what: ChainTemplate } | null = null;
  #references = 0;
  #actions = 0;

  constructor(block: TcfBlock, index: number) {
    this.block = block;
    this.index = index;
  }

  /** Nobody but actions holds it (tcf_chain_held_by_acts_only). */
  get isOfActions(): boolean {
    return this.#references === this.#actions;
  }

  /** Holds it, and tells of it where nobody but actions did (__tcf_chain_get). */
  get(): void {
    const isNew = this.isOfActions;
    this.#references++;
    if (isNew) this.block.tell(this, true);
  }

  /** Holds it and tells nobody. */
  hold(): void {
    this.#references++;
  }

  getByAction(): void {
    this.#references++;
    this.#actions++;
  }

  /** Lets it go; it is told of when nobody but actions holds it any more, and gone when nobody does (__tcf_chain_put). */
  put(): void {
    this.#references--;
    if (this.isOfActions) this.block.tell(this, false);
    this.#detach();
  }

  putByAction(): void {
    this.#references--;
    this.#actions--;
    this.#detach();
  }

  /** Takes the user's hold back, if there is one. */
  putExplicit(): void {
    if (!this.isExplicit) return;
    this.isExplicit = false;
    this.put();
  }

  #detach(): void {
    if (this.#references === 0) this.block.chains.splice(this.block.chains.indexOf(this), 1);
  }

  /** Puts a new proto at its place. */
  insert(proto: TcfProto): void {
    this.hold();
    const at = this.protos.findIndex(({ priority }) => priority > proto.priority);
    this.protos.splice(at < 0 ? this.protos.length : at, 0, proto);
    if (this.index === 0 && this.protos.length === 1) this.block.setHead(this);
  }

  /** Takes the filters of a priority away. */
  remove(proto: TcfProto): void {
    const at = this.protos.indexOf(proto);
    if (at < 0) return;
    this.protos.splice(at, 1);
    if (this.index === 0 && this.protos.length === 0) this.block.setHead(null);
    proto.ops.destroy(proto);
    this.put();
  }

  /** Takes every filter away. */
  flush(): void {
    for (const proto of [...this.protos]) this.remove(proto);
  }
}

/** The filters of one place (`struct tcf_block`). */
export class TcfBlock implements FilterBlock {
  readonly sch: Qdisc;
  /** The number of the place by which the last filter came: what lists tell of as their parent. */
  classid = 0;
  /** In the order they were made. */
  readonly chains: TcfChain[] = [];
  /** What the last `classify` found; the caller's until the next one. */
  readonly result: FilterResult = { classid: 0, chain: null };
  /** Called when the first filter comes to chain 0, where frames begin, and the last one goes. */
  onEmptiness: () => void = () => {};
  /** Tells of a chain that has come or gone; set by whoever makes chains. */
  tell: (chain: TcfChain, isNew: boolean) => void = () => {};
  /** Chain 0 while it has filters. */
  #head: TcfChain | null = null;

  constructor(sch: Qdisc) {
    this.sch = sch;
  }

  /** No filter is in chain 0: frames pass by. */
  get isEmpty(): boolean {
    return this.#head === null;
  }

  setHead(chain: TcfChain | null): void {
    this.#head = chain;
    this.onEmptiness();
  }

  /** TC_ACT_* of the first filter that matches, TC_ACT_UNSPEC when none does. The frame stays the caller's. */
  classify(frame: Frame): number {
    const { result } = this;
    let chain = this.#head;
    if (chain === null) return TC_ACT_UNSPEC;
    for (let round = 0; ; round++) {
      const verdict = classifyOnce(chain.protos, frame, result);
      const isLed = (verdict & ~TC_ACT_EXT_VAL_MASK) === TC_ACT_GOTO_CHAIN;
      if (!isLed && verdict !== TC_ACT_RECLASSIFY) return verdict;
      if (round >= maxRounds) return TC_ACT_SHOT;
      chain = isLed ? result.chain : this.#head;
      if (chain === null) return TC_ACT_UNSPEC;
    }
  }

  /** The chain of this number, made if it is not there; held by nobody then. */
  chain(index: number): TcfChain {
    const known = this.findChain(index);
    if (known !== undefined) return known;
    const made = new TcfChain(this, index);
    this.chains.push(made);
    return made;
  }

  findChain(index: number): TcfChain | undefined {
    return this.chains.find((chain) => chain.index === index);
  }

  /** Takes every filter and every chain away (tcf_block_flush_all_chains). */
  flush(): void {
    for (const chain of [...this.chains]) {
      // It may have gone with an action that led to it.
      if (chain.isOfActions) continue;
      chain.hold();
      chain.putExplicit();
      chain.flush();
      chain.put();
    }
  }
}

function classifyOnce(protos: readonly TcfProto[], frame: Frame, result: FilterResult): number {
  for (const proto of protos) {
    // A tag beside the bytes is the protocol, as one in them is (skb_protocol without skip_vlan).
    const protocol = frame.vlanProtocol === 0 ? frame.protocol : frame.vlanProtocol;
    if (proto.protocol !== protocol && proto.protocol !== ETH_P_ALL) continue;
    const verdict = proto.ops.classify(frame, proto, result);
    if (verdict >= 0) return verdict;
  }
  return TC_ACT_UNSPEC;
}
